"""Parsers of texts: a span of what was read, or words of the model's own."""

import re

from affectflow.kinds.prompt import Answer, Step, written_by
from affectflow.schemas import Status
from affectflow_transforms.parsers.wording import (
    NOTHING,
    name_of,
    normal,
    once,
    part,
    said,
)
from affectflow_transforms.parsers.writing import in_quotes, plain_text

_QUOTED = re.compile(r'"([^"]+)"|\u201c([^\u201d]+)\u201d|\u00ab([^\u00bb]+)\u00bb')
_ALL_QUOTED = re.compile(r'["\u201c\u00ab](.+)["\u201d\u00bb]\W*', re.DOTALL)
_MARKS = "\"'`\u00b4\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
_LONGEST = 2000
"""Characters of a span that are looked for in other spacing and case."""


@written_by(in_quotes)
def quoted(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the first span in double quotes, and where it is in what was read.

    Without quotes the whole answer is the span. One that does not stand there is
    unaligned; `none` abstains.
    """
    words = said(raw)
    name = name_of(step)
    if not words:
        return [Answer(status=Status.EMPTY)]
    if is_nothing(words):
        return [Answer(status=Status.ABSTAINED)]
    spans = spans_in(words)
    placed = next((s for s in spans if place_of(s, reading)), spans[0])
    return [_aligned(name, placed, reading)]


def is_nothing(words: str) -> bool:
    """Returns whether an answer says that there is nothing to quote."""
    return normal(words) in NOTHING


def spans_in(words: str) -> list[str]:
    """Returns what may be the span that an answer quotes, the likeliest first.

    Quotation marks in a span are told from those around it only by where it is.

    >>> spans_in('"the "new" build".')
    ['the "new" build', 'the', '"the "new" build".', '"the "new" build"']
    """
    first, whole = _QUOTED.search(words), _ALL_QUOTED.fullmatch(words)
    found = [whole[1] if whole else "", _inside(first) if first else ""]
    return once(each.strip() for each in [*found, words, words.rstrip(" .")])


def quoted_text(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads a span in double quotes, as `quoted`, and the words after it.

    `options.parts` names the two; they are `quote` and `text` if it does not. Without
    quotes all is words.
    """
    words = said(raw)
    first, second = (*step.parts, "quote", "text")[:2]
    found = _QUOTED.search(words)
    after = words[found.end() :].lstrip(" \t\n.,:;-*").strip() if found else words
    span = part(step, first, "")
    if found:
        span = _aligned(first, _inside(found), reading)
    return [span, part(step, second, after)]


def _inside(found: re.Match[str]) -> str:
    return str(next(filter(None, found.groups())))


def _aligned(name: str, span: str, reading: str) -> Answer:
    """Returns a span with its place in what was read, or that it has none."""
    place = place_of(span.strip(), reading)
    if place is None:
        return Answer(name, text=span.strip(), status=Status.UNALIGNED)
    start, end = place
    return Answer(name, start=start, end=end, text=reading[start:end])


def place_of(span: str, reading: str) -> tuple[int, int] | None:
    """Returns the first place of a span in a text, as `places_of`."""
    return next(iter(places_of(span, reading)), None)


def places_of(span: str, reading: str) -> list[tuple[int, int]]:
    """Returns where a span is in a text, in code points.

    If it is nowhere as it is, then in any case, spacing and quotation marks.

    >>> places_of("the  build", "Again: The build broke")
    [(7, 16)]
    """
    if not span:
        return []
    if span in reading:
        return [each.span() for each in re.finditer(re.escape(span), reading)]
    if len(span) > _LONGEST:
        return []
    words = r"\s+".join(map(_any_marks, span.split()))
    found = re.finditer(words, reading, re.IGNORECASE) if words else ()
    return [each.span() for each in found]


def _any_marks(word: str) -> str:
    """Returns a pattern of a word in which one quotation mark is as good as another."""
    return "".join(f"[{_MARKS}]" if c in _MARKS else re.escape(c) for c in word)


@written_by(plain_text)
def text(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads an answer as it is: a description, a reply."""
    words = said(raw)
    if not words:
        return [Answer(status=Status.EMPTY)]
    return [Answer(name_of(step), text=words)]
