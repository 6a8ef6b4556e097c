"""The view of what most people answered."""

import pytest

from affectflow.lake import views
from tests.given.view_lakes import FolderLake, rows

PEOPLE = ("ann", "ben", "cem")


def answer(who, label="joy", **more):
    return {
        "utterance_id": "u1",
        "annotator_id": who,
        "task": "emotion",
        "vocabulary": "ekman",
        "label": label,
        "chosen": label is not None,
        "status": "ok",
        **more,
    }


def no(who, label="joy", **more):
    return answer(who, label, chosen=False, **more)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(
            [answer("ann"), no("ben"), no("cem")],
            [(None, 2, 3, True, True), ("joy", 1, 3, False, False)],
            id="one of three",
        ),
        pytest.param(
            [answer("ann"), answer("ben", None), answer("cem", None)],
            [(None, 2, 3, True, True), ("joy", 1, 3, False, False)],
            id="nothing is an answer",
        ),
        pytest.param(
            [answer("ann"), answer("ben", None, vocabulary=None)],
            [(None, 1, 2, None, False), ("joy", 1, 2, None, False)],
            id="nothing without a vocabulary",
        ),
        pytest.param(
            [answer("ann"), no("ben")],
            [(None, 1, 2, None, False), ("joy", 1, 2, None, False)],
            id="a tie is none",
        ),
        pytest.param(
            [answer("ann"), answer("ben"), answer("cem", "fear")],
            [("fear", 1, 3, False, False), ("joy", 2, 3, True, True)],
            id="free answers",
        ),
        pytest.param(
            [answer("ann"), answer("ann", "fear"), answer("ben"), no("ben", "fear")],
            [("fear", 1, 2, None, False), ("joy", 2, 2, True, True)],
            id="several labels of one person",
        ),
        pytest.param(
            [answer("ann"), no("ben", status="abstained")],
            [("joy", 1, 1, True, True)],
            id="unsure",
        ),
        pytest.param(
            [no("ann", "fear"), no("ben", "fear"), answer("cem", sample_id="s2")],
            [(None, 2, 3, True, True), ("fear", 0, 2, False, False),
             ("joy", 1, 1, True, False)],
            id="sheets of different labels",
        ),
        pytest.param(
            [answer("ann", rank=1), answer("ann", "fear", rank=2)],
            [("fear", 1, 1, True, False), ("joy", 1, 1, True, True)],
            id="a first choice and a second",
        ),
        pytest.param([answer("model@1")], [], id="an annotator that is no person"),
        pytest.param([answer("ann", value=0.5)], [], id="a place on a scale"),
    ],
)  # fmt: skip
def test_what_most_people_answered(tmp_path, answers, expected):
    lake = FolderLake(tmp_path).write(
        annotations=answers,
        annotators=[{"annotator_id": who, "kind": "person"} for who in PEOPLE],
    )

    found = rows(
        views.connect(lake),
        "SELECT label, yes, answers, holds, leads FROM majority "
        "ORDER BY label NULLS FIRST",
    )

    assert [tuple(row.values()) for row in found] == expected
