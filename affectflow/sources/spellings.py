"""Times as people and programs write them out: `Nov 7, 2016, 5:06:51 PM`.

A spelling has a whole date, or it is not read: no part is filled in, and no word is
skipped. `07/11/2016` may begin with the day or the month; the caller says which.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from affectflow.sources.time_words import DAYS, IS_UTC, MONTHS, ZONES

_LONGEST = 100
_CLOCK = (
    r"(?P<hour>\d{1,2})(?:(?P<colon>[:.])(?P<minute>\d{2})(?:(?P=colon)(?P<second>\d{2})"
    r"(?:[.,](?P<fraction>\d{1,9}))?)?)?(?: ?(?P<half>[ap])\.? ?m\b\.?)?(?: uhr)?"
)
# After the zone: what else it is called, and the clock of a process that Go writes.
_ZONE = (
    r"(?: ?(?P<zone>[a-z]{1,5}\b)? ?(?P<offset>[+-]\d{1,2}(?::?\d{2})?\b)?"
    r"(?P<note> ?\([^()]*\)| ?\[[^\[\]]*\]| [a-z]{2,5}\b)?(?: m=[+-][\d.]+)?)"
)
_WEEKDAY = r"(?P<weekday>[^\W\d_]+)"
_DAY = rf"(?:{_WEEKDAY}\.?,? )?"
_WORD = r"(?P<month>[^\W\d_]+)\.?"
_NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?"
_YEAR = r"(?P<year>[12]\d{3})"
_SHORT_YEAR = r"(?P<year>[12]\d{3}|'?\d{2})"
_YEAR_FIRST = (
    rf"{_YEAR}(?P<between>[-/.]| ?年 ?)(?P<month>\d{{1,2}})(?:(?P=between)| ?月 ?)"
    r"(?P<day>\d{1,2})(?: ?日)?",
    rf"{_YEAR}[ -]?{_WORD}[ -]{_NTH}",
)
_NUMBER_FIRST = (
    r"(?P<first>\d{1,2})(?P<between>[-/.]) ?(?P<other>\d{1,2})(?P=between) ?"
    + _SHORT_YEAR,
    rf"{_NTH}(?:[-/]| of | de | )?{_WORD}(?:[-/]|,? | de ){_SHORT_YEAR}",
)
# `Mar 5 '21`, as Stack Overflow writes it; `Mar 5 21` may be a time.
_MONTH_FIRST = (rf"{_WORD}[ -]{_NTH}(?:,? |-)(?P<year>[12]\d{{3}}|'\d{{2}})",)
_DATES = (*_YEAR_FIRST, *_NUMBER_FIRST, *_MONTH_FIRST)
_AT = (
    r"(?:at|um|à|as|às|a las?|alle|alle ore|ore|om|o|o godz\.|kl\.?|klo|в|о|saat"
    r"|pukul|@|-|·)"
)
_TO_CLOCK = rf"(?:(?<=\d{{4}}):|(?: [гр]\.?)?,? (?:{_AT} )?|[,t])"
_TO_DATE = r"(?:,? (?:on |am |- |· )?)"


def _dates_first(dates: tuple[str, ...], day: str = "") -> list[str]:
    return [rf"{day}{date}(?:{_TO_CLOCK}{_CLOCK}{_ZONE})?" for date in dates]


_LAYOUTS = {
    # By how a spelling begins: most of them need not be tried.
    "year": _dates_first(_YEAR_FIRST),
    "number": [
        *_dates_first(_NUMBER_FIRST),
        rf"{_NTH} {_WORD} {_CLOCK}{_ZONE} {_YEAR}",
    ],
    "clock": [rf"{_CLOCK}{_ZONE}{_TO_DATE}{_DAY}{date}" for date in _DATES],
    "word": [
        *_dates_first(_MONTH_FIRST),
        *_dates_first(_DATES, rf"{_WEEKDAY}\.?,? "),
        # As ctime, Java, Ruby, Twitter and Git write it: the year after the time.
        rf"{_DAY}{_WORD} {_NTH},? {_CLOCK}{_ZONE} {_YEAR}",
        rf"{_DAY}{_WORD} {_NTH},? {_CLOCK} {_YEAR}{_ZONE}",
        rf"{_DAY}{_NTH} {_WORD} {_CLOCK}{_ZONE} {_YEAR}",
    ],
}
_COMPILED = {
    begin: [re.compile(each) for each in some] for begin, some in _LAYOUTS.items()
}
_BEGIN = re.compile(
    r"(?P<year>\d{4})|(?P<clock>\d{1,2}(:| ?[ap]\.? ?m\b))|(?P<number>\d)"
)
_SPACES = re.compile(r"[\s\u200e\u200f\u202a-\u202c]+")
_COLON_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) ")
# What Chinese, Japanese and Korean write around numbers.
_EASTERN = tuple(
    (re.compile(pattern), western)
    for pattern, western in (
        (r"(\d) ?년", r"\1年"),
        (r"(\d) ?월", r"\1月"),
        (r"(\d) ?일(?!\w)", r"\1日"),
        (r"^(\d{4})\. ?(\d{1,2})\. ?(\d{1,2})\.?(?= |$)", r"\1.\2.\3"),
        (r"(?<=[\d日]) ?\(?(?:\w曜日|(?:星期|周)\w|\w요일)\)?(?= )", ""),
        (r"(?<=日)\([月火水木金土日월화수목금토일]\)(?= )", ""),
        (r"(\d) ?[時点时시] ?(\d\d) ?[分분] ?(\d\d) ?[秒초]", r"\1:\2:\3"),
        (r"(\d) ?[時点时시] ?(\d\d) ?[分분]", r"\1:\2"),
        (r" ?(?:上午|午前|오전) ?(\d{1,2}:\d\d(?::\d\d)?)$", r" \1 am"),
        (r" ?(?:下午|午後|오후) ?(\d{1,2}:\d\d(?::\d\d)?)$", r" \1 pm"),
    )
)
_EAST = re.compile(r"[\u4e00-\u9fff\uac00-\ud7a3]|^\d{4}\. ?\d")
_FRENCH_CLOCK = re.compile(r"(?<= )(\d{1,2}) ?h ?(\d\d)(?= |$)")
_COMPACT = re.compile(r"([12]\d{3})(\d\d)(\d\d)[t ]?(\d\d)(\d\d)(\d\d)?(z?)")
NUMERIC = r"(^|[^\d:.])\d{1,2}[-/.] ?\d{1,2}[-/.] ?('?\d{2}|[12]\d{3})($|[^\d.])"
"""The pattern of a date that may begin with its day or its month."""


_Parts = dict[str, str | None]


class Spelled(NamedTuple):
    """A time, and minutes east of Greenwich; None if no zone but UTC is written.

    `day_first` says how a date of numbers was read; None if there was only one way.
    """

    when: datetime
    offset: int | None
    day_first: bool | None = None


def readings(text: str) -> list[Spelled]:
    """Returns the ways to read a time that is written out: none, one or two.

    >>> [str(found.when) for found in readings("07/Nov/16 5:06 PM")]
    ['2016-11-07 17:06:00+00:00']
    """
    if len(text) > _LONGEST:
        return []
    text = _SPACES.sub(" ", text).strip().lower()
    text = text.replace("\u2212", "-").replace("\u2019", "'")
    text = _COLON_DATE.sub(r"\1-\2-\3 ", text)
    text = _FRENCH_CLOCK.sub(r"\1:\2", text)
    if _EAST.search(text):
        for pattern, western in _EASTERN:
            text = pattern.sub(western, text)
    if found := _COMPACT.fullmatch(text):
        text = "{}-{}-{} {}:{}:{}{}".format(*found.groups("00"))
    begin = _BEGIN.match(text)
    for layout in _COMPILED[(begin and begin.lastgroup) or "word"]:
        match = layout.fullmatch(text)
        if match and (read := list(_read(match.groupdict()))):
            return read
    return []


def _read(parts: _Parts) -> Iterator[Spelled]:
    clock, zone = _clock(parts), _zone(parts)
    if clock is None or zone is None:
        return
    if (parts.get("weekday") or "monday") not in DAYS:
        return
    for (year, month, day), day_first in _dates(parts):
        try:
            local = datetime(year, month, day, *clock, tzinfo=timezone(zone.east))
            when = local.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        yield Spelled(when, zone.written, day_first)


def _clock(parts: _Parts) -> tuple[int, int, int, int] | None:
    """Returns hour, minute, second and microsecond; midnight if there is no time."""
    if parts.get("hour") is None:
        return 0, 0, 0, 0
    if parts["minute"] is None and not parts["half"]:
        return None
    hour = int(parts["hour"] or 0)
    if (parts["half"] == "p" and hour == 0) or (parts["half"] == "a" and hour > 12):
        return None
    if parts["half"] and hour == 12:
        hour = 0
    if parts["half"] == "p" and hour < 12:
        hour += 12
    micro = (parts["fraction"] or "").ljust(6, "0")[:6]
    return hour, int(parts["minute"] or 0), int(parts["second"] or 0), int(micro)


class _Zone(NamedTuple):
    east: timedelta
    written: int | None


def _zone(parts: _Parts) -> _Zone | None:
    """Returns the zone, UTC if none is written; None if it is unclear."""
    word, offset = parts.get("zone"), parts.get("offset")
    if not word and not offset:
        return None if parts.get("note") else _Zone(timedelta(0), None)
    named = ZONES.get(word) if word else None
    if offset is None:
        known = None if word in IS_UTC else named
        return None if named is None else _Zone(timedelta(minutes=named), known)
    minutes = _minutes(offset)
    if minutes is None or (word and word not in IS_UTC and named != minutes):
        return None
    return _Zone(timedelta(minutes=minutes), minutes)


def _minutes(offset: str) -> int | None:
    digits = offset[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    if int(hours) > 23 or int(minutes) > 59:
        return None
    east = int(hours) * 60 + int(minutes)
    return -east if offset[0] == "-" else east


def _dates(parts: _Parts) -> Iterator[tuple[tuple[int, int, int], bool | None]]:
    """Yields year, month and day, and whether the day was taken to come first."""
    written = (parts["year"] or "").lstrip("'")
    year = _full_year(written)
    if parts.get("first") is None:
        month, day = parts["month"] or "", int(parts["day"] or 0)
        number = int(month) if month.isdigit() else MONTHS.get(month, 0)
        yield (year, number, day), None
        return
    first, other = int(parts["first"] or 0), int(parts["other"] or 0)
    if len(written) == 2 and first > 31:
        yield (_full_year(parts["first"] or ""), other, int(written)), None
        return
    yield (year, other, first), None if first == other else True
    if first != other:
        yield (year, first, other), False


def _full_year(written: str) -> int:
    """Returns the year; two digits from 69 on are of the 1900s, as in POSIX."""
    number = int(written)
    if len(written) > 2:
        return number
    return number + (1900 if number >= 69 else 2000)
