"""Recordings with one channel per speaker, as in call centres: who is on which."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import TRACKS
from affectflow.kinds.account import account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.voice.analysis import Voice
from affectflow_transforms.voice.tracks import HOP_US, tracks_of_voice

Flags = npt.NDArray[np.bool_]

UNCLEAR = "no_cue_no_channel_of_their_own"
_CLEARLY = 2.0
"""Times as much speech in a speaker's turns as on any other channel: it is theirs."""
_LEAST = 1 / 3
"""Share of the time of their turns in which there is speech on it."""

_MOST = 16


class Heard(NamedTuple):
    """One channel.

    Attributes:
      voice: what was measured of its frames.
      speech: shape (n,): which of them are speech.
    """

    voice: Voice
    speech: Flags


def check_channels(count: int, uri: str) -> None:
    """Raises UnmeasuredError if a recording has one channel, or very many.

    Each is decoded on its own, and a header may claim any number.
    """
    if count == 1:
        raise UnmeasuredError(
            "one_channel", f"{uri!r} has one channel: leave channels=apart out"
        )
    if count > _MOST:
        raise UnmeasuredError(
            "too_many_channels",
            f"{uri!r} has {count} channels, but at most {_MOST} can be told apart",
        )


def apart(channels: Sequence[Heard], uri: str) -> pa.Table:
    """Returns the tracks of each channel, with its number as prefix of their names.

    A channel that cannot be measured, such as a silent one, has none.

    Args:
      channels: all of a recording.
      uri: of the recording, for messages.

    Raises:
      UnmeasuredError: as `tracks_of_voice`, if no channel can be measured.
    """
    anyone = np.logical_or.reduce([each.speech for each in channels])
    found, faults = [], []
    for number, heard in enumerate(channels, 1):
        try:
            tracks = tracks_of_voice(*heard, uri, anyone=anyone)
        except UnmeasuredError as error:
            faults.append(error)
        else:
            found.append(_named(tracks, f"{number} "))
    if not found:
        raise faults[0]
    return pa.concat_tables(found)


def of_speakers(turns: pa.Table, tracks: pa.Table) -> pa.Table:
    """Returns the tracks of each speaker: those of their channel.

    That is the one with more than twice as much speech during their turns as any other,
    and in a third of their time. Where there is none, nothing is known of the speaker,
    and their turns are counted.

    Args:
      turns: of `TURNS`, of one recording.
      tracks: as `apart` gives them.
    """
    numbers = pc.list_element(pc.split_pattern(tracks["channel"], " "), 0)
    by_number = {
        each: tracks.filter(pc.equal(numbers, each))
        for each in pc.unique(numbers).to_pylist()
    }
    found = [TRACKS.empty_table()]
    for speaker, own in _by_speaker(turns):
        spoken = {n: _spoken(own, each) for n, each in by_number.items()}
        number = _clearest(spoken) if speaker else ""
        if number:
            bare = _bare(by_number[number], f"{number} ")
            found.append(_of(bare, speaker))
        else:
            account().tally(UNCLEAR, own.num_rows)
    return pa.concat_tables(found)


def _by_speaker(turns: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    speakers = pc.fill_null(turns["speaker_id"], "")
    for speaker in sorted(set(speakers.to_pylist())):
        yield speaker, turns.filter(pc.equal(speakers, speaker))


def _spoken(turns: pa.Table, tracks: pa.Table) -> float:
    """Returns in what share of the time of turns there is speech on a channel."""
    loud = tracks.filter(pc.match_substring_regex(tracks["channel"], " loudness$"))
    frames = np.sort(np.asarray(loud["start_us"]))
    start, end = (np.asarray(turns[f"{name}_us"]) for name in ("start", "end"))
    first, last = np.searchsorted(frames, start), np.searchsorted(frames, end)
    spoken = (last - first).clip(min=0).sum() * float(HOP_US)
    return float(spoken / max((end - start).astype(np.float64).sum(), 1.0))


def _clearest(spoken: dict[str, float]) -> str:
    first, *others = sorted(spoken, key=lambda number: -spoken[number])
    next_best = spoken[others[0]] if others else 0.0
    clear = spoken[first] >= max(_LEAST, _CLEARLY * next_best)
    return first if clear else ""


def _named(tracks: pa.Table, prefix: str) -> pa.Table:
    names = pc.binary_join_element_wise(prefix, tracks["channel"], "")
    return _with(tracks, "channel", names)


def _bare(tracks: pa.Table, prefix: str) -> pa.Table:
    names = pc.utf8_slice_codeunits(tracks["channel"], len(prefix))
    return _with(tracks, "channel", names)


def _of(tracks: pa.Table, speaker: str) -> pa.Table:
    return _with(tracks, "speaker", pa.repeat(speaker, tracks.num_rows))


def _with(tracks: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return tracks.set_column(TRACKS.names.index(name), TRACKS.field(name), values)
