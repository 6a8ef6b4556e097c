"""A linear classifier of emotions over hashed n-grams and what words mean.

Weights and counts are whole numbers, so sums are exact: a text has the same scores, bit
for bit, in any batch.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from affectflow import weights as stored
from affectflow.errors import UsageError
from affectflow_transforms.models.emotions.ngrams import (
    BLOCKS,
    FOREIGN,
    MAX_CHARACTERS,
    Floats,
    Mask,
    chunks,
    count,
    flatten,
    plain_words,
    short,
    split_words,
)
from affectflow_transforms.models.emotions.sentences import (
    Block,
    Sentences,
    Sums,
    features_by_sentence,
)
from affectflow_transforms.models.senses.model import LARGEST, Senses

ANNOTATOR = "EmbeddedEmotions"
SENSES = "affectflow_transforms.models.senses"

ENGLISH_FROM = 0.45
"""Texts with a lower share of known words are refused."""

FINER = 256
"""Steps of a weight of senses for each step of one of n-grams."""
OVER_SENSES = "senses"
"""Metadata: digest of the word vectors that weights were trained over."""

_AS_STORED = ("gain", "shift", "thresholds", "known_words")

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class NgramModel:
    """Weights of n-grams, and the calibration of their sums.

    A model keeps no state between calls, and threads may share it.

    Args:
      labels: the names of the columns of scores.
      thresholds: shape (labels,): a label is meant from this score on.
      rows: for each of `BLOCKS`, shape (2**SLOT_BITS,): the row of `weights`, or -1.
      weights: shape (features, labels + 1 or more), whole numbers; the last column is
        the squared inverse document frequency.
      gain: shape (labels,); with `shift`, scales the sums to log odds.
      shift: shape (labels,).
      known_words: hashes of English words, sorted.
      senses: vectors of words, if they are read as well.
      meant: shape (senses.width, labels or more), whole numbers: weights of the senses,
        in 1/FINER of those of n-grams.
    """

    labels: tuple[str, ...]
    thresholds: Floats
    rows: tuple[npt.NDArray[np.int32], ...]
    weights: Floats
    gain: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]
    known_words: npt.NDArray[np.uint32]
    senses: Senses | None = None
    meant: Values | None = None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the model of emotions in `folder`.

        Raises:
          UsageError: there is not exactly one weights file, it is for another model, or
            it rests on other word vectors.
        """
        arrays, metadata = stored.read(folder, ANNOTATOR)
        check_senses(metadata, folder)
        return cls(labels=tuple(metadata["labels"].split(",")), **unpacked(arrays))

    def scores(self, texts: list[str]) -> Floats:
        """Returns probabilities of the labels, shape (texts, labels).

        Texts without n-grams that the model knows, such as the empty text, get the
        score of no evidence.
        """
        parts = [
            self.probabilities(self.evidence(features_by_sentence(chunk)))
            for chunk in chunks(texts)
        ]
        return np.concatenate([np.zeros((0, len(self.labels)), np.float32), *parts])

    def evidence(self, read: Sentences) -> Values:
        """Returns what speaks for each column of weights, by text.

        Returns:
          Shape (texts, columns): first the labels, then those of `widened`.
        """
        return self.sums(read).by_text(read.first).evidence()

    def sums(self, read: Sentences) -> Sums:
        """Returns the sums of each column of weights, for each kind, by sentence.

        They are whole numbers, so a text has exactly the sums of its sentences.
        """
        own = self._blocks(read)
        if read.cues is None:
            return Sums(own=own, said=(), at=np.zeros(0, np.intp))
        said, at = self._blocks(read.cues.read), read.cues.at
        for block, part in zip(own, said, strict=True):
            block[at] -= part  # Exact: they are whole numbers.
        return Sums(own=own, said=said, at=at)

    def _blocks(self, read: Sentences) -> tuple[Block, ...]:
        grams = tuple(
            count(each, rows, len(self.weights)) @ self.weights
            for each, rows in zip(read.blocks, self.rows, strict=True)
        )
        return grams if self.senses is None else (*grams, self._meant(read))

    def _meant(self, read: Sentences) -> Values:
        assert self.senses is not None
        assert self.meant is not None
        sums = self.senses.sums(read)
        length = sums[:, -1:] * float(LARGEST * FINER) ** 2
        return np.concatenate([sums[:, :-1] @ self.meant, length], axis=1)

    def probabilities(self, evidence: Values) -> Floats:
        """Returns the scores that evidence amounts to, shape (texts, labels)."""
        odds = self.shift + self.gain * evidence[:, : len(self.labels)]
        scores: Floats = special.expit(odds).astype(np.float32)
        return scores

    def widened(self, columns: Floats, meant: Values) -> Self:
        """Returns the model with further columns of weights, for `evidence`.

        Args:
          columns: shape (features, columns), whole numbers.
          meant: shape (senses.width, columns), whole numbers: see the field.
        """
        weights = np.concatenate(
            [self.weights[:, :-1], columns, self.weights[:, -1:]], axis=1
        )
        assert self.meant is not None
        both = np.concatenate([self.meant, meant], axis=1)
        return replace(self, weights=weights, meant=both)

    def truncated(self, texts: list[str]) -> Mask:
        """Returns which texts are cut before they are scored, shape (texts,)."""
        return np.array([len(text) > MAX_CHARACTERS for text in texts], np.bool_)

    def known_share(self, texts: list[str]) -> Floats:
        """Returns the share of words that are known English words, shape (texts,).

        Only words of letters count, except those that look like an address, a path or
        code. Without such words it is 0.
        """
        parts = [self._language(chunk).known_share for chunk in chunks(texts)]
        return np.concatenate([np.zeros(0, np.float32), *parts])

    def looks_unsupported(self, texts: list[str]) -> Mask:
        """Returns which texts are surely not English, shape (texts,).

        They have at least 4 words, too few of them known, or at least 2 words, most of
        them in a script other than Latin.
        """
        parts = [self._language(chunk).is_foreign for chunk in chunks(texts)]
        return np.concatenate([np.zeros(0, np.bool_), *parts])

    def _language(self, texts: list[str]) -> "_Language":
        flat = flatten(texts)
        words = split_words(flat)
        plain = plain_words(flat, words)
        row = words.row[plain]
        first = flat.codes[words.begin[plain]]
        known = np.isin(short(words.hashes[plain]), self.known_words)
        return _Language(
            words=np.bincount(row, minlength=flat.n_rows),
            known=np.bincount(row[known], minlength=flat.n_rows),
            foreign=np.bincount(row[FOREIGN[first]], minlength=flat.n_rows),
        )


