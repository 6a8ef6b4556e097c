"""The likelihood of ratings over persons whose places are normally distributed.

ln P(x) / P(x - 1) = person - item - rater - threshold x, for each rating x: Linacre's
many-facet model (1989) with Andrich's rating scale (1978). Persons are integrated out
(Bock and Aitkin 1981), on evenly spaced nodes: they stay exact if a person has many
ratings, when Gauss-Hermite nodes are too far apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from affectflow_transforms.measures.rasch.climbing import EXACT, Top, climb
from affectflow_transforms.measures.rasch.design import Design, bundled
from affectflow_transforms.measures.rasch.ratings import Floats, Ints, Ratings

_REACH = 6.0
"""How many standard deviations the nodes reach to either side."""
_NODES, _ROUGH_NODES = 41, 31
_MOST_NODES = 1_281
_FINE = 0.65
"""A person's deviation is at least this many steps of the grid."""
_FAR = 40.0
"""Beyond this, a rating is certain."""
_ROUGH = 1e-3
"""This close to a maximum, the grid that it needs is known."""
_BLOCK = 1 << 11
"""Cells computed together, so that they stay in the processor's cache."""


class Moments(NamedTuple):
    """The expected ratings at some places; K categories.

    Attributes:
      log_sum: the logarithm of the normalising sum of the probabilities.
      shares: probabilities, (K, ...).
      mean: of the scores.
      variance: of the scores.
    """

    log_sum: Floats
    shares: Floats
    mean: Floats
    variance: Floats


def moments(place: Floats, heights: Floats, scores: Floats) -> Moments:
    """Returns the expected ratings, where P(x) ~ exp(x place - height of x).

    Args:
      place: the place of a person above a cell, in logits; any shape.
      heights: the sum of the thresholds up to each category; the first is 0.
      scores: of each category; the first is 0.
    """
    shares = np.empty((len(scores), *place.shape))
    near = np.clip(place, -_FAR, _FAR)
    # One exponential for all categories, from the middle so that none overflows.
    step, half = np.exp(near), scores[-1] / 2
    shares[0] = np.exp(-half * near)
    for n, score in enumerate(scores[1:], 1):
        is_next = score - scores[n - 1] == 1
        shares[n] = shares[n - 1] * step if is_next else np.exp((score - half) * near)
    for n, height in enumerate(heights[1:], 1):
        shares[n] *= np.exp(-height)
    total = shares.sum(axis=0)
    shares /= total
    mean = np.tensordot(scores, shares, 1)
    variance = np.tensordot(scores**2, shares, 1) - mean**2
    return Moments(np.log(total) + half * near, shares, mean, variance)


class Parts(NamedTuple):
    """The parameters by kind."""

    places: Floats
    heights: Floats
    mean: float
    deviation: float


@dataclass(frozen=True)
class Grid:
    """Nodes of a standard normal variable."""

    nodes: Floats
    log_weights: Floats


def grid(n: int) -> Grid:
    """Returns n evenly spaced nodes with their shares of the normal distribution."""
    nodes = np.linspace(-_REACH, _REACH, n)
    weights = np.exp(-(nodes**2) / 2)
    return Grid(nodes, np.log(weights / weights.sum()))


