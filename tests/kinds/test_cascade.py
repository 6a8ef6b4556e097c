"""A cascade. Its models are fakes: they prove routing and counting only."""

import pyarrow as pa
import pytest

from affectflow.batches.batch import is_dead
from affectflow.errors import UsageError
from affectflow.kinds.cascade import Below, Cascade
from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields
from tests.given.fake_model import FakeHandler
from tests.given.fake_over import FakeMood

SCHEMA = pa.schema([*fields(UTTERANCES, "text", "segments"), ANNOTATIONS_COLUMN])


def first(label, score, **more):
    """Returns an answer of the first annotator."""
    return {
        "annotator_id": "first@1",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": label,
        "score": score,
        "rank": 1,
        "chosen": True,
        "status": "ok" if label else "unsupported_language",
        **more,
    }


def batch(*rows):
    """Returns utterances `(text, answers of the first)`."""
    said = [{"text": t, "segments": [], "annotations": a} for t, a in rows]
    return pa.RecordBatch.from_pylist(said, schema=SCHEMA)


def cascade(**options):
    return Cascade(inner=FakeHandler(**options), over="first@1", only_below=0.6)


def answered(rows, made=None):
    """Returns label and score of the cascade's own answers, by row."""
    made = made or cascade()
    own = made.annotator()["annotator_id"]
    lists = made.apply(rows, made.load_model())["annotations"].to_pylist()
    return [
        [(e["label"], e["score"]) for e in row if e["annotator_id"] == own]
        for row in lists
    ]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([first("joy", 0.61)], ("joy", 0.61), id="sure"),
        pytest.param([first("joy", 0.6)], ("joy", 0.6), id="just as sure as is asked"),
        pytest.param([first("joy", 0.59)], ("neutral", 0.9), id="not sure"),
        pytest.param([first(None, None)], ("neutral", 0.9), id="could not read it"),
        pytest.param([], ("neutral", 0.9), id="said nothing"),
        pytest.param(
            [first("joy", 0.9, annotator_id="other@1")],
            ("neutral", 0.9),
            id="another annotator is sure",
        ),
    ],
)
def test_the_second_is_asked_where_the_first_is_not_sure(answers, expected):
    (((label, score),),) = answered(batch(("fine", answers)))

    assert (label, score) == (expected[0], pytest.approx(expected[1]))


def test_what_the_first_says_of_tasks_that_the_second_does_not_answer_is_kept():
    other = first("frustration", 0.9, task="frustration")
    rows = batch(("fine", [other, first("joy", 0.2)]), ("", [other, first("joy", 0.8)]))

    assert [sorted(label for label, _ in row) for row in answered(rows)] == [
        ["frustration", "neutral"],
        ["frustration", "joy"],
    ]


def test_every_row_has_one_answer_and_the_first_keeps_its_own():
    rows = batch(
        ("annoying", [first("joy", 0.3)]),
        ("fine", [first("joy", 0.8, probability=0.7, calibration_id="c")]),
        ("fine", [first("joy", 0.1)]),
    )

    made = cascade()
    lists = made.apply(rows, made.load_model())["annotations"].to_pylist()

    # The first's answers stand before those of the cascade, as they came.
    assert [row[0] for row in lists] == [
        row[0] for row in rows["annotations"].to_pylist()
    ]
    assert [row[1]["label"] for row in lists] == ["annoyance", "joy", "neutral"]
    assert (lists[1][1]["probability"], lists[1][1]["calibration_id"]) == (None, None)


def test_the_second_is_asked_once_about_those_rows_only(tmp_path):
    calls = tmp_path / "calls"
    rows = [("fine", [first("joy", score)]) for score in (0.9, 0.1, 0.9, 0.2)]

    answered(batch(*rows), cascade(calls=str(calls)))
    answered(batch(rows[0]), cascade(calls=str(calls)))

    assert calls.read_text() == "2\n"


def test_a_row_that_fails_is_alone_in_failing():
    rows = batch(("poison", [first("joy", 0.1)]), ("poison", [first("joy", 0.9)]))
    made = cascade(poison="poison")

    found = made.apply(rows, made.load_model())

    assert is_dead(found).to_pylist() == [True, False]
    assert found["errors"][0].as_py()[0]["message"] == "this text cannot be judged"


def test_two_thresholds_are_two_annotators_of_one_model():
    made = [
        Cascade(inner=FakeHandler(), over="first@1", only_below=below).annotator()
        for below in (0.5, 0.6)
    ]

    assert len({row["annotator_id"] for row in made}) == 2
    assert {(row["model"], row["over"]) for row in made} == {("fake", "first@1")}


@pytest.mark.parametrize(
    ("inner", "below", "said"),
    [
        pytest.param(FakeHandler(), 0.0, "above 0 and at most 1, got 0.0", id="none"),
        pytest.param(FakeHandler(), 1.5, "at most 1, got 1.5", id="more than all"),
        pytest.param(FakeMood(over="a"), 0.5, "FakeMood does not", id="conversations"),
    ],
)
def test_a_cascade_that_cannot_be_is_refused(inner, below, said):
    with pytest.raises(UsageError, match=said):
        Cascade(inner=inner, over="first@1", only_below=below)


def test_a_threshold_in_decimals_meets_a_score_that_is_stored_shorter():
    rows = batch(("fine", [first("joy", 0.7)]))  # 0.7 as float32 is below 0.7

    assert Below("first@1", 0.7).asks(rows).tolist() == [False]
