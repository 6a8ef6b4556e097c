"""Tables of values over time, as tools and raters write them, read as tracks."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from affectflow.batches.tracks import TRACKS, US, microseconds
from affectflow.column_names import listed
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.sources.streams import read_all
from affectflow_transforms.tracks.arff import arff_of, is_arff
from affectflow_transforms.tracks.cells import MOSTLY, mostly_numbers

TIMES = (
    *("time", "timestamp", "t", "seconds", "time_s", "approx_time", "mediatime"),
    "frametime",
)
STARTS, ENDS = ("start", "start_s", "onset"), ("end", "end_s", "offset")
MILLISECONDS = ("time_ms", "timestamp_ms", "milliseconds", "ms")
RECORDINGS = ("recording", "input", "file", "name", "instance_name")
SPEAKERS = ("speaker", "participant", "subject")
_WORDS = ("rater", "dimension")
CONFIDENCES = ("confidence", "facescore")
_DECIMAL_COMMA = re.compile(rb"(?m)(?:^|[;\t])-?[0-9]*,[0-9]+\s*(?:[;\t]|$)")
COUNTERS = ("frame", "frameindex", "face_id", "index", "success", "")
"""Columns that count rows, and measure nothing."""
_AVEC = ("instance_name", "timestamp", "arousal", "valence", "liking")
"""The columns of AVEC 2018's labels, whose files have no line of names."""
_NUMBER = re.compile(rb"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_CLOCK = r"^(?:(?P<d>\d+) days? )?(?P<h>\d+):(?P<m>\d+):(?P<s>\d+(?:\.\d+)?)$"
_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_NAMELESS = ("unknown", "noname", "")
"""What openSMILE writes where it was told no name of a recording."""


def table_of(uri: str, *, share: float = MOSTLY, faulty: str | None = None) -> pa.Table:
    """Returns a table whose columns have names without blanks around them.

    The separator is the one that the first line has most of.

    Args:
      uri: of a CSV file with any separator, of ARFF or of Parquet; maybe compressed.
      share: of the cells that makes a column of a CSV file one of numbers.
      faulty: what stands for its other cells: `nan`, or None for null.

    Raises:
      UnmeasuredError: it is none of them, broken, or without rows.
      StorageError: it does not open.
    """
    content = read_all(uri)
    try:
        if content.startswith(b"PAR1"):
            read = parquet.read_table(pa.BufferReader(content))
        else:
            read = (
                arff_of(content) if is_arff(content) else _csv(content, share, faulty)
            )
        names = [name.strip() for name in read.column_names]
    except UnicodeDecodeError as error:
        raise UnmeasuredError(
            "no_table", f"{uri!r} is not UTF-8: save it as CSV in UTF-8"
        ) from error
    except (pa.ArrowInvalid, pa.ArrowKeyError, ValueError) as error:
        raise UnmeasuredError("no_table", f"{uri!r} is not a table: {error}") from error
    if not read.num_rows:
        why = f"{uri!r} has column names but no rows: {listed(names)}"
        raise UnmeasuredError("no_rows", why)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnmeasuredError("no_table", f"{uri!r} has two columns named {twice[0]!r}")
    return read.rename_columns(names)


def _csv(content: bytes, share: float, faulty: str | None) -> pa.Table:
    sign = _separator(content)
    comma = sign != "," and _DECIMAL_COMMA.search(content)
    point = "," if comma else "."
    read = csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(column_names=_names_of(content, sign)),
        parse_options=csv.ParseOptions(delimiter=sign),
        convert_options=csv.ConvertOptions(decimal_point=point),
    )
    words = {*RECORDINGS, *SPEAKERS, *_WORDS}
    return mostly_numbers(read, words, point, share=share, faulty=faulty)


def _names_of(content: bytes, sign: str) -> list[str] | None:
    """Returns the names of columns that a file does not name; None if it does.

    Such a file begins with what the first recording is called, a time and numbers.
    """
    first, *rest = content.partition(b"\n")[0].rstrip(b"\r").split(sign.encode())
    if len(rest) < 2 or _NUMBER.fullmatch(first):
        return None
    if not all(_NUMBER.fullmatch(each) for each in rest):
        return None
    more = [f"value_{n}" for n in range(len(_AVEC), len(rest) + 1)]
    return [*_AVEC, *more][: len(rest) + 1]


def _separator(content: bytes) -> str:
    head = content.partition(b"\n")[0]
    return max(",;\t", key=lambda sign: head.count(sign.encode()))


def column_among(table: pa.Table, names: Iterable[str]) -> str | None:
    """Returns the column of a table that has one of some names, in any case."""
    there = {name.lower(): name for name in reversed(table.column_names)}
    return next((there[name] for name in names if name in there), None)


def starts_of(table: pa.Table, time: str = "", uri: str = "") -> pa.Array:
    """Returns when each row begins, microseconds.

    Args:
      table: as `table_of` gives it.
      time: the column that says so, in seconds; empty for one whose name tells.
      uri: of the table, for messages.

    Raises:
      UnmeasuredError: there is no such column, or it is not of numbers.
    """
    where = f"{uri!r} has " if uri else ""
    if time and time not in table.column_names:
        raise UnmeasuredError(
            "no_such_time_column",
            f"{where}no column {time!r}; it has {listed(table.column_names)}",
        )
    named = time or column_among(table, TIMES) or column_among(table, STARTS)
    millis = None if named else column_among(table, MILLISECONDS)
    if not (named or millis):
        raise UnmeasuredError(
            "no_times",
            f"{where}no column of times; name it with --set time=NAME; columns: "
            f"{listed(table.column_names)}",
        )
    seconds = _seconds(table[named or millis].combine_chunks())
    if seconds is None:
        raise UnmeasuredError("no_times", "times must be numbers of seconds")
    return microseconds(seconds / 1e3 if millis else seconds)


