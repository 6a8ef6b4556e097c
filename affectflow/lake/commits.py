"""Commits: files become visible, others invisible, in one version of a table.

A stage writes Parquet files first and commits them afterwards; a file that no commit
names is invisible.
"""

import functools
import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from deltalake import CommitProperties, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from affectflow.errors import AffectflowError, StorageError
from affectflow.lake.tables import (
    FileEntry,
    create,
    entries_of,
    table,
    table_if_made,
)
from affectflow.schemas import TABLES
from affectflow.storage import Storage, storage_errors

if TYPE_CHECKING:
    from affectflow.lake import Lake

_PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2)
_AT_ONCE = (0.0,) * 19
_Answer = TypeVar("_Answer")


class ConflictError(AffectflowError):
    """Another run committed to the table in the meantime; plan again and retry."""


def retry(
    attempt: Callable[[], _Answer],
    pauses_s: Sequence[float] = _AT_ONCE,
    passing: tuple[type[AffectflowError], ...] = (ConflictError,),
) -> _Answer:
    """Returns the result of `attempt`, retried while others commit first.

    Args:
      attempt: looks at the table again, plans, and commits.
      pauses_s: seconds before each further attempt, about; 20 attempts in all.
      passing: errors that may not recur in another attempt.

    Raises:
      AffectflowError: the last attempt's error, or one that is not retried.
    """
    for pause_s in pauses_s:
        try:
            return attempt()
        except passing:
            time.sleep(pause_s * random.uniform(0.5, 1.5))
    return attempt()


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

    Idempotent: what the table already has is not added, and what it does not have is
      not removed.

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
    passing: list[type[AffectflowError]] = []
    if not (serial or once or expected is not None):
        passing.append(ConflictError)
    if not storage.is_local:  # a disk would only repeat the error
        passing.append(StorageError)
    # Read again, because another commit or a lost reply may have done all of it.
    retry(attempt, _PAUSES_S, tuple(passing))


def _commit(
    storage: Storage,
    name: str,
    adds: list[FileEntry],
    removes: list[str],
    serial: str,
    once: str,
    expected: dict[str, FileEntry] | None,
) -> None:
    delta = table_if_made(storage, name)
    if delta is None:
        if not adds:
            return
        create(storage, name)
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
    # A modification time from the clock would make equal commits differ.
    return AddAction(entry.path, entry.size, {}, 0, True, stats)


def _remove(entry: FileEntry) -> RemoveAction:
    return RemoveAction(entry.path, True, int(time.time() * 1000), entry.size, None)


SERIAL = "affectflow-parts"


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
      table: table whose files belong to parts.
      change: gives the change for the files of the table and the names of the parts;
        called again if another run came first.

    Raises:
      ConflictError: other runs kept committing first.
    """

    def attempt() -> None:
        present = lake.committed(table)
        # After `present`: if parts are merged from here on, their results change hands
        # in a commit that this one then conflicts with.
        live = set(lake.parts())
        adds, removes = change(present, live)
        commit(lake.storage, table, adds, removes, serial=SERIAL, expected=present)

    retry(attempt)
