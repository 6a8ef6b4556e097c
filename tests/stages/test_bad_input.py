"""Every failure that a user can cause ends in one line that names the cure.

Real files, a real disk that is full, real processes that are killed.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from affectflow import cli
from tests.given.command_line import affectflow, affectflow_process
from tests.given.refusals import GOOD, MAP, ingest, one_line
from tests.given.stage_runs import ask
from tests.given.waiting import wait_for

pytestmark = pytest.mark.rotated


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input.jsonl"


def test_a_missing_path(tmp_path, lake):
    assert one_line(ingest(tmp_path / "none.jsonl", lake), 2, "no such file")
    assert not lake.exists()


@pytest.mark.parametrize("source", ["auto", "jsonl"])
def test_an_empty_file_is_called_empty_and_makes_no_lake(file, lake, source):
    file.write_text("")

    done = affectflow("ingest", file, "--to", lake, "--source", source)

    assert one_line(done, 2, "input.jsonl' is empty; did the program that wrote it")
    assert not lake.exists()


def test_an_empty_file_among_others_is_no_row_and_no_error(tmp_path, lake):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "monday.jsonl").write_text("")
    (tmp_path / "in" / "tuesday.jsonl").write_text('{"id": "1", "body": "hi"}\n')

    done = ingest(tmp_path / "in", lake)

    assert (done.code, ask(str(lake), "SELECT rows_out FROM runs")) == (0, [(1,)])


def test_a_lake_inside_the_folder_that_is_read(file, lake):
    file.write_text(GOOD)

    assert one_line(ingest(file.parent, lake), 2, "is inside", "--to")
    assert not lake.exists()


def test_a_wrong_source_names_the_right_one(tmp_path, lake):
    table = tmp_path / "input.csv"
    table.write_text("id,body\n1,hello there\n2,good bye\n")

    assert one_line(ingest(table, lake), 2, "--source csv")


def test_an_unknown_source_answers_with_the_nearest(file, lake):
    file.write_text(GOOD)

    assert one_line(ingest(file, lake, "jsnol"), 2, "'jsnol'", "jsonl")


def test_a_map_to_an_unknown_column_answers_with_the_nearest(file, lake):
    file.write_text(GOOD)

    outcome = affectflow("ingest", file, "--to", lake, "--map", "txet=body")

    assert one_line(outcome, 2, "txet", "text")


@pytest.mark.rotated
def test_a_new_key_is_told(file, lake, tmp_path, capsys):
    file.write_text(GOOD)
    key = tmp_path / "misspelt"
    command = ["ingest", str(file), "--to", str(lake), "--map", MAP]

    assert cli.run([*command, "--speaker-key-uri", str(key)]) == 0
    assert f"a new pseudonym key was made at '{key}'" in capsys.readouterr().err

    assert cli.run([*command, "--speaker-key-uri", str(key)]) == 0
    assert "a new key" not in capsys.readouterr().err


def test_a_folder_that_is_no_lake(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")

    assert one_line(affectflow("sql", tmp_path, "SELECT 1"), 2, "not a lake")
    assert one_line(affectflow("annotate", tmp_path), 2, "not a lake")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(line.split(), id=line.split()[0])
        for line in (
            "analyze {file} --map {map} --to {lake}",
            "annotate {lake}",
            "calibrate {lake}",
            "cite {lake}",
            "compact {lake}",
            "demo --to {lake}",
            "diff {lake} a b",
            "digest {lake}",
            "eval emotion {lake}",
            "gc {lake}",
            "gold {lake} {file}",
            "ingest {file} --map {map} --to {lake}",
            "measure TextOverlap {lake}",
            "mine {lake}",
            "plan {file} --map {map} --to {lake}",
            "replay {lake}",
            "report {lake}",
            "sample {lake}",
            "sql {lake} SELECT",
            "status {lake}",
        )
    ],
)
def test_a_lake_of_an_earlier_version_is_refused_by_every_command(
    tmp_path, file, command
):
    file.write_text(GOOD)
    lake = of_format(1, tmp_path / "lake")
    given = {"file": file, "lake": lake, "map": MAP}

    done = affectflow(*(word.format(**given) for word in command))

    assert one_line(done, 2, "an earlier version", "ingest its sources again", "--to")
    assert os.listdir(lake) == ["lake.json"]


def of_format(number: int, lake: Path) -> Path:
    lake.mkdir()
    (lake / "lake.json").write_text(f'{{"format": {number}, "id": "x"}}')
    return lake


def test_a_lake_of_a_later_version_needs_a_newer_affectflow(tmp_path, file):
    file.write_text(GOOD)
    lake = of_format(3, tmp_path / "lake")

    for done in (ingest(file, lake), affectflow("status", lake)):
        assert one_line(done, 2, "needs a newer affectflow", "reads format 2")
    assert os.listdir(lake) == ["lake.json"]


def test_a_folder_that_is_no_lake_is_refused_before_anything_is_imported(tmp_path):
    code = (
        "import sys; from affectflow import cli; "
        "assert cli.run(['annotate', sys.argv[1]]) == 2; "
        "assert 'apache_beam' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


def test_a_folder_with_other_things_is_not_made_a_lake(tmp_path, file):
    home = tmp_path / "home"
    home.mkdir()
    (home / "photo.jpg").write_bytes(b"x")
    file.write_text(GOOD)

    assert one_line(ingest(file, home), 2, "photo.jpg", "--to")
    assert os.listdir(home) == ["photo.jpg"]


def test_a_lake_that_is_not_there_names_the_command_that_makes_one(lake):
    assert one_line(affectflow("mine", lake), 2, "affectflow ingest")


def test_mining_before_annotating_names_the_step_before(file, lake):
    file.write_text(GOOD)
    ingest(file, lake)

    assert one_line(affectflow("mine", lake), 2, "affectflow annotate")


def test_a_wrong_query_is_one_line(file, lake):
    file.write_text(GOOD)
    ingest(file, lake)

    outcome = affectflow("sql", lake, "SELECT txet FROM utterances")

    assert one_line(outcome, 2, "txet")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingset"], ["ingset"]),
        (["ingest"], ["Missing argument"]),
        (["annotate", "LAKE", "--modle", "x"], ["--modle"]),
        (["plugins", "EmbededEmotions"], ["EmbededEmotions"]),
    ],
)
def test_a_mistyped_command_line_is_one_line(arguments, words):
    assert one_line(affectflow(*arguments), 2, *words)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        pytest.param("EmbededEmotions", ["EmbeddedEmotions"], id="a typo"),
        pytest.param("some-org/some-model", ["revision"], id="no pinned revision"),
        pytest.param("./nowhere", ["nowhere"], id="no such folder"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_line(file, lake, model, words):
    file.write_text(GOOD)
    ingest(file, lake)

    assert one_line(affectflow("annotate", lake, "--model", model), 2, *words)


@pytest.mark.torch
def test_a_model_folder_without_weights_is_one_line(tmp_path, file, lake):
    file.write_text(GOOD)
    ingest(file, lake)
    folder = tmp_path / "model"
    folder.mkdir()
    config = {
        "model_type": "bert",
        "architectures": ["BertForSequenceClassification"],
        "id2label": {"0": "joy", "1": "fear"},
    }
    (folder / "config.json").write_text(json.dumps(config))

    own = ("--set", "vocabulary=mine")
    outcome = affectflow("annotate", lake, "--model", folder, *own)

    assert one_line(outcome, 2, "safetensors")


@pytest.mark.rotated
def test_a_plugin_that_does_not_import_is_reported_and_the_others_go_on(tmp_path):
    (tmp_path / "broken_plugin.py").write_text("import a_module_that_is_not_there\n")
    info = tmp_path / "broken_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: broken-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[affectflow.transforms]\nBrokenStep = broken_plugin:BrokenStep\n"
    )

    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    outcome = affectflow_process("plugins", "--format", "json", PYTHONPATH=path)

    rows = {row["name"]: row for row in outcome.rows}
    assert "a_module_that_is_not_there" in rows["BrokenStep"]["summary"]
    assert "BROKEN" not in rows["NormalizeText"]["summary"]
    assert outcome.code == 0
    assert affectflow_process("doctor", PYTHONPATH=path).code == 2


@pytest.fixture
def small_disk(tmp_path: Path):
    """A file system of 600 kB that is really there."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"needs the right to mount a small disk: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(file, small_disk):
    words = "".join(
        json.dumps({"id": n, "body": os.urandom(300).hex()}) + "\n" for n in range(3000)
    )
    file.write_text(words)
    lake = small_disk / "lake"

    assert one_line(ingest(file, lake), 2, "no space left", "same")

    grow = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(grow, check=True)
    assert ingest(file, lake).code == 0
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(3000,)]


