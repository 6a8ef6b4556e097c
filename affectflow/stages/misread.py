"""Cells that a measure cannot read: which column, which value, and what is wanted."""

import contextlib
from collections.abc import Mapping

import duckdb

from affectflow.kinds.measure import Measure
from affectflow.lake.views import columns_of, quote_name

_MOST_CHARS = 60
_WANTED = {
    "BIGINT": "a whole number",
    "BOOLEAN": "yes or no",
    "DOUBLE": "a number",
    "FLOAT": "a number",
    "INTEGER": "a whole number",
    "VARCHAR": "a text",
    "DOUBLE[]": "a list of numbers, such as [0.2, 0.8]",
    "VARCHAR[]": "a list of words, such as [joy, anger]",
}


def misread(
    connection: duckdb.DuckDBPyConnection, made: Measure, mapping: Mapping[str, str]
) -> str:
    """Returns which cell of `given` is not what a measure reads; empty if all are.

    Args:
      connection: has the rows of the file as `given`.
      made: the measure.
      mapping: from a column that it reads to a column of the file.
    """
    present = [row[0] for row in connection.sql("DESCRIBE given").fetchall()]
    fields = columns_of(connection, made.reads)
    for field, (_, type_) in zip(made.reads, fields, strict=True):
        name = mapping.get(field.name, field.name)
        cell = _wrong_cell(connection, name, type_) if name in present else None
        if cell is not None:
            wanted = _WANTED.get(type_, type_)
            return (
                f"column {name!r} has {cell[:_MOST_CHARS]!r}, which is not {wanted}; "
                "correct the cell, or leave it empty"
            )
    return ""


def _wrong_cell(
    connection: duckdb.DuckDBPyConnection, name: str, type_: str
) -> str | None:
    column = quote_name(name)
    some = f"SELECT {column}::VARCHAR FROM given WHERE {column} IS NOT NULL"
    try:
        connection.sql(f"SELECT count({column}::{type_}) FROM given").fetchall()
    except duckdb.ConversionException as error:
        wrong = f"{some} AND try_cast({column} AS {type_}) IS NULL LIMIT 1"
        for query in (wrong, f"{some} LIMIT 1"):
            with contextlib.suppress(duckdb.ConversionException):
                if found := connection.sql(query).fetchall():
                    return str(found[0][0])
        return str(error)
    return None
