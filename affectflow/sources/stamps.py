"""What tells that a file has not changed since it was read, without opening it."""

import os
import stat
import time
from typing import Any

SETTLED_S = 2.0
"""Some file systems tell times in steps of so many seconds."""
_VERSIONS = ("generation", "ETag", "etag", "e_tag")


def stamp(fs: Any, path: str, info: dict[str, Any]) -> str:
    """Returns a text that is another one once a file has changed; empty if none is.

    On a disk that is size, times and inode; a file that was written a moment ago may
    change without a change of those. In an object store it is size and version; a
    store that tells no version, or a weak one, tells nothing.

    Args:
      fs: the file system, of fsspec.
      path: of the file, as the file system spells it.
      info: what the file system listed of it.
    """
    protocols = [fs.protocol] if isinstance(fs.protocol, str) else fs.protocol
    return _on_disk(path) if "file" in protocols else _stored(info)


def _on_disk(path: str) -> str:
    try:
        found = os.stat(path)  # of what a link leads to
    except OSError:  # it is gone: reading it says so
        return ""
    if not stat.S_ISREG(found.st_mode) or time.time() - found.st_mtime < SETTLED_S:
        return ""
    told = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return "-".join(map(str, told))


def _stored(info: dict[str, Any]) -> str:
    version = next((str(info[name]) for name in _VERSIONS if info.get(name)), "")
    if info.get("type") != "file" or not version or version.startswith("W/"):
        return ""
    return f"{info.get('size')}-{version}"
