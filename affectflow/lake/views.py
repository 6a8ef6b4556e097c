"""The lake as a DuckDB connection: one view for each table, then those over them.

A view is a file with one SELECT, found through `affectflow.data`; its stem is the
view's name.
"""

import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

import duckdb
import fsspec
import pyarrow as pa

from affectflow import data
from affectflow.data import DataFile
from affectflow.errors import LakeError, LeftOutWarning, UsageError
from affectflow.schemas import TABLES

# Wilson 1927: the interval of a share that stays inside 0..1 and keeps its coverage
# for small n; 1.95996 is the 97.5th percentile of the normal distribution.
# normal_above: the point that the normal distribution passes with probability p, below
# a half (Abramowitz and Stegun 1964, 26.2.23; off by less than 0.00045).
# Byar's interval of a count (Breslow and Day 1987, p. 69), for observed / expected.
# length_group is what texts are grouped by when length is requested.
# turn_key puts turns in order; where no time is known, shorter ids go first: #9 before
# #10.
_MACROS = """
CREATE OR REPLACE MACRO wilson_centre(k, n, z) AS (k + z ^ 2 / 2) / (n + z ^ 2);
CREATE OR REPLACE MACRO wilson_half(k, n, z) AS
  z * sqrt(k * (n - k) / n + z ^ 2 / 4) / (n + z ^ 2);
CREATE OR REPLACE MACRO wilson_low(k, n, z := 1.959963984540054) AS
  CASE WHEN n > 0 AND z > 0
  THEN greatest(0.0, wilson_centre(k, n, z) - wilson_half(k, n, z)) END;
CREATE OR REPLACE MACRO wilson_high(k, n, z := 1.959963984540054) AS
  CASE WHEN n > 0 AND z > 0
  THEN least(1.0, wilson_centre(k, n, z) + wilson_half(k, n, z)) END;
CREATE OR REPLACE MACRO normal_above_at(t) AS
  t - (2.515517 + 0.802853 * t + 0.010328 * t ^ 2)
  / (1 + 1.432788 * t + 0.189269 * t ^ 2 + 0.001308 * t ^ 3);
CREATE OR REPLACE MACRO normal_above(p) AS normal_above_at(sqrt(-2 * ln(p)));
CREATE OR REPLACE MACRO byar_low(k) AS
  CASE WHEN k > 0
  THEN k * (1 - 1 / (9 * k) - 1.959963984540054 / (3 * sqrt(k))) ^ 3 ELSE 0.0 END;
CREATE OR REPLACE MACRO byar_high(k) AS
  (k + 1) * (1 - 1 / (9 * (k + 1)) + 1.959963984540054 / (3 * sqrt(k + 1))) ^ 3;
CREATE OR REPLACE MACRO length_group(text) AS CASE
  WHEN length(text) < 50 THEN '1: under 50 characters'
  WHEN length(text) < 200 THEN '2: 50 to 199 characters'
  WHEN length(text) < 1000 THEN '3: 200 to 999 characters'
  ELSE '4: 1,000 characters and more'
END;
CREATE OR REPLACE MACRO turn_key(time, start_s, id) AS
  {time: time, start_s: start_s, length: length(id), id: id};
"""
_COMMENT = re.compile(r"--[^\n]*")
_WORD = re.compile(r"\w+")


class Files(Protocol):
    """What a lake must provide to be queried; `Lake` does."""

    def files(self, table: str) -> list[str]:
        """Returns the paths or URLs of the Parquet files of a table; may be empty."""


