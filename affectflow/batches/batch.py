"""Pure functions over record batches.

A batch is the unit of flow: at most `MAX_ROWS` rows and about `TARGET_BYTES`. Rows
whose `errors` column is not empty are dead: they travel on, untouched, to the
`dead_letters` table of the writer.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import MissingColumnError, RowError, UsageError
from affectflow.nouns import count
from affectflow.schemas import ERRORS_COLUMN

MAX_ROWS = 16_384
TARGET_BYTES = 8 << 20
# A shuffled element becomes one proto; large ones cost 5 to 9 times their size.
SPLIT_BYTES = 16 << 20
MAX_ROW_BYTES = 64 << 20

Rows = list[dict[str, Any]]


def missing_columns(schema: pa.Schema, required: pa.Schema) -> list[pa.Field]:
    """Returns the fields of `required` that `schema` does not have with that type."""
    return [
        field
        for field in required
        if field.name not in schema.names or schema.field(field.name).type != field.type
    ]


def check_columns(step: str, schema: pa.Schema, required: pa.Schema) -> None:
    """Checks that a batch has what a step requires.

    Raises:
      MissingColumnError: a column is missing or has another type; names both.
    """
    missing = missing_columns(schema, required)
    if missing:
        raise MissingColumnError(
            f"{step} requires {describe(missing)}, which no earlier step provides; "
            f"columns here: {describe(schema)}"
        )


def describe(columns: Iterable[pa.Field]) -> str:
    """Returns columns as `name: type`, for messages."""
    return ", ".join(f"`{f.name}: {_short(f.type)}`" for f in columns) or "none"


def _short(type_: pa.DataType) -> str:
    text = str(type_)
    return text if len(text) <= 30 else text.split("<")[0] + "<...>"


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Returns `batch` with every column of `schema`, cast to its type.

    Missing columns become null; columns that `schema` does not name follow, unchanged.
    Polars returns `large_string`; plugins need not know.
    """
    columns = [_conformed(batch, field) for field in schema]
    rest = [name for name in batch.schema.names if name not in schema.names]
    return pa.RecordBatch.from_arrays(
        [*columns, *(batch.column(name) for name in rest)],
        schema=pa.schema([*schema, *(batch.schema.field(name) for name in rest)]),
    )


