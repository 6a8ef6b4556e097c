"""Fitting `FrustrationModel`: three logistic regressions, scored out of fold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from affectflow_transforms.models.emotions import fit as emotions_fit
from affectflow_transforms.models.emotions import ngrams, packing
from affectflow_transforms.models.emotions.fit import Examples, Vocabulary
from affectflow_transforms.models.emotions.model import NgramModel, Values
from affectflow_transforms.models.emotions.sentences import features_by_sentence
from affectflow_transforms.models.frustration.model import (
    N_WORD_MARKS,
    Lexicon,
    combined,
    marks,
    strongest_of,
    word_marks,
)

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

SEED = 0
FOLDS = 5
MIN_TEXTS = 4
"""Comments that an n-gram must occur in."""
C = (0.35, 5.0, 0.3)
"""Inverse strength of the L2 penalty, for each of `HEADS`."""
MARKS = 0.15
"""Scale of the marks beside n-grams: smaller values shrink them more."""
ANNOYANCE = 0.6
"""The scale of a second copy of annoyance, the emotion nearest to frustration."""
PRIOR = 0.5
"""Weight of annoyance's log odds beside the heads."""
AUTHORED = 1.2
"""Weight of the log odds of the head that learned from authored texts."""
COMMENTS = 0.2
"""Weight of a comment beside an authored text, for that head."""
FALSE_FLAGS = 0.03
"""The share of civil comments that reach the threshold, out of fold."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class Comments:
    """Comments with their labels.

    Args:
      grams: tf-idf of the emotion model's n-grams, and senses: (comments, features).
      marks: the output of `model.marks`, shape (comments, marks).
      uncivil: shape (comments,).
      frustrated: shape (comments,): bitter frustration or impatience.
      threads: the thread of each comment, shape (comments,).
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
class Written:
    """Authored texts with soft labels.

    Args:
      grams: as in `Comments`.
      marks: as in `Comments`.
      frustrated: shape (texts,), 0..1: the share of readers who find frustration.
      briefs: the brief of each text, shape (texts,).
    """

    grams: sparse.csr_matrix
    marks: Values
    frustrated: Values
    briefs: npt.NDArray[Any]

    def __getitem__(self, rows: Any) -> "Written":
        return Written(
            grams=self.grams[rows],
            marks=self.marks[rows],
            frustrated=self.frustrated[rows],
            briefs=self.briefs[rows],
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Heads:
    """Linear classifiers, one for each of `model.HEADS`.

    Args:
      grams: shape (features, heads).
      marks: shape (marks, heads).
      intercepts: shape (heads,).
    """

    grams: Values
    marks: Values
    intercepts: Values

    def decide(self, given: Comments | Written, annoyance: int) -> Values:
        """Returns what `model.combined` does, shape (texts,)."""
        odds = given.grams @ self.grams + given.marks @ self.marks
        prior = given.marks[:, annoyance]
        return combined(odds + self.intercepts, prior, PRIOR, AUTHORED)


def features(
    texts: list[str], emotions: NgramModel, lexicon: Lexicon
) -> tuple[Any, Values]:
    """Returns n-grams with senses, and marks of texts, as the model sees them."""
    vocabulary = Vocabulary(
        rows=emotions.rows, squared_idf=emotions.weights[:, -1].astype(np.float64)
    )
    reads = [features_by_sentence(chunk) for chunk in ngrams.chunks(texts)]
    words = np.concatenate([word_marks(read, lexicon) for read in reads])
    strongest = np.concatenate(
        [strongest_of(emotions, emotions.sums(each), each.first) for each in reads]
    )
    known = marks(emotions.scores(texts), strongest, words)
    assert emotions.senses is not None
    return emotions_fit.features(texts, vocabulary, emotions.senses), known


def fit_heads(comments: Comments, written: Written, annoyance: int) -> Heads:
    """Returns the heads: uncivil, frustrated among the uncivil, and authored.

    Args:
      comments: the comments to fit on.
      written: authored texts that the third head is also fitted on.
      annoyance: the column of `marks` that gets a second copy.
    """
    scaling = _Scaling.of(comments.grams, comments.marks, annoyance)
    uncivil = comments[np.flatnonzero(comments.uncivil)]
    fitted = [
        _fit(scaling.apply(comments), comments.uncivil, C[0]),
        _fit(scaling.apply(uncivil), uncivil.frustrated, C[1]),
    ]
    parts = [scaling.unfold(model) for model in fitted]
    parts.append(_fit_authored(comments, written, annoyance))
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
    def of(cls, grams: sparse.csr_matrix, marks: Values, annoyance: int) -> "_Scaling":
        # The matrix of counts has each feature once per row.
        texts = np.bincount(grams.indices, minlength=grams.shape[1])
        deviation = marks.std(axis=0) + 1e-9
        return cls(texts >= MIN_TEXTS, marks.mean(axis=0), deviation, annoyance)

    def apply(self, given: Comments | Written) -> sparse.csr_matrix:
        even = (given.marks - self.mean) / self.deviation
        copy = even[:, [self.annoyance]]
        columns = [given.grams[:, self.used], MARKS * even, ANNOYANCE * copy]
        return sparse.csr_matrix(sparse.hstack([sparse.csr_matrix(c) for c in columns]))

    def unfold(self, model: "LogisticRegression") -> tuple[Values, Values, float]:
        n_used, n_marks = int(self.used.sum()), len(self.mean)
        weights = model.coef_[0]
        grams = np.zeros(len(self.used))
        grams[self.used] = weights[:n_used]
        of_marks = MARKS * weights[n_used : n_used + n_marks]
        of_marks[self.annoyance] += ANNOYANCE * weights[-1]
        of_marks = of_marks / self.deviation
        return grams, of_marks, float(model.intercept_[0] - of_marks @ self.mean)


def _fit(
    x: sparse.csr_matrix, y: Mask, strength: float, weights: Values | None = None
) -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=strength, solver="liblinear", max_iter=2000, random_state=SEED
    )
    return model.fit(x, y, sample_weight=weights)


