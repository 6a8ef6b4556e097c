"""Cells: ratings with the same place on the scale, except for the person."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from affectflow_transforms.measures.rasch.ratings import Floats, Ints, Ratings

Matrix = Any
"""A sparse matrix of scipy."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """The parameters of a fit: items, raters, and shifts of some cells.

    Attributes:
      cell: the cell of each rating.
      places: (cells, items + raters + shifts), 1 where a parameter is in a cell, whose
        place on the scale is their sum.
      n_items: number of items.
      n_raters: number of raters.
      item: the item of each cell. rater: the rater of each cell.
      group: the group of each cell; -1 for none.
    """

    cell: Ints
    places: Matrix
    n_items: int
    n_raters: int
    item: Ints
    rater: Ints
    group: Ints

    @property
    def n_places(self) -> int:
        """The number of parameters that give the places of cells."""
        return int(self.places.shape[1])

    def centred(self, vector: Floats) -> Floats:
        """Returns parameters whose items, and whose raters, sum to 0.

        Adding a constant to all raters and subtracting it from all persons changes
        nothing.
        """
        out = vector.copy()
        ends = self.n_items, self.n_items + self.n_raters
        for part in (out[: ends[0]], out[ends[0] : ends[1]]):
            part -= part.mean()
        return out

    def with_shifts(self, shifts: Matrix) -> "Design":
        """Returns the design with more columns of `places`."""
        places = sparse.hstack([self.places, shifts]).tocsr()
        return replace(self, places=places)


def design_of(ratings: Ratings, *, by: str = "", raters: bool = True) -> Design:
    """Returns the design of ratings.

    Args:
      ratings: of at least one item and rater.
      by: `person_group` or `rater_group`, by which cells are then split.
      raters: whether raters differ in severity; otherwise they count as one.
    """
    rater = ratings.rater if raters else np.zeros_like(ratings.rater)
    n_items, n_raters = len(ratings.items), len(ratings.raters) if raters else 1
    key = rater * n_items + ratings.item
    if by:
        key = (getattr(ratings, by) + 1) * (n_items * n_raters) + key
    cells, cell = np.unique(key, return_inverse=True)
    item, own = cells % n_items, cells // n_items % n_raters
    rows = np.arange(len(cells))
    places = sparse.hstack(
        [indicator(rows, item, n_items), indicator(rows, own, n_raters)]
    ).tocsr()
    return Design(
        cell=cell,
        places=places,
        n_items=n_items,
        n_raters=n_raters,
        item=item,
        rater=own,
        group=cells // (n_items * n_raters) - 1 if by else np.full(len(cells), -1),
    )


def indicator(rows: Ints, columns: Ints, width: int, height: int = 0) -> Matrix:
    """Returns a sparse matrix of ones."""
    shape = (height or len(rows), width)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=shape)


def bundled(ratings: Ratings, cell: Ints, n_cells: int) -> tuple[Matrix, Matrix]:
    """Returns persons by bundles and bundles by cells: their product counts ratings.

    A bundle is the cells in which one rater rated one person. Raters who use all items
    make one bundle each, however many persons they rate; this makes a fit fast.
    """
    pair = ratings.person * len(ratings.raters) + ratings.rater
    order = np.lexsort((cell, pair))
    pairs, start = np.unique(pair[order], return_index=True)
    # Equal bundles have equal sums; different ones only with a chance of one in 10^10.
    marks = np.random.default_rng(0).random(n_cells)
    sums = np.add.reduceat(marks[cell[order]], start)
    _, first, bundle = np.unique(sums, return_index=True, return_inverse=True)
    ends = np.append(start[1:], len(order))
    lengths = (ends - start)[first]
    rows = np.repeat(np.arange(len(first)), lengths)
    offsets = np.arange(lengths.sum()) - np.repeat(
        np.cumsum(lengths) - lengths, lengths
    )
    columns = cell[order][np.repeat(start[first], lengths) + offsets]
    persons = pairs // len(ratings.raters)
    by_person = indicator(persons, bundle, len(first), len(ratings.persons))
    return by_person, indicator(rows, columns, n_cells, len(first))
