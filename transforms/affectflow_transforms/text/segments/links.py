"""Links: bare addresses, the targets of Markdown links, and images."""

import re

from affectflow_transforms.text.segments.base import Scan, Segment

URL = r"(?:https?|ftp|file|ssh|git|wss?|chrome|mailto)://|\bwww\.(?=\w)"
_ADDRESS = re.compile(r"[^\s<>\"`\x00-\x1f{}|\\^\ufffc]+")
# As in Markdown, or in Slack, which has the words behind a bar: `<https://a|the docs>`.
_AUTOLINK = re.compile(
    r"<(?:https?|ftp|mailto|tel):[^\s<>|]{1,2000}(?:\|[^<>\n]{0,500})?>"
)
_TARGET = re.compile(
    r"\]\(\s{0,3}(<[^<>\n]{1,2000}>|(?:[^\s()]|\([^\s()]{0,500}\)){1,2000})"
    r"(?:\s{1,3}(?:\"[^\"\n]{0,300}\"|'[^'\n]{0,300}'))?\s{0,3}\)"
)
_IMAGE = re.compile(rf"!\[[^\[\]\n]{{0,500}}{_TARGET.pattern}")
_CLOSERS = {")": "(", "]": "["}


def take_url(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns the bare address at `start`, without the punctuation behind it."""
    found = _ADDRESS.match(scan.text, start, end)
    if found is None:
        return None
    address = _trimmed(found[0])
    return Segment("link", start, start + len(address))


def _trimmed(address: str) -> str:
    # In `[text](url)` and "(see url)" the closer belongs to the sentence.
    for separator in ("](", ")[", ")]"):
        address = address.split(separator, 1)[0]
    while address:
        bare = address.rstrip(".,;:!?'*_~…”’»")
        closer = bare[-1:]
        if closer in _CLOSERS and bare.count(closer) > bare.count(_CLOSERS[closer]):
            bare = bare[:-1]
        if bare == address:
            break
        address = bare
    return address


def take_autolink(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns `<https://...>` or `<https://...|words>`, its brackets with it."""
    found = _AUTOLINK.match(scan.text, start, end)
    return Segment("link", start, found.end()) if found else None


def take_target(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns the target of `[text](target)`; `start` is at `](`."""
    found = _TARGET.match(scan.text, start, end)
    return Segment("link", start + 2, found.end() - 1) if found else None


def take_image(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns `![alt](target)` as a whole: the alt text is rarely the author's."""
    found = _IMAGE.match(scan.text, start, end)
    return Segment("link", start, found.end()) if found else None
