"""What `affectflow textualize` says at its end, line by line."""

from datetime import UTC, datetime, timedelta

import pytest

from affectflow.cli.textualizing import _lines

NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
READ = (
    "next: affectflow annotate 'my lake'; with --set cues=words, the built-in "
    "models also read cues of voices, faces and ratings"
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