def connect(
    lake: Files,
    *,
    views: bool = True,
    queries: Iterable[str] = (),
    only: Collection[str] = (),
) -> duckdb.DuckDBPyConnection:
    """Returns a connection in UTC with the tables and views of `lake`.

    Without `views` it has only the tables, in half the time; with `queries`, only the
    shipped views that these mention; with `only`, all other tables are empty. File
    lists are those of now: later commits show in the next connection. A plugin's view
    that fails is left out, with a warning that names its file.

    Raises:
      LakeError: a file of a table is missing or not Parquet; names the table.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    # A query reads the footers of all files again, and views have several queries.
    connection.execute("SET parquet_metadata_cache = true")
    connection.execute(_MACROS)
    columns = {table: columns_of(connection, TABLES[table]) for table in TABLES}
    for table in TABLES:
        create_view(connection, table, empty_select(columns[table]))
    if views:
        shipped = shipped_views()
        for name, sql in in_order(mentioned(queries, shipped) if queries else shipped):
            create_view(connection, name, sql)
        if not queries:
            _create_plugin_views(connection)
    # Last, because every view created over a file list opens every file: with 3,000
    # files the other order took half a minute.
    for table in only or TABLES:
        fill_table_view(connection, table, columns[table], lake.files(table))
    return connection


def shipped_views() -> dict[str, str]:
    """Returns name to SQL of the views that every lake has."""
    return {file.name: file.text() for file in data.own("views")}


def describe_view(sql: str) -> str:
    """Returns what one row of a view is: the view's first comment line."""
    first = sql.lstrip().splitlines()[0] if sql.strip() else ""
    return first.removeprefix("--").strip() if first.startswith("--") else ""


def mentioned(queries: Iterable[str], views: Mapping[str, str]) -> dict[str, str]:
    """Returns the views that queries mention, and those that these views mention.

    >>> mentioned(["FROM a"], {"a": "FROM b", "b": "FROM c", "d": "FROM a"})
    {'a': 'FROM b', 'b': 'FROM c'}
    """
    words = {word for sql in queries for word in _words(sql)}
    found = {name: sql for name, sql in views.items() if name in words}
    rest = {name: sql for name, sql in views.items() if name not in words}
    return found | mentioned(found.values(), rest) if found else {}


def _words(sql: str) -> set[str]:
    return set(_WORD.findall(_COMMENT.sub("", sql)))


