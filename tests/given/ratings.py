"""Ratings that the many-facet model makes, and what FacetedRasch says of ratings."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from affectflow_transforms.measures.rasch.marginal import moments
from affectflow_transforms.measures.rasch.measure import FacetedRasch

Said = dict[tuple[str, str, str | None], dict[str, Any]]


class Simulated(NamedTuple):
    """Ratings, and what they were made of.

    Attributes:
      rows: observations of `FacetedRasch`.
      items: difficulties, which sum to 0.
      raters: severities, which sum to 0.
    """

    rows: pa.Table
    items: np.ndarray
    raters: np.ndarray


def simulated(
    persons: int,
    items: int,
    raters: int,
    *,
    each: int,
    taus: Sequence[float] = (-1.0, 0.0, 1.0),
    shifts: Mapping[int, float] | None = None,
    severer: Mapping[int, float] | None = None,
    seed: int = 0,
) -> Simulated:
    """Returns ratings from 0 of all items by `each` raters of a person, drawn.

    Args:
      persons: how many, with places of mean 0.3 and deviation 1.
      items: how many.
      raters: how many.
      each: raters of one person.
      taus: thresholds.
      shifts: by item, how much harder it is for every other rater, of the group `odd`.
      severer: by rater, how much severer with every third person, of the group `old`;
        all of those are lower by 0.5.
      seed: of the draws.
    """
    random = np.random.default_rng(seed)
    theta = random.normal(0.3, 1.0, persons)
    difficulty = np.linspace(-0.6, 0.6, items) if items > 1 else np.zeros(1)
    severity = random.normal(0, 0.6, raters)
    severity -= severity.mean()
    who = np.array([random.choice(raters, each, replace=False) for _ in range(persons)])
    person, nth, item = (a.ravel() for a in np.indices((persons, each, items)))
    rater = who[person, nth]
    place = theta[person] - difficulty[item] - severity[rater]
    is_odd, is_old = rater % 2 == 1, person % 3 == 0
    for shifted, size in (shifts or {}).items():
        place -= size * ((item == shifted) & is_odd)
    for shifted, size in (severer or {}).items():
        place -= size * ((rater == shifted) & is_old)
    place -= 0.5 * is_old * (severer is not None)
    heights = np.concatenate([[0.0], np.cumsum(taus)])
    shares = moments(place, heights, np.arange(len(heights), dtype=np.float64)).shares
    rating = (random.random(len(place)) > np.cumsum(shares, axis=0)).sum(axis=0)
    columns = {
        "person": [f"p{n}" for n in person],
        "item": [f"i{n}" for n in item],
        "rater": [f"r{n}" for n in rater],
        "rating": rating.astype(np.float64),
    }
    if shifts is not None:
        columns["rater_group"] = np.where(is_odd, "odd", "even")
    if severer is not None:
        columns["person_group"] = np.where(is_old, "old", "all others")
    return Simulated(pa.table(columns), difficulty, severity)


def said(rows: pa.Table | Sequence[Mapping[str, Any]], **options: Any) -> Said:
    """Returns what the measure says, by unit type, unit and label."""
    made = FacetedRasch(**options)
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows))
    state = made.create()
    for batch in table.combine_chunks().to_batches():
        state = made.add(state, batch)
    found = made.extract(state).to_pylist()
    return {
        (row["unit_type"], row["unit_id"], row["label"]): row
        for row in found
        if row["unit_type"]
    }


def rated(**ratings: str) -> list[dict[str, Any]]:
    """Returns ratings of one item: a digit for each person, by rater; or a blank."""
    return [
        {"person": f"p{n}", "rater": rater, "rating": float(digit)}
        for rater, digits in ratings.items()
        for n, digit in enumerate(digits)
        if digit != " "
    ]


def column(found: Said, unit_type: str, label: str) -> dict[str, Any]:
    """Returns the values of one label by unit."""
    return {
        unit: row["value"]
        for (kind, unit, given), row in found.items()
        if (kind, given) == (unit_type, label)
    }
