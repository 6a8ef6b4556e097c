"""Drawing: sums of the units that are drawn."""

import pyarrow as pa

from affectflow.batches.bootstrap import SEED, draws_of
from affectflow.batches.drawing import drawn

STATE = pa.table(
    {
        "label": ["joy", "joy", "anger", None],
        "unit": ["a", "b", "b", "c"],
        "n": [1, 10, 100, 1000],
        "score": [0.5, 0.25, 2.0, 4.0],
    }
)


def test_each_draw_sums_its_units_as_often_as_they_are_drawn():
    draws = 40  # more than are summed at once

    found = list(drawn(STATE, ["label"], "unit", draws))

    assert len(found) == draws
    for number, state in enumerate(found):
        # In the order in which they come up when labels are sorted.
        b, a, c = draws_of(range(3), draws=1, seed=SEED + number)[0].tolist()
        expected = [
            {"label": "anger", "n": 100 * b, "score": 2 * b},
            {"label": "joy", "n": a + 10 * b, "score": a / 2 + b / 4},
            {"label": None, "n": 1000 * c, "score": 4 * c},
        ]
        assert state.to_pylist() == [row for row in expected if row["n"]]


def test_a_state_without_other_keys_is_one_row_a_draw():
    found = list(drawn(STATE.select(["unit", "n"]), [], "unit", 5))

    assert [state.num_rows for state in found] == [1] * 5
    assert all(state.schema.names == ["n"] for state in found)
