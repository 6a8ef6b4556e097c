"""The likelihood of pairs of ratings of a person, given their sum.

The person cancels out (Rasch 1960; Andrich 1978; in pairs: Choppin 1968, Zwinderman
1995). With two raters and one item it is the exact conditional likelihood. Pairs of a
person depend on one another, so standard errors are those of a composite likelihood
(Godambe 1960; Varin, Reid and Firth 2011).
"""

import numpy as np
import numpy.typing as npt
from scipy import sparse

from affectflow_transforms.measures.rasch.climbing import Top, climb, covariance
from affectflow_transforms.measures.rasch.design import Design
from affectflow_transforms.measures.rasch.ratings import Floats, Ints, Ratings

MOST_PAIRS = 2_000_000
MOST_PARAMETERS = 1_000


def n_pairs(ratings: Ratings) -> int:
    """Returns how many pairs of ratings of one person there are."""
    n = np.bincount(ratings.person)
    return int((n * (n - 1) // 2).sum())


def pairs_of(person: Ints) -> tuple[Ints, Ints]:
    """Returns both ratings of each pair of a person's ratings."""
    order = np.argsort(person, kind="stable")
    counts = np.bincount(person)
    starts = np.cumsum(counts) - counts
    ones, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for n in np.unique(counts[counts > 1]):
        rows = order[starts[counts == n][:, None] + np.arange(n)]
        one, other = np.triu_indices(n, 1)
        ones.append(rows[:, one].ravel())
        others.append(rows[:, other].ravel())
    return np.concatenate(ones), np.concatenate(others)


class Conditional:
    """Pairs of ratings with a design: their likelihood at any parameters.

    Parameters: places of items and raters; heights of the categories between the ends.
    """

    def __init__(self, ratings: Ratings, design: Design):
        self.ratings, self.design = ratings, design
        self.one, self.other = pairs_of(ratings.person)
        self.weight = ratings.weight[ratings.person[self.one]]
        self.scores = ratings.scores
        category, score = ratings.category, self.scores[ratings.category]
        self.given = category[self.one]
        total = score[self.one] + score[self.other]
        # For each category of one rating, that of the other with the same sum; or -1.
        place = np.full(2 * int(self.scores[-1]) + 1, -1)
        place[self.scores.astype(np.int64)] = np.arange(len(self.scores))
        rest = (total[:, None] - self.scores).astype(np.int64)
        self.rest = np.where(rest >= 0, place[rest], -1)

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return self.design.n_places + len(self.scores) - 2

    def fitted(self) -> "Top[AtPairs]":
        """Returns the maximum."""
        return climb(self.at, np.zeros(self.size), self.design.centred)

    def at(self, vector: Floats) -> "AtPairs":
        """Returns the likelihood at some parameters."""
        return AtPairs(self, vector)

    def covariances(self, top: "Top[AtPairs]") -> tuple[Floats, Floats]:
        """Returns the inverse of the information on parameters, and their covariance.

        The latter takes persons as the unit of sampling: pairs of one person are
        dependent.
        """
        bread = covariance(top.point, self.design.centred)
        rise = top.point.by_person()
        return bread, bread @ (rise.T @ rise) @ bread


class AtPairs:
    """The likelihood of a `Conditional` at some parameters."""

    def __init__(self, given: Conditional, vector: Floats):
        self.given = given
        end = given.design.n_places
        place = given.design.places @ vector[:end]
        heights = np.concatenate([[0.0], vector[end:], [0.0]])
        cell = given.design.cell
        self.cells = cell[given.one], cell[given.other]
        gap = place[self.cells[0]] - place[self.cells[1]]
        logits = -np.outer(gap, given.scores) - heights - heights[given.rest]
        logits[given.rest < 0] = -np.inf
        logits -= logits.max(axis=1, keepdims=True)
        self.shares = np.exp(logits)
        self.shares /= self.shares.sum(axis=1, keepdims=True)
        chosen = self.shares[np.arange(len(gap)), given.given]
        self.value = float(given.weight @ np.log(chosen))
        self.mean = self.shares @ given.scores
        self.used = self._uses(self.shares)
        self.gradient = self._joined(*(given.weight * each.T for each in self._rise()))
        self.scale = self._scale()

    def _uses(self, shares: npt.NDArray[np.float64]) -> Floats:
        """Returns how often each category between the ends is expected, by pair."""
        n = len(self.given.scores)
        uses = np.zeros((len(shares), n))
        rows = np.arange(len(shares))
        for category in range(n):
            rest = self.given.rest[:, category]
            uses[:, category] += shares[:, category]
            there = rest >= 0
            uses[rows[there], rest[there]] += shares[there, category]
        return uses[:, 1:-1]

    def _rise(self) -> tuple[Floats, Floats]:
        """Returns the rise of each pair: along the first one's place, and heights."""
        given = self.given
        chosen = np.zeros_like(self.shares)
        chosen[np.arange(len(chosen)), given.given] = 1
        return self.mean - given.scores[given.given], self.used - self._uses(chosen)

    def _joined(self, places: Floats, heights: Floats) -> Floats:
        """Returns a vector of parameters; `heights` is by category, then pair."""
        n_cells = self.given.design.places.shape[0]
        one, other = (np.bincount(c, places, n_cells) for c in self.cells)
        by_place = self.given.design.places.T @ (one - other)
        return np.concatenate([by_place, heights.sum(axis=1)])

    def _scale(self) -> Floats:
        given = self.given
        spread = given.weight * (self.shares @ given.scores**2 - self.mean**2)
        n_cells = given.design.places.shape[0]
        by_cell = sum(np.bincount(c, spread, n_cells) for c in self.cells)
        of_heights = given.weight @ (self.used * np.maximum(0, 2 - self.used))
        by_place = given.design.places.T @ by_cell
        return np.maximum(np.concatenate([by_place, of_heights]), 1e-9)

    def product(self, direction: Floats) -> Floats:
        """Returns the information matrix times a direction."""
        given, end = self.given, self.given.design.n_places
        cells = given.design.places @ direction[:end]
        heights = np.concatenate([[0.0], direction[end:], [0.0]])
        gap = cells[self.cells[0]] - cells[self.cells[1]]
        moved = -np.outer(gap, given.scores) - heights - heights[given.rest]
        moved -= np.einsum("mk,mk->m", self.shares, moved)[:, None]
        pull = moved * self.shares * given.weight[:, None]
        return self._joined(-(pull @ given.scores), -self._uses(pull).T)

    def by_person(self) -> Floats:
        """Returns the gradient of each person, (persons, parameters)."""
        given = self.given
        person = given.ratings.person[given.one]
        n = len(given.ratings.persons), given.design.places.shape[0]
        place, heights = self._rise()
        cells = sparse.coo_matrix((given.weight * place, (person, self.cells[0])), n)
        cells -= sparse.coo_matrix((given.weight * place, (person, self.cells[1])), n)
        rows = np.zeros((n[0], heights.shape[1]))
        np.add.at(rows, person, given.weight[:, None] * heights)
        return np.hstack([(cells.tocsr() @ given.design.places).toarray(), rows])
