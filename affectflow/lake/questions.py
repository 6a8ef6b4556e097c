"""SQL queries that users type: which are accepted, and why one fails."""

import difflib
import re

import duckdb

from affectflow.errors import UsageError
from affectflow.registry import nearest

_NO_COLUMN = re.compile(r'(?:Referenced column|a column named) "([^"]+)"')
_NO_TABLE = re.compile(r"Table with name (\S+) does not exist")
_BEGINNINGS = (
    "SELECT",
    "FROM",
    "WITH",
    "SHOW",
    "DESCRIBE",
    "EXPLAIN",
    "VALUES",
    "PIVOT",
)
_COLUMNS = """
    SELECT table_name, string_agg(column_name, ', ' ORDER BY column_index)
    FROM duckdb_columns() WHERE NOT internal GROUP BY ALL ORDER BY 1
"""


def why_it_fails(
    connection: duckdb.DuckDBPyConnection, query: str, error: duckdb.Error
) -> str:
    """Returns DuckDB's error about a query in one line, with the existing names."""
    said = str(error).partition("\n\nLINE")[0]
    columns = dict(connection.execute(_COLUMNS).fetchall())
    if table := _NO_TABLE.search(said):
        return f"no table or view {table[1]!r}; {nearest(table[1], columns)}"
    named = [name for name in columns if name in re.findall(r"\w+", query)]
    if (column := _NO_COLUMN.search(said)) and named:
        there = "; ".join(f"{name} has {columns[name]}" for name in named)
        return f"no column {column[1]!r}; {there}"
    why = " ".join(said.split()).partition(" Error: ")[2][:400]
    if isinstance(error, duckdb.ParserException):
        return f"{why}; {_next_step(query)}"
    return why


def _next_step(query: str) -> str:
    """Returns what to type in the place of a query that does not parse."""
    first = query.split(maxsplit=1)[0].upper() if query.split() else ""
    near = difflib.get_close_matches(first, _BEGINNINGS, n=1, cutoff=0.6)
    if near and first not in _BEGINNINGS:
        return f"did you mean {near[0]!r}?"
    return 'try "FROM utterances LIMIT 5"; "SHOW TABLES" lists the tables and views'


_EXPLAIN = re.compile(r"\s*explain(\s+analyze)?(\s*\([^)]*\))?\s+", re.IGNORECASE)


# DuckDB calls both of them LOAD.
_EXTENSION = re.compile(r"\b(install|load)\b", re.IGNORECASE)


def check_reads(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raises unless a query is one statement that changes nothing.

    Raises:
      UsageError: there is no statement, more than one, or one that writes.
      duckdb.Error: it does not parse.
    """
    found = connection.extract_statements(query)
    if not found:
        raise UsageError('the query has no statement; type one, as "FROM runs"')
    if len(found) > 1:
        raise UsageError(f"{len(found)} statements in the query; give one at a time")
    kind = found[0].type.name
    # EXPLAIN ANALYZE runs what it explains.
    if kind == "EXPLAIN" and (head := _EXPLAIN.match(query)):
        check_reads(connection, query[head.end() :])
    elif kind == "MULTI":
        # A PIVOT, perhaps inside a statement that writes, which cannot be a subquery.
        connection.extract_statements(
            f"SELECT * FROM (\n{query.strip().rstrip(';')}\n)"
        )
    elif kind != "SELECT":
        if kind == "LOAD" and (word := _EXTENSION.search(query)):
            kind = word[0].upper()
        raise UsageError(
            f"a lake is read-only, so {kind} is refused; use SELECT (`affectflow sql` "
            "writes the answers to a file with --out)"
        )