def in_order(views: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields name and SQL, a view after the views that it mentions.

    Raises:
      graphlib.CycleError: two views mention one another.
    """
    needs = {
        name: sorted((_words(views[name]) & views.keys()) - {name})
        for name in sorted(views)
    }
    for name in TopologicalSorter(needs).static_order():
        yield name, views[name]


def quote(text: str) -> str:
    """Returns `text` as an SQL string literal.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def quote_name(name: str) -> str:
    """Returns `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def columns_of(
    connection: duckdb.DuckDBPyConnection, schema: pa.Schema
) -> list[tuple[str, str]]:
    """Returns the columns of `schema` in DuckDB's syntax: quoted name and type."""
    types = [duckdb_type(field.type) for field in schema]
    if None in types:
        return _described(connection, schema)
    return [(quote_name(f.name), t) for f, t in zip(schema, types, strict=True) if t]


_TYPES = {
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.string(): "VARCHAR",
    pa.timestamp("us", "UTC"): "TIMESTAMP WITH TIME ZONE",
}


def duckdb_type(arrow: pa.DataType) -> str | None:
    """Returns the type that DuckDB reads an Arrow type as; None for an unusual one.

    >>> duckdb_type(pa.list_(pa.struct({"start": pa.int32()})))
    'STRUCT("start" INTEGER)[]'
    """
    if pa.types.is_list(arrow):
        item = duckdb_type(arrow.value_type)
        return item and f"{item}[]"
    if pa.types.is_map(arrow):
        key, item = duckdb_type(arrow.key_type), duckdb_type(arrow.item_type)
        return key and item and f"MAP({key}, {item})"
    if pa.types.is_struct(arrow):
        found = [(quote_name(f.name), duckdb_type(f.type)) for f in arrow]
        if any(item is None for _, item in found):
            return None
        return f"STRUCT({', '.join(f'{name} {item}' for name, item in found)})"
    return _TYPES.get(arrow)


def _described(
    connection: duckdb.DuckDBPyConnection, schema: pa.Schema
) -> list[tuple[str, str]]:
    # To register a table imports pandas, which takes longer than to open a lake.
    connection.register("_empty", schema.empty_table())
    described = connection.execute("DESCRIBE _empty").fetchall()
    connection.unregister("_empty")
    return [(quote_name(name), type_) for name, type_, *_ in described]


def empty_select(columns: list[tuple[str, str]]) -> str:
    """Returns a query with these columns, names quoted, and no rows."""
    return (
        "SELECT " + ", ".join(f"NULL::{t} AS {n}" for n, t in columns) + " WHERE false"
    )


def fill_table_view(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: list[tuple[str, str]],
    files: list[str],
) -> None:
    """Points the view of a table at Parquet files, or leaves it empty without any."""
    if not files:
        return
    _register_file_systems(connection, files)
    paths = ", ".join(quote(literal_path(file)) for file in files)
    # The empty half supplies columns that are missing from older files; the planner
    # drops it. The casts keep the types that the other views were created with.
    sql = (
        f"SELECT {', '.join(f'{n}::{t} AS {n}' for n, t in columns)} FROM ("
        f"{empty_select(columns)} UNION ALL BY NAME SELECT * FROM read_parquet("
        f"[{paths}], union_by_name = true, hive_partitioning = false))"
    )
    try:
        create_view(connection, table, sql)
    except (duckdb.IOException, duckdb.InvalidInputException) as error:
        raise LakeError(
            f"table {table!r} cannot be read: {str(error).splitlines()[0]}; "
            "restore the file, or run the stage that wrote it again"
        ) from error


def literal_path(path: str) -> str:
    """Returns a path whose `*`, `?` and `[` stand for themselves, not for a pattern."""
    return re.sub(r"[*?\[]", r"[\g<0>]", path)


def _register_file_systems(
    connection: duckdb.DuckDBPyConnection, files: Iterable[str]
) -> None:
    folders = {file.rpartition("/")[0] for file in files if "://" in file}
    for folder in sorted(f for f in folders if not f.startswith("file://")):
        protocol = folder.split("://", 1)[0]
        files_there = fsspec.filesystem(protocol)
        if not connection.filesystem_is_registered(protocol):
            connection.register_filesystem(files_there)
        # One listing gives the sizes of all files; otherwise each query asks for each
        # file.
        files_there.ls(folder, detail=True)


def create_view(connection: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Creates a view, or replaces it."""
    connection.execute(f"CREATE OR REPLACE VIEW {quote_name(name)} AS {sql}")


# -- views of plugins ------------------------------------------------------------


def _create_plugin_views(connection: duckdb.DuckDBPyConnection) -> None:
    files, views = {}, {}
    for name in data.names("views"):
        try:
            files[name] = data.find("views", name)
            if files[name].distribution:
                views[name] = _plugin_sql(files[name])
        except UsageError as error:
            _warn(error)
    for name, sql in _in_order_or_none(views, files):
        try:
            create_view(connection, name, sql)
        except duckdb.Error as error:
            _warn(files[name].fault(str(error).splitlines()[0]))


def _plugin_sql(file: DataFile) -> str:
    if file.name in TABLES:
        raise file.fault(f"a table is named {file.name!r}; rename the view")
    return file.text().strip().rstrip(";")


def _in_order_or_none(
    views: dict[str, str], files: Mapping[str, DataFile]
) -> list[tuple[str, str]]:
    """Returns the views in order, without those that mention one another."""
    try:
        return list(in_order(views))
    except CycleError as error:
        for name in set(error.args[1]):
            _warn(files[name].fault("it refers to itself through another view"))
        rest = {n: sql for n, sql in views.items() if n not in error.args[1]}
        return _in_order_or_none(rest, files)


def _warn(error: UsageError) -> None:
    warnings.warn(f"view left out: {error}", LeftOutWarning, stacklevel=2)
