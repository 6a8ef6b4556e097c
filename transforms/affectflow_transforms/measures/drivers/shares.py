"""Exact shares of a linear fit for each factor, from means and covariances.

A factor is one column or several: one for each of its levels except the first.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

COLLINEAR = 1e-9
"""Eigenvalues of a correlation matrix below this are 0 up to rounding."""
_LOAD = 1e-6


class Moments(NamedTuple):
    """Sums over observations that a linear fit needs.

    Attributes:
      n: how many there are.
      owner: of each column the factor that it belongs to, from 0; shape (columns,).
      mean: of each column.
      covariance: of the columns, shape (columns, columns).
      with_outcome: covariance of each column with the outcome.
      variance: of the outcome.
    """

    n: int
    owner: Ints
    mean: Floats
    covariance: Floats
    with_outcome: Floats
    variance: float

    @property
    def factors(self) -> int:
        """The number of factors."""
        return int(self.owner.max()) + 1


def slopes_of(moments: Moments) -> Floats:
    """Returns the slope of each column in the fit of all."""
    found = np.linalg.solve(moments.covariance, moments.with_outcome)
    return np.asarray(found, np.float64)


def attributions(slopes: Floats, rows: Floats, mean: Floats) -> Floats:
    """Returns what each column adds to a fitted value, relative to the mean.

    The Shapley values of a linear model whose columns are set independently (Štrumbelj
    and Kononenko 2014): slope times distance from the mean. They sum to the
    fitted value minus its mean.

    Args:
      slopes: of the columns.
      rows: shape (rows, columns).
      mean: of the columns.
    """
    return (rows - mean) * slopes


def spreads(moments: Moments) -> Floats:
    """Returns the standard deviation of each factor's attributions."""
    slopes = slopes_of(moments)
    together = moments.covariance * np.outer(slopes, slopes)
    of_factor = [
        together[np.ix_(own, own)].sum()
        for own in (moments.owner == factor for factor in range(moments.factors))
    ]
    return np.sqrt(np.maximum(of_factor, 0))


def explained(moments: Moments) -> Floats:
    """Returns what each factor explains of the outcome's variance; sums to R².

    The Shapley value of R²: the mean of what a factor adds, over all orders in which
    factors may come (Lindeman, Merenda and Gold 1980; Lipovetsky and Conklin 2001).
    """
    return shapley(worths(moments))


def worths(moments: Moments) -> Floats:
    """Returns R² of the fit of each subset of factors, shape (2 ** factors,).

    Bit `f` of a subset's number says whether it has factor `f`.
    """
    spread = np.sqrt(np.diag(moments.covariance))
    correlation = moments.covariance / np.outer(spread, spread)
    with_outcome = moments.with_outcome / (spread * math.sqrt(moments.variance))
    has = subsets(moments.factors)[:, moments.owner]
    # A column outside the subset is uncorrelated, and contributes nothing.
    matrices = correlation * (has[:, :, None] & has[:, None, :])
    matrices += np.eye(len(spread)) * ~has[:, None, :]
    sides = with_outcome * has
    solved = np.linalg.solve(matrices, sides[:, :, None])[:, :, 0]
    return np.asarray((solved * sides).sum(axis=1), np.float64)


def subsets(factors: int) -> npt.NDArray[np.bool_]:
    """Returns which factors each subset has, shape (2 ** factors, factors)."""
    numbers = np.arange(1 << factors)
    return (numbers[:, None] >> np.arange(factors)) & 1 == 1


def shapley(worth: Floats) -> Floats:
    """Returns the Shapley value of each factor (Shapley 1953).

    Args:
      worth: of each subset, as `worths` orders them.
    """
    factors = len(worth).bit_length() - 1
    has = subsets(factors)
    size = has.sum(axis=1)
    numbers = np.arange(len(worth))
    weights = np.array(
        [1 / (factors * math.comb(factors - 1, each)) for each in range(factors)]
    )
    found = np.empty(factors)
    for factor in range(factors):
        without = numbers[~has[:, factor]]
        added = worth[without | (1 << factor)] - worth[without]
        found[factor] = weights[size[without]] @ added
    return found


def collinear(moments: Moments) -> list[int]:
    """Returns the factors fully determined by others; empty if there are none."""
    spread = np.sqrt(np.diag(moments.covariance))
    values, vectors = np.linalg.eigh(moments.covariance / np.outer(spread, spread))
    null = vectors[:, values < COLLINEAR]
    load = (null**2).sum(axis=1)
    return sorted({int(each) for each in moments.owner[load > _LOAD]})
