"""Between rows in flight and tables: list columns out into rows, rows back into lists.

In flight, what steps found about an utterance travels in list<struct> columns named
after their tables. Writers unnest them; a stage that reads a part nests them again.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform_like
from affectflow.schemas import FINDINGS, RULES, TABLES


def unnest(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Returns the rows of a table that `batch` carries in its column `name`.

    The rows are in the order of their utterances. Columns of the table that the list
    does not hold (`utterance_id`, and those copied from utterances) are taken from the
    utterance's row.
    """
    schema = TABLES[name]
    column = batch.column(name)
    parents = pc.list_parent_indices(column)
    items = pc.list_flatten(column)
    columns = [
        pc.struct_field(items, field.name)
        if items.type.get_field_index(field.name) >= 0
        else batch.column(field.name).take(parents)
        for field in schema
    ]
    return conform_like(pa.RecordBatch.from_arrays(columns, names=schema.names), schema)


def rows_of(batch: pa.RecordBatch, name: str) -> pa.RecordBatch:
    """Returns what to write of `unnest`: of rows with one key, the first."""
    return unique(unnest(batch, name), RULES[name].key)


def unique(batch: pa.RecordBatch, key: Sequence[str]) -> pa.RecordBatch:
    """Returns the first row of each key, in order; nulls are equal."""
    places = pa.array(np.arange(batch.num_rows))
    table = pa.table([*(batch.column(name) for name in key), places], [*key, "__at"])
    first = table.group_by(list(key), use_threads=False).aggregate([("__at", "min")])
    if first.num_rows == batch.num_rows:
        return batch
    return batch.take(pa.array(np.sort(np.asarray(first["__at_min"]))))


def nest(rows: pa.Table, name: str, utterance_ids: pa.Array) -> pa.ListArray:
    """Returns rows of a table as one list for each of `utterance_ids`, in order.

    Rows of other utterances are left out. Rows of one utterance keep their order.
    """
    field = FINDINGS[name]
    rows = rows.combine_chunks()
    ids = rows.column("utterance_id").combine_chunks()
    places = pc.index_in(ids, value_set=utterance_ids)
    known = pc.indices_nonzero(pc.is_valid(places))
    rows, places = rows.take(known), np.asarray(places.take(known), dtype=np.int64)
    order = np.argsort(places, kind="stable")
    sorted_rows = rows.take(pa.array(order))
    children = [
        _one(sorted_rows.column(child.name)).cast(child.type)
        for child in field.type.value_type
    ]
    structs = pa.StructArray.from_arrays(children, fields=list(field.type.value_type))
    counts = np.bincount(places, minlength=len(utterance_ids))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs, type=field.type)


def _one(column: pa.ChunkedArray) -> pa.Array:
    combined = column.combine_chunks()
    if isinstance(combined, pa.ChunkedArray):
        return pa.concat_arrays(combined.chunks)
    return combined
