"""How the report spells numbers, dates, sections and queries."""

import shlex
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from affectflow.report.html import Child, Html, el
from affectflow.report.queries import Facts, shown

if TYPE_CHECKING:
    from affectflow.batches.bootstrap import Interval


def percent(share: float | None) -> str:
    """Returns a share of 0..1 in per cent, without false precision."""
    if share is None:
        return "unknown"
    return (
        f"{share:.0%}" if 0.01 <= share <= 0.99 or share in (0, 1) else f"{share:.1%}"
    )


def with_interval(found: "Interval") -> str:
    """Returns a share and its interval: 12% (9% to 15%)."""
    return f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)})"


def points(found: "Interval") -> str:
    """Returns a difference of shares in points: +4 points (-1 to +9)."""
    value, low, high = (f"{100 * each:+.0f}".replace("-", "−") for each in found)
    return f"{value} points ({low} to {high})"


def day(when: date) -> str:
    """Returns a day as people write it: 3 May 2024."""
    return f"{when.day} {when:%B %Y}"


def every_period(present: list[datetime], period: str) -> list[datetime]:
    """Returns every week or month from the first to the last that is present."""
    found = sorted(present)[:1]
    while found and found[-1] < max(present):
        found.append(period_after(found[-1], period))
    return found


def period_after(when: datetime, period: str) -> datetime:
    """Returns the first moment of the next week or month."""
    if period == "week":
        return when + timedelta(days=7)
    # 32 days after the first of a month, it is the next month.
    return (when + timedelta(days=32)).replace(day=1)


def is_unfinished(when: datetime, last: datetime | None, period: str) -> bool:
    """Returns whether the messages end before the last day of a week or month."""
    return last is None or last < period_after(when, period) - timedelta(days=1)


def period_name(when: datetime, period: str) -> str:
    """Returns the name of a week or month in a sentence."""
    return f"the week of {day(when)}" if period == "week" else f"{when:%B %Y}"


def named_shortly(place: str) -> str:
    """Returns the last name of a path or URL: `lake` for `/home/ann/lake`."""
    name = place.rstrip("/").rsplit("/", 1)[-1]
    return name if name.strip(".~") else Path(place).expanduser().resolve().name


def listed(words: list[str]) -> str:
    """Returns words as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def section(anchor: str, title: str, *children: Child) -> Html:
    """Returns a section of the page."""
    return el("section", el("h2", title), children, id=anchor)


def ask_yourself(
    name: str, facts: Facts, what: str = "these numbers", *more: str, **other: str
) -> Html:
    """Returns the queries behind a section, ready to be copied into a shell.

    `other` overrides parameters of the report.
    """
    parameters = {**facts.parameters, **other}
    commands = [
        el("pre", f"affectflow sql {shlex.quote(facts.lake)} {shlex.quote(query)}")
        for query in (shown(each, parameters) for each in (name, *more))
    ]
    return el("details", el("summary", f"SQL behind {what}"), commands)
