"""Fitting `FrustrationModel`: two logistic regressions, scored out of fold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from affectflow_transforms.models.emotions import fit as emotions_fit
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.fit import Vocabulary
from affectflow_transforms.models.emotions.model import NgramModel, Values
from affectflow_transforms.models.frustration.model import (
    Lexicon,
    combined,
    marks,
    strongest_of,
    word_marks,
)

SEED = 0
FOLDS = 5
MIN_TEXTS = 4
"""Comments that an n-gram must occur in."""
C = (0.35, 5.0)
"""Inverse strength of the L2 penalty, for each of `HEADS`."""
MARKS = 0.15
"""Scale of the marks beside n-grams: the smaller, the more they are shrunk."""
ANNOYANCE = 0.6
"""That of a second copy of annoyance, the emotion nearest to frustration."""
PRIOR = 0.5
"""Weight of annoyance's log odds beside the heads."""
FALSE_FLAGS = 0.05
"""The threshold is that which so many of the civil comments reach, out of fold."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Comments:
    """Comments with their labels.

    Args:
      grams: tf-idf of the emotion model's n-grams, shape (comments, features).
      marks: what `model.marks` gives, shape (comments, marks).
      uncivil: shape (comments,).
      frustrated: shape (comments,): bitter frustration or impatience.
      threads: the thread of each, shape (comments,).
    """

    grams: sparse.csr_matrix
    marks: Values
    uncivil: Mask
    frustrated: Mask
    threads: npt.NDArray[Any]

    def __getitem__(self, rows: Any) -> "Comments":
        return replace(
            self,
            grams=self.grams[rows],
            marks=self.marks[rows],
            uncivil=self.uncivil[rows],
            frustrated=self.frustrated[rows],
            threads=self.threads[rows],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Heads:
    """Two linear classifiers; shapes (features, 2), (marks, 2), (2,)."""

    grams: Values
    marks: Values
    intercepts: Values

    def decide(self, comments: Comments, annoyance: int) -> Values:
        """Returns what `model.combined` does, shape (comments,)."""
        odds = comments.grams @ self.grams + comments.marks @ self.marks
        prior = comments.marks[:, annoyance]
        return combined(odds + self.intercepts, prior, PRIOR)


def features(
    texts: list[str], emotions: NgramModel, lexicon: Lexicon
) -> tuple[Any, Values]:
    """Returns n-grams and marks of texts, as the model sees them."""
    blocks = emotions_fit.grams_of(texts)
    vocabulary = Vocabulary(
        rows=emotions.rows, squared_idf=emotions.weights[:, -1].astype(np.float64)
    )
    words = word_marks(blocks[1], lexicon)
    known = marks(emotions.scores(texts), _strongest(texts, emotions), words)
    return emotions_fit.scaled(blocks, vocabulary), known


def _strongest(texts: list[str], emotions: NgramModel) -> Any:
    parts = [ngrams.features_by_sentence(chunk) for chunk in ngrams.chunks(texts)]
    return np.concatenate(
        [strongest_of(emotions, emotions.sums(p.blocks), p.first) for p in parts]
    )


def fit_heads(comments: Comments, annoyance: int) -> Heads:
    """Returns the heads: uncivil, and frustrated among the uncivil.

    Args:
      comments: to fit on.
      annoyance: the column of `marks` that gets a second copy.
    """
    scaling = _Scaling.of(comments, annoyance)
    uncivil = comments[np.flatnonzero(comments.uncivil)]
    fitted = [
        _fit(scaling.apply(comments), comments.uncivil, C[0]),
        _fit(scaling.apply(uncivil), uncivil.frustrated, C[1]),
    ]
    parts = [scaling.unfold(model) for model in fitted]
    grams, of_marks, intercepts = zip(*parts, strict=True)
    return Heads(
        grams=np.stack(grams, axis=1),
        marks=np.stack(of_marks, axis=1),
        intercepts=np.array(intercepts),
    )


@dataclass(frozen=True, eq=False)
class _Scaling:
    """Brings marks to one scale, and weights back to the marks as they are."""

    used: Mask
    mean: Values
    deviation: Values
    annoyance: int

    @classmethod
    def of(cls, comments: Comments, annoyance: int) -> "_Scaling":
        texts = np.bincount(
            comments.grams.indices, minlength=comments.grams.shape[1]
        )  # the matrix of counts has each feature once a row
        deviation = comments.marks.std(axis=0) + 1e-9
        return cls(
            texts >= MIN_TEXTS, comments.marks.mean(axis=0), deviation, annoyance
        )

    def apply(self, comments: Comments) -> sparse.csr_matrix:
        even = (comments.marks - self.mean) / self.deviation
        copy = even[:, [self.annoyance]]
        columns = [comments.grams[:, self.used], MARKS * even, ANNOYANCE * copy]
        return sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(c) for c in columns]))

    def unfold(self, model: LogisticRegression) -> tuple[Values, Values, float]:
        n_used, n_marks = int(self.used.sum()), len(self.mean)
        weights = model.coef_[0]
        grams = np.zeros(len(self.used))
        grams[self.used] = weights[:n_used]
        of_marks = MARKS * weights[n_used : n_used + n_marks]
        of_marks[self.annoyance] += ANNOYANCE * weights[-1]
        of_marks = of_marks / self.deviation
        return grams, of_marks, float(model.intercept_[0] - of_marks @ self.mean)


def _fit(x: sparse.csr_matrix, y: Mask, strength: float) -> LogisticRegression:
    model = LogisticRegression(
        C=strength, solver="liblinear", max_iter=2000, random_state=SEED
    )
    return model.fit(x, y)


def folds(threads: npt.NDArray[Any]) -> Iterator[tuple[Any, Any]]:
    """Yields rows to fit on and rows to score, whole threads, `FOLDS` times."""
    names, which = np.unique(threads, return_inverse=True)
    fold = np.random.Generator(np.random.PCG64(SEED)).permutation(len(names)) % FOLDS
    for k in range(FOLDS):
        yield np.flatnonzero(fold[which] != k), np.flatnonzero(fold[which] == k)


def score_held_out(comments: Comments, annoyance: int) -> Values:
    """Returns decisions of heads that have not seen the thread."""
    scored = np.zeros(len(comments.uncivil))
    for seen, held_out in folds(comments.threads):
        heads = fit_heads(comments[seen], annoyance)
        scored[held_out] = heads.decide(comments[held_out], annoyance)
    return scored


def calibrate(scored: Values, frustrated: Mask) -> tuple[float, float]:
    """Returns slope and offset of Platt's scaling."""
    model = LogisticRegression(C=1e6).fit(scored[:, None], frustrated)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def threshold(scores: Values, uncivil: Mask) -> float:
    """Returns the score that `FALSE_FLAGS` of the civil comments reach."""
    return float(np.quantile(scores[~uncivil], 1 - FALSE_FLAGS))


def packed(heads: Heads, emotions: NgramModel) -> dict[str, npt.NDArray[Any]]:
    """Returns the arrays of the weights file: a byte a weight of n-grams."""
    folded = heads.grams * np.sqrt(emotions.weights[:, -1:])
    scale = np.abs(folded).max(axis=0) / 127
    return {
        "columns": np.rint(folded / scale).astype(np.int8),
        "scale": scale,
        "weights": heads.marks,
        "intercepts": heads.intercepts,
    }
