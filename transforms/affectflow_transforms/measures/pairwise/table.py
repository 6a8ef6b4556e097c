"""Rows of a pair table as arrays: model, baseline, item, preference, nuisances."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.measures.pairwise.names import Spellings, spellings

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Names = npt.NDArray[np.object_]

BASELINE = "baseline_"
"""Begins the names of columns about the baseline's answer."""


@dataclass(frozen=True, kw_only=True)
class PairTable:
    """A pair table, sorted by model and item; arrays of (rows).

    Args:
      model: as it is shown.
      baseline: as it is shown.
      item: place among the items, which are in the order of their numbers or names.
      gamed: the model is the baseline, asked to be longer or shorter.
      preference: 0..1, 1 if the model is preferred.
      difficulty: NaN where none is given.
      amounts: (rows, nuisances), of the model.
      differences: (rows, nuisances), of the baseline, less that of the model.
      weight: how many observations a row stands for.
    """

    model: Names
    baseline: Names
    item: Whole
    gamed: npt.NDArray[np.bool_]
    preference: Floats
    difficulty: Floats
    amounts: Floats
    differences: Floats
    weight: Floats

    def where(self, rows: Any) -> Self:
        """Returns some of the rows."""
        return replace(self, **{k: each[rows] for k, each in vars(self).items()})


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
    items = sorted(pc.unique(state["item"]).to_pylist(), key=_order(state["item"]))
    own = [_floats(state[name]) for name in nuisances]
    other = [_floats(state[BASELINE + name]) for name in nuisances]
    table = PairTable(
        model=_shown(state["model"], said),
        baseline=_shown(state["baseline"], said),
        item=_places(state["item"], items),
        gamed=np.asarray(state["gamed"]).astype(bool),
        preference=_floats(state["preference"]),
        difficulty=_floats(state["difficulty"]),
        amounts=np.column_stack(own),
        differences=np.column_stack(other) - np.column_stack(own),
        weight=_floats(state["n"]),
    )
    order = np.lexsort((table.item, table.model.astype(str), ~table.gamed))
    return table.where(order), items, said


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


def _shown(names: pa.ChunkedArray, said: Spellings) -> Names:
    coded = names.combine_chunks().dictionary_encode()
    shown = [said[name] for name in coded.dictionary.to_pylist()]
    return np.array(shown, dtype=object)[np.asarray(coded.indices)]


def _places(column: pa.ChunkedArray, names: Sequence[str]) -> Whole:
    return np.asarray(pc.index_in(column, pa.array(names, column.type))).astype(int)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
