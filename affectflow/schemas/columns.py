"""The types of columns, and functions on any of them."""

from typing import Any

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
ATTRS = pa.map_(pa.string(), pa.string())

STRING = pa.string()
INT = pa.int32()
FLOAT = pa.float32()


def column(name: str, type_: pa.DataType, doc: str) -> pa.Field:
    """Returns a column whose metadata describe its content."""
    return pa.field(name, type_, metadata={"doc": doc})


def table(*columns: tuple[str, pa.DataType, str]) -> pa.Schema:
    """Returns the schema of a table, from name, type and doc of each column."""
    return pa.schema([column(*parts) for parts in columns])


def fields(schema: pa.Schema, *names: str) -> pa.Schema:
    """Returns the schema of the named columns of `schema`, in the order given."""
    return pa.schema([schema.field(name) for name in names])


def raw_name(column: str) -> str:
    """Returns the attribute that keeps a value that does not fit a column's type."""
    return f"{column}_raw"


def doc(field: pa.Field) -> str:
    """Returns the one-line description of a column; empty if it has none."""
    metadata: dict[bytes, Any] = field.metadata or {}
    return str(metadata.get(b"doc", b"").decode())
