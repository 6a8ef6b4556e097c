"""Pure functions over record batches.

A batch is the unit of flow: at most `MAX_ROWS` rows and about `TARGET_BYTES`. Rows
whose `errors` column is not empty are dead: they travel on, untouched, to the
`dead_letters` of whoever writes.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import MissingColumnError, RowError
from affectflow.schemas import ERRORS_COLUMN

MAX_ROWS = 16_384
TARGET_BYTES = 8 << 20
# A shuffled element becomes one proto; large ones cost 5 to 9 times their size.
SPLIT_BYTES = 16 << 20
MAX_ROW_BYTES = 64 << 20

Rows = list[dict[str, Any]]


def missing_columns(schema: pa.Schema, required: pa.Schema) -> list[pa.Field]:
    """Returns the fields of `required` that `schema` lacks or types otherwise."""
    return [
        field
        for field in required
        if field.name not in schema.names or schema.field(field.name).type != field.type
    ]


def check_columns(step: str, schema: pa.Schema, required: pa.Schema) -> None:
    """Checks that a batch has what a step requires.

    Raises:
      MissingColumnError: a column lacks or has another type; names both.
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

    Columns that lack become null; columns that `schema` does not name stay behind
    it, as they are. Polars hands back `large_string`; no plugin has to know.
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
    for field in provided:
        column = _conformed(batch, field)
        batch = with_column(batch, field, column)
    return batch


def with_column(
    batch: pa.RecordBatch, field: pa.Field, column: pa.Array
) -> pa.RecordBatch:
    """Returns `batch` with `column` set in its place, or appended."""
    index = batch.schema.get_field_index(field.name)
    if index < 0:
        return batch.append_column(field, column)
    return batch.set_column(index, field, column)


def from_rows(rows: Rows, schema: pa.Schema) -> pa.RecordBatch:
    """Returns rows as one batch of `schema`; what a row lacks is null."""
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


def apply_to_living(
    function: Callable[[pa.RecordBatch], pa.RecordBatch],
    batch: pa.RecordBatch,
    *,
    provided: pa.Schema,
    step: str,
) -> pa.RecordBatch:
    """Returns `batch` with what `function` provides, row for row, in order.

    Dead rows pass by. If `function` fails, the batch is halved until the row at
    fault is alone; that row is then dead, with the reason in `errors`.

    Raises:
      MissingColumnError, UsageError: as `function` raises them; no row is at fault.
    """
    dead = is_dead(batch)
    if not dead.true_count:
        return _halve(function, batch, provided, step)
    living_rows = pc.indices_nonzero(pc.invert(dead))
    dead_rows = pc.indices_nonzero(dead)
    living = _halve(function, batch.take(living_rows), provided, step)
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
) -> pa.RecordBatch:
    try:
        result = function(batch)
    except (MissingColumnError, ImportError, MemoryError):
        raise
    except Exception as error:  # any failure of a plugin is somebody's row
        if batch.num_rows == 0:
            raise
        if batch.num_rows == 1:
            alone = provide(batch, provided)
            return refuse(alone, [error_row(step, error)])
        middle = batch.num_rows // 2
        halves = [
            _halve(function, half, provided, step)
            for half in (batch.slice(0, middle), batch.slice(middle))
        ]
        return _concat_unlike(halves)
    if result.num_rows != batch.num_rows:
        raise RowError(
            f"{step} returned {result.num_rows} rows for {batch.num_rows}; a batch "
            "transform keeps its rows"
        )
    return provide(result, provided)


def _concat_unlike(halves: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Concatenates halves of which one may have `errors` and the other not."""
    names = {name for half in halves for name in half.schema.names}
    if ERRORS_COLUMN.name in names:
        halves = [provide(half, pa.schema([ERRORS_COLUMN])) for half in halves]
    return pa.concat_batches([conform_like(half, halves[0].schema) for half in halves])
