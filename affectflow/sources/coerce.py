"""Values as sources spell them, as the types of our columns; lenient."""

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.schemas import TIME, UTTERANCES

_SURROGATES = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_BASIC_DATE = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", re.ASCII)
_OFFSET = r"[T ]\d{2}[:\d.]*(?P<offset>[+-]\d{2}(?::?\d{2})?)$"
_ZONE = re.compile(r"[+-]\d{2}(:?\d{2})?(\s|$)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_TWO = -62_104_060_800_000_000  # microseconds since 1970
_YEAR_2101 = 4_133_980_800_000_000
# Numbers below are days of a spreadsheet, seconds of a recording or rows of a table.
_YEAR_1971_S = 31_536_000
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)(?:[.,](\d{1,3}))?", re.ASCII)
_WORDS = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "1.0"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "0.0"), False),
}


def text_of(value: Any) -> str | None:
    """Returns a JSON value as the text that a column holds.

    Whole numbers lose their fraction (`12.0` is an id that a data frame wrote);
    lists and objects become JSON; half a surrogate pair becomes U+FFFD.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATES.sub("\ufffd", value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    compact = json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), default=text_of
    )
    return _SURROGATES.sub("\ufffd", compact)


def _float_text(value: float) -> str | None:
    if math.isnan(value) or math.isinf(value):
        return None
    return format(Decimal(repr(value)).normalize(), "f")


def strings(values: list[Any]) -> pa.Array:
    """Returns a list of JSON values as one column of text."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
        return pa.array([text_of(value) for value in values], pa.string())


def as_type(column: pa.Array, name: str) -> pa.Array:
    """Returns a column of text as the type of the utterances column `name`.

    What does not read as that type is null. Times have a function of their own.
    """
    type_ = UTTERANCES.field(name).type
    if column.type == type_:
        return column
    if pa.types.is_boolean(type_):
        return _mapped(column, lambda text: _WORDS.get(text.strip().lower()), type_)
    if name in ("start_s", "end_s"):
        return _mapped(column, _seconds, type_)
    if pa.types.is_floating(type_):
        return _mapped(column, _number, type_)
    if pa.types.is_integer(type_):
        return _mapped(column, _small_integer, type_)
    return column.cast(type_)


def _mapped(column: pa.Array, function: Callable[[str], Any], type_: Any) -> pa.Array:
    known = {text: function(text) for text in pc.unique(column.drop_null()).to_pylist()}
    return pa.array([known.get(text) for text in column.to_pylist()], type_)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _seconds(text: str) -> float | None:
    """Returns seconds, also of a time as subtitles write it: `00:20:57,256`."""
    clock = _CLOCK.fullmatch(text.strip())
    if not clock:
        return _number(text)
    hours, minutes, seconds, fraction = clock.groups("0")
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return float(f"{whole}.{fraction}")


def _small_integer(text: str) -> int | None:
    value = _number(text)
    return round(value) if value is not None and abs(value) < 1 << 15 else None


# -- times -----------------------------------------------------------------------


def times(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Returns times in UTC, and the offset that was written, in minutes.

    `column` is text (see `parse_time`) or of a date or time type. What does not
    read as a time is null, and so are times after 2100; so is an offset that was not
    written, or written as Z.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        found = column.cast(TIME, safe=False)
        late = pc.greater_equal(found, pa.scalar(_YEAR_2101, TIME))
        found = pc.if_else(late, pa.scalar(None, TIME), found)
        return found, pa.nulls(len(column), pa.int16())
    column = column if pa.types.is_string(column.type) else column.cast(pa.string())
    fast = _iso_times(column)
    if fast is not None:
        return fast, _offsets(column)
    known = {t: parse_time(t) for t in pc.unique(column.drop_null()).to_pylist()}
    parsed = [known.get(text, (None, None)) for text in column.to_pylist()]
    return (
        pa.array([when for when, _ in parsed], TIME),
        pa.array([offset for _, offset in parsed], pa.int16()),
    )


def parse_time(text: str) -> tuple[datetime | None, int | None]:
    """Returns a time in UTC and the offset that was written, in minutes.

    Reads ISO 8601, RFC 2822, and seconds, milli-, micro- or nanoseconds since 1970,
    told apart by their size. A time without a zone is UTC. Not read are numbers that
    would be times before 1971 (and after 1969), and times after 2100.

    >>> parse_time("2024-05-01T10:00:00+02:00")[1]
    120
    """
    text = text.strip()
    when, offset = _any_time(text)
    return (when, offset) if when and when.year <= 2100 else (None, None)


def _any_time(text: str) -> tuple[datetime | None, int | None]:
    if _NUMBER.fullmatch(text) and not _BASIC_DATE.fullmatch(text):
        return _epoch_time(text), None
    try:
        when = datetime.fromisoformat(text.replace(" UTC", "Z").replace(",", "."))
    except ValueError:
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None, None
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC), None
    return _in_utc(when), _written_offset(text, when)


def _in_utc(when: datetime) -> datetime | None:
    try:
        return when.astimezone(UTC)
    except OverflowError:
        return None


def _written_offset(text: str, when: datetime) -> int | None:
    offset = when.utcoffset()
    if offset is None or not _ZONE.search(text, 10):
        return None
    return int(offset / timedelta(minutes=1))


def _epoch_time(text: str) -> datetime | None:
    value = Decimal(text)
    scale = next((s for s, top in _SCALES if abs(value) < top), None)
    if scale is None or abs(value) < _YEAR_1971_S:
        return None
    try:
        return _EPOCH + timedelta(microseconds=int(value * scale))
    except OverflowError:
        return None


_SCALES = (
    (Decimal(10**6), Decimal(10**11)),
    (Decimal(10**3), Decimal(10**14)),
    (Decimal(1), Decimal(10**17)),
    (Decimal("0.001"), Decimal(10**20)),
)


def _iso_times(column: pa.Array) -> pa.Array | None:
    """Returns times if all are ISO 8601, all with or all without a zone; or None."""
    sizes = pc.min_max(pc.binary_length(column)).as_py()
    # Hours alone, which Arrow reads too, are left to `parse_time`.
    if sizes["min"] is None or not (sizes["min"] >= 16 or sizes["max"] == 10):
        return None
    for type_ in (TIME, pa.timestamp("us")):
        try:
            found = column.cast(type_).cast(TIME)
        except pa.ArrowInvalid:
            continue
        # `datetime` knows no year 0, and a zone may lead there.
        within = pc.min(found).value > _YEAR_TWO and pc.max(found).value < _YEAR_2101
        return found if within else None
    return None


def _offsets(column: pa.Array) -> pa.Array:
    if pc.all(pc.ends_with(column, pattern="Z"), min_count=0).as_py():
        return pa.nulls(len(column), pa.int16())
    found = pc.extract_regex(column, _OFFSET)
    if found.null_count == len(found):
        return pa.nulls(len(column), pa.int16())
    return _mapped(pc.struct_field(found, "offset"), _minutes, pa.int16())


def _minutes(offset: str) -> int:
    sign = -1 if offset.startswith("-") else 1
    return sign * (int(offset[1:3]) * 60 + int(offset[3:].lstrip(":") or 0))