def test_a_read_only_folder_is_one_line(file, small_disk):
    file.write_text(GOOD)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)

    assert one_line(ingest(file, small_disk / "lake"), 2, "read-only")


@pytest.mark.proof
def test_two_runs_on_one_lake_at_once_both_finish(file, lake):
    rows = [{"id": n, "body": f"text {n}"} for n in range(500)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    command = [sys.executable, "-m", "affectflow", "ingest", str(file), "--to"]
    command += [str(lake), "--source", "jsonl", "--map", MAP]
    ingest(file, lake)  # the lake is there; what races is the work
    rows += [{"id": n, "body": f"text {n}"} for n in range(500, 900)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    codes = [process.wait(timeout=120) for process in both]

    assert codes == [0, 0], [p.stderr.read() for p in both if p.stderr]
    found = ask(
        str(lake), "SELECT count(*), count(DISTINCT utterance_id) FROM utterances"
    )
    assert found == [(900, 900)]


@pytest.fixture(scope="module")
def comments(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Comments of Reddit as JSON lines."""
    lines = (shared_data / "goemotions" / "dev.tsv").read_text().splitlines()[:300]
    rows = [{"id": n, "body": line.split("\t")[0]} for n, line in enumerate(lines)]
    file = tmp_path_factory.mktemp("comments") / "input.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture(scope="module")
def undisturbed(comments: Path) -> str:
    lake = comments.parent / "lake"
    assert analyze(comments, lake) == 0
    return affectflow("digest", lake).out


def analyze(file: Path, lake: Path) -> int:
    return affectflow(
        *("analyze", file, "--to", lake, "--source", "jsonl", "--map", MAP)
    ).code


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.parametrize("stage", ["ingest", "annotate", "mine", "themes"])
def test_a_killed_run_started_again_gives_the_same_lake(
    comments, lake, undisturbed, stage
):
    command = [sys.executable, "-m", "affectflow", "analyze", comments, "--to", lake]
    with subprocess.Popen(
        [*command, "--source", "jsonl", "--map", MAP], stderr=subprocess.DEVNULL
    ) as killed:
        begun = f"_work/progress/*/{stage}-*"
        wait_for(lambda: any(lake.glob(begun)), f"{stage} to begin", every_s=0.002)
        killed.send_signal(signal.SIGKILL)

    assert killed.returncode == -signal.SIGKILL
    assert analyze(comments, lake) == 0
    assert affectflow("digest", lake).out == undisturbed
