"""How many utterances got which answer."""

import pyarrow as pa
import pytest

from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS_COLUMN, Status
from affectflow.stages.runs.statuses import WORDS, counted
from tests.given.factories import utterances
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import counts, store
from tests.stages.test_replay import annotate

CHOSEN = ("ok", "truncated")


def annotation(said):
    """Returns an annotation of `a`; `bare` is one whose label is not chosen."""
    status = "ok" if said == "bare" else said
    return {"annotator_id": "a", "status": status, "chosen": said in CHOSEN}


def batch(*rows):
    """Returns a batch with annotations of `a`, one list of statuses a row."""
    lists = [[annotation(said) for said in row] for row in rows]
    column = pa.array(lists, ANNOTATIONS_COLUMN.type)
    return pa.RecordBatch.from_arrays([column], ["annotations"])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([["ok"], ["ok", "ok"]], {"labelled": 2}, id="one of each row"),
        pytest.param(
            [["unparsed", "ok"], ["unparsed"]],
            {"labelled": 1, "unparsed": 1},
            id="an answer comes before what could not be read",
        ),
        pytest.param(
            [["no_author_text"], [], ["truncated"]],
            {"labelled_but_cut": 1, "silent": 1, "without_an_answer": 1},
            id="silence, nothing, and the beginning",
        ),
        pytest.param(
            [["bare"], ["bare", "ok"], ["abstained", "bare"]],
            {"labelled": 1, "with_no_label": 2},
            id="a label that is stored but not chosen is not the answer",
        ),
        pytest.param([], {}, id="no rows"),
    ],
)
def test_an_utterance_counts_once(rows, expected):
    assert counted(batch(*rows), "a") == expected


def test_of_a_conversation_without_an_answer_nothing_counts_as_answered():
    answers = batch([], ["ok"], [], [])
    talks = pa.array(["a", "a", "b", "b"])
    turns = pa.RecordBatch.from_arrays(
        [*answers.columns, talks], ["annotations", "conversation_id"]
    )

    assert counted(turns, "a", unit="conversation") == {
        "labelled": 1,
        "answered_with_their_conversation": 1,
        "without_an_answer": 2,
    }


def test_what_others_said_is_not_counted():
    assert counted(batch(["ok"]), "b") == {"without_an_answer": 1}


def test_every_status_has_a_word_but_the_refused():
    assert WORDS.keys() == set(Status) - {Status.REFUSED}
    assert len(set(WORDS.values())) == len(WORDS)


@pytest.mark.rotated
def test_a_run_says_what_it_answered_and_not_what_was_answered_before(tmp_path):
    lake = str(tmp_path / "lake")
    store(lake, utterances("this is annoying", "poison", "fine"))

    rows = [
        annotate(lake, FakeHandler(poison="poison")),
        annotate(lake, FakeHandler(poison="poison")),
        annotate(lake, FakeHandler(), again=True),
    ]

    assert [counts(row) for row in rows] == [
        {"in": 3, "out": 2, "dead": 1},
        {"in": 3, "dead": 1, "unchanged": 2},
        {"in": 1, "out": 1},
    ]
    said = [dict(row["counters"]) for row in rows]
    assert said == [{"labelled": 2}, {}, {"labelled": 1}]
    assert len(Lake.open(lake).parts()) == 1
