"""Zip archives as folders: members are listed once, and read as streams.

Nothing is unpacked to a disk, and what a member may hold is bounded.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from affectflow.batches.batch import TARGET_BYTES
from affectflow.kinds.source import TO_THE_END, File, Split
from affectflow.sources.listing import bare_name, open_binary
from affectflow.sources.streams import CHUNK_BYTES, DamagedFileError

# Exports compress to a tenth or so; what is made to explode, to a thousandth.
_MOST_RATIO = 200
_ANY_RATIO_BYTES = 64 << 20
_HIDDEN = re.compile(r"(^|/)(\.(?!\./)|__MACOSX/)")
_ENCRYPTED = 0x1
_FAILURES = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError),
)

Takes = Callable[[str], bool]


def is_zip(uri: str) -> bool:
    """Returns whether a file is a zip archive, by its name."""
    return bare_name(uri).endswith(".zip")


def member_splits(file: File, takes: Takes) -> list[Split]:
    """Returns the pieces of an archive; `start` and `end` count its members.

    A piece has about `TARGET_BYTES`, decompressed, or one member. An archive that
    does not open is one piece, whose reading says why.
    """
    try:
        with _opened(file.uri) as archive:
            sizes = [member.file_size for member in _members(archive, takes)]
    except DamagedFileError:
        return [Split(file.uri, 0, TO_THE_END, file.size)]
    splits, start, size = [], 0, 0
    for place, more in enumerate(sizes):
        if size and size + more > TARGET_BYTES:
            splits.append(Split(file.uri, start, place, file.size))
            start, size = place, 0
        size += more
    return [*splits, Split(file.uri, start, len(sizes), file.size)] if sizes else splits


def read_members(split: Split, takes: Takes) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yields the address of each member of a piece, and its bytes.

    The bytes raise `DamagedFileError` where they end too early, where there would be
    far more of them than any export holds, or at once for a name that leads out.

    Raises:
      DamagedFileError: the archive does not open.
    """
    with _opened(split.uri) as archive:
        end = None if split.end == TO_THE_END else split.end
        for member in _members(archive, takes)[split.start : end]:
            yield _address(member.filename, split.uri), _chunks(archive, member)


def read_member(uri: str, name: str, most_bytes: int) -> bytes:
    """Returns the first bytes of one member; none if there is no such member.

    Raises:
      DamagedFileError: the archive, or the member, cannot be read.
    """
    with _opened(uri) as archive:
        if name not in archive.namelist():
            return b""
        found = b""
        for chunk in _chunks(archive, archive.getinfo(name)):
            found += chunk
            if len(found) >= most_bytes:
                break
        return found[:most_bytes]


@contextmanager
def _opened(uri: str) -> Iterator[zipfile.ZipFile]:
    with open_binary(uri) as file:
        try:
            archive = zipfile.ZipFile(file)
        except _FAILURES as error:
            raise DamagedFileError(
                f"{uri!r} is a damaged zip archive: {error}; fetch the file again"
            ) from error
        yield archive


def _members(archive: zipfile.ZipFile, takes: Takes) -> list[zipfile.ZipInfo]:
    """Returns the members that are read, in the order of their names."""
    taken = (m for m in archive.infolist() if not m.is_dir() and takes(m.filename))
    visible = (m for m in taken if not _HIDDEN.search(m.filename))
    return sorted(visible, key=lambda member: member.filename)


def _address(name: str, uri: str) -> str:
    return f"zip://{name}::{uri}"


def _chunks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    if why := _refusal(member):
        raise DamagedFileError(f"{member.filename!r} in the archive {why}")
    try:
        with archive.open(member) as opened:
            while chunk := opened.read(CHUNK_BYTES):
                yield chunk
    except _FAILURES as error:
        raise DamagedFileError(
            f"{member.filename!r} in the archive is damaged: {error}; the rows before "
            "the damage were read; fetch the file again"
        ) from error


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
            "not read; if it is no zip bomb, unpack it, and give the folder"
        )
    return ""
