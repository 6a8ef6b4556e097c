"""Sums of word vectors, apart for words that a negation reaches.

Vectors are int8 and so are the strengths of words, so sums are exact: a text has the
same ones, bit for bit, whatever batch it comes in.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from affectflow import weights as stored
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.ngrams import Mask, Rows, Sentences

NAME = "senses"
LARGEST = 127
"""The largest value of a stored vector."""
REACH = 4
"""Words behind a negation that it reaches, within its clause."""
NEGATIONS = (
    *("no", "not", "never", "nothing", "nobody", "none", "neither", "nor", "without"),
    *("cannot", "hardly", "barely", "ain't", "aren't", "can't", "cant", "couldn't"),
    *("didn't", "didnt", "doesn't", "doesnt", "don't", "dont", "hadn't", "hasn't"),
    *("haven't", "isn't", "isnt", "mustn't", "needn't", "shouldn't", "wasn't"),
    *("weren't", "won't", "wouldn't"),
)
ENDINGS = (",", ";", ":", "(", ")", "but", "just", "because")
"""Words that end the reach of a negation; so does the end of a sentence."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Senses:
    """Vectors of words.

    Args:
      rows: shape (2**SLOT_BITS,): the row of `vectors` of a slot, or -1.
      vectors: shape (words, size), -127..127, each times its strength.
      strengths: shape (words,): 1..255, the less the more frequent a word is.
    """

    rows: npt.NDArray[np.int32]
    vectors: Values
    strengths: Values

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the vectors in `folder`.

        Raises:
          UsageError: there is not exactly one weights file, or it holds something else.
        """
        return cls.unpacked(stored.read(folder, NAME)[0])

    @classmethod
    def unpacked(cls, arrays: dict[str, Any]) -> Self:
        """Returns the vectors from the arrays on disk."""
        rows = np.full(2**ngrams.SLOT_BITS, -1, np.int32)
        slots = arrays["slots"]
        rows[slots] = np.arange(len(slots))
        strengths = arrays["strengths"].astype(np.float64)
        vectors = arrays["vectors"] * strengths[:, None]
        return cls(rows=rows, vectors=vectors, strengths=strengths)

    @property
    def width(self) -> int:
        """Columns of `sums` but the last: two for each dimension of the vectors."""
        return 2 * self.vectors.shape[1]

    def sums(self, read: Sentences) -> Values:
        """Returns sums of the vectors of words, by sentence.

        Returns:
          Shape (sentences, width + 1), whole numbers: sums of words that no negation
          reaches, of those that one does, and last of the squared strengths.
        """
        row = self.rows[ngrams.word_slots(read.split)]
        negated = negated_words(read)
        plain, first = self._summed(row, read, (row >= 0) & ~negated)
        turned, second = self._summed(row, read, (row >= 0) & negated)
        return np.concatenate([plain, turned, (first + second)[:, None]], axis=1)

    def _summed(self, row: Rows, read: Sentences, kept: Mask) -> tuple[Values, Values]:
        ends = np.searchsorted(read.of_words[kept], np.arange(read.n_sentences + 1))
        ones = np.ones(int(kept.sum()))
        shape = (read.n_sentences, len(self.vectors))
        counts = sparse.csr_matrix((ones, row[kept], ends), shape=shape)
        return counts @ self.vectors, counts @ self.strengths**2


def scaled(sums: Values) -> Values:
    """Returns sums over the root of the last column: of length about 1."""
    length = np.sqrt(np.maximum(sums[:, -1:], 1.0))
    values: Values = sums[:, :-1] / (LARGEST * length)
    return values


def negated_words(read: Sentences) -> Mask:
    """Returns which words a negation reaches."""
    slots = ngrams.word_slots(read.split)
    clause = read.of_words + np.cumsum(_slots_of(ENDINGS)[slots])
    return reached(_slots_of(NEGATIONS)[slots], clause)


@functools.cache
def _slots_of(words: tuple[str, ...]) -> Mask:
    """Returns which slots are of one of some words."""
    found = np.zeros(2**ngrams.SLOT_BITS, np.bool_)
    found[[ngrams.slot_of(word) for word in words]] = True
    return found


def reached(negating: Mask, clause: Rows) -> Mask:
    """Returns which words a negation reaches: the next `REACH` of its clause.

    Args:
      negating: for each word, whether it negates.
      clause: that of each word, rising.
    """
    place = np.arange(len(negating))
    last = np.maximum.accumulate(np.where(negating, place, -1 - REACH))
    # A negation does not reach itself, but one does reach the next.
    before = np.full(len(negating), -1 - REACH)
    before[1:] = last[:-1]
    near = (place - before <= REACH) & (before >= 0)
    found: Mask = near & (clause[np.maximum(before, 0)] == clause)
    return found
