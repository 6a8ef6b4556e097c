"""Segments: typed spans of what is not, or not plainly, the author's own prose.

`find_segments` reads a text once from left to right. At the start of a line the
families of blocks are tried (code, quotes, logs, templates, signatures, bots); between
blocks, what stands within a line. The first opener wins, so segments never overlap.
"""

import functools
import re
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.text.segments import (
    boilerplate,
    brackets,
    code,
    inline,
    logs,
    markup,
    pasted,
    quotes,
    replies,
)
from affectflow_transforms.text.segments.addresses import in_chats
from affectflow_transforms.text.segments.base import Family, Scan, Segment
from affectflow_transforms.text.segments.personal import ALL, detectors, mask_personal

__all__ = [
    "ALL",
    "TYPES",
    "Segment",
    "detectors",
    "find_segments",
    "in_chats",
    "mask_personal",
    "may_have_segments",
]

TYPES = (
    "code",
    "quote",
    "log",
    "link",
    "mention",
    "signature",
    "bot",
    "template",
    "html",
    "pii",
)

_FAMILIES = {
    family.name: family
    # The session `>>> x` before quotes, comments before everything, and indented
    # code, which a quote may look like, at the end.
    for family in (
        *markup.FAMILIES,
        *brackets.FAMILIES,
        *code.FAMILIES,
        *logs.FAMILIES,
        *quotes.FAMILIES,
        *replies.FAMILIES,
        *boilerplate.FAMILIES,
        *pasted.FAMILIES,
        *code.INDENTED,
    )
}


def _either(families: Iterable[Family]) -> str:
    return "|".join(f"(?P<{f.name}>{f.opener.removeprefix('^')})" for f in families)


# One `^` before all families that open a line, so that it is asked once a character;
# and one look at the character before all others.
_OPENER = re.compile(
    f"^(?:{_either(f for f in _FAMILIES.values() if f.opener[0] == '^')})"
    "|(?=[<`{[TIPMD*^])"
    f"(?:{_either(f for f in _FAMILIES.values() if f.opener[0] != '^')})",
    re.M,
)
_WORDY = (*logs.FAMILIES, *replies.FAMILIES)
# In three parts: as one, the automaton of RE2 outgrows its cache and is five times
# as slow.
_HINTS = (
    inline.HINT,
    "|".join(f"(?:{family.hint})" for family in _WORDY),
    "|".join(f"(?:{f.hint})" for f in _FAMILIES.values() if f not in _WORDY),
)


def may_have_segments(texts: pa.Array) -> pa.BooleanArray:
    """Returns, for each text, whether `find_segments` has to look at it.

    False is certain; true is not. Null for null.
    """
    return functools.reduce(
        pc.or_, (pc.match_substring_regex(texts, hint) for hint in _HINTS)
    )


def find_segments(text: str, *, chat: bool = False) -> list[Segment]:
    """Returns the segments of `text`: sorted, disjoint, none empty.

    Takes time linear in the text. `chat` says that it is a message of a chat, which may
    begin with an account.
    """
    scan = Scan(text, chat=chat)
    found: list[Segment] = []
    position = 0
    for block in _find_blocks(scan):
        found += inline.find_inline(scan, position, block.start)
        found.append(block)
        position = block.end
    found += inline.find_inline(scan, position, scan.size)
    return found


def _find_blocks(scan: Scan) -> Iterator[Segment]:
    position = 0
    while opened := _OPENER.search(scan.text, position):
        family = _FAMILIES[opened.lastgroup or ""]
        block = family.take(scan, opened)
        if block and block.end > block.start:
            yield block
            position = scan.position = block.end
        else:
            position = max(opened.end(), opened.start() + 1)
