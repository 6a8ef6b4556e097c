"""Curves: monotone maps from scores to probabilities, as plain data.

Platt 1999 (logistic regression on log odds), Kull, Silva Filho and Flach 2017 (beta
calibration), Zadrozny and Elkan 2002 (isotonic regression).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Parameters = Mapping[str, tuple[float, ...]]

STORED_FROM = 0.05
"""Labels with at least this score are stored, chosen or not."""

CLOSEST = 1e-6
"""Scores are kept this far from 0 and from 1 before logarithms are taken."""

BASE_RATE, STORED, PLATT, BETA, ISOTONIC = (
    "base_rate",
    "stored",
    "platt",
    "beta",
    "isotonic",
)


def inside(scores: Floats) -> Floats:
    """Returns scores at least `CLOSEST` away from 0 and from 1."""
    return np.clip(scores, CLOSEST, 1 - CLOSEST)


def _constant(scores: Floats, parameters: Parameters) -> Floats:
    return np.full(len(scores), parameters["rate"][0])


def _platt(scores: Floats, parameters: Parameters) -> Floats:
    odds = special.logit(inside(scores))
    result: Floats = special.expit(
        parameters["slope"][0] * odds + parameters["intercept"][0]
    )
    return result


def _beta(scores: Floats, parameters: Parameters) -> Floats:
    kept = inside(scores)
    low, high = parameters["slopes"]
    odds = low * np.log(kept) - high * np.log1p(-kept) + parameters["intercept"][0]
    result: Floats = special.expit(odds)
    return result


def _isotonic(scores: Floats, parameters: Parameters) -> Floats:
    return np.interp(scores, parameters["scores"], parameters["probabilities"])


_CURVES: dict[str, Callable[[Floats, Parameters], Floats]] = {
    BASE_RATE: _constant,
    STORED: _constant,
    PLATT: _platt,
    BETA: _beta,
    ISOTONIC: _isotonic,
}
METHODS = tuple(_CURVES)
"""Simplest first: `base_rate` ignores the score, `stored` uses whether it is stored."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A fitted curve of one label.

    Args:
      method: one of `METHODS`.
      parameters: of the method, each a tuple of numbers.
      unstored: the probability where the label is not stored: its score is below
        `STORED_FROM`, and how far below is unknown.
    """

    method: str
    parameters: Parameters = field(default_factory=dict)
    unstored: float

    def probabilities(self, scores: Floats) -> Floats:
        """Returns probabilities, 0..1; a score of NaN stands for an unstored label."""
        result = np.full(len(scores), self.unstored)
        stored = ~np.isnan(scores)
        result[stored] = _CURVES[self.method](scores[stored], self.parameters)
        return np.clip(result, 0.0, 1.0)
