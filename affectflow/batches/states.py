"""States of accumulators: Arrow tables of statistics by key, merged by adding up."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform
from affectflow.errors import UsageError
from affectflow.nouns import count

MERGE_FROM = 65_536
"""Rows that may wait after the merged ones before they are merged too."""

_BLOCK = 65_536

EVERYTHING = "(all)"
"""The group of all observations."""
UNKNOWN = "(unknown)"
"""The group of observations whose column has no value."""

Merge = Callable[[pa.Table], pa.Table]


class Accumulator(Protocol):
    """What makes states of batches, and figures of states."""

    def create(self) -> pa.Table:
        """Returns the state of no observations."""

    def add(self, state: pa.Table, batch: pa.RecordBatch) -> pa.Table:
        """Returns `state` with the observations of `batch`."""

    def merge(self, given: Iterable[pa.Table]) -> pa.Table:
        """Returns one state for several; their order does not matter."""

    def extract(self, state: pa.Table) -> pa.RecordBatch:
        """Returns what a state says."""


def appended(state: pa.Table, new: pa.Table, merge: Merge) -> pa.Table:
    """Returns `state` with `new` after it; merged once enough rows wait.

    The first chunk of a state is merged, what follows waits. So a batch is copied a
    few times in all, and not once for each batch that comes after it.
    """
    both = pa.concat_tables([state, new])
    chunks = both.column(0).chunks
    waiting = both.num_rows - (len(chunks[0]) if chunks else 0)
    if waiting > max(MERGE_FROM, both.num_rows // 2):
        return merge(both).combine_chunks()
    return both


def summed(state: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Returns one row for each combination of `keys`; the other columns add up.

    Rows are sorted by their keys, nulls last; null is a key like any other.
    """
    if is_summed(state, keys):
        return state
    rest = [name for name in state.schema.names if name not in keys]
    grouped = state.group_by(list(keys), use_threads=False)
    added = grouped.aggregate([(name, "sum") for name in rest])
    columns = [added[name] for name in keys] + [added[f"{name}_sum"] for name in rest]
    table = pa.table(columns, names=[*keys, *rest])
    return ordered(table.select(state.schema.names).cast(state.schema), keys)


def only(state: pa.Table, wanted: pa.ChunkedArray) -> pa.Table:
    """Returns the rows that are wanted; where they are neighbours, without a copy."""
    places = np.flatnonzero(_so(wanted))
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return state.slice(int(places[0]), len(places))
    return state.filter(wanted)


def is_summed(state: pa.Table, keys: Sequence[str]) -> bool:
    """Returns whether rows are sorted by `keys` already, and no two have the same."""
    # Neighbours in two blocks are compared too.
    return all(
        _rises(state.slice(start, _BLOCK + 1).select(list(keys)))
        for start in range(0, state.num_rows - 1, _BLOCK)
    )


def _rises(rows: pa.Table) -> bool:
    """Returns whether the keys of each row come after those of the row before."""
    undecided = np.ones(max(0, rows.num_rows - 1), np.bool_)
    for column in rows.columns:
        # A column of nulls does not distinguish rows.
        if column.null_count < len(column):
            before, after = column.slice(0, len(column) - 1), column.slice(1)
            null_before, null_after = _is_null(before), _is_null(after)
            less = _so(pc.less(before, after)) | (~null_before & null_after)
            same = _so(pc.equal(before, after)) | (null_before & null_after)
            if np.any(undecided & ~less & ~same):
                return False
            undecided &= same
    return not undecided.any()


def _so(flags: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Returns flags as an array; null is false."""
    return np.asarray(pc.fill_null(flags, False)).astype(np.bool_)


def _is_null(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_null(column)).astype(np.bool_)


def ordered(state: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Returns `state` sorted by `keys`, nulls last, in one chunk."""
    order = [(key, "ascending") for key in keys]
    return (state.sort_by(order) if order else state).combine_chunks()


def with_constant(state: pa.Table, name: str, value: str | None) -> pa.Table:
    """Returns `state` with one value in the column `name`: a key folded away."""
    place, field = state.schema.get_field_index(name), state.schema.field(name)
    column = pa.repeat(pa.scalar(value, field.type), state.num_rows)
    return state.set_column(place, field, column)


def with_all(state: pa.Table) -> pa.Table:
    """Returns a state with its groups, and the group of everything.

    A group of that very name gets quotes.
    """
    whole = with_constant(state, "group", EVERYTHING)
    if state["group"].null_count == state.num_rows:
        return whole
    same = pc.fill_null(pc.equal(state["group"], EVERYTHING), False)
    named = pc.if_else(same, f'"{EVERYTHING}"', state["group"])
    place = state.schema.get_field_index("group")
    groups = state.set_column(place, state.schema.field(place), named)
    return pa.concat_tables([whole, groups])


def joined(states: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """Returns the rows of all states."""
    filled = [state for state in states if state.num_rows]
    return pa.concat_tables(filled) if filled else schema.empty_table()


def conformed(
    batch: pa.RecordBatch, schema: pa.Schema, required: Sequence[str]
) -> pa.RecordBatch:
    """Returns the columns of `schema`, cast to its types; optional ones may be missing.

    Raises:
      UsageError: a required column is missing, or has a null.
    """
    for name in required:
        if name not in batch.schema.names:
            raise UsageError(
                f"figures need the columns {', '.join(required)}; {name!r} is missing; "
                f"columns here: {', '.join(batch.schema.names) or 'none'}"
            )
        if batch.column(name).null_count:
            raise UsageError(
                f"{name!r} is null in {count(batch.column(name).null_count, 'row')}; "
                "leave out rows without an answer"
            )
    return conform(batch, schema).select(schema.names)


def places(state: pa.Table, keys: Sequence[str]) -> npt.NDArray[np.int64]:
    """Returns, for each row of a sorted state, the number of its combination of keys.

    Numbers rise from 0; null equals null.
    """
    changed = np.zeros(state.num_rows, np.bool_)
    for key in keys:
        column = state[key].combine_chunks()
        codes = column.dictionary_encode(null_encoding="encode").indices.to_numpy()
        changed[1:] |= np.diff(codes) != 0
    return np.cumsum(changed)
