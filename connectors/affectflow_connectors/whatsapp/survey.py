"""What only a whole chat shows; the chat is read once for it, and not kept."""

import bisect
import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from affectflow.kinds.source import TO_THE_END, Split
from affectflow.sources.chat_text import digest
from affectflow.sources.half_days import HalfDays
from affectflow.sources.line_records import records
from affectflow.sources.streams import DamagedFileError
from affectflow_connectors.whatsapp.entries import Entry, begins_message, entry_of
from affectflow_connectors.whatsapp.stamps import Order, Orders

_A_GROUP = 3


class Chat(NamedTuple):
    """What only a whole chat shows.

    Args:
      order: of the numbers in its dates.
      key: that its ids start with, of its first message.
      visibility: of two persons or of more.
      halves: what the clock is.
      days: where each run of messages of one day starts, and how many runs of that day
        were before it.
    """

    order: Order
    key: str
    visibility: str
    halves: HalfDays
    days: Mapping[int, int]

    def day_before(self, offset: int) -> int:
        """Returns where the run of a day starts that a place is in; 0 if in none."""
        places = list(self.days)
        place = bisect.bisect_right(places, offset) - 1
        return places[place] if place >= 0 else 0


def survey(uri: str, day_first: bool | None) -> Chat:
    """Returns what a whole file shows, and what the user says about its dates."""
    found = _Survey()
    with contextlib.suppress(DamagedFileError):  # reading the rows will report it
        for record in records(Split(uri, 0, TO_THE_END, 0), begins_message):
            if record.begun:
                found.add(entry_of(record), record.offset)
    order = found.orders.order()
    if day_first is not None and order.letters != "ymd":
        order = Order("dmy" if day_first else "mdy")
    visibility = "private" if len(found.authors) >= _A_GROUP else "direct"
    return Chat(order, found.key, visibility, found.halves, found.days)


class _Survey:
    def __init__(self) -> None:
        self.orders, self.key = Orders(), ""
        self.authors: set[str] = set()
        self.days: dict[int, int] = {}
        self.halves = HalfDays()
        self._runs: Counter[tuple[int, int, int]] = Counter()
        self._day: tuple[int, int, int] | None = None

    def add(self, entry: Entry, offset: int) -> None:
        """Adds the next message."""
        numbers, clock = entry.stamp.numbers, entry.stamp.clock
        self.key = self.key or digest(str(numbers), str(clock), entry.stamp.rest)
        self.orders.add(entry.stamp)
        if entry.stamp.late is None:
            self.halves.add(numbers, *clock[:2])
        if numbers != self._day:
            self.days[offset] = self._runs[numbers]
            self._runs[numbers] += 1
            self._day = numbers
        if len(self.authors) < _A_GROUP and (author := entry.said()[0]):
            self.authors.add(author)
