"""What a stage did, in one line."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from affectflow.cli import show
from affectflow.cli.show import stage_line, useless

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_run(stage: str, *, counters: dict[str, int] | None = None, **rows: int) -> Any:
    counted = ("in", "out", "dead", "duplicate", "unchanged")
    return {
        "stage": stage,
        "state": "done",
        "started": NOON,
        "ended": NOON + timedelta(seconds=2),
        "counters": list((counters or {}).items()),
        **{f"rows_{name}": rows.get(name, 0) for name in counted},
    }


@pytest.mark.parametrize(
    ("run", "said"),
    [
        pytest.param(
            {"in": 3_000, "out": 2_990, "dead": 10},
            "ingest: 3,000 in, 2,990 out, 10 dead (2.0 s, 1,500 rows/s)",
            id="rows and those that were refused",
        ),
        pytest.param(
            {"in": 500, "unchanged": 500},
            "ingest: 500 in, 0 out, 500 unchanged (2.0 s, 250 rows/s)",
            id="the lake has them already",
        ),
        pytest.param(
            {
                "stage": "mine",
                "in": 400,
                "out": 400,
                "counters": {"labels_far_below_neutral": 1},
            },
            "mine: 400 in, 400 out, 1 label passed over (the message is likelier to be "
            "neutral) (2.0 s, 200 rows/s)",
            id="what a miner passed over",
        ),
        pytest.param(
            {"counters": {"theme_members": 1_200, "themes": 0}},
            "ingest: 1,200 theme members (2.0 s)",
            id="what is counted otherwise",
        ),
        pytest.param(
            {"stage": "themes", "in": 9, "out": 9, "counters": {"causes": 9}},
            "themes: 9 causes (2.0 s)",
            id="rows that are causes",
        ),
        pytest.param(
            {"stage": "themes", "in": 9, "unchanged": 9},
            "themes: nothing new (2.0 s)",
            id="themes that are up to date",
        ),
        pytest.param(
            {
                "stage": "annotate",
                "in": 400,
                "out": 398,
                "dead": 2,
                "counters": {
                    "in_another_language": 300,
                    "labelled": 2,
                    "silent": 2,
                    "with_no_label": 94,
                },
            },
            "annotate: 400 in, 2 labelled, 94 with no label, 300 in another language, "
            "2 silent, 2 dead (2.0 s, 200 rows/s)",
            id="what rows were answered",
        ),
        pytest.param({"stage": "mine"}, "mine: nothing new (2.0 s)", id="nothing"),
        pytest.param({}, "ingest: no rows in this input (2.0 s)", id="an empty file"),
        pytest.param(
            {"counters": {"theme_members": 1, "parts_waiting_for_labels": 1}},
            "ingest: 1 theme member, 1 part waiting for labels (2.0 s)",
            id="one of a kind",
        ),
        pytest.param(
            {"stage": "compact", "counters": {"parts_after": 1, "parts_before": 9}},
            "compact: 9 parts before, 1 part after (2.0 s)",
            id="before stands before after",
        ),
    ],
)
def test_a_stage_says_what_it_did_and_leaves_out_what_is_none(
    run: dict[str, Any], said: str
) -> None:
    assert stage_line(a_run(**{"stage": "ingest", **run})) == said


def test_a_pipeline_that_was_only_written_says_where() -> None:
    row = a_run("ingest") | {"state": "written", "error": "job.jar"}

    assert stage_line(row) == "ingest: pipeline written to job.jar; not run"


@pytest.mark.parametrize(
    ("counters", "said"),
    [
        pytest.param(
            {"out_of_vocabulary": 395, "silent": 5}, "none of 395 answers", id="all"
        ),
        pytest.param({"unparsed": 3, "labelled": 1}, "", id="one can be used"),
        pytest.param({"unparsed": 3, "abstained": 1}, "", id="one fits no label"),
        pytest.param({"silent": 5}, "", id="nothing was asked"),
    ],
)
def test_answers_of_which_none_can_be_used_are_a_warning(counters, said):
    line = useless(a_run("annotate", counters=counters))

    assert line.startswith(f"annotate: {said}") if said else line == ""


def test_messages_that_were_erased_before_are_counted_once():
    run = a_run("ingest", counters={"erased_before": 18}, unchanged=400, **{"in": 400})

    assert "0 out, 382 unchanged, 18 erased before" in stage_line(run)


def test_vertical_prints_each_row_as_lines_of_column_and_value(capsys):
    show.shaped("vertical", ["id", "text"], [["a", "one\ntwo"], ["b", None]])

    assert capsys.readouterr().out == (
        "-- row 1\nid    a\ntext  one\n      two\n-- row 2\nid    b\ntext  \n"
    )


@pytest.mark.parametrize(("width", "head"), [("80", "utterance"), ("20", "-- row 1")])
def test_a_table_that_does_not_fit_the_terminal_is_printed_vertically(
    width, head, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")

    show.table(["id", "utterance", "container"], [["1", "something", "elsewhere"]])

    assert head in capsys.readouterr().out.splitlines()[0]


def test_several_tables_are_one_json_document(capsys):
    show.as_document({"tables": (["table", "rows"], [["cues", 2]]), "runs": ([], [])})

    assert json.loads(capsys.readouterr().out) == {
        "tables": [{"table": "cues", "rows": 2}],
        "runs": [],
    }
