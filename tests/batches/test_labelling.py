import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.labelling import (
    Answer,
    annotate,
    annotations,
    choose_passing,
    choose_top,
    joined,
)
from affectflow.errors import RowError
from affectflow.schemas import ANNOTATIONS_COLUMN, Status


def answer(scores, chosen=None, labels=("a", "b", "c")):
    scores = np.array(scores, np.float32).reshape(-1, len(labels))
    return Answer(
        task="emotion",
        vocabulary="abc",
        labels=labels,
        scores=scores,
        chosen=scores >= 0.5 if chosen is None else np.array(chosen, bool),
    )


def column(scores, chosen=None, statuses=None, labels=("a", "b", "c")):
    given = answer(scores, chosen, labels)
    if statuses is None:
        statuses = [Status.OK] * len(given.chosen)
    return annotations(given, np.array(statuses, np.int8), "tests@1")


def brief(lists):
    return [
        [(each["label"], each["rank"], each["chosen"]) for each in row]
        for row in lists.to_pylist()
    ]


@pytest.mark.parametrize(
    ("scores", "chosen", "expected"),
    [
        pytest.param(
            [0.9, 0.04, 0.06],
            [True, False, False],
            [("a", 1, True), ("c", 2, False)],
            id="a low score that is not chosen is left out",
        ),
        pytest.param(
            [0.01, 0.03, 0.02],
            [False, False, False],
            [("b", 1, False)],
            id="the highest is stored however low",
        ),
        pytest.param(
            [0.01, 0.04, 0.03],
            [True, False, False],
            [("b", 1, False), ("a", 3, True)],
            id="a chosen label keeps its rank among all labels",
        ),
        pytest.param(
            [0.3, 0.7, 0.3],
            [False, True, False],
            [("b", 1, True), ("a", 2, False), ("c", 3, False)],
            id="ties keep the order of the labels",
        ),
        pytest.param(
            [0.05, 0.7, 0.0],
            [False, True, False],
            [("b", 1, True), ("a", 2, False)],
            id="0.05 itself is stored",
        ),
        pytest.param(
            [0.0, 0.0, 0.0],
            [False, False, False],
            [("a", 1, False)],
            id="all zero",
        ),
    ],
)
def test_stored_labels(scores, chosen, expected):
    assert brief(column([scores], [chosen])) == [expected]


def test_an_annotation_says_who_labelled_what_and_nothing_that_is_unknown():
    lists = column([[0.25, 0.0, 0.0]], [[True, False, False]])

    assert lists.type == ANNOTATIONS_COLUMN.type
    (only,) = lists.to_pylist()[0]
    known = {name: value for name, value in only.items() if value is not None}
    assert known == {
        "annotator_id": "tests@1",
        "task": "emotion",
        "vocabulary": "abc",
        "label": "a",
        "score": 0.25,
        "rank": 1,
        "chosen": True,
        "perspective": "writer",
        "status": "ok",
    }


@pytest.mark.parametrize("status", [Status.NO_AUTHOR_TEXT, Status.UNSUPPORTED_LANGUAGE])
def test_a_row_that_was_not_read_has_one_annotation_without_label(status):
    lists = column([[0.9, 0, 0]] * 3, statuses=[Status.OK, status, Status.OK])

    (only,) = lists.to_pylist()[1]
    assert (only["label"], only["score"], only["rank"]) == (None, None, None)
    assert only["chosen"] is False
    assert only["status"] == status.name.lower()
    assert brief(lists)[::2] == [[("a", 1, True)]] * 2


def test_a_truncated_row_keeps_its_labels():
    lists = column([[0.9, 0.0, 0.2]], statuses=[Status.TRUNCATED])

    assert brief(lists) == [[("a", 1, True), ("c", 2, False)]]
    assert {each["status"] for each in lists.to_pylist()[0]} == {"truncated"}


def test_a_refused_row_has_no_annotation():
    nan = float("nan")
    lists = column([[nan, nan, nan], [0.9, 0, 0]], statuses=[Status.REFUSED, Status.OK])

    assert brief(lists) == [[], [("a", 1, True)]]


def test_a_score_that_is_not_a_number_is_an_error():
    with pytest.raises(RowError, match="not a number"):
        column([[0.1, float("nan"), 0.2]])


def test_no_rows_give_an_empty_column():
    lists = column([])

    assert len(lists) == 0
    assert lists.type == ANNOTATIONS_COLUMN.type


def by_hand(scores, chosen):
    """Returns what is stored, with a loop over labels."""
    order = sorted(range(len(scores)), key=lambda label: -scores[label])
    return [
        ("abc"[label], rank, bool(chosen[label]))
        for rank, label in enumerate(order, 1)
        if rank == 1 or chosen[label] or scores[label] >= np.float32(0.05)
    ]


