"""Three linear heads over what the emotion model reads, its scores and known words.

P(frustration) rests on P(uncivil) x P(bitter frustration or impatience | uncivil), as
the labels of `gh_incivility` (Ehsani et al., MSR 2024) allow. They do not cover civil
frustration, so a third head has learned from texts that were written for this project.
Its log odds are added, and with a small weight those of annoyance, which was learned
from many more comments of more kinds. N-grams and senses of words are those of the
emotion model, so that a text is read once.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from affectflow import weights as stored
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.model import (
    ANNOTATOR,
    NgramModel,
    Values,
)
from affectflow_transforms.models.emotions.ngrams import (
    Floats,
    Grams,
    Rows,
)
from affectflow_transforms.models.emotions.sentences import (
    Places,
    Sentences,
    Sums,
    features_by_sentence,
)
from affectflow_transforms.models.frustration.phrases import GROUPS

OVER = "emotions"
"""Metadata: digest of the emotion weights that a file was trained over."""
HEADS = ("uncivil", "frustrated", "authored")
N_WORD_MARKS = 2 * len(GROUPS) + 3
"""Columns of `word_marks`."""
_LEAST, _MOST = 1e-4, 1 - 1e-4
"""Scores of emotions are held within, so that their log odds are."""
_SHORTEST = 8.0
"""The word count of shorter texts, when counts are divided by length."""
_VALENCE = 32
"""Steps of a stored valence for each unit of VADER's scale, -4..4 (less than 4)."""

