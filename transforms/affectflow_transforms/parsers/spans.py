"""Parsers of texts: a span of what was read, or words of the model's own."""

import re

from affectflow.kinds.prompt import Answer, Step
from affectflow.schemas import Status
from affectflow_transforms.parsers.wording import (
    NOTHING,
    name_of,
    normal,
    part,
    said,
)

_QUOTED = re.compile(r'"([^"]+)"|\u201c([^\u201d]+)\u201d|\u00ab([^\u00bb]+)\u00bb')
_LONGEST = 2000
"""Characters of a span that are looked for in other spacing and case."""


def quoted(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads the first span in double quotes, and where it stands in what was read.

    Without quotes the whole answer is the span. One that does not stand there is
    unaligned; `none` abstains.
    """
    words = said(raw)
    name = name_of(step)
    if not words:
        return [Answer(status=Status.EMPTY)]
    if normal(words) in NOTHING:
        return [Answer(status=Status.ABSTAINED)]
    found = _QUOTED.search(words)
    return [_aligned(name, _inside(found) if found else words, reading)]


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
    """Returns where a span stands in a text, in code points; in any case and spacing.

    >>> place_of("the  build", "Again: The build broke")
    (7, 16)
    """
    if not span:
        return None
    start = reading.find(span)
    if start >= 0:
        return start, start + len(span)
    if len(span) > _LONGEST:
        return None
    words = r"\s+".join(map(re.escape, span.split()))
    found = re.search(words, reading, re.IGNORECASE)
    return found.span() if found else None


def text(raw: str, *, step: Step, reading: str) -> list[Answer]:
    """Reads an answer as it is: a description, a reply."""
    words = said(raw)
    if not words:
        return [Answer(status=Status.EMPTY)]
    return [Answer(name_of(step), text=words)]
