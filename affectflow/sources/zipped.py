"""Zip archives as folders: members are listed once, and read as streams.

A member has an address, `zip://NAME::ARCHIVE`, which opens as any file does. Nothing is
unpacked to a disk, so a name is never a path, and what a member may hold is bounded.
"""

import functools
import io
import re
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from affectflow.sources.damage import DamagedFileError
from affectflow.sources.filesystems import file_system, unreadable

# Exports compress to a tenth or so; what is made to explode, to a thousandth.
_MOST_RATIO = 200
_ANY_RATIO_BYTES = 64 << 20
_ANY_RATIO_TOTAL = 1 << 30
_HIDDEN = re.compile(r"(^|/)(\.(?!\./)|__MACOSX/)")
_ENCRYPTED = 0x1
_FAILURES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError),
)
_OPEN_ARCHIVES = 4
_PROTOCOL = "zip://"


class Member(NamedTuple):
    """A file of an archive: its address, and its size in bytes, decompressed."""

    uri: str
    size: int


def is_zip(uri: str) -> bool:
    """Returns whether a file is a zip archive, by its name."""
    return uri.partition("::")[0].partition("?")[0].lower().endswith(".zip")


def is_member(uri: str) -> bool:
    """Returns whether an address is that of a file of an archive."""
    return uri.startswith(_PROTOCOL) and "::" in uri


def member_uri(name: str, archive: str) -> str:
    """Returns the address of a file of an archive."""
    return f"{_PROTOCOL}{name}::{archive}"


def members(uri: str, takes: Callable[[str], bool]) -> list[Member]:
    """Returns the files of an archive, in the order of their names.

    Hidden ones, and archives in the archive, are left out.

    Args:
      uri: of the archive.
      takes: says of a name, with its folders, whether the file is wanted.

    Raises:
      DamagedFileError: it does not open, or would grow beyond what any export does.
      StorageError: it cannot be read.
    """
    archive = _archive(uri)
    taken = [
        each
        for each in archive.infolist()
        if not (each.is_dir() or is_zip(each.filename) or _HIDDEN.search(each.filename))
        and takes(each.filename)
    ]
    _check_total(archive, sum(each.file_size for each in taken), uri)
    names = {each.filename: each.file_size for each in taken}
    return [Member(member_uri(name, uri), names[name]) for name in sorted(names)]


@contextmanager
def open_member(uri: str) -> Iterator[BinaryIO]:
    """Opens a file of an archive for reading.

    Reading raises `DamagedFileError` where the file ends too early.

    Raises:
      DamagedFileError: it is not there, or is refused: it is encrypted, has a name that
        leads out of the archive, or would grow beyond what any export does.
      StorageError: the archive cannot be read.
    """
    name, _, place = uri.removeprefix(_PROTOCOL).partition("::")
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
    """A member whose damage is said as that of other files is."""

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


def _check_total(archive: zipfile.ZipFile, total: int, uri: str) -> None:
    """Raises where members share their bytes, so that each alone is in bounds."""
    assert archive.fp is not None
    size = archive.fp.seek(0, io.SEEK_END)
    if total > max(_ANY_RATIO_TOTAL, _MOST_RATIO * size):
        raise DamagedFileError(
            f"{uri!r} would grow from {size:,} to {total:,} bytes; not read; if it is "
            "not a zip bomb, unpack it, and give the folder"
        )


def _refusal(member: zipfile.ZipInfo) -> str:
    """Returns why a member is not read at all; empty if it is read."""
    parts = re.split(r"[/\\]", member.filename)
    if ".." in parts or parts[0] == "" or parts[0].endswith(":"):
        return "has a name that leads out of it; not read"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted; unpack it, and give the folder"
    bounded = max(_ANY_RATIO_BYTES, _MOST_RATIO * member.compress_size)
    if member.file_size > bounded:
        return (
            f"would grow from {member.compress_size:,} to {member.file_size:,} bytes; "
            "not read; if it is not a zip bomb, unpack it, and give the folder"
        )
    return ""
