"""Chooses among curves by cross-validation, and measures the result.

Folds hold whole conversations, because messages in one thread are alike. The figures
are for answers that neither the fit nor the choice of the method has seen.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affectflow.batches.bootstrap import Interval, bootstrap
from affectflow.gold.calibration.curves import (
    BASE_RATE,
    METHODS,
    STORED_FROM,
    Curve,
    Floats,
)
from affectflow.gold.calibration.fitting import Answers, Mask, fit
from affectflow.nouns import count

FOLDS = 5
BINS = 10
"""Bins of the expected calibration error, with equally many answers each."""

MIN_ANSWERS = 10
"""How many times people must say yes, and how many times no."""

_SEED = 20240229
_INNER = 1


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Quality of the probabilities of one label; lower Brier and ECE are better.

    Args:
      base_rate: weighted share of yes.
      brier_base: Brier score of always predicting `base_rate`.
      brier_before: Brier score of the raw scores.
      brier_after: Brier score of the probabilities, cross-validated.
      skill_before: 1 - `brier_before` / `brier_base`.
      skill: 1 - `brier_after` / `brier_base`, with its 95 % interval.
      ece_before: expected calibration error of the scores.
      ece_after: that of the probabilities, cross-validated.
    """

    base_rate: float
    brier_base: float
    brier_before: float
    brier_after: float
    skill_before: float
    skill: Interval
    ece_before: float
    ece_after: float

    @property
    def helps(self) -> bool:
        """Whether probabilities have the lower Brier score."""
        return self.brier_after < self.brier_before


def shortage(answers: Answers) -> str:
    """Returns why there are too few answers to calibrate; empty if there are enough."""
    yes = int(answers.truth.sum())
    for n, word in ((yes, "yes"), (len(answers) - yes, "no")):
        if n < MIN_ANSWERS:
            return f"people said {word} {count(n, 'time')}; {MIN_ANSWERS} are needed"
    conversations = len(np.unique(answers.conversations))
    if conversations < FOLDS:
        return (
            f"answers cover {count(conversations, 'conversation')}; {FOLDS} are needed"
        )
    return ""


def choose(answers: Answers, seed: int = _INNER) -> Curve:
    """Returns the curve of the method with the lowest cross-validated Brier score.

    Ties go to the simplest.
    """
    dealt = list(folds(answers, seed))
    scores = {}
    for method in METHODS:
        predicted = _held_out(method, answers, dealt)
        if predicted is not None:
            scores[method] = brier(predicted, answers)
    best = min(scores, key=lambda method: scores[method])
    chosen = fit(best, answers)
    if chosen is None:  # more answers than each fold had, so none is missing
        raise AssertionError(f"{best} fits folds but not the whole")
    return chosen


def _held_out(
    method: str, answers: Answers, dealt: list[tuple[Mask, Mask]]
) -> Floats | None:
    predicted = np.zeros(len(answers))
    for seen, held in dealt:
        curve = fit(method, answers.take(seen))
        if curve is None:
            return None
        predicted[held] = curve.probabilities(answers.scores[held])
    return predicted


def cross_validated(answers: Answers) -> Floats:
    """Returns probabilities from curves chosen and fitted without the conversation."""
    predicted = np.zeros(len(answers))
    for seen, held in folds(answers):
        curve = choose(answers.take(seen))
        predicted[held] = curve.probabilities(answers.scores[held])
    return predicted


def folds(answers: Answers, seed: int = _SEED) -> Iterator[tuple[Mask, Mask]]:
    """Yields masks of the answers to fit on and of those to predict.

    Conversations are dealt out at random, those with a yes first, so that folds differ
    by at most one of them.
    """
    names, which = np.unique(answers.conversations, return_inverse=True)
    has_yes = np.bincount(which, answers.truth, minlength=len(names)) > 0
    shuffled = np.random.Generator(np.random.PCG64(seed)).permutation(len(names))
    order = shuffled[np.argsort(~has_yes[shuffled], kind="stable")]
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % FOLDS
    for k in range(FOLDS):
        held = fold[which] == k
        if held.any():
            yield ~held, held


# -- figures -----------------------------------------------------------------------


def assumed(scores: Floats) -> Floats:
    """Returns scores, with half of `STORED_FROM` for labels that are not stored."""
    return np.where(np.isnan(scores), STORED_FROM / 2, scores)


def brier(predicted: Floats, answers: Answers) -> float:
    """Returns the weighted mean of squared errors (Brier 1950), 0..1."""
    errors = np.square(predicted - answers.truth)
    return float(np.average(errors, weights=answers.weights))


def skill(
    weights: npt.NDArray[np.float64], predicted: Floats, truth: Mask
) -> npt.NDArray[np.float64]:
    """Returns the Brier skill for each row of weights; NaN where all say the same.

    The reference knows the share of yes among these very answers.

    Args:
      weights: shape (k, n).
      predicted: shape (n,).
      truth: shape (n,).
    """
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = weights @ truth.astype(np.float64) / total
        reference = rate * (1 - rate)
        error = weights @ np.square(predicted - truth) / total
        found: Floats = np.where(reference > 0, 1 - error / reference, np.nan)
    return found


def ece(predicted: Floats, answers: Answers) -> float:
    """Returns the expected calibration error over `BINS` bins, 0..1.

    The weighted mean distance between the prediction and how often it came true
    (Naeini et al. 2015), in bins of equally many answers; equal predictions share one.
    """
    edges = np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1])
    which = np.searchsorted(edges, predicted, side="left")
    gaps = answers.weights * (predicted - answers.truth)
    return float(np.abs(np.bincount(which, gaps)).sum() / answers.weights.sum())


def figures(predicted: Floats, answers: Answers) -> Figures:
    """Returns the quality of cross-validated probabilities and of raw scores."""
    before = assumed(answers.scores)
    base = answers.rate * (1 - answers.rate)
    statistic = functools.partial(skill, predicted=predicted, truth=answers.truth)
    found = bootstrap(answers.conversations, statistic, weights=answers.weights)
    return Figures(
        base_rate=answers.rate,
        brier_base=base,
        brier_before=brier(before, answers),
        brier_after=brier(predicted, answers),
        skill_before=1 - brier(before, answers) / base,
        skill=found,
        ece_before=ece(before, answers),
        ece_after=ece(predicted, answers),
    )


def base_rate(answers: Answers) -> Curve:
    """Returns the curve that gives the share of yes, whatever the score."""
    found = fit(BASE_RATE, answers)
    if found is None:
        raise AssertionError("a base rate can always be had")
    return found
