import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from affectflow import vocabularies
from affectflow.errors import LakeError, StorageError
from affectflow.lake import speakers
from affectflow.lake.layout import Lake
from affectflow.schemas import TABLES
from affectflow.storage import Storage
from tests.given.data_files import forget_data


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Lake.create(str(tmp_path_factory.mktemp("lakes") / "lake"))


@pytest.fixture
def settings(tmp_path):
    """Writes `lake.json` and returns its folder."""

    def write(text):
        (tmp_path / "lake.json").write_text(text)
        return str(tmp_path)

    return write


def test_a_new_lake_has_every_table_empty_but_the_folds(made):
    rows = {
        name: sum(each.rows for each in made.committed(name).values())
        for name in TABLES
    }

    assert rows.pop("folds") == len(vocabularies.folds())
    assert set(rows.values()) == {0}
    assert made.parts() == []


def test_a_lake_opens_again(made):
    again = Lake.open(made.uri)

    assert again.settings == made.settings
    assert again.buckets == 16


def test_making_a_lake_again_changes_nothing(made):
    before = {name: list(made.committed(name)) for name in TABLES}

    again = Lake.create(made.uri)

    assert again.settings == made.settings
    assert {name: list(again.committed(name)) for name in TABLES} == before


def test_folds_of_vocabularies_that_are_not_installed_here_stay(
    tmp_path, bring, monkeypatch
):
    made = Lake.create(str(tmp_path / "lake"))
    bring({"vocabularies/mine.toml": 'labels = ["a"]\n[folds.ekman]\nanger = ["a"]'})
    Lake.create(made.uri)
    before = list(made.committed("folds"))
    monkeypatch.undo()  # a machine without it
    forget_data()

    Lake.create(made.uri)

    (path,) = made.files("folds")
    sources = pq.read_table(path).column("from_vocabulary").to_pylist()
    assert sources.count("mine") == 1
    assert len(sources) == len(vocabularies.folds()) + 1
    assert list(made.committed("folds")) == before


def test_a_worker_gets_a_lake_by_its_uri(made):
    assert pickle.loads(pickle.dumps(made)).files("folds") == made.files("folds")


def test_the_files_of_a_table_are_paths_that_exist(made):
    (path,) = made.files("folds")

    assert os.path.isabs(path)
    assert Path(path).is_file()


def test_the_key_is_nowhere_in_the_lake(made):
    key = speakers.read_key(made.settings)

    written = [p.read_bytes() for p in Path(made.uri).rglob("*") if p.is_file()]

    assert len(written) > len(TABLES)
    for content in written:
        assert key not in content
        assert key.hex().encode() not in content.lower()


def test_a_key_inside_the_lake_is_refused(tmp_path):
    lake = str(tmp_path / "lake")

    with pytest.raises(LakeError, match="would be inside the lake"):
        Lake.create(lake, speaker_key_uri=f"{lake}/keys/key")

    assert not (tmp_path / "lake").exists()


def test_a_lake_keeps_the_key_that_it_was_made_with(tmp_path):
    keys = [str(tmp_path / name) for name in ("one", "two")]
    lake = Lake.create(str(tmp_path / "lake"), speaker_key_uri=keys[0])
    speakers.create_key("other", keys[1])

    with pytest.raises(LakeError, match="belongs to another lake"):
        Lake.create(lake.uri, speaker_key_uri=keys[1])
    with pytest.raises(LakeError, match="speaker key of this lake is not at"):
        Lake.create(lake.uri)
    assert Lake.create(lake.uri, speaker_key_uri=keys[0]).settings == lake.settings


@pytest.mark.parametrize("name", ["notes.txt", ".git", "runs"])
def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path, name):
    (tmp_path / name).mkdir()

    with pytest.raises(
        LakeError, match=r"already contains other files .* name an empty or new"
    ):
        Lake.create(str(tmp_path))

    assert os.listdir(tmp_path) == [name]


def test_what_a_killed_process_left_is_no_other_thing(tmp_path):
    (tmp_path / "lake.json.1a2b3c4d.partial").touch()

    assert Lake.create(str(tmp_path)).parts() == []


