"""Which files a path, a glob, a folder or an fsspec URL means."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from affectflow.errors import StorageError, UsageError
from affectflow.kinds.source import File
from affectflow.sources.archives import is_member, open_member
from affectflow.sources.filesystems import file_system, no_such_file, open_stored
from affectflow.sources.stamps import stamp
from affectflow.storage import COMPRESSED, storage_errors, uncompressed

Infos = dict[str, dict[str, Any]]
"""What a file system tells of files, by their paths."""
COMPRESSION = 5
"""Text takes about so many times its compressed bytes."""


def list_files(pattern: str, suffixes: Sequence[str]) -> list[File]:
    """Returns the files that `pattern` means, sorted by name.

    A pattern that is the name of a file means that file, also where it holds glob
    characters. Of a folder, files with one of `suffixes` are taken, at any depth;
    names that start with a dot or an underscore are left out.

    Raises:
      UsageError: nothing matches, or fsspec does not know the protocol.
      StorageError: the file system refuses.
    """
    fs, path = file_system(pattern)
    found = _found(fs, path, pattern, suffixes)
    if not found:
        raise UsageError(_nothing(fs, path, pattern, suffixes))
    rest = pattern.partition("::")[2]
    sizes = ((_address(fs, n, rest), _size(fs, found[n])) for n in sorted(found))
    return [File(uri, size, plain_bytes(uri, size)) for uri, size in sizes]


def list_stamps(pattern: str, suffixes: Sequence[str]) -> dict[str, str]:
    """Returns the stamps of the files that `list_files` gives, by address.

    Raises:
      StorageError: the file system refuses.
    """
    fs, path = file_system(pattern)
    fs.invalidate_cache()  # a program may have listed it long ago
    found = _found(fs, path, pattern, suffixes)
    rest = pattern.partition("::")[2]
    if rest:
        return {_address(fs, name, rest): "" for name in found}
    return {_address(fs, name, ""): stamp(fs, name, i) for name, i in found.items()}


def list_beside(uris: Iterable[str]) -> dict[str, str]:
    """Returns the stamps of files near others: in their folders, and one step above.

    There sources look for what lists of users, or captions, say of a file.
    """
    folders = {above for uri in uris if (above := _above(uri))}
    folders |= {above for folder in folders if (above := _above(folder))}
    found: dict[str, str] = {}
    for folder in sorted(folders):
        fs, path = file_system(folder)
        with storage_errors(folder):
            listed = fs.ls(path, detail=True)
        files = [info for info in listed if info["type"] == "file"]
        found |= {_address(fs, i["name"], ""): stamp(fs, i["name"], i) for i in files}
    return found


def _above(uri: str) -> str:
    scheme, colon, path = uri.rpartition("://")
    folder = path.rpartition("/")[0]
    return f"{scheme}{colon}{folder}" if folder else ""


@contextmanager
def open_binary(uri: str) -> Iterator[BinaryIO]:
    """Opens the file at `uri`, or in an archive, for reading bytes, not decompressed.

    Raises:
      StorageError: it does not open, or what opened cannot be read.
      DamagedFileError: the archive that it is in does not give it.
    """
    with (open_member if is_member(uri) else open_stored)(uri) as file:
        yield file


def plain_bytes(uri: str, size: int) -> int:
    """Returns about how many bytes a file holds, by its name and size."""
    packed = uri.partition("::")[0].lower().endswith(COMPRESSED)
    return size * (COMPRESSION if packed else 1)


def bare_name(uri: str) -> str:
    """Returns the name of a file in lower case, without a suffix of compression."""
    name = re.split(r"[/\\]", uri.partition("::")[0].partition("?")[0])[-1]
    return uncompressed(name.lower())


def _found(fs: Any, path: str, pattern: str, suffixes: Sequence[str]) -> Infos:
    with storage_errors(pattern):
        try:
            return _listed(fs, path, suffixes)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(f"cannot list {pattern!r}: {error}") from error


def _listed(fs: Any, path: str, suffixes: Sequence[str]) -> Infos:
    if not path:
        details: Infos = fs.find("", detail=True)
    elif fs.isfile(path):
        return {path: fs.info(path)}
    elif fs.isdir(path):
        details = fs.find(path, detail=True)
    else:
        globbed: Infos = fs.glob(path, detail=True)
        return {n: info for n, info in globbed.items() if info["type"] == "file"}
    skip = len(path)
    return {
        name: info
        for name, info in details.items()
        if bare_name(name).endswith(tuple(suffixes)) and not is_hidden(name[skip:])
    }


def _size(fs: Any, info: dict[str, Any]) -> int:
    # HTTP servers may keep the size to themselves: the file is then one split.
    return int(info.get("size") or 0)


def is_hidden(name: str) -> bool:
    """Returns whether a file of a folder should be skipped, by its relative path.

    Engines write `_SUCCESS` and `_metadata` beside their files. A text file is data.
    """
    *folders, file = re.split(r"[/\\]", name)
    if any(part.startswith((".", "_")) for part in folders):
        return True
    return file.startswith(".") or (file.startswith("_") and file[-4:] != ".txt")


def _address(fs: Any, name: str, rest: str) -> str:
    protocol = fs.protocol if isinstance(fs.protocol, str) else fs.protocol[0]
    if rest:
        return f"{protocol}://{name}::{rest}"
    return name if protocol in ("file", "local") else str(fs.unstrip_protocol(name))


def _nothing(fs: Any, path: str, pattern: str, suffixes: Sequence[str]) -> str:
    if path and fs.isdir(path):
        wanted = "".join(f"{each}, " for each in suffixes if each)[:-2]
        file = f"{wanted} file" if wanted else "file"
        return f"no {file} in folder {pattern!r}; name the files or give a glob"
    return no_such_file(pattern)
