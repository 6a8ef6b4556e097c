"""A file that a lake has read, and that has not changed since, stays closed."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest

from affectflow import stages
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.sources.listing import list_beside, list_stamps
from affectflow.stages.ingest import files_read, ingest
from affectflow.stages.upkeep.erase import Choice, erase
from affectflow_connectors.jsonl import ReadJsonl
from affectflow_connectors.slack.export import ReadSlack
from tests.given.stage_runs import ask, counts, reconciles

HOUR_S = 3600
LATER = "2024-03-02T00:00:00Z"


def write(path: Path, *rows: dict, age_s: int = HOUR_S) -> Path:
    """Writes JSON lines as they were written some time ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def say(number: int, text: str, **more: str) -> dict:
    return {"id": str(number), "text": text, "speaker_id": f"p{number}", **more}


def read(dumps: Path, lake: Path, **options) -> dict:
    fields = ("text", "speaker_id", "reply_to", "edited_at", "conversation_id")
    mapping = {"utterance_id": "id", **{name: name for name in fields}}
    source = ReadJsonl(paths=str(dumps), mapping=mapping)
    return stages.ingest_source(source, str(lake), budget=1.0, **options)


def first_month(dumps: Path) -> None:
    write(dumps / "a.jsonl", say(1, "it broke"), {"id": "9"})
    write(dumps / "b.jsonl", say(2, "same here"), say(3, "slow", conversation_id="c"))
    write(dumps / "c.jsonl", say(4, "thanks", conversation_id="c"))
    write(dumps / "d.jsonl", say(5, "why?"), say(6, "fine"))


def second_month(dumps: Path) -> None:
    """Adds a file, and changes one of four."""
    write(
        dumps / "e.jsonl",
        say(7, "me too", reply_to="1"),
        say(3, "another text of three", conversation_id="c"),
        say(1, "it broke, edited", edited_at=LATER),
    )
    write(dumps / "d.jsonl", say(5, "why though?", edited_at=LATER), say(6, "fine"))


@pytest.fixture(scope="module")
def month(tmp_path_factory, own_configuration):
    """Dumps of two months, a lake of the first, and one that has skipped since."""
    folder = tmp_path_factory.mktemp("months")
    first_month(folder / "dumps")
    read(folder / "dumps", folder / "first")
    shutil.copytree(folder / "first", folder / "skipped")
    second_month(folder / "dumps")
    row = read(folder / "dumps", folder / "skipped")
    return folder, row


def copy_of(lake: Path, to: Path) -> Path:
    shutil.copytree(lake, to)
    return to


@pytest.mark.rotated
def test_only_new_and_changed_files_are_read(month):
    _, row = month

    # Three rows of the new file, two of the changed one; the lake's own row of `3`
    # stands for the file that gave it.
    assert counts(row) == {"in": 6, "out": 3, "dead": 1, "unchanged": 2}
    assert reconciles(row)
    assert dict(row["counters"])[files_read.UNCHANGED] == 3


@pytest.mark.rotated
def test_a_lake_is_the_same_whether_unchanged_files_are_read_or_not(month, tmp_path):
    folder, _ = month
    whole = copy_of(folder / "first", tmp_path / "whole")

    row = read(folder / "dumps", whole, reread=True)

    assert files_read.UNCHANGED not in dict(row["counters"])
    assert digest(str(folder / "skipped")) == digest(str(whole))
    letters = "SELECT origin, error_type, message FROM dead_letters ORDER BY ALL"
    assert ask(str(folder / "skipped"), letters) == ask(str(whole), letters)
    assert len(ask(str(whole), letters)) == 2


def test_a_reply_finds_its_parent_in_a_file_that_was_not_read(month):
    folder, row = month
    threads = (
        "SELECT conversation_id FROM utterances WHERE text IN ('me too', "
        "'it broke, edited') GROUP BY ALL"
    )

    assert len(ask(str(folder / "skipped"), threads)) == 1
    assert "reply_to_not_found" not in dict(row["counters"])


