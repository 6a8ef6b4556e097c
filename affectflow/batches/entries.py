"""From single answers to the column `annotations`.

`labelling` makes it from matrices of scores; this is for annotators that give other
things per row: labels with words, numbers, places.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from affectflow.schemas import ANNOTATIONS_COLUMN, Status


class Entry(NamedTuple):
    """One annotation of one row; the attributes are columns of `annotations`."""

    row: int
    task: str
    vocabulary: str
    label: str | None = None
    score: float | None = None
    value: float | None = None
    rank: int | None = None
    chosen: bool = False
    start: int | None = None
    end: int | None = None
    status: Status = Status.OK
    raw: str | None = None
    perspective: str = "writer"


def annotations_of(
    entries: Sequence[Entry], n_rows: int, annotator_id: str
) -> pa.ListArray:
    """Returns one list of annotations for each row; a row's keep their order.

    Args:
      entries: in any order of rows.
      n_rows: of the batch.
      annotator_id: whose they are.
    """
    ordered = sorted(entries, key=lambda entry: entry.row)
    fields = list(ANNOTATIONS_COLUMN.type.value_type)
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(entry, name) for entry in ordered] for name in Entry._fields
    }
    columns["status"] = [entry.status.word for entry in ordered]
    columns["annotator_id"] = [annotator_id] * len(ordered)
    missing = [None] * len(ordered)
    arrays = [pa.array(columns.get(f.name, missing), f.type) for f in fields]
    rows = np.array([entry.row for entry in ordered], np.int64)
    offsets = np.searchsorted(rows, np.arange(n_rows + 1)).astype(np.int32)
    values = pa.StructArray.from_arrays(arrays, fields=fields)
    return pa.ListArray.from_arrays(
        pa.array(offsets), values, type=ANNOTATIONS_COLUMN.type
    )
