"""When someone speaks: by energy above a noise floor that follows the recording."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice.loudness import level
from affectflow_transforms.voice.signals import HOP_S

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SHORTEST_PAUSE_S = 0.2
"""A shorter silence is part of a sound: the closure of a plosive lasts up to 0.15 s."""
_SHORTEST_SPEECH_S = 0.06
_AROUND_S = 10
"""Seconds before and after that determine the noise floor and the speech level."""
_BELOW_PEAKS = 24.0
_ABOVE_FLOOR = 6.0
LEAST_RANGE = 12.0
"""Peaks of speech are at least this far above the floor."""


class Levels(NamedTuple):
    """What the loudness of frames is measured against, phon; shape (n,) each.

    Attributes:
      floor: of the noise.
      peaks: of speech.
    """

    floor: Floats
    peaks: Floats


class Stretch(NamedTuple):
    """Speech without a pause, as frames; `end` exclusive."""

    start: int
    end: int


def levels(loud: Floats) -> Levels:
    """Returns the floor and the peaks around each frame.

    Of every second the 5th and the 95th percentile are taken, and of these the lowest
    and the highest of the seconds around.

    Args:
      loud: shape (n,), phon.
    """
    from scipy.ndimage import maximum_filter1d, minimum_filter1d

    a_second = round(1 / HOP_S)
    seconds = -(-len(loud) // a_second)
    padded = np.pad(loud, (0, seconds * a_second - len(loud)), mode="reflect")
    low, high = np.percentile(padded.reshape(seconds, a_second), [5, 95], axis=1)
    width = 2 * _AROUND_S + 1
    middles = (np.arange(seconds) + 0.5) * a_second
    at = np.arange(len(loud))
    return Levels(
        np.interp(at, middles, minimum_filter1d(low, width, mode="nearest")),
        np.interp(at, middles, maximum_filter1d(high, width, mode="nearest")),
    )


def is_speech(loudness: Floats) -> Flags:
    """Returns which frames are speech, or other sound that rises from the noise.

    Args:
      loudness: shape (n,).
    """
    if not len(loudness):
        return np.zeros(0, np.bool_)
    edged = np.pad(loudness, 1, mode="edge")
    loud = level(np.convolve(edged, np.ones(3) / 3, mode="valid"))
    floor, peaks = levels(loud)
    heard = loud > np.maximum(floor + _ABOVE_FLOOR, peaks - _BELOW_PEAKS)
    heard &= peaks - floor >= LEAST_RANGE
    joined = _without_short(heard, False, SHORTEST_PAUSE_S)
    return _without_short(joined, True, _SHORTEST_SPEECH_S)


def _without_short(flags: Flags, which: bool, shortest_s: float) -> Flags:
    """Returns flags whose runs of `which` have the length at least; ends stay."""
    kept = flags.copy()
    for start, end in runs(flags == which):
        inner = which or (start > 0 and end < len(flags))
        if inner and (end - start) * HOP_S < shortest_s - 1e-9:
            kept[start:end] = not which
    return kept


def runs(flags: Flags) -> list[Stretch]:
    """Returns where flags are set.

    >>> runs(np.array([True, True, False, True]))
    [Stretch(start=0, end=2), Stretch(start=3, end=4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]])))
    pairs = edges.reshape(-1, 2).tolist()
    return [Stretch(start, end) for start, end in pairs]
