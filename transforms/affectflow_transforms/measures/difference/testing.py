"""Tests of a difference between groups of units, and what many tests at once allow."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Test = Literal["rank", "mann_whitney", "permutation"]
PERMUTATIONS = 20_000
"""All arrangements of groups are tried where there are no more than so many."""
_SEED = 20_240_229


class Tested(NamedTuple):
    """What a test says: its statistic and p, or why there is none."""

    statistic: float = math.nan
    p: float = math.nan
    why: str = ""


def compared(samples: Sequence[Floats], test: Test) -> Tested:
    """Returns the test of samples, each of the units of one group.

    `rank` is Kruskal and Wallis 1952, `mann_whitney` is for two groups and exact up to
    8 units of a group without ties, and `permutation` compares means over arrangements
    of units in groups: over all where they are at most `PERMUTATIONS`.
    """
    from scipy import stats

    if len(samples) < 2:
        return Tested(why="fewer than two groups are shown")
    if len(samples) > 2 and test == "mann_whitney":
        why = f"mann_whitney compares two groups, not {len(samples)}: use test=rank"
        return Tested(why=why)
    if not np.ptp(np.concatenate(samples)):
        return Tested(why="all units have the same value")
    if test == "permutation":
        found = stats.permutation_test(
            samples,
            _between,
            vectorized=True,
            n_resamples=PERMUTATIONS,
            alternative="greater",
            rng=np.random.default_rng(_SEED),
        )
    elif test == "mann_whitney":
        found = stats.mannwhitneyu(*samples)
    else:
        found = stats.kruskal(*samples)
    return Tested(float(found.statistic), float(found.pvalue))


def _between(*samples: Floats, axis: int = -1) -> Floats:
    """Returns the sum of squares between groups, but for what no arrangement changes.

    Of two groups it is larger where their means are farther apart.
    """
    found = [each.shape[axis] * each.mean(axis=axis) ** 2 for each in samples]
    return np.asarray(sum(found))


def holm(ps: Sequence[float]) -> list[float]:
    """Returns p values for several tests at once; NaN stays (Holm 1979).

    >>> holm([0.01, 0.04, float("nan"), 0.03])
    [0.03, 0.06, nan, 0.06]
    """
    known = sorted((p, place) for place, p in enumerate(ps) if not math.isnan(p))
    found, highest = [math.nan] * len(ps), 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - rank)))
        found[place] = highest
    return found
