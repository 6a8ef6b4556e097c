"""Rows of GroupGap: whether something is so, and whether it is flagged."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from affectflow.kinds.measure import Measure

_FLAGS = ("truth", "chosen")


def flags(measure: Measure, rows: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """Returns observations whose `truth` and `chosen` are True, False or None."""
    fields = [
        field.with_type(pa.bool_()) if field.name in _FLAGS else field
        for field in measure.reads
    ]
    return pa.RecordBatch.from_pylist(list(rows), pa.schema(fields))
