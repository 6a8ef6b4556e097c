"""Sequential hits: the published case, ties, one score, what does not fit, a lake."""

import math

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.lake import views
from affectflow_transforms.measures.sequential_hit import SequentialHit
from tests.given.view_lakes import FolderLake, utterance

STEPS = ("low", "middle", "high")
# The case of the specification: scores of three answers, and what is right.
SCORES = [[0.1, 0.6, 0.3], [0.5, 0.1, 0.4], [0.2, 0.5, 0.3]]
TRUTH = [2, 0, 0]


def rows(scores, truth) -> list[dict]:
    return [
        {"gold": STEPS[right], "scores": each, "unit": f"u{item}"}
        for item, (each, right) in enumerate(zip(scores, truth, strict=True))
    ]


def said(observations, **options) -> dict[str, dict]:
    measure = SequentialHit(**({"labels": STEPS} | options))
    batch = pa.RecordBatch.from_pylist(list(observations), schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {row["label"] or row["why"]: row for row in found}


def values(found) -> dict[str, float]:
    return {label: row["value"] for label, row in found.items() if row["unit_type"]}


def test_the_published_case():
    """Only the first answer hits: middle and high are neighbours, and high is right.

    low and high of the second are not neighbours; middle and high of the third are,
    but low is right.
    """
    found = values(said(rows(SCORES, TRUTH)))

    assert found == {
        "seq2hr": pytest.approx(1 / 3),
        "top2_accuracy": pytest.approx(2 / 3),
        "adjacent": pytest.approx(2 / 3),
        "adjacent_right": 0,
        "accuracy": pytest.approx(1 / 3),
        "tri_precision": 1,
    }


def test_off_the_three_diagonals_counts_against_tri_precision():
    found = values(said(rows([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]], [2, 2])))

    assert found["tri_precision"] == 0.5


def test_of_equal_scores_the_lower_step_is_the_likelier():
    found = values(said(rows([[0.4, 0.2, 0.4]], [0])))

    assert (found["accuracy"], found["adjacent"]) == (1, 0)


def test_an_answer_with_one_score_has_no_second_step():
    found = said(rows([[None, 0.6, None]], [2]))

    assert values(found) == {"accuracy": 0, "tri_precision": 1}


def test_what_does_not_fit_the_scale_is_left_out_and_counted():
    odd = rows([*SCORES, [0.5, 0.5], [0.1, math.nan, 0.9]], [*TRUTH, 0, 0])
    odd[0]["gold"] = "enormous"

    found = said(odd)

    assert found["the right step is not one of the scale"]["n"] == 1
    assert found["there are more or fewer scores than steps"]["n"] == 1
    assert found["a score is not a number"]["n"] == 1
    assert found["accuracy"]["n"] == 2


def test_conversations_are_drawn():
    found = said(rows(SCORES * 9, TRUTH * 9), draws=50)

    row = found["seq2hr"]
    assert row["low"] < row["value"] < row["high"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"labels": ()}, "needs the steps"),
        ({"labels": ("a", "b")}, "at least three"),
        ({"labels": (), "vocabulary": "goemotions"}, "are not steps of a scale"),
    ],
)
def test_what_is_not_a_scale_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        SequentialHit(**options)


def test_in_a_lake_scores_are_held_against_what_people_say(tmp_path):
    usual = {"task": "level", "vocabulary": "steps", "status": "ok"}
    people = [
        usual | {"utterance_id": f"s:{item}", "annotator_id": "ann", "chosen": True,
                 "label": STEPS[right]}
        for item, right in enumerate(TRUTH)
    ]  # fmt: skip
    scored = [
        usual | {"utterance_id": f"s:{item}", "annotator_id": "m@1", "label": label,
                 "score": score, "chosen": score == max(each)}
        for item, each in enumerate(SCORES)
        for label, score in zip(STEPS, each, strict=True)
    ]  # fmt: skip
    lake = FolderLake(tmp_path / "lake").write(
        utterances=[utterance(f"s:{item}") for item in range(3)],
        annotations=people + scored,
        annotators=[
            {"annotator_id": "ann", "kind": "person"},
            {"annotator_id": "m@1", "kind": "model"},
        ],
    )
    measure = SequentialHit(labels=STEPS, task="level")

    with views.connect(lake) as connection:
        query = measure.query
        found = connection.sql(query, params=measure.bound(query)).to_arrow_table()
    batch = found.select(measure.reads.names).combine_chunks().to_batches()[0]
    said_ = measure.extract(measure.add(measure.create(), batch)).to_pylist()

    assert {row["label"]: row["value"] for row in said_}["seq2hr"] == pytest.approx(
        1 / 3
    )
