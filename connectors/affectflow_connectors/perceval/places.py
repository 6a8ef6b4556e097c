"""What the origin of an item says: the host, and the repository or list."""

import re
from urllib.parse import urlsplit

from affectflow.sources.servers import host_of


def server_of(origin: str) -> str:
    """Returns the host that an address names, or the address if it names none.

    >>> server_of("https://ann:key@bugs.example.org/x"), server_of("review.example.org")
    ('bugs.example.org', 'review.example.org')
    """
    return host_of(origin) or re.split(r"[/\\]", origin.strip("/\\"))[0]


def path_of(origin: str) -> str:
    """Returns host and path of an address, without user name and password."""
    try:
        path = urlsplit(origin).path
    except ValueError:
        path = ""
    host = server_of(origin)
    return f"{host}{path}".rstrip("/") if "://" in origin else host


def name_of(origin: str) -> str | None:
    """Returns the last part of an address: a repository, a list or a room.

    >>> name_of("https://github.example/door/hinge.git")
    'hinge'
    """
    parts = [part for part in re.split(r"[/\\]", origin.partition("?")[0]) if part]
    return parts[-1].removesuffix(".git").rpartition("@")[2] if parts else None