def test_where_nothing_has_changed_no_pipeline_is_made(month, tmp_path, monkeypatch):
    folder, _ = month
    lake = copy_of(folder / "skipped", tmp_path / "lake")
    monkeypatch.setattr("affectflow.runners.run", lambda *_: pytest.fail("a pipeline"))

    row = read(folder / "dumps", lake)

    assert counts(row) == {}
    assert dict(row["counters"]) == {files_read.UNCHANGED: 5}


# -- what is known of files, without any run -----------------------------------------


def known(dumps: Path, lake: Path, **options) -> list[str]:
    """Returns the names of files that need not be read."""
    mapping = {"utterance_id": "id", "text": "text", **options}
    source = ReadJsonl(paths=str(dumps), mapping=mapping)
    return names(survey(source, lake))


def survey(source, lake: Path) -> files_read.Survey:
    config = ingest.ingest_config(source)
    return files_read.survey(Lake.open(str(lake)), source, config, [])


def names(found: files_read.Survey) -> list[str]:
    return sorted(uri.rpartition("/")[2] for uri in found.unchanged)


@pytest.fixture
def lake(tmp_path, own_configuration, monkeypatch):
    """A lake whose runs are taken for granted."""
    Lake.create(str(tmp_path / "lake"))
    monkeypatch.setattr(Lake, "committed", lambda *_: {"run-1.parquet": None})
    return tmp_path / "lake"


def note(source, lake: Path) -> None:
    files_read.note_read(Lake.open(str(lake)), survey(source, lake), "run")


@pytest.fixture
def two(tmp_path, lake) -> Path:
    """A folder of two files that the lake has read."""
    write(tmp_path / "dumps" / "a.jsonl", say(1, "one"))
    write(tmp_path / "dumps" / "b.jsonl", say(2, "two"))
    mapping = {"utterance_id": "id", "text": "text"}
    note(ReadJsonl(paths=str(tmp_path / "dumps"), mapping=mapping), lake)
    return tmp_path / "dumps"


def test_a_file_of_another_size_or_time_is_read_again(two, lake):
    assert known(two, lake) == ["a.jsonl", "b.jsonl"]

    write(two / "a.jsonl", say(1, "One"), age_s=HOUR_S - 60)
    assert known(two, lake) == ["b.jsonl"]


def test_a_file_of_the_same_size_and_time_with_another_content_is_read(two, lake):
    """As `cp -p` or `touch -d` leave it: the time of the inode gives it away."""
    then = (two / "a.jsonl").stat().st_mtime_ns
    write(two / "a.jsonl", say(1, "eno"))
    os.utime(two / "a.jsonl", ns=(then, then))

    assert known(two, lake) == ["b.jsonl"]


def test_a_file_that_was_written_a_moment_ago_is_read_the_next_time(two, lake):
    write(two / "c.jsonl", say(3, "three"), age_s=0)

    found = list_stamps(str(two), (".jsonl",))

    assert [bool(found[str(two / f"{n}.jsonl")]) for n in "abc"] == [True, True, False]


def test_other_options_read_everything(two, lake):
    assert known(two, lake, title="title") == []


def test_other_code_reads_everything(two, lake, monkeypatch):
    monkeypatch.setattr(files_read, "code_digest", lambda module: "another")

    assert known(two, lake) == []


def test_code_that_cannot_be_told_reads_everything(two, lake, monkeypatch):
    monkeypatch.setattr(files_read, "code_digest", lambda module: "")

    assert known(two, lake) == []


def test_what_a_run_read_counts_while_the_lake_has_the_run(two, lake, monkeypatch):
    monkeypatch.setattr(Lake, "committed", lambda *_: {})

    assert known(two, lake) == []


def test_a_note_that_a_power_cut_has_emptied_reads_everything(two, lake):
    for path in (lake / "_work" / "files_read").iterdir():
        path.write_text("")

    assert known(two, lake) == []


def test_a_note_holds_no_path(two, lake):
    said = "".join(p.read_text() for p in (lake / "_work" / "files_read").iterdir())

    assert said
    assert "jsonl" not in said
    assert two.name not in said


