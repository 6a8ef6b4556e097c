"""Tables of faces, as instruments write them, read as tracks: column by column.

Only the columns that are needed are parsed, and only one face of a frame is kept.
"""

import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from affectflow.batches.tracks import TRACKS
from affectflow.kinds.account import account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.sources.streams import read_all
from affectflow_transforms.face.frames import Floats, Frames, floats, frames_of
from affectflow_transforms.face.instruments import (
    Instrument,
    Scale,
    channel_of,
    instrument_of,
    instruments,
)
from affectflow_transforms.tracks.cells import numbers

WORDS = {"recording": ("recording", "input"), "speaker": ("speaker",)}
"""Columns of words that are read, by what they are in `TRACKS`."""

_HEAD_BYTES = 1 << 18
_NUMBER = pa.float64()
_NULLS = ("", "NaN", "nan", "-nan", "-nan(ind)", "nan(ind)", "NA", "null", "None")
_NOTHING = [blank + word for blank in ("", " ") for word in _NULLS]
_DECIMAL_COMMA = re.compile(rb"[;\t]\s*-?[0-9]+,[0-9]")


class Head(NamedTuple):
    """What the first lines of a table say.

    Attributes:
      lines: how many there are before the first row, the header among them.
      columns: as they are written.
      separator: of columns.
      decimal_point: of numbers.
    """

    lines: int
    columns: tuple[str, ...]
    separator: str
    decimal_point: str

    @property
    def names(self) -> list[str]:
        """The names of the columns, without blanks around them."""
        return [column.strip() for column in self.columns]


def faces_of(uri: str, fps: float = 0.0) -> pa.Table:
    """Returns what an instrument says about faces, as rows of `TRACKS`.

    Channels are named `cue@scale`. Frames without a face, or not to be trusted, are
    left out, and so are all faces of a frame but one. What is left out is counted.

    Args:
      uri: of a table; maybe compressed.
      fps: frames a second, for tables that only count them; 0 if unknown.

    Raises:
      UnmeasuredError: no instrument that is known wrote it, or it says nothing.
      StorageError: it does not open.
    """
    content = pa.py_buffer(read_all(uri))
    head = head_of(content, uri)
    instrument = instrument_of(head.names)
    if instrument is None:
        known = ", ".join(each.name for each in instruments())
        raise UnmeasuredError(
            "unknown_instrument", f"{uri!r} is not a table of {known}, by its header"
        )
    table = _parsed(content, head, instrument, uri)
    frames = frames_of(table, instrument, fps, uri)
    if not len(frames.rows):
        raise UnmeasuredError(
            "no_face_in_file", f"{uri!r} has no frame with a reliably detected face"
        )
    return _long(table, instrument, frames)


def head_of(content: pa.Buffer, uri: str) -> Head:
    """Returns the header: the first line that is neither empty nor a comment.

    Args:
      content: of a table.
      uri: of the table.

    Raises:
      UnmeasuredError: there is no such line.
    """
    sample = content[:_HEAD_BYTES].to_pybytes()
    lines = io.StringIO(sample.decode("utf-8-sig", "replace"), newline=None)
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith("#"):
            sign = max(",;\t", key=line.count)
            columns = [name.strip('"') for name in line.rstrip("\n").split(sign)]
            comma = sign != "," and _DECIMAL_COMMA.search(sample)
            return Head(number + 1, tuple(columns), sign, "," if comma else ".")
    raise UnmeasuredError("no_table", f"{uri!r} has no header row")


