"""Phrases of one role that tell the label, and where in a conversation they stand."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from affectflow_transforms.measures.leakage.corpus import Corpus, Floats, Ints, Side

TELLING = 3.0
"""A phrase is a prompt if its log-odds ratio is so many standard errors from 0."""
SAME = 0.9
"""Phrases are one if they share this much of the turns that have either."""
BINS = 10
NO_PLACES = "no places of turns, or one turn an item"


class Phrase(NamedTuple):
    """A phrase that tells a label.

    Attributes:
      term: its place among the terms of its side.
      label: which label it speaks for, by its place.
      log_odds: the logarithm of the odds ratio of being said, for it and without it.
      n: how many items have it.
      position: the mean of its turns' positions, 0..1; NaN where nobody says.
    """

    term: int
    label: int
    log_odds: float
    n: int
    position: float


def prompts_of(side: Side, corpus: Corpus, items: Ints, most: int) -> list[Phrase]:
    """Returns the phrases of a side that tell the label best, the best first.

    Of phrases that contain one another, or are said in the same turns, the better is
    taken, and of equal ones the longer.

    Args:
      side: whose.
      corpus: the items.
      items: by which of them it is judged, shape (items,).
      most: at most so many.
    """
    own, turns = _log_odds(side, corpus, items), side.turns.tocsc()
    strength = own.z.max(axis=0)
    length = [term.count(" ") for term in side.terms]
    found: list[Phrase] = []
    for term in np.lexsort((np.negative(length), -strength)).tolist():
        if len(found) == most or strength[term] < TELLING:
            break
        if any(_are_one(term, each.term, side, turns) for each in found):
            continue
        label = int(own.z[:, term].argmax())
        odds, position = float(own.odds[label, term]), _position(side, turns, term)
        found.append(Phrase(term, label, odds, int(own.n[term]), position))
    return found


def _are_one(one: int, other: int, side: Side, turns: sparse.csc_matrix) -> bool:
    """Returns whether phrases contain one another, or are said in the same turns."""
    first, second = f" {side.terms[one]} ", f" {side.terms[other]} "
    if first in second or second in first:
        return True
    own, others = set(_turns_of(turns, one)), set(_turns_of(turns, other))
    return len(own & others) >= SAME * len(own | others)


def _turns_of(turns: sparse.csc_matrix, term: int) -> Ints:
    return turns.indices[turns.indptr[term] : turns.indptr[term + 1]]


def turns_with(side: Side, phrases: list[Phrase]) -> Ints:
    """Returns the turns that have one of some phrases."""
    own = side.turns[:, [phrase.term for phrase in phrases]]
    return np.flatnonzero(np.asarray(own.sum(axis=1)).ravel() > 0)


def concentration(side: Side, corpus: Corpus) -> tuple[float, str]:
    """Returns how much the words that tell the label stand in one place, or why not.

    It is 1 less the entropy of their positions in ten bins, as a share of that of all
    words of the side: 1 for one place, about 0 where they stand wherever it speaks.
    """
    per_item = np.bincount(side.item_of)
    if np.isnan(side.position).all() or per_item.max(initial=0) < 2:
        return math.nan, NO_PLACES
    strength = _log_odds(side, corpus, np.arange(len(corpus.truth))).z.max(axis=0)
    telling = np.flatnonzero(strength >= TELLING)
    told, said = (_entropy(side, each) for each in (telling, slice(None)))
    if not len(telling) or not said:
        return math.nan, f"no phrase tells the label by {TELLING:g} standard errors"
    return 1 - told / said, ""


def _entropy(side: Side, terms: Any) -> float:
    """Returns the entropy of the positions of some terms."""
    n = np.asarray(side.turns[:, terms].sum(axis=1)).ravel()
    there = ~np.isnan(side.position)
    bins = np.minimum((side.position[there] * BINS).astype(int), BINS - 1)
    shares = np.bincount(bins, n[there], BINS)
    shares = shares[shares > 0] / max(1.0, shares.sum())
    return float(-(shares * np.log(shares)).sum())


class _Odds(NamedTuple):
    """Log-odds ratios and how many errors they are from 0, shape (labels, terms)."""

    odds: Floats
    z: Floats
    n: Ints


def _log_odds(side: Side, corpus: Corpus, items: Ints) -> _Odds:
    """Returns log-odds ratios of terms by label, over items that have them or not.

    Half an item is added to each of the four counts (Haldane 1956).
    """
    has = (side.counts(len(corpus.truth))[items] > 0).astype(np.float64)
    n = np.asarray(has.sum(axis=0)).ravel()
    odds, z = zip(*_by_label(has, n, corpus, items), strict=True)
    return _Odds(np.stack(odds), np.stack(z), n)


def _by_label(
    has: sparse.csr_matrix, n: Floats, corpus: Corpus, items: Ints
) -> Iterator[tuple[Floats, Floats]]:
    for label in range(len(corpus.labels)):
        own = (corpus.truth[items] == label).astype(np.float64)
        said = np.asarray(own @ has).ravel()
        cells = [said, own.sum() - said, n - said]
        cells.append(len(items) - own.sum() - cells[2])
        with_half = [each + 0.5 for each in cells]
        odds = np.log(with_half[0] * with_half[3] / (with_half[1] * with_half[2]))
        yield odds, odds / np.sqrt(sum(1 / each for each in with_half))


def _position(side: Side, turns: sparse.csc_matrix, term: int) -> float:
    own = side.position[_turns_of(turns, term)]
    known = own[~np.isnan(own)]
    return float(known.mean()) if len(known) else math.nan
