"""A message as numbers: its words, what stands between them, its sentences."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from affectflow_transforms.miners.clauses import WORD, Reading
from affectflow_transforms.miners.rank.words import word_of

MAX_SENTENCES, MAX_TOKENS = 30, 120
"""Later sentences are not looked at, nor the rest of a longer one: a table, a dump."""
MAX_KNOWN = 1 << 16
"""So many different words are kept in mind before all are forgotten."""

GAPS = (*("start", "end", "blank", "line", "wide", "other", "."), *"!?;:(),\"'-")
"""What may stand between two words; the most telling mark of those that do."""
_GAP = {mark: number for number, mark in enumerate(GAPS)}
_DASHES = str.maketrans("–—", "--")

Numbers = npt.NDArray[np.int64]


class Words(dict[str, int]):
    """The row of each word that was met; words that are alike share one.

    Args:
      vocabulary: the number of each word that has weights of its own, from 1.
    """

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._rows: dict[tuple[int, int, int, bool], int] = {}
        self._lock = threading.Lock()
        self._told = np.zeros((0, 4), np.int64)

    def __missing__(self, word: str) -> int:
        told = (self._vocabulary.get(word, 0), *word_of(word))
        with self._lock:
            row = self._rows.setdefault(told, len(self._rows))
            if len(self) >= MAX_KNOWN:
                self.clear()
            self[word] = row
        return row

    def told(self) -> Numbers:
        """Returns of each row: number, part of speech, classes, whether it tells."""
        with self._lock:
            if len(self._told) < len(self._rows):
                self._told = np.array(list(self._rows), dtype=np.int64)
            return self._told


class _Gaps(dict[str, int]):
    def __missing__(self, between: str) -> int:
        marks = between.strip().translate(_DASHES)
        if not marks:
            kind = "wide" if between[2:] else "blank"
            return _GAP["line" if "\n" in between else kind]
        return next((_GAP[mark] for mark in GAPS[6:] if mark in marks), _GAP["other"])


_GAPS = _Gaps({" ": _GAP["blank"]})


@dataclass(eq=False, slots=True)
class Tokens:
    """The words of one message, in order.

    Args:
      spans: where each is in the text.
      rows: the row of each in `Words`.
      gaps: what stands before each.
      closing: what stands after the last word of each sentence.
      sizes: how many words each sentence has.
    """

    spans: list[tuple[int, int]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    closing: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def tokens_of(reading: Reading, words: Words) -> Tokens:
    """Returns the words of the author, sentence by sentence."""
    found = Tokens()
    masked = reading.masked
    for sentence in reading.sentences[:MAX_SENTENCES]:
        matches = WORD.finditer(masked, sentence.start, sentence.end)
        spans = [match.span() for match in matches][:MAX_TOKENS]
        found.spans += spans
        found.rows += [words[masked[start:end]] for start, end in spans]
        found.gaps.append(0)
        found.gaps += [
            _GAPS[masked[before[1] : after[0]]] for before, after in pairwise(spans)
        ]
        found.sizes.append(len(spans))
        found.closing.append(_GAP.get(sentence.terminator[:1], _GAP["end"]))
    return found


def joined(lists: Sequence[list[int]]) -> Numbers:
    """Returns the numbers of all lists, one after the other."""
    size = [0, *accumulate(map(len, lists))][-1]
    return np.fromiter((n for each in lists for n in each), np.int64, size)
