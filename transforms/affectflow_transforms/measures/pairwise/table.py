"""Rows of a pair table as arrays: model, baseline, item, preference, nuisances."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.measures.pairwise.names import Spellings, spellings

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]

BASELINE = "baseline_"
"""The prefix of columns about the baseline's answer."""


@dataclass(frozen=True, kw_only=True)
class PairTable:
    """A pair table, sorted by baseline, gamed first, model and item; arrays of (rows).

    Args:
      names: the shown names of models and baselines, sorted.
      model: place among the names.
      baseline: place among the names.
      item: place among the items, which are in the order of their numbers or names.
      gamed: the model is the baseline, asked to be longer or shorter.
      preference: 0..1, 1 if the model is preferred.
      difficulty: NaN where none is given.
      amounts: (rows, nuisances), the model's.
      differences: (rows, nuisances), the baseline's less the model's.
      weight: how many observations a row stands for.
    """

    names: tuple[str, ...]
    model: Places
    baseline: Places
    item: Places
    gamed: npt.NDArray[np.bool_]
    preference: Floats
    difficulty: Floats
    amounts: Floats
    differences: Floats
    weight: Floats

    def where(self, rows: Any) -> Self:
        """Returns some of the rows; a slice is not copied."""
        arrays = {k: each for k, each in vars(self).items() if k != "names"}
        return replace(self, **{k: each[rows] for k, each in arrays.items()})

    def parts(self, column: str) -> Iterator[Self]:
        """Yields the rows of each value of a column by which they are sorted."""
        values = getattr(self, column)
        ends = [*(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
        for start, end in itertools.pairwise([0, *ends]):
            if end > start:
                yield self.where(slice(start, end))


def read_pairs(
    state: pa.Table, nuisances: Sequence[str]
) -> tuple[PairTable, list[str], Spellings]:
    """Returns the rows of a state, the names of the items, and how models are spelt.

    Args:
      state: item, model, baseline, gamed, preference, difficulty, n, and of each
        nuisance two columns.
      nuisances: their names.
    """
    said = _spelt(state)
    names = tuple(sorted(set(said.values())))
    items = sorted(pc.unique(state["item"]).to_pylist(), key=_order(state["item"]))
    keys = (
        _places(state["item"], items),
        _shown(state["model"], said, names),
        np.asarray(state["gamed"]).astype(bool),
        _shown(state["baseline"], said, names),
    )
    order = np.lexsort((*keys[:2], ~keys[2], keys[3]))
    item, model, gamed, baseline = (key[order] for key in keys)
    own = [_floats(state[name], order) for name in nuisances]
    other = [_floats(state[BASELINE + name], order) for name in nuisances]
    table = PairTable(
        names=names,
        model=model,
        baseline=baseline,
        item=item,
        gamed=gamed.astype(bool),
        preference=_floats(state["preference"], order),
        difficulty=_floats(state["difficulty"], order),
        amounts=_columns(own),
        differences=_columns(other) - _columns(own),
        weight=_floats(state["n"], order),
    )
    return table, items, said


def _spelt(state: pa.Table) -> Spellings:
    counted = [
        state.group_by(name).aggregate([("n", "sum")]) for name in ("model", "baseline")
    ]
    names = [
        each
        for t, c in zip(counted, ("model", "baseline"), strict=True)
        for each in t[c].to_pylist()
    ]
    times = [n for t in counted for n in t["n_sum"].to_pylist()]
    return spellings(names, times)


def _order(items: pa.ChunkedArray) -> Any:
    """Returns the key by which items are sorted: 2 before 10, where all are numbers."""
    numbers = pc.all(pc.match_substring_regex(items, "^[0-9]{1,18}$")).as_py()
    return int if numbers else str


def _shown(column: pa.ChunkedArray, said: Spellings, names: Sequence[str]) -> Places:
    """Returns the place of each name as it is shown."""
    spelt = pc.unique(column)
    place = {name: number for number, name in enumerate(names)}
    shown = np.array([place[said[name]] for name in spelt.to_pylist()], np.int32)
    return shown[_in(column, spelt)]


def _places(column: pa.ChunkedArray, names: Sequence[str]) -> Places:
    return _in(column, pa.array(names, column.type))


def _in(column: pa.ChunkedArray, values: pa.Array) -> Places:
    return np.asarray(pc.index_in(column, values)).astype(np.int32)


def _columns(each: Sequence[Floats]) -> Floats:
    """Returns columns side by side; a single one is not copied."""
    return each[0][:, None] if len(each) == 1 else np.column_stack(each)


def _floats(column: pa.ChunkedArray, order: Any) -> Floats:
    """Returns a column in an order; a constant one takes no memory."""
    bounds = pc.min_max(column)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    if column.null_count == len(column) or (low == high and not column.null_count):
        same = np.nan if low is None else float(low)
        return np.broadcast_to(np.float64(same), len(column))
    found: Floats = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return found[order]
