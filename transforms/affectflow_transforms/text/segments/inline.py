"""What stands within a line of prose: inline code, links, tags, mentions."""

import re
from collections.abc import Callable, Iterator

from affectflow_transforms.text.segments import (
    addresses,
    chat_markup,
    links,
    mentions,
    personal,
)
from affectflow_transforms.text.segments.base import Scan, Segment
from affectflow_transforms.text.segments.code import take_inline
from affectflow_transforms.text.segments.markup import TAG

# What any of them begins with: most characters are told apart here, at once.
_FIRST = r"(?=\A|[`!\]\[<@/]|[hfsgwcm][a-z]{1,6}[.:]|u/|(?<=\w:)[0-9])"
_OPENER = re.compile(
    rf"{_FIRST}(?:(?P<code>`+)|(?P<image>!\[)|(?P<target>\]\()|(?P<url>{links.URL})"
    rf"|(?P<pii>{personal.PLACEHOLDER})|(?P<autolink><(?:https?|ftp|mailto|tel):)"
    rf"|(?P<markup>{chat_markup.OPENER})|(?P<emoji>{chat_markup.EMOJI})"
    rf"|(?P<emoji_end>{chat_markup.EMOJI_END})"
    rf"|(?P<tag>{TAG})|(?P<address>(?={addresses.ADDRESS}))"
    rf"|(?P<mention>{mentions.OPENER}))"
)
HINT = (
    r"`|!\[|\]\(|://|www\.|</?[A-Za-z]|mailto:|tel:"
    rf"|{chat_markup.HINT}"
    rf"|{personal.PLACEHOLDER}|{mentions.HINT}|{addresses.HINT}"
)

_Take = Callable[[Scan, int, int], Segment | None]


def _take_tag(scan: Scan, start: int, end: int) -> Segment | None:
    return Segment("html", start, scan.text.index(">", start) + 1)


def _take_pii(scan: Scan, start: int, end: int) -> Segment | None:
    stop = scan.text.index("]", start) + 1
    is_mention = scan.text[start:stop] == personal.MENTION
    return Segment("mention" if is_mention else "pii", start, stop)


def _take_mention(scan: Scan, start: int, end: int) -> Segment | None:
    found = mentions.mention_at(scan.text, start, end)
    return Segment("mention", start, found) if found else None


def _take_address(scan: Scan, start: int, end: int) -> Segment | None:
    found = addresses.address_span(scan.text) if scan.chat else None
    return Segment("mention", *found) if found and found[1] <= end else None


_TAKES: dict[str, _Take] = {
    "code": take_inline,
    "image": links.take_image,
    "target": links.take_target,
    "url": links.take_url,
    "autolink": links.take_autolink,
    "markup": chat_markup.take_markup,
    "emoji": chat_markup.take_emoji,
    "emoji_end": chat_markup.take_emoji_end,
    "tag": _take_tag,
    "pii": _take_pii,
    "address": _take_address,
    "mention": _take_mention,
}


def find_inline(scan: Scan, start: int, end: int) -> Iterator[Segment]:
    """Yields the segments between two blocks, from left to right."""
    position = start
    while opened := _OPENER.search(scan.text, position, end):
        take = _TAKES[opened.lastgroup or ""]
        segment = take(scan, opened.start(), end)
        if segment and segment.end > segment.start:
            yield segment
            position = segment.end
        else:
            position = max(opened.end(), opened.start() + 1)
