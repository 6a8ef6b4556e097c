"""Delta tables: which files a table holds, and commits.

A stage writes Parquet files first and commits them afterwards; a file that no commit
names is invisible.
"""

import functools
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from affectflow.errors import AffectflowError, LakeError, StorageError
from affectflow.schemas import TABLES
from affectflow.storage import Storage, storage_errors

if TYPE_CHECKING:
    from affectflow.lake import Lake


class ConflictError(AffectflowError):
    """Another run committed to the table meanwhile; plan again and retry."""


@dataclass(frozen=True)
class FileEntry:
    """A Parquet file of a table: path within the table, bytes, rows."""

    table: str
    path: str
    size: int
    rows: int

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Returns the entry that `to_json` wrote."""
        return cls(**fields)

    def to_json(self) -> dict[str, Any]:
        """Returns the entry as plain data."""
        return asdict(self)


def stem(path: str) -> str:
    """Returns the name of a part: `dir/b00003-1a2b.parquet` is `b00003-1a2b`."""
    return path.rsplit("/", 1)[-1].removesuffix(".parquet")


def part_of(path: str) -> str:
    """Returns the part that a result belongs to.

    `dir/b00003-1a2b~2.parquet` is of `b00003-1a2b`: what follows `~` numbers results
    that took the place of an older one.
    """
    return stem(path).split("~", 1)[0]


def bucket_of_path(path: str) -> int:
    """Returns the bucket of a part's file: `b00003-1a2b.parquet` is 3."""
    return int(stem(path).split("-", 1)[0].removeprefix("b"))


def create_missing(storage: Storage) -> None:
    """Creates the tables that are not there yet, empty."""
    for name, schema in TABLES.items():
        with storage_errors(storage.uri):
            if storage.is_local:
                storage.fs.makedirs(storage.path(name), exist_ok=True)
            try:
                DeltaTable(storage.url(name))
            except TableNotFoundError:
                DeltaTable.create(
                    storage.url(name), schema=schema, mode="ignore", name=name
                )


def table(storage: Storage, name: str) -> DeltaTable:
    """Returns the newest version of a table.

    Raises:
      LakeError: the table is not there.
    """
    try:
        with storage_errors(storage.uri):
            return DeltaTable(storage.url(name))
    except TableNotFoundError as error:
        raise LakeError(
            f"{storage.uri!r} lacks the table {name!r}; was its folder removed?"
        ) from error


def committed(storage: Storage, name: str) -> dict[str, FileEntry]:
    """Returns the files of a table's newest version by their path in the table."""
    return entries_of(table(storage, name), name)


def entries_of(delta: DeltaTable, name: str) -> dict[str, FileEntry]:
    """Returns the files of a table, in the version that was opened, by path."""
    import pyarrow as pa

    actions = pa.table(delta.get_add_actions(flatten=True))
    columns = [actions[c].to_pylist() for c in ("path", "size_bytes", "num_records")]
    return {
        path: FileEntry(name, path, size or 0, rows or 0)
        for path, size, rows in zip(*columns, strict=True)
    }


def commit(
    storage: Storage,
    name: str,
    adds: Iterable[FileEntry],
    removes: Iterable[str] = (),
    *,
    serial: str = "",
    once: str = "",
    expected: dict[str, FileEntry] | None = None,
) -> None:
    """Makes files visible and others invisible, in one version of the table.

    Idempotent: what the table has already is not added, what it lacks not removed.

    Args:
      storage: of the lake.
      name: of the table.
      adds: files that are written.
      removes: paths in the table.
      serial: an application's name; two commits with one name never overlap.
      once: an identity of this commit; `landed` tells a retry that it went through.
      expected: with `serial`, the files that the table must still hold.

    Raises:
      ConflictError: another run with this `serial` or `once`, or one that changed
        `expected`, came first, and nothing was changed; without these, only after
        six attempts.
      StorageError: the disk or the store refused, an object store six times.
    """
    attempt = functools.partial(
        _commit, storage, name, list(adds), list(removes), serial, once, expected
    )
    plain = not (serial or once or expected is not None)
    for pause_s in _PAUSES_S:
        try:
            return attempt()
        except ConflictError:
            if not plain:
                raise
        except StorageError:
            if storage.is_local:
                raise  # a disk says the same again
        # Seen anew, the table may hold all of it: another's commit, or a lost answer.
        time.sleep(pause_s * random.uniform(0.5, 1.5))
    return attempt()


_PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2)


def _commit(
    storage: Storage,
    name: str,
    adds: list[FileEntry],
    removes: list[str],
    serial: str,
    once: str,
    expected: dict[str, FileEntry] | None,
) -> None:
    delta = table(storage, name)
    present = entries_of(delta, name)
    if expected is not None and set(expected) != set(present):
        raise ConflictError(f"{name} changed since it was read; plan again")
    wanted = {entry.path: entry for entry in adds}
    new = [_add(entry) for path, entry in wanted.items() if path not in present]
    old = [_remove(present[p]) for p in {*removes} - {*wanted} if p in present]
    if not new and not old:
        return
    names = [name for name in (serial, once) if name]
    transactions = [
        Transaction(each, (delta.transaction_version(each) or 0) + 1) for each in names
    ]
    properties = CommitProperties(app_transactions=transactions or None)
    try:
        with storage_errors(storage.uri):
            delta.create_write_transaction(
                [*new, *old], "append", TABLES[name], commit_properties=properties
            )
    except CommitFailedError as error:
        raise ConflictError(f"{name}: another run committed first") from error


def landed(storage: Storage, name: str, once: str) -> bool:
    """Returns whether a commit with the identity `once` went through."""
    return table(storage, name).transaction_version(once) is not None


def _add(entry: FileEntry) -> AddAction:
    stats = json.dumps({"numRecords": entry.rows})
    # A modification time of the clock would make equal commits unlike.
    return AddAction(entry.path, entry.size, {}, 0, True, stats)


def _remove(entry: FileEntry) -> RemoveAction:
    return RemoveAction(entry.path, True, int(time.time() * 1000), entry.size, None)


SERIAL = "affectflow-parts"


MAX_ATTEMPTS = 20


Change = tuple[list[FileEntry], list[str]]
"""Files to add, and paths to remove."""


def commit_serially(
    lake: "Lake",
    table: str,
    change: Callable[[Mapping[str, FileEntry], set[str]], Change],
) -> None:
    """Commits a change that depends on which parts are live.

    Args:
      lake: to commit to.
      table: whose files hang on parts.
      change: gives the change for the files of the table and the names of the parts;
        called again if another run came first.

    Raises:
      ConflictError: other runs committed all the while.
    """
    for attempt in range(MAX_ATTEMPTS):
        present = lake.committed(table)
        # After `present`: if parts are merged from here on, their results change hands
        # in a commit that this one then conflicts with.
        live = set(lake.parts())
        adds, removes = change(present, live)
        try:
            commit(lake.storage, table, adds, removes, serial=SERIAL, expected=present)
            return
        except ConflictError:
            if attempt == MAX_ATTEMPTS - 1:
                raise


def by_bucket(paths: list[str]) -> dict[int, list[str]]:
    """Returns paths of parts by their bucket, in the order in which they came."""
    grouped: dict[int, list[str]] = {}
    for path in paths:
        grouped.setdefault(bucket_of_path(path), []).append(path)
    return grouped