Table = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False, kw_only=True)
class Lexicon:
    """Known words and phrases, by the slot of their n-gram.

    Args:
      groups: shape (2**SLOT_BITS,): the group of phrases, from 1 on; 0 for none.
      valence: shape (2**SLOT_BITS,): in 1/32; 0 for none.
    """

    groups: Table
    valence: Table

    @classmethod
    def of(cls, words: npt.NDArray[np.int32], valence: Table) -> Self:
        """Returns the lexicon: the package's phrases, and valences of slots."""
        table = np.zeros(2**ngrams.SLOT_BITS, np.int8)
        table[words] = valence
        return cls(groups=phrase_groups(), valence=table)

    @functools.cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which slots have a group or a valence: one look-up instead of two."""
        return (self.groups != 0) | (self.valence != 0)


@dataclass(frozen=True, eq=False, kw_only=True)
class FrustrationModel:
    """Scores of the emotions and of frustration, from one look at a text.

    Args:
      emotions: the model of emotions, widened by a column for each of `HEADS`.
      lexicon: known words and phrases.
      scale: shape (heads,): the factor that restores the columns of n-grams.
      weights: shape (features of `marks`, heads).
      intercepts: shape (heads,).
      prior: weight of the log odds of annoyance in its strongest sentence.
      authored: weight of the log odds of the head that learned from authored texts.
      slope: with `offset`, turns the output of `combined` into log odds.
      offset: see `slope`.
      threshold: frustration is meant from this score on.
    """

    emotions: NgramModel
    lexicon: Lexicon
    scale: Values
    weights: Values
    intercepts: Values
    prior: float
    authored: float
    slope: float
    offset: float
    threshold: float

    @classmethod
    def load(cls, folder: Path, emotions: NgramModel) -> Self:
        """Returns the model in `folder`.

        Args:
          folder: the folder of the weights.
          emotions: the model of emotions that they were trained over.

        Raises:
          UsageError: there is not exactly one weights file, or it is for another model.
        """
        arrays, _ = stored.read(folder, ANNOTATOR)
        return cls.unpacked(arrays, emotions)

    @classmethod
    def unpacked(cls, arrays: dict[str, Any], emotions: NgramModel) -> Self:
        """Returns the model from the arrays on disk."""
        prior, authored, slope, offset, threshold = arrays["calibration"].tolist()
        return cls(
            emotions=emotions.widened(
                arrays["columns"].astype(np.float32), arrays["meant"].astype(np.float64)
            ),
            lexicon=Lexicon.of(arrays["words"], arrays["valence"]),
            scale=arrays["scale"],
            weights=arrays["weights"],
            intercepts=arrays["intercepts"],
            prior=prior,
            authored=authored,
            slope=slope,
            offset=offset,
            threshold=threshold,
        )

    def scores(self, texts: list[str]) -> tuple[Floats, Floats]:
        """Returns scores of emotions (texts, labels), and of frustration (texts,)."""
        parts = [self._scores(chunk) for chunk in ngrams.chunks(texts)]
        labels = np.zeros((0, len(self.emotions.labels)), np.float32)
        none = (labels, np.zeros(0, np.float32))
        emotions, frustration = zip(none, *parts, strict=True)
        return np.concatenate(emotions), np.concatenate(frustration)

    def _scores(self, texts: list[str]) -> tuple[Floats, Floats]:
        sentences = features_by_sentence(texts)
        sums = self.emotions.sums(sentences)
        strongest = strongest_of(self.emotions, sums, sentences.first)
        evidence = sums.by_text(sentences.first).evidence()
        emotions = self.emotions.probabilities(evidence)
        known = marks(emotions, strongest, word_marks(sentences, self.lexicon))
        odds = evidence[:, len(self.emotions.labels) :] * self.scale + self.intercepts
        annoyance = known[:, annoyance_column(self.emotions)]
        both = combined(
            odds + known @ self.weights, annoyance, self.prior, self.authored
        )
        score = special.expit(self.slope * both + self.offset)
        return emotions, score.astype(np.float32)


def combined(odds: Values, annoyance: Values, prior: float, authored: float) -> Values:
    """Returns log odds of two heads' product, of a third, and of annoyance.

    Args:
      odds: log odds of `HEADS`, shape (texts, heads).
      annoyance: log odds, shape (texts,).
      prior: the weight of annoyance.
      authored: the weight of the third head.
    """
    both = special.log_expit(odds[:, :2]).sum(axis=1)
    rest = np.log(-np.expm1(np.minimum(both, -1e-12)))
    values: Values = both - rest + prior * annoyance + authored * odds[:, 2]
    return values


# -- features beside n-grams -------------------------------------------------------


def strongest_of(emotions: NgramModel, sums: Sums, first: Rows) -> Floats:
    """Returns the highest score of a text's sentences, shape (texts, labels).

    Frustration is often one sentence of a long comment.

    Args:
      emotions: the model.
      sums: the output of `emotions.sums` for sentences.
      first: the first sentence of each text.
    """
    scores = emotions.probabilities(sums.evidence())
    highest: Floats = np.maximum.reduceat(scores, first, axis=0)
    return highest


def annoyance_column(emotions: NgramModel) -> int:
    """Returns the column of `marks` with annoyance where it is strongest."""
    return len(emotions.labels) + emotions.labels.index("annoyance")


def marks(emotions: Floats, strongest: Floats, words: Values) -> Values:
    """Returns the features of texts beside n-grams: (texts, features).

    Args:
      emotions: scores of the texts, shape (texts, labels).
      strongest: see `strongest_of`.
      words: see `word_marks`.

    Returns:
      Log odds of `emotions` and of `strongest`, then `words`.
    """
    both = np.concatenate([emotions, strongest], axis=1).astype(np.float64)
    held = np.clip(both, _LEAST, _MOST)
    return np.concatenate([special.logit(held), words], axis=1)


def phrase_groups() -> Table:
    """Returns the group of each slot of word n-grams, from 1 on; 0 for none."""
    groups = np.zeros(2**ngrams.SLOT_BITS, np.int8)
    for number, phrases in enumerate(GROUPS.values(), start=1):
        groups[[ngrams.slot_of(phrase) for phrase in phrases]] = number
    return groups


def stored_valence(values: Values) -> Table:
    """Returns valences of -4..4 as they are stored."""
    stored: Table = np.clip(np.rint(values * _VALENCE), -127, 127).astype(np.int8)
    return stored


def word_marks(read: Sentences, lexicon: Lexicon) -> Values:
    """Returns the features of the known words and phrases of texts.

    Phrases that begin with a word that a negation reaches do not count.

    Returns:
      Shape (texts, 2 x groups + 3): for each group 0 or 1, and its count; then the sums
      of positive and of negative valence, where counts and sums are divided by the root
      of the number of words; last, the most negative valence.
    """
    words = read.words
    n_words = np.bincount(read.split.row, minlength=len(read.first))
    size = np.sqrt(np.maximum(n_words, _SHORTEST))[:, None]
    (hits,) = np.nonzero(lexicon.known[words.slots])
    hits = hits[~read.negated[read.begins(hits)]]
    row, slots = _rows(words, hits), words.slots[hits]
    counts = _group_counts(row, lexicon.groups[slots], len(n_words))
    good, bad, worst = _valences(row, lexicon.valence[slots], len(n_words))
    sums = np.stack([good, bad], axis=1) / size
    return np.concatenate(
        [np.minimum(counts, 1), counts / size, sums, worst[:, None]], axis=1
    )


def _group_counts(row: Places, group: Table, n_texts: int) -> Values:
    n_groups = len(GROUPS)
    grouped = group > 0
    place = row[grouped] * n_groups + group[grouped] - 1
    counts = np.bincount(place, minlength=n_texts * n_groups)
    return counts.reshape(n_texts, n_groups).astype(np.float64)


def _valences(
    row: Places, valence: Table, n_texts: int
) -> tuple[Values, Values, Values]:
    """Returns sums of positive and of negative valence, and the worst, by text."""
    value = valence / _VALENCE
    worst = np.zeros(n_texts)
    np.maximum.at(worst, row, -value)
    good = np.bincount(row, np.maximum(value, 0.0), minlength=n_texts)
    bad = np.bincount(row, np.maximum(-value, 0.0), minlength=n_texts)
    return good.astype(np.float64), bad.astype(np.float64), worst


def _rows(words: Grams, hits: Places) -> Places:
    """Returns the text of each n-gram."""
    return np.searchsorted(words.ends, hits, side="right") - 1
