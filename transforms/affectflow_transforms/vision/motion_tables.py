"""Tables of motion: where something happens in a video, measured by another program.

A table has a column of times and one of motion or intensity, such as the magnitude of
an optical flow, or the strength of an action unit of a face. Events are its peaks.
"""

import functools
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US, recording_of
from affectflow.column_names import listed
from affectflow.errors import StorageError, UsageError
from affectflow.kinds.account import account, open_account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.sources.listing import list_files
from affectflow.sources.streams import read_all
from affectflow.storage import absolute
from affectflow_transforms.tracks.tables import (
    column_among,
    measured,
    recordings_of,
    rows_of_each,
    starts_of,
    table_of,
)
from affectflow_transforms.vision.frames import Floats, Sampling

MOTIONS = ("motion", "movement", "magnitude", "flow", "intensity")
"""Names of the column of motion, in the order in which they are looked for."""
SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
MISSING, CONSTANT = "motion_value_missing", "motion_constant"
_OF_COLUMNS = frozenset({"no_such_column", "no_times", "no_numbers"})


class Motion(NamedTuple):
    """How much moves in one recording.

    Attributes:
      times: shape (n,): seconds from its beginning, rising; n is at least 1.
      values: shape (n,): in any unit, without NaN.
      missing: rows of the table that have no value.
    """

    times: Floats
    values: Floats
    missing: int

    def between(self, frames: Floats, name: str) -> Floats:
        """Returns the motion between each frame and the next one, shape (frames - 1,).

        It is that of the earlier one's time, on a line between two rows of the table.

        Args:
          frames: their times, seconds, rising.
          name: of the video, for messages.

        Raises:
          UnmeasuredError: `no_frame_times`, or `no_motion_then`.
        """
        if np.isnan(frames).any():
            raise UnmeasuredError(
                "no_frame_times",
                f"the frames of {name!r} have no times to look up in a table of "
                "motion; convert it to MP4 or Matroska",
            )
        if frames[-1] < self.times[0] or frames[0] > self.times[-1]:
            raise UnmeasuredError(
                "no_motion_then",
                f"frames of {name!r} are read from {frames[0]:g} s to {frames[-1]:g} "
                f"s, but its motion is known only from {self.times[0]:g} s to "
                f"{self.times[-1]:g} s",
            )
        return np.interp(frames[:-1], self.times, self.values)


@dataclass(frozen=True)
class MotionTables:
    """The motion of recordings, by their names.

    Args:
      uris: of the tables.
      column: of motion; empty for one whose name tells, or the only one of numbers.
      digest: tells these tables from others, wherever they lie.
    """

    uris: tuple[str, ...]
    column: str
    digest: str

    @classmethod
    def of_option(cls, said: str, sampling: Sampling | None) -> "MotionTables | None":
        """Returns what the option `motion` names; None if it is empty.

        Args:
          said: path, glob, folder or URL of tables, and maybe `:COLUMN`.
          sampling: which frames are looked at; None for none.

        Raises:
          UsageError: there is no such table, or frames are not those of events.
          StorageError: the file system refuses.
        """
        if not said:
            return None
        if sampling is None or sampling.by != "events":
            raise UsageError(
                "`motion` says where events are, so it needs frames=events:N; got "
                f"motion={said!r} without it"
            )
        pattern, column = _parted(said)
        uris = tuple(file.uri for file in list_files(absolute(pattern), SUFFIXES))
        return cls(uris, column, _digest(uris, column))

    def motion(self, uri: str) -> Motion:
        """Returns the motion of a recording.

        Raises:
          UnmeasuredError: no table covers it, or its values cannot be used.
        """
        name, tables = recording_of(uri), _read(self)
        found = tables.recordings.get(name) or tables.faults.get(name)
        if isinstance(found, Motion):
            return found
        if found is None:
            others = [str(fault) for fault in tables.faults.values()]
            unread = f"; {others[0]}" if others else ""
            found = UnmeasuredError(
                "no_motion", f"no table of `motion` covers {name!r}{unread}"
            )
        raise UnmeasuredError(found.reason, str(found))

    def check(self) -> None:
        """Raises UsageError if no table has the columns that are needed."""
        tables = _read(self)
        for fault in tables.faults.values():
            if not tables.recordings and fault.reason in _OF_COLUMNS:
                raise UsageError(str(fault))

    def tally(self, uris: Iterable[str]) -> None:
        """Counts values that are missing, and recordings in which nothing changes."""
        known = _read(self).recordings
        for name in {recording_of(uri) for uri in uris} & known.keys():
            account().tally(MISSING, known[name].missing)
            account().tally(CONSTANT, int(np.ptp(known[name].values) == 0))


class _Tables(NamedTuple):
    """What tables say about recordings, by the names of these; and why others do not.

    A table that cannot be read stands under the name that it has itself.
    """

    recordings: dict[str, Motion]
    faults: dict[str, UnmeasuredError]


