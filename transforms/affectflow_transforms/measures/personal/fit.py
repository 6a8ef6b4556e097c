"""Scale and offset of raters: a ridge towards (1, 0), in closed form.

A rater says y = a x + b about what has the common value x. With few ratings a and b are
mostly noise, so they are drawn towards 1 and 0: by how much follows from how far raters
are apart beyond the noise of their ratings (Swamy 1970, random coefficients; their mean
is known here). Without noise nothing is drawn, and a and b come out exactly.
"""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

UNKNOWN_NOISE = 1.0
"""The ridge where the noise of ratings is unknown: it weighs as much as one rating."""
_NO_SPREAD = 1e-9


class Sums(NamedTuple):
    """Sums of raters' ratings y and common values x; each of shape (raters,)."""

    n: Floats
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    @classmethod
    def of(cls, rater: Integers, x: Floats, y: Floats, raters: int) -> Self:
        """Returns the sums of single ratings.

        Args:
          rater: shape (ratings,), 0 to `raters` - 1.
          x: likewise, the common values.
          y: likewise, the ratings.
          raters: how many there are.
        """
        columns = [np.ones(len(x)), x, y, x * x, x * y, y * y]
        return cls.added(rater, columns, raters)

    @classmethod
    def added(cls, rater: Integers, columns: list[Floats], raters: int) -> Self:
        """Returns sums of sums: of `n`, `x` and so on, by rater."""
        n, x, y, xx, xy, yy = (
            np.bincount(rater, each, raters).astype(np.float64) for each in columns
        )
        return cls(n, x, y, xx, xy, yy)


class Fit(NamedTuple):
    """How raters use the scale; each of shape (raters,).

    Attributes:
      scale: a; 1 for one who goes with the common value.
      offset: b; 0 likewise.
      scale_sd: standard error of the scale; NaN where the noise is unknown.
      offset_sd: of the offset.
    """

    scale: Floats
    offset: Floats
    scale_sd: Floats
    offset_sd: Floats

    def predicted(self, rater: Integers, x: Floats) -> Floats:
        """Returns what raters would say of common values."""
        return np.asarray(self.scale[rater] * x + self.offset[rater])


class Spread(NamedTuple):
    """Variances: of the noise of a rating, and between raters.

    Attributes:
      noise: of a rating around its rater's line; NaN if unknown.
      scale: of the scales around 1.
      offset: of the offsets around 0, at the mean of the common values.
    """

    noise: float
    scale: float
    offset: float


def fit(sums: Sums, ridge: float | None = None) -> Fit:
    """Returns scale and offset of each rater; 1 and 0 for one without ratings.

    Args:
      sums: of their ratings.
      ridge: what is added to the diagonal of the normal equations; None for what the
        spread of raters says.
    """
    centre = float(sums.x.sum() / max(sums.n.sum(), 1.0))
    grams, sides, squares = _equations(sums, centre)
    spread = _spread(grams, sides, squares, sums.n)
    if ridge is None and np.isnan(spread.noise):
        ridge = UNKNOWN_NOISE
    if ridge is not None:
        inverse = np.linalg.pinv(grams + ridge * np.eye(2), hermitian=True)
        noise = spread.noise
    else:
        # With S the standard deviations: S (S G S + noise)^-1 S is (G + noise / S^2)^-1
        # and holds where a variance is 0.
        deviations = np.sqrt([spread.scale, spread.offset])
        both = np.outer(deviations, deviations)
        noise = spread.noise
        inner = grams * both + noise * np.eye(2)
        inverse = np.linalg.pinv(inner, rcond=1e-12, hermitian=True) * both
    found = (inverse @ sides[:, :, None])[:, :, 0]
    sd = np.sqrt(np.maximum(noise * np.stack([
        inverse[:, 0, 0],
        inverse[:, 1, 1] - 2 * centre * inverse[:, 0, 1]
        + centre**2 * inverse[:, 0, 0],
    ]), 0))  # fmt: skip
    offset = found[:, 1] - centre * found[:, 0]
    return Fit(1 + found[:, 0], offset, sd[0], sd[1])


def _equations(sums: Sums, centre: float) -> tuple[Floats, Floats, Floats]:
    """Returns normal equations of y - x on x - centre and 1, and sums of squares.

    Returns:
      Shapes (raters, 2, 2), (raters, 2) and (raters,).
    """
    x = sums.x - centre * sums.n
    xx = sums.xx - 2 * centre * sums.x + centre**2 * sums.n
    off = sums.y - sums.x
    x_off = sums.xy - sums.xx - centre * off
    grams = np.stack([np.stack([xx, x], -1), np.stack([x, sums.n], -1)], -2)
    return grams, np.stack([x_off, off], -1), sums.yy - 2 * sums.xy + sums.xx


def _spread(grams: Floats, sides: Floats, squares: Floats, n: Floats) -> Spread:
    """Returns the variances, by moments of each rater's own least squares."""
    own_x = grams[:, 0, 0] - grams[:, 0, 1] ** 2 / np.maximum(n, 1)
    usable = (n >= 3) & (own_x > _NO_SPREAD * np.maximum(grams[:, 0, 0], 1e-300))
    if not usable.any():
        return Spread(np.nan, np.nan, np.nan)
    inverse = np.linalg.inv(grams[usable])
    own = (inverse @ sides[usable][:, :, None])[:, :, 0]
    rest = squares[usable] - (own * sides[usable]).sum(axis=1)
    noise = float(max(rest.sum(), 0.0) / (n[usable] - 2).sum())
    if noise <= 1e-14 * float(squares[usable].sum() / n[usable].sum() + 1e-300):
        noise = 0.0  # what is left is rounding
    variances = np.diagonal(inverse, axis1=1, axis2=2)
    # Each rater counts by how exactly it is known.
    weights = 1 / variances
    between = ((own**2 - noise * variances) * weights).sum(axis=0) / weights.sum(axis=0)
    scale, offset = np.maximum(between, 0)
    return Spread(noise, float(scale), float(offset))
