"""The quality of a voice: how much one period differs from the next.

Jitter and shimmer as in M. Farrús, J. Hernando and P. Ejarque, "Jitter and shimmer
measurements for speaker recognition" (Interspeech 2007), equations 1 and 3: the mean
difference of two periods that follow each other, over the mean period, and that of
their amplitudes in dB. Harmonics to noise as in P. Boersma, "Accurate short-term
analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled
sound" (IFA Proceedings 17, 1993), equation 4.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice.signals import HOP, RATE, Samples

Floats = npt.NDArray[np.float64]

FEWEST_PERIODS = 5
"""Of which a mean is worth something."""
_APART = 1.3
"""Two periods of which one is longer by this factor do not follow each other."""
_UNLIKE = 1.6
"""Likewise of amplitudes."""


class Quality(NamedTuple):
    """Of a stretch of voice.

    Attributes:
      jitter: share of the period; NaN if there are too few periods.
      shimmer: dB; likewise.
    """

    jitter: float
    shimmer: float


def quality_of(samples: Samples, hz: Floats) -> Quality:
    """Returns the quality of a stretch of voice.

    Args:
      samples: of the stretch, at `RATE`.
      hz: shape (n,): the pitch of its frames, `HOP` apart; no NaN.
    """
    marks, amplitudes = _periods(np.asarray(samples, np.float64), RATE / hz)
    lengths = np.diff(marks)
    if len(lengths) < FEWEST_PERIODS:
        return Quality(np.nan, np.nan)
    return Quality(jitter_of(lengths), shimmer_of(amplitudes))


def jitter_of(periods: Floats) -> float:
    """Returns the mean difference of neighbouring periods over their mean.

    >>> jitter_of(np.array([100.0, 102.0, 100.0, 102.0]))
    0.0198...

    Args:
      periods: shape (n,): lengths.
    """
    following = _alike(periods, _APART)
    if not following.any():
        return float("nan")
    return float(np.abs(np.diff(periods))[following].mean() / periods.mean())


def shimmer_of(amplitudes: Floats) -> float:
    """Returns the mean difference of neighbouring amplitudes, dB.

    Args:
      amplitudes: shape (n,), above 0.
    """
    following = _alike(amplitudes, _UNLIKE)
    if not following.any():
        return float("nan")
    steps = 20 * np.abs(np.diff(np.log10(amplitudes)))
    return float(steps[following].mean())


def _alike(values: Floats, most: float) -> npt.NDArray[np.bool_]:
    small = np.minimum(values[1:], values[:-1])
    large = np.maximum(values[1:], values[:-1])
    return np.asarray(large <= most * small)


def _periods(samples: Floats, lengths: Floats) -> tuple[Floats, Floats]:
    """Returns where periods begin, in samples, and how high they rise.

    Peaks are followed in both directions from the highest one, each sought a period
    away, give or take a fifth.

    Args:
      samples: of one stretch.
      lengths: shape (n,): of periods, in samples, frame by frame.
    """
    if -samples.min(initial=0.0) > samples.max(initial=0.0):
        samples = -samples
    first = int(samples.argmax())
    peaks = [*_followed(samples, lengths, first, -1)[::-1], first]
    peaks += _followed(samples, lengths, first, 1)
    at = np.asarray([p for p in peaks if 0 < p < len(samples) - 1], np.int64)
    a, b, c = samples[at - 1], samples[at], samples[at + 1]
    bend = np.maximum(2 * b - a - c, 1e-12)
    shift = np.clip(0.5 * (c - a) / bend, -0.5, 0.5)
    tops = b + 0.25 * (c - a) * shift
    return at + shift, np.maximum(tops, 1e-9)


def _followed(samples: Floats, lengths: Floats, first: int, way: int) -> list[int]:
    found: list[int] = []
    at, last = first, len(lengths) - 1
    while True:
        period = lengths[min(at // HOP, last)]
        near, far = at + way * 0.8 * period, at + way * 1.2 * period
        low, high = round(min(near, far)), round(max(near, far)) + 1
        if low < 0 or high > len(samples):
            return found
        at = low + int(samples[low:high].argmax())
        if samples[at] <= 0:
            return found
        found.append(at)


def harmonics_to_noise(periodicity: Floats) -> Floats:
    """Returns how much of a voice repeats, over what does not, dB, at most 40.

    >>> harmonics_to_noise(np.array([0.5])).tolist()
    [0.0]

    Args:
      periodicity: shape (n,): correlation of two periods, 0..1.
    """
    alike = np.clip(periodicity, 1e-4, 1 - 1e-4)
    return np.asarray(10 * np.log10(alike / (1 - alike)))
