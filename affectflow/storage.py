"""Files on any file system: read, list, and write whole or not at all."""

import contextlib
import errno
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from affectflow.buckets import open_url
from affectflow.errors import StorageError, UsageError

ROW_GROUP_ROWS = 16_384
PARTIAL = ".partial"
"""How the name of a file ends while it is written; a killed writer leaves it behind."""
COMPRESSED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
"""Suffixes behind which a file is read as one stream, in one split."""
_WITHOUT_FOLDERS = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss"}


class Storage:
    """A folder on any file system that fsspec knows.

    Args:
      uri: a path or an fsspec URL. Relative paths are made absolute, because a worker
        has another working directory.

    Raises:
      UsageError: no file system is installed for the URL's protocol.
    """

    def __init__(self, uri: str):
        self.uri = absolute(uri)
        try:
            self.fs, self.root = open_url(self.uri)
        except StorageError:
            raise
        except (ImportError, ValueError) as error:
            raise UsageError(f"cannot open {uri!r}: {error}") from error
        self.is_local = "file" in _protocols(self.fs)

    def path(self, *parts: str) -> str:
        """Returns a path below the folder, as the file system spells it."""
        return "/".join([self.root.rstrip("/"), *parts])

    def url(self, *parts: str) -> str:
        """Returns a path that other libraries understand: absolute, or with scheme."""
        path = self.path(*parts)
        return path if self.is_local else str(self.fs.unstrip_protocol(path))

    def exists(self, *parts: str) -> bool:
        """Returns whether there is a file or folder."""
        with storage_errors(self.uri):
            self.fs.invalidate_cache()  # another worker may have written it just now
            return bool(self.fs.exists(self.path(*parts)))

    def names(self, *parts: str) -> list[str]:
        """Returns the names of what is whole in a folder, sorted.

        None if there is no such folder.
        """
        with storage_errors(self.uri):
            self.fs.invalidate_cache()
            try:
                found = self.fs.ls(self.path(*parts), detail=False)
            except (FileNotFoundError, NotADirectoryError):
                return []
        last = (name.rstrip("/").rsplit("/", 1)[-1] for name in found)
        return sorted(name for name in last if not name.endswith(PARTIAL))

    def read(self, *parts: str) -> bytes:
        """Returns the bytes of a file."""
        with storage_errors(self.uri):
            return bytes(self.fs.cat_file(self.path(*parts)))

    def size(self, *parts: str) -> int:
        """Returns the size of a file in bytes."""
        with storage_errors(self.uri):
            return int(self.fs.size(self.path(*parts)))

    def write(self, content: bytes, *parts: str) -> None:
        """Writes a file: afterwards it is whole, or it is not there.

        Raises:
          StorageError: the disk is full, read-only or out of reach.
        """
        with self.writer(*parts) as file:
            file.write(content)

    def write_once(self, content: bytes, *parts: str, private: bool = False) -> bool:
        """Writes a file unless it is there; returns whether it did.

        Of two writers exactly one succeeds: on a disk through a hard link, on an object
        store through a conditional put, which S3 and Google Cloud Storage have. A
        store that ignores the condition lets the last one win. After a lost answer
        the file may be this call's although it returns False: read it to know.

        Args:
          content: of the file.
          *parts: its path below the folder.
          private: only the owner may read it, on this machine.

        Raises:
          StorageError: the disk is full, read-only or out of reach.
        """
        if self.exists(*parts):
            return False
        if not self.is_local:
            return self._put_once(content, *parts)
        folder, name = parts[:-1], _unfinished(parts[-1])
        with self.writer(*folder, name) as file:
            if private:
                os.chmod(file.name, 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # a power cut leaves no name without its content
        with storage_errors(self.uri):
            return _rename_once(self.path(*folder, name), self.path(*parts))

    def _make_folder_of(self, target: str) -> None:
        # An object store has no folders: s3fs would make the bucket, mistyped or not.
        if set(_protocols(self.fs)) & _WITHOUT_FOLDERS:
            return
        folder = target.rsplit("/", 1)[0]
        try:
            self.fs.makedirs(folder, exist_ok=True)
        except FileNotFoundError as error:  # as where the kernel keeps its own files
            raise StorageError(
                f"no folder can be made at {folder!r}: name a folder on a disk"
            ) from error

    def _put_once(self, content: bytes, *parts: str) -> bool:
        with storage_errors(self.uri):
            self._make_folder_of(self.path(*parts))
            try:
                self.fs.pipe_file(self.path(*parts), content, mode="create")
            except FileExistsError:
                return False
        return True

    @contextlib.contextmanager
    def writer(self, *parts: str) -> Iterator[Any]:
        """Gives a binary file that appears under its name when it is complete."""
        target = self.path(*parts)
        with storage_errors(self.uri):
            self._make_folder_of(target)
            if not self.is_local:
                # A file of fsspec uploads what it has even when its block fails.
                with tempfile.NamedTemporaryFile(prefix="affectflow-") as file:
                    yield file
                    file.flush()
                    self.fs.put_file(file.name, target)
                return
            partial = _unfinished(target)
            try:
                with open(partial, "wb") as file:
                    yield file
                os.replace(partial, target)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.remove(partial)

    def write_parquet(self, table: pa.Table, *parts: str) -> int:
        """Writes a Parquet file, whole or not at all, and returns its size in bytes."""
        with self.writer(*parts) as file:
            pq.write_table(
                table, file, compression="zstd", row_group_size=ROW_GROUP_ROWS
            )
            return int(file.tell())

    def read_parquet(self, *parts: str, columns: list[str] | None = None) -> pa.Table:
        """Returns a Parquet file as a table."""
        with storage_errors(self.uri), self.fs.open(self.path(*parts), "rb") as file:
            return pq.ParquetFile(file).read(columns=columns)

    def count_rows(self, *parts: str) -> int:
        """Returns the number of rows of a Parquet file, from its footer."""
        with storage_errors(self.uri), self.fs.open(self.path(*parts), "rb") as file:
            return int(pq.ParquetFile(file).metadata.num_rows)

    def remove_tree(self, *parts: str) -> None:
        """Removes a folder and all below it; nothing if there is no such folder."""
        with storage_errors(self.uri), contextlib.suppress(FileNotFoundError):
            self.fs.rm(self.path(*parts), recursive=True)


def uncompressed(name: str) -> str:
    """Returns the name of a file without a suffix of compression, in any case.

    >>> uncompressed("Call 7.csv.GZ")
    'Call 7.csv'
    """
    for suffix in COMPRESSED:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name


def _unfinished(name: str) -> str:
    return f"{name}.{uuid.uuid4().hex[:8]}{PARTIAL}"


def _rename_once(partial: str, target: str) -> bool:
    try:
        os.link(partial, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        os.replace(partial, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(partial)
    return True


def absolute(uri: str) -> str:
    """Returns a path as an absolute path; URLs stay as they are."""
    if "://" in uri or "::" in uri:
        return uri
    return os.path.abspath(os.path.expanduser(uri))


@contextlib.contextmanager
def storage_errors(where: str) -> Iterator[None]:
    """Turns an error of a disk or an object store into one line with the cure."""
    try:
        yield
    except StorageError:
        raise
    except FileNotFoundError as error:
        raise StorageError(_gone(error, where)) from error
    except PermissionError as error:
        raise StorageError(_denied(error.filename or where)) from error
    except OSError as error:
        raise StorageError(_cure(error, where)) from error
    except Exception as error:
        # What the libraries of object stores raise has no class in common.
        if type(error).__module__.split(".", 1)[0] not in _STORES:
            raise
        raise StorageError(_store_cure(_one_line(error), where)) from error


_STORES = ("botocore", "aiobotocore", "aiohttp", "gcsfs", "google", "azure")
_CURES = {
    errno.ENOSPC: "no space left on the disk of {where!r}: free some, then run the "
    "same command again; it continues where it stopped",
    errno.EROFS: "the file system of {where!r} is read-only: name another folder",
    errno.ENOTDIR: "a part of the path {where!r} is a file: name another folder",
    errno.EEXIST: "{where!r} is a file, but a folder is needed: name another",
    errno.EDQUOT: "the disk quota of {where!r} is used up: free some, then run again",
}
# deltalake tells the number in its text only, which has colours and many lines.
_NUMBER = re.compile(r"\(os error (\d+)\)")
_COLOUR = re.compile(r"\x1b\[\d*m")
# 169.254.169.254 is asked for credentials if none are set.
_NO_CREDENTIALS = re.compile(r"(?i)credentials|169\.254\.169\.254|metadata server")
# For a missing bucket gcsfs only says that there is nothing to upload to.
_NO_BUCKET = re.compile(r"(?i)NoSuchBucket|bucket does not exist|/upload/storage/")
_REFUSED = re.compile(r"(?i)AccessDenied|403 Forbidden|Unauthorized|InvalidAccessKey")


def _gone(error: FileNotFoundError, where: str) -> str:
    if _NO_BUCKET.search(str(error)):
        return _store_cure(str(error), where)
    return (
        f"a file is gone: {error.filename or error}; was the lake at {where!r} "
        "moved or cleaned up during the run? run the command again"
    )


def _denied(where: str) -> str:
    cure = "make the folder writable"
    if "://" in str(where):
        cure = "let your credentials read, write and list there"
    return f"not allowed to write or read {where!r}: {cure}, or name another with --to"


def _cure(error: OSError, where: str) -> str:
    said = _NUMBER.search(str(error))
    number = error.errno or (int(said[1]) if said else 0)
    if number in (errno.EACCES, errno.EPERM):
        return _denied(where)
    if number in _CURES:
        return _CURES[number].format(where=where)
    line = _one_line(error)
    return _store_cure(line, where) if "://" in where else f"{where!r}: {line}"


def _one_line(error: Exception) -> str:
    return " ".join(_COLOUR.sub("", str(error) or repr(error)).split())[:300]


def _store_cure(line: str, where: str) -> str:
    if _NO_BUCKET.search(line):
        return f"the bucket of {where!r} does not exist: create it, or name another"
    if _NO_CREDENTIALS.search(line):
        return (
            f"no credentials for {where!r}: set them as the store's tools expect (S3: "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile; Google: "
            "GOOGLE_APPLICATION_CREDENTIALS)"
        )
    if _REFUSED.search(line):
        return _denied(where)
    return (
        f"the object store of {where!r} keeps failing ({line}); once it "
        "has recovered, run the same command: it continues where it stopped"
    )


def _protocols(fs: Any) -> tuple[str, ...]:
    protocol = fs.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


_READERS = 16


_A = TypeVar("_A")


_B = TypeVar("_B")


def in_threads(function: Callable[[_A], _B], given: Sequence[_A]) -> list[_B]:
    """Returns `function` of each, in order; on object stores waiting is what costs."""
    if len(given) < 2:
        return [function(each) for each in given]
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(function, given))
