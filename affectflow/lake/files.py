"""Parquet files of tables: the only place that writes and reads them."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from affectflow.lake.tables import FileEntry
from affectflow.schemas import TABLES, fields
from affectflow.storage import Storage, in_threads


def write_file(storage: Storage, table: str, path: str, rows: pa.Table) -> FileEntry:
    """Writes a file of a table, whole or not at all; returns the entry to commit.

    Args:
      storage: of the lake.
      table: its name.
      path: in the table.
      rows: with the table's columns, in types that cast to its own.
    """
    rows = rows.cast(TABLES[table])
    size = storage.write_parquet(rows, table, *path.split("/"))
    return FileEntry(table, path, size, rows.num_rows)


def entry_of(storage: Storage, table: str, path: str) -> FileEntry:
    """Returns the entry of a file that is written already; reads its footer."""
    parts = (table, *path.split("/"))
    return FileEntry(table, path, storage.size(*parts), storage.count_rows(*parts))


def read_file(
    storage: Storage, table: str, path: str, columns: Sequence[str] = ()
) -> pa.Table:
    """Returns the rows of a file of a table, with the table's types.

    A column added to the table after the file was written is null.

    Args:
      storage: of the lake.
      table: its name.
      path: in the table.
      columns: columns to read, in this order; all if empty.
    """
    schema = fields(TABLES[table], *columns) if columns else TABLES[table]
    rows = storage.read_parquet(table, *path.split("/"), columns=schema.names)
    for name in set(schema.names).difference(rows.column_names):
        rows = rows.append_column(name, pa.nulls(len(rows), schema.field(name).type))
    return rows.select(schema.names).cast(schema)


def read_files(
    storage: Storage, table: str, paths: Iterable[str], columns: Sequence[str] = ()
) -> pa.Table:
    """Returns the rows of several files as `read_file` does, one after the other."""
    read = in_threads(lambda p: read_file(storage, table, p, columns), list(paths))
    empty = fields(TABLES[table], *columns) if columns else TABLES[table]
    return pa.concat_tables([empty.empty_table(), *read])
