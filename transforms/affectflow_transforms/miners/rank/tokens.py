"""A message as numbers: its words, what stands between them, its sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from affectflow_transforms.miners.clauses import WORD, Reading
from affectflow_transforms.miners.rank.words import word_of

MAX_SENTENCES, MAX_TOKENS = 30, 120
"""Later sentences are not looked at, nor the rest of a longer one: a table, a dump."""

GAPS = (*("start", "end", "blank", "line", "wide", "other", "."), *"!?;:(),\"'-")
"""What may stand between two words; the most telling mark of those that do."""
_GAP = {mark: number for number, mark in enumerate(GAPS)}
_DASHES = str.maketrans("–—", "--")

Numbers = npt.NDArray[np.int64]


@dataclass(eq=False)
class Tokens:
    """The words of one message, in order.

    Args:
      starts: where each begins in the text.
      ends: where each ends.
      words: its number in the vocabulary; 0 if it is not there.
      parts: its part of speech.
      classes: bits of what it tells of.
      gaps: what stands before it.
      closing: what stands after the last word of each sentence.
      sizes: how many words each sentence has.
      telling: whether it has content.
    """

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    words: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    classes: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    closing: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    telling: list[bool] = field(default_factory=list)


def tokens_of(reading: Reading, vocabulary: Mapping[str, int]) -> Tokens:
    """Returns the words of the author, sentence by sentence."""
    found = Tokens()
    masked = reading.masked
    for sentence in reading.sentences[:MAX_SENTENCES]:
        before, first = -1, len(found.starts)
        for match in WORD.finditer(masked, sentence.start, sentence.end):
            start, end = match.span()
            text = match.group()
            word = word_of(text)
            found.starts.append(start)
            found.ends.append(end)
            found.words.append(vocabulary.get(text, 0))
            found.parts.append(word.part)
            found.classes.append(word.classes)
            found.telling.append(word.telling)
            found.gaps.append(_gap(masked[before:start]) if before >= 0 else 0)
            before = end
            if len(found.starts) - first == MAX_TOKENS:
                break
        found.sizes.append(len(found.starts) - first)
        found.closing.append(_GAP.get(sentence.terminator[:1], _GAP["end"]))
    return found


def _gap(between: str) -> int:
    if between == " ":
        return 2
    marks = between.strip().translate(_DASHES)
    if not marks:
        return _GAP["line" if "\n" in between else "wide" if between[2:] else "blank"]
    return next((_GAP[mark] for mark in GAPS[6:] if mark in marks), _GAP["other"])
