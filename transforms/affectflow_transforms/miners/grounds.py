"""Whether a clause gives ground for an emotion that a model chose."""

import functools
import re
from bisect import bisect_right
from typing import NamedTuple

from affectflow_transforms.miners.clauses import Reading, Sentence, Span
from affectflow_transforms.miners.phrases.doubts import DOUBTS


class _Doubts(NamedTuple):
    span: re.Pattern[str] | None
    sentence: re.Pattern[str] | None
    message: re.Pattern[str] | None
    unless: re.Pattern[str] | None


@functools.cache
def _doubts(label: str) -> _Doubts | None:
    if label not in DOUBTS:
        return None
    of = DOUBTS[label]
    patterns = (of.span, of.sentence, of.message, of.unless)
    return _Doubts(*(re.compile(each) if each else None for each in patterns))


def is_grounded(reading: Reading, span: Span, label: str) -> bool:
    """Returns whether nothing about a clause speaks against its emotion.

    A refusal may be calm, a question rhetorical, praise denied, "painful" a judgement.
    """
    doubts = _doubts(label)
    if doubts is None:
        return True
    sentence = _around(reading, span)
    said = reading.masked[sentence.start : sentence.end] + sentence.terminator
    if doubts.unless and doubts.unless.search(said):
        return True
    texts = reading.masked[span.start : span.end], said, reading.masked
    pairs = zip((doubts.span, doubts.sentence, doubts.message), texts, strict=True)
    return not any(pattern and pattern.search(text) for pattern, text in pairs)


def _around(reading: Reading, span: Span) -> Sentence:
    starts = [sentence.start for sentence in reading.sentences]
    return reading.sentences[max(bisect_right(starts, span.start) - 1, 0)]
