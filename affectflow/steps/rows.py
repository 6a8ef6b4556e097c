"""RowsToBatches and BatchesToRows: between rows of anybody's pipeline and batches."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from affectflow.batches import coders  # noqa: F401  registers the coder of pa.RecordBatch
from affectflow.batches.batch import (
    MAX_ROW_BYTES,
    MAX_ROWS,
    TARGET_BYTES,
    is_dead,
    refuse,
)
from affectflow.errors import UsageError
from affectflow.schemas import ANNOTATORS_COLUMN, ERRORS_COLUMN, FINDINGS, SOURCE_BATCH
from affectflow.sources.rows import errors_of
from affectflow.steps.row_types import beam_row_of, row_type_of, types_of_rows

_STEP = "RowsToBatches"
_OURS = {f.name: f.type for f in [*SOURCE_BATCH, *FINDINGS.values(), ANNOTATORS_COLUMN]}
"""Columns that steps of ours read and write: a row need not say their types."""
_UNFIT = "unfit_row"


@dataclass(kw_only=True)
class RowsToBatches(beam.PTransform):
    """Makes batches of rows: dicts, `beam.Row`s, named tuples or dataclasses.

    A column with the name of one of ours (`text`, `timestamp`, ...) gets its type. The
    others get the type that the PCollection says, or else that of their first value in
    a batch. A row that does not fit stays as a refused row with the reason in `errors`:
    steps pass it by, and `WriteLake` makes a dead letter of it.

    Args:
      schema: the columns; a row with another column is refused. Left out, all columns
        of all rows are there, and those that a row does not have are null.
      max_rows: of a batch.
      max_bytes: of a batch, about.

    Raises:
      UsageError: `max_rows` or `max_bytes` is less than 1.
    """

    schema: pa.Schema | None = None
    max_rows: int = MAX_ROWS
    max_bytes: int = TARGET_BYTES

    def __post_init__(self) -> None:
        super().__init__()
        for name in ("max_rows", "max_bytes"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"`{name}` must be at least 1, got {getattr(self, name)}"
                )

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        types = types_of_rows(pcoll.element_type) if self.schema is None else {}
        batching = _BatchRows(self.schema, types, self.max_rows, self.max_bytes)
        return pcoll | "Batch" >> beam.ParDo(batching).with_output_types(pa.RecordBatch)


@dataclass(kw_only=True)
class BatchesToRows(beam.PTransform):
    """Makes rows of batches, one of each utterance: dicts, or `beam.Row`s of a schema.

    A dict has all columns of its batch; where a step refused the row, `errors` says
    why. With a schema, refused rows are left out and counted as `refused_rows`, unless
    it has a column `errors` of type string, for the reason.

    Args:
      schema: columns and types of the `beam.Row`s; dicts if left out.

    Raises:
      UsageError: a column of `schema` has a type that `beam.Row`s here cannot have.
    """

    schema: pa.Schema | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self._row_type = None if self.schema is None else row_type_of(self.schema)

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        if self.schema is None:
            dicts = beam.FlatMap(rows_of).with_output_types(dict[str, Any])
            return pcoll | "Rows" >> dicts
        typed = beam.ParDo(_TypedRows(self.schema)).with_output_types(self._row_type)
        return pcoll | "Rows" >> typed


def rows_of(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Returns the rows of a batch as dicts."""
    rows: list[dict[str, Any]] = batch.to_pylist()
    return rows


class _TypedRows(beam.DoFn):
    def __init__(self, schema: pa.Schema):
        self._schema = schema
        self._refused = beam.metrics.Metrics.counter("BatchesToRows", "refused_rows")

    def process(self, element: pa.RecordBatch) -> Iterator[beam.Row]:
        dead = is_dead(element).to_pylist()
        has_errors = ERRORS_COLUMN.name in self._schema.names
        for row, is_refused in zip(element.to_pylist(), dead, strict=True):
            if not is_refused or has_errors:
                yield beam_row_of(row, self._schema)
            else:
                self._refused.inc()


# -- rows into batches -----------------------------------------------------------------


