"""What is measured of a recording, block by block: memory grows with frames only."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.voice import loudness as loud
from affectflow_transforms.voice.activity import runs
from affectflow_transforms.voice.pitch import FRAME, Pitch, pitch_of
from affectflow_transforms.voice.quality import quality_of
from affectflow_transforms.voice.signals import HOP, HOP_S, Samples, frames

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

BLOCK = 1000
"""Frames that are measured at a time: 10 s."""
_BEFORE = (FRAME - HOP) // 2
"""Samples before a hop that belong to the frame around it."""
_FULL_SCALE = 0.999
_FEWEST_CLIPPED = 3
"""Samples at full scale in a frame that make it a clipped one."""


class Voice(NamedTuple):
    """Frames of a recording, one every 10 ms; shape (n,) each.

    Attributes:
      loudness: that of a tone of 1 kHz at full scale is 1.
      hz: the pitch; NaN where there is no voice.
      periodicity: 0..1; NaN likewise.
      jitter: of the stretch of voice; NaN elsewhere, and where it was not measured.
      shimmer: dB; likewise.
      clipped: whether the recording was at its limit.
    """

    loudness: Floats
    hz: Floats
    periodicity: Floats
    jitter: Floats
    shimmer: Floats
    clipped: Flags

    @property
    def seconds(self) -> float:
        """How long the recording is."""
        return len(self.loudness) * HOP_S


def voice_of(blocks: Iterable[Samples]) -> Voice:
    """Returns what is measured of a recording.

    Args:
      blocks: shape (n,) each, at `RATE`, one after the other.
    """
    measured = [_measured(block) for block in _overlapping(blocks)]
    if not measured:
        none = np.zeros(0)
        return Voice(none, none, none, none, none, np.zeros(0, np.bool_))
    columns = zip(*measured, strict=True)
    return Voice(*(np.concatenate(column) for column in columns))


def _overlapping(blocks: Iterable[Samples]) -> Iterator[Samples]:
    """Yields stretches of up to `BLOCK` hops, with what their frames have around."""
    around, size = FRAME - HOP, BLOCK * HOP
    held = np.zeros(_BEFORE, np.float32)
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= size + around:
            yield held[: size + around]
            held = held[size:]
    whole = (len(held) - _BEFORE) // HOP * HOP
    if whole > 0:
        held = np.concatenate([held, np.zeros(around, np.float32)])
        yield held[: whole + around]


def _measured(samples: Samples) -> Voice:
    own = samples[_BEFORE : len(samples) - (FRAME - HOP - _BEFORE)]
    pitch = pitch_of(frames(samples, FRAME))
    jitter, shimmer = _qualities(own, pitch)
    at_limit = (np.abs(own) >= _FULL_SCALE).reshape(-1, HOP).sum(axis=1)
    return Voice(
        loud.loudness(_middles(samples)),
        np.asarray(pitch.hz, np.float32),
        np.asarray(pitch.periodicity, np.float32),
        jitter,
        shimmer,
        at_limit >= _FEWEST_CLIPPED,
    )


def _middles(samples: Samples) -> Samples:
    """Returns the frames of loudness, each in the middle of one of pitch."""
    margin = (FRAME - loud.FRAME) // 2
    inner = samples[margin : len(samples) - (FRAME - loud.FRAME - margin)]
    return frames(inner, loud.FRAME)


def _qualities(samples: Samples, pitch: Pitch) -> tuple[Floats, Floats]:
    """Returns jitter and shimmer of frames: those of the stretch they are part of."""
    found = np.full((2, len(pitch.hz)), np.nan, np.float32)
    for start, end in runs(np.isfinite(pitch.hz)):
        stretch = samples[start * HOP : end * HOP]
        found[:, start:end] = np.array([quality_of(stretch, pitch.hz[start:end])]).T
    return found[0], found[1]
