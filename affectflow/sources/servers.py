"""ServerSource: sites that many servers run, each with numbers of its own."""

import abc
import re
from collections.abc import Iterable
from dataclasses import dataclass

from affectflow.errors import UsageError
from affectflow.registry import kebab
from affectflow.sources.json_source import JsonSource
from affectflow.sources.listing import bare_name
from affectflow.sources.streams import plain_head

# Before an `@` stand an account and its key, which are not part of a host.
_ADDRESS = re.compile(r"https?://(?:[^/\s?#]*@)?([^/\s?#@]+)", re.I)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?|localhost(?::\d+)?")


@dataclass(kw_only=True)
class ServerSource(JsonSource, abc.ABC):
    """Reads answers of servers; the host of the server is part of every id.

    Args:
      host: of the server, such as `forum.example.org`. Empty: taken from a folder named
        after a host, or from the records; else ids go without it, and files of two
        servers must not go into one lake.
    """

    host: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._told = ("", "")
        if self.host:
            given = self.host.strip().lower()
            self.host = host_of(given) or given.rstrip("/")
            if not _HOST.fullmatch(self.host):
                raise UsageError(
                    "host must be the name of a server, such as forum.example.org, got "
                    f"{given!r}"
                )

    @abc.abstractmethod
    def told(self, head: bytes) -> str:
        """Returns the host named by the first bytes of a file; empty if none."""

    def host_at(self, where: str) -> str:
        """Returns the host that the caller, or a folder, names; empty if none does."""
        return self.host or _host_in(where)

    def host_in(self, where: str) -> str:
        """Returns the host that a file names, for records that do not name their own.

        It is read from the head of the file, so every piece of the file knows it.
        """
        uri = where.rpartition("#")[0]
        if self._told[0] != uri:
            self._told = uri, self.told(plain_head(uri))
        return self._told[1]

    def notices(self) -> list[str]:
        """Returns a note if a file does not say which server it comes from."""
        firsts = (self.files(pattern)[0].uri for pattern in self.patterns)
        nameless = [
            uri
            for uri in firsts
            if not self.host_at(uri)
            and (head := plain_head(uri))
            and not self.told(head)
        ]
        if not nameless:
            return []
        name = kebab(type(self).__name__)
        return [
            f"{bare_name(nameless[0])!r} does not say which server of {name} it comes "
            "from, so ids do not include it; name it with --set host=HOST before files "
            "of a second server go into this lake"
        ]


def host_of(address: str | None) -> str | None:
    """Returns the host of an address, in lower case.

    >>> host_of("https://Forum.example.org/t/1"), host_of("https://a:key@x.org/t")
    ('forum.example.org', 'x.org')
    """
    found = _ADDRESS.match(address or "")
    return found[1].lower() if found else None


def first_host(addresses: Iterable[str | None]) -> str:
    """Returns the host of the first address that has one; empty if none has."""
    return next((host for each in addresses if (host := host_of(each))), "")


def _host_in(where: str) -> str:
    folders = re.split(r"[/\\]", where.lower())[:-1]
    return next((part for part in reversed(folders) if _HOST.fullmatch(part)), "")
