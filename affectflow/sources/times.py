"""Times as sources spell them, as times in UTC; nothing is guessed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.schemas import TIME
from affectflow.sources.spellings import NUMERIC, Spelled, readings

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"\d\.\d{5,18}e\+?\d\d?", re.ASCII | re.I)
_PLACE = re.compile(r"(.{1,40}) ([A-Z][A-Za-z]{1,12}(?:/[A-Z][A-Za-z_-]{1,20}){1,2})")
_BASIC_DATE = re.compile(
    r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
    r"(([01]\d|2[0-3])[0-5]\d[0-5]\d)?",
    re.ASCII,
)
# A week without its day, and what Python takes for a time with any letter in it.
_NOT_ISO = re.compile(r"\d{4}-?W\d{2}$|\d{4}-\d{2}-\d{2}[^T ]", re.ASCII)
_DOT_NET = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/", re.ASCII)
_OFFSET = r"[T ]\d{2}[:\d.]*(?P<offset>[+-]\d{2}(?::?\d{2})?)$"
_ZONE = re.compile(r"[+-]\d{2}(:?\d{2})?(\s|$)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_TWO = -62_104_060_800_000_000  # microseconds since 1970
_YEAR_2101 = 4_133_980_800_000_000
# Numbers below are days of a spreadsheet, seconds of a recording or rows of a table.
_YEAR_1971_S = 31_536_000

_POINTS = re.compile(r"\d\. ?\d{1,2}\. ?\d")
_Read = tuple[datetime | None, int | None]


@dataclass
class Evidence:
    """What the dates of a column show about their order: day or month first.

    Args:
      day: one begins with its day, and cannot begin with its month: `27/11/2016`.
      month: the other way round.
      points: there are doubtful ones with points: `03.04.2016`.
      others: there are doubtful ones without.
    """

    day: bool = False
    month: bool = False
    points: bool = False
    others: bool = False

    @property
    def day_first(self) -> bool | None:
        """Whether days come first; None if that is unknown or mixed."""
        if self.day or self.month:
            return None if self.day and self.month else self.day
        # Every language of CLDR that writes dates with points begins with the day.
        return True if self.points and not self.others else None

    @property
    def doubtful(self) -> bool:
        """Whether some dates can be read both ways."""
        return self.points or self.others

    def add(self, column: pa.Array) -> "Evidence":
        """Adds what a column shows, if it is of text; returns itself."""
        for text in _numeric_dates(column):
            self._add(text, readings(text))
        return self

    def _add(self, text: str, found: list[Spelled]) -> None:
        if len(found) == 1:
            self.day |= found[0].day_first is True
            self.month |= found[0].day_first is False
        elif found:
            points = _POINTS.search(text) is not None
            self.points |= points
            self.others |= not points


def evidence_of(column: pa.Array) -> Evidence:
    """Returns what a column itself shows about the order of its dates."""
    return Evidence().add(column)


def doubtful(column: pa.Array) -> pa.Array:
    """Returns the values of a column that read both as day first and as month first."""
    both = [text for text in _numeric_dates(column) if len(readings(text)) > 1]
    return column.filter(pc.is_in(column, pa.array(both, pa.string())))


def _numeric_dates(column: pa.Array) -> list[str]:
    """Returns the distinct values of a column with a date such as `03/04/2016`."""
    if not pa.types.is_string(column.type):
        return []
    found = pc.unique(column.filter(pc.match_substring_regex(column, NUMERIC)))
    texts: list[str] = found.to_pylist()
    return texts


def times(
    column: pa.Array, evidence: Callable[[pa.Array], Evidence] | None = None
) -> tuple[pa.Array, pa.Array]:
    """Returns times in UTC, and the offset that was written, in minutes.

    `column` is text (see `parse_time`) or of a date or time type. A value that
    cannot be read as a time is null, as is a time after 2100. An offset that was not
    written, or was written as Z, is null.

    Args:
      column: of text, dates or times.
      evidence: returns what decides how to read `03/04/2016`, which is null if
        nothing does; the column's own, if not given.
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
    day_first = (evidence or evidence_of)(column).day_first
    known = {t: _time(t, day_first) for t in pc.unique(column.drop_null()).to_pylist()}
    parsed = [known.get(text, (None, None)) for text in column.to_pylist()]
    return (
        pa.array([when for when, _ in parsed], TIME),
        pa.array([offset for _, offset in parsed], pa.int16()),
    )


