"""Archives as folders: zip and tar, compressed or not.

A file of an archive has an address, `zip://NAME::ARCHIVE` or `tar://NAME::ARCHIVE`,
which opens as any file does. No file gets the name that it has in the archive, so a
name is never a path, and what a file may hold is bounded.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple

from affectflow.sources import tarred, zipped
from affectflow.sources.bounds import growth_in_all
from affectflow.sources.damage import DamagedFileError

_HIDDEN = re.compile(r"(^|/)(\.(?!\.?/)|__MACOSX/)")
_TAR = re.compile(
    r"\.(tar(\.(gz|gzip|zst|zstd|bz2|xz))?|tgz|tbz2?|txz|tzst)$", re.IGNORECASE
)
_ZIP = re.compile(r"\.zip$", re.IGNORECASE)
_MEMBER = re.compile(r"(?:zip|tar)://(?P<name>.*?)::(?P<archive>.*)", re.DOTALL)


class Member(NamedTuple):
    """A file of an archive: its address, and its size in bytes, decompressed."""

    uri: str
    size: int


def is_archive(uri: str) -> bool:
    """Returns whether a file is an archive that is read, by its name."""
    name = _file_of(uri)
    return bool(_ZIP.search(name) or _TAR.search(name))


def is_member(uri: str) -> bool:
    """Returns whether an address is that of a file of an archive."""
    return _MEMBER.match(uri) is not None


def name_of(uri: str) -> str:
    """Returns the name that a member has in its archive, with its folders."""
    found = _MEMBER.match(uri)
    return found["name"] if found else uri


def member_uri(name: str, archive: str) -> str:
    """Returns the address of a file of an archive."""
    protocol = "tar" if _TAR.search(_file_of(archive)) else "zip"
    return f"{protocol}://{name}::{archive}"


def without_ending(name: str) -> str:
    """Returns the name of an archive without what says that it is one.

    >>> without_ending("corpus.tar.gz"), without_ending("corpus.zip")
    ('corpus', 'corpus')
    """
    return _TAR.sub("", _ZIP.sub("", name))


def members(uri: str, takes: Callable[[str], bool]) -> list[Member]:
    """Returns the files of an archive, in the order of their names.

    Hidden ones, and archives in the archive, are left out.

    Args:
      uri: of the archive.
      takes: returns whether a file is wanted, by its name with folders.

    Raises:
      DamagedFileError: it does not open, or would grow beyond what any export does.
      StorageError: it cannot be read.
    """
    kind = tarred if _TAR.search(_file_of(uri)) else zipped
    taken = {
        name: size
        for name, size in kind.sizes(uri).items()
        if not (is_archive(name) or _HIDDEN.search(name)) and takes(name)
    }
    if why := growth_in_all(sum(taken.values()), kind.stored_bytes(uri)):
        raise DamagedFileError(f"{uri!r} {why}")
    return [Member(member_uri(name, uri), taken[name]) for name in sorted(taken)]


def open_member(uri: str) -> AbstractContextManager[BinaryIO]:
    """Opens a file of an archive for reading.

    Reading raises `DamagedFileError` where the file ends too early.

    Raises:
      DamagedFileError: it is not there, or is refused: it is encrypted, has a name that
        points outside the archive, or would grow beyond what any export does.
      StorageError: the archive cannot be read.
    """
    name, _, archive = uri.removeprefix("zip://").removeprefix("tar://").partition("::")
    is_tar = uri.startswith("tar://")
    return (tarred if is_tar else zipped).open_member(name, archive)


def _file_of(uri: str) -> str:
    return uri.partition("::")[0].partition("?")[0]
