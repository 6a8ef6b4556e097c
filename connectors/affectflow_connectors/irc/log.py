"""ReadIrc: logs of IRC, and of chats logged in the same format."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.nouns import count
from affectflow.registry import Card
from affectflow.sources.bots import is_bot_name
from affectflow.sources.chat_text import Digests, TextLog, digest, lines_of_text
from affectflow.sources.fields import attrs_of
from affectflow.sources.half_days import HalfDays
from affectflow.sources.listing import bare_name
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head
from affectflow_connectors.irc.lines import NO_YEAR, RULE, Line, read_line

SITE = "irc"
_BOTS = re.compile(
    r"ubot\w*|wikibugs\w*|gerrit-wm\w*|(?:chan|nick|memo)serv|logmsgbot\w*|supybot\w*"
    r"|meetbot\w*|travis-ci\w*|\w+(?:-bot|_bot|bot\d)",
    re.I,
)
_DAY_IN_PATH = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_/.]?(\d\d)[-_/.]?(\d\d)(?!\d)")
_CHANNEL_IN_PATH = re.compile(r"(?:%23|#)([\w.+-]*?[A-Za-z][\w+-]*)")
_ADDRESSED = re.compile(r"(?P<nick>\S{1,64}?)(?P<sign>[:,]) ")
_HALF_A_DAY_H = 12


@dataclass(kw_only=True)
class ReadIrc(TextLog):
    """Reads logs as irssi, HexChat, WeeChat, eggdrops and many sites write them.

    A day of a channel is a conversation; in logs with rules between dialogues, each
    dialogue. The channel is taken from the path (`#boats`), or from joins and leaves.
    Days come from lines, headings and the path; if none of them gives the day, there is
    no time. Times are taken as UTC. Joins, topics and the like are of the kind
    `system`, without the names in them.
    """

    card: ClassVar[Card] = Card(
        summary="IRC: logs of clients and bots, Gitter dialogues in that format",
        example="affectflow ingest '#channel.log' --source irc --to lake",
        terms="each network and channel has its own rules on logs; no attribution is "
        "required; quote only with the author's consent",
    )
    files_stand_alone: ClassVar[bool] = True

    def rows_of_lines(
        self, lines: Iterable[str], uri: str
    ) -> Iterator[Row | RefusedError]:
        log = _Log(uri, _survey(lines))
        strays = 0
        for number, line, found in _whole(lines):
            if RULE.match(line):
                log.dialogue, log.is_ruled = "", True
            elif found.kind in ("message", "system"):
                yield log.row(found) | {"line": number, "source": self.source_name}
            elif found.kind == "day":
                log.begin(found.day)
            else:
                strays += bool(line.strip())
        if strays:
            yield RefusedError(
                f"not a log: {count(strays, 'line')} before the first message"
            )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        lines = lines_of_text(decompressed_head(head)[:16_000])[:-1][:60]
        lines = [line for line in lines if line.strip() and not RULE.match(line)]
        said = [line for line in map(read_line, lines) if line.kind]
        spoken = sum(line.kind == "message" for line in said)
        if not lines or not spoken:
            return 0.0
        share = len(said) / len(lines)
        return 0.9 if share > 0.8 else 0.5 if share > 0.4 else 0.0


class _Survey:
    """What only a whole log shows: the speakers, the place, and the clock."""

    def __init__(self) -> None:
        self.nicks: set[str] = set()
        self.channels: dict[str, str] = {}
        self.halves = HalfDays()
        self._headings = 0

    def add(self, line: Line) -> None:
        """Adds the next line."""
        if line.nick:
            self.nicks.add(line.nick)
        if line.into:
            self.channels.setdefault(line.into.lower(), line.into)
        self._headings += line.kind == "day"
        if line.clock:
            day, named = day_of_clock(line.day, self._headings)
            self.halves.add(day, *hour_and_minute(line.clock), named=named)


def day_of_clock(day: date | None, headings: int) -> tuple[Hashable, bool]:
    """Returns what gives the day of a line, and whether the log gives days at all."""
    return (day, True) if day else (headings, headings > 0)


def hour_and_minute(clock: str) -> tuple[int, int]:
    """Returns the numbers of `12:59`."""
    return int(clock[:2]), int(clock[3:5])


def _survey(lines: Iterable[str]) -> _Survey:
    found = _Survey()
    for line in lines:
        found.add(read_line(line))
    found.halves.begin()
    return found


def _whole(lines: Iterable[str]) -> Iterator[tuple[int, str, Line]]:
    """Yields numbered lines, each with the lines that continue its message."""
    pending: tuple[int, str, Line] | None = None
    more, size = list[str](), 0
    for number, line in enumerate(lines, 1):
        found = read_line(line)
        goes_on = not found.kind and line.strip() and not RULE.match(line)
        is_message = pending is not None and pending[2].kind == "message"
        if goes_on and is_message and size < MAX_ROW_BYTES:
            more.append(line.rstrip())
            size += len(line)
            continue
        if pending:
            yield _joined(*pending, more)
        pending, more, size = (number, line, found), [], 0
    if pending:
        yield _joined(*pending, more)


def _joined(
    number: int, line: str, found: Line, more: list[str]
) -> tuple[int, str, Line]:
    return number, line, found._replace(text="\n".join([found.text, *more]))


class _Log:
    """What is known at one line of a log."""

    def __init__(self, uri: str, survey: _Survey):
        path = uri.partition("::")[0]
        found = _CHANNEL_IN_PATH.search(path)
        self.channel = f"#{found[1].removesuffix('.log')}" if found else ""
        # Not the name of a log without `#`: clients name private chats after the other
        # person.
        only = [*survey.channels.values()] if len(survey.channels) == 1 else [""]
        self.container = self.channel or only[0]
        self.day = _day_in(path)
        self.dialogue, self.is_ruled = "", False
        self._nicks, self._halves = survey.nicks, survey.halves
        self._headings, self._first_day = 0, self.day
        self._stem = bare_name(uri).partition(".")[0]
        self._last = ""
        self._ids: dict[str, Digests] = {}
        self._runs: Counter[str] = Counter()
        self._counted: date | None = None

    def begin(self, day: date | None) -> None:
        """Begins the day that a heading names, if it can be read."""
        self._headings += 1
        if day:
            self.day, self._last, self._first_day = day, "", day

    def row(self, line: Line) -> Row:
        """Returns a message, or what the channel says itself, as a row."""
        line = self._on_24_hours(line)
        self._turn(line)
        channel = line.channel or self.channel
        key = digest(channel, str(self.day or self._stem))
        if self._counted != self.day:
            self._ids, self._counted = {}, self.day  # a log may cover many years
        if key not in self._ids:
            self._ids[key] = Digests(key, self._runs[key])
            self._runs[key] += 1
        ids = self._ids[key]
        clock = line.clock or self._last
        own = f"{SITE}:{key}/{ids.of(clock, line.nick, line.kind, line.text)}"
        self.dialogue = self.dialogue or own
        when = self._when(clock)
        told = {"action": "true" if line.is_action else ""}
        unread = {} if when else {"timestamp_raw": clock}
        return {
            "utterance_id": own,
            "conversation_id": self.dialogue if self.is_ruled else f"{SITE}:{key}",
            "speaker_id": line.nick or None,
            "is_bot": _is_bot(line.nick) if line.nick else None,
            "timestamp": when,
            "container": line.channel or self.container or None,
            "kind": line.kind,
            "text": self._masked(line.text),
            "visibility": "unknown",
            "attrs": attrs_of({**told, **unread}),
        }

    def _on_24_hours(self, line: Line) -> Line:
        """Returns a line with the hour that a clock of 24 hours would show."""
        if not line.clock or not self._halves.is_twelve:
            return line
        day, named = day_of_clock(line.day, self._headings)
        half = self._halves.next(day, *hour_and_minute(line.clock), named=named)
        if self._first_day and not line.day and not named:
            self.day = self._first_day + timedelta(days=half.days)
            self._last = ""  # it has shown when the day changed
        return line._replace(clock=f"{half.hour:02}{line.clock[2:]}")

    def _turn(self, line: Line) -> None:
        """Turns to the next day where a line says so, or its clock starts again."""
        if line.day and line.day.year != NO_YEAR:
            self.day = line.day
        elif line.day:
            self.day = line.day.replace(year=self.day.year) if self.day else None
        elif self.day and line.clock and self._last:
            back = int(self._last[:2]) - int(line.clock[:2])
            self.day += timedelta(days=back > _HALF_A_DAY_H)
        self._last = line.clock or self._last

    def _when(self, clock: str) -> datetime | None:
        if not self.day or not clock:
            return None
        try:
            return datetime.combine(self.day, time.fromisoformat(clock), UTC)
        except ValueError:
            return None

    def _masked(self, text: str) -> str:
        """Returns a text without the nick that it addresses."""
        match = _ADDRESSED.match(text)
        if not match or match["nick"] not in self._nicks:
            return text
        return f"[USER]{text[match.end('nick') :]}"


def _is_bot(nick: str) -> bool:
    return is_bot_name(nick) or _BOTS.fullmatch(nick) is not None


def _day_in(path: str) -> date | None:
    """Returns the last day that a path names."""
    for year, month, day in reversed(_DAY_IN_PATH.findall(path)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None
