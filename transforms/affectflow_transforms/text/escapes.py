r"""Backslashes that a dump left in a text: `\n`, `\t`, `\u2764`, `\ud83d\ude00`.

A text whose breaks were escaped has no real ones, and one whose letters were escaped is
all ASCII. So a text with both kinds is about them, and stays; so does a text that says
so, and whatever stands in code, in a path, in quotation marks or in a set of letters.
"""

import re
from collections.abc import Callable

HINT = r"\\(?:[nrt]|u[0-9a-fA-F]{4})"
"""What a text has that may be escaped; in RE2's syntax."""

_ABOUT = re.compile(
    r"(?i)\b(?:escap\w+|unicode|code ?points?|newlines?|line ?(?:breaks?|feeds?)"
    r"|backslash\w*|regex\w*|utf-?\d*|literal\w*|printf?|echo|sed|awk|grep|strings?)\b"
)
_PATH = re.compile(r"\b[A-Za-z]:\\|\\\\")
_NAMES = re.compile(r"\w\\\w+\\\w")
_BREAK = re.compile(r"\\r\\n|\\n|\\r|\\t")
# Behind the end of a sentence or of a word, and in front of one that begins.
_SURE = re.compile(
    r"(?:\\r)?\\n(?:(?:\\r)?\\n|(?=\s*[A-Z>*#-]|$))|(?<=[.!?:;,)])(?:\\r)?\\n"
)
_IN_MARKS = re.compile(r"[\"'`(\[|/,](?:\\[nrt])+[\"'`)\]|/,]")
_LETTER = re.compile(
    r"\\u(?P<high>d[89ab][0-9a-f]{2})\\u(?P<low>d[c-f][0-9a-f]{2})"
    r"|\\u(?P<one>[0-9a-f]{4})",
    re.I,
)
_SET = re.compile(r"\\u[0-9a-fA-F]{4}-|[\"'`\[({=]\\u[0-9a-fA-F]{4}[\"'`\])}]")
_SIGNS = {"\\n": "\n", "\\r": "\n", "\\r\\n": "\n", "\\t": "\t"}


def without_escapes(text: str, prose_of: Callable[[str], str]) -> str:
    r"""Returns a text whose breaks and letters are what they were before a dump.

    >>> without_escapes(r"Done.\n\nThanks \u2764", lambda text: text)
    'Done.\n\nThanks ❤'

    Args:
      text: as it was stored.
      prose_of: blanks the code of a text, which keeps its length.
    """
    if "\\" not in text or _ABOUT.search(text):
        return text
    if text.isascii() and "\\u" in text and not _SET.search(text):
        text = _replaced(text, _LETTER, _letter, prose_of)
    if _has_escaped_breaks(text):
        text = _replaced(text, _BREAK, lambda found: _SIGNS[found[0]], prose_of)
    return text


def _has_escaped_breaks(text: str) -> bool:
    if "\\n" not in text or "\n" in text:
        return False
    if _IN_MARKS.search(text) or _PATH.search(text):
        return False
    sure = sum(1 for _ in _SURE.finditer(text))
    return bool(sure) and not _NAMES.search(_BREAK.sub(" ", text))


def _letter(found: re.Match[str]) -> str:
    if found["high"]:
        pair = bytes.fromhex(found["high"] + found["low"])
        return pair.decode("utf-16-be")
    letter = chr(int(found["one"], 16))
    # Half a pair, or a sign that nobody sees, is not a letter.
    return letter if letter.isprintable() and not letter.isascii() else found[0]


def _replaced(
    text: str,
    pattern: re.Pattern[str],
    sign_of: Callable[[re.Match[str]], str],
    prose_of: Callable[[str], str],
) -> str:
    """Returns a text with signs for what is escaped in its prose."""
    found = list(pattern.finditer(text))
    if not found:
        return text
    prose, pieces, end = prose_of(text), [], 0
    for each in found:
        if prose[each.start()] == "\\":
            pieces += [text[end : each.start()], sign_of(each)]
            end = each.end()
    return "".join([*pieces, text[end:]])
