"""The German model: n-grams, and which texts are German at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from affectflow import weights as stored
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.model import NgramModel, unpacked
from affectflow_transforms.models.emotions.ngrams import Floats, Mask

ANNOTATOR = "EmbeddedGerman"
GERMAN_FROM = 0.45
"""Texts with a lower share of known German words are not taken for German."""
TAGGED_GERMAN_FROM = 0.3
"""The same, of texts of at least 4 words whose source says that they are German."""

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class GermanModel:
    """Scores of Plutchik's eight, and the words that tell German from English.

    Args:
      emotions: the classifier; its `known_words` are German.
      english_words: hashes of known English words, sorted.
    """

    emotions: NgramModel
    english_words: npt.NDArray[np.uint32]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the model in `folder`, a file `*.safetensors` and nothing pickled.

        Raises:
          UsageError: there is not exactly one such file, or it is for another model.
        """
        arrays, metadata = stored.read(folder, ANNOTATOR)
        labels = tuple(metadata["labels"].split(","))
        return cls(
            emotions=NgramModel(labels=labels, **unpacked(arrays)),
            english_words=arrays["english_words"],
        )

    def scores(self, texts: list[str]) -> Floats:
        """Returns scores of the labels, shape (texts, labels)."""
        return self.emotions.scores(texts)

    def looks_german(self, texts: list[str]) -> Mask:
        """Returns which texts are German by their words, shape (texts,).

        More of their words are known as German than as English, and their share is at
        least `GERMAN_FROM`. A text without words does not count as German.
        """
        return self._language(texts).is_german

    def looks_unsupported(self, texts: list[str]) -> Mask:
        """Returns which texts are surely not German, whatever their source says."""
        return self._language(texts).is_foreign

    def _language(self, texts: list[str]) -> "_Language":
        parts = [self._counts(chunk) for chunk in ngrams.chunks(texts)]
        return _Language(*np.concatenate([np.zeros((0, 4), np.int64), *parts]).T)

    def _counts(self, texts: list[str]) -> Counts:
        flat = ngrams.flatten(texts)
        words = ngrams.split_words(flat)
        plain = ngrams.plain_words(flat, words)
        row, hashes = words.row[plain], ngrams.short(words.hashes[plain])
        marks = (
            np.ones(len(row), np.bool_),
            np.isin(hashes, self.emotions.known_words),
            np.isin(hashes, self.english_words),
            ngrams.FOREIGN[flat.codes[words.begin[plain]]],
        )
        counts = [np.bincount(row[mark], minlength=flat.n_rows) for mark in marks]
        return np.stack(counts, axis=1)


@dataclass(frozen=True, eq=False)
class _Language:
    """Counts of words that count, each of shape (texts,)."""

    words: Counts
    german: Counts
    english: Counts
    foreign: Counts

    @property
    def is_german(self) -> Mask:
        enough = self.german >= GERMAN_FROM * self.words
        german: Mask = enough & (self.german > self.english)
        return german

    @property
    def is_foreign(self) -> Mask:
        few = self.german < TAGGED_GERMAN_FROM * self.words
        other = (self.words >= 4) & (few | (self.english > self.german))
        script = (self.words >= 2) & (2 * self.foreign > self.words)
        foreign: Mask = other | script
        return foreign