def _parted(said: str) -> tuple[str, str]:
    """Returns a pattern of files, and the column of motion.

    >>> _parted("au/*.csv:AU12_r"), _parted("s3://calls/motion.csv")
    (('au/*.csv', 'AU12_r'), ('s3://calls/motion.csv', ''))
    """
    pattern, _, column = said.rpartition(":")
    # A column is not the rest of an address, of a drive, or of a chained archive.
    if not pattern or pattern.endswith(":") or set(column) & {"/", "\\"}:
        return said, ""
    return pattern, column


def _digest(uris: Iterable[str], column: str) -> str:
    digest = hashlib.blake2b(column.encode(), digest_size=8)
    for name, content in sorted((recording_of(uri), _content(uri)) for uri in uris):
        digest.update(f"\n{name} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _content(uri: str) -> bytes:
    """Returns what a table holds; nothing of one that cannot be read."""
    try:
        return read_all(uri)
    except StorageError:
        return b""


@functools.lru_cache(maxsize=2)
def _read(tables: MotionTables) -> _Tables:
    found: dict[str, list[Motion | UnmeasuredError]] = defaultdict(list)
    for uri in tables.uris:
        try:
            for name, motion in _recordings(uri, tables.column):
                found[name].append(motion)
        except UnmeasuredError as error:
            found[recording_of(uri)].append(error)
        except StorageError as error:
            unread = UnmeasuredError("unreadable_file", str(error))
            found[recording_of(uri)].append(unread)
    one = {name: _only(name, said) for name, said in found.items()}
    return _Tables(
        {name: said for name, said in one.items() if isinstance(said, Motion)},
        {name: said for name, said in one.items() if not isinstance(said, Motion)},
    )


def _only(name: str, said: list[Motion | UnmeasuredError]) -> Motion | UnmeasuredError:
    if len(said) == 1:
        return said[0]
    return UnmeasuredError(
        "two_files_of_one_recording",
        f"{len(said)} tables of `motion` cover {name!r}: keep one of them",
    )


def _recordings(
    uri: str, column: str
) -> Iterator[tuple[str, Motion | UnmeasuredError]]:
    """Yields the recordings of a table, each with its motion, or why it has none."""
    # Cells that are no numbers are counted with those that are empty, in `tally`.
    with open_account():
        table = table_of(uri)
    starts = starts_of(table, uri=uri)
    values = _values(table, column, uri)
    names = pc.fill_null(recordings_of(table), uri).to_pylist()
    parts: dict[str, list[pa.Array]] = defaultdict(list)
    for rows in rows_of_each(table):
        parts[recording_of(names[rows[0]])].append(rows)
    for name, places in parts.items():
        try:
            times = [_times(starts, rows, name, uri) for rows in places]
            motion = _motion(times, [values[rows] for rows in places], name, uri)
        except UnmeasuredError as error:
            yield name, error
        else:
            yield name, motion


def _values(table: pa.Table, column: str, uri: str) -> Floats:
    """Returns the column of motion, shape (rows,): NaN where it says nothing."""
    there = measured(table)
    named = column or column_among(table, MOTIONS)
    if named is None and len(there) == 1:
        named = there[0]
    if named in there:
        column_of = table[named].combine_chunks().cast(pa.float64())
        return np.asarray(pc.fill_null(column_of, np.nan))
    if not there:
        raise UnmeasuredError("no_numbers", f"{uri!r} has no column of numbers")
    say = f"has no numbers in {named!r}" if named else "has several columns of numbers"
    raise UnmeasuredError(
        "no_such_column",
        f"{uri!r} {say}; name the column of the motion, as motion=FILE:COLUMN; "
        f"columns: {listed(there)}",
    )


def _times(starts: pa.Array, rows: pa.Array, name: str, uri: str) -> Floats:
    own = starts.take(pa.array(rows))
    if own.null_count:
        raise UnmeasuredError(
            "times_missing", f"{uri!r}: a row of {name!r} has no time"
        )
    times = np.asarray(own)
    if (np.diff(times) < 0).any():
        raise UnmeasuredError(
            "times_backwards", f"{uri!r}: the times of {name!r} go backwards"
        )
    return times / US


def _motion(times: list[Floats], values: list[Floats], name: str, uri: str) -> Motion:
    """Returns the motion of a recording: of several rows at one time, the largest."""
    when, moved = np.concatenate(times), np.concatenate(values)
    known = np.isfinite(moved)
    if not known.any():
        raise UnmeasuredError("no_values", f"{uri!r} has no motion values of {name!r}")
    order = np.argsort(when[known], kind="stable")
    rising, first = np.unique(when[known][order], return_index=True)
    largest = np.maximum.reduceat(moved[known][order], first)
    return Motion(rising, largest, int((~known).sum()))