SCORE = st.sampled_from([0.0, 0.01, 0.04, 0.05, 0.06, 0.5, 0.5001, 1.0])
ROW = st.tuples(st.tuples(SCORE, SCORE, SCORE), st.tuples(*[st.booleans()] * 3))


@given(st.lists(ROW, max_size=12))
def test_the_column_is_what_a_loop_over_rows_would_store(rows):
    scores = np.array([row[0] for row in rows], np.float32).reshape(-1, 3)
    chosen = np.array([row[1] for row in rows], bool).reshape(-1, 3)

    lists = column(scores, chosen)

    lists.validate(full=True)
    expected = [by_hand(*row) for row in zip(scores, chosen, strict=True)]
    assert brief(lists) == expected


# -- which labels are the answer ---------------------------------------------------

SCORES = np.array([[0.6, 0.4, 0.3], [0.2, 0.3, 0.1], [0.5, 0.5, 0.9]], np.float32)
THRESHOLDS = np.array([0.5, 0.4, 0.95], np.float32)


@pytest.mark.parametrize(
    ("fallback", "second_row"),
    [("none", [False, False, False]), ("top", [False, True, False])],
)
def test_a_label_is_chosen_if_it_reaches_its_own_threshold(fallback, second_row):
    chosen = choose_passing(SCORES, THRESHOLDS, fallback=fallback)

    assert chosen.tolist() == [[True, True, False], second_row, [True, True, False]]


def test_of_labels_that_exclude_one_another_the_best_is_chosen():
    chosen = choose_top(np.array([[0.4, 0.4, 0.2], [0.1, 0.2, 0.7]], np.float32), 0.4)

    assert chosen.tolist() == [[True, False, False], [False, False, True]]


def test_below_its_threshold_even_the_best_is_not_chosen():
    assert not choose_top(np.array([[0.4, 0.35, 0.25]], np.float32), 0.5).any()


# -- several annotators ------------------------------------------------------------


def test_new_annotations_come_after_those_that_a_row_has():
    first = column([[0.9, 0, 0], [0, 0.9, 0], [0, 0, 0.9]])
    earlier = pa.array([first[0].as_py(), None, []], ANNOTATIONS_COLUMN.type)
    batch = pa.record_batch([earlier], schema=pa.schema([ANNOTATIONS_COLUMN]))

    out = annotate(batch, column([[0.9, 0.2, 0], [0, 0.9, 0], [0, 0, 0.9]]))

    labels = [[each["label"] for each in row] for row in out["annotations"].to_pylist()]
    assert labels == [["a", "a", "b"], ["b"], ["c"]]


def test_a_batch_without_annotations_gets_the_column():
    batch = pa.record_batch({"text": pa.array(["x"])})

    out = annotate(batch, column([[0.9, 0.0, 0.0]]))

    assert out.schema.field("annotations").type == ANNOTATIONS_COLUMN.type


COUNTS = st.lists(
    st.tuples(st.none() | st.integers(0, 3), st.integers(0, 3)), max_size=9
)


@given(COUNTS, st.integers(0, 2))
def test_joined_lists_keep_rows_and_order_also_of_a_slice(counts, skipped):
    numbers = iter(range(100))
    rows = [
        (None if a is None else [next(numbers) for _ in range(a)],
         [next(numbers) for _ in range(b)])
        for a, b in counts
    ]  # fmt: skip
    first, second = (
        pa.array([row[i] for row in rows], pa.list_(pa.int64())).slice(skipped)
        for i in (0, 1)
    )

    assert joined(first, second).to_pylist() == [
        (a or []) + b for a, b in rows[skipped:]
    ]


# -- values ------------------------------------------------------------------------


def test_values_are_stored_without_scores_where_they_are_given():
    given = Answer(
        task="affect",
        vocabulary="vad",
        labels=("valence", "arousal"),
        values=np.array([[0.25, 0.5], [0.75, np.nan], [0.0, 0.0]], np.float32),
        chosen=np.array([[True, True], [True, False], [True, True]]),
        perspective="reader",
    )
    statuses = np.array([Status.OK, Status.TRUNCATED, Status.NO_AUTHOR_TEXT], np.int8)

    first, second, silent = annotations(given, statuses, "tests@1").to_pylist()

    assert [(a["label"], a["value"], a["score"]) for a in first] == [
        ("valence", 0.25, None),
        ("arousal", 0.5, None),
    ]
    assert [(a["label"], a["value"], a["status"]) for a in second] == [
        ("valence", 0.75, "truncated")
    ]
    assert [(a["label"], a["value"], a["chosen"]) for a in silent] == [
        (None, None, False)
    ]


# -- who labelled ------------------------------------------------------------------
