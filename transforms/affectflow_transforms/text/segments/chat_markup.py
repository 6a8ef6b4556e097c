"""Markup of Slack and Discord: channels, groups, times, emoji of a server's own.

`<#C12|general>`, `<!here>`, `<t:1600000000:R>`, `<:party:123456789012345678>`. Of an
emoji the brackets and the number are markup; its short code stays, for cues to see.
"""

import re

from affectflow_transforms.text.segments.base import Scan, Segment

OPENER = r"<(?=#[A-Z0-9]|![a-z]|@&|@!?[0-9]|t:-?[0-9]|/[\w -]{1,80}:[0-9]|\[USER\]>)"
EMOJI = r"<a?(?=:\w{1,32}:[0-9]{5,25}>)"
EMOJI_END = r"(?<=\w:)[0-9]{5,25}>"
HINT = r"<[#!@:]|<t:|</[\w -]{1,80}:[0-9]|\w:[0-9]{5,25}>"

_MARKUP = re.compile(
    r"<(?P<channel>#[A-Z0-9]{2,25}(?:\|[^<>\n]{0,100})?"
    r"|t:-?[0-9]{1,15}(?::[tTdDfFR])?|/[\w -]{1,80}:[0-9]{5,25}"
    r"|!date\^[^<>\n]{1,200})>"
    r"|<(?:![a-z]{2,20}(?:\^[A-Z0-9]{2,25})?(?:\|[^<>\n]{0,100})?|@&[0-9]{5,25}"
    r"|@!?[0-9]{5,25}|\[USER\])>"
)
_EMOJI_BEFORE = re.compile(r"<a?:\w{1,32}:\Z")


def take_markup(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns a channel or a time as a link, a group or an account as a mention."""
    found = _MARKUP.match(scan.text, start, end)
    if found is None:
        return None
    return Segment("link" if found["channel"] else "mention", start, found.end())


def take_emoji(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns what opens an emoji of a server: `<` or `<a`."""
    return Segment("html", start, scan.text.index(":", start))


def take_emoji_end(scan: Scan, start: int, end: int) -> Segment | None:
    """Returns the number that closes an emoji of a server."""
    if not _EMOJI_BEFORE.search(scan.text[max(0, start - 40) : start]):
        return None
    return Segment("html", start, scan.text.index(">", start) + 1)
