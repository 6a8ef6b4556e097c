"""Groups: sums by group for one label, and pairs of rows that differ in the group."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import states

Floats = npt.NDArray[np.float64]
MIN_SPEAKERS = 5
"""A group of fewer people is not shown."""
SUMS = ("n", "tp", "fp", "fn", "chosen", "total")
"""The columns of a state that add up."""


class Cells(NamedTuple):
    """The groups of one label: names, and sums, shape (groups,)."""

    names: list[str]
    sums: Mapping[str, Floats]


def labels_of(state: pa.Table) -> list[str | None]:
    """Returns the labels of a state, sorted; None last."""
    return sorted(pc.unique(state["label"]).to_pylist(), key=lambda x: (x is None, x))


def of_label(state: pa.Table, label: str | None) -> pa.Table:
    """Returns the rows of one label, which may be None."""
    if label is None:
        return state.filter(pc.is_null(state["label"]))
    return state.filter(pc.equal(state["label"], label))


def shown_of(rows: pa.Table) -> pa.Table:
    """Returns the rows of groups with enough speakers, without the speakers."""
    # The number of people without a name is unknown: they count as one.
    counted = rows.group_by("part").aggregate([("speaker", "count_distinct")])
    many = pc.greater_equal(counted["speaker_count_distinct"], MIN_SPEAKERS)
    groups = counted.filter(many)["part"].combine_chunks()
    shown = rows.filter(pc.is_in(rows["part"], groups))
    keys = [name for name in rows.schema.names if name not in SUMS]
    return states.summed(states.with_constant(shown, "speaker", None), keys)


def cells_of(rows: pa.Table) -> Cells:
    """Returns the groups of one label, sorted by name."""
    parts = rows["part"].combine_chunks().dictionary_encode()
    names = parts.dictionary.to_pylist()
    place = np.asarray(parts.indices).astype(np.int64)
    counts = {
        name: np.bincount(place, np.asarray(rows[name]), len(names))
        for name in SUMS
        if name != "total"
    }
    # Exact, so that groups of the same numbers in another order have the same mean.
    total = np.asarray(rows["total"])
    exact = [math.fsum(total[place == number]) for number in range(len(names))]
    order = np.argsort(names)
    sums = {**counts, "total": np.array(exact)}
    sorted_sums = {name: each[order] for name, each in sums.items()}
    return Cells([names[n] for n in order], sorted_sums)


def others(sums: Mapping[str, Floats]) -> dict[str, Floats]:
    """Returns the sums of all other groups, for each group."""
    return {name: each.sum() - each for name, each in sums.items()}


def apart_in_pairs(rows: pa.Table, *, of_values: bool) -> tuple[float, int, int]:
    """Returns how far rows of a pair are apart, the number of pairs, and single rows.

    Args:
      rows: of one label.
      of_values: the mean of highest minus lowest value; else the share of pairs whose
        rows are not all flagged, nor all not.
    """
    place = np.asarray(rows["pair"].combine_chunks().dictionary_encode().indices)
    size = int(place.max()) + 1
    n = np.asarray(rows["n"])
    each = np.asarray(rows["total" if of_values else "chosen"]) / n
    # A draw multiplies the rows of a pair: the fewest say how often it is drawn.
    times, low, high = np.full((3, size), np.inf)
    np.minimum.at(times, place, n)
    np.minimum.at(low, place, each)
    np.minimum.at(high, place, -each)
    whole = np.bincount(place, minlength=size) > 1
    apart = -high - low if of_values else ((low < 1) & (high < 0)).astype(np.float64)
    single = int((~whole).sum())
    if not whole.any():
        return math.nan, 0, single
    value = float(np.average(apart[whole], weights=times[whole]))
    return value, round(times[whole].sum()), single
