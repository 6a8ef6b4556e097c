"""Factors as columns of numbers: from sums by level to the input of a linear fit."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow_transforms.measures.drivers.shares import Floats, Moments

MAX_LEVELS = 24
"""Most levels that a factor may have; hours of a day are the most one would compare."""
MAX_COLUMNS = 64
_CONSTANT = 1e-10
"""A variance below this share of the mean square is 0 up to rounding."""


class Factor(NamedTuple):
    """One factor as columns.

    Attributes:
      name: as the options name it.
      levels: the names that it has, the most frequent first; none if it is a number.
      counts: how many observations each level has.
      why: why it is left out; empty if it is not.
    """

    name: str
    levels: Sequence[str] = ()
    counts: Sequence[int] = ()
    why: str = ""


class Sums(NamedTuple):
    """Sums of cross products of columns; the first is 1, the second the outcome."""

    products: Floats
    owner: tuple[int, ...]


def factors_of(state: pa.Table, names: Sequence[str]) -> list[Factor]:
    """Returns the factors of a state, and why some of them cannot be used."""
    return [_factor(state, place, name) for place, name in enumerate(names, 1)]


def _factor(state: pa.Table, place: int, name: str) -> Factor:
    levels = state[f"level_{place}"]
    if levels.null_count == len(levels):
        return Factor(name, why=_constant(state, place))
    if levels.null_count:
        word = pc.drop_null(levels)[0].as_py()
        return Factor(name, why=f"mixes numbers and words, such as {word!r}")
    counts = _counted(levels, state["n"])
    if len(counts) == 1:
        return Factor(name, why="is the same everywhere")
    if len(counts) > MAX_LEVELS:
        why = f"has {len(counts):,} levels, but at most {MAX_LEVELS} can be compared"
        return Factor(name, why=why)
    sorted_counts = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    levels_there, times = zip(*sorted_counts, strict=True)
    return Factor(name, levels_there, times)


def _counted(levels: pa.ChunkedArray, n: pa.ChunkedArray) -> dict[str, int]:
    """Returns how many observations each level has."""
    # For these few rows, starting the threads of Arrow's GROUP BY would take longer.
    coded = levels.combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    counts = np.bincount(coded.indices.to_numpy(), n.to_numpy(), len(names))
    return dict(zip(names, counts.astype(np.int64).tolist(), strict=True))


def _constant(state: pa.Table, place: int) -> str:
    n, total, square = (
        pc.sum(state[name]).as_py()
        for name in ("n", f"sum_{place}", f"sum_{place}_{place}")
    )
    return "is the same everywhere" if _same(n, total, square) else ""


def _same(n: int, total: float, square: float) -> bool:
    return bool(square / n - (total / n) ** 2 <= _CONSTANT * square / n)


def moments_of(
    state: pa.Table, factors: Sequence[Factor], places: Sequence[int]
) -> Moments:
    """Returns the moments of the factors that can be used, and of the outcome.

    Args:
      state: a row for each combination of levels.
      factors: each with a number, or with levels.
      places: of each, in the sums of the state.
    """
    products, owner = _sums(state, factors, places)
    n = products[0, 0]
    mean = products[0, 1:] / n
    spread = products[1:, 1:] / n - np.outer(mean, mean)
    variance = 0.0 if _same(n, products[0, 1], products[1, 1]) else spread[0, 0]
    return Moments(
        n=round(n),
        owner=np.array(owner, np.int64),
        mean=mean[1:],
        covariance=spread[1:, 1:],
        with_outcome=spread[0, 1:],
        variance=float(variance),
    )


def _sums(state: pa.Table, factors: Sequence[Factor], places: Sequence[int]) -> Sums:
    numbers = [0, *(p for f, p in zip(factors, places, strict=True) if not f.levels)]
    n = np.asarray(state["n"], np.float64)
    single = np.column_stack([n, *(np.asarray(state[f"sum_{p}"]) for p in numbers)])
    dummies, of_dummy = _dummies(state, factors, places)
    size = single.shape[1]
    products = np.zeros((size + dummies.shape[1],) * 2)
    products[:size, :size] = _of_numbers(state, numbers, single)
    # A level is the same in a whole row of the state.
    products[:size, size:] = single.T @ dummies
    products[size:, :size] = products[:size, size:].T
    products[size:, size:] = (dummies * n[:, None]).T @ dummies
    owner = [i for i, factor in enumerate(factors) if not factor.levels] + of_dummy
    return Sums(products, tuple(owner))


def _of_numbers(state: pa.Table, numbers: Sequence[int], single: Floats) -> Floats:
    found = np.zeros((len(numbers) + 1,) * 2)
    found[0, :] = found[:, 0] = single.sum(axis=0)
    for i, one in enumerate(numbers, 1):
        for j, other in enumerate(numbers, 1):
            name = f"sum_{min(one, other)}_{max(one, other)}"
            found[i, j] = np.asarray(state[name]).sum()
    return found


def _dummies(
    state: pa.Table, factors: Sequence[Factor], places: Sequence[int]
) -> tuple[Floats, list[int]]:
    """Returns a column for each level but the first, (rows, levels), and its factor."""
    columns, owner = [], []
    for index, (factor, place) in enumerate(zip(factors, places, strict=True)):
        for level in factor.levels[1:]:
            columns.append(np.asarray(pc.equal(state[f"level_{place}"], level)))
            owner.append(index)
    if not columns:
        return np.empty((state.num_rows, 0)), owner
    return np.column_stack(columns).astype(np.float64), owner
