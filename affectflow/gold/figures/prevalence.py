"""How common a label is: what the annotator finds, corrected by people's answers.

The messages of the lake are two strata: those to which the annotator gives the label,
  and the rest. If it finds the label in a share `apparent`, the true share is apparent
  * precision + (1 - apparent) * missed, where `missed` is the share of the rest that
  people find it in (post-stratification, or double sampling: Tenenbein 1970, JASA 65).
  It is never much less precise than people's answers alone. Dividing by sensitivity +
  specificity - 1 (Rogan and Gladen 1978, Am. J. Epidemiol. 107) is much less precise if
  the annotator is hardly better than chance.
"""

from typing import Any, NamedTuple

import numpy as np

from affectflow.batches.bootstrap import (
    DRAWS,
    SEED,
    Floats,
    Interval,
    draws_of,
    interval,
)
from affectflow.gold.figures.accuracy import (
    Flags,
    precision,
    rate,
    recall,
    specificity,
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

    `youden` is sensitivity + specificity - 1: 0 where the annotator is no better than
    chance.
    """

    apparent: Interval
    corrected: Interval
    youden: Interval


def post_stratified(apparent: Any, precision: Any, missed: Any) -> Any:
    """Returns the true share, 0..1; NaN where one of the two strata has no answers.

    >>> round(float(post_stratified(0.2, 0.6, 0.1)), 6)
    0.2
    """
    share = np.asarray(apparent)
    return np.clip(share * precision + (1.0 - share) * missed, 0.0, 1.0)


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

    Each draw takes conversations of the gold again, and conversations of the lake.

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
    shares = np.concatenate([apparent_of(tally), apparent_draws(tally, draws, seed)])
    found = _corrected(units, shares, predicted, actual, seed)
    youden = _youden(units, predicted, actual, seed)
    return Prevalence(
        apparent=interval(float(shares[0]), shares[1:]),
        corrected=_holding(interval(float(found[0]), found[1:])),
        youden=interval(float(youden[0]), youden[1:]),
    )


def _holding(found: Interval) -> Interval:
    """Returns an interval that contains its value: Jeffreys' draws are never 0 or 1."""
    return Interval(
        found.value, min(found.low, found.value), max(found.high, found.value)
    )


def _corrected(
    units: Floats, apparent: Floats, predicted: Flags, actual: Flags, seed: int
) -> Floats:
    """Returns the corrected share of each row of weights, the first those of the gold.

    Where the annotator gives the label to all of the gold or to none of it, that is the
    share of people's answers alone.
    """
    own, every = units[0], np.ones_like(actual)
    right = _spread(precision(units, predicted, actual), own[predicted], seed)
    missed = _spread(rate(units, actual, ~predicted), own[~predicted], seed + 2)
    found = post_stratified(apparent, right, missed)
    alone = _spread(rate(units, actual, every), own, seed)
    return np.where(np.isnan(found) & ~np.isnan(apparent), alone, found)


def _youden(units: Floats, predicted: Flags, actual: Flags, seed: int) -> Floats:
    """Returns sensitivity + specificity - 1 of each row of weights."""
    own = units[0]
    sensitivity = _spread(recall(units, predicted, actual), own[actual], seed)
    calm = _spread(specificity(units, predicted, actual), own[~actual], seed + 2)
    return sensitivity + calm - 1.0


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
    # Not the draws of the gold, because other conversations are drawn here.
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
