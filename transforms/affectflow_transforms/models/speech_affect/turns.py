"""The turns of recordings: each recording is decoded once, for all of its turns."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from affectflow.errors import StorageError
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.models.media import Clip, check_clip

# The one place where recordings are decoded for models.
from affectflow_transforms.voice.decoding import check_extra, decoded
from affectflow_transforms.voice.signals import RATE, Samples

__all__ = ["RATE", "Heard", "check_extra", "heard"]

SHORTEST_S = 0.1
"""A shorter turn has no sound of speech in it."""


class Heard(NamedTuple):
    """What is heard of a turn, or why nothing is.

    Attributes:
      place: the place of its clip among those asked for.
      samples: shape (n,), at `RATE`, full scale 1.
      is_cut: whether the turn continues after these.
      error: why it cannot be heard.
    """

    place: int
    samples: Samples = np.zeros(0, np.float32)
    is_cut: bool = False
    error: UnmeasuredError | None = None


@dataclass
class _Turn:
    """A turn that is being cut out of a recording: places in samples."""

    place: int
    clip: Clip
    start: int
    stop: int
    is_cut: bool
    parts: list[Samples] = field(default_factory=list)

    def hear(self, block: Samples, at: int) -> bool:
        """Takes what a block has of it; returns whether it is complete."""
        self.parts.append(block[max(self.start - at, 0) : max(self.stop - at, 0)])
        return at + len(block) >= self.stop

    def heard(self) -> Heard:
        """Returns what was heard of it."""
        samples = np.concatenate([np.zeros(0, np.float32), *self.parts])
        if len(samples) < SHORTEST_S * RATE:
            why = f"{self.clip.uri!r} has a turn of only {len(samples) / RATE:.2f} s"
            return Heard(self.place, error=UnmeasuredError("too_short", why))
        return Heard(self.place, samples, self.is_cut)


def heard(clips: list[Clip], longest_s: float) -> Iterator[Heard]:
    """Yields what is heard of each turn, in no order of theirs.

    Only a block of a recording and the turns that contain it are held in memory.

    Args:
      clips: turns of recordings.
      longest_s: seconds; only the beginning of a longer turn is heard.
    """
    of_recordings: dict[str, list[_Turn]] = {}
    for place, clip in enumerate(clips):
        try:
            check_clip(clip)
        except UnmeasuredError as error:
            yield Heard(place, error=error)
        else:
            turn = _turn(place, clip, longest_s)
            of_recordings.setdefault(clip.uri, []).append(turn)
    for uri, turns in of_recordings.items():
        yield from _of_recording(uri, turns)


def _turn(place: int, clip: Clip, longest_s: float) -> _Turn:
    stop_s = min(clip.end_s, clip.start_s + longest_s)
    start, stop = (round(seconds * RATE) for seconds in (clip.start_s, stop_s))
    return _Turn(place, clip, start, stop, clip.end_s > stop_s)


def _of_recording(uri: str, turns: list[_Turn]) -> Iterator[Heard]:
    """Yields what is heard of the turns of one recording."""
    waiting = sorted(turns, key=lambda turn: turn.start, reverse=True)
    begun: list[_Turn] = []
    at = 0
    try:
        for block in decoded(uri):
            while waiting and waiting[-1].start < at + len(block):
                begun.append(waiting.pop())
            complete = [turn for turn in begun if turn.hear(block, at)]
            yield from (turn.heard() for turn in complete)
            begun = [turn for turn in begun if turn not in complete]
            at += len(block)
            if not waiting and not begun:
                return
    except StorageError as error:
        failed = UnmeasuredError("unreadable_file", str(error))
        yield from (Heard(t.place, error=failed) for t in [*begun, *waiting])
        return
    except UnmeasuredError as error:
        yield from (Heard(t.place, error=error) for t in [*begun, *waiting])
        return
    for turn in (*begun, *waiting):
        # A turn without an end goes on until the recording ends: nothing was cut.
        yield turn.heard()._replace(is_cut=False)
