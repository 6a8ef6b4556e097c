"""Messages of chats out of the shared data: who says what."""

import gzip
import re
from pathlib import Path

_SAID = re.compile(
    r"^(?:\d+ +)?(?:\S+ )*?\[[^\]]*\] <(?P<nick>[^>]{1,40})>\s?(?P<text>.*)$"
)


def said(path: Path) -> list[tuple[str, str]]:
    """Returns nick and text of each message of a log, without joins and parts."""
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    lines = data.decode("utf-8", "replace").splitlines()
    found = (_SAID.match(line) for line in lines)
    return [(m["nick"], m["text"]) for m in found if m]


def begins_with_one(text: str, nicks: set[str]) -> bool:
    """Returns whether a text begins with one of some nicks and a colon or comma."""
    first = re.match(r"\s*([^\s:,]+)[:,](?:\s|$)", text)
    return first is not None and first[1].lower() in nicks
