"""What `affectflow textualize` says at its end, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from affectflow.cli.textualizing import _earlier, _lines, _of_files
from affectflow.kinds.account import Fault
from affectflow.stages.unmeasured import Unmeasured

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
READ = (
    "next: affectflow annotate 'my lake'; with --set cues=words, the built-in "
    "models also read cues from voices, faces and ratings"
)


def row(**counters):
    return {
        "stage": "textualize",
        "state": "done",
        "started": NOON,
        "ended": NOON + timedelta(seconds=2),
        "rows_in": 12,
        "rows_out": 12,
        "rows_dead": 0,
        "rows_duplicate": 0,
        "rows_unchanged": 0,
        "counters": list(counters.items()),
    }


@pytest.mark.parametrize(
    ("counters", "expected"),
    [
        pytest.param(
            {"cue_pitch": 1, "cue_pause_before": 6, "no_cue_no_times": 2},
            ["cues: 6 pause before, 1 pitch", "no cue: 2 no times", READ],
            id="cues, and what gave none",
        ),
        pytest.param({"cue_pitch": 1}, ["cues: 1 pitch", READ], id="cues"),
        pytest.param(
            {"no_cue_not_measured": 12},
            ["cues: none", "no cue: 12 not measured"],
            id="nothing was measured",
        ),
    ],
)
def test_cues_are_listed_and_why_there_are_no_more(counters, expected):
    first, *rest = _lines(row(**counters), "my lake")

    assert first == "textualize: 12 in, 12 out (2.0 s, 6 rows/s)"
    assert rest == expected


def test_a_run_that_found_all_done_does_not_say_that_there_are_no_cues():
    done = row() | {"rows_out": 0, "rows_unchanged": 12}

    (line,) = _lines(done, "lake")

    assert "12 unchanged" in line


def test_a_run_that_had_nothing_to_do_says_so_alone():
    assert list(_lines(row() | {"rows_in": 0, "rows_out": 0}, "lake")) == [
        "textualize: nothing new (2.0 s)"
    ]


def test_of_many_files_without_a_cue_five_are_named_one_of_each_reason_first():
    silent = {f"{n}.wav": Fault("no_cue_silence", f"{n}", "") for n in range(7)}
    faults = silent | {"z.wav": Fault("no_cue_wrong_rate", "z", "")}

    # A receipt names a hundred files; the others are counted.
    counters = {"no_cue_silence": 300, "no_cue_wrong_rate": 1, "no_cue_no_times": 9}

    assert list(_of_files(Unmeasured(counters, faults))) == [
        "silence: 0",
        "wrong rate: z",
        "silence: 1",
        "silence: 2",
        "silence: 3",
        "and 296 more files without a cue",
    ]


def test_what_earlier_runs_counted_without_a_file_is_said_without_a_cure():
    none = Unmeasured({"no_cue_not_measured": 2}, {})

    assert list(_earlier(none)) == ["no cue in earlier runs: 2 not measured"]
    assert list(_earlier(Unmeasured({}, {}))) == []