def parse_time(text: str, day_first: bool | None = None) -> _Read:
    """Returns a time in UTC and the offset that was written, in minutes.

    Reads ISO 8601; seconds, milli-, micro- or nanoseconds since 1970, distinguished by
    their size; and dates that are written out, as in RFC 2822, JavaScript, Jira or a
    letter (`Nov 7, 2016, 5:06 PM`), with or without a time of day. A time without a
    zone is UTC. Incomplete dates, unknown zones, numbers that would be times before
    1971 (and after 1969), and times after 2100 are not read.

    Args:
      text: as it is written.
      day_first: whether `03/04/2016` is in April; not read if None.

    >>> parse_time("2024-05-01T10:00:00+02:00")[1]
    120
    """
    if day_first is None and _POINTS.search(text):
        day_first = evidence_of(pa.array([text])).day_first
    return _time(text, day_first)


def _time(text: str, day_first: bool | None) -> _Read:
    when, offset = _any_time(text.strip(), day_first)
    return (when, offset) if when and when.year <= 2100 else (None, None)


def _any_time(text: str, day_first: bool | None) -> _Read:
    if found := _DOT_NET.fullmatch(text):
        text = found[1]
    if _SCIENTIFIC.fullmatch(text):
        return _scientific_time(text), None
    if found := _PLACE.fullmatch(text):
        return _time_at(found[2], *_any_time(found[1], day_first))
    if _NUMBER.fullmatch(text) and not _BASIC_DATE.fullmatch(text):
        return _epoch_time(text), None
    try:
        when = _iso_time(text)
    except ValueError:
        return _chosen(readings(text), day_first)
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC), None
    return _in_utc(when), _written_offset(text, when)


def _iso_time(text: str) -> datetime:
    if _NOT_ISO.match(text):
        raise ValueError(text)
    return datetime.fromisoformat(text.replace(" UTC", "Z").replace(",", "."))


def _chosen(found: list[Spelled], day_first: bool | None) -> _Read:
    """Returns the reading that fits the order of the column, if one does."""
    for each in found:
        fits = each.day_first is None or each.day_first == day_first
        if fits or (day_first is None and len(found) == 1):
            return each.when, each.offset
    return None, None


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


def _time_at(place: str, when: datetime | None, offset: int | None) -> _Read:
    """Returns the time of a place: `2023-10-06 12:37 Europe/Berlin`.

    None in the hour that clocks repeat or leave out, and if another zone is written.
    """
    try:
        zone = ZoneInfo(place)
    except (ZoneInfoNotFoundError, ValueError):
        return None, None
    if when is None or offset is not None:
        return None, None
    either = {when.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    east = either.pop()
    if either or east is None:
        return None, None
    return when - east, int(east / timedelta(minutes=1))


def _scientific_time(text: str) -> datetime | None:
    """Returns the time of `1.696595829E9`; None if its last digit is above a second."""
    value = Decimal(text)
    _, digits, exponent = value.as_tuple()
    seconds = 10 ** max(0, value.adjusted() - 9)
    exact = isinstance(exponent, int) and Decimal(10) ** exponent <= seconds
    return _epoch_time(f"{value:f}") if exact and len(digits) > 5 else None


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
    written = pc.dictionary_encode(pc.struct_field(found, "offset"))
    minutes = pa.array(map(_minutes, written.dictionary.to_pylist()), pa.int16())
    return minutes.take(written.indices)


def _minutes(offset: str) -> int:
    sign = -1 if offset.startswith("-") else 1
    return sign * (int(offset[1:3]) * 60 + int(offset[3:].lstrip(":") or 0))
