"""A fit: severities, difficulties, thresholds and persons, with standard errors."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from affectflow_transforms.measures.rasch import Way, conditional
from affectflow_transforms.measures.rasch.climbing import variance_of, variances
from affectflow_transforms.measures.rasch.conditional import Conditional
from affectflow_transforms.measures.rasch.design import Design, design_of
from affectflow_transforms.measures.rasch.marginal import At, Marginal, grid
from affectflow_transforms.measures.rasch.ratings import Floats, Ratings

FARTHEST = 12.0
"""An estimate beyond this, in logits, has no maximum."""
_WIDEST, _NONE = 8.0, 1e-4
DIVERGED = "no finite estimate: its ratings are apart from all others"
UNDETERMINED = "not determined by these ratings"
_NO_THRESHOLDS = f"thresholds are {UNDETERMINED}"
_NO_PERSONS = "{why}; so places of persons, infit and outfit are unknown"
_DID_NOT_END = "the fit does not converge: too few ratings for so many raters and items"


class Fit(NamedTuple):
    """The fit to some ratings.

    Attributes:
      ratings: the fitted ratings.
      design: the design of the ratings.
      point: the likelihood over persons at the maximum; holds the parameters.
      errors: standard errors of items and raters.
      variance_of: the variance of a sum of parameters.
      why: why there is no fit; '' if there is one.
      no_persons: why persons have no place, and ratings no residuals; '' if they do.
    """

    ratings: Ratings
    design: Design
    point: At
    errors: Floats
    variance_of: Callable[[Floats], float]
    why: str = ""
    no_persons: str = ""

    @property
    def deviation(self) -> float:
        """Standard deviation of persons; 0 if they differ only by chance."""
        found = abs(self.point.parts.deviation)
        return found if found > _NONE else 0.0

    @property
    def items(self) -> Floats:
        """Difficulties, in logits; they sum to 0."""
        return self.point.parts.places[: self.design.n_items]

    @property
    def raters(self) -> Floats:
        """Severities, in logits; they sum to 0."""
        start = self.design.n_items
        return self.point.parts.places[start : start + self.design.n_raters]

    @property
    def thresholds(self) -> Floats:
        """Each threshold, in logits; they sum to 0."""
        return np.diff(self.point.parts.heights)

    def threshold_error(self, place: int) -> float:
        """Returns the standard error of a threshold."""
        n_heights = len(self.point.parts.heights)
        direction = np.zeros(self.design.n_places + n_heights)
        heights = np.zeros(n_heights)
        heights[place], heights[place + 1] = -1.0, 1.0
        direction[self.design.n_places : -2] = heights[1:-1]
        return float(_roots(np.array(self.variance_of(direction))))

    def threshold_errors(self) -> list[float]:
        """Returns the standard error of each threshold."""
        return [self.threshold_error(n) for n in range(len(self.thresholds))]

    def is_determined(self, value: float, error: float) -> bool:
        """Returns whether ratings determine a place, if only roughly."""
        return not (abs(value) > FARTHEST or error > FARTHEST)


def fitted(ratings: Ratings, way: Way) -> Fit:
    """Returns the fit to ratings, for raters and items with estimates."""
    design = design_of(ratings)
    if way == "conditional":
        return _conditional(ratings, design)
    model = Marginal(ratings, design)
    top = model.fitted()
    point = top.point
    errors = _roots(variances(point, model.project)[: design.n_places])
    spread = partial(variance_of, point, model.project)
    return Fit(ratings, design, point, errors, spread, _why(point, top.reached))


def _conditional(ratings: Ratings, design: Design) -> Fit:
    model = Conditional(ratings, design)
    top = model.fitted()
    spread = partial(_spread, *model.covariances(top))
    errors = _roots(np.array([spread(row) for row in np.eye(model.size)]))
    persons = Marginal(ratings, design, np.arange(model.size))
    start = np.concatenate([top.at, persons.start()[-2:]])
    fit = Fit(
        ratings,
        design,
        persons.at(start, grid(1)),
        errors[: design.n_places],
        spread,
        "" if top.reached else _DID_NOT_END,
    )
    if not all(map(fit.is_determined, fit.thresholds, fit.threshold_errors())):
        return fit._replace(no_persons=_NO_PERSONS.format(why=_NO_THRESHOLDS))
    found = persons.fitted(start)
    why = _why(found.point, found.reached)
    no_persons = _NO_PERSONS.format(why=why) if why else ""
    return fit._replace(point=found.point, no_persons=no_persons)


def _spread(inverse: Floats, covariance: Floats, direction: Floats) -> float:
    """Returns the variance of a sum of parameters; infinite if unknown.

    Where the likelihood is flat, its gradient is the same for all persons: the
    covariance over persons alone would seem small.
    """
    own = direction[: len(inverse)]
    if own @ inverse @ own > FARTHEST**2:
        return float("inf")
    return float(own @ covariance @ own)


def _roots(found: Floats) -> Floats:
    """Returns standard errors; NaN where there is no maximum."""
    return np.sqrt(np.where(found >= 0, found, np.nan))


def _why(point: At, reached: bool) -> str:
    parts = point.parts
    if abs(parts.mean) > FARTHEST or abs(parts.deviation) > _WIDEST:
        return (
            "no finite spread of persons: ratings of one person agree too often to "
            "tell how far persons are apart"
        )
    return "" if reached else _DID_NOT_END


def diverged(fit: Fit) -> dict[tuple[str, str], str]:
    """Returns which raters and items have no finite estimate, and why."""
    found: dict[tuple[str, str], str] = {}
    for facet, values in (("rater", fit.raters), ("item", fit.items)):
        far = np.abs(values - np.median(values)) > FARTHEST
        names = getattr(fit.ratings, f"{facet}s").filter(pa.array(far)).to_pylist()
        found |= {(facet, name): DIVERGED for name in names}
    return found


def why_not(ratings: Ratings, way: Way) -> str:
    """Returns why a way cannot fit this many ratings; '' if it can."""
    if way != "conditional":
        return ""
    n = conditional.n_pairs(ratings)
    size = len(ratings.raters) + len(ratings.items)
    if n > conditional.MOST_PAIRS or size > conditional.MOST_PARAMETERS:
        return (
            f"way=conditional takes {conditional.MOST_PARAMETERS:,} raters and items "
            f"and {conditional.MOST_PAIRS:,} pairs of ratings, got {size:,} and "
            f"{n:,}; use way=marginal"
        )
    return ""


class MeanSquares(NamedTuple):
    """Squared residuals, by rating.

    Attributes:
      squared: the squared residual.
      variance: its expected value.
      standard: their ratio.
    """

    squared: Floats
    variance: Floats
    standard: Floats


_ROWS = 1 << 13


def mean_squares(fit: Fit) -> MeanSquares:
    """Returns the residuals of ratings, averaged over where persons may be.

    With persons drawn from their posterior, all three have the expectation under the
    model: shrinkage cannot make raters seem to fit too well.
    """
    point, ratings = fit.point, fit.ratings
    out = np.empty((3, len(ratings)))
    for start in range(0, len(ratings), _ROWS):
        rows = slice(start, start + _ROWS)
        cell, posterior = fit.design.cell[rows], point.posterior[ratings.person[rows]]
        score = ratings.scores[ratings.category[rows]]
        squared = (score[:, None] - point.mean[cell]) ** 2
        variance = np.maximum(point.variance[cell], 1e-12)
        for n, each in enumerate((squared, variance, squared / variance)):
            out[n, rows] = np.einsum("rq,rq->r", posterior, each)
    return MeanSquares(*out)