def check_senses(metadata: Mapping[str, str], folder: Path) -> None:
    """Checks that weights rest on the package's vectors of words, if on any.

    Raises:
      UsageError: they were trained over other word vectors.
    """
    over, here = metadata.get(OVER_SENSES, ""), stored.revision(SENSES)
    if over and over != here:
        raise UsageError(
            f"the weights in {str(folder)!r} need word vectors {over}, but this "
            f"version has {here}: train them again with this version"
        )


@functools.cache
def senses() -> Senses:
    """Returns the vectors of words that come with the package."""
    return Senses.load(stored.folder(SENSES))


def unpacked(arrays: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of `NgramModel`, from the arrays on disk."""
    used = np.unpackbits(arrays["slots"]).astype(np.bool_)
    rows = np.where(used, np.cumsum(used) - 1, -1).astype(np.int32)
    columns = (arrays["weights"], arrays["squared_idf"][:, None])
    return {
        "rows": tuple(rows.reshape(len(BLOCKS), -1)),
        "weights": np.concatenate(columns, axis=1).astype(np.float32),
        **_meanings(arrays),
        **{name: arrays[name] for name in _AS_STORED},
    }


def _meanings(arrays: dict[str, Any]) -> dict[str, Any]:
    if "meant" not in arrays:
        return {}
    return {"senses": senses(), "meant": arrays["meant"].astype(np.float64)}


@dataclass(frozen=True, eq=False)
class _Language:
    """Counts of words that count, each of shape (texts,)."""

    words: npt.NDArray[np.int64]
    known: npt.NDArray[np.int64]
    foreign: npt.NDArray[np.int64]

    @property
    def known_share(self) -> Floats:
        share: Floats = (self.known / np.maximum(self.words, 1)).astype(np.float32)
        return share

    @property
    def is_foreign(self) -> Mask:
        unknown = (self.words >= 4) & (self.known_share < ENGLISH_FROM)
        return unknown | (self.words >= 2) & (2 * self.foreign > self.words)
