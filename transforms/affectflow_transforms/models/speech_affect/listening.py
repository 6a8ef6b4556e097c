"""What a network that listens gives of turns of recordings, and why of some nothing."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow_transforms.models.media import Clip, UnreadError
from affectflow_transforms.models.speech_affect import network, turns
from affectflow_transforms.models.speech_affect.turns import Heard

SILENCE = 1e-3
"""A turn whose loudest sample is below this is silence: 60 dB below full scale."""
_HELD_S = 600
"""Seconds of sound that are held at a time."""


class Listened(NamedTuple):
    """What a network gives of turns.

    Attributes:
      values: shape (turns, width); zeros for silent and failed turns.
      truncated: shape (turns,): only the beginning was heard.
      silent: shape (turns,): whether there is nothing to listen to.
      failed: the reason, for each turn that cannot be heard, by its place.
    """

    values: network.Matrix
    truncated: npt.NDArray[np.bool_]
    silent: npt.NDArray[np.bool_]
    failed: dict[int, Exception]


def check_lengths(longest_s: float, max_batch_s: float) -> None:
    """Raises UsageError if turns cannot be that long, or forward passes."""
    if longest_s < turns.SHORTEST_S or max_batch_s < 0:
        raise UsageError(
            f"`longest_s` must be at least {turns.SHORTEST_S:g} seconds and "
            f"`max_batch_s` at least 0, got {longest_s:g} and {max_batch_s:g}"
        )


def listened(
    clips: list[Clip], listener: network.Listener, longest_s: float
) -> Listened:
    """Returns what a network gives of turns; one that cannot be heard fails alone.

    Args:
      clips: the turns.
      listener: the network.
      longest_s: seconds; only the beginning of a longer turn is heard.
    """
    values = np.zeros((len(clips), listener.width), np.float32)
    truncated, silent = np.zeros((2, len(clips)), np.bool_)
    failed: dict[int, Exception] = {}
    for some in _some(turns.heard(clips, longest_s)):
        unread = {h.place: UnreadError(h.error) for h in some if h.error}
        silent[[place for place, why in unread.items() if why.is_nothing]] = True
        failed |= {p: why for p, why in unread.items() if not why.is_nothing}
        sounds = [each for each in some if not each.error]
        silent[[each.place for each in sounds if _is_silent(each)]] = True
        sounds = [each for each in sounds if not _is_silent(each)]
        found, errors = network.outputs(listener, [each.samples for each in sounds])
        places = [each.place for each in sounds]
        values[places] = found
        truncated[places] = [each.is_cut for each in sounds]
        failed |= {places[row]: error for row, error in errors.items()}
    return Listened(values, truncated, silent, failed)


def _is_silent(turn: Heard) -> bool:
    return float(np.abs(turn.samples).max()) < SILENCE


def _some(given: Iterator[Heard]) -> Iterator[list[Heard]]:
    """Yields turns in groups of about `_HELD_S` seconds."""
    held: list[Heard] = []
    samples = 0
    for each in given:
        held.append(each)
        samples += len(each.samples)
        if samples >= _HELD_S * turns.RATE:
            yield held
            held, samples = [], 0
    if held:
        yield held
