"""Strengths of models and difficulties of items, from the preferences of all together.

The logit of a preference is strength + slopes * nuisances + pull * difficulty (Dubois
et al. 2024, arXiv 2404.04475). Difficulties come first, from one fit in which all
models have the same slopes and pull. Then each model gets slopes and a pull of its own,
near those of the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int32]

SLOPE_SPREADS = (0.1, 0.2, 0.4, 0.8, 1.6)
PULL_SPREADS = (0.1, 0.2, 0.4, 0.8)
"""How far from the others a model may be; the likeliest is chosen."""
FOLDS = 5
# Heavy tails: one model that games the judge must not set all others free. On the pairs
# of AlpacaEval 2, what is left out is likelier by 7 nats than under a normal prior.
_DEGREES = 3
_STEPS = 100
_CLOSE = 1e-4
_RIDGE = 1e-6
_LONGEST = 3.0
# Items, at a time.
_BLOCK = 16_384


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Preferences of one model over a baseline; arrays of (rows).

    Models are fitted together, but each has arrays of its own: intermediate results
    need memory for the rows of one model, not of all.

    Args:
      preference: 0..1, 1 if the model is preferred.
      weight: how many observations a row stands for.
      item: place of the item.
      nuisances: (rows, nuisances), -1..1; 0 if the two answers are alike.
    """

    preference: Floats
    weight: Floats
    item: Places
    nuisances: Floats

    def where(self, rows: Any) -> Self:
        """Returns some of the rows."""
        return replace(self, **{k: each[rows] for k, each in vars(self).items()})

    def moments(self, logits: Floats) -> tuple[Floats, Floats]:
        """Returns first and minus second derivatives of the likelihood, by row."""
        share = expit(logits)
        return self.weight * (self.preference - share), self.weight * share * (
            1 - share
        )

    def likelihood(self, logits: Floats) -> float:
        """Returns the log-likelihood of the preferences."""
        each = self.preference * logits - np.logaddexp(0, logits)
        return float(self.weight @ each)


# -- difficulties ----------------------------------------------------------------------


def difficulties(given: Sequence[Preferences], items: int) -> Floats:
    """Returns how well models do on each item, (items), in standard deviations.

    They are normal; their variance is fitted by expectation and maximisation, with
    Laplace's approximation. Higher is better for the models, worse for the baseline.
    """
    models, width = len(given), given[0].nuisances.shape[1]
    shared, found, variance = np.zeros(models + width), np.zeros(items), 1.0
    for _ in range(_STEPS):
        now = _derivatives(given, shared, found)
        slope, bend = now.by_item - found / variance, now.bend_by_item + 1 / variance
        held, right = now.bend.copy(), now.slope.copy()
        for some, scaled in _scaled(now.cross, bend):
            held -= scaled @ now.cross[:, some].T
            right -= scaled @ slope[some]
        step = np.clip(np.linalg.solve(held, right), -_LONGEST, _LONGEST)
        moved = np.clip((slope - now.cross.T @ step) / bend, -_LONGEST, _LONGEST)
        shared, found, before = shared + step, found + moved, variance
        unsure = 1 / bend
        for some, scaled in _scaled(now.cross, bend):
            unsure[some] += np.sum(scaled * np.linalg.solve(held, scaled), axis=0)
        variance = float(np.mean(found**2 + unsure))
        if max(np.max(np.abs(moved)), abs(variance - before)) < _CLOSE:
            break
    return found / np.sqrt(variance)


class _Derivatives(NamedTuple):
    """First and minus second derivatives of the likelihood.

    Attributes:
      slope: by strengths and slopes.
      bend: by strengths and slopes, both.
      by_item: by items.
      bend_by_item: by items, twice.
      cross: by strengths and slopes, and by items, (strengths and slopes, items).
    """

    slope: Floats
    bend: Floats
    by_item: Floats
    bend_by_item: Floats
    cross: Floats


def _derivatives(
    given: Sequence[Preferences], shared: Floats, difficulty: Floats
) -> _Derivatives:
    models, size, items = len(given), len(shared), len(difficulty)
    slope, bend = np.zeros(size), _RIDGE * np.eye(size)
    by_item, cross = np.zeros(items), np.zeros((size, items))
    for place, own in enumerate(given):
        logits = shared[place] + own.nuisances @ shared[models:] + difficulty[own.item]
        error, curve = own.moments(logits)
        weighted = own.nuisances.T * curve
        slope[place] += error.sum()
        slope[models:] += own.nuisances.T @ error
        bend[place, place] += curve.sum()
        bend[models:, models:] += weighted @ own.nuisances
        bend[models:, place] = bend[place, models:] = weighted.sum(axis=1)
        by_item += np.bincount(own.item, error, items)
        cross[place] = np.bincount(own.item, curve, items)
        for nuisance, each in enumerate(weighted, models):
            cross[nuisance] += np.bincount(own.item, each, items)
    return _Derivatives(slope, bend, by_item, cross[:models].sum(axis=0), cross)


