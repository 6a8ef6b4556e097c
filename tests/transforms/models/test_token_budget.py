import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow_transforms.models.token_budget import plan

LENGTHS = st.lists(st.integers(0, 600), max_size=80)
BUDGETS = st.integers(1, 2_000)
ROWS = st.integers(1, 40)


@given(LENGTHS, BUDGETS, ROWS)
def test_every_row_is_in_exactly_one_micro_batch(lengths, max_tokens, max_rows):
    batches = plan(lengths, max_tokens, max_rows)

    planned = [row for batch in batches for row in batch.tolist()]
    assert sorted(planned) == list(range(len(lengths)))


@given(LENGTHS, BUDGETS, ROWS)
def test_only_a_row_that_is_alone_may_exceed_the_budget(lengths, max_tokens, max_rows):
    for batch in plan(lengths, max_tokens, max_rows):
        longest = max(max(lengths[row] for row in batch), 1)
        assert len(batch) <= max_rows
        assert len(batch) * longest <= max_tokens or len(batch) == 1


@given(LENGTHS, BUDGETS, ROWS)
def test_no_row_is_longer_than_one_planned_before_it(lengths, max_tokens, max_rows):
    planned = [lengths[row] for b in plan(lengths, max_tokens, max_rows) for row in b]

    # A length of 0 costs as much as a length of 1.
    costs = [max(length, 1) for length in planned]
    assert costs == sorted(costs, reverse=True)


@given(LENGTHS, BUDGETS, ROWS)
def test_a_micro_batch_is_full_unless_it_is_the_last(lengths, max_tokens, max_rows):
    batches = plan(lengths, max_tokens, max_rows)

    for batch in batches[:-1]:
        longest = max(lengths[batch[0]], 1)
        assert len(batch) == max_rows or (len(batch) + 1) * longest > max_tokens


@pytest.mark.parametrize(
    ("lengths", "max_tokens", "max_rows", "expected"),
    [
        pytest.param([3, 9, 3], 9, 8, [[1], [0, 2]], id="longest first"),
        pytest.param([5, 5, 5], 10, 8, [[0, 1], [2]], id="ties keep their order"),
        pytest.param([1, 1, 1], 99, 2, [[0, 1], [2]], id="rows are limited"),
        pytest.param([50, 2], 10, 8, [[0], [1]], id="a row over the budget is alone"),
        pytest.param([0, 0], 2, 8, [[0, 1]], id="an empty text costs one token"),
        pytest.param([], 10, 8, [], id="no rows"),
    ],
)
def test_plans(lengths, max_tokens, max_rows, expected):
    batches = plan(np.array(lengths, np.int64), max_tokens, max_rows)

    assert [batch.tolist() for batch in batches] == expected


@pytest.mark.parametrize(("max_tokens", "max_rows"), [(0, 1), (1, 0)])
def test_a_budget_that_holds_nothing_is_refused(max_tokens, max_rows):
    with pytest.raises(ValueError, match="at least 1 token and 1 row"):
        plan([1], max_tokens, max_rows)
