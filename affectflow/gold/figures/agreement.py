"""Krippendorff's alpha: how far raters agree beyond chance.

Krippendorff 2011, Computing Krippendorff's alpha-reliability: alpha is 1 minus observed
by expected disagreement, from the coincidences of answers within units. Units with
fewer than two answers cannot be paired and are left out; missing answers are allowed.
Names differ or do not; points of a scale differ by the square of their distance.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from affectflow.batches.bootstrap import (
    DRAWS,
    SEED,
    Floats,
    Interval,
    bootstrap,
)

LEAST_CONVERSATIONS = 5
"""Number needed for an interval: with fewer, draws are nearly all alike."""

Answers = np.ndarray[Any, np.dtype[Any]]
"""(units, raters) of whole numbers; below 0 where a rater gave no answer."""


def alpha(answers: Answers, *, scale: bool = False) -> float:
    """Returns alpha: 1 is full agreement, 0 that of chance; it may be below 0.

    Args:
      answers: of the raters.
      scale: answers are points of a scale, not names.

    NaN if no unit has two answers, or if all answers are the same: then disagreement
      was impossible.

    >>> round(alpha(np.array([[0, 0], [1, 1], [0, 1], [0, 0]])), 3)
    0.533
    """
    counts = count_answers(answers)
    points = points_of(answers) if scale else None
    return float(weighted_alpha(np.ones((1, len(counts))), counts, points)[0])


def alpha_interval(
    answers: Answers,
    conversation_ids: Sequence[Any],
    *,
    scale: bool = False,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """Returns alpha with its 95 % interval, over draws of conversations.

    There is no interval where fewer than `LEAST_CONVERSATIONS` have two answers to one
    unit, or where all draws are equal: the draws then say nothing of how it varies.
    """
    points = points_of(answers) if scale else None
    statistic = partial(weighted_alpha, counts=count_answers(answers), points=points)
    found = bootstrap(conversation_ids, statistic, draws=draws, seed=seed)
    few = conversations_of(answers, conversation_ids) < LEAST_CONVERSATIONS
    if few or found.low == found.high:
        return Interval(found.value, np.nan, np.nan)
    return found


def conversations_of(answers: Answers, conversation_ids: Sequence[Any]) -> int:
    """Returns how many conversations have a unit with two answers."""
    paired = (answers >= 0).sum(axis=1) >= 2
    return len(set(np.asarray(conversation_ids)[paired].tolist()))


def count_answers(answers: Answers) -> Floats:
    """Returns how many raters gave each answer, (units, answers)."""
    return np.stack(
        [(answers == p).sum(axis=1, dtype=np.float64) for p in points_of(answers)]
        or [np.zeros(len(answers))],
        axis=1,
    )


def points_of(answers: Answers) -> Floats:
    """Returns the answers that someone gave, sorted: the columns of the counts."""
    return np.unique(answers[answers >= 0]).astype(np.float64)


def weighted_alpha(
    weights: Floats, counts: Floats, points: Floats | None = None
) -> Floats:
    """Returns alpha for each row of weights, (k,).

    Args:
      weights: (k, units); how often each unit counts.
      counts: (units, answers); how many raters gave each answer.
      points: (answers,); where each is on its scale, None for names.
    """
    raters = counts.sum(axis=1)
    paired = raters >= 2
    of_unit, raters = counts[paired], raters[paired]
    kept = weights[:, paired]
    observed = kept @ (_unlike(of_unit, points) / np.maximum(raters - 1, 1))
    totals = kept @ of_unit
    n = totals.sum(axis=1)
    expected = _unlike(totals, points)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1.0 - (n - 1.0) * observed / expected
    return np.where(expected > 0, found, np.nan)


def _unlike(counts: Floats, points: Floats | None) -> Floats:
    """Returns how far all ordered pairs of a row's answers differ, together."""
    n = counts.sum(axis=1)
    if points is None:
        return n**2 - (counts**2).sum(axis=1)
    # Centred: squares of large sums would swallow small distances.
    around = points - points.mean() if len(points) else points
    return 2 * (n * (counts @ around**2) - (counts @ around) ** 2)
