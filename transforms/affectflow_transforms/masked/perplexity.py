"""Perplexity at masked words, before a training and after it, with intervals."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.kinds.trainer import Figure
from affectflow_transforms.masked.lesson import Surprise

_DRAWS = 1_000
_Sums = npt.NDArray[np.float64]


def figures_of(
    before: Surprise, after: Surprise, units: Sequence[Any]
) -> tuple[Figure, ...]:
    """Returns perplexities with 95 % intervals, and the ratio of both, in pairs.

    Perplexity is exp of the mean of -log p over masked tokens. Units are drawn, not
    tokens; before and after they are the same ones.

    Args:
      before: of some rows.
      after: of the same masked tokens.
      units: the unit of each row of all.
    """
    every = np.ones(len(before.nats), np.bool_)
    kinds = {"(all)": every}
    if before.in_lexicon.any() and not before.in_lexicon.all():
        kinds |= {"(lexicon)": before.in_lexicon, "(others)": ~before.in_lexicon}
    named = np.asarray(units, dtype=object)[before.row].astype(str)
    return tuple(
        figure
        for label, tokens in kinds.items()
        for figure in _figures(label, named, before.nats, after.nats, tokens)
    )


def _figures(
    label: str,
    units: npt.NDArray[Any],
    before: _Sums,
    after: _Sums,
    tokens: npt.NDArray[np.bool_],
) -> Iterator[Figure]:
    _, place = np.unique(units[tokens], return_inverse=True)
    count = np.bincount(place).astype(np.float64)
    sums: list[_Sums] = [
        np.bincount(place, nats[tokens]).astype(np.float64) for nats in (before, after)
    ]
    random = np.random.default_rng(0)
    drawn = np.array([_drawn(random, count, *sums) for _ in range(_DRAWS)], np.float64)
    of = {
        "perplexity_before": (sums[0], drawn[:, 0]),
        "perplexity_after": (sums[1], drawn[:, 1]),
        "ratio": (sums[1] - sums[0], drawn[:, 1] - drawn[:, 0]),
    }
    for name, (nats, draws) in of.items():
        low, high = np.exp(np.quantile(draws, [0.025, 0.975]))
        value = float(np.exp(nats.sum() / count.sum()))
        yield Figure(name, label, value, float(low), float(high))


def _drawn(random: np.random.Generator, count: _Sums, *sums: _Sums) -> list[float]:
    """Returns the mean of each sum in one bootstrap sample of units."""
    rows = random.integers(0, len(count), len(count))
    n = count[rows].sum()
    return [float(each[rows].sum() / n) for each in sums]