def test_another_folder_of_the_same_source_leaves_the_note_of_the_first(two, lake):
    write(two.parent / "more" / "c.jsonl", say(3, "three"))
    mapping = {"utterance_id": "id", "text": "text"}
    note(ReadJsonl(paths=str(two.parent / "more"), mapping=mapping), lake)

    assert known(two, lake) == ["a.jsonl", "b.jsonl"]
    assert known(two.parent / "more", lake) == ["c.jsonl"]


def test_a_changed_archive_is_read_whole_and_another_stays_closed(two, lake):
    for name in ("x", "y"):
        shutil.make_archive(str(two / name), "zip", two, "a.jsonl")
        os.utime(two / f"{name}.zip", (1, 1))
    source = ReadJsonl(paths=[str(two / "x.zip"), str(two / "y.zip")], mapping={})
    note(source, lake)
    shutil.make_archive(str(two / "y"), "zip", two, "b.jsonl")

    source.skipped = survey(source, lake).unchanged

    assert source.unread(str(two / "x.zip")) == []
    (file,) = source.unread(str(two / "y.zip"))
    assert file.uri == f"zip://b.jsonl::{two / 'y.zip'}"


# -- files that are not read alone ---------------------------------------------------


@pytest.fixture
def slack(tmp_path) -> Path:
    """The folder of an export: two days, and the list of users beside them."""
    folder = tmp_path / "export"
    for day in ("2024-01-01", "2024-01-02"):
        write(folder / "general" / f"{day}.json", {"type": "message", "text": day})
    write(folder / "users.json", {"members": []})
    return folder


def test_days_of_slack_are_skipped_only_together(slack, lake):
    source = ReadSlack(paths=str(slack))
    note(source, lake)
    assert names(survey(source, lake)) == ["2024-01-01.json", "2024-01-02.json"]

    write(slack / "general" / "2024-01-03.json", {"type": "message", "text": "new"})
    assert names(survey(source, lake)) == []


def test_a_changed_list_of_users_reads_all_days_of_slack(slack, lake):
    source = ReadSlack(paths=str(slack / "general"))
    note(source, lake)

    write(slack / "users.json", {"members": [{"id": "U0", "is_bot": True}]})

    assert names(survey(source, lake)) == []


def test_files_beside_are_those_of_the_folder_and_of_the_one_above(slack):
    found = list_beside([str(slack / "general" / "2024-01-01.json")])

    assert sorted(found)[-3:] == [
        str(slack / "general" / "2024-01-01.json"),
        str(slack / "general" / "2024-01-02.json"),
        str(slack / "users.json"),
    ]


def test_a_source_that_lists_files_in_a_way_of_its_own_reads_everything(two, lake):
    class ReadOwn(ReadJsonl):
        def files(self, pattern):
            return super().files(pattern)

    assert survey(ReadOwn(paths=str(two)), lake) == files_read.Survey()


# -- erase ---------------------------------------------------------------------------


@pytest.mark.rotated
def test_nobody_who_was_erased_comes_back_and_notes_go(month, tmp_path):
    folder, _ = month
    lake = copy_of(folder / "skipped", tmp_path / "lake")

    erase(str(lake), Choice(where="text = 'same here'"))

    assert not (lake / "_work" / "files_read").exists()
    row = read(folder / "dumps", lake)
    assert files_read.UNCHANGED not in dict(row["counters"])
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(6,)]


def test_files_that_workers_elsewhere_read_are_not_listed_here(tmp_path, monkeypatch):
    listed: list[str] = []
    monkeypatch.setattr(ingest, "survey", lambda *_: listed.append("listed"))
    monkeypatch.setattr(ingest, "run_ingest", lambda *_: {"state": "written"})
    first_month(tmp_path / "dumps")

    key = str(tmp_path / "key")
    read(
        *(tmp_path / "dumps", tmp_path / "lake"),
        speaker_key_uri=key,
        beam_options=["--runner=SparkRunner", "--environment_type=PROCESS"],
    )

    assert listed == []
