"""Ratings as numbers: who rated whom and how, and what cannot be fitted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse.csgraph import connected_components

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LOWEST, HIGHEST = "gave only the lowest rating", "gave only the highest rating"
_ITEM_WHY = {
    LOWEST: "got only the lowest rating",
    HIGHEST: "got only the highest rating",
}
_NAMED = 3
"""How many members of a block are named."""


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings, one for each person, item, rater and category.

    Attributes:
      person: which of `persons` was rated, by rating.
      item: which of `items` the person was rated in.
      rater: which of `raters` rated.
      category: which of `categories` was given.
      person_group: which of `person_groups`; -1 for none.
      rater_group: which of `rater_groups`; -1 for none.
      persons: their names.
      items: their names.
      raters: their names.
      person_groups: their names.
      rater_groups: their names.
      weight: how much each person counts.
      categories: the ratings that were given at least once, ascending.
    """

    person: Ints
    item: Ints
    rater: Ints
    category: Ints
    person_group: Ints
    rater_group: Ints
    persons: pa.Array
    items: pa.Array
    raters: pa.Array
    person_groups: pa.Array
    rater_groups: pa.Array
    weight: Floats
    categories: Ints

    def __len__(self) -> int:
        return len(self.person)

    @property
    def scores(self) -> Floats:
        """How far each category is above the lowest."""
        return (self.categories - self.categories[0]).astype(np.float64)

    def where(self, kept: npt.NDArray[np.bool_]) -> "Ratings":
        """Returns some of the ratings; members without any are removed."""
        coded: dict[str, Any] = {
            name: getattr(self, name)[kept] for name in ("person_group", "rater_group")
        }
        for name in ("person", "item", "rater", "category"):
            used, coded[name] = np.unique(
                getattr(self, name)[kept], return_inverse=True
            )
            if name == "category":
                coded["categories"] = self.categories[used]
                continue
            coded[f"{name}s"] = getattr(self, f"{name}s").take(pa.array(used))
            if name == "person":
                coded["weight"] = self.weight[used]
        return replace(self, **coded)


def ratings_of(state: pa.Table) -> Ratings:
    """Returns the ratings of a state, in its order."""
    coded: dict[str, Any] = {}
    for name in ("person", "item", "rater", "person_group", "rater_group"):
        names = pc.unique(state[name].drop_null()).sort()
        coded[f"{name}s"] = names
        coded[name] = places_in(names, state[name].combine_chunks())
    categories, category = np.unique(state["rating"].to_numpy(), return_inverse=True)
    weight = np.full(len(coded["persons"]), np.inf)
    np.minimum.at(weight, coded["person"], state["weight"].to_numpy())
    return Ratings(
        **coded,
        weight=weight,
        category=category.astype(np.int64),
        categories=categories.astype(np.int64),
    )


def places_in(names: pa.Array, given: pa.Array) -> Ints:
    """Returns the places of some names among others; -1 if absent."""
    found = pc.fill_null(pc.index_in(given, value_set=names), -1)
    return found.to_numpy().astype(np.int64)


def without(ratings: Ratings, members: Iterable[tuple[str, str]]) -> Ratings:
    """Returns ratings without those of some raters and items."""
    kept = np.ones(len(ratings), np.bool_)
    for facet, name in members:
        place = places_in(getattr(ratings, f"{facet}s"), pa.array([name]))
        kept &= getattr(ratings, facet) != place[0]
    return ratings.where(kept)


def without_extremes(ratings: Ratings) -> tuple[Ratings, dict[tuple[str, str], str]]:
    """Returns ratings whose raters and items have finite estimates, and why not.

    The severity of a rater who gave only one end of the scale has no limit. Without
    those ratings, others may be at an end: this is repeated until none is.
    """
    said: dict[tuple[str, str], str] = {}
    while len(ratings.categories) > 1:
        kept = np.ones(len(ratings), np.bool_)
        for facet in ("rater", "item"):
            names = getattr(ratings, f"{facet}s")
            codes = getattr(ratings, facet)
            for why, at_end in _ends(ratings):
                extreme = np.bincount(codes[~at_end], minlength=len(names)) == 0
                reason = why if facet == "rater" else _ITEM_WHY[why]
                found = names.filter(pa.array(extreme)).to_pylist()
                said |= {(facet, name): reason for name in found}
                kept &= ~extreme[codes]
        if kept.all():
            break
        ratings = ratings.where(kept)
    return ratings, said


def _ends(ratings: Ratings) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    yield LOWEST, ratings.category == 0
    yield HIGHEST, ratings.category == len(ratings.categories) - 1


def why_disconnected(ratings: Ratings) -> str:
    """Returns which blocks share nothing, so severities cannot be compared; or ''.

    Raters must be linked by the persons that they rate and the items that they use, and
    items by the persons that are rated in them.
    """
    for facet, by in (("rater", "person"), ("item", "person"), ("rater", "item")):
        if (
            len(getattr(ratings, f"{facet}s")) < 2
            or len(getattr(ratings, f"{by}s")) < 2
        ):
            continue
        blocks = _blocks(ratings, facet, by)
        if len(blocks) > 1:
            listed = " | ".join(map(_listed, blocks[:_NAMED]))
            more = f" | {len(blocks) - _NAMED} more" if len(blocks) > _NAMED else ""
            return (
                f"{facet}s are in {len(blocks)} blocks that share no {by}: "
                f"{listed}{more}; add ratings that link them, or fit each block alone"
            )
    return ""


def _blocks(ratings: Ratings, facet: str, by: str) -> list[list[str]]:
    """Returns the names of each block of a facet, the largest block first."""
    names = getattr(ratings, f"{facet}s")
    one, other = getattr(ratings, facet), getattr(ratings, by) + len(names)
    size = len(names) + len(getattr(ratings, f"{by}s"))
    edges = sparse.coo_matrix((np.ones(len(one)), (one, other)), shape=(size, size))
    _, block = connected_components(edges, directed=False)
    own = block[: len(names)]
    found = [names.filter(pa.array(own == n)).to_pylist() for n in np.unique(own)]
    return sorted(found, key=len, reverse=True)


def _listed(block: list[str]) -> str:
    more = f" and {len(block) - _NAMED} more" if len(block) > _NAMED else ""
    return ", ".join(block[:_NAMED]) + more
