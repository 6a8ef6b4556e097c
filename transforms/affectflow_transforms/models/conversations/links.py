"""Which earlier turns a turn is linked to, and what must be remembered for that.

A turn is linked to the last turn of its own speaker, and to the turn before it if that
is someone else's. A speaker who speaks again later is open: exact inference remembers
the last label of each open speaker, in a place of the frontier, the most recent first.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.texts import Mask

Ints = npt.NDArray[np.int64]

MAX_TURNS = 512
"""Longer conversations are read in windows of this many turns."""
MARGIN = 64
"""Turns at either end of a window that are read, but answered in its neighbour."""


class Links(NamedTuple):
    """Links of the turns of one conversation.

    Attributes:
      own: shape (turns,): the speaker's last turn, or -1.
      other: shape (turns,): the turn before, by someone else, or -1.
      place: shape (turns,): the place of the frontier that is given up for the turn.
      n_places: number of places of the frontier.
      n_cut: links to a speaker's last turn that were cut because no place was free.
    """

    own: Ints
    other: Ints
    place: Ints
    n_places: int
    n_cut: int


class Piece(NamedTuple):
    """Turns of a conversation that are decoded together.

    Attributes:
      rows: their rows in the batch.
      answered: the turns that this piece answers.
      links: the links of the turns.
    """

    rows: Ints
    answered: slice
    links: Links


def pieces(batch: pa.RecordBatch, kept: Mask, max_open: int) -> Iterator[Piece]:
    """Yields the conversations of a batch, long ones in windows that overlap.

    Args:
      batch: with `conversation_id` and `speaker_id`, conversations in order of time.
      kept: shape (rows,): turns that are linked; all others are skipped.
      max_open: as `link` takes it.
    """
    rows = np.flatnonzero(kept)
    if not len(rows):
        return
    talks, speakers = (
        _codes(batch, name)[rows] for name in ("conversation_id", "speaker_id")
    )
    order = np.argsort(talks, kind="stable")
    starts = np.flatnonzero(np.diff(talks[order])) + 1
    for turns in np.split(order, starts):
        for start, end, answered in windows(len(turns)):
            read = turns[start:end]
            links = link(speakers[read].tolist(), max_open)
            yield Piece(rows[read], answered, links)


def _codes(batch: pa.RecordBatch, name: str) -> Ints:
    encoded = pc.dictionary_encode(batch.column(name), null_encoding="encode")
    return np.asarray(encoded.indices, dtype=np.int64)


def link(speakers: Sequence[int], max_open: int) -> Links:
    """Returns the links of a conversation.

    If more speakers are open than there are places, the one who has been silent longest
    is forgotten.

    Args:
      speakers: the speaker of each turn.
      max_open: the maximum number of places, at least 1.
    """
    n_places = max(1, min(max_open, len(set(speakers))))
    last = {speaker: turn for turn, speaker in enumerate(speakers)}
    own, place = (np.full(len(speakers), -1) for _ in range(2))
    latest: dict[int, int] = {}
    front: list[int | None] = [None] * n_places
    n_cut = 0
    for turn, speaker in enumerate(speakers):
        if speaker in front:
            given_up = front.index(speaker)
            own[turn] = latest[speaker]
        else:
            given_up = _given_up(front, last, turn)
            forgotten = front[given_up]
            n_cut += forgotten is not None and last[forgotten] > turn
        place[turn] = given_up
        del front[given_up]
        front.insert(0, speaker)
        latest[speaker] = turn
    before = np.arange(len(speakers)) - 1
    other = np.where(own == before, -1, before)
    return Links(own, other, place, n_places, n_cut)


def _given_up(front: list[int | None], last: dict[int, int], turn: int) -> int:
    """Returns the last place that nobody open holds, or else the last."""
    for place in reversed(range(len(front))):
        speaker = front[place]
        if speaker is None or last[speaker] < turn:
            return place
    return len(front) - 1


def windows(n_turns: int) -> Iterator[tuple[int, int, slice]]:
    """Yields begin and end of each window of a conversation, and what counts of it."""
    if n_turns <= MAX_TURNS:
        yield 0, n_turns, slice(0, n_turns)
        return
    step = MAX_TURNS - 2 * MARGIN
    for start in range(0, n_turns, step):
        first, end = max(0, start - MARGIN), min(start + step, n_turns)
        yield first, min(end + MARGIN, n_turns), slice(start - first, end - first)