class Marginal:
    """Ratings with a design: their likelihood at any parameters.

    Parameters: places of items, raters and shifts; heights of the categories between
    the ends; mean and deviation of the persons.

    Attributes:
      fixed: which parameters are held constant.
    """

    def __init__(self, ratings: Ratings, design: Design, fixed: Ints | None = None):
        self.ratings, self.design = ratings, design
        self.fixed = np.empty(0, np.int64) if fixed is None else fixed
        self.scores = ratings.scores
        n_cells = design.places.shape[0]
        self.by_person, self.by_bundle = bundled(ratings, design.cell, n_cells)
        # A transposed sparse matrix is slow to build, and to multiply by.
        self.to_bundles = self.by_person.T.tocsr()
        self.to_cells = self.by_bundle.T.tocsr()
        self.to_places = design.places.T.tocsr()
        weight, score = ratings.weight[ratings.person], self.scores[ratings.category]
        self.person_score = np.bincount(ratings.person, score, len(ratings.persons))
        self.cell_score = np.bincount(design.cell, weight * score, n_cells)
        self.used = np.bincount(ratings.category, weight, len(self.scores))

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return self.design.n_places + len(self.scores)

    def project(self, vector: Floats) -> Floats:
        """Returns a direction without its undetermined or fixed parts."""
        out = self.design.centred(vector)
        out[self.fixed] = 0
        return out

    def start(self) -> Floats:
        """Returns parameters that explain how often each category was given."""
        logs = np.log(self.used)
        slope = (logs[-1] - logs[0]) / self.scores[-1]
        heights = -(logs - logs[0] - slope * self.scores)
        return np.concatenate(
            [np.zeros(self.design.n_places), heights[1:-1], [slope, 1.0]]
        )

    def parts(self, vector: Floats) -> Parts:
        """Returns the parameters by kind."""
        end = self.design.n_places
        heights = np.concatenate([[0.0], vector[end:-2], [0.0]])
        return Parts(vector[:end], heights, float(vector[-2]), float(vector[-1]))

    def at(self, vector: Floats, nodes: Grid) -> "At":
        """Returns the likelihood at some parameters."""
        return At(self, self.parts(vector), nodes)

    def fitted(self, start: Floats | None = None) -> "Top[At]":
        """Returns the maximum, on a grid fine enough for every person."""
        at = self.start() if start is None else start
        n, damping, close = _ROUGH_NODES, 0.1 if start is None else 0.0, _ROUGH
        while True:
            at_nodes = partial(self.at, nodes=grid(n))
            top = climb(at_nodes, at, self.project, damping=damping, close=close)
            wanted = 1 + int(2 * _REACH * _FINE / top.point.narrowest())
            if close < _ROUGH or not top.reached:
                return top
            n, close = min(_MOST_NODES, max(_NODES, wanted)), EXACT
            at, damping = top.at, 0.0


