"""Zip archives: members are listed once, and read as streams; see `archives`."""

import functools
import io
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from affectflow.sources.bounds import LEADS_OUT, growth, leads_out
from affectflow.sources.damage import DamagedFileError
from affectflow.sources.filesystems import file_system, unreadable

_ENCRYPTED = 0x1
_FAILURES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError),
)
_OPEN_ARCHIVES = 4


def sizes(uri: str) -> dict[str, int]:
    """Returns the files of an archive by their names, and their sizes, decompressed.

    Raises:
      DamagedFileError: it does not open.
      StorageError: it cannot be read.
    """
    found = _archive(uri).infolist()
    return {each.filename: each.file_size for each in found if not each.is_dir()}


def stored_bytes(uri: str) -> int:
    """Returns the size of an archive itself."""
    archive = _archive(uri)
    assert archive.fp is not None
    return archive.fp.seek(0, io.SEEK_END)


@contextmanager
def open_member(name: str, place: str) -> Iterator[BinaryIO]:
    """Opens a file of the archive at `place` for reading.

    Reading raises `DamagedFileError` where the file ends too early.

    Raises:
      DamagedFileError: it is not there, or is refused: it is encrypted, has a name that
        points outside the archive, or would grow beyond what any export does.
      StorageError: the archive cannot be read.
    """
    archive = _archive(place)
    member = archive.NameToInfo.get(name)
    if member is None:
        raise DamagedFileError(f"no file {name!r} in the archive {place!r}")
    if why := _refusal(member):
        raise DamagedFileError(f"{name!r} in the archive {why}")
    try:
        opened = archive.open(member)
    except _FAILURES as error:
        raise _damaged(name, error) from error
    with opened:
        yield _Guarded(opened, name)  # type: ignore[misc]


class _Guarded(io.BufferedIOBase):
    """A member whose damage is reported like that of other files."""

    def __init__(self, opened: Any, name: str):
        super().__init__()
        self._opened, self._name = opened, name

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return bytes(self._opened.read(size))
        except _FAILURES as error:
            raise _damaged(self._name, error) from error

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return int(self._opened.seek(offset, whence))
        except _FAILURES as error:
            raise _damaged(self._name, error) from error

    def tell(self) -> int:
        return int(self._opened.tell())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._opened.seekable())


def _damaged(name: str, error: Exception) -> DamagedFileError:
    return DamagedFileError(
        f"{name!r} in the archive is damaged: {error}; the rows before the damage were "
        "read; fetch the file again"
    )


def _archive(uri: str) -> zipfile.ZipFile:
    fs, path = file_system(uri)
    try:
        return _opened(uri, str(fs.ukey(path)))
    except OSError as error:
        raise unreadable(uri, error) from error


# An export may have 10,000 members, and a list of them that takes a while to read.
@functools.lru_cache(maxsize=_OPEN_ARCHIVES)
def _opened(uri: str, version: str) -> zipfile.ZipFile:
    """Returns an archive, which is opened again if its `version` is another.

    It closes with the last of its members that is read.
    """
    fs, path = file_system(uri)
    file = fs.open(path, "rb")
    try:
        archive = zipfile.ZipFile(file)
    except _FAILURES as error:
        file.close()
        raise DamagedFileError(
            f"{uri!r} is a damaged zip archive: {error}; fetch the file again"
        ) from error
    weakref.finalize(archive, file.close)
    return archive


def _refusal(member: zipfile.ZipInfo) -> str:
    """Returns why a member is not read at all; empty if it is read."""
    if leads_out(member.filename):
        return LEADS_OUT
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted; unpack it, and give the folder"
    return growth(member.file_size, member.compress_size)
