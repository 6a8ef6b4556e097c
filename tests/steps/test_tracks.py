"""Which measurements belong to no turn, against a count by hand."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.tracks import TRACKS, TURNS
from affectflow.steps.tracks import _outside

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=8)


@given(SPANS, SPANS)
def test_what_overlaps_no_turn_is_counted(measured, spoken):
    lie_outside = [
        not any(max(a, c) < min(a + b, c + d) for c, d in spoken) for a, b in measured
    ]

    found = _outside(spans(measured, TRACKS), spans(spoken, TURNS))

    assert found == sum(lie_outside)


def spans(given, schema) -> pa.Table:
    rows = [{"start_us": start, "end_us": start + length} for start, length in given]
    return pa.Table.from_pylist(rows, schema=schema)
