"""One series of what several raters say over time, and how far each is to be trusted.

A rater's agreement is the mean of the concordance correlations (CCC; Lin 1989) with
each of the others. Two ways make a gold standard of ratings and agreements:

- `ewe`, the evaluator weighted estimator (Grimm and Kroschel 2005): each rater's
  ratings, less their mean, are weighted by the agreement, and the weighted mean of all
  means is added. A rater who agrees with nobody has no weight.
- `avec`, as the AVEC challenges of 2016 and 2018 made theirs of RECOLA: the plain mean
  of the centred ratings, and agreements weight only the mean that is added. Their CCC
  divides the covariance by n and variances by n - 1.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Way = Literal["ewe", "avec"]

FEWEST = 2
"""Ratings that two raters must share to agree or not."""


@dataclass(frozen=True, eq=False)
class Gold:
    """A gold standard.

    Args:
      values: shape (times,); NaN where no one rates, or there is no gold standard.
      weights: shape (raters,), of sum 1; NaN if there is no gold standard.
      agreement: shape (raters,): mean CCC with the others; NaN where a rater shares
        too few moments with any, or none of them moves.
      why: why there is no gold standard, in a few words; empty if there is one.
    """

    values: Floats
    weights: Floats
    agreement: Floats
    why: str = ""


def ccc(one: Floats, other: Floats, *, ddof: int = 0) -> float:
    """Returns the concordance correlation of what both have; NaN if it is undefined.

    >>> round(ccc(np.array([1., 2, 3]), np.array([2., 3, 4])), 4)
    0.5714

    Args:
      one: shape (n,); NaN where there is no value.
      other: likewise.
      ddof: 1 divides variances by n - 1 while the covariance stays divided by n, as
        the scripts of AVEC 2018 do; then it is (n - 1) / n of a series with itself.
    """
    both = ~(np.isnan(one) | np.isnan(other))
    if both.sum() < FEWEST:
        return float("nan")
    x, y = one[both], other[both]
    apart = x.var(ddof=ddof) + y.var(ddof=ddof) + (x.mean() - y.mean()) ** 2
    together = ((x - x.mean()) * (y - y.mean())).mean()
    return float(2 * together / apart) if apart > 0 else float("nan")


def agreements(ratings: Floats, *, ddof: int = 0) -> Floats:
    """Returns each rater's mean CCC with each of the others.

    Args:
      ratings: shape (raters, times); NaN where there is none.
      ddof: as `ccc` takes it.
    """
    n = len(ratings)
    pairs = np.full((n, n), np.nan)
    for a in range(n):
        for b in range(a):
            pairs[a, b] = pairs[b, a] = ccc(ratings[a], ratings[b], ddof=ddof)
    return _mean(pairs, axis=1)


def gold_standard(ratings: Floats, way: Way = "ewe") -> Gold:
    """Returns the gold standard of ratings, and the weights of the raters.

    Args:
      ratings: shape (raters, times); NaN where there is none.
      way: `ewe` or `avec`.
    """
    agreement = agreements(ratings, ddof=1 if way == "avec" else 0)
    weights = np.nan_to_num(agreement)
    if way == "ewe":
        weights = np.maximum(weights, 0)
    if len(ratings) < FEWEST or np.isnan(agreement).all():
        return _none(ratings, agreement, "fewer than two raters of the same moments")
    if weights.sum() <= 0:
        return _none(ratings, agreement, "the raters do not agree")
    weights = weights / weights.sum()
    means = _mean(ratings, axis=1)
    of_each = weights if way == "ewe" else np.full(len(weights), 1 / len(weights))
    around = _weighted(ratings - means[:, None], of_each)
    return Gold(around + np.nansum(weights * means), weights, agreement)


def _none(ratings: Floats, agreement: Floats, why: str) -> Gold:
    nothing = np.full(ratings.shape[1], np.nan)
    return Gold(nothing, np.full(len(ratings), np.nan), agreement, why)


def _weighted(ratings: Floats, weights: Floats) -> Floats:
    """Returns the mean of the ratings that there are at each time, by weight."""
    there = np.where(np.isnan(ratings), 0.0, weights[:, None])
    total = there.sum(axis=0)
    sums = (there * np.nan_to_num(ratings)).sum(axis=0)
    return np.divide(sums, total, out=np.full_like(total, np.nan), where=total > 0)


def _mean(values: Floats, axis: int) -> Floats:
    """Returns means of values that are not NaN; NaN where all are; warns of nothing."""
    there = (~np.isnan(values)).sum(axis=axis)
    sums = np.nansum(values, axis=axis)
    return np.divide(sums, there, out=np.full(sums.shape, np.nan), where=there > 0)
