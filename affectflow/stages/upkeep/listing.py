"""All files of a lake, with their age as the storage gives it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from affectflow.storage import Storage, storage_errors

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")


class File(NamedTuple):
    """A file of a lake: path below it, bytes, seconds since 1970."""

    path: str
    size: int
    modified: float


def listing(storage: Storage) -> Iterator[File]:
    """Yields all files of a lake."""
    root = storage.path("").rstrip("/")
    with storage_errors(storage.uri):
        storage.fs.invalidate_cache()
        found: dict[str, dict[str, Any]] = storage.fs.find(root, detail=True)
        for path, told in found.items():
            if told.get("type") == "file":
                size = int(told.get("size") or 0)
                yield File(path[len(root) + 1 :], size, _modified(storage, path, told))


def _modified(storage: Storage, path: str, told: dict[str, Any]) -> float:
    known = (told[name] for name in _TIMES if told.get(name) is not None)
    return seconds(next(known, None) or storage.fs.modified(path))


def seconds(moment: Any) -> float:
    """Returns a time as seconds since 1970, in any form a file system gives."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if isinstance(moment, datetime):
        # A time without a zone is UTC in every object store's answer.
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return zoned.timestamp()
    return float(moment)
