"""The basis: the annotator that answered first, or that somebody named."""

from datetime import timedelta

import pytest

from affectflow.errors import UsageError
from affectflow.lake import views
from affectflow.lake.basis import candidates, choose
from tests.given.view_lakes import NOON, FolderLake, label, utterance

FIRST, SECOND, PERSON = "first@1", "second@1", "person:ann"


def tables():
    """Two annotators and a person; the second answered more, and a day later."""
    return {
        "utterances": [utterance(f"s:{n}") for n in range(3)],
        "annotations": [
            label("s:0", "joy", annotator_id=FIRST),
            *[label(f"s:{n}", "anger", annotator_id=SECOND) for n in range(3)],
            label("s:0", "joy", annotator_id=PERSON),
            label("s:1", "calm", annotator_id=FIRST, task="valence"),
        ],
        "annotators": [
            {"annotator_id": SECOND, "kind": "model", "since": NOON + timedelta(1)},
            {"annotator_id": FIRST, "kind": "model", "since": NOON},
            {"annotator_id": PERSON, "kind": "person"},
        ],
    }


def named(annotator_id, hours=0):
    at = NOON + timedelta(hours=hours)
    return {"stage": "basis", "annotator_id": annotator_id, "ended": at}


def chosen(tmp_path, wanted="", **more):
    lake = FolderLake(tmp_path).write(**{**tables(), **more})
    connection = views.connect(lake, views=False)
    return choose(connection, candidates(connection), wanted)


def test_it_is_the_annotator_that_answered_first_however_little(tmp_path):
    found = chosen(tmp_path)

    assert (found.annotator_id, found.task, found.answered) == (FIRST, "emotion", 1)
    assert not found.told


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        pytest.param([named(SECOND)], SECOND, id="named"),
        pytest.param([named(FIRST, 1), named(SECOND)], FIRST, id="named last"),
        pytest.param([named("gone@1")], FIRST, id="one that is gone"),
        pytest.param([named(PERSON)], PERSON, id="a person"),
    ],
)
def test_whom_somebody_named_stays_the_basis(tmp_path, runs, expected):
    assert chosen(tmp_path, runs=runs).annotator_id == expected


def test_of_those_whose_time_nobody_noted_it_is_the_one_that_answered_most(tmp_path):
    unknown = [row | {"since": None} for row in tables()["annotators"]]

    assert chosen(tmp_path, annotators=unknown).annotator_id == SECOND


def test_a_lake_that_only_people_labelled_has_none(tmp_path):
    by_ann = [label("s:0", "joy", annotator_id=PERSON)]

    assert chosen(tmp_path, annotations=by_ann) is None


def test_a_beginning_names_an_annotator_and_an_unclear_one_lists_both(tmp_path):
    assert chosen(tmp_path, "sec").annotator_id == SECOND
    with pytest.raises(UsageError, match="no annotator 'x' has answered in this lake"):
        chosen(tmp_path, "x")
    other = label("s:0", "joy", annotator_id="second@2")
    with pytest.raises(
        UsageError, match=r"'sec' is ambiguous, it may be 'second@1', 'second@2'"
    ):
        chosen(tmp_path, "sec", annotations=[*tables()["annotations"], other])
