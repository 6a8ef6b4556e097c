"""The date and time at the start of a line, in the formats of many countries."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_DATE = (
    r"(?P<a>\d{1,4})(?P<sep>[./-] ?|年 ?|년 ?)(?P<b>\d{1,2})(?:[./-] ?|月 ?|월 ?)"
    r"(?P<c>\d{1,4})(?:\.|日|일)?"
)
_TIME = (
    r"(?:(?P<before>午前|午後|上午|下午|오전|오후) ?)?"
    r"(?P<h>\d{1,2})[:.](?P<m>\d{2})(?:[:.](?P<s>\d{2}))?"
    r"(?: ?(?P<after>[aApP]\.? ?[mM]\.?|ص|م))?"
)
_BETWEEN = r"[,،]? (?:(?:à|às|at|klo|kl\.?|um|в) )?"
_STAMP = re.compile(
    rf"(?:\[{_DATE}{_BETWEEN}{_TIME}\] "
    rf"|{_DATE}{_BETWEEN}{_TIME}(?: [-–] |[,،] ))".replace("?P<", "?P<x_", 9)
)
_LATE = ("p", "午後", "下午", "오후", "م")


class Stamp(NamedTuple):
    """The numbers of a line's date and time, as written; `late` is after noon.

    `late` is None on a clock of 24 hours.
    """

    numbers: tuple[int, int, int]
    separator: str
    clock: tuple[int, int, int]
    late: bool | None
    rest: str


def bare(text: str) -> str:
    """Returns a text without the direction marks that exports contain."""
    return _MARKS.sub("", text)


def stamp(line: str) -> Stamp | None:
    """Returns the stamp that a line begins with; None if it goes on with another's."""
    plain = bare(line).replace("\u202f", " ").replace("\xa0", " ")
    match = _STAMP.match(plain)
    if not match:
        return None
    prefix = "x_" if match["x_a"] else ""
    a, b, c, h, m, s = (int(match[f"{prefix}{name}"] or 0) for name in "abchms")
    half = match[f"{prefix}before"] or match[f"{prefix}after"] or ""
    late = half.lower().startswith(_LATE) if half else None
    separator = match[f"{prefix}sep"].strip()
    return Stamp((a, b, c), separator, (h, m, s), late, _behind(line, match.end()))


def _behind(line: str, signs: int) -> str:
    """Returns the rest of a line after so many characters, marks not counted."""
    at = 0
    while signs:
        signs -= not _MARKS.match(line, at)
        at += 1
    return line[at:]


class Order(NamedTuple):
    """How a file orders the numbers of a date: `dmy`, `mdy` or `ymd`."""

    letters: str
    is_sure: bool = True


class Orders:
    """What the stamps of a file show about the order of their dates, one by one.

    A number above 12 is not a month. Where none is, the order counts in which time goes
    back less often; and if both are alike, the usage of who writes such a clock.
    """

    def __init__(self) -> None:
        self._first: Stamp | None = None
        self._day_first = self._month_first = False
        self._all_alike = True
        self._back = {"dmy": 0, "mdy": 0}
        self._last: Stamp | None = None

    def add(self, found: Stamp) -> None:
        """Adds the next stamp of the file."""
        one, two, _ = found.numbers
        self._first = self._first or found
        self._day_first |= one > 12
        self._month_first |= two > 12
        self._all_alike &= one == two
        if self._last and self._last.numbers != found.numbers:
            for letters in self._back:
                back = _day(found, letters) < _day(self._last, letters)
                self._back[letters] += back
        self._last = found

    def order(self) -> Order:
        """Returns in which order the dates of the file are written."""
        first = self._first
        if not first or first.separator in "年년" or first.numbers[0] > 31:
            return Order("ymd")
        if self._day_first:
            return Order("dmy")
        if self._month_first:
            return Order("mdy")
        if first.separator in ".-" or self._all_alike:
            return Order("dmy")
        if self._back["dmy"] != self._back["mdy"]:
            return Order(min(self._back, key=lambda letters: self._back[letters]))
        return Order("mdy" if first.late is not None else "dmy", is_sure=False)


def _day(found: Stamp, letters: str) -> tuple[int, int, int]:
    by_letter = dict(zip(letters, found.numbers, strict=True))
    year = by_letter["y"]
    return (year + 2000 if year < 100 else year), by_letter["m"], by_letter["d"]


def time_of_stamp(found: Stamp, letters: str) -> datetime | None:
    """Returns the time of a stamp, taken as UTC, or None."""
    hour, minute, second = found.clock
    if found.late is not None:
        hour = hour % 12 + (12 if found.late else 0)
    try:
        return datetime(*_day(found, letters), hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
