"""The stage gc: removes what no table, no receipt and no running work needs.

Nothing younger than a cutoff is removed, and nothing needed by a version of a table
that was the newest at any time since, so `affectflow diff` can look back that far. Ages
come from the storage, relative to the newest file of the lake, so a clock that jumps
ahead makes nothing old.

Delta's own vacuum cannot do this (tried with deltalake 1.6.6). A full one removes
results that a killed run has computed but not committed and, once a checkpoint has
forgotten their removal after a week, files that `affectflow diff` may still need; one
that is not full leaves these forever. Its clock is the committing machine's.
"""

import contextlib
import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.lake.tables import stem
from affectflow.schemas import RULES, TABLES
from affectflow.stages.runs.progress import PROGRESS
from affectflow.stages.runs.reading import INLINE
from affectflow.stages.runs.receipts import WORK, Receipt, peak_rss_bytes
from affectflow.stages.runs.request import STAGING, Request, new_request
from affectflow.stages.runs.results import OF_A_PART, RESULTS, Receipts, result_part
from affectflow.stages.runs.run import note_failure, write_run
from affectflow.stages.upkeep.compact import checkpoint
from affectflow.stages.upkeep.listing import File, listing, seconds
from affectflow.storage import PARTIAL, Storage, in_threads, storage_errors

STAGE = "gc"
DAYS = 7.0
KINDS = ("receipts", "parts", "results", "staging", "progress", "partial", "log")
"""In the order of removal: a receipt never outlives the files that it names."""

_DAY_S = 86_400.0
_ALIVE_S = 3_600.0
_LOG = "_delta_log"
_CHUNK = 1_000
# Listings and single look-ups round times differently.
_TICK_S = 0.01
_VERSION = re.compile(r"(\d{20})\..+")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")


class Removed(NamedTuple):
    """What gc removed, or would remove, of one kind."""

    kind: str
    files: int
    size: int


def collect(
    lake_uri: str,
    *,
    older_than_days: float = DAYS,
    dry_run: bool = False,
    run_id: str = "",
) -> list[Removed]:
    """Removes what is not needed, and returns how much of each kind.

    Args:
      lake_uri: folder or URL.
      older_than_days: everything younger stays. Below 1, no other command may be
        running on the lake.
      dry_run: only say what would go; writes nothing, not even to `runs`.
      run_id: of the command.

    Returns:
      One row for each of `KINDS` that occurs.

    Raises:
      LakeError: it is not a lake.
      UsageError: `older_than_days` is below 1 and a run seems to be in progress.
    """
    lake = Lake.open(lake_uri)
    request = new_request(
        lake, STAGE, {"older_than_days": older_than_days}, run_id=run_id
    )
    try:
        return _collect(lake, request, older_than_days, dry_run)
    except UsageError:
        raise
    except Exception as error:
        note_failure(lake, request, error)
        raise


def purge(lake: Lake, *, run_id: str = "") -> None:
    """Removes all that no table needs now, however young; call `check_quiet` first.

    The content of older versions of the tables is then gone.
    """
    request = new_request(lake, STAGE, {"older_than_days": 0.0}, run_id=run_id)
    # Young by the clock of the storage, which may be a little ahead of the newest file.
    _collect(lake, request, -1.0, dry_run=False)


def check_quiet(lake: Lake) -> None:
    """Checks that no other command is running on a lake.

    Raises:
      UsageError: a run has written its progress within the hour.
    """
    files = list(listing(lake.storage))
    _check_quiet(files, max(file.modified for file in files))


