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
"""Rows that may wait behind the merged ones before they are merged too."""

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
    """Returns `state` with `new` behind it; merged when much is waiting.

    The first chunk of a state is merged, what follows waits. So a batch is copied a
    few times in all, and not once for each batch that comes after it.
    """
    both = pa.concat_tables([state, new])
    chunks = both.column(0).chunks
    waiting = both.num_rows - (len(chunks[0]) if chunks else 0)
    return merge(both) if waiting > max(MERGE_FROM, both.num_rows // 2) else both


def summed(state: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Returns one row for each combination of `keys`; the other columns add up.

    Rows are sorted by their keys, nulls last; null is a key like any other.
    """
    rest = [name for name in state.schema.names if name not in keys]
    grouped = state.group_by(list(keys), use_threads=False)
    added = grouped.aggregate([(name, "sum") for name in rest])
    columns = [added[name] for name in keys] + [added[f"{name}_sum"] for name in rest]
    table = pa.table(columns, names=[*keys, *rest])
    return ordered(table.select(state.schema.names).cast(state.schema), keys)


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
    return pa.concat_tables([schema.empty_table(), *states])


def conformed(
    batch: pa.RecordBatch, schema: pa.Schema, required: Sequence[str]
) -> pa.RecordBatch:
    """Returns the columns of `schema`, cast to its types; optional ones may lack.

    Raises:
      UsageError: a required column lacks, or holds a null.
    """
    for name in required:
        if name not in batch.schema.names:
            raise UsageError(
                f"figures need the columns {', '.join(required)}; {name!r} is not "
                f"among: {', '.join(batch.schema.names) or 'none'}"
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