def _fit_authored(
    comments: Comments, written: Written, annoyance: int
) -> tuple[Values, Values, float]:
    """Returns the third head; each authored text counts by the share that says so.

    It does not read the scores of emotions, which were also fitted on these texts.
    """
    comments = replace(comments, marks=_of_words(comments.marks))
    written = replace(written, marks=_of_words(written.marks))
    grams = sparse.vstack([comments.grams, written.grams]).tocsr()
    marks = np.concatenate([comments.marks, written.marks])
    scaling = _Scaling.of(grams, marks, annoyance)
    soft = Examples.soft(scaling.apply(written), written.frustrated[:, None], 1.0)
    x = sparse.vstack([scaling.apply(comments), soft.x]).tocsr()
    y = np.concatenate([comments.frustrated, soft.y[:, 0]])
    weights = np.concatenate(
        [np.full(len(comments.marks), COMMENTS), soft.weights[:, 0]]
    )
    counted = weights > 0
    return scaling.unfold(_fit(x[counted], y[counted], C[2], weights[counted]))


def _of_words(marks: Values) -> Values:
    """Returns marks without those of emotions."""
    of_words = np.arange(marks.shape[1]) >= marks.shape[1] - N_WORD_MARKS
    return np.where(of_words, marks, 0.0)


def folds(threads: npt.NDArray[Any]) -> Iterator[tuple[Any, Any]]:
    """Yields rows to fit on and rows to score, whole threads, `FOLDS` times."""
    names, which = np.unique(threads, return_inverse=True)
    fold = np.random.Generator(np.random.PCG64(SEED)).permutation(len(names)) % FOLDS
    for k in range(FOLDS):
        yield np.flatnonzero(fold[which] != k), np.flatnonzero(fold[which] == k)


def score_held_out(
    comments: Comments, written: Written, annoyance: int
) -> tuple[Values, Values]:
    """Returns decisions of heads that have seen neither the thread nor the brief.

    Returns:
      Shapes (comments,) and (authored texts,).
    """
    scored = np.zeros(len(comments.uncivil)), np.zeros(len(written.frustrated))
    both = zip(folds(comments.threads), folds(written.briefs), strict=True)
    for (seen, held_out), (read, unread) in both:
        heads = fit_heads(comments[seen], written[read], annoyance)
        scored[0][held_out] = heads.decide(comments[held_out], annoyance)
        scored[1][unread] = heads.decide(written[unread], annoyance)
    return scored


def calibrate(
    scored: tuple[Values, Values], frustrated: Mask, written: Values
) -> tuple[float, float]:
    """Returns slope and offset of Platt's scaling.

    Comments and authored texts have the same total weight; frustration, which is too
    frequent in authored texts, is brought to its share among comments.

    Args:
      scored: decisions of comments and of authored texts.
      frustrated: the labels of comments.
      written: for authored texts, the share of readers who find frustration.
    """
    share = frustrated.mean()
    yes = written * share / max(written.sum(), 1.0)
    no = (1 - written) * (1 - share) / max((1 - written).sum(), 1.0)
    parts = (np.full(len(frustrated), 1 / len(frustrated)), yes, no)
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(
        np.concatenate([*scored, scored[1]])[:, None],
        np.concatenate([frustrated, written >= 0, written < 0]),
        sample_weight=len(frustrated) * np.concatenate(parts),
    )
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def threshold(scores: Values, uncivil: Mask) -> float:
    """Returns the score that `FALSE_FLAGS` of the civil comments reach."""
    return float(np.quantile(scores[~uncivil], 1 - FALSE_FLAGS))


def packed(heads: Heads, emotions: NgramModel) -> dict[str, npt.NDArray[Any]]:
    """Returns the arrays of the weights file: one byte per weight of n-grams."""
    idf = np.sqrt(emotions.weights[:, -1].astype(np.float64))
    columns = packing.quantise(heads.grams, idf)
    return {
        "columns": columns.grams,
        "meant": columns.meant,
        "scale": columns.scale,
        "weights": heads.marks,
        "intercepts": heads.intercepts,
    }