class At:
    """The likelihood of a `Marginal` near some parameters."""

    def __init__(self, given: Marginal, parts: Parts, nodes: Grid):
        self.given, self.parts, self.nodes = given, parts, nodes
        self.place = given.design.places @ parts.places
        self.theta = parts.mean + parts.deviation * nodes.nodes
        self.posterior, log_likelihood = self._posterior(self._expect())
        weight = given.ratings.weight
        fixed = given.cell_score @ self.place + given.used @ parts.heights
        self.value = float(weight @ log_likelihood - fixed)
        self.weighted = self.posterior * weight[:, None]
        self.in_cell = self._to_cells(self.weighted)
        self.surprise = given.person_score[:, None] - self._to_persons(self.mean)
        self._sum_up()
        # By bundle they take little memory, and by cell they are not needed again.
        self.uses = np.array([given.by_bundle @ share for share in self.shares])
        self.uses = self.uses.reshape(-1, given.by_bundle.shape[0], len(nodes.nodes))
        del self.shares
        self.gradient = self._gradient()

    def _expect(self) -> Floats:
        """Stores the expectations in each cell, (cells, nodes); returns `log_sum`."""
        shape = len(self.place), len(self.theta)
        n_middle = len(self.given.scores) - 2
        log_sum, self.mean, self.variance = np.empty((3, *shape))
        self.shares = np.empty((n_middle, *shape))
        for rows in _blocks(len(self.place)):
            place = self.theta[None, :] - self.place[rows, None]
            seen = moments(place, self.parts.heights, self.given.scores)
            log_sum[rows], self.mean[rows], self.variance[rows] = (
                seen.log_sum,
                seen.mean,
                seen.variance,
            )
            self.shares[:, rows] = seen.shares[1:-1]
        return log_sum

    def _posterior(self, log_sum: Floats) -> tuple[Floats, Floats]:
        logs = np.outer(self.given.person_score, self.theta)
        logs -= self._to_persons(log_sum)
        logs += self.nodes.log_weights
        top = logs.max(axis=1, keepdims=True)
        posterior = np.exp(logs - top)
        total = posterior.sum(axis=1, keepdims=True)
        posterior /= total
        return posterior, (np.log(total) + top)[:, 0]

    def _to_persons(self, by_cell: Floats) -> Floats:
        return self.given.by_person @ (self.given.by_bundle @ by_cell)

    def _to_cells(self, by_person: Floats) -> Floats:
        return self.given.to_cells @ (self.given.to_bundles @ by_person)

    def _gradient(self) -> Floats:
        given, z = self.given, self.nodes.nodes
        surprise = np.einsum("pq,pq->q", self.weighted, self.surprise)
        return self._joined(
            self.expected - given.cell_score,
            self.expected_uses - given.used[1:-1],
            float(surprise.sum()),
            float(surprise @ z),
        )

    def _joined(self, cells: Floats, used: Floats, mean: float, sd: float) -> Floats:
        return np.concatenate([self.given.to_places @ cells, used, [mean, sd]])

    def _sum_up(self) -> None:
        """Sums the expectations, and the information if persons were known."""
        n_cells, n_middle = len(self.place), len(self.shares)
        self.expected, self.cells, self.cells_z = np.empty((3, n_cells))
        self.pulls = np.empty((n_middle, n_cells))
        self.pulls_z, self.expected_uses = np.zeros((2, n_middle))
        self.z_z, self.heights = 0.0, np.zeros((n_middle, n_middle))
        for rows in _blocks(n_cells):
            self._sum_up_block(rows)
        self.heights = np.diag(self.expected_uses) - self.heights
        of_mean = float(self.cells.sum())
        scale = self._joined(self.cells, np.diag(self.heights), of_mean, self.z_z)
        self.scale = np.maximum(scale, 1e-9)

    def _sum_up_block(self, rows: slice) -> None:
        z, there, mean = self.nodes.nodes, self.in_cell[rows], self.mean[rows]
        self.expected[rows] = np.einsum("cq,cq->c", there, mean)
        spread = there * self.variance[rows]
        self.cells[rows] = spread.sum(axis=1)
        self.cells_z[rows] = spread @ z
        self.z_z += float(spread.sum(axis=0) @ z**2)
        shares = [share[rows] for share in self.shares]
        uses = [there * share for share in shares]
        for n, (use, score) in enumerate(
            zip(uses, self.given.scores[1:-1], strict=True)
        ):
            self.expected_uses[n] += use.sum()
            pull = use * (score - mean)
            self.pulls[n, rows] = pull.sum(axis=1)
            self.pulls_z[n] += float(pull.sum(axis=0) @ z)
            self.heights[n] += [float(np.vdot(use, share)) for share in shares]

    def product(self, direction: Floats) -> Floats:
        """Returns the information matrix times a direction (Louis 1982)."""
        end = self.given.design.n_places
        cells = self.given.design.places @ direction[:end]
        heights, (mean, sd) = direction[end:-2], direction[-2:]
        return self._known(cells, heights, mean, sd) - self._missing(
            cells, heights, mean, sd
        )

    def _known(self, cells: Floats, heights: Floats, mean: float, sd: float) -> Floats:
        by_cell = self.cells * cells + heights @ self.pulls
        by_cell -= self.cells * mean + self.cells_z * sd
        of_heights = self.pulls @ cells + self.heights @ heights
        of_heights -= self.pulls.sum(axis=1) * mean + self.pulls_z * sd
        of_sd = self.cells_z.sum() * mean + self.z_z * sd
        of_sd -= self.cells_z @ cells + self.pulls_z @ heights
        return self._joined(by_cell, of_heights, -float(by_cell.sum()), float(of_sd))

    def _missing(
        self, cells: Floats, heights: Floats, mean: float, sd: float
    ) -> Floats:
        given, z = self.given, self.nodes.nodes
        turned = given.by_bundle.copy()
        turned.data = turned.data * cells[turned.indices]
        moved = turned @ self.mean + np.tensordot(heights, self.uses, 1)
        rise = given.by_person @ moved + self.surprise * (mean + z * sd)
        rise -= np.einsum("pq,pq->p", self.posterior, rise)[:, None]
        rise *= self.weighted
        back = given.to_bundles @ rise
        by_cell = np.empty(len(cells))
        for rows in _blocks(len(cells)):
            seen = given.to_cells[rows] @ back
            by_cell[rows] = np.einsum("cq,cq->c", seen, self.mean[rows])
        of_heights = np.einsum("bq,kbq->k", back, self.uses)
        surprise = np.einsum("pq,pq->q", rise, self.surprise)
        return self._joined(
            by_cell, of_heights, float(surprise.sum()), float(surprise @ z)
        )

    # -- persons -----------------------------------------------------------------------

    def spread(self) -> Floats:
        """Returns the standard deviation of each person, before scaling."""
        z = self.nodes.nodes
        mean = self.posterior @ z
        return np.sqrt(np.maximum(self.posterior @ z**2 - mean**2, 0))

    def narrowest(self) -> float:
        """Returns roughly the smallest deviation of a person, before scaling.

        On a coarse grid a person may seem to be at a single node; the information in
        its ratings counts there too.
        """
        told = np.einsum("pq,pq->p", self.posterior, self._to_persons(self.variance))
        return float((1 + self.parts.deviation**2 * told.max()) ** -0.5)

    def persons(self) -> tuple[Floats, Floats]:
        """Returns the expected place of each person, and its standard error."""
        return self.posterior @ self.theta, self.spread() * abs(self.parts.deviation)


def _blocks(n: int) -> Iterator[slice]:
    for start in range(0, n, _BLOCK):
        yield slice(start, start + _BLOCK)
