"""Strengths of models and difficulties of items, from the preferences of all together.

The logit of a preference is strength + slopes * nuisances + pull * difficulty (Dubois
et al. 2024, arXiv 2404.04475). Difficulties come first, from one fit in which all
models have the same slopes and pull. Then each model gets slopes and a pull of its own,
near those of the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

SLOPE_SPREADS = (0.1, 0.2, 0.4, 0.8, 1.6)
PULL_SPREADS = (0.1, 0.2, 0.4, 0.8)
"""How far from the others a model may be; the likeliest is taken."""
FOLDS = 5
# Heavy tails: one model that games the judge must not set all others free. On the pairs
# of AlpacaEval 2, what is left out is likelier by 7 nats than under a normal prior.
_DEGREES = 3
_STEPS = 100
_CLOSE = 1e-4
_RIDGE = 1e-6
_LONGEST = 3.0


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Preferences of models over one baseline; arrays of (rows).

    Args:
      preference: 0..1, 1 if the model is preferred.
      weight: how many observations a row stands for.
      model: place of the model.
      item: place of the item.
      nuisances: (rows, nuisances), -1..1; 0 if the two answers are alike.
    """

    preference: Floats
    weight: Floats
    model: Whole
    item: Whole
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


def difficulties(given: Preferences, models: int, items: int) -> Floats:
    """Returns how well models do on each item, (items), in standard deviations.

    They are normal; their variance is fitted by expectation and maximisation, with
    Laplace's approximation. Higher is better for the models, worse for the baseline.
    """
    shared = np.zeros(models + given.nuisances.shape[1])
    found, variance = np.zeros(items), 1.0
    for _ in range(_STEPS):
        logits = shared[given.model] + given.nuisances @ shared[models:]
        error, curve = given.moments(logits + found[given.item])
        slope = np.bincount(given.item, error, items) - found / variance
        bend = np.bincount(given.item, curve, items) + 1 / variance
        cross = _cross(given, curve, models, items)
        scaled = cross / bend
        held = _bend(given, curve, models) - scaled @ cross.T
        step = np.linalg.solve(held, _slope(given, error, models) - scaled @ slope)
        step = np.clip(step, -_LONGEST, _LONGEST)
        moved = np.clip((slope - cross.T @ step) / bend, -_LONGEST, _LONGEST)
        shared, found, before = shared + step, found + moved, variance
        unsure = 1 / bend + np.sum(scaled * np.linalg.solve(held, scaled), axis=0)
        variance = float(np.mean(found**2 + unsure))
        if max(np.max(np.abs(moved)), abs(variance - before)) < _CLOSE:
            break
    return found / np.sqrt(variance)


def _slope(given: Preferences, error: Floats, models: int) -> Floats:
    own = np.bincount(given.model, error, models)
    return np.concatenate([own, given.nuisances.T @ error])


def _bend(given: Preferences, curve: Floats, models: int) -> Floats:
    """Returns minus the second derivatives by strengths and slopes."""
    weighted = given.nuisances.T * curve
    side = _summed(given.model, weighted, models)
    own = np.diag(np.bincount(given.model, curve, models))
    whole = np.block([[own, side.T], [side, weighted @ given.nuisances]])
    return whole + _RIDGE * np.eye(len(whole))


def _cross(given: Preferences, curve: Floats, models: int, items: int) -> Floats:
    """Returns minus the mixed ones: by strengths and slopes, and by items."""
    cell = given.model * items + given.item
    own = np.bincount(cell, curve, models * items).reshape(models, items)
    return np.vstack([own, _summed(given.item, given.nuisances.T * curve, items)])


def _summed(place: Whole, values: Floats, count: int) -> Floats:
    """Returns the sums of each row of `values` by place, (rows, count)."""
    found = [np.bincount(place, each, count) for each in values]
    return np.array(found, dtype=np.float64).reshape(len(values), count)


# -- weights of each model -------------------------------------------------------------


def shrunk(given: Preferences, difficulty: Floats, models: int) -> Floats:
    """Returns strength, slopes and pull of each model, (models, 1 + nuisances + 1).

    Slopes and pulls follow Student's t around a mean that is fitted too; its scales are
    those under which preferences that were left out are likeliest.
    """
    features = _features(given, difficulty)
    return _weights(given, features, models, chosen_spreads(given, features, models))


def chosen_spreads(given: Preferences, features: Floats, models: int) -> Floats:
    """Returns the scales of slopes and of the pull, by cross-validated likelihood.

    A fold leaves out some items of each model, and some models of each item.
    """
    slopes = features.shape[1] - 2
    pull = _likeliest(
        given, features, models, [_spreads(slopes, 0.4, each) for each in PULL_SPREADS]
    )[-1]
    tried = [_spreads(slopes, each, pull) for each in SLOPE_SPREADS]
    return _likeliest(given, features, models, tried)


def _spreads(slopes: int, slope: float, pull: float) -> Floats:
    return np.array([*[slope] * slopes, pull])


def _likeliest(
    given: Preferences, features: Floats, models: int, tried: Sequence[Floats]
) -> Floats:
    fold = (given.item + given.model) % FOLDS
    total = np.zeros(len(tried))
    for number in range(FOLDS):
        out = fold == number
        learnt, left_out = given.where(~out), given.where(out)
        found = None
        for place, spreads in enumerate(tried):
            found = _weights(learnt, features[~out], models, spreads, found)
            total[place] += left_out.likelihood(
                _logits(features[out], found, left_out.model)
            )
    return tried[int(np.argmax(total))]


def _features(given: Preferences, difficulty: Floats) -> Floats:
    ones = np.ones(len(given.item))
    return np.column_stack([ones, given.nuisances, difficulty[given.item]])


def _logits(features: Floats, weights: Floats, model: Whole) -> Floats:
    found: Floats = np.einsum("rf,rf->r", features, weights[model])
    return found


def _weights(
    given: Preferences,
    features: Floats,
    models: int,
    spreads: Floats,
    start: Floats | None = None,
) -> Floats:
    """Returns the mode of the weights: Newton's method for models and mean together."""
    found = np.zeros((models, features.shape[1])) if start is None else start
    mean = found.mean(axis=0) * (np.arange(features.shape[1]) > 0)
    for _ in range(_STEPS):
        error, curve = given.moments(_logits(features, found, given.model))
        off = found[:, 1:] - mean[1:]
        hold = np.full(found.shape, _RIDGE)
        hold[:, 1:] = (_DEGREES + 1) / (_DEGREES * spreads**2 + off**2)
        slope = _summed(given.model, features.T * error, models).T
        bend = _curvature(given, features, curve, models)
        step, moved = _newton(slope - hold * (found - mean), bend, hold, found - mean)
        found, mean = found + np.clip(step, -_LONGEST, _LONGEST), mean + moved
        if np.max(np.abs(step)) < _CLOSE:
            break
    return found


def _curvature(
    given: Preferences, features: Floats, curve: Floats, models: int
) -> Floats:
    """Returns minus the second derivatives, (models, width, width)."""
    width = features.shape[1]
    found = np.empty((models, width, width))
    for a in range(width):
        for b in range(a, width):
            each = curve * features[:, a] * features[:, b]
            found[:, a, b] = found[:, b, a] = np.bincount(given.model, each, models)
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
