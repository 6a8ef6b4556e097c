"""Pitch by YIN, and the likeliest path through what it finds.

A. de Cheveigné and H. Kawahara, "YIN, a fundamental frequency estimator for speech and
music", JASA 111 (2002): the difference of a frame and itself, shifted (equation 6),
over its mean at all shorter shifts (8), and a parabola through its minima.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice.signals import RATE, Samples

Floats = npt.NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 60.0, 600.0
_LONGEST = int(RATE / LOWEST_HZ) + 2
_SHORTEST = int(RATE / HIGHEST_HZ)
_WINDOW = 512
FRAME = _WINDOW + _LONGEST
"""Samples that decide one frame: 49 ms."""
_FFT = 1024
_CANDIDATES = 5
# Costs of the path, on the scale of equation 8: 0 for what repeats, 1 for noise.
_UNVOICED = 0.8
_LONG = 0.01
"""For each octave below the highest pitch, or all multiples of a period would do."""
_TURN = 0.3
"""To begin or to end a voice."""
_JUMP = 1.0
"""For each octave from one frame to the next."""
_QUIET_DB = 16.0
"""This far below the loudest frames around, what repeats is an echo, or a hum."""


class Pitch(NamedTuple):
    """What is known of the pitch of frames.

    Attributes:
      hz: shape (n,); NaN where there is no voice.
      periodicity: shape (n,): 0..1, how alike two periods are; NaN likewise.
    """

    hz: Floats
    periodicity: Floats


def pitch_of(framed: Samples) -> Pitch:
    """Returns the pitch of frames that follow each other.

    Args:
      framed: shape (n, FRAME), at `RATE`.
    """
    normal, alike = _differences(framed)
    lags, costs, periodicity = _candidates(normal, alike)
    chosen = best_path(np.log2(lags), costs)
    rows = np.arange(len(chosen))
    voiced = (chosen >= 0) & _is_loud(framed)
    at = np.maximum(chosen, 0)
    return Pitch(
        np.where(voiced, RATE / lags[rows, at], np.nan),
        np.where(voiced, periodicity[rows, at], np.nan),
    )


def _is_loud(framed: Samples) -> npt.NDArray[np.bool_]:
    decibels = 10 * np.log10(framed.var(axis=1) + 1e-12)
    top = np.percentile(decibels, 98) if len(decibels) else 0.0
    return np.asarray(decibels > top - _QUIET_DB)


def _differences(framed: Samples) -> tuple[Samples, Samples]:
    """Returns YIN's function, and the normalised correlation.

    Returns:
      Two arrays of shape (n, _LONGEST), by lag: equation 8, and the correlation of two
      stretches over their mean energy, -1..1.
    """
    from scipy.fft import irfft, rfft

    framed = framed - framed.mean(axis=1, keepdims=True)
    whole = rfft(framed, _FFT, axis=1)
    first = rfft(framed[:, :_WINDOW], _FFT, axis=1)
    products = irfft(whole * first.conj(), _FFT, axis=1)[:, :_LONGEST]
    sums = np.cumsum(np.square(framed, dtype=np.float64), axis=1)
    sums = np.concatenate([np.zeros((len(framed), 1)), sums], axis=1)
    energy = sums[:, _WINDOW : _WINDOW + _LONGEST] - sums[:, :_LONGEST]
    both = energy[:, :1] + energy
    difference = np.maximum(both - 2 * products, 0.0)
    total = np.cumsum(difference[:, 1:], axis=1)
    normal = np.ones_like(difference)
    steps = np.arange(1, _LONGEST)
    normal[:, 1:] = difference[:, 1:] * steps / np.maximum(total, 1e-12)
    alike = 2 * products / np.maximum(both, 1e-12)
    return normal, alike


def _candidates(normal: Samples, alike: Samples) -> tuple[Floats, Floats, Floats]:
    """Returns the lags of the deepest minima, what they cost, and how alike.

    Returns:
      Three arrays of shape (n, _CANDIDATES); cost is infinite where there are fewer.
    """
    left, middle, right = (
        normal[:, _SHORTEST + k : _LONGEST - 2 + k] for k in range(3)
    )
    low = (middle < left) & (middle <= right)
    octaves = np.log2(np.arange(middle.shape[1]) + _SHORTEST + 1) - np.log2(_SHORTEST)
    cost = np.where(low, middle + _LONG * octaves, np.inf)
    best = np.argpartition(cost, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(cost))[:, None]
    a, b, c = left[rows, best], middle[rows, best], right[rows, best]
    bend = np.maximum(a - 2 * b + c, 1e-12)
    shift = np.clip(0.5 * (a - c) / bend, -0.5, 0.5)
    at = best + _SHORTEST + 1
    return at + shift, cost[rows, best], np.clip(alike[rows, at], 0.0, 1.0)


def best_path(octaves: Floats, costs: Floats) -> npt.NDArray[np.int64]:
    """Returns the candidate of each frame on the cheapest path; -1 for no voice.

    Args:
      octaves: shape (n, k): of the candidates' lags, log2.
      costs: shape (n, k): theirs.
    """
    n, k = costs.shape
    spent = np.append(costs[0], _UNVOICED) if n else np.zeros(k + 1)
    came = np.full((n, k + 1), k, np.int64)
    moves = np.full((k + 1, k + 1), _TURN)
    moves[k, k] = 0.0
    jumps = _JUMP * np.abs(octaves[1:, None, :] - octaves[:-1, :, None])
    own = np.append(costs, np.full((n, 1), _UNVOICED), axis=1)
    places = np.arange(k + 1)
    for frame in range(1, n):
        moves[:k, :k] = jumps[frame - 1]
        reached = spent[:, None] + moves
        came[frame] = reached.argmin(axis=0)
        spent = reached[came[frame], places] + own[frame]
    return _traced(came, int(spent.argmin()))


def _traced(came: npt.NDArray[np.int64], last: int) -> npt.NDArray[np.int64]:
    path = np.full(len(came), last)
    for frame in range(len(came) - 1, 0, -1):
        path[frame - 1] = came[frame, path[frame]]
    return np.where(path == came.shape[1] - 1, -1, path)