def _seconds(column: pa.Array) -> npt.NDArray[np.float64] | None:
    """Returns times in seconds, NaN where there is none; None if they are not times.

    They are numbers, or written as `0 days 00:00:00.020000`, as pandas does.
    """
    if pa.types.is_string(column.type):
        parts = pc.extract_regex(column, _CLOCK)
        if parts.null_count > column.null_count:
            return None
        column = pa.array(np.zeros(len(column)), mask=np.asarray(pc.is_null(parts)))
        for name, seconds in _SECONDS.items():
            said = pc.struct_field(parts, name)
            number = pc.if_else(pc.equal(said, ""), "0", said).cast(pa.float64())
            column = pc.add(column, pc.multiply(number, seconds))
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    return np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan))


def ends_of(table: pa.Table, starts: pa.Array) -> pa.Array:
    """Returns when each row ends: as it says, or where the next one begins.

    The next one is that of the same recording and speaker; the last row lasts as long
    as most of them.

    Args:
      table: as `table_of` gives it.
      starts: of its rows, microseconds.

    Raises:
      UnmeasuredError: times are missing or go backwards.
    """
    if starts.null_count:
        raise UnmeasuredError("times_missing", "a row has no time")
    times = np.asarray(starts)
    ends = np.empty_like(times)
    for rows in rows_of_each(table):
        steps = np.diff(times[rows])
        if (steps < 0).any():
            raise UnmeasuredError("times_backwards", "times go backwards")
        last = int(np.median(steps)) if len(steps) else US
        ends[rows] = np.append(times[rows][1:], times[rows][-1] + last)
    said = _said_ends(table, times)
    return pa.array(ends if said is None else np.where(said < 0, ends, said))


def _said_ends(
    table: pa.Table, starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    """Returns the ends that a table says, -1 where it does not; None for none."""
    name = column_among(table, ENDS) if column_among(table, STARTS) else None
    seconds = None if name is None else _seconds(table[name].combine_chunks())
    if seconds is None:
        return None
    ends = np.asarray(pc.fill_null(microseconds(seconds), -1))
    if ((ends >= 0) & (ends < starts)).any():
        raise UnmeasuredError("times_backwards", "a row ends before it begins")
    return ends


def rows_of_each(table: pa.Table) -> Iterator[npt.NDArray[np.int64]]:
    """Yields the places of the rows of each recording and speaker, in their order."""
    whose = [_words(table, names) for names in (RECORDINGS, SPEAKERS)]
    codes = [
        np.asarray(pc.fill_null(each.dictionary_encode().indices, -1)) for each in whose
    ]
    _, group = np.unique(np.stack(codes), axis=1, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    bounds = np.flatnonzero(np.diff(group.ravel()[order])) + 1
    yield from (rows for rows in np.split(order, bounds) if len(rows))


def long_tracks(
    table: pa.Table, channels: Sequence[str], starts: pa.Array, ends: pa.Array
) -> pa.Table:
    """Returns the columns of a table as tracks, one below the other.

    Args:
      table: as `table_of` gives it.
      channels: its columns that measure something.
      starts: of its rows, microseconds.
      ends: likewise.
    """
    about = {
        "recording": _words(table, RECORDINGS),
        "speaker": _words(table, SPEAKERS),
        "confidence": _numbers(table, column_among(table, CONFIDENCES)),
        "start_us": starts,
        "end_us": ends,
    }
    pieces = [
        pa.table(
            {
                **about,
                "channel": pa.repeat(name, table.num_rows),
                "value": _numbers(table, name),
            }
        ).select(TRACKS.names)
        for name in channels
    ]
    return pa.concat_tables([TRACKS.empty_table(), *(p.cast(TRACKS) for p in pieces)])


def recordings_of(table: pa.Table) -> pa.Array:
    """Returns the recording that each row of a table names; null for none."""
    return _words(table, RECORDINGS)


def _words(table: pa.Table, names: Iterable[str]) -> pa.Array:
    name = column_among(table, names)
    if name is None or not pa.types.is_string(table[name].type):
        return pa.nulls(table.num_rows, pa.string())
    bare = pc.utf8_trim(table[name].combine_chunks(), "' ")
    nameless = pc.is_in(bare, value_set=pa.array(_NAMELESS))
    return pc.if_else(nameless, pa.scalar(None, pa.string()), bare)


def _numbers(table: pa.Table, name: str | None) -> pa.Array:
    if name is None:
        return pa.nulls(table.num_rows, pa.float64())
    return table[name].combine_chunks().cast(pa.float64())


def measured(table: pa.Table, left_out: Iterable[str] = ()) -> list[str]:
    """Returns the columns of numbers that measure something, in their order."""
    known = {*TIMES, *MILLISECONDS, *STARTS, *ENDS, *CONFIDENCES, *COUNTERS, *left_out}
    return [
        field.name
        for field in table.schema
        if field.name.lower() not in known
        and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
    ]
