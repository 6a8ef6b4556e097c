"""Blocks: segments that begin at the start of a line, or reach over lines.

The families are tried in order. Those whose signs are alike share a hint, a regular
expression that Arrow runs over whole columns; in a text, only the families are tried
whose hint it matches.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
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
from affectflow_transforms.text.segments.base import Family, Scan, Segment

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
# At one place, those that open a line are tried before the others.
_ORDER = {
    name: (family.opener[0] != "^", place)
    for place, (name, family) in enumerate(_FAMILIES.items())
}

_OF_LOGS = ("log",)
_OF_CODE = ("shell", "prompt", "pasted")
_WORDS = """
attribution attribution_by_name forwarded reply_headers list_footer sent_from
trailer mail_footer bot
"""
_OF_WORDS = tuple(_WORDS.split())
_OF_SIGNS = tuple(
    name for name in _FAMILIES if name not in (*_OF_LOGS, *_OF_CODE, *_OF_WORDS)
)
_GROUPS = (_OF_SIGNS, _OF_CODE, _OF_LOGS, _OF_WORDS)


def _hint_of(names: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(f"(?:{_FAMILIES[name].hint})" for name in names))


# One by one: as one, the automaton of RE2 outgrows its cache and is five times as slow.
_OF_HEADERS = ("forwarded", "reply_headers")
_HINTS = (
    inline.HINT,
    _hint_of(_OF_LOGS),
    _hint_of(_OF_HEADERS),
    _hint_of(name for name in _OF_WORDS if name not in _OF_HEADERS),
    _hint_of((*_OF_SIGNS, *_OF_CODE)),
)
# The families that cost most, by line, and what nearly no text has. Hints miss openers
# that hardly occur alone, these tests none: what is found stays the same.
_TESTS = (
    (
        _OF_CODE,
        r"[=-][>#]|\S[$#] |[;{}(][ \t]*//|(?m:^(?:(?:async )?function|func |fn "
        r"|(?:if|for|foreach|while|switch) ?\(|if __name))",
    ),
    (
        _OF_LOGS,
        r"[RE][A-Z0-9]{2}: [0-9a-f]|--- End of |\*\* \(|[\w$](?:Exception|Error)"
        r"|make\[",
    ),
    (_OF_WORDS, "Envoy|you are subscribed|DISCLAIMER"),
)
ALL_FAMILIES = (1 << len(_GROUPS)) - 1
"""The bits of all families, see `families`."""

# What families begin with that do not open a line.
_BEGINS = re.compile(
    r"[<`{\[TIPMD*^](?:(?<=<)(?=!|[pcbPCB])|(?<=`)(?=`)|(?<=\{)(?=[qnc])"
    r"|(?<=\[)(?=[qcQC])|(?<=[TIPMD])(?=[a-z ' ])|(?<=[*^]))"
)
_Search = Callable[[str, int], re.Match[str] | None]


def may_have_segments(texts: pa.Array) -> pa.BooleanArray:
    """Returns, for each text, whether `find_segments` has to look at it.

    False is certain; true is not. Null for null.
    """
    return functools.reduce(
        pc.or_, (pc.match_substring_regex(texts, hint) for hint in _HINTS)
    )


def families(texts: pa.Array) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Returns, for each text, the bits of the families that may begin in it."""
    bits = np.ones(len(texts), np.int64)
    for place, (group, missed) in enumerate(_TESTS, start=1):
        may = pc.match_substring_regex(texts, f"{_hint_of(group)}|{missed}")
        bits |= np.asarray(may.to_numpy(zero_copy_only=False), np.int64) << place
    return bits


def find_blocks(scan: Scan, bits: int) -> Iterator[Segment]:
    """Yields the blocks of a text; the first that opens wins.

    Args:
      scan: of the text.
      bits: of the families that may begin in it, see `families`.
    """
    searches = _searches(bits)
    ahead = [search(scan.text, 0) for search in searches]
    position = 0
    while opened := min(filter(None, ahead), key=_precedence, default=None):
        block = _FAMILIES[opened.lastgroup or ""].take(scan, opened)
        if block and block.end > block.start:
            yield block
            position = scan.position = block.end
        else:
            position = max(opened.end(), opened.start() + 1)
        for place, found in enumerate(ahead):
            if found and found.start() < position:
                ahead[place] = searches[place](scan.text, position)


def _precedence(opened: re.Match[str]) -> tuple[int, tuple[bool, int]]:
    return opened.start(), _ORDER[opened.lastgroup or ""]


@functools.cache
def _searches(groups: int) -> list[_Search]:
    """Returns what finds the next opener of the groups whose bits are set."""
    chosen = [n for n in range(len(_GROUPS)) if groups >> n & 1]
    return [search for n in chosen for search in _searches_of(n)]


@functools.cache
def _searches_of(group: int) -> list[_Search]:
    members = [_FAMILIES[name] for name in _GROUPS[group]]
    lines = [family for family in members if family.opener[0] == "^"]
    others = [family for family in members if family.opener[0] != "^"]
    found: list[_Search] = []
    if lines:
        found.append(functools.partial(_search_lines, _either(lines)))
    if others:
        found.append(functools.partial(_search_within, _either(others)))
    return found


def _either(families: list[Family]) -> re.Pattern[str]:
    return re.compile(
        "|".join(f"(?P<{f.name}>{f.opener.removeprefix('^')})" for f in families), re.M
    )


def _search_lines(
    pattern: re.Pattern[str], text: str, position: int
) -> re.Match[str] | None:
    """Returns the first match that begins at the start of a line."""
    if position and text[position - 1] != "\n":
        position = text.find("\n", position) + 1 or len(text)
    while position < len(text):
        # No family begins with an empty line.
        if text[position] != "\n" and (found := pattern.match(text, position)):
            return found
        position = text.find("\n", position) + 1 or len(text)
    return None


def _search_within(
    pattern: re.Pattern[str], text: str, position: int
) -> re.Match[str] | None:
    """Returns the first match that begins where one can."""
    for begins in _BEGINS.finditer(text, position):
        if found := pattern.match(text, begins.start()):
            return found
    return None
