"""One line of a log: when, who and what, in the formats of many clients."""

import re
from datetime import date, datetime
from typing import NamedTuple

_CLOCK = r"(?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"
_DAY = r"(?P<day>\d{4}-\d\d-\d\d)"
_ZONE = r"(?:Z|[+-]\d\d:?\d\d)?"
_STAMPS = (
    # A number, or the name of a channel, may stand in front.
    re.compile(rf"(?:\d+ *)?\[{{1,2}}{_DAY}[T ]{_CLOCK}[^\]]{{0,10}}\] ?"),
    re.compile(rf"(?:(?P<channel>[#\w.+-]+) )?{_DAY}[T ]\[?{_CLOCK}{_ZONE}\]?[ \t]"),
    re.compile(rf"(?P<month>[A-Z][a-z]{{2}} [ \d]\d) {_CLOCK}[ \t]"),
    re.compile(rf"[\[(]?{_CLOCK}[\])]? ?"),
)
NO_YEAR = 1904
"""The year of days written without one: a leap year, so that 29 February exists."""
_SAID = (
    re.compile(
        r"<[ @+%&~!]?(?P<nick>[^\s<>][^<>\t]{0,63})>(?:[ \t]+|$)(?P<text>.*)", re.S
    ),
    re.compile(r"[@+%&~]?(?P<nick>[^\s<>*=-][^\s<>]{0,63})\t(?P<text>.*)", re.S),
)
_DID = re.compile(r" ?\*[ \t]+(?P<nick>[^\s*]\S{0,63})(?:[ \t]+(?P<text>.*))?$", re.S)
_EVENT = re.compile(
    r"(?:has )?(?:joined|left|quit|parted)\b|is now known as|changed the topic"
    r"|sets? (?:the )?(?:mode|topic)|(?:was|has been) kicked|Joins:|Parts:|Quits:",
    re.I,
)
_INTO = re.compile(r"\b(?:joined|left|parted):? (#[\w.+-]+)(?=\s|$)")
_NOTICE = re.compile(r"\s*(?:===|\*\*\*|-!-|-->|<--|--(?!-)|---|\*\*\*\*|[←→•])\s?")
_NEW_DAY = re.compile(
    r"(?:---|\*{3,4}) ?(?:Day changed|Log (?:opened|closed)|(?:BEGIN|ENDING) LOGGING AT"
    r"|Session (?:Start|Time|Close):)\s*(?P<when>.*)",
    re.I,
)
_WRITTEN_DAY = ("%a %b %d %Y", "%a %b %d %H:%M:%S %Y", "%a, %d %b %Y", "%Y-%m-%d")
RULE = re.compile(r"[-=_*]{10,}\s*$|// ?(?:Part|Topic) ?\d+\b")
"""What stands between dialogues, where a log was cut into them."""
# Colours and other forms that clients send as control characters.
_FORMS = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?|[\x02\x0f\x11\x16\x1d\x1e\x1f]")


class Line(NamedTuple):
    """The content of one line; `kind` is `message`, `system`, `day` or empty."""

    kind: str
    clock: str = ""
    day: date | None = None
    nick: str = ""
    text: str = ""
    channel: str = ""
    into: str = ""
    """The channel that a person joined or left."""
    is_action: bool = False


def read_line(line: str) -> Line:
    """Returns the content of a line; its kind is empty if no log has such a line."""
    line = _FORMS.sub("", line)
    if new := _NEW_DAY.match(line):
        return Line("day", day=_written_day(new["when"].strip()))
    for pattern in _STAMPS:
        if match := pattern.match(line):
            found = match.groupdict()
            said = _behind(line[match.end() :])
            return said._replace(
                clock=found["clock"],
                day=_day(found.get("day")) or _day_of_month(found.get("month")),
                channel=found.get("channel") or "",
            )
    return _behind(line) if _NOTICE.match(line) else Line("")


def _behind(rest: str) -> Line:
    for pattern in _SAID:
        if match := pattern.fullmatch(rest):
            return Line("message", nick=match["nick"], text=match["text"].strip())
    match = _DID.match(rest)
    if match and not _EVENT.search(match["text"] or ""):
        text = (match["text"] or "").strip()
        return Line("message", nick=match["nick"], text=text, is_action=True)
    event = _EVENT.search(rest)
    if event or match or _NOTICE.match(rest):
        into = _INTO.search(rest)
        text = event[0].strip(":").lower() if event else ""
        return Line("system", text=text, into=into[1] if into else "")
    return Line("")


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _day_of_month(text: str | None) -> date | None:
    try:
        return datetime.strptime(f"{text} {NO_YEAR}", "%b %d %Y").date()
    except ValueError:
        return None


def _written_day(text: str) -> date | None:
    for form in _WRITTEN_DAY:
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None
