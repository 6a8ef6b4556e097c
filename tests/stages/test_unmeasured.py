"""Files that give no cue are named, in the run that read them and in later ones."""

from pathlib import Path

import pytest

from affectflow.kinds.account import Fault
from affectflow.lake import Lake
from affectflow.stages.runs.answers import folder_of
from affectflow.stages.runs.receipts import read_receipt
from affectflow.stages.textualize import TextualizeTask
from affectflow.stages.upkeep.compact import compact
from affectflow.steps.tracks import digest_of_files, version_of
from tests.given.command_line import affectflow
from tests.given.loudness import RenderLoudness, write_loudness
from tests.given.stage_runs import counts, store
from tests.stages.test_textualize import textualize, turns

RATINGS = "time,arousal\n0,0.1\n0.5,0.9\n1,0.1\n"


@pytest.fixture
def lake(tmp_path: Path, own_configuration: None) -> str:
    """A lake of two recordings; the table of one of them is broken."""
    uri = str(tmp_path / "lake")
    store(uri, turns("hi", recording="good.wav"), turns("ho", recording="bad.wav"))
    (tmp_path / "good.csv").write_text(RATINGS)
    (tmp_path / "bad.csv").write_text("time,arousal\n0,1\n1\n")
    return uri


def rated(lake: str) -> list[str]:
    """Returns what the command says of the tables beside a lake."""
    done = affectflow(
        *("textualize", lake, "--renderer", "RenderSeries"),
        *("--set", f"tracks={Path(lake).parent}/*.csv"),
    )
    assert done.code == 0, done.err
    return done.err.splitlines()


def why(lake: str) -> str:
    bad = str(Path(lake).parent / "bad.csv")
    return (
        f"no table: {bad!r} is not a table: CSV parse error: Expected 2 columns, got "
        "1: 1"
    )


@pytest.mark.rotated
def test_a_file_that_cannot_be_read_is_named_with_the_reason(lake):
    said = rated(lake)

    assert "no cue: 1 no table, 1 not measured" in said
    assert said[-1] == why(lake)


@pytest.mark.rotated
def test_a_later_run_says_what_earlier_ones_could_not_read(lake):
    rated(lake)

    first, *rest = rated(lake)

    assert "2 unchanged" in first
    assert rest == [
        "no cue in earlier runs: 1 no table, 1 not measured; a file that changes is "
        "read again",
        why(lake),
    ]


@pytest.mark.rotated
def test_files_stay_named_when_parts_merge_and_not_when_a_message_is_erased(lake):
    rated(lake)
    store(lake, turns("hi", recording="other.wav"))
    rated(lake)

    compact(Lake.open(lake).uri)

    assert rated(lake)[-1] == why(lake)
    erased = affectflow("erase", lake, "--utterance", "test:bad.wav-0", "--yes")
    assert erased.code == 0, erased.err
    assert not any("bad.csv" in line for line in rated(lake))


@pytest.mark.rotated
def test_a_recording_that_was_not_there_is_read_once_it_is(tmp_path, own_configuration):
    uri, recording = str(tmp_path / "lake"), tmp_path / "call.csv"
    store(uri, turns("one", "two", recording=str(recording)))
    renderer = RenderLoudness()

    missing = textualize(uri, renderer)
    again = textualize(uri, renderer)
    write_loudness(recording, [80.0] * 8)
    found = textualize(uri, renderer)

    none = {"no_cue_unreadable_file": 1, "no_cue_not_measured": 2}
    assert dict(missing["counters"]) == none
    assert counts(again) == {"in": 2, "unchanged": 2}
    assert dict(found["counters"]) == {"cue_loudness": 2}
    assert counts(textualize(uri, renderer)) == {"in": 2, "unchanged": 2}


@pytest.mark.rotated
def test_a_receipt_keeps_why_a_file_gave_no_cue(tmp_path, own_configuration):
    uri, recording = str(tmp_path / "lake"), tmp_path / "call.csv"
    recording.write_text("seconds\n0.5\n")
    store(uri, turns("one", recording=str(recording)))
    textualize(uri, RenderLoudness())

    lake, folder = Lake.open(uri), folder_of(RenderLoudness().id)
    (part,) = lake.parts()
    receipt = read_receipt(lake, TextualizeTask.stage, folder, part)

    assert receipt is not None
    line = f"{str(recording)!r} has no column dB"
    fault = Fault("no_cue_no_loudness", line, version_of(str(recording)))
    assert receipt.faults == {str(recording): fault}
    assert fault.version


@pytest.mark.rotated
def test_a_link_to_nothing_among_the_files_stops_no_run(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "gone.csv")

    assert version_of(str(tmp_path / "a.csv")) == ""
    assert digest_of_files(RenderLoudness(tracks=str(tmp_path)))
