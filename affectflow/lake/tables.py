"""Delta tables: which files a table has, and what their names mean."""

from dataclasses import dataclass

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from affectflow.errors import LakeError
from affectflow.schemas import RULES, TABLES
from affectflow.storage import Storage, storage_errors


class MissingTableError(LakeError):
    """A table of the lake is not there."""


@dataclass(frozen=True)
class FileEntry:
    """A Parquet file of a table: path within the table, bytes, rows."""

    table: str
    path: str
    size: int
    rows: int


def stem(path: str) -> str:
    """Returns the name of a part: `dir/b00003-1a2b.parquet` is `b00003-1a2b`."""
    return path.rsplit("/", 1)[-1].removesuffix(".parquet")


def part_of(path: str) -> str:
    """Returns the part that a result belongs to.

    `dir/b00003-1a2b~2.parquet` belongs to `b00003-1a2b`: the number after `~` counts
    results that replaced an older one.
    """
    return stem(path).split("~", 1)[0]


def bucket_of_path(path: str) -> int:
    """Returns the bucket of a part's file: `b00003-1a2b.parquet` is 3."""
    return int(stem(path).split("-", 1)[0].removeprefix("b"))


def create_missing(storage: Storage) -> None:
    """Creates the tables that are not there yet, empty."""
    for name in TABLES:
        create(storage, name)


def create(storage: Storage, name: str) -> None:
    """Creates a table, empty, if it is not there yet."""
    with storage_errors(storage.uri):
        if storage.is_local:
            storage.fs.makedirs(storage.path(name), exist_ok=True)
        try:
            DeltaTable(storage.url(name))
        except TableNotFoundError:
            url, schema = storage.url(name), TABLES[name]
            DeltaTable.create(url, schema=schema, mode="ignore", name=name)


def table(storage: Storage, name: str) -> DeltaTable:
    """Returns the newest version of a table.

    Raises:
      LakeError: the table is not there.
    """
    try:
        with storage_errors(storage.uri):
            return DeltaTable(storage.url(name))
    except TableNotFoundError as error:
        raise MissingTableError(
            f"{storage.uri!r} has no table {name!r}; was its folder removed?"
        ) from error


def table_if_made(storage: Storage, name: str) -> DeltaTable | None:
    """Returns the newest version of a table, or None if the lake is older than it.

    Raises:
      LakeError: the table is missing although every lake has it.
    """
    try:
        return table(storage, name)
    except MissingTableError:
        if RULES[name].later:
            return None
        raise


def committed(storage: Storage, name: str) -> dict[str, FileEntry]:
    """Returns the files of a table's newest version by their path in the table."""
    found = table_if_made(storage, name)
    return entries_of(found, name) if found else {}


def table_versions(storage: Storage) -> dict[str, int]:
    """Returns the newest Delta version of each table."""
    found = {name: table_if_made(storage, name) for name in sorted(TABLES)}
    return {name: delta.version() for name, delta in found.items() if delta}


def entries_of(delta: DeltaTable, name: str) -> dict[str, FileEntry]:
    """Returns the files of a table, in the version that was opened, by path."""
    import pyarrow as pa

    # Not `pa.table`: it imports pandas, which takes longer than all the rest.
    stream = delta.get_add_actions(flatten=True)
    actions = pa.RecordBatchReader.from_stream(stream).read_all()
    columns = [actions[c].to_pylist() for c in ("path", "size_bytes", "num_records")]
    return {
        path: FileEntry(name, path, size or 0, rows or 0)
        for path, size, rows in zip(*columns, strict=True)
    }


def by_bucket(paths: list[str]) -> dict[int, list[str]]:
    """Returns paths of parts by their bucket, in the order in which they came."""
    grouped: dict[int, list[str]] = {}
    for path in paths:
        grouped.setdefault(bucket_of_path(path), []).append(path)
    return grouped
