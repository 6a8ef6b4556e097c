"""The same states and the same figures in DuckDB, over a table of any size."""

from collections.abc import Mapping
from importlib import resources
from typing import Protocol

import duckdb
import pyarrow as pa

from affectflow.gold.figures.schemas import (
    ANSWERS,
    FIGURES,
    GRID,
    MIN_POSITIVES,
    MOMENTS,
    RESIDUE,
    TALLIES,
    VALUE_FIGURES,
    VALUES,
)
from affectflow.lake.views import columns_of, empty_select, quote_name


class StateOf(Protocol):
    """`label_state` or `value_state`."""

    def __call__(
        self, connection: duckdb.DuckDBPyConnection, table: str, *, units: bool = False
    ) -> pa.Table:
        """Returns the state for a table."""


def label_state(
    connection: duckdb.DuckDBPyConnection, table: str, *, units: bool = False
) -> pa.Table:
    """Returns the state of `LabelMetrics` for a table or view with answers.

    Args:
      connection: has the table.
      table: its name; columns as in `ANSWERS`, optional ones may lack.
      units: keep `unit`.
    """
    query = _answers(connection, table, ANSWERS, units) + _sql("label_state")
    return _typed(connection, query, TALLIES, {"grid": GRID})


def value_state(
    connection: duckdb.DuckDBPyConnection, table: str, *, units: bool = False
) -> pa.Table:
    """Returns the state of `ValueMetrics` for a table or view with values."""
    query = _answers(connection, table, VALUES, units) + _sql("value_moments")
    return _typed(connection, f"{query} FROM moments", MOMENTS)


def label_figures(connection: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """Returns figures of labels in one query, schema `FIGURES` without reasons.

    They are those of `LabelMetrics` to 1e-9.
    """
    query = _answers(connection, table, ANSWERS, False) + _sql("label_figures")
    settings = {"grid": GRID, "min_positives": MIN_POSITIVES}
    return _typed(connection, query, _without_why(FIGURES), settings)


def value_figures(connection: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """Returns figures of values in one query, schema `VALUE_FIGURES` without reasons.

    They are those of `ValueMetrics` to 1e-9.
    """
    query = _answers(connection, table, VALUES, False) + _sql("value_moments")
    wanted = _without_why(VALUE_FIGURES)
    query += _sql("value_figures")
    return _typed(connection, query, wanted, {"residue": RESIDUE})


def _answers(
    connection: duckdb.DuckDBPyConnection, table: str, schema: pa.Schema, units: bool
) -> str:
    """Returns the head of a query: `answers` with the columns and types of `schema`."""
    columns = columns_of(connection, schema)
    casts = [f"{name}::{type_} AS {name}" for name, type_ in columns[1:-1]]
    unit = '"unit"::VARCHAR' if units else "NULL::VARCHAR"
    return (
        f"WITH answers AS (SELECT {unit} AS unit, {', '.join(casts)}, "
        "coalesce(weight::DOUBLE, 1.0) AS weight FROM ("
        f"{empty_select(columns)} UNION ALL BY NAME FROM {quote_name(table)})) "
    )


def _sql(name: str) -> str:
    folder = resources.files("affectflow.gold.figures")
    return (folder / f"{name}.sql").read_text(encoding="utf-8")


def _typed(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    schema: pa.Schema,
    settings: Mapping[str, float] | None = None,
) -> pa.Table:
    found = connection.sql(query, params=dict(settings or {})).to_arrow_table()
    return found.select(schema.names).cast(schema)


def _without_why(schema: pa.Schema) -> pa.Schema:
    return schema.remove(schema.get_field_index("why"))
