"""Thresholds of labels, and how well scores fit developers' messages."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.emotions import fit
from affectflow_transforms.models.frustration.fit import folds
from tests.quality.encoder.rows import EMOTIONS, Mask, Texts

Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

REDDIT, DEVELOPERS = "goemotions", "developers"
BY = ((REDDIT,), (REDDIT, DEVELOPERS))
"""The sets that thresholds of emotions may be chosen on."""
ENOUGH = 10
"""Messages that a label needs to count in the mean of labels."""
BANDS = (0.0, 0.1, 0.3, 0.5, 1.0)
N_EMOTIONS = len(EMOTIONS)


def best(scores: Values, truth: Mask, weights: Values) -> float:
    """Returns the threshold of the highest weighted F1, or the lowest allowed.

    Args:
      scores: of a label, shape (texts,).
      truth: who has it.
      weights: of the texts.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum((weights * truth)[order])
    told = np.cumsum(weights[order])
    place = int(np.argmax(2 * hits / (told + (weights * truth).sum())))
    below = min(place + 1, len(order) - 1)
    return max(float(scores[order[[place, below]]].mean()), fit.LEAST_SCORE)


def of_emotions(given: Texts, scores: Values, sets: Sequence[Rows]) -> Values:
    """Returns a threshold for each emotion, by sets that count alike.

    Args:
      given: all texts.
      scores: shape (texts, emotions or more).
      sets: the rows of each set.
    """
    rows = np.concatenate(sets)
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in sets])
    truth = given.truth[rows, :N_EMOTIONS] >= 0.5
    pairs = zip(scores[rows].T, truth.T, strict=False)
    return np.array([best(column, said, weights) for column, said in pairs])


def compared(given: Texts, scores: Values) -> Iterator[str]:
    """Yields what choices of thresholds are worth where they were not chosen."""
    for names in BY:
        chosen = np.zeros((len(given.texts), N_EMOTIONS), np.bool_)
        for seen, unseen in folds(np.array(given.units)):
            rows = [given.rows(of, chosen=True) for of in names]
            sets = [each[seen[each]] for each in rows]
            thresholds = of_emotions(given, scores, sets)
            chosen[unseen] = scores[unseen, :N_EMOTIONS] >= thresholds
        told = [_macro_f1(given, chosen, of) for of in (REDDIT, DEVELOPERS)]
        yield (
            f"thresholds by {' and '.join(names)}: macro-F1, out of fold, "
            f"{told[0]:.4f} of {REDDIT}, {told[1]:.4f} of {DEVELOPERS}"
        )


def _macro_f1(given: Texts, chosen: Mask, of: str) -> float:
    """Returns macro-F1 of the labels that enough messages have."""
    rows = given.rows(of, chosen=True)
    truth = given.truth[rows, :N_EMOTIONS] >= 0.5
    counted = truth.sum(0) >= ENOUGH
    return float(fit.f1(chosen[rows][:, counted], truth[:, counted]).mean())


def reliability(given: Texts, scores: Values) -> Iterator[str]:
    """Yields how many developers' messages have a label, by its score."""
    rows = given.rows(DEVELOPERS, chosen=True)
    truth, told = (each[rows, :N_EMOTIONS].ravel() for each in (given.truth, scores))
    for low, high in pairwise(BANDS):
        band = (told >= low) & (told < high)
        yield (
            f"emotions scored {low:g} to {high:g} in {DEVELOPERS}: mean "
            f"{told[band].mean():.3f}, true {truth[band].mean():.3f} ({band.sum()})"
        )
