"""Sums of word vectors, apart for words that a negation reaches.

Vectors and strengths of words are whole numbers, so sums are exact: a text has the same
sums, bit for bit, in any batch.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from affectflow import weights as stored
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.ngrams import Mask, Rows
from affectflow_transforms.models.emotions.sentences import Sentences

NAME = "senses"
LARGEST = 127
"""The largest value of a stored vector."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Senses:
    """Vectors of words.

    Args:
      rows: shape (2**SLOT_BITS,): the row of `vectors` of a slot, or -1.
      vectors: shape (words, size), -127..127, each times its strength.
      strengths: shape (words,): 1..255, lower for more frequent words.
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
          reaches, sums of words that one reaches, and last the sum of squared
          strengths.
        """
        row = self.rows[read.word_slots]
        plain, first = self._summed(row, read, (row >= 0) & ~read.negated)
        turned, second = self._summed(row, read, (row >= 0) & read.negated)
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
