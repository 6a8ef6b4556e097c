"""Krippendorff's alpha for nominal answers: how far raters agree beyond chance.

Krippendorff 2011, Computing Krippendorff's alpha-reliability: alpha is 1 minus observed
by expected disagreement, from the coincidences of answers within units. Units with
fewer than two answers cannot be paired and are left out; missing answers are allowed.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from affectflow.validation.bootstrap import (
    DRAWS,
    SEED,
    Floats,
    Interval,
    bootstrap,
)

Answers = np.ndarray[Any, np.dtype[Any]]
"""(units, raters) of whole numbers; below 0 where a rater gave no answer."""


def alpha(answers: Answers) -> float:
    """Returns alpha: 1 is full agreement, 0 that of chance; it may be below 0.

    NaN if no unit has two answers, or if all answers are the same: then nothing could
    have disagreed.

    >>> round(alpha(np.array([[0, 0], [1, 1], [0, 1], [0, 0]])), 3)
    0.533
    """
    counts = count_answers(answers)
    return float(weighted_alpha(np.ones((1, len(counts))), counts)[0])


def alpha_interval(
    answers: Answers,
    conversation_ids: Sequence[Any],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Interval:
    """Returns alpha with its 95 % interval, over draws of conversations."""
    statistic = partial(weighted_alpha, counts=count_answers(answers))
    return bootstrap(conversation_ids, statistic, draws=draws, seed=seed)


def count_answers(answers: Answers) -> Floats:
    """Returns how many raters gave each answer, (units, answers)."""
    present = np.unique(answers[answers >= 0])
    return np.stack(
        [(answers == value).sum(axis=1, dtype=np.float64) for value in present]
        or [np.zeros(len(answers))],
        axis=1,
    )


def weighted_alpha(weights: Floats, counts: Floats) -> Floats:
    """Returns alpha for each row of weights, (k,).

    Args:
      weights: (k, units); how often each unit counts.
      counts: (units, answers); how many raters gave each answer.
    """
    raters = counts.sum(axis=1)
    paired = raters >= 2
    of_unit, raters = counts[paired], raters[paired]
    kept = weights[:, paired]
    # Ordered pairs of unlike answers in a unit, divided by its raters but one.
    unlike = (raters**2 - (of_unit**2).sum(axis=1)) / np.maximum(raters - 1, 1)
    observed = kept @ unlike
    totals = kept @ of_unit
    n = totals.sum(axis=1)
    expected = n**2 - (totals**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1.0 - (n - 1.0) * observed / expected
    return np.where(expected > 0, found, np.nan)
