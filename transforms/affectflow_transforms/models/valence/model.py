"""Two ways to valence: words that people rated, and a regression of your own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np

from affectflow import weights as stored
from affectflow.vocabularies import get
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.embedded import emotion_model
from affectflow_transforms.models.emotions.model import NgramModel, unpacked
from affectflow_transforms.models.emotions.ngrams import Floats
from affectflow_transforms.models.emotions.sentences import features_by_sentence
from affectflow_transforms.models.valence.rating import Lexicon, Values, label_ratings

ANNOTATOR = "EmbeddedValence"


class ValueModel(Protocol):
    """What gives values between 0 and 1, the middle of the scale at 0.5."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the columns of the values."""
        ...

    @property
    def english(self) -> NgramModel:
        """Tells which texts are English, and which are cut."""
        ...

    def values(self, texts: list[str]) -> Floats:
        """Returns values, shape (texts, labels), 0..1."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class RatedWords:
    """Valence by the ratings of words, and by those of the emotions' names.

    The value is the middle of the scale, plus a quarter of the lexicon's rating of the
    text, plus a quarter of the mean rating of the emotions by their scores.

    Args:
      lexicon: ratings of words.
      english: the model of emotions.
      ratings: the ratings of the emotions' names, shape (emotions,), -1..1.
    """

    lexicon: Lexicon
    english: NgramModel
    ratings: Values

    @classmethod
    def load(cls) -> Self:
        """Returns what comes with the package."""
        lexicon, emotions = Lexicon.load(), emotion_model()
        ratings = label_ratings(lexicon, emotions.labels)
        return cls(lexicon=lexicon, english=emotions, ratings=ratings)

    @property
    def labels(self) -> tuple[str, ...]:
        """Valence alone: there are no other ratings of words under a free licence."""
        return get("vad").labels[:1]

    def values(self, texts: list[str]) -> Floats:
        """Returns valence, shape (texts, 1), 0..1."""
        rated = self.lexicon.rate(texts) + self.by_emotions(texts)
        return np.clip(0.5 + rated / 4, 0, 1).astype(np.float32)[:, None]

    def by_emotions(self, texts: list[str]) -> Values:
        """Returns the mean rating of emotions by their scores, shape (texts,)."""
        scores = self.english.scores(texts).astype(np.float64)
        # Column by column, so that a text's sum does not depend on its batch.
        total, rated = np.zeros(len(texts)), np.zeros(len(texts))
        for column, rating in zip(scores.T, self.ratings, strict=True):
            total += column
            rated += column * rating
        return rated / np.maximum(total, 1e-9)


@dataclass(frozen=True, eq=False, kw_only=True)
class Regression:
    """A linear regression on n-grams, trained by the user.

    Args:
      english: weights of n-grams; its scores are not probabilities, but values.
    """

    english: NgramModel

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the model in a folder that `affectflow train valence` wrote.

        Raises:
          UsageError: there is not exactly one such file, or it is for another model.
        """
        arrays, metadata = stored.read(folder, ANNOTATOR)
        return cls.unpacked(arrays, tuple(metadata["labels"].split(",")))

    @classmethod
    def unpacked(cls, arrays: dict[str, Any], labels: tuple[str, ...]) -> Self:
        """Returns the model from the arrays on disk."""
        return cls(english=NgramModel(labels=labels, **unpacked(arrays)))

    @property
    def labels(self) -> tuple[str, ...]:
        """The scales that the model was trained on."""
        return self.english.labels

    def values(self, texts: list[str]) -> Floats:
        """Returns values, shape (texts, labels), 0..1."""
        parts = [self._values(chunk) for chunk in ngrams.chunks(texts)]
        return np.concatenate([np.zeros((0, len(self.labels)), np.float32), *parts])

    def _values(self, texts: list[str]) -> Floats:
        evidence = self.english.evidence(features_by_sentence(texts))
        values = self.english.shift + self.english.gain * evidence
        return np.clip(values, 0, 1).astype(np.float32)
