"""Shares of weighted answers, and Wilson's interval where draws say nothing.

Shares are of weights, (k, units), so that they are statistics for `bootstrap`;
1 / inclusion probability as a weight makes them hold for the lake, not for the sample
(Hajek 1971: ratios of weighted sums).
"""

import math
from typing import Any

import numpy as np

from affectflow.batches.bootstrap import Floats, Interval

Flags = np.ndarray[Any, np.dtype[np.bool_]]
_Z = 1.959963984540054  # the 97.5th percentile of the normal distribution


def rate(weights: Floats, numerator: Flags, denominator: Flags) -> Floats:
    """Returns the weighted share of `denominator` that is in `numerator`, (k,).

    NaN where no weight is in `denominator`.
    """
    above = weights @ (numerator & denominator).astype(np.float64)
    below = weights @ denominator.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def precision(weights: Floats, predicted: Flags, actual: Flags) -> Floats:
    """Returns the share of predicted cases that are true, (k,): precision."""
    return rate(weights, actual, predicted)


def recall(weights: Floats, predicted: Flags, actual: Flags) -> Floats:
    """Returns the share of true cases that were predicted, (k,): sensitivity."""
    return rate(weights, predicted, actual)


def specificity(weights: Floats, predicted: Flags, actual: Flags) -> Floats:
    """Returns the share of false cases that were not predicted, (k,): specificity."""
    return rate(weights, ~predicted, ~actual)


def wilson(share: float, n: float) -> Interval:
    """Returns a share of `n` units with Wilson's 95 % interval (1927).

    >>> [round(x, 3) for x in wilson(1.0, 10)]
    [1.0, 0.722, 1.0]
    """
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    spread = math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    half = _Z * spread / (1 + _Z**2 / n)
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))
