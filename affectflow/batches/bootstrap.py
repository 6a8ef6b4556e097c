"""The bootstrap over conversations: intervals of any weighted statistic.

Messages of one conversation resemble one another, so whole conversations are drawn
(Field and Welsh 2007, the cluster bootstrap). Intervals are percentiles (Efron 1979).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

DRAWS = 1_000
SEED = 20_240_229
LOW, HIGH = 2.5, 97.5
"""Percentiles of a 95 % interval."""
MIN_UNITS = 10
"""Figures that rest on fewer units have no intervals."""
EQUAL = 1e-12
"""Ends that are no farther apart are one value, but for rounding."""

Floats = np.ndarray[Any, np.dtype[np.float64]]
Statistic = Callable[[Floats], Floats]
"""From weights, (k, units), to k values; NaN where a value is not defined."""

# This many weights are in memory at a time.
_BLOCK = 4_000_000


class Interval(NamedTuple):
    """A value and its 95 % interval; NaN if undefined."""

    value: float
    low: float
    high: float


UNKNOWN = Interval(np.nan, np.nan, np.nan)


def draws_of(
    conversation_ids: Sequence[Any] | np.ndarray[Any, Any],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Floats:
    """Returns how often each unit is in each draw, (draws, units).

    As many conversations as there are are drawn with replacement; all units of one
    share its count.
    """
    return np.concatenate([*_blocks(conversation_ids, draws, seed)])


def bootstrap(
    conversation_ids: Sequence[Any] | np.ndarray[Any, Any],
    statistic: Statistic,
    *,
    weights: Floats | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """Returns a statistic with its 95 % interval.

    Args:
      conversation_ids: of each unit.
      statistic: from weights, (k, units), to k values.
      weights: of each unit, such as 1 / inclusion probability; ones if None.
      draws: how many samples of conversations.
      seed: equal seeds draw equal samples.
    """
    units = len(conversation_ids)
    own = np.ones(units) if weights is None else np.asarray(weights, dtype=np.float64)
    if not units:
        return UNKNOWN
    value = float(statistic(own[None, :])[0])
    found = [statistic(block * own) for block in _blocks(conversation_ids, draws, seed)]
    return interval(value, np.concatenate(found))


def interval(value: float, draws: Floats) -> Interval:
    """Returns a value with the percentiles of its draws.

    Draws that are NaN are left out; if they are more than half, there is no interval.
    """
    known = draws[~np.isnan(draws)]
    if np.isnan(value) or len(known) * 2 < len(draws):
        return Interval(value, np.nan, np.nan)
    low, high = np.percentile(known, [LOW, HIGH])
    return Interval(value, float(low), float(high))


def times_drawn(units: int, seed: int) -> Floats:
    """Returns how often each of `units` different units is in one draw, (units).

    It is the first draw of `draws_of` with this seed.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    return _counts(generator, 1, units)[0].astype(np.float64)


def _blocks(conversation_ids: Any, draws: int, seed: int) -> Iterator[Floats]:
    _, place = np.unique(np.asarray(conversation_ids), return_inverse=True)
    place = place.reshape(-1)
    count = int(place.max()) + 1 if len(place) else 0
    generator = np.random.Generator(np.random.PCG64(seed))
    step = max(1, _BLOCK // max(1, count, len(place)))
    for start in range(0, draws, step):
        counts = _counts(generator, min(step, draws - start), count)
        yield counts[:, place].astype(np.float64)


def _counts(
    generator: np.random.Generator, wanted: int, count: int
) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Returns counts of as many picks as there are conversations, (wanted, count)."""
    picks = generator.integers(0, max(1, count), size=(wanted, count))
    picks += np.arange(wanted)[:, None] * count
    counts = np.bincount(picks.ravel(), minlength=wanted * count)
    return counts.reshape(wanted, count)