class _Cut:
    """Counts rows that have another number of values than the header."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, row: csv.InvalidRow) -> str:
        self.rows += 1
        return "skip"


def _parsed(
    content: pa.Buffer, head: Head, instrument: Instrument, uri: str
) -> pa.Table:
    """Returns the columns that are needed.

    Rows with too few or too many values, as the last one of a file that was cut, are
    left out and counted.
    """
    wanted = _wanted(head, instrument)
    try:
        table, cut = _read(content, head, wanted)
    except pa.ArrowInvalid:
        table, cut = _with_faulty_cells(content, head, wanted, uri)
    except (pa.ArrowKeyError, UnicodeDecodeError) as error:
        raise UnmeasuredError("no_table", f"{uri!r} is not a table: {error}") from error
    account().tally("no_cue_cut_row", cut)
    return table.rename_columns([name.strip() for name in wanted]).combine_chunks()


def _read(
    content: pa.Buffer, head: Head, wanted: dict[str, pa.DataType]
) -> tuple[pa.Table, int]:
    """Returns columns, and how many rows were cut."""
    cut = _Cut()
    converting = csv.ConvertOptions(
        column_types=wanted,
        include_columns=list(wanted),
        null_values=_NOTHING,
        strings_can_be_null=True,
        decimal_point=head.decimal_point,
    )
    table = csv.read_csv(
        pa.BufferReader(content),
        csv.ReadOptions(skip_rows=head.lines, column_names=list(head.columns)),
        csv.ParseOptions(delimiter=head.separator, invalid_row_handler=cut),
        converting,
    )
    return table, cut.rows


def _with_faulty_cells(
    content: pa.Buffer, head: Head, wanted: dict[str, pa.DataType], uri: str
) -> tuple[pa.Table, int]:
    """Returns what `_read` does, where cells of numbers that are none are missing."""
    try:
        table, cut = _read(content, head, dict.fromkeys(wanted, pa.string()))
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise UnmeasuredError("no_table", f"{uri!r} is not a table: {error}") from error
    columns = []
    for name, type_ in wanted.items():
        column = table[name]
        of_numbers = type_ == _NUMBER
        columns.append(numbers(column, head.decimal_point) if of_numbers else column)
    return pa.table(columns, names=list(wanted)), cut


def _wanted(head: Head, instrument: Instrument) -> dict[str, pa.DataType]:
    """Returns the columns to parse, as they are written, and their types."""
    numbers = {*instrument.about, *instrument.channels(head.names)}
    words = {instrument.source, *(name for names in WORDS.values() for name in names)}
    pairs = zip(head.columns, head.names, strict=True)
    return {
        column: _NUMBER if name in numbers else pa.string()
        for column, name in pairs
        if name in numbers | words
    }


def _long(table: pa.Table, instrument: Instrument, frames: Frames) -> pa.Table:
    """Returns the columns of a table as tracks, one below the other."""
    rows = pa.array(frames.rows)
    sure = floats(table, instrument.confidence)[frames.rows]
    about = {
        **{name: _words(table, names).take(rows) for name, names in WORDS.items()},
        "start_us": pa.array(frames.start),
        "end_us": pa.array(frames.end),
        "confidence": pa.array(sure, from_pandas=True),
    }
    pieces = [
        pa.table(
            {**about, "channel": pa.repeat(channel, len(rows)), "value": values}
        ).select(TRACKS.names)
        for channel, values in _values(table, instrument, rows)
    ]
    return pa.concat_tables(piece.cast(TRACKS) for piece in pieces)


def _words(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    named = next((name for name in names if name in table.column_names), None)
    if named is None:
        return pa.nulls(table.num_rows, pa.string())
    return table[named].combine_chunks()


def _values(
    table: pa.Table, instrument: Instrument, rows: pa.Array
) -> Iterator[tuple[str, pa.Array]]:
    """Yields each channel and its values, null where they are none; counts these."""
    channels = instrument.channels(table.column_names)
    for name, (cue, scale) in channels.items():
        values = table[name].combine_chunks().take(rows)
        yield channel_of(cue, scale), _on_scale(values, scale)


def _on_scale(values: pa.Array, scale: Scale) -> pa.Array:
    values = pa.array(values.to_numpy(zero_copy_only=False), from_pandas=True)
    account().tally("no_cue_value_missing", values.null_count)
    on = pc.and_(pc.greater_equal(values, scale.low), pc.less_equal(values, scale.high))
    kept = pc.if_else(on, values, pa.scalar(None, _NUMBER))
    account().tally("no_cue_value_outside_scale", kept.null_count - values.null_count)
    return kept


def channels_of(tracks: pa.Table) -> tuple[dict[str, Floats], pa.Table]:
    """Returns the values of each channel, and the frames in which they were measured.

    Args:
      tracks: of one recording, as `faces_of` gives them: one channel below the other,
        each of the same frames.

    Returns:
      The values of each channel by its name, shape (frames,), in the order of names;
      and the frames as rows of `TRACKS`, whose value is their place among the values.
    """
    names = pc.unique(tracks["channel"]).to_pylist()
    frames = tracks.slice(0, tracks.num_rows // len(names))
    values = np.asarray(pc.fill_null(tracks["value"], np.nan)).reshape(len(names), -1)
    places = pa.array(np.arange(frames.num_rows, dtype=np.float64))
    column = frames.column_names.index("value")
    return (
        dict(sorted(zip(names, values, strict=True))),
        frames.set_column(column, "value", places),
    )
