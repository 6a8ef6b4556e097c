"""Figures of labels: by hand, against scikit-learn, and however they are split."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from affectflow.errors import UsageError
from affectflow.gold.figures import LabelMetrics
from affectflow.gold.figures.counts import (
    NO_CHOICE,
    NO_NEGATIVES,
    NO_POSITIVES,
    NO_SCORES,
    NOTHING_CHOSEN,
    TOO_FEW,
)
from affectflow.gold.figures.schemas import (
    FIGURES,
    GRID,
    MACRO,
    MEASURED,
    MICRO,
    TALLIES,
)


def answers(truth, score=None, chosen=None, label="x", **columns) -> pa.RecordBatch:
    """Returns answers; a keyword gives a column."""
    given = {"label": [label] * len(truth) if isinstance(label, str) else label}
    given |= {"truth": [bool(value) for value in truth], **columns}
    if score is not None:
        given["score"] = score
    if chosen is not None:
        given["chosen"] = [None if c is None else bool(c) for c in chosen]
    return pa.RecordBatch.from_pydict(given)


def figures_of(*batches: pa.RecordBatch) -> dict[str, dict]:
    """Returns figures by label."""
    metrics = LabelMetrics()
    state = metrics.create()
    for batch in batches:
        state = metrics.add(state, batch)
    return {row["label"]: row for row in metrics.extract(state).to_pylist()}


def test_figures_are_those_worked_out_by_hand():
    batch = answers([1, 1, 0, 0, 0], [0.9, 0.4, 0.6, 0.4, 0.1], [1, 0, 1, 0, 0])

    found = figures_of(batch)["x"]

    # Chosen: one hit, one miss, one positive not found.
    assert found["precision"] == found["recall"] == found["f1"] == 0.5
    # 0.9 is above all three negatives; 0.4 above one, level with one: (3 + 1.5) / 6.
    assert found["auc"] == pytest.approx(4.5 / 6)
    # First step 1 of 1, last positive among 4 told: 1/2 x 1 + 1/2 x 2/4.
    assert found["average_precision"] == pytest.approx(0.75)
    # (.01 + .36 + .36 + .16 + .01) / 5 against 2/5 x 3/5.
    assert found["brier"] == pytest.approx(0.18)
    assert found["brier_skill"] == pytest.approx(1 - 0.18 / 0.24)
    assert (found["n"], found["positives"], found["base_rate"]) == (5, 2, 0.4)


def test_a_weight_counts_as_that_many_rows():
    once = answers([1, 0, 0], [0.3, 0.6, 0.2], [0, 1, 0], weight=[2.0, 1.0, 3.0])
    rows = [0, 0, 1, 2, 2, 2]
    many = answers([1, 0, 0], [0.3, 0.6, 0.2], [0, 1, 0]).take(rows)

    weighted, repeated = figures_of(once)["x"], figures_of(many)["x"]

    assert [weighted[n] for n in MEASURED[3:]] == pytest.approx(
        [repeated[n] for n in MEASURED[3:]], abs=1e-12
    )


REASONS = {
    "no-positives": (answers([0, 0], [0.1, 0.2], [1, 0]), NO_POSITIVES, "auc"),
    "no-negatives": (answers([1, 1], [0.1, 0.2], [1, 0]), NO_NEGATIVES, "auc"),
    "nothing-chosen": (
        answers([1, 0], [0.1, 0.2], [0, 0]),
        NOTHING_CHOSEN,
        "precision",
    ),
    "no-scores": (answers([1, 0], chosen=[1, 0]), NO_SCORES, "average_precision"),
    "a-score-lacks": (answers([1, 0], [0.5, None], [1, 0]), NO_SCORES, "brier"),
    "no-choice": (answers([1, 0], [0.5, 0.2]), NO_CHOICE, "f1"),
    "a-choice-lacks": (answers([1, 0], [0.5, 0.2], [1, None]), NO_CHOICE, "recall"),
}


@pytest.mark.parametrize(("batch", "why", "figure"), REASONS.values(), ids=REASONS)
def test_what_cannot_be_said_is_null_with_a_reason(batch, why, figure):
    found = figures_of(batch)["x"]

    assert found[figure] is None
    assert why in found["why"]
    assert not any(isinstance(v, float) and math.isnan(v) for v in found.values())


def test_no_answers_give_no_figures():
    metrics = LabelMetrics()

    found = metrics.extract(metrics.create())

    assert found.num_rows == 0
    assert found.schema == FIGURES


def test_equal_scores_cannot_rank():
    found = figures_of(answers([1, 0, 0, 0], [0.5] * 4, [1, 1, 1, 1]))["x"]

    assert found["auc"] == 0.5
    assert found["average_precision"] == 0.25  # the share of positives


def test_the_macro_mean_is_over_labels_with_ten_positives():
    full = answers([1] * 10 + [0] * 10, chosen=[1] * 10 + [0] * 10, label="full")
    rare = answers([1] * 9 + [0] * 10, chosen=[0] * 19, label="rare")

    found = figures_of(full, rare)

    assert found["rare"]["f1"] == 0.0
    assert (found[MACRO]["f1"], found[MACRO]["labels"]) == (1.0, 1)
    # Micro counts all: 10 hits, 19 positives, 10 chosen.
    assert found[MICRO]["f1"] == pytest.approx(20 / 29)
    assert (found[MICRO]["labels"], found[MICRO]["positives"]) == (2, 19)


def test_no_macro_mean_without_a_label_of_ten_positives():
    found = figures_of(answers([1, 0], [0.5, 0.2], [1, 0]))[MACRO]

    assert (found["f1"], found["why"], found["labels"]) == (None, TOO_FEW, 0)


def test_scores_are_rounded_to_the_grid_halves_upwards():
    step = 1 / GRID
    batch = answers([1, 0, 0], [0.5 * step, 0.4 * step, 1.0])

    state = LabelMetrics().add(LabelMetrics().create(), batch)

    assert state["bin"].to_pylist() == [0, 1, GRID]


def test_a_state_is_bounded_whatever_the_number_of_answers():
    metrics, state = LabelMetrics(), LabelMetrics().create()
    batch = answers([1, 0] * 500, [0.25, 0.75] * 500, [1, 0] * 500)
    for _ in range(200):
        state = metrics.add(state, batch)

    assert state.num_rows < 70_000  # 200,000 answers
    assert metrics.merge([state]).num_rows == 2
    assert metrics.merge([state])["n"].to_pylist() == [100_000, 100_000]


BAD = {
    "score-above-one": (
        answers([1], [1.5]),
        "a score must be a number from 0 to 1, got 1.5",
    ),
    "score-not-a-number": (answers([1], [math.nan]), "got nan"),
    "weight-negative": (answers([1], [0.5], weight=[-1.0]), "got -1"),
    "truth-null": (
        pa.record_batch({"label": ["x"], "truth": pa.array([None], pa.bool_())}),
        "'truth' is null in 1 row;",
    ),
    "no-label": (
        pa.record_batch({"truth": [True]}),
        "'label' is missing; columns here: truth",
    ),
}


@pytest.mark.parametrize(("batch", "message"), BAD.values(), ids=BAD)
def test_bad_answers_are_refused_with_the_reason(batch, message):
    with pytest.raises(UsageError, match=message):
        LabelMetrics().add(LabelMetrics().create(), batch)


# -- properties --------------------------------------------------------------------

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.booleans(),
        st.booleans(),
        # Few different scores, so that there are ties; some off the grid.
        st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 0.7000004, 1.0]) | st.floats(0, 1),
        st.integers(0, 4),
    ),
    max_size=60,
)


def batch_of(rows) -> pa.RecordBatch:
    """Returns rows of `ROWS` as answers."""
    schema = {
        "label": pa.string(),
        "truth": pa.bool_(),
        "chosen": pa.bool_(),
        "score": pa.float64(),
        "group": pa.int64(),
    }
    columns = list(zip(*rows, strict=True)) or [()] * 5
    arrays = [
        pa.array(column, type_)
        for column, type_ in zip(columns, schema.values(), strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(schema))
    return batch.set_column(4, "group", batch.column("group").cast(pa.string()))


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, cut=st.integers(0, 60), turned=st.booleans())
def test_splits_and_order_of_merging_change_nothing(rows, cut, turned):
    metrics, batch = LabelMetrics(), batch_of(rows)
    whole = metrics.merge([metrics.add(metrics.create(), batch)])
    parts = [metrics.add(metrics.create(), b) for b in (batch[:cut], batch[cut:])]

    merged = metrics.merge(reversed(parts) if turned else parts)

    assert merged.schema == TALLIES
    assert merged.equals(whole)


def rounded(scores) -> np.ndarray:
    """Returns scores on the grid."""
    return np.floor(np.array(scores) * GRID + 0.5) / GRID


@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_figures_are_those_of_scikit_learn_on_rounded_scores(rows):
    mine = [
        (truth, chosen, score)
        for label, truth, chosen, score, _ in rows
        if label == "a"
    ]
    batch = batch_of([("a", *row, 0) for row in mine])
    found = figures_of(batch).get("a")
    if not mine:
        assert found is None
        return
    truth, chosen = np.array([r[0] for r in mine]), np.array([r[1] for r in mine])
    score = rounded([r[2] for r in mine])
    expected = {"brier": float(np.mean((score - truth) ** 2))}
    if truth.any():
        expected["recall"] = reference.recall_score(truth, chosen)
        expected["f1"] = reference.f1_score(truth, chosen)
    if chosen.any():
        expected["precision"] = reference.precision_score(truth, chosen)
    if not truth.all():
        expected["specificity"] = reference.recall_score(~truth, ~chosen)
    if truth.any() and not truth.all():
        expected["auc"] = reference.roc_auc_score(truth, score)
        expected["average_precision"] = reference.average_precision_score(truth, score)
        base = np.full(len(truth), truth.mean())
        expected["brier_skill"] = 1 - expected["brier"] / reference.brier_score_loss(
            truth, base
        )

    assert {n: found[n] for n in MEASURED if found[n] is not None} == pytest.approx(
        expected, abs=1e-9
    )
