"""Types of columns and of the fields of a `beam.Row`, either way."""

import datetime
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.typehints.native_type_compatibility import (
    convert_to_python_type,
)
from apache_beam.typehints.row_type import RowTypeConstraint
from apache_beam.utils.timestamp import Timestamp

from affectflow.batches.batch import describe
from affectflow.errors import UsageError
from affectflow.schemas import ERRORS_COLUMN, TIME

_COLUMNS: Mapping[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    np.int64: pa.int64(),
    np.int32: pa.int32(),
    float: pa.float64(),
    np.float32: pa.float32(),
    np.float64: pa.float64(),
    bool: pa.bool_(),
    bytes: pa.binary(),
    Timestamp: TIME,
    datetime.datetime: TIME,
}


def types_of_rows(element_type: Any) -> dict[str, pa.DataType]:
    """Returns the types of the columns that a PCollection of rows says it has.

    Fields of other types than text, numbers, truth, bytes and times are left out.
    """
    row_type = RowTypeConstraint.from_user_type(element_type)
    if row_type is None and isinstance(element_type, RowTypeConstraint):
        row_type = element_type
    if row_type is None:
        return {}
    found = ((name, _COLUMNS.get(_bare(type_))) for name, type_ in row_type._fields)
    return {name: type_ for name, type_ in found if type_ is not None}


def _bare(type_: Any) -> Any:
    """Returns the type of a field that may be missing."""
    type_ = convert_to_python_type(type_)
    inner = [each for each in typing.get_args(type_) if each is not type(None)]
    return (
        inner[0] if len(inner) == 1 and type(None) in typing.get_args(type_) else type_
    )


def row_type_of(schema: pa.Schema) -> RowTypeConstraint:
    """Returns the type of `beam.Row`s with the columns of a schema.

    Raises:
      UsageError: a column has another type than text, number, truth, bytes, time, or a
        list of these; names it.
    """
    found = {field.name: _python_type(field.type) for field in schema}
    if odd := [schema.field(name) for name, type_ in found.items() if type_ is None]:
        raise UsageError(
            "a beam.Row here has texts, numbers, true or false, bytes, times and lists "
            f"of these, not {describe(odd)}: leave it out of `schema`, or take dicts "
            "by leaving `schema` out"
        )
    fields: list[tuple[str, Any]] = [
        (name, typing.Optional[type_])  # noqa: UP045
        for name, type_ in found.items()
    ]
    return RowTypeConstraint.from_fields(fields)


_PYTHON: Sequence[tuple[Any, Any]] = (
    (pa.types.is_string, str),
    (pa.types.is_integer, int),
    (pa.types.is_floating, float),
    (pa.types.is_boolean, bool),
    (pa.types.is_binary, bytes),
    (pa.types.is_timestamp, Timestamp),
)


def _python_type(type_: pa.DataType) -> Any:
    """Returns the type of a field; None if it has none."""
    if pa.types.is_list(type_):
        within = _python_type(type_.value_type)
        return None if within is None else Sequence[within]  # type: ignore[valid-type]
    return next((python for is_one, python in _PYTHON if is_one(type_)), None)


def beam_row_of(row: Mapping[str, Any], schema: pa.Schema) -> beam.Row:
    """Returns a row of a batch as a `beam.Row`; a column that is not there is None."""
    values = {name: _of_beam(row.get(name)) for name in schema.names}
    errors = values.get(ERRORS_COLUMN.name)
    if isinstance(errors, list):
        values[ERRORS_COLUMN.name] = "; ".join(each["message"] for each in errors)
    return beam.Row(**values)


def _of_beam(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return Timestamp.from_utc_datetime(value.astimezone(datetime.UTC))
    return value
