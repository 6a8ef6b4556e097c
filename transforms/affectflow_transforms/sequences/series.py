"""Series: the frames of a recording as a matrix, read from an instrument's table.

Tables of OpenFace, Py-Feat and iMotions are read as `RenderFace` reads them: the surest
face of each frame, frames without one left out. Of any other table, each column of
numbers is a channel.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import TRACKS, US, recording_of
from affectflow.column_names import listed
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.face.frames import rate
from affectflow_transforms.face.instruments import AT, instrument_of
from affectflow_transforms.face.tables import channels_of, faces_of
from affectflow_transforms.tracks.tables import (
    CONFIDENCES,
    COUNTERS,
    RECORDINGS,
    SPEAKERS,
    column_among,
    measured,
    recordings_of,
    rows_of_each,
    starts_of,
    table_of,
)
from affectflow_transforms.tracks.windows import WindowAlign

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

SUFFIXES = (".csv", ".tsv", ".txt", ".arff", ".parquet")
SAME_RATE = 0.01
"""Rates that are less than this share apart are one: 29.97 and 30, but not 25."""
_GAP = 1.5
"""A step that is longer than so many usual ones is a gap."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How tables are read.

    Args:
      channels: the columns that are read, or patterns of them as `AU*`; a unit such as
        `AU12` stands for those of the instrument that measure it. Empty for all columns
        of numbers.
      fps: frames per second of tables that only count frames; 0 if unknown: then a
        frame is a step, and there are no times.
      hz: rate of the grid that values are put on; 0 leaves them as they are.
      time: the column of times, in seconds; empty to find it by its name.
      ratings: columns that rate frames, and are no channels.
    """

    channels: tuple[str, ...] = ()
    fps: float = 0.0
    hz: float = 0.0
    time: str = ""
    ratings: tuple[str, ...] = ()


class Series(NamedTuple):
    """The frames of one recording, or of one speaker in it, in order of time.

    Attributes:
      recording: its name.
      speaker: who is measured; empty if the table does not say.
      channels: names of the columns of `values`.
      starts: shape (frames,): microseconds, rising; of tables without times a frame
        counts as a second.
      values: shape (frames, channels): finite numbers.
      ratings: shape (frames, ratings): NaN where a frame has none.
      has_times: whether `starts` are times.
      left_out: frames that say nothing, by reason.
    """

    recording: str
    speaker: str
    channels: tuple[str, ...]
    starts: Integers
    values: Floats
    ratings: Floats
    has_times: bool
    left_out: Counter[str]

    @property
    def rate(self) -> float:
        """Frames per second, gaps left out; per frame number without times; or 0."""
        steps = np.diff(self.starts)
        if not len(steps):
            return 0.0
        return float(US / steps[steps <= _GAP * np.median(steps)].mean())

    @property
    def ends(self) -> Integers:
        """The ends, exclusive, of the stretches without a gap: places of frames."""
        steps = np.diff(self.starts)
        usual = np.median(steps) if len(steps) else US
        return np.append(np.flatnonzero(steps > _GAP * usual) + 1, len(self.starts))

    def part(self, rows: npt.NDArray[np.bool_]) -> Self:
        """Returns some of the frames."""
        return self._replace(
            starts=self.starts[rows],
            values=self.values[rows],
            ratings=self.ratings[rows],
        )


def series_of(uri: str, reading: Reading) -> list[Series]:
    """Returns the series of a table: one for each recording and speaker.

    Raises:
      UnmeasuredError: it is not a table, a column is missing, or times are not in
        order.
      StorageError: it does not open.
    """
    table = table_of(uri)
    instrument = instrument_of(table.column_names)
    if instrument is not None and not reading.time:
        counts = bool(instrument.frames)
        fps = reading.fps or (1.0 if counts else 0.0)
        has_times = not counts or bool(reading.fps)
        found = list(_of_faces(faces_of(uri, fps), uri, reading, has_times))
    else:
        found = list(_of_table(table, uri, reading))
    return [_on_grid(each, reading.hz) for each in found]


def check_rate(series: Series, wanted: float, cure: str) -> None:
    """Raises UnmeasuredError if a series has another rate than one that is wanted.

    Args:
      series: of a recording; one of a single frame has no rate.
      wanted: frames per second; 0 for any.
      cure: what to do.
    """
    found = series.rate
    if wanted and found and abs(found / wanted - 1) > SAME_RATE:
        raise UnmeasuredError(
            "another_rate",
            f"the recording {series.recording!r} has {found:.4g} frames per second, "
            f"not {wanted:.4g}: {cure}",
        )


# -- tables of faces -------------------------------------------------------------------


def _of_faces(
    tracks: pa.Table, uri: str, reading: Reading, has_times: bool
) -> Iterator[Series]:
    names = pc.fill_null(tracks["recording"], uri).combine_chunks()
    speakers = pc.fill_null(tracks["speaker"], "").combine_chunks()
    for name in pc.unique(names).to_pylist():
        for speaker in pc.unique(speakers.filter(pc.equal(names, name))).to_pylist():
            own = pc.and_(pc.equal(names, name), pc.equal(speakers, speaker))
            channels, frames = channels_of(tracks.filter(own))
            wanted = _wanted(reading.channels, list(channels), uri)
            series = Series(
                recording=recording_of(name),
                speaker=speaker,
                channels=wanted,
                starts=np.asarray(frames["start_us"], np.int64),
                values=np.stack([channels[each] for each in wanted], 1).astype("f4"),
                ratings=np.empty((frames.num_rows, 0), np.float32),
                has_times=has_times,
                left_out=Counter(),
            )
            yield _finite(series)


def _wanted(channels: Sequence[str], there: list[str], uri: str) -> tuple[str, ...]:
    """Returns the columns that are read; a unit stands for all scales of it."""
    found: list[str] = []
    for name in channels:
        same = [e for e in there if _fits(name, e) or _fits(name, e.partition(AT)[0])]
        if not same:
            raise UnmeasuredError(
                "no_such_column",
                f"{uri!r} has no column {name!r} of numbers; it has {listed(there)}",
            )
        found += [each for each in same if each not in found]
    return tuple(found or there)


def _fits(name: str, column: str) -> bool:
    return name == column or fnmatchcase(column, name)


# -- other tables ----------------------------------------------------------------------


def _of_table(table: pa.Table, uri: str, reading: Reading) -> Iterator[Series]:
    table = _named(table)
    starts, has_times = _starts(table, uri, reading)
    about = [reading.time.lower(), *(n.lower() for n in (*SPEAKERS, *reading.ratings))]
    wanted = _wanted(reading.channels, measured(table, about), uri)
    if not wanted:
        raise UnmeasuredError("no_numbers", f"{uri!r} has no column of numbers")
    values = np.stack([_numbers(table, name) for name in wanted], 1)
    rated = [_numbers(table, n) for n in reading.ratings if n in table.column_names]
    ratings = np.stack(rated, 1) if rated else np.empty((len(values), 0))
    names, speakers = recordings_of(table).to_pylist(), _speakers(table)
    unsure = _unsure(table)
    for rows in rows_of_each(table):
        first = int(rows[0])
        series = Series(
            recording=recording_of(names[first] or uri),
            speaker=speakers[first],
            channels=wanted,
            starts=starts[rows],
            values=values[rows].astype(np.float32),
            ratings=ratings[rows].astype(np.float32),
            has_times=has_times,
            left_out=Counter(),
        )
        _check_order(series, uri)
        yield _finite(_without(series, unsure[rows], "without confidence"))


def _named(table: pa.Table) -> pa.Table:
    """Returns a table whose recordings and speakers are words, also if numbered."""
    for names in (RECORDINGS, SPEAKERS):
        name = column_among(table, names)
        if name is not None:
            words = table[name].cast(pa.string())
            table = table.set_column(table.column_names.index(name), name, words)
    return table


def _starts(table: pa.Table, uri: str, reading: Reading) -> tuple[Integers, bool]:
    """Returns when each frame begins, and whether that is a time."""
    try:
        times = starts_of(table, reading.time, uri)
    except UnmeasuredError as error:
        counter = column_among(table, COUNTERS[:2])
        if reading.time or error.reason != "no_times" or counter is None:
            raise
        width = US / rate(reading.fps) if reading.fps else float(US)
        frames = _numbers(table, counter)
        if not np.isfinite(frames).all():
            why = f"{uri!r}: a row has no frame number"
            raise UnmeasuredError("times_missing", why) from error
        return np.rint(frames * width).astype(np.int64), bool(reading.fps)
    if times.null_count:
        raise UnmeasuredError("times_missing", f"{uri!r}: a row has no time")
    return np.asarray(times, np.int64), True


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    column = table[name].combine_chunks().cast(pa.float64())
    return np.asarray(pc.fill_null(column, np.nan))


def _speakers(table: pa.Table) -> list[str]:
    name = column_among(table, SPEAKERS)
    if name is None:
        return [""] * table.num_rows
    words: list[str] = pc.fill_null(table[name], "").to_pylist()
    return words


def _unsure(table: pa.Table) -> npt.NDArray[np.bool_]:
    """Returns the frames whose confidence is missing, though the table has one."""
    name = column_among(table, CONFIDENCES)
    if name is None:
        return np.zeros(table.num_rows, np.bool_)
    return np.asarray(np.isnan(_numbers(table, name)))


def _check_order(series: Series, uri: str) -> None:
    steps = np.diff(series.starts)
    if (steps < 0).any():
        why = f"{uri!r}: times of the recording {series.recording!r} go backwards"
        raise UnmeasuredError("times_backwards", why)
    if (steps == 0).any():
        place = int(np.flatnonzero(steps == 0)[0])
        at = series.starts[place] / US
        what = f"the time {at:g} s" if series.has_times else f"the frame {at:.0f}"
        raise UnmeasuredError(
            "frame_twice",
            f"{uri!r} has {what} of the recording {series.recording!r} twice: leave "
            "one row of each frame",
        )


def _finite(series: Series) -> Series:
    bad = np.asarray(~np.isfinite(series.values).all(axis=1))
    return _without(series, bad, "without a value")


def _without(series: Series, bad: npt.NDArray[np.bool_], reason: str) -> Series:
    n = int(bad.sum())
    if not n:
        return series
    left_out = series.left_out + Counter({reason: n})
    return series.part(~bad)._replace(left_out=left_out)


# -- on a grid -------------------------------------------------------------------------


def _on_grid(series: Series, hz: float) -> Series:
    """Returns a series whose frames are the windows of a grid, as `WindowAlign` has it.

    A window in which nothing was measured is a gap. Ratings go along.
    """
    if not hz or not len(series.starts):
        return series
    if not series.has_times:
        raise UnmeasuredError(
            "no_frame_rate",
            f"the recording {series.recording!r} has frame numbers but no times: give "
            "the frame rate, such as --set fps=30",
        )
    both = np.hstack([series.values, series.ratings]).astype(np.float64)
    usual = round(US / series.rate) if series.rate else US
    ends = series.starts + usual
    ends[:-1] = np.minimum(ends[:-1], series.starts[1:])
    grid = WindowAlign(width_us=round(US / hz))
    rows = grid.values(_as_tracks(series, both, ends))
    window = np.asarray(rows["window"])
    place, at = np.unique(window, return_inverse=True)
    channel = np.array([int(name) for name in rows["channel"].to_pylist()])
    matrix = np.full((len(place), both.shape[1]), np.nan, np.float32)
    matrix[at, channel] = np.asarray(rows["mean"])
    n = len(series.channels)
    found = series._replace(
        starts=place * grid.width_us, values=matrix[:, :n], ratings=matrix[:, n:]
    )
    return _finite(found)


def _as_tracks(
    series: Series, columns: npt.NDArray[np.float64], ends: Integers
) -> pa.Table:
    frames, n = columns.shape
    rows = {
        "recording": pa.repeat(series.recording, frames * n),
        "speaker": pa.repeat(series.speaker, frames * n),
        "channel": np.repeat(np.arange(n), frames).astype(str),
        "start_us": np.tile(series.starts, n),
        "end_us": np.tile(ends, n),
        "value": columns.T.ravel(),
        "confidence": pa.nulls(frames * n, pa.float64()),
    }
    return pa.table(rows).cast(TRACKS)
