"""How common a label is, corrected for the measured error of an annotator.

Rogan and Gladen 1978: if the annotator finds the label in a share `apparent` of the
messages, the true share is (apparent + specificity - 1) / (sensitivity + specificity
- 1), bounded to 0..1.
"""

from typing import Any, NamedTuple

import numpy as np

from affectflow.validation.accuracy import Flags, recall, specificity
from affectflow.validation.bootstrap import (
    DRAWS,
    HIGH,
    LOW,
    SEED,
    Floats,
    Interval,
    draws_of,
    interval,
)

_CELLS = 2_000


class Tally(NamedTuple):
    """Conversations of a lake that have equal counts.

    Each array has one entry for each kind of conversation: how many messages it has,
    how many of them the annotator gives the label, how many conversations are so.
    """

    messages: Floats
    chosen: Floats
    conversations: Floats


class Prevalence(NamedTuple):
    """A share as labelled, and corrected.

    `corrected` is NaN where the annotator is no better than chance (`youden`, that is
    sensitivity + specificity - 1, is 0 or less): then no share can be given.
    """

    apparent: Interval
    corrected: Interval
    youden: Interval


def rogan_gladen(apparent: Any, sensitivity: Any, specificity: Any) -> Any:
    """Returns the true share, 0..1; NaN where sensitivity + specificity <= 1.

    >>> round(float(rogan_gladen(0.2, 0.6, 0.9)), 6)
    0.2
    """
    youden = np.asarray(sensitivity) + specificity - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (np.asarray(apparent) + specificity - 1.0) / youden
    return np.where(youden > 1e-12, np.clip(found, 0.0, 1.0), np.nan)


def prevalence(
    conversation_ids: Any,
    predicted: Flags,
    actual: Flags,
    *,
    weights: Floats,
    tally: Tally,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Prevalence:
    """Returns the share of a label in a lake, as labelled and corrected.

    Each draw takes conversations of the gold anew, and conversations of the lake.

    Args:
      conversation_ids: of each unit of the gold.
      predicted: whether the annotator gives the label.
      actual: whether people decided so.
      weights: of each unit: 1 / inclusion probability.
      tally: of the lake.
      draws: how many.
      seed: equal seeds draw equal samples.
    """
    drawn = draws_of(conversation_ids, draws=draws, seed=seed)
    units = np.concatenate([weights[None, :], drawn * weights])
    sensitivity = _spread(recall(units, predicted, actual), weights[actual], seed)
    calm = _spread(specificity(units, predicted, actual), weights[~actual], seed + 2)
    shares = np.concatenate([apparent_of(tally), apparent_draws(tally, draws, seed)])
    found = rogan_gladen(shares, sensitivity, calm)
    youden = sensitivity + calm - 1.0
    return Prevalence(
        apparent=interval(float(shares[0]), shares[1:]),
        corrected=_bounded(float(found[0]), found[1:]),
        youden=interval(float(youden[0]), youden[1:]),
    )


def _spread(shares: Floats, weights: Floats, seed: int) -> Floats:
    """Returns the draws of a share; where all are 0 or all 1, those of Jeffreys.

    Ten of ten found do not prove that all are: there the draws are of the posterior
    Beta distribution with Jeffreys' prior (Brown, Cai and DasGupta 2001), for as many
    units as the weights are worth (Kish 1965).
    """
    if shares[0] not in (0.0, 1.0) or not len(weights):
        return shares
    n = weights.sum() ** 2 / (weights**2).sum()
    generator = np.random.Generator(np.random.PCG64(seed))
    ends = 0.5 + n * shares[0], 0.5 + n * (1.0 - shares[0])
    return np.concatenate([shares[:1], generator.beta(*ends, size=len(shares) - 1)])


def _bounded(value: float, draws: Floats) -> Interval:
    """Returns the interval of a corrected share.

    A draw in which the annotator is no better than chance says nothing of the share:
    it counts as 0 for the lower end and as 1 for the upper one.
    """
    if np.isnan(value):
        return Interval(value, np.nan, np.nan)
    unknown = np.isnan(draws)
    low = np.percentile(np.where(unknown, 0.0, draws), LOW)
    high = np.percentile(np.where(unknown, 1.0, draws), HIGH)
    return Interval(value, float(low), float(high))


def apparent_of(tally: Tally) -> Floats:
    """Returns the share of all messages that are given the label, (1,)."""
    return _share(tally, tally.conversations[None, :])


def apparent_draws(tally: Tally, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """Returns that share in draws of the conversations, (draws,).

    Conversations with equal counts are interchangeable: how often each kind is drawn
    is multinomial, whatever the size of the lake.
    """
    merged = _coarse(tally)
    total = int(merged.conversations.sum())
    if not total:
        return np.full(draws, np.nan)
    # Not the draws of the gold: other conversations are drawn here.
    generator = np.random.Generator(np.random.PCG64(seed + 1))
    chances = merged.conversations / total
    return _share(merged, generator.multinomial(total, chances, draws).astype(float))


def _share(tally: Tally, counts: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((counts @ tally.chosen) / (counts @ tally.messages))


def _coarse(tally: Tally) -> Tally:
    """Returns a tally of few kinds of conversations, so that draws of it are quick.

    Those of like size and share are put together, a kind with the means of its members.
    """
    if len(tally.messages) <= _CELLS:
        return tally
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.nan_to_num(tally.chosen / tally.messages)
    size = np.floor(np.log2(np.maximum(tally.messages, 1)) * 8)
    _, kind = np.unique(size * 64 + np.floor(share * 50), return_inverse=True)
    kind = kind.reshape(-1)
    many = np.bincount(kind, tally.conversations).astype(np.float64)
    return Tally(
        np.bincount(kind, tally.messages * tally.conversations) / many,
        np.bincount(kind, tally.chosen * tally.conversations) / many,
        many,
    )
