"""How well a fit predicts ratings that it has not seen."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from affectflow_transforms.measures.rasch.design import design_of
from affectflow_transforms.measures.rasch.marginal import Marginal, moments
from affectflow_transforms.measures.rasch.ratings import (
    Floats,
    Ints,
    Ratings,
    places_in,
    without_extremes,
)

SEED = 13
_ROWS = 1 << 13


class Foretold(NamedTuple):
    """How well held-out ratings were predicted.

    Attributes:
      log_likelihood: mean natural logarithm of each rating's probability.
      rmse: root mean squared difference from the expected rating.
      n: number of ratings.
    """

    log_likelihood: float
    rmse: float
    n: int


def held_out(ratings: Ratings, folds: int, *, raters: bool = True) -> Foretold:
    """Returns how well each part is predicted from the others.

    A person whose other ratings are all held out has the prior of all; a rater without
    an estimate is as severe as the mean. Categories that were not seen have the chance
    of one rating.

    Args:
      ratings: the ratings, split by a fixed seed.
      folds: number of parts, at least 2.
      raters: whether raters differ in severity.
    """
    random = np.random.default_rng(SEED)
    fold = random.permutation(len(ratings)) % folds
    chance, off = np.zeros(len(ratings)), np.zeros(len(ratings))
    for number in range(folds):
        out = np.flatnonzero(fold == number)
        known, _ = without_extremes(ratings.where(fold != number))
        if len(known.categories) < 2:
            return Foretold(float("nan"), float("nan"), 0)
        chance[out], off[out] = _foretold(known, ratings, out, raters)
    weight = ratings.weight[ratings.person]
    mean, squares = np.average([np.log(chance), off**2], axis=1, weights=weight)
    return Foretold(float(mean), float(np.sqrt(squares)), len(ratings))


def _foretold(
    known: Ratings, ratings: Ratings, out: Ints, raters: bool
) -> tuple[Floats, Floats]:
    """Returns the chance of each held-out rating, and its residual."""
    design = design_of(known, raters=raters)
    point = Marginal(known, design).fitted().point
    n_items = design.n_items
    items, severities = np.split(point.parts.places, [n_items])
    place = _of(ratings.items, known.items, items)[ratings.item[out]]
    if raters:
        place += _of(ratings.raters, known.raters, severities)[ratings.rater[out]]
    person = places_in(known.persons, ratings.persons)[ratings.person[out]]
    prior = np.exp(point.nodes.log_weights)
    score = ratings.categories[ratings.category[out]] - known.categories[0]
    category = np.searchsorted(known.scores, score)
    category = np.minimum(category, len(known.scores) - 1)
    seen = known.scores[category] == score
    chance, off = np.empty(len(out)), np.empty(len(out))
    for start in range(0, len(out), _ROWS):
        rows = slice(start, start + _ROWS)
        own = person[rows]
        posterior = np.where(own[:, None] < 0, prior, point.posterior[own])
        found = moments(
            point.theta - place[rows, None], point.parts.heights, known.scores
        )
        shares = np.einsum("rq,krq->rk", posterior, found.shares)
        chance[rows] = shares[np.arange(len(own)), category[rows]]
        off[rows] = score[rows] - np.einsum("rq,rq->r", posterior, found.mean)
    least = 1 / len(known)
    return np.where(seen, np.maximum(chance, least), least), off


def _of(names: pa.Array, known: pa.Array, values: Floats) -> Floats:
    """Returns the value of each name; 0 for unknown names."""
    place = places_in(known, names)
    return np.where(place < 0, 0.0, values[place])
