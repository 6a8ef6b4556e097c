"""Figures of values: hand-computed, against NumPy, and however they are split."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow.gold.figures import ValueMetrics
from affectflow.gold.figures.schemas import COMPARED, MOMENTS
from affectflow.gold.figures.values import TRUTH_CONSTANT, VALUE_CONSTANT


def values(truth, value, **columns) -> pa.RecordBatch:
    """Returns values on one scale."""
    return pa.RecordBatch.from_pydict(
        {
            "label": ["valence"] * len(truth),
            "truth": np.array(truth, np.float64),
            "value": np.array(value, np.float64),
            **columns,
        }
    )


def figures_of(*batches: pa.RecordBatch) -> dict:
    """Returns the figures of the one scale."""
    metrics = ValueMetrics()
    state = metrics.create()
    for batch in batches:
        state = metrics.add(state, batch)
    (row,) = metrics.extract(state).to_pylist()
    return row


def test_figures_are_those_worked_out_by_hand():
    # Means 2 and 3; variances 2/3 and 2/3; covariance 1/3; bias 1.
    found = figures_of(values([1, 2, 3], [2, 4, 3]))

    assert found["pearson"] == pytest.approx(0.5)
    assert found["ccc"] == pytest.approx((2 / 3) / (4 / 3 + 1))
    assert found["bias"] == pytest.approx(1)
    assert found["rmse"] == pytest.approx(np.sqrt((1 + 4 + 0) / 3))


def test_a_shift_leaves_pearson_and_costs_concordance():
    found = figures_of(values([0, 1], [1, 2]))

    assert found["pearson"] == pytest.approx(1)
    # 2 x 1/4 / (1/4 + 1/4 + 1)
    assert found["ccc"] == pytest.approx(1 / 3)


def test_figures_hold_far_from_zero_where_sums_of_squares_cancel():
    generator = np.random.default_rng(1)
    truth = generator.normal(size=1000)
    value = truth + generator.normal(size=1000)

    near, far = (
        figures_of(values(truth, value)),
        figures_of(
            *(
                values(truth[p] + 1e8, value[p] + 1e8)
                for p in np.split(np.arange(1000), 10)
            )
        ),
    )

    assert [far[n] for n in COMPARED] == pytest.approx(
        [near[n] for n in COMPARED], abs=1e-6
    )


def test_a_weight_counts_as_that_many_rows():
    once = values([0, 1, 3], [1, 1, 2], weight=[1.0, 2.0, 3.0])
    many = values([0, 1, 1, 3, 3, 3], [1, 1, 1, 2, 2, 2])

    weighted, repeated = figures_of(once), figures_of(many)

    assert [weighted[n] for n in COMPARED] == pytest.approx(
        [repeated[n] for n in COMPARED]
    )


CONSTANT = {
    "truth": (values([1, 1], [0, 1]), TRUTH_CONSTANT),
    "value": (values([0, 1], [1, 1]), VALUE_CONSTANT),
    "one-row": (values([0], [1]), TRUTH_CONSTANT),
}


@pytest.mark.parametrize(("batch", "why"), CONSTANT.values(), ids=CONSTANT)
def test_a_constant_has_no_correlation_and_the_reason_is_said(batch, why):
    found = figures_of(batch)

    assert (found["pearson"], found["ccc"]) == (None, None)
    assert why in found["why"]
    assert found["rmse"] is not None


def test_a_constant_is_one_in_however_many_batches_it_comes():
    batch = values([0.1, 0.4, 0.2], [0.1, 0.1, 0.1])

    found = figures_of(*[batch] * 7)

    assert (found["pearson"], found["why"]) == (None, VALUE_CONSTANT)


def test_no_values_give_no_figures():
    metrics = ValueMetrics()

    assert metrics.extract(metrics.create()).num_rows == 0


def test_a_value_that_is_no_number_is_refused():
    with pytest.raises(UsageError, match="'value' holds nan"):
        figures_of(values([1.0], [np.nan]))


PAIRS = st.lists(
    st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=40
)


@settings(deadline=None, max_examples=60)
@given(pairs=PAIRS, cut=st.integers(0, 40), turned=st.booleans())
def test_splits_and_order_of_merging_change_nothing_to_speak_of(pairs, cut, turned):
    truth, value = zip(*pairs, strict=True)
    metrics, batch = ValueMetrics(), values(truth, value)
    parts = [metrics.add(metrics.create(), b) for b in (batch[:cut], batch[cut:])]

    merged = metrics.merge(reversed(parts) if turned else parts)

    whole = metrics.merge([metrics.add(metrics.create(), batch)])
    assert merged.schema == MOMENTS
    for name in MOMENTS.names[3:]:
        one, other = merged[name][0].as_py(), whole[name][0].as_py()
        assert one == pytest.approx(other, rel=1e-9, abs=1e-6)


@settings(deadline=None, max_examples=60)
@given(pairs=PAIRS)
def test_figures_are_those_of_numpy(pairs):
    truth, value = map(np.array, zip(*pairs, strict=True))
    found = figures_of(values(truth, value))

    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((value - truth) ** 2)))
    if found["pearson"] is not None and min(truth.std(), value.std()) > 1e-3:
        expected = np.corrcoef(truth, value)[0, 1]
        assert found["pearson"] == pytest.approx(expected, abs=1e-9)
        apart = truth.var() + value.var() + (truth.mean() - value.mean()) ** 2
        both = np.cov(truth, value, bias=True)[0, 1]
        assert found["ccc"] == pytest.approx(2 * both / apart, abs=1e-9)
