"""From a state to values: the fit, differential functioning and held-out ratings."""

from collections.abc import Collection, Iterator

import pyarrow as pa

from affectflow.kinds.measure import Value
from affectflow_transforms.measures.rasch import Way, said
from affectflow_transforms.measures.rasch.fit import (
    Fit,
    diverged,
    fitted,
    mean_squares,
    why_not,
)
from affectflow_transforms.measures.rasch.functioning import shifts_of
from affectflow_transforms.measures.rasch.held_out import held_out
from affectflow_transforms.measures.rasch.ratings import (
    Ratings,
    ratings_of,
    why_disconnected,
    without,
    without_extremes,
)

_MOST_POINTS = 32
_FEW_PERSONS = 1_000
"""Up to this many persons get values without being asked for."""


def values_of(
    state: pa.Table, *, way: Way, keep: Collection[str], folds: int, errors: bool
) -> Iterator[Value]:
    """Yields the values fitted to ratings, or why there are none.

    Args:
      state: the state of `FacetedRasch`.
      way: how ratings are fitted.
      keep: which of raters, items and persons get values; if empty, all that are few.
      folds: in how many parts ratings are held out; 0 for not at all.
      errors: whether standard errors give the intervals.
    """
    fit, extreme, why = _fitted(ratings_of(state), way)
    if fit is None:
        yield said.nothing(why)
        return
    squares = None if fit.no_persons else mean_squares(fit)
    if not keep or "items" in keep:
        yield from said.of_facet(fit, "item", squares, extreme, errors=errors)
        yield from said.of_thresholds(fit, errors=errors)
    if not keep or "raters" in keep:
        yield from said.of_facet(fit, "rater", squares, extreme, errors=errors)
    yield from said.of_spread(fit)
    few = len(fit.ratings.persons) <= _FEW_PERSONS
    if "persons" in keep or (few and not keep):
        yield from said.of_persons(fit)
    yield from _beside(fit.ratings, keep, folds)


def _beside(ratings: Ratings, keep: Collection[str], folds: int) -> Iterator[Value]:
    """Yields differential functioning, and how well held-out ratings are predicted."""
    if not keep or "items" in keep:
        yield from said.of_shifts("item", shifts_of(ratings, "item"))
    if not keep or "raters" in keep:
        yield from said.of_shifts("rater", shifts_of(ratings, "rater"))
    if folds:
        without_raters = held_out(ratings, folds, raters=False)
        yield from said.of_held_out(held_out(ratings, folds))
        yield from said.of_held_out(without_raters, " without raters")


def _fitted(
    ratings: Ratings, way: Way
) -> tuple[Fit | None, dict[tuple[str, str], str], str]:
    """Returns a fit, the raters and items left out, and why if there is none."""
    left_out: dict[tuple[str, str], str] = {}
    while True:
        ratings, extreme = without_extremes(ratings)
        left_out |= extreme
        if why := _why_nothing(ratings) or why_not(ratings, way):
            return None, left_out, why
        fit = fitted(ratings, way)
        lost = diverged(fit)
        if not lost:
            return (None if fit.why else fit), left_out, fit.why
        left_out |= lost
        ratings = without(ratings, lost)


def _why_nothing(ratings: Ratings) -> str:
    if len(ratings.categories) < 2:
        return "all ratings are the same, or each rater gives only one end of the scale"
    low, high = int(ratings.categories[0]), int(ratings.categories[-1])
    if high - low >= _MOST_POINTS:
        return (
            f"ratings range from {low} to {high}, but a scale has at most "
            f"{_MOST_POINTS} points: "
            "make them coarser"
        )
    if why := why_disconnected(ratings):
        return why
    if len(ratings) == len(ratings.persons):
        return (
            "no person has two ratings to compare; add ratings of the same "
            "persons by other raters, or in other items"
        )
    return ""