def _scaled(cross: Floats, bend: Floats) -> Iterator[tuple[slice, Floats]]:
    """Yields the columns of `cross` by the bend of their items, some at a time."""
    for start in range(0, len(bend), _BLOCK):
        some = slice(start, start + _BLOCK)
        yield some, cross[:, some] / bend[some]


# -- weights of each model -------------------------------------------------------------


def shrunk(given: Sequence[Preferences], difficulty: Floats) -> Floats:
    """Returns strength, slopes and pull of each model, (models, 1 + nuisances + 1).

    Slopes and pulls follow Student's t around a mean that is fitted too; its scales
    make the left-out preferences likeliest.
    """
    return _weights(given, difficulty, chosen_spreads(given, difficulty))


def chosen_spreads(given: Sequence[Preferences], difficulty: Floats) -> Floats:
    """Returns the scales of slopes and of the pull, by cross-validated likelihood.

    A fold leaves out some items of each model, and some models of each item.
    """
    slopes = given[0].nuisances.shape[1]
    pull = _likeliest(
        given, difficulty, [_spreads(slopes, 0.4, each) for each in PULL_SPREADS]
    )[-1]
    tried = [_spreads(slopes, each, pull) for each in SLOPE_SPREADS]
    return _likeliest(given, difficulty, tried)


def _spreads(slopes: int, slope: float, pull: float) -> Floats:
    return np.array([*[slope] * slopes, pull])


def _likeliest(
    given: Sequence[Preferences], difficulty: Floats, tried: Sequence[Floats]
) -> Floats:
    total = np.zeros(len(tried))
    for fold in range(FOLDS):
        found = None
        for place, spreads in enumerate(tried):
            found = _weights(given, difficulty, spreads, found, fold)
            for model, own in enumerate(given):
                left_out = own.where((own.item + model) % FOLDS == fold)
                logits = _features(left_out, difficulty) @ found[model]
                total[place] += left_out.likelihood(logits)
    return tried[int(np.argmax(total))]


def _features(given: Preferences, difficulty: Floats) -> Floats:
    ones = np.ones(len(given.item))
    return np.column_stack([ones, given.nuisances, difficulty[given.item]])


def _weights(
    given: Sequence[Preferences],
    difficulty: Floats,
    spreads: Floats,
    start: Floats | None = None,
    left_out: int = FOLDS,
) -> Floats:
    """Returns the mode of the weights: Newton's method for models and mean together.

    Args:
      given: the preferences of each model.
      difficulty: those of the items.
      spreads: how far from the others a model may be.
      start: where to begin.
      left_out: the fold whose rows do not count; `FOLDS` for none.
    """
    width = given[0].nuisances.shape[1] + 2
    found = np.zeros((len(given), width)) if start is None else start
    mean = found.mean(axis=0) * (np.arange(width) > 0)
    for _ in range(_STEPS):
        slope, bend = np.empty(found.shape), np.empty((*found.shape, width))
        for model, own in enumerate(given):
            # Copied each time, so that there are never two copies of all rows.
            rows = own.where((own.item + model) % FOLDS != left_out)
            features = _features(rows, difficulty)
            error, curve = rows.moments(features @ found[model])
            slope[model] = features.T @ error
            bend[model] = (features.T * curve) @ features
        off = found[:, 1:] - mean[1:]
        hold = np.full(found.shape, _RIDGE)
        hold[:, 1:] = (_DEGREES + 1) / (_DEGREES * spreads**2 + off**2)
        step, moved = _newton(slope - hold * (found - mean), bend, hold, found - mean)
        found, mean = found + np.clip(step, -_LONGEST, _LONGEST), mean + moved
        if np.max(np.abs(step)) < _CLOSE:
            break
    return found


def _newton(
    slope: Floats, bend: Floats, hold: Floats, off: Floats
) -> tuple[Floats, Floats]:
    """Returns the steps of the weights and of their mean, whose first entry stays."""
    inverse = np.linalg.inv(bend + hold[:, :, None] * np.eye(hold.shape[1]))
    base = np.einsum("mab,mb->ma", inverse, slope)
    drawn = np.einsum("ma,mab,mb->ab", hold, inverse, hold)
    left = (np.diag(hold.sum(axis=0)) - drawn)[1:, 1:]
    mean = np.linalg.solve(left, np.sum(hold * (off + base), axis=0)[1:])
    moved = np.append(0.0, mean)
    return base + np.einsum("mab,mb->ma", inverse, hold * moved), moved
