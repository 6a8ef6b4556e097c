"""12-hour clocks without a word for the half of the day: 12:59, then 01:00.

A chat is written down in the order of its messages, so the clock itself decides: if
all hours are 1 to 12 and a time within one day is earlier than the one before, the
second half of the day has begun.
"""

from collections.abc import Hashable
from typing import NamedTuple

_JITTER_MIN = 10
"""Lines may be out of order: a step back of this many minutes is not a new half day."""


class Half(NamedTuple):
    """A time of day on a 24-hour clock, and how many days after the day begun."""

    hour: int
    days: int


class HalfDays:
    """Learns from the times of a chat, in their order, what clock it has.

    Then, in a second pass, gives the hours. A day is whatever names one; a chat without
    named days is one day.
    """

    def __init__(self) -> None:
        self._has_24_hours = False
        self._is_told = False
        self._late: set[Hashable] = set()
        self._seen = _Turns()

    def add(self, day: Hashable, hour: int, minute: int, *, named: bool = True) -> None:
        """Adds the next time.

        Args:
          day: that it is of.
          hour: as written.
          minute: as written.
          named: whether the chat says that the day is over when it is.
        """
        if self._has_24_hours or not 1 <= hour <= 12:
            self._has_24_hours = True
            return
        seen, last = self._seen, self._seen.last_hour
        turned = seen.goes_on(day, hour, minute)
        if seen.is_new:
            last = 0
        past_noon = last == 12 and hour < 12
        self._is_told |= past_noon or (turned and named and hour < 12)
        if seen.turns:
            self._late.discard(day)
        elif hour == 12:
            self._late.add(day)

    @property
    def is_twelve(self) -> bool:
        """Whether the clock has 12 hours."""
        return self._is_told and not self._has_24_hours

    def begin(self) -> None:
        """Begins the second pass."""
        self._seen = _Turns()

    def next(
        self, day: Hashable, hour: int, minute: int, *, named: bool = True
    ) -> Half:
        """Returns the next time on a clock of 24 hours; as written if it has one."""
        if not self.is_twelve:
            return Half(hour, 0)
        self._seen.goes_on(day, hour, minute)
        half = self._seen.turns + (day in self._late)
        half = min(half, 1) if named else half
        return Half(hour % 12 + 12 * (half % 2), half // 2)


class _Turns:
    """How often the clock has gone round on a day."""

    def __init__(self) -> None:
        self.turns, self.last_hour, self.is_new = 0, 0, True
        self._day: Hashable = None
        self._last = -1

    def goes_on(self, day: Hashable, hour: int, minute: int) -> bool:
        """Takes the next time; returns whether the clock has turned since the last."""
        now = hour % 12 * 60 + minute
        self.is_new = self._last < 0 or day != self._day
        turned = not self.is_new and now < self._last - _JITTER_MIN
        self.turns = 0 if self.is_new else self.turns + turned
        self._day, self._last, self.last_hour = day, now, hour
        return turned
