"""The control function: an outcome as a curve of a latent, without confounding."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DEGREES = (1, 2, 3, 4)
"""Highest degree of the polynomials tried; the one with the lowest BIC is used."""
ROWS_A_TERM = 5
"""Rows needed for each term of a polynomial that is tried."""
_NOTHING = 1e-12
"""A share of the variance that is 0 up to rounding."""


class Runs(NamedTuple):
    """Rows of a state: what was done, what it moved, and what came of it.

    Attributes:
      action: shape (rows, actions).
      latent: shape (rows, latents).
      outcome: shape (rows,).
      times: how often each row was seen.
    """

    action: Floats
    latent: Floats
    outcome: Floats
    times: Floats


class Stage(NamedTuple):
    """The linear regression of the latent on the action.

    Attributes:
      intercept: shape (latents,).
      slopes: shape (actions, latents).
      rest: what the action leaves of each latent, shape (rows, latents).
    """

    intercept: Floats
    slopes: Floats
    rest: Floats

    def moved(self, action: Floats) -> Floats:
        """Returns the latent that each row would have if its action were this one."""
        there: Floats = self.intercept + action @ self.slopes + self.rest
        return there


def first_stage(runs: Runs) -> Stage:
    """Returns how an action moves the latent."""
    root = np.sqrt(runs.times)[:, None]
    given = np.column_stack([np.ones(len(runs.times)), runs.action])
    found = np.linalg.lstsq(given * root, runs.latent * root, rcond=None)[0]
    return Stage(found[0], found[1:], runs.latent - given @ found)


def leaves_nothing(runs: Runs, stage: Stage) -> bool:
    """Returns whether the action alone says what a latent is."""
    left = (runs.times @ stage.rest**2) / runs.times.sum()
    return bool(
        np.any(left <= _NOTHING * np.maximum(variance(runs.latent, runs), 1e-300))
    )


def variance(values: Floats, runs: Runs) -> Floats:
    """Returns the variance of each column."""
    centred = values - np.average(values, axis=0, weights=runs.times)
    return np.average(centred**2, axis=0, weights=runs.times)


def strength_of(runs: Runs, stage: Stage) -> float:
    """Returns Cragg and Donald's statistic (1993); F for one action and one latent."""
    n, actions = runs.times.sum(), runs.action.shape[1]
    noise = (stage.rest * runs.times[:, None]).T @ stage.rest / (n - actions - 1)
    centred = runs.action - np.average(runs.action, axis=0, weights=runs.times)
    moved = centred @ stage.slopes
    signal = (moved * runs.times[:, None]).T @ moved / actions
    return float(np.linalg.eigvals(np.linalg.solve(noise, signal)).real.min())


def powers(columns: Floats, degree: int) -> Floats:
    """Returns all products of up to `degree` columns, (rows, terms), without 1."""
    places = range(columns.shape[1])
    terms = [
        np.prod(columns[:, list(chosen)], axis=1)
        for size in range(1, degree + 1)
        for chosen in itertools.combinations_with_replacement(places, size)
    ]
    return np.column_stack(terms)


class Curve(NamedTuple):
    """An additive fit of the outcome: polynomials of the latent and of its rest."""

    degree: int
    weights: Floats
    scale: Floats
    bic: float

    def expected(self, latent: Floats, rest: Floats) -> Floats:
        """Returns the fitted outcome of each row."""
        return self._terms(latent, rest) @ self.weights

    def _terms(self, latent: Floats, rest: Floats) -> Floats:
        return _terms(latent / self.scale, rest / self.scale, self.degree)


def _terms(latent: Floats, rest: Floats, degree: int) -> Floats:
    ones = np.ones(len(latent))
    return np.column_stack([ones, powers(latent, degree), powers(rest, degree)])


def control_function(runs: Runs, rest: Floats) -> Curve:
    """Returns the outcome as a curve of the latent, without confounding.

    What the action leaves of the latent stands for all that moves latent and outcome
    alike (Newey, Powell and Vella 1999).
    """
    scale = np.maximum(np.abs(runs.latent).max(axis=0), np.finfo(float).tiny)
    n = runs.times.sum()
    tried = [
        (degree, _terms(runs.latent / scale, rest / scale, degree))
        for degree in DEGREES
    ]
    curves = [
        _fitted(runs, terms, degree, scale)
        for degree, terms in tried
        if degree == DEGREES[0] or terms.shape[1] * ROWS_A_TERM <= n
    ]
    return min(curves, key=lambda curve: curve.bic)


def _fitted(runs: Runs, terms: Floats, degree: int, scale: Floats) -> Curve:
    root, n = np.sqrt(runs.times), runs.times.sum()
    found = np.linalg.lstsq(terms * root[:, None], runs.outcome * root, rcond=None)[0]
    weights = np.asarray(found, np.float64)
    squares = float(runs.times @ (runs.outcome - terms @ weights) ** 2)
    error = max(squares / n, np.finfo(float).tiny)
    bic = n * math.log(error) + len(weights) * math.log(n)
    return Curve(degree, weights, scale, bic)