def _conformed(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    if field.name not in batch.schema.names:
        return pa.nulls(batch.num_rows, field.type)
    column = batch.column(field.name)
    return column if column.type == field.type else column.cast(field.type)


def provide(batch: pa.RecordBatch, provided: pa.Schema) -> pa.RecordBatch:
    """Returns `batch` with the provided columns typed, in their place or appended."""
    batch = _last_of_each(batch)
    for field in provided:
        column = _conformed(batch, field)
        batch = with_column(batch, field, column)
    return batch


def _last_of_each(batch: pa.RecordBatch) -> pa.RecordBatch:
    # A step that appends its column may run on a batch that has it already.
    places = {name: place for place, name in enumerate(batch.schema.names)}
    if len(places) == batch.num_columns:
        return batch
    return batch.select(sorted(places.values()))


def with_column(
    batch: pa.RecordBatch, field: pa.Field, column: pa.Array
) -> pa.RecordBatch:
    """Returns `batch` with `column` set in its place, or appended."""
    index = batch.schema.get_field_index(field.name)
    if index < 0:
        return batch.append_column(field, column)
    return batch.set_column(index, field, column)


def from_rows(rows: Rows, schema: pa.Schema) -> pa.RecordBatch:
    """Returns rows as one batch of `schema`; missing values are null."""
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def one_batch(table: pa.Table) -> pa.RecordBatch:
    """Returns a table as one batch; an empty table as a batch without rows."""
    batches = table.combine_chunks().to_batches()
    if not batches:
        return pa.RecordBatch.from_pylist([], schema=table.schema)
    if len(batches) == 1:
        return batches[0]
    return pa.concat_batches(batches)


def concat(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Returns batches of one schema as one batch; `batches` must not be empty."""
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def concat_unlike(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Returns batches as one with the columns of all; missing columns are null.

    Only batches with a refused row need have `errors`: to take the columns of the
    first batch would bring the refused rows of the others back to life.
    """
    columns: dict[str, pa.Field] = {}
    for batch in batches:
        for field in batch.schema:
            columns.setdefault(field.name, field)
    schema = pa.schema(columns.values())
    return concat([conform(batch, schema) for batch in batches])


def split(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yields pieces of at most `MAX_ROWS` rows and about `SPLIT_BYTES`."""
    if batch.num_rows > MAX_ROWS:
        for start in range(0, batch.num_rows, MAX_ROWS):
            yield from split(batch.slice(start, MAX_ROWS))
    elif batch.num_rows > 1 and batch.nbytes > SPLIT_BYTES:
        middle = batch.num_rows // 2
        yield from split(batch.slice(0, middle))
        yield from split(batch.slice(middle))
    else:
        yield batch


# -- rows that were refused ------------------------------------------------------


def is_dead(batch: pa.RecordBatch) -> pa.BooleanArray:
    """Returns, for each row, whether an earlier step refused it."""
    if ERRORS_COLUMN.name not in batch.schema.names:
        return pa.array([False] * batch.num_rows, pa.bool_())
    lengths = pc.list_value_length(batch.column(ERRORS_COLUMN.name))
    return pc.greater(pc.fill_null(lengths, 0), 0)


def error_row(step: str, error: Exception, payload: str | None = None) -> Rows:
    """Returns the `errors` of one row that `step` could not process."""
    kind = getattr(error, "error_type", None) or type(error).__name__
    message = " ".join(str(error).split())[:500] or kind
    return [{"step": step, "error_type": kind, "message": message, "payload": payload}]


def refuse(batch: pa.RecordBatch, errors: list[Rows | None]) -> pa.RecordBatch:
    """Returns `batch` with `errors`: one list of errors, or None, for each row."""
    return with_column(batch, ERRORS_COLUMN, pa.array(errors, ERRORS_COLUMN.type))


def halfway(batch: pa.RecordBatch) -> int:
    """Returns where to halve a batch of rows; 0 if it is one row."""
    return batch.num_rows // 2


def between_conversations(batch: pa.RecordBatch) -> int:
    """Returns the end of a conversation next to the middle; 0 if there is one only."""
    ends = pc.run_end_encode(batch.column("conversation_id")).run_ends.to_pylist()[:-1]
    middle = batch.num_rows / 2
    return min(ends, key=lambda end: abs(end - middle), default=0)


def apply_to_living(
    function: Callable[[pa.RecordBatch], pa.RecordBatch],
    batch: pa.RecordBatch,
    *,
    provided: pa.Schema,
    step: str,
    cut: Callable[[pa.RecordBatch], int] = halfway,
) -> pa.RecordBatch:
    """Returns `batch` with what `function` provides, row for row, in order.

    Dead rows pass by. If `function` fails, or what it gives cannot have the provided
    types, the batch is halved until the row at fault is alone; that row is then dead,
    with the reason in `errors`.

    Args:
      function: gives a batch of as many rows as it gets.
      batch: rows, dead ones among them.
      provided: the columns that `function` adds or replaces.
      step: the name to put into `errors`.
      cut: where to halve a batch, 0 if its rows live or die together.

    Raises:
      UsageError, ImportError, MemoryError: as `function` raises them; no row is at
        fault.
      RowError: `function` added or lost rows.
    """
    dead = is_dead(batch)
    if not dead.true_count:
        return _halve(function, batch, provided, step, cut)
    living_rows = pc.indices_nonzero(pc.invert(dead))
    dead_rows = pc.indices_nonzero(dead)
    living = _halve(function, batch.take(living_rows), provided, step, cut)
    passed_by = conform_like(batch.take(dead_rows), living.schema)
    order = pc.sort_indices(pa.concat_arrays([living_rows, dead_rows]))
    return pa.concat_batches([living, passed_by]).take(order)


def conform_like(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Returns `batch` with exactly the columns of `schema`."""
    return conform(batch, schema).select(schema.names)


def _halve(
    function: Callable[[pa.RecordBatch], pa.RecordBatch],
    batch: pa.RecordBatch,
    provided: pa.Schema,
    step: str,
    cut: Callable[[pa.RecordBatch], int],
) -> pa.RecordBatch:
    try:
        result = provide(_kept_rows(function(batch), batch, step), provided)
    except (UsageError, ImportError, MemoryError, _RowsChangedError):
        raise
    except Exception as error:  # any failure of a plugin belongs to a row
        if batch.num_rows == 0:
            raise
        middle = cut(batch)
        if not middle:
            errors: list[Rows | None] = [error_row(step, error)] * batch.num_rows
            return refuse(provide(batch, provided), errors)
        halves = (batch.slice(0, middle), batch.slice(middle))
        return concat_unlike(
            [_halve(function, half, provided, step, cut) for half in halves]
        )
    return result


class _RowsChangedError(RowError):
    """The whole step is wrong, not one row."""


def _kept_rows(
    result: pa.RecordBatch, batch: pa.RecordBatch, step: str
) -> pa.RecordBatch:
    if result.num_rows != batch.num_rows:
        raise _RowsChangedError(
            f"{step} returned {count(result.num_rows, 'row')} for "
            f"{batch.num_rows:,}; a batch transform keeps its rows"
        )
    return result


def joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yields the rows of small batches in larger ones, in order.

    They have at most `MAX_ROWS` rows and about `TARGET_BYTES`, unless one is larger.
    """
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        full = rows + batch.num_rows > MAX_ROWS or size + batch.nbytes > TARGET_BYTES
        if pending and full:
            yield concat_unlike(pending)
            pending, rows, size = [], 0, 0
        pending.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    if pending:
        yield concat_unlike(pending)
