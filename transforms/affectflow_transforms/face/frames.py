"""Frames of a table of faces: their times, and which face of each is used."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US
from affectflow.kinds.account import account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.face.instruments import Instrument

WHOSE = ("recording", "input", "speaker")
"""Columns that say whose rows belong together."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Frames(NamedTuple):
    """The rows of a table that are kept: one face of each frame, in order of time.

    Attributes:
      rows: shape (n,): their places in the table.
      start: shape (n,): microseconds.
      end: shape (n,): exclusive, microseconds.
    """

    rows: Integers
    start: Integers
    end: Integers


def frames_of(table: pa.Table, instrument: Instrument, fps: float, uri: str) -> Frames:
    """Returns the face of each frame that can be trusted; the others are counted.

    If a table distinguishes persons, the one in most frames is used; otherwise the face
    with the highest confidence in each frame. Recordings whose times go backwards are
    left out.

    Args:
      table: with the columns that the instrument names.
      instrument: that wrote it.
      fps: frames a second, if the table only counts them.
      uri: of the table.

    Raises:
      UnmeasuredError: a row has no time.
    """
    rows = _own(table, instrument)
    times = _times(table, instrument, fps, uri)
    whose, start = _whose(table)[rows], times[rows]
    sure = floats(table, instrument.confidence)[rows]
    good = _forwards(whose, start)
    good &= _trusted(floats(table, instrument.found)[rows], sure, instrument, good)
    persons = np.nan_to_num(floats(table, instrument.person)[rows], nan=-1)
    good &= _same_person(persons, whose, good)
    one = _one_face(whose, start, np.where(good, np.nan_to_num(sure, nan=1.0), -1.0))
    end = _ends(whose[one], start[one])
    kept = good[one]
    return Frames(rows[one][kept], start[one][kept], end[kept])


def floats(table: pa.Table, name: str) -> Floats:
    """Returns a column of numbers, shape (rows,): NaN where there is none."""
    if not name or name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.asarray(pc.fill_null(table[name].combine_chunks(), np.nan))


def rate(fps: float) -> float:
    """Returns frames per second: 29.97 and its like are thousands by 1,001.

    >>> rate(29.97) == 30000 / 1001, rate(25.0)
    (True, 25.0)
    """
    exact = round(fps) * 1000 / 1001
    return exact if fps != round(fps) and abs(fps - exact) < 0.005 else fps


def _own(table: pa.Table, instrument: Instrument) -> Integers:
    """Returns the places of the rows that are of the instrument."""
    if not instrument.source:
        return np.arange(table.num_rows)
    said = pc.match_substring(table[instrument.source], instrument.source_has)
    return np.flatnonzero(np.asarray(pc.fill_null(said, False)))


def _whose(table: pa.Table) -> Integers:
    """Returns a number for each recording and speaker, shape (rows,)."""
    found = np.zeros(table.num_rows, np.int64)
    for name in WHOSE:
        if name in table.column_names:
            words = table[name].combine_chunks().dictionary_encode()
            codes = np.asarray(pc.fill_null(words.indices, len(words.dictionary)))
            found = found * (len(words.dictionary) + 1) + codes
    return found


def _times(table: pa.Table, instrument: Instrument, fps: float, uri: str) -> Integers:
    """Returns when each row begins, shape (rows,), microseconds."""
    if instrument.frames and not fps:
        raise UnmeasuredError(
            "no_frame_rate",
            f"{uri!r} has frame numbers but no times: give the frame rate, such as "
            "--set fps=30",
        )
    if instrument.frames:
        times = floats(table, instrument.frames) * (US / rate(fps))
    elif instrument.seconds:
        times = floats(table, instrument.seconds) * US
    else:
        times = floats(table, instrument.milliseconds) * (US / 1000)
    if not np.isfinite(times).all():
        raise UnmeasuredError("times_missing", f"{uri!r}: a row has no time")
    return np.rint(times).astype(np.int64)


def _forwards(whose: Integers, start: Integers) -> Flags:
    """Returns which rows are of recordings whose times do not go backwards."""
    order = np.argsort(whose, kind="stable")
    same = np.diff(whose[order]) == 0
    bad = np.unique(whose[order][1:][same & (np.diff(start[order]) < 0)])
    account().tally("no_cue_times_backwards", len(bad))
    return ~np.isin(whose, bad)


def _trusted(
    found: Floats, sure: Floats, instrument: Instrument, asked: Flags
) -> Flags:
    """Returns which rows are of a face that can be trusted."""
    there = found >= 1 if instrument.found else np.ones(len(found), np.bool_)
    if instrument.confidence:
        there = there & ~np.isnan(sure)
    doubtful = sure < instrument.least
    account().tally("no_cue_no_face", int((asked & ~there).sum()))
    account().tally("no_cue_low_confidence", int((asked & there & doubtful).sum()))
    return np.asarray(there & ~doubtful)


def _same_person(persons: Floats, whose: Integers, good: Flags) -> Flags:
    """Returns which rows are of the person present in most frames."""
    if len(np.unique(persons)) < 2:
        return good
    same = np.zeros(len(persons), np.bool_)
    for each in np.unique(whose[good]):
        within = whose == each
        seen, frames = np.unique(persons[within & good], return_counts=True)
        same |= within & (persons == seen[frames.argmax()])
    account().tally("no_cue_another_face", int((good & ~same).sum()))
    return same


def _one_face(whose: Integers, start: Integers, sure: Floats) -> Integers:
    """Returns the places of the surest row of each frame, in order of time.

    Args:
      whose: shape (n,): a number for each recording and speaker.
      start: shape (n,): microseconds.
      sure: shape (n,): below 0 where a row is not good.
    """
    if ((np.diff(whose) == 0) & (np.diff(start) > 0)).all():
        return np.arange(len(start))
    order = np.lexsort((-sure, start, whose))
    again = (np.diff(whose[order]) == 0) & (np.diff(start[order]) == 0)
    first = np.concatenate([[True], ~again])
    account().tally("no_cue_another_face", int((sure[order][~first] >= 0).sum()))
    return np.asarray(order[first])


def _ends(whose: Integers, start: Integers) -> Integers:
    """Returns when each frame ends: where the next begins, or after the usual time."""
    step, same = np.diff(start), np.diff(whose) == 0
    usual = max(1, int(np.median(step[same]))) if same.any() else US
    end = start + usual
    end[:-1] = np.where(same, np.minimum(start[1:], end[:-1]), end[:-1])
    return end
