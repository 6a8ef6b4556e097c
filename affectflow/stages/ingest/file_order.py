"""Rows in the order of their files, according to `origin`."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_DIGITS = 18
_PLACE = rf"#[0-9]{{1,{_DIGITS}}}$"


def by_origin(batches: Iterable[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Returns batches by their first row: most often all rows are in order then.

    They come from the shuffle ordered by name, which means nothing.
    """

    def first(batch: pa.RecordBatch) -> tuple[str, int]:
        (row,) = _origins(batch.slice(0, 1)).to_pylist() or [{}]
        return row.get("file") or "", row.get("place") or 0

    return sorted(batches, key=first)


def in_file_order(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns rows in the order of their files, which orders texts without a time."""
    origins = _origins(batch)
    if _ascends(origins):
        return batch
    # In a record that holds a whole dialogue, ids give the order.
    for name in ("utterance_id", "content_hash"):
        origins = origins.append_column(name, batch.column(name))
    keys = [(name, "ascending", "at_end") for name in origins.schema.names]
    return batch.take(pc.sort_indices(origins, sort_keys=keys))


def file_of(origin: pa.Array) -> pa.Array:
    """Returns the file of each row."""
    return pc.replace_substring_regex(origin, _PLACE, "")


def _origins(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the file of each row, and its place in it, where a number tells it."""
    origin = batch.column("origin")
    # Ten times as fast as an expression with groups.
    pairs = pc.split_pattern(pc.fill_null(origin, ""), "#", max_splits=1, reverse=True)
    ends = np.asarray(pairs.offsets)
    words = pairs.flatten()
    first, last = (words.take(pa.array(at)) for at in (ends[:-1], ends[1:] - 1))
    told = pc.less_equal(pc.binary_length(last), _DIGITS)
    told = pc.and_(told, pc.ascii_is_decimal(last))
    told = pc.and_(told, pc.equal(pc.list_value_length(pairs), 2))
    places = pc.if_else(told, last, pa.scalar(None, pa.string())).cast(pa.int64())
    files = pc.if_else(told, first, origin)
    return pa.RecordBatch.from_arrays([files, places], names=["file", "place"])


def _ascends(origins: pa.RecordBatch) -> bool:
    """Returns whether rows are of one file, each behind the one before."""
    places = origins.column("place")
    if places.null_count or len(pc.unique(origins.column("file"))) != 1:
        return False
    return bool((np.diff(np.asarray(places)) > 0).all())
