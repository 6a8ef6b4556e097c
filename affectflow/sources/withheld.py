"""What a source passes on only if asked: private and deleted text."""

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import with_column
from affectflow.schemas import (
    ERRORS_COLUMN,
    PRIVATE_LEFT_OUT,
    PRIVATE_VISIBILITIES,
    SOURCE_BATCH,
)
from affectflow.sources.rows import errors_of

_KEPT = ("source", "origin")
_WHY = "a private or direct message; read it with --include-private"


def without_private(batch: pa.RecordBatch, step: str) -> pa.RecordBatch:
    """Returns `batch` with private and direct messages emptied, and dead.

    Only the place where they were read is kept: they are counted in `runs`.
    """
    marks = pa.array(PRIVATE_VISIBILITIES)
    private = pc.is_in(batch.column("visibility"), value_set=marks)
    living = pc.is_null(batch.column(ERRORS_COLUMN.name))
    if not pc.any(private, min_count=0).as_py():
        return batch
    for field in SOURCE_BATCH:
        if field.name not in (*_KEPT, ERRORS_COLUMN.name):
            nothing = pa.scalar(None, field.type)
            column = _if_else(private, nothing, batch.column(field.name))
            batch = with_column(batch, field, column)
    left_out = pa.array([errors_of(step, PRIVATE_LEFT_OUT, _WHY)], ERRORS_COLUMN.type)
    which = pc.and_(private, living)
    errors = _if_else(which, left_out[0], batch.column(ERRORS_COLUMN.name))
    return with_column(batch, ERRORS_COLUMN, errors)


def without_deleted(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Returns `batch` with empty texts where a message was deleted.

    The rows stay, so that what answers them has a parent. A title is its author's
    where a message opens its conversation, and goes with the text.
    """
    deleted = pc.fill_null(batch.column("deleted"), False)
    if not pc.any(deleted, min_count=0).as_py():
        return batch
    texts = batch.column("text")
    emptied = pc.and_(deleted, pc.is_valid(texts))
    batch = _set(batch, "text", pc.if_else(emptied, "", texts))
    opens = pc.equal(batch.column("utterance_id"), batch.column("conversation_id"))
    whose = pc.and_(deleted, pc.fill_null(opens, False))
    nothing = pa.scalar(None, pa.string())
    return _set(batch, "title", pc.if_else(whose, nothing, batch.column("title")))


def _set(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    return with_column(batch, SOURCE_BATCH.field(name), column)


def _if_else(mask: pa.Array, value: pa.Scalar, column: pa.Array) -> pa.Array:
    """Returns `column` with `value` where `mask` is true; of nested types, too."""
    both = pa.concat_arrays([column, pa.array([value.as_py()], column.type)])
    places = pa.array(range(len(column)), pa.int64())
    return both.take(pc.if_else(mask, len(column), places))