def _collect(
    lake: Lake, request: Request, older_than_days: float, dry_run: bool
) -> list[Removed]:
    # Before the listing, so that what a run replaces from here on counts as needed.
    visible = {table: set(lake.committed(table)) for table in TABLES}
    files = list(listing(lake.storage))
    newest = min(time.time(), max(file.modified for file in files))
    if 0 <= older_than_days < 1:
        _check_quiet(files, newest, ", or give --older-than 1")
    cutoff = newest - older_than_days * _DAY_S
    garbage = _Garbage(lake, visible, files, cutoff)
    found = {kind: list(getattr(garbage, kind)()) for kind in KINDS}
    if not dry_run:
        for kind in KINDS:
            _remove(lake, found[kind])
        _remove_empty_folders(lake.storage, found["staging"] + found["progress"])
        write_run(lake, request, _receipt(found))
        checkpoint(lake)
    return [Removed(k, len(f), sum(e.size for e in f)) for k, f in found.items() if f]


def _receipt(found: dict[str, list[File]]) -> Receipt:
    counters: dict[str, int] = {}
    for kind, files in found.items():
        if files:
            counters[f"{kind}_files"] = len(files)
            counters[f"{kind}_bytes"] = sum(file.size for file in files)
    return Receipt(counters=counters, peak_rss_bytes=peak_rss_bytes())


def _check_quiet(files: Iterable[File], newest: float, hint: str = "") -> None:
    for file in files:
        folder = file.path.startswith((f"{STAGING}/", "/".join(PROGRESS) + "/"))
        if folder and newest - file.modified < _ALIVE_S:
            raise UsageError(
                f"a run seems to be in progress ({file.path} is younger than an hour): "
                f"wait until it has finished{hint}"
            )


# -- what is not needed -----------------------------------------------------------


class _Garbage:
    """What can be removed from a lake, by kind."""

    def __init__(
        self,
        lake: Lake,
        visible: Mapping[str, set[str]],
        files: Sequence[File],
        cutoff: float,
    ):
        self._lake = lake
        self._visible = visible
        self._live = {stem(path) for path in visible["utterances"]}
        self._old = [file for file in files if file.modified < cutoff]
        self._young = [file for file in files if file.modified >= cutoff]
        self._all = files

    def receipts(self) -> Iterator[File]:
        """Yields receipts and records of parts that are gone."""
        for file in self._old:
            names = file.path.split("/")
            if names[0] == WORK and len(names) > 2 and names[1] != PROGRESS[1]:
                part = OF_A_PART.fullmatch(names[-1])
                if part and part[1] not in self._live:
                    yield file

    def parts(self) -> Iterator[File]:
        """Yields parts of `utterances` that no version of it needs any longer."""
        yield from self._unneeded([t for t, r in RULES.items() if r.files == "parts"])

    def results(self) -> Iterator[File]:
        """Yields files of other tables that no version and no receipt needs."""
        tables = [t for t, rules in RULES.items() if rules.files != "parts"]
        found = list(self._unneeded(tables))
        named = self._named_by_receipts(found)
        for file in found:
            inline = f"/{INLINE}/" in file.path and stem(file.path) in self._live
            if file.path not in named and not inline:
                yield file

    def _unneeded(self, tables: Iterable[str]) -> Iterator[File]:
        needed = {path for table in tables for path in self._needed(table)}
        folders = tuple(f"{table}/" for table in tables)
        for file in self._old:
            if file.path.startswith(folders) and file.path.endswith(".parquet"):
                log = file.path.split("/")[1] == _LOG
                if not log and file.path not in needed:
                    yield file

    def _needed(self, table: str) -> Iterator[str]:
        """Yields the files of every version that was ever newest since the cutoff."""
        for path in self._visible[table]:
            yield f"{table}/{path}"
        for file in self._young:
            if file.path.startswith(f"{table}/{_LOG}/") and file.path.endswith(".json"):
                for path in _mentioned(self._lake.storage, file.path):
                    yield f"{table}/{path}"

    def _named_by_receipts(self, candidates: Iterable[File]) -> set[str]:
        """Returns the files of receipts that stay: done, perhaps not committed yet."""
        gone = {file.path for file in self.receipts()}
        asked = {found[1] for f in candidates if (found := _result_of(f.path))}
        receipts = Receipts(self._lake)
        named: set[str] = set()
        for work in receipts.finished:
            folder = "/".join((WORK, *work))
            stay = [part for part in asked if f"{folder}/{part}.json" not in gone]
            for receipt in receipts.of(work, stay).values():
                named.update(f"{file.table}/{file.path}" for file in receipt.files)
        return named

    def staging(self) -> Iterator[File]:
        """Yields what was left behind by runs that never reached their commit."""
        yield from self._folders((STAGING,))

    def progress(self) -> Iterator[File]:
        """Yields side files of runs that ended without cleaning up."""
        yield from self._folders(PROGRESS)

    def _folders(self, parent: tuple[str, ...]) -> Iterator[File]:
        depth = len(parent) + 1
        fresh = {tuple(file.path.split("/")[:depth]) for file in self._young}
        for file in self._old:
            names = tuple(file.path.split("/"))
            if names[:-1][: depth - 1] == parent and names[:depth] not in fresh:
                yield file

    def partial(self) -> Iterator[File]:
        """Yields files whose writer died halfway."""
        for file in self._old:
            staged = file.path.startswith((f"{STAGING}/", "/".join(PROGRESS) + "/"))
            if file.path.endswith((PARTIAL, ".json.tmp")) and not staged:
                yield file

    def log(self) -> Iterator[File]:
        """Yields entries of Delta logs that no version since the cutoff needs."""
        for table in TABLES:
            prefix = f"{table}/{_LOG}/"
            old = [f for f in self._old if f.path.startswith(prefix)]
            first = self._first_needed(prefix, old)
            for file in old:
                version = _VERSION.fullmatch(file.path.removeprefix(prefix))
                if version and int(version[1]) < first:
                    yield file

    def _first_needed(self, prefix: str, old: Sequence[File]) -> int:
        """Returns the version of the checkpoint that the state at the cutoff needs."""
        names = [file.path.removeprefix(prefix) for file in old]
        commits = [int(n[:20]) for n in names if n == f"{n[:20]}.json"]
        every = (f.path.removeprefix(prefix) for f in self._all)
        found = [int(m[1]) for m in map(_CHECKPOINT.fullmatch, every) if m]
        last = max(commits, default=-1)
        return max((version for version in found if version <= last), default=0)