class _Pending:
    """Rows of one window that wait for their batch to be full."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.size = 0

    def add(self, row: Any) -> None:
        self.rows.append(row)
        self.size += size_of(row)


class _BatchRows(beam.DoFn):
    def __init__(
        self,
        schema: pa.Schema | None,
        types: Mapping[str, pa.DataType],
        max_rows: int,
        max_bytes: int,
    ):
        self._schema, self._types = schema, types
        self._max_rows, self._max_bytes = max_rows, max_bytes

    def start_bundle(self) -> None:
        self._pending: dict[Any, _Pending] = {}

    def process(
        self, element: Any, window: Any = beam.DoFn.WindowParam
    ) -> Iterator[pa.RecordBatch]:
        # Rows of two windows never share a batch: a batch has one window.
        pending = self._pending.setdefault(window, _Pending())
        pending.add(element)
        if len(pending.rows) >= self._max_rows or pending.size >= self._max_bytes:
            del self._pending[window]
            yield batch_of(pending.rows, self._schema, self._types)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for window, pending in self._pending.items():
            batch = batch_of(pending.rows, self._schema, self._types)
            yield WindowedValue(batch, window.max_timestamp(), (window,))


def size_of(row: Any) -> int:
    """Returns about how many bytes a row takes."""
    values = _columns_of(row)
    if values is None:
        return 8
    return sum(len(v) if isinstance(v, str | bytes) else 8 for v in values.values())


class _Unfit(NamedTuple):
    """Why a row is refused."""

    error_type: str
    message: str


def batch_of(
    rows: Iterable[Any],
    schema: pa.Schema | None = None,
    types: Mapping[str, pa.DataType] | None = None,
) -> pa.RecordBatch:
    """Returns rows as one batch; those that do not fit are refused rows in it.

    Args:
      rows: dicts, `beam.Row`s, named tuples or dataclasses; anything else is refused.
      schema: the columns and their types; those of all rows if left out.
      types: of columns, where there is no schema.
    """
    given = [_columns_of(row) for row in rows]
    unfit = {place: why for place, row in enumerate(given) if (why := _wrong(row))}
    living = [{} if place in unfit else row or {} for place, row in enumerate(given)]
    fields = list(schema) if schema is not None else _fields(living, types or {})
    names = {field.name for field in fields}
    for place, row in enumerate(living):
        if unknown := row.keys() - names:
            unfit.setdefault(place, _unknown(sorted(unknown), names))
    columns = [_column(living, field, unfit) for field in fields]
    if not fields:  # a batch without a column would have no rows
        fields, columns = [ERRORS_COLUMN], [pa.nulls(len(given), ERRORS_COLUMN.type)]
    # Of a refused row nothing may be there, whatever the schema asks of others.
    nullable = pa.schema([field.with_nullable(True) for field in fields])
    batch = pa.RecordBatch.from_arrays(columns, schema=nullable)
    return _refused(batch, given, unfit) if unfit else batch


def _columns_of(row: Any) -> dict[str, Any] | None:
    """Returns a row's values by column; None if it is not a row."""
    if isinstance(row, Mapping):
        return dict(row)
    for name in ("as_dict", "_asdict"):  # beam.Row, named tuples
        if callable(as_dict := getattr(row, name, None)):
            return dict(as_dict())
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else None


def _wrong(row: dict[str, Any] | None) -> _Unfit | None:
    if row is None:
        return _Unfit("not_a_row", "not a dict, beam.Row, named tuple or dataclass")
    if not row:
        return _Unfit(_UNFIT, "a row without a column")
    if odd := [name for name in row if not isinstance(name, str)]:
        return _Unfit(_UNFIT, f"the column {odd[0]!r} must have a text as its name")
    if size_of(row) > MAX_ROW_BYTES:
        return _Unfit("too_large", "a row above 64 MB; split it, or leave it out")
    return None


def _unknown(names: list[str], known: Iterable[str]) -> _Unfit:
    there = ", ".join(sorted(known))
    return _Unfit(
        _UNFIT,
        f"column {names[0]!r} is not in the schema ({there}): add it there, or leave "
        "it out of the row",
    )


def _fields(
    rows: list[dict[str, Any]], types: Mapping[str, pa.DataType]
) -> list[pa.Field]:
    names = dict.fromkeys(name for row in rows for name in row)
    known = {**types, **_OURS}
    return [
        pa.field(name, known[name] if name in known else _type_of(rows, name))
        for name in names
    ]


def _type_of(rows: list[dict[str, Any]], name: str) -> pa.DataType:
    """Returns the type of a column's first value; text if it has none."""
    first = next((row[name] for row in rows if row.get(name) is not None), None)
    if first is None:
        return pa.string()
    try:
        found = pa.array([_plain(first)]).type
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.string()
    # `3` may be followed by `3.5`, and an empty list by one of texts.
    if pa.types.is_integer(found) and any(isinstance(r.get(name), float) for r in rows):
        return pa.float64()
    return pa.list_(pa.string()) if found == pa.list_(pa.null()) else found


def _column(
    rows: list[dict[str, Any]], field: pa.Field, unfit: dict[int, _Unfit]
) -> pa.Array:
    """Returns a column; a row whose value does not fit is noted in `unfit`."""
    values = [_plain(row.get(field.name)) for row in rows]
    try:
        column = pa.array(values, field.type)
        if field.nullable or not column.null_count:
            return column
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass  # which rows are at fault is found below
    fitting = [
        value if not (why := _misfit(value, field)) else unfit.setdefault(place, why)
        for place, value in enumerate(values)
    ]
    kept = [None if isinstance(value, _Unfit) else value for value in fitting]
    return pa.array(kept, field.type)


def _misfit(value: Any, field: pa.Field) -> _Unfit | None:
    """Returns why a value cannot stand in a column; None if it can."""
    if value is None:
        missing = f"column {field.name!r} is missing, and must not be"
        return None if field.nullable else _Unfit(_UNFIT, missing)
    try:
        pa.array([value], field.type)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        shown = repr(value)[:40]
        return _Unfit(
            _UNFIT,
            f"column {field.name!r} must be {field.type}, got {shown} "
            f"({type(value).__name__})",
        )
    return None


def _plain(value: Any) -> Any:
    return value.to_utc_datetime() if isinstance(value, Timestamp) else value


def _refused(
    batch: pa.RecordBatch,
    rows: list[dict[str, Any] | None],
    unfit: Mapping[int, _Unfit],
) -> pa.RecordBatch:
    """Returns a batch with a reason for each row that does not fit."""
    there: list[Any] = [None] * batch.num_rows
    if ERRORS_COLUMN.name in batch.schema.names:
        there = batch.column(ERRORS_COLUMN.name).to_pylist()
    for place, why in unfit.items():
        payload = repr(rows[place]) if rows[place] is not None else None
        own = errors_of(_STEP, why.error_type, why.message, payload)
        there[place] = [*(there[place] or []), *own]
    return refuse(batch, there)
