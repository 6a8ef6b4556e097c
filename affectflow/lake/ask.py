"""Queries whose answer is an Arrow table."""

from typing import Any

import duckdb
import pyarrow as pa


def ask(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: dict[str, Any] | None = None,
) -> pa.Table:
    """Returns the answer to a query."""
    relation: Any = connection.sql(sql, params=parameters)
    return relation.to_arrow_table()
