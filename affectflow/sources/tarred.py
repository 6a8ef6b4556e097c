"""Tar archives: members are listed once, and read at their places; see `archives`.

What is compressed is decompressed once, into a file that has no name: a stream would
have to be read from its beginning for each member.
"""

import errno
import functools
import io
import tarfile
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from affectflow.errors import StorageError
from affectflow.sources.bounds import LEADS_OUT, growth_in_all, leads_out
from affectflow.sources.damage import DamagedFileError, TruncatedFileError
from affectflow.sources.decompress import CHUNK_BYTES, compression, unpacked
from affectflow.sources.filesystems import file_system, unreadable

_FAILURES = (tarfile.TarError, EOFError, ValueError, OverflowError)
# What tarfile says of an archive that ends too early.
_CUT = ("unexpected end of data", "truncated header")
_OPEN_ARCHIVES = 4
_END = bytes(tarfile.BLOCKSIZE)


class _Archive:
    """An open archive: its files by name, and where they lie in `file`."""

    def __init__(self, file: BinaryIO, size: int, listed: dict[str, tarfile.TarInfo]):
        self.file, self.size, self.listed = file, size, listed
        self.lock = threading.Lock()  # threads share the file, which has one place
        weakref.finalize(self, file.close)

    def read_at(self, place: int, size: int) -> bytes:
        with self.lock:
            self.file.seek(place)
            return self.file.read(size)


def sizes(uri: str) -> dict[str, int]:
    """Returns the files of an archive by their names, and their sizes, decompressed.

    Links and devices are left out: a file has bytes of its own.

    Raises:
      DamagedFileError: it does not open, or would grow beyond what any export does.
      StorageError: it cannot be read.
    """
    return {name: each.size for name, each in _archive(uri).listed.items()}


def stored_bytes(uri: str) -> int:
    """Returns the size of an archive itself, compressed."""
    return _archive(uri).size


@contextmanager
def open_member(name: str, place: str) -> Iterator[BinaryIO]:
    """Opens a file of the archive at `place` for reading.

    Reading raises `DamagedFileError` where the file ends too early.

    Raises:
      DamagedFileError: it is not there, has a name that points outside the archive, or
        has holes.
      StorageError: the archive cannot be read.
    """
    archive = _archive(place)
    member = archive.listed.get(name)
    if member is None:
        raise DamagedFileError(f"no file {name!r} in the archive {place!r}")
    if leads_out(name):
        raise DamagedFileError(f"{name!r} in the archive {LEADS_OUT}")
    if member.issparse():
        raise DamagedFileError(
            f"{name!r} in the archive has holes; unpack it, and give the folder"
        )
    yield _Piece(archive, member)  # type: ignore[misc]


class _Piece(io.BufferedIOBase):
    """A file of an archive."""

    def __init__(self, archive: _Archive, member: tarfile.TarInfo):
        super().__init__()
        self._archive, self._member, self._at = archive, member, 0

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(self._member.size - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        found = self._archive.read_at(self._member.offset_data + self._at, wanted)
        self._at += len(found)
        if len(found) < wanted:
            raise TruncatedFileError(
                f"{self._member.name!r} in the archive is cut off; the rows before the "
                "end were read; fetch the file again"
            )
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_CUR: self._at, io.SEEK_END: self._member.size}.get(whence, 0)
        self._at = max(base + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _archive(uri: str) -> _Archive:
    fs, path = file_system(uri)
    try:
        return _opened(uri, str(fs.ukey(path)))
    except StorageError:
        raise
    except OSError as error:
        raise unreadable(uri, error) from error


# The list of an archive takes a reading of all its headers.
@functools.lru_cache(maxsize=_OPEN_ARCHIVES)
def _opened(uri: str, version: str) -> _Archive:
    """Returns an archive, which is opened again if its `version` is another."""
    fs, path = file_system(uri)
    file = fs.open(path, "rb")
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if name := compression(file.read(8)):
        file = _unpacked(name, file, size, uri)
    try:
        return _Archive(file, size, _listed(file))
    except _FAILURES as error:
        file.close()
        why = "it is cut off" if str(error) in _CUT else str(error)
        raise DamagedFileError(
            f"{uri!r} is a damaged tar archive: {why}; fetch the file again"
        ) from error


def _listed(file: BinaryIO) -> dict[str, tarfile.TarInfo]:
    """Returns the files of an archive; of two with one name the later counts.

    Raises:
      tarfile.TarError: it is damaged, or cut off.
    """
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:") as archive:
        listed = {each.name: each for each in archive if each.isreg()}
        file.seek(archive.offset)
    if file.read(len(_END)) != _END:
        raise tarfile.ReadError("it is cut off")
    return listed


def _unpacked(name: str, file: Any, size: int, uri: str) -> BinaryIO:
    """Returns what a compressed file holds, in a file that has no name.

    Raises:
      DamagedFileError: it is damaged, or grows beyond what any export does.
      StorageError: there is no space for it.
    """
    file.seek(0)
    plain = tempfile.TemporaryFile(prefix="affectflow-")  # noqa: SIM115  outlives this
    chunks = iter(functools.partial(file.read, CHUNK_BYTES), b"")
    try:
        with file:
            for chunk in unpacked(name, chunks, uri):
                plain.write(chunk)
                if why := growth_in_all(plain.tell(), size):
                    raise DamagedFileError(f"{uri!r} {why}")
    except BaseException as error:
        plain.close()
        if isinstance(error, TruncatedFileError):
            raise TruncatedFileError(
                f"{uri!r} is a damaged tar archive: it is cut off; fetch the file again"
            ) from error
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise StorageError(
                f"no space to decompress {uri!r} in {tempfile.gettempdir()!r}; free "
                "some space, or set TMPDIR to another folder"
            ) from error
        raise
    return plain
