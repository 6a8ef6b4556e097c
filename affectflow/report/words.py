"""How the report spells numbers, dates, sections and queries."""

import shlex
from datetime import date, datetime, timedelta
from typing import Any

from affectflow.report.html import Child, Html, el
from affectflow.report.queries import shown


def percent(share: float | None) -> str:
    """Returns a share of 0..1 in per cent, without false precision."""
    if share is None:
        return "unknown"
    return (
        f"{share:.0%}" if 0.01 <= share <= 0.99 or share in (0, 1) else f"{share:.1%}"
    )


def day(when: date) -> str:
    """Returns a day as people write it: 3 May 2024."""
    return f"{when.day} {when:%B %Y}"


def every_period(present: list[datetime], period: str) -> list[datetime]:
    """Returns every week or month from the first to the last that is present."""
    found = sorted(present)[:1]
    while found and found[-1] < max(present):
        if period == "week":
            found.append(found[-1] + timedelta(days=7))
        else:
            # From the first of a month, 32 days lead into the next one.
            found.append((found[-1] + timedelta(days=32)).replace(day=1))
    return found


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
    name: str, parameters: dict[str, Any], lake: str, what: str = "these numbers"
) -> Html:
    """Returns the query behind a section, ready to be copied into a shell."""
    command = (
        f"affectflow sql {shlex.quote(lake)} {shlex.quote(shown(name, parameters))}"
    )
    return el("details", el("summary", f"SQL behind {what}"), el("pre", command))
