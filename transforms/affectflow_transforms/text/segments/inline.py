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

# What an opener begins with, or ends its first word with: most characters are told
# apart here, at once, and most of these signs by what is beside them.
_SIGN = re.compile(
    r"[`!\]\[<@/:.](?:(?<=`)|(?<=!)(?=\[)|(?<=\])(?=\()|(?<=\[)(?=[UEPSI])"
    r"|(?<=<)(?=[A-Za-zſıİ\u212a/#!@:\[])|(?<=@)(?=\w)|(?<=/)(?=u/)|(?<=u/)"
    r"|(?<=:)(?=//|[0-9])|(?<=www\.))"
)
_SCHEME = re.compile(r"[a-z]{2,6}\Z")
_OPENER = re.compile(
    rf"(?:(?P<code>`+)|(?P<image>!\[)|(?P<target>\]\()|(?P<url>{links.URL})"
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
    is_mention = scan.text.startswith(personal.MENTION, start)
    stop = scan.text.index("]", start) + 1
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
    for place in _begins(scan.text, start, end):
        opened = _OPENER.match(scan.text, place, end) if place >= position else None
        if opened is None:
            continue
        segment = _TAKES[opened.lastgroup or ""](scan, place, end)
        if segment and segment.end > segment.start:
            yield segment
            position = segment.end
        else:
            position = max(opened.end(), place + 1)


def _begins(text: str, start: int, end: int) -> Iterator[int]:
    """Yields where segments within a line may begin, in order."""
    if start == 0:
        yield 0  # the account that a message of a chat begins with
    for sign in _SIGN.finditer(text, start, end):
        place, char = sign.start(), sign[0]
        if char == ".":  # `www.`
            yield place - 3
        elif char == "/":  # `u/` and `/u/`
            yield from (max(start, place - 1), place)
        elif char != ":":
            yield place
        elif text.startswith("/", place + 1):
            if "a" <= text[place - 1 : place] <= "z":
                yield from _scheme_begins(text, place)
        else:  # the number of an emoji
            yield place + 1


def _scheme_begins(text: str, end: int) -> Iterator[int]:
    """Yields where the scheme of an address may begin that ends with a colon."""
    letters = _SCHEME.search(text, max(0, end - 6), end)
    return iter(range(letters.start(), end - 1) if letters else ())
