"""Fitting `NgramModel`: features, one classifier per label, and its calibration."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from affectflow.batches.readings import CUE_BEGINS, CUE_ENDS
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.ngrams import Grams
from affectflow_transforms.models.emotions.sentences import (
    features_by_sentence,
    share_of_cues,
)
from affectflow_transforms.models.senses.model import Senses
from affectflow_transforms.models.senses.model import scaled as scaled_senses

_CUES = re.compile(f"{CUE_BEGINS}[^{CUE_ENDS}]*(?:{CUE_ENDS}|$)")

SEED = 0
FOLDS = 5
MIN_TEXTS = (4, 3)
"""Texts that a feature must occur in, for each of `ngrams.BLOCKS`."""
C = 0.1
"""Inverse strength of the L2 penalty."""
TOLERANCE = 0.05
MEANT = 0.26
"""Scale of the senses of words beside n-grams: smaller values shrink them more."""
AUTHORED = 1.0
"""Weight of a text that was written for this project, beside one of the data set."""
REAL = 2.0
"""Weight of a message of developers, beside a text of the data set."""
RATED = 5.0
"""Weight of a rated word beside a text of the data set: see `polarity`."""
LEAST_RATING = 1.0
"""Ratings (-4..4) closer to 0 say nothing about emotions."""
LEAST_SCORE = 0.1
"""No label is chosen below this score, however rare it is."""

Targets = npt.NDArray[np.bool_]
Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, kw_only=True)
class Vocabulary:
    """The features that are kept.

    Args:
      rows: the feature of each slot, or -1, for each of `ngrams.BLOCKS`.
      squared_idf: shape (features,), whole numbers below 256.
    """

    rows: tuple[Rows, ...]
    squared_idf: Values


@dataclass(frozen=True, eq=False, kw_only=True)
class Examples:
    """Texts with weighted labels.

    Args:
      x: features, shape (texts, features).
      y: shape (texts, labels).
      weights: shape (texts, labels).
    """

    x: sparse.csr_matrix
    y: Targets
    weights: Values

    @classmethod
    def sure(cls, x: sparse.csr_matrix, y: Targets) -> "Examples":
        """Returns texts that count fully."""
        return cls(x=x, y=y, weights=np.ones(y.shape))

    @classmethod
    def soft(cls, x: sparse.csr_matrix, shares: Values, weight: float) -> "Examples":
        """Returns each text twice: with a label by its share, and without by the rest.

        Args:
          x: features, shape (texts, features).
          shares: shape (texts, labels), 0..1.
          weight: the weight of both together.
        """
        return cls(
            x=sparse.vstack([x, x]).tocsr(),
            y=np.concatenate([np.full(shares.shape, said) for said in (False, True)]),
            weights=weight * np.concatenate([1 - shares, shares]),
        )

    def balanced(self, targets: Values) -> "Examples":
        """Returns texts weighted so that each label has a share of them, as told.

        The sum of the weights stays the same, and so does a label that no text has.

        Args:
          targets: shape (labels,), 0..1.
        """
        total = np.maximum(self.weights.sum(axis=0), np.finfo(np.float64).tiny)
        share = (self.weights * self.y).sum(axis=0) / total
        known = (share > 0) & (share < 1)
        yes, no = (
            np.where(known, wanted / np.where(known, has, 1.0), 1.0)
            for wanted, has in ((targets, share), (1 - targets, 1 - share))
        )
        return replace(self, weights=self.weights * np.where(self.y, yes, no))

    def __add__(self, other: "Examples") -> "Examples":
        return Examples(
            x=sparse.vstack([self.x, other.x]).tocsr(),
            y=np.concatenate([self.y, other.y]),
            weights=np.concatenate([self.weights, other.weights]),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Linear:
    """One linear classifier per label.

    Args:
      weights: shape (features, labels).
      intercepts: shape (labels,).
    """

    weights: Values
    intercepts: Values

    def decide(self, x: sparse.csr_matrix) -> Values:
        """Returns distances from the boundary, shape (texts, labels)."""
        decided: Values = x @ self.weights + self.intercepts
        return decided


# -- features ----------------------------------------------------------------------


def grams_of(texts: list[str]) -> tuple[Grams, ...]:
    """Returns the n-grams of `ngrams.BLOCKS` of all texts."""
    parts = [ngrams.features(chunk) for chunk in ngrams.chunks(texts)]
    return tuple(_joined(list(block)) for block in zip(*parts, strict=True))


def _joined(parts: list[Grams]) -> Grams:
    sizes = np.concatenate([[0], *(np.diff(part.ends) for part in parts)])
    slots = np.concatenate([part.slots for part in parts])
    return Grams(slots=slots, ends=np.cumsum(sizes))


def choose_features(blocks: tuple[Grams, ...]) -> Vocabulary:
    """Returns the features that occur in enough texts."""
    rows, squared, found = [], [], 0
    for grams, least in zip(blocks, MIN_TEXTS, strict=True):
        n_texts = len(grams.ends) - 1
        texts = _texts_with(grams)
        used = texts >= least
        position = np.cumsum(used) - 1 + found
        rows.append(np.where(used, position, -1).astype(np.int32))
        squared.append((np.log((1 + n_texts) / (1 + texts[used])) + 1) ** 2)
        found += int(used.sum())
    return Vocabulary(
        rows=tuple(rows), squared_idf=np.rint(np.concatenate(squared)).clip(1, 255)
    )


def _texts_with(grams: Grams) -> npt.NDArray[np.int64]:
    """Returns how many texts each slot occurs in."""
    n_slots = 2**ngrams.SLOT_BITS
    text = np.repeat(np.arange(len(grams.ends) - 1), np.diff(grams.ends))
    slots = np.unique(text * n_slots + grams.slots) % n_slots
    return np.bincount(slots, minlength=n_slots)


def scaled(blocks: tuple[Grams, ...], vocabulary: Vocabulary) -> sparse.csr_matrix:
    """Returns features by tf-idf, each block of length about 1 for each text."""
    total: sparse.csr_matrix = 0
    for grams, rows in zip(blocks, vocabulary.rows, strict=True):
        counts = ngrams.count(grams, rows, len(vocabulary.squared_idf))
        counts = counts.astype(np.float64)
        norms = np.sqrt(np.maximum(counts @ vocabulary.squared_idf, 1.0))
        total = total + sparse.diags(1 / norms) @ counts
    return (total @ sparse.diags(np.sqrt(vocabulary.squared_idf))).tocsr()


def with_senses(
    texts: list[str], grams: sparse.csr_matrix, senses: Senses
) -> sparse.csr_matrix:
    """Returns features with the senses of words appended, times `MEANT`."""
    parts = []
    for chunk in ngrams.chunks(texts):
        read = features_by_sentence(chunk)
        sums = np.add.reduceat(senses.sums(read), read.first, axis=0)
        parts.append(sparse.csr_matrix(MEANT * scaled_senses(sums)))
    return sparse.hstack([grams, sparse.vstack(parts)]).tocsr()


def features(
    texts: list[str], vocabulary: Vocabulary, senses: Senses
) -> sparse.csr_matrix:
    """Returns what a model reads of texts, with separate cues; see `Sums.evidence`."""
    own = [_CUES.sub(CUE_BEGINS + CUE_ENDS, text) for text in texts]
    said = ["".join(_CUES.findall(text)) for text in texts]
    of_own, of_cues = (
        with_senses(each, scaled(grams_of(each), vocabulary), senses)
        for each in (own, said)
    )
    length = abs(of_own[:, -senses.width :]).sum(axis=1)
    share = share_of_cues(np.asarray(length).ravel())
    return (of_own + sparse.diags(share) @ of_cues).tocsr()


# -- classifiers -------------------------------------------------------------------


def fit_linear(given: Examples) -> Linear:
    """Returns one support vector classifier (squared hinge loss) per label."""
    # In sequence: liblinear draws from a single generator for all threads.
    columns = zip(given.y.T, given.weights.T, strict=True)
    fitted = [_fit_label(given.x, y, weights) for y, weights in columns]
    return Linear(
        weights=np.stack([weights for weights, _ in fitted], axis=1),
        intercepts=np.array([intercept for _, intercept in fitted]),
    )


def _fit_label(
    x: sparse.csr_matrix, y: npt.NDArray[np.bool_], weights: Values
) -> tuple[Values, float]:
    from sklearn.svm import LinearSVC

    classifier = LinearSVC(C=C, tol=TOLERANCE, random_state=SEED)
    counted = weights > 0
    classifier.fit(x[counted], y[counted], sample_weight=weights[counted])
    return classifier.coef_[0], float(classifier.intercept_[0])


def folds(n_texts: int) -> Iterator[tuple[Targets, Targets]]:
    """Yields masks of the texts to fit on and of those to decide, `FOLDS` times."""
    fold = np.random.Generator(np.random.PCG64(SEED)).permutation(n_texts) % FOLDS
    for k in range(FOLDS):
        yield fold != k, fold == k


def decide_held_out(
    x: sparse.csr_matrix, y: Targets, beside: Examples | None = None
) -> Values:
    """Returns decisions of classifiers that have not seen the text they decide.

    Args:
      x: features of the texts, shape (texts, features).
      y: the labels of the texts, shape (texts, labels).
      beside: what every classifier sees besides.
    """
    decided = np.zeros(y.shape)
    for seen, held_out in folds(len(y)):
        given = Examples.sure(x[seen], y[seen])
        linear = fit_linear(given if beside is None else given + beside)
        decided[held_out] = linear.decide(x[held_out])
    return decided


# -- from decisions to answers -----------------------------------------------------


def calibrate(decided: Values, y: Targets) -> tuple[Values, Values]:
    """Returns slope and offset that make log odds of decisions (Platt's scaling)."""
    from sklearn.linear_model import LogisticRegression

    fitted = [
        LogisticRegression(C=1e6).fit(column[:, None], truth)
        for column, truth in zip(decided.T, y.T, strict=True)
    ]
    return (
        np.array([model.coef_[0, 0] for model in fitted]),
        np.array([model.intercept_[0] for model in fitted]),
    )


def best_thresholds(scores: Values, y: Targets) -> Values:
    """Returns each label's threshold: of the highest F1, or the lowest allowed."""
    pairs = zip(scores.T, y.T, strict=True)
    return np.array([_best_threshold(column, truth) for column, truth in pairs])


def _best_threshold(scores: Values, y: npt.NDArray[np.bool_]) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(y[order])
    best = int(np.argmax(2 * hits / (np.arange(1, len(y) + 1) + y.sum())))
    below = min(best + 1, len(y) - 1)
    return max(float(scores[order[[best, below]]].mean()), LEAST_SCORE)


def f1(chosen: Targets, y: Targets) -> Values:
    """Returns F1 of each label; 0 where it is neither chosen nor true."""
    hits = (chosen & y).sum(axis=0)
    values: Values = 2 * hits / np.maximum(chosen.sum(axis=0) + y.sum(axis=0), 1)
    return values


def micro_f1(chosen: Targets, y: Targets) -> float:
    """Returns F1 of all decisions together."""
    return float(2 * (chosen & y).sum() / max(chosen.sum() + y.sum(), 1))


def choose_held_out(scores: Values, y: Targets) -> Targets:
    """Returns answers by thresholds that have not seen the text they decide on."""
    chosen = np.zeros(y.shape, np.bool_)
    for seen, held_out in folds(len(y)):
        chosen[held_out] = scores[held_out] >= best_thresholds(scores[seen], y[seen])
    return chosen


# -- the model ---------------------------------------------------------------------


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """What turns decisions into probabilities, and these into answers; by label."""

    slope: Values
    offset: Values
    thresholds: Values

    def probabilities(self, decided: Values) -> Values:
        """Returns probabilities of decisions, shape (texts, labels)."""
        odds = self.slope * decided + self.offset
        values: Values = 1 / (1 + np.exp(-odds))
        return values


def fit_calibration(decided: Values, y: Targets) -> Calibration:
    """Returns the calibration of decisions on texts that were held out."""
    slope, offset = calibrate(decided, y)
    raw = Calibration(slope=slope, offset=offset, thresholds=np.zeros_like(slope))
    thresholds = best_thresholds(raw.probabilities(decided), y)
    return Calibration(slope=slope, offset=offset, thresholds=thresholds)