def test_a_lake_that_lost_its_settings_gets_no_new_key(tmp_path):
    Lake.create(str(tmp_path))
    (tmp_path / "lake.json").unlink()

    with pytest.raises(LakeError, match=r"whose lake\.json is missing; restore it"):
        Lake.create(str(tmp_path))


def test_a_file_is_no_lake(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")

    with pytest.raises(LakeError, match="is a file, not a lake"):
        Lake.open(str(path))
    with pytest.raises(LakeError):
        Lake.create(str(path))
    assert path.read_text() == "x"


def test_no_lake_is_said_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(LakeError, match=r"no lake at '.*/x'; create one with `"):
        Lake.open(str(tmp_path / "x"))

    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_no_lake_is_told_from_none(tmp_path):
    with pytest.raises(LakeError, match=r"is not a lake: it has no lake\.json"):
        Lake.open(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param('{"format": 1', "is damaged", id="cut off"),
        pytest.param("", "is damaged", id="empty"),
        pytest.param("[]", "not a JSON object", id="a list"),
        pytest.param(
            '{"format": 2, "id": "x"}', "'buckets' is missing", id="a key lacks"
        ),
        pytest.param("{}", "its format is None", id="no format"),
        pytest.param('{"format": "2"}', "its format is '2'", id="a text for a format"),
    ],
)
@pytest.mark.parametrize("use", [Lake.open, Lake.create])
def test_settings_that_cannot_be_read_are_said_in_one_line(settings, text, why, use):
    with pytest.raises(LakeError, match=why) as caught:
        use(settings(text))

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("buckets", [0, 3, -4])
def test_buckets_are_a_power_of_two(tmp_path, buckets):
    with pytest.raises(LakeError, match=f"a power of two, got {buckets}"):
        Lake.create(str(tmp_path / "lake"), buckets=buckets)


def test_a_lake_that_another_makes_between_two_looks_is_opened(tmp_path, monkeypatch):
    uri = str(tmp_path / "lake")
    exists = Storage.exists
    ids = []

    def late(storage, *parts):
        if parts == ("lake.json",) and not ids:
            ids.append("being made")
            ids[0] = Lake.create(uri).settings["id"]
            return False
        return exists(storage, *parts)

    monkeypatch.setattr(Storage, "exists", late)

    assert Lake.create(uri).settings["id"] == ids[0]


@pytest.mark.rotated
def test_two_processes_that_make_one_lake_agree_on_its_key(tmp_path):
    code = """
import sys
from affectflow.lake.layout import Lake
print("ready", flush=True)
sys.stdin.readline()
print(Lake.create(sys.argv[1]).settings["id"], flush=True)
"""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "lake")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()

    ids = {process.communicate(timeout=60)[0].strip() for process in both}

    assert ids == {json.loads((tmp_path / "lake" / "lake.json").read_text())["id"]}
    assert len(Lake.open(str(tmp_path / "lake")).committed("folds")) == 1


def test_a_file_is_no_place_for_a_lake(tmp_path):
    file = tmp_path / "posts.csv"
    file.write_text("id,text\n")

    with pytest.raises(LakeError, match="is a file; a lake is a folder"):
        Lake.create(str(file))
    with pytest.raises(StorageError, match=r"part of the path .* is a file: name ano"):
        Lake.create(str(file / "lake"))
    with pytest.raises(LakeError, match="is a file, not a lake"):
        Lake.open(str(file))


@pytest.mark.parametrize("name", ["p%20q", "back\\slash", "a::b"])
def test_a_folder_whose_name_the_tables_cannot_have_is_refused(tmp_path, name):
    with pytest.raises(LakeError, match="name a folder without it"):
        Lake.create(str(tmp_path / name / "lake"))

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["100%", "a b", "ü#?=[x]"])
def test_a_folder_with_other_signs_in_its_name_holds_a_lake(tmp_path, name):
    made = Lake.create(str(tmp_path / name / "lake"))

    assert Lake.open(made.uri).settings == made.settings
