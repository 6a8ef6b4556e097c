"""Strengths that predict who wins (Bradley and Terry 1952), with ties (Davidson 1970).

The odds that one wins against another are the ratio of their strengths. With ties, win,
loss and tie go as a, b and v * sqrt(a * b).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_STEPS = 200
_CLOSE = 1e-12
_LONGEST = 1.0


class Strengths(NamedTuple):
    """Log strengths, which sum to 0, and how sure they are.

    Attributes:
      values: (n).
      errors: (n), standard errors by Fisher's information.
      tie: log of Davidson's v; NaN without ties.
      tie_error: its standard error.
    """

    values: Floats
    errors: Floats
    tie: float
    tie_error: float


def strengths(wins: Floats, ties: Floats) -> Strengths:
    """Returns the likeliest strengths: Newton's method.

    Args:
      wins: (n, n), how often the first won; they are of one of `graph.cycles`.
      ties: (n, n), symmetric, how often two tied; all 0 for no ties in the model.
    """
    first, second = np.triu_indices(len(wins), 1)
    counted = np.array([wins[first, second], wins[second, first], ties[first, second]])
    tied = bool(ties.any())
    found = np.zeros(len(wins) + tied)
    for _ in range(_STEPS):
        slope, bend = _derivatives(found, first, second, counted, tied)
        step = np.clip(np.linalg.solve(bend, slope), -_LONGEST, _LONGEST)
        found = found + step
        if np.max(np.abs(step)) < _CLOSE:
            break
    inverse = np.linalg.inv(_derivatives(found, first, second, counted, tied)[1])
    # A row of ones holds the sum of strengths at 0; it adds no information.
    size = len(wins)
    variance = np.diag(inverse)[:size] - 1 / size**2
    own = found[:size] - found[:size].mean()
    errors = np.sqrt(np.maximum(variance, 0))
    if not tied:
        return Strengths(own, errors, np.nan, np.nan)
    return Strengths(own, errors, float(found[-1]), float(np.sqrt(inverse[-1, -1])))


def _derivatives(
    found: Floats,
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
    counted: Floats,
    tied: bool,
) -> tuple[Floats, Floats]:
    """Returns first and minus second derivatives of the likelihood."""
    off = found[first] - found[second]
    tie = found[-1] if tied else -np.inf
    logits = np.array([off / 2, -off / 2, np.full_like(off, tie)])
    shares = np.exp(logits - np.logaddexp.reduce(logits, axis=0))
    played = counted.sum(axis=0)
    # Half of the first one's surplus of wins, and the expected surplus.
    lead = (counted[0] - counted[1]) / 2 - played * (shares[0] - shares[1]) / 2
    size, width = len(found) - tied, len(found)
    slope, bend = np.zeros(width), np.zeros((width, width))
    np.add.at(slope, first, lead)
    np.add.at(slope, second, -lead)
    won = shares[0] + shares[1]
    own = played * (won - (shares[0] - shares[1]) ** 2) / 4
    bend[first, second] = bend[second, first] = -own
    bend[np.arange(size), np.arange(size)] = -bend[:size, :size].sum(axis=1)
    bend[:size, :size] += 1
    if tied:
        slope[-1] = counted[2].sum() - played @ shares[2]
        bend[-1, -1] = played @ (shares[2] * (1 - shares[2]))
        both = -played * shares[2] * (shares[0] - shares[1]) / 2
        np.add.at(bend[-1], first, both)
        np.add.at(bend[-1], second, -both)
        bend[:size, -1] = bend[-1, :size]
    return slope, bend