def _result_of(path: str) -> tuple[str, str] | None:
    table, _, rest = path.partition("/")
    return result_part(table, rest) if table in RESULTS else None


def _mentioned(storage: Storage, path: str) -> Iterator[str]:
    """Yields the paths that a commit added or removed."""
    for line in storage.read(*path.split("/")).splitlines():
        action = json.loads(line)
        for kind in ("add", "remove"):
            if kind in action:
                yield unquote(action[kind]["path"])


# -- removal -----------------------------------------------------------------------


def _remove(lake: Lake, files: Sequence[File]) -> None:
    storage = lake.storage

    def remove(file: File) -> None:
        path = storage.path(*file.path.split("/"))
        with storage_errors(storage.uri), contextlib.suppress(FileNotFoundError):
            # A run may have just written the same file again.
            if seconds(storage.fs.modified(path)) < file.modified + _TICK_S:
                storage.fs.rm_file(path)

    for start in range(0, len(files), _CHUNK):
        chunk = files[start : start + _CHUNK]
        tables = {file.path.split("/")[0] for file in chunk} & TABLES.keys()
        visible = {f"{t}/{path}" for t in tables for path in lake.committed(t)}
        in_threads(remove, [file for file in chunk if file.path not in visible])


def _remove_empty_folders(storage: Storage, files: Iterable[File]) -> None:
    """Removes the folders that runs had to themselves; object stores have none."""
    folders = {file.path.rpartition("/")[0] for file in files}
    folders |= {folder.rpartition("/")[0] for folder in folders}
    for folder in sorted(folders - {"", STAGING, "/".join(PROGRESS)}, reverse=True):
        with contextlib.suppress(OSError):  # not empty: a run is at work in it
            storage.fs.rmdir(storage.path(*folder.split("/")))
