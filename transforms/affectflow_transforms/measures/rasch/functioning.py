"""Differential functioning: whether an item or a rater differs for some group.

An item is harder for raters of one group than for the others by a shift, and likewise a
rater severer with persons of one group. Each shift is estimated together with all that
were found before it, the clearest first: otherwise one item that differs would make all
others seem to differ the other way. The other shifts are estimated by one Newton step
from the fit without them (Rao 1948).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import ndtr, ndtri

from affectflow_transforms.measures.rasch.climbing import solved
from affectflow_transforms.measures.rasch.design import Design, design_of, indicator
from affectflow_transforms.measures.rasch.marginal import At, Marginal
from affectflow_transforms.measures.rasch.ratings import Floats, Ratings

LEAST = 10
"""The minimum number of ratings of the group, and of the others, for a shift."""
MOST = 500
MOST_FOUND = 50
_LEVEL = 0.05

Facet = Literal["item", "rater"]
_BY: dict[Facet, str] = {"item": "rater_group", "rater": "person_group"}
"""Items may differ by the group of the rater, and raters by that of the person."""


class Shift(NamedTuple):
    """How much harder an item, or more severe a rater, is in a group.

    Attributes:
      member: the item, or rater.
      group: the group, as compared with all others.
      value: the shift in logits; NaN if undetermined.
      low: lower end of an interval that holds for all shifts together at 95 %.
      high: upper end.
      p: the p value of no shift, times the number of shifts (Bonferroni).
      n: number of ratings of the group.
      why: why it is undetermined.
    """

    member: str
    group: str
    value: float
    low: float
    high: float
    p: float
    n: int
    why: str = ""


@dataclass
class _Candidate:
    member: int
    group: int
    cells: Floats
    n: int
    rest: int


def shifts_of(ratings: Ratings, facet: Facet) -> Iterator[Shift]:
    """Yields the shift of each item or rater in each group; none without groups.

    With two groups, the second by name is compared with the first.

    Args:
      ratings: those of raters and items with estimates.
      facet: the facet that may differ.
    """
    by = _BY[facet]
    members = getattr(ratings, f"{facet}s")
    if len(np.unique(getattr(ratings, by))) < 2 or len(members) < 2:
        return
    design = design_of(ratings, by=by)
    candidates = list(_candidates(ratings, design, facet))
    names, groups = members.to_pylist(), getattr(ratings, f"{by}s").to_pylist()
    told = [c for c in candidates if min(c.n, c.rest) >= LEAST]
    why = f"fewer than {LEAST} ratings of the group, or of the others"
    if len(told) > MOST:
        why = f"{len(told)} shifts to test, at most {MOST}: name coarser groups"
        told = []
    found = dict(
        zip(map(id, told), _estimated(ratings, design, facet, told), strict=True)
    )
    far = float(ndtri(1 - _LEVEL / 2 / max(1, len(told))))
    for each in candidates:
        value, error = found.get(id(each), (np.nan, np.nan))
        p = 2 * len(told) * float(ndtr(-abs(value / error)))
        yield Shift(
            names[each.member],
            groups[each.group],
            value,
            value - far * error,
            value + far * error,
            float(np.minimum(1, p)),
            each.n,
            why if id(each) not in found else "cannot be told from the others",
        )


def _candidates(ratings: Ratings, design: Design, facet: Facet) -> Iterator[_Candidate]:
    """Yields which cells may be shifted together."""
    by_cell = np.bincount(design.cell, minlength=len(design.group))
    groups = np.unique(design.group[design.group >= 0])
    if len(groups) == 2 and (design.group >= 0).all():
        groups = groups[1:]
    own = getattr(design, facet)
    for member in range(len(getattr(ratings, f"{facet}s"))):
        for group in groups:
            cells = (own == member) & (design.group == group)
            n = int(by_cell[cells].sum())
            rest = int(by_cell[own == member].sum()) - n
            yield _Candidate(member, int(group), cells.astype(np.float64), n, rest)


def _estimated(
    ratings: Ratings, design: Design, facet: Facet, told: list[_Candidate]
) -> Iterator[tuple[float, float]]:
    """Yields each shift and its standard error; NaN if undetermined."""
    if not told:
        return
    columns = sparse.csr_matrix(np.array([each.cells for each in told]).T)
    start = design.n_places
    if facet == "rater":  # persons of a group may be higher for all raters
        _, level = np.unique(design.group, return_inverse=True)
        levels = indicator(np.arange(len(level)), level, level.max() + 1)
        design = design.with_shifts(levels[:, 1:])
        start = design.n_places
    design = design.with_shifts(columns)
    found: list[int] = []
    model = Marginal(ratings, design)
    model.fixed = start + np.arange(len(told))
    at = None
    far = float(ndtri(1 - _LEVEL / 2 / len(told)))
    while True:
        top = model.fitted(at)
        point = top.point
        values = np.array(
            [_one(model, point, top.at, start + n) for n in range(len(told))]
        )
        z = np.nan_to_num(np.abs(values[:, 0] / values[:, 1]))
        z[found] = 0
        clearest = int(np.argmax(z))
        if z[clearest] <= far or len(found) >= MOST_FOUND:
            break
        found.append(clearest)
        model.fixed = np.setdiff1d(model.fixed, [start + clearest])
        at = top.at
    yield from map(tuple, values.tolist())


def _one(model: Marginal, point: At, at: Floats, place: int) -> tuple[float, float]:
    """Returns one shift, by a step from its current value, and its standard error."""

    def others(vector: Floats) -> Floats:
        out = model.project(vector)
        out[place] = 0
        return out

    direction = np.zeros(model.size)
    direction[place] = 1
    turned = point.product(direction)
    bent = others(turned)
    known = turned[place] - bent @ solved(point, bent, others, tolerance=1e-6)
    if known <= 1e-6 * turned[place]:
        return float("nan"), float("nan")
    return float(at[place] + point.gradient[place] / known), float(known**-0.5)
