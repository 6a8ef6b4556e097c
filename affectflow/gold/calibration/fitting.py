"""Fitting curves to people's answers, weighted by 1 / inclusion probability."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from affectflow.gold.calibration.curves import (
    BASE_RATE,
    BETA,
    ISOTONIC,
    PLATT,
    STORED,
    STORED_FROM,
    Curve,
    Floats,
    Parameters,
    inside,
)

Mask = npt.NDArray[np.bool_]

DIGITS = 6
"""Decimals of parameters, so that the same answers give the same id everywhere."""

MIN_STORED = {PLATT: 5, BETA: 10, ISOTONIC: 50}
"""How many stored scores with yes, and with no, a method needs."""

PRIOR = 2.0
"""A rate counts this many answers at the base rate in addition to its own."""

PENALTY = 1.0
"""Inverse strength of the L2 penalty on slopes: their standard deviation a priori."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """What people answered for one label, and the annotator's scores.

    Args:
      scores: shape (n,), 0..1; NaN where the label is not stored.
      truth: shape (n,): people say yes.
      weights: shape (n,), above 0, of mean 1: inverse inclusion probabilities.
      conversations: shape (n,): a number for each conversation.
    """

    scores: Floats
    truth: Mask
    weights: Floats
    conversations: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, rows: Mask) -> "Answers":
        """Returns some of the answers."""
        return Answers(
            scores=self.scores[rows],
            truth=self.truth[rows],
            weights=self.weights[rows],
            conversations=self.conversations[rows],
        )

    @property
    def stored(self) -> "Answers":
        """The answers whose label is stored."""
        return self.take(~np.isnan(self.scores))

    @property
    def rate(self) -> float:
        """The weighted share of yes."""
        return float(np.average(self.truth, weights=self.weights))


def fit(method: str, answers: Answers) -> Curve | None:
    """Returns the curve of a method; None if it needs more stored answers.

    Args:
      method: one of `curves.METHODS`.
      answers: at least one.
    """
    if method == BASE_RATE:
        rate = round(answers.rate, DIGITS)
        return Curve(method=method, parameters={"rate": (rate,)}, unstored=rate)
    stored = answers.stored
    if not _is_enough(method, stored, len(answers) - len(stored)):
        return None
    curve = Curve(
        method=method, parameters=_FITS[method](stored, answers.rate), unstored=0.0
    )
    return _with_unstored(curve, answers)


def _is_enough(method: str, stored: Answers, unstored: int) -> bool:
    if method == STORED:  # a rate each, which may well be of one kind of answers
        return min(len(stored), unstored) > 0
    yes = int(stored.truth.sum())
    return min(yes, len(stored) - yes) >= MIN_STORED[method]


def _with_unstored(curve: Curve, answers: Answers) -> Curve:
    """Returns a curve with the rate of yes where the label is not stored.

    A lower score never has a higher probability, so this is at most what the curve
    gives for the lowest score stored because of its value.
    """
    rate = _rate(answers.take(np.isnan(answers.scores)), answers.rate)
    lowest = float(curve.probabilities(np.array([STORED_FROM]))[0])
    below = min(rate, np.floor(lowest * 10**DIGITS) / 10**DIGITS)
    return replace(curve, unstored=float(below))


def _rate(answers: Answers, base_rate: float) -> float:
    yes = float((answers.weights * answers.truth).sum())
    rate = (yes + PRIOR * base_rate) / (answers.weights.sum() + PRIOR)
    return round(float(rate), DIGITS)


# -- methods -----------------------------------------------------------------------


def _fit_stored(stored: Answers, base_rate: float) -> Parameters:
    return {"rate": (_rate(stored, base_rate),)}


def _fit_platt(stored: Answers, base_rate: float) -> Parameters:
    odds = special.logit(inside(stored.scores))
    (slope,), intercept = _logistic(odds[:, None], stored)
    return {"slope": (slope,), "intercept": (intercept,)}


def _fit_beta(stored: Answers, base_rate: float) -> Parameters:
    kept = inside(stored.scores)
    features = np.stack([np.log(kept), -np.log1p(-kept)], axis=1)
    slopes, intercept = _logistic(features, stored)
    return {"slopes": slopes, "intercept": (intercept,)}


def _logistic(features: Floats, stored: Answers) -> tuple[tuple[float, ...], float]:
    """Returns slopes, none below 0, and the intercept of a logistic regression.

    A feature whose slope would be below 0 is left out, as Kull et al. do: a curve
    rises, or is flat.
    """
    used = np.ones(features.shape[1], np.bool_)
    slopes = np.zeros(features.shape[1])
    while used.any():
        fitted = _regression().fit(
            features[:, used], stored.truth, sample_weight=stored.weights
        )
        if (fitted.coef_[0] >= 0).all():
            slopes[used] = fitted.coef_[0]
            return _rounded(slopes), round(float(fitted.intercept_[0]), DIGITS)
        used[np.flatnonzero(used)[fitted.coef_[0] < 0]] = False
    flat = float(special.logit(stored.rate))
    return _rounded(slopes), round(flat, DIGITS)


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    # Exact to the last digits that are kept, and fast for one or two features.
    return LogisticRegression(C=PENALTY, solver="newton-cholesky", tol=1e-9)


def _fit_isotonic(stored: Answers, base_rate: float) -> Parameters:
    from sklearn.isotonic import IsotonicRegression

    # So few answers cannot establish 0 or 1: rule of succession at the ends.
    edge = 1 / (stored.weights.sum() + 2)
    fitted = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(
        stored.scores, stored.truth, sample_weight=stored.weights
    )
    return {
        "scores": _rounded(fitted.X_thresholds_),
        "probabilities": _rounded(fitted.y_thresholds_),
    }


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in np.round(values, DIGITS))


_FITS: dict[str, Callable[[Answers, float], Parameters]] = {
    STORED: _fit_stored,
    PLATT: _fit_platt,
    BETA: _fit_beta,
    ISOTONIC: _fit_isotonic,
}
