"""Measures of a turn's voice: one number and unit each."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.kinds.renderer import Track, Window
from affectflow_transforms.voice.signals import HOP_S

Floats = npt.NDArray[np.float64]

PAUSE, PAUSE_BEFORE = "pause", "pause_before"
LONG_PAUSE_S = 1.0
"""From here on a pause is long: E. Campione and J. Véronis, "A large-scale multilingual
study of silent pause duration" (Speech Prosody 2002)."""


def in_semitones(values: Floats) -> Floats:
    """Returns frequencies as semitones above 1 Hz.

    >>> in_semitones(np.array([1.0, 2.0])).tolist()
    [0.0, 12.0]
    """
    return np.asarray(12 * np.log2(values))


def as_it_is(values: Floats) -> Floats:
    """Returns values unchanged."""
    return values


class Measure(NamedTuple):
    """One measure of a turn.

    Attributes:
      cue: its name.
      channel: of the track that it is taken from.
      unit: of its values.
      fewest: values of the track that it takes.
      of: returns the measure of the values of a turn.
      scale: returns values so that equal steps sound equal.
      least: the smallest step on the scale that is worth a phrase.
      typical: how far a speaker's turns are from each other, on the scale.
    """

    cue: str
    channel: str
    unit: str
    fewest: int
    of: Callable[[Floats], float]
    scale: Callable[[Floats], Floats]
    least: float
    typical: float


def _loudness(phon: Floats) -> float:
    # Levels are logarithms: what is heard as loud is the mean of what they stand for.
    return float(10 * np.log2(np.mean(2 ** (phon / 10))))


def _range(hz: Floats) -> float:
    low, high = np.percentile(in_semitones(hz), [20, 80])
    return float(high - low)


def _rate(seconds: Floats) -> float:
    # Someone else may have spoken before the first one.
    return float((len(seconds) - 1) / seconds[1:].sum())


def _median(values: Floats) -> float:
    return float(np.median(values))


# 10 % of tempo are heard: H. Quené, "What is the just noticeable difference for tempo
# in speech?" (2004). The other steps, and what is typical, are ours.
MEASURES = (
    Measure("loudness", "loudness", "phon", 30, _loudness, as_it_is, 2.0, 2.0),
    Measure("pitch", "pitch", "Hz", 15, _median, in_semitones, 1.5, 2.0),
    Measure("pitch_range", "pitch", "semitones", 30, _range, as_it_is, 1.5, 1.5),
    Measure("rate", "syllables", "syllables/s", 4, _rate, np.log, 0.1, 0.15),
    # openSMILE's: pauses and whatever else has no peak slow it down, so that it is
    # another thing than a rate of syllables, and has words and no norm of its own.
    Measure("peak_rate", "peaks", "peaks/s", 1, _median, np.log, 0.1, 0.15),
    Measure("jitter", "jitter", "%", 3, _median, np.log, 0.4, 0.3),
    Measure("shimmer", "shimmer", "dB", 3, _median, np.log, 0.4, 0.3),
    Measure("harmonics", "harmonics", "dB", 3, _median, as_it_is, 3.0, 2.0),
)
BY_CUE = {measure.cue: measure for measure in MEASURES}
UNITS = {measure.cue: measure.unit for measure in MEASURES} | {
    PAUSE: "s",
    PAUSE_BEFORE: "s",
}


def measured(track: Track) -> list[Window]:
    """Returns what is measured of a turn's track: a window for each measure.

    Values are rounded, as they would differ in the last place from machine to machine.
    """
    known = np.isfinite(track.values)
    times, values = track.times[known], track.values[known]
    found = []
    for measure in MEASURES:
        if measure.channel == track.channel and len(values) >= measure.fewest:
            value = round(measure.of(values), 3)
            found.append(Window(*_span(times), value, measure.cue))
    return [window for window in found if np.isfinite(window.value)]


def _span(times: Floats) -> tuple[float, float]:
    start, end = float(times[0]) - HOP_S / 2, float(times[-1]) + HOP_S / 2
    return round(max(start, 0.0), 3), round(end, 3)


def long_pauses(track: Track, begins_s: float = -np.inf) -> list[Window]:
    """Returns the long pause before a turn, and the longest one within it.

    Args:
      track: of pauses.
      begins_s: when the turn begins.
    """
    ends = track.times - HOP_S / 2
    found = [
        Window(round(float(end - length), 3), round(float(end), 3), round(length, 3))
        for end, length in zip(ends, track.values.tolist(), strict=True)
        if length >= LONG_PAUSE_S
    ]
    before = [window for window in found if window.start_s <= begins_s][:1]
    within = [window for window in found if window.start_s > begins_s]
    longest = sorted(within, key=lambda window: -window.value)[:1]
    return [
        *(window._replace(cue=PAUSE_BEFORE) for window in before),
        *(window._replace(cue=PAUSE) for window in longest),
    ]
