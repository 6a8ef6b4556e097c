"""A voice as tracks: what is worth keeping of the frames of a recording."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.tracks import TRACKS, US
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.voice.activity import runs
from affectflow_transforms.voice.analysis import Voice
from affectflow_transforms.voice.loudness import level
from affectflow_transforms.voice.quality import harmonics_to_noise
from affectflow_transforms.voice.signals import HOP_S
from affectflow_transforms.voice.syllables import nuclei

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOP_US = round(HOP_S * US)
WHOLE = "recording"
"""The channel that says how long the recording is, in seconds."""
_SILENCE = -60.0
"""Phon that nothing in a recording of silence reaches."""
_MOST_CLIPPED = 0.1
"""Share of the frames of speech."""
_LEAST_VOICED = 0.1
"""Likewise: of read speech it is about half."""


class _Channel(NamedTuple):
    """Values of one channel, with the frames that they are of; `end` exclusive."""

    name: str
    start: Places
    end: Places
    values: Floats


def tracks_of_voice(
    voice: Voice, speech: Flags, uri: str, *, anyone: Flags | None = None
) -> pa.Table:
    """Returns what was measured, as rows of `TRACKS`.

    Channels: `loudness` (phon) of each frame of speech, and `pitch` (Hz) where it has a
    voice; `syllables` at the middle of each, with the seconds of speech since the one
    before; `pause` where speech begins again, with the seconds before; `jitter` (%),
    `shimmer` (dB) and `harmonics` (dB) of each stretch of voice; `recording`.

    Args:
      voice: of all its frames.
      speech: shape (n,): which of them are speech.
      uri: of the recording, for messages.
      anyone: likewise, of all channels, where this is one of several: a pause is when
        nobody speaks.

    Raises:
      UnmeasuredError: `empty_recording`, `silence`, `no_speech`, `clipped`, `no_voice`.
    """
    _check(voice, speech, uri)
    clear = speech & ~voice.clipped
    voiced = clear & np.isfinite(voice.hz)
    channels = [
        _of_frames("loudness", clear, level(voice.loudness)),
        _of_frames("pitch", voiced, voice.hz),
        _syllables(voice, speech),
        _pauses(speech if anyone is None else anyone),
        *_qualities(voice, voiced),
        _of_whole(len(speech)),
    ]
    return pa.concat_tables([_table(channel) for channel in channels])


def _check(voice: Voice, speech: Flags, uri: str) -> None:
    if not len(speech):
        raise UnmeasuredError("empty_recording", f"{uri!r} has no samples")
    if level(voice.loudness).max() < _SILENCE:
        raise UnmeasuredError("silence", f"{uri!r} is silent")
    if not speech.any():
        raise UnmeasuredError("no_speech", f"{uri!r} holds only background noise")
    if voice.clipped[speech].mean() > _MOST_CLIPPED:
        raise UnmeasuredError("clipped", f"{uri!r} was recorded too loud (clipped)")
    if np.isfinite(voice.hz[speech]).mean() < _LEAST_VOICED:
        raise UnmeasuredError("no_voice", f"{uri!r} has sounds but no voice")


def _of_frames(name: str, which: Flags, values: Floats) -> _Channel:
    start = np.flatnonzero(which)
    return _Channel(name, start, start + 1, values[start])


def _syllables(voice: Voice, speech: Flags) -> _Channel:
    found = np.zeros(len(speech), np.bool_)
    for start, end in runs(speech):
        has_voice = np.isfinite(voice.hz[start:end])
        found[start:end] = nuclei(voice.loudness[start:end], has_voice)
    at = np.flatnonzero(found)
    spoken = np.cumsum(speech)[at] * HOP_S
    return _Channel("syllables", at, at + 1, np.diff(spoken, prepend=np.nan))


def _pauses(speech: Flags) -> _Channel:
    pauses = [pause for pause in runs(~speech) if 0 < pause.start < pause.end]
    pauses = [pause for pause in pauses if pause.end < len(speech)]
    at = np.array([pause.end for pause in pauses], np.int64)
    lengths = np.array([pause.end - pause.start for pause in pauses], np.float64)
    return _Channel("pause", at, at + 1, lengths * HOP_S)


def _qualities(voice: Voice, voiced: Flags) -> Iterator[_Channel]:
    harmonics = harmonics_to_noise(voice.periodicity)
    stretches = np.array(runs(voiced), np.int64).reshape(-1, 2)
    start, end = stretches.T
    measured = {
        "jitter": 100 * voice.jitter,
        "shimmer": voice.shimmer,
        "harmonics": harmonics,
    }
    for name, values in measured.items():
        means = np.array([values[a:b].mean() for a, b in stretches], np.float64)
        known = np.isfinite(means)
        yield _Channel(name, start[known], end[known], means[known])


def _of_whole(frames: int) -> _Channel:
    start, end = np.zeros(1, np.int64), np.full(1, frames, np.int64)
    return _Channel(WHOLE, start, end, np.full(1, frames * HOP_S))


def _table(channel: _Channel) -> pa.Table:
    n = len(channel.start)
    unknown = {name: pa.nulls(n, TRACKS.field(name).type) for name in TRACKS.names}
    known = {
        "channel": pa.repeat(channel.name, n),
        "start_us": pa.array(channel.start * HOP_US),
        "end_us": pa.array(channel.end * HOP_US),
        "value": pa.array(np.asarray(channel.values, np.float64)),
    }
    return pa.table({**unknown, **known}, schema=TRACKS)
