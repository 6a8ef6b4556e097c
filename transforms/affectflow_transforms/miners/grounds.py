"""Whether a clause gives ground for an emotion that a model chose."""

import functools
import re
from bisect import bisect_right

from affectflow_transforms.miners.clauses import Reading, Sentence, Span
from affectflow_transforms.miners.phrases.doubts import DOUBTS


def is_grounded(reading: Reading, span: Span, label: str) -> bool:
    """Returns whether nothing about a clause speaks against its emotion.

    A refusal may be calm, a question rhetorical, praise denied, "painful" a judgement.
    """
    doubts = DOUBTS.get(label)
    if doubts is None:
        return True
    sentence = _around(reading, span)
    said = reading.masked[sentence.start : sentence.end] + sentence.terminator
    if _is_in(said, doubts.unless):
        return True
    texts = reading.masked[span.start : span.end], said, reading.masked
    pairs = zip((doubts.span, doubts.sentence, doubts.message), texts, strict=True)
    return not any(_is_in(text, pattern) for pattern, text in pairs)


def _is_in(text: str, pattern: str) -> bool:
    return bool(pattern) and bool(_compiled(pattern).search(text))


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _around(reading: Reading, span: Span) -> Sentence:
    starts = [sentence.start for sentence in reading.sentences]
    return reading.sentences[max(bisect_right(starts, span.start) - 1, 0)]
