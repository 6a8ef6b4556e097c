"""How the report spells numbers, dates, sections and queries."""

import re
import shlex
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from affectflow.gold.figures.differences import difference
from affectflow.report.html import Child, Html, el
from affectflow.report.queries import Facts, shown

if TYPE_CHECKING:
    from affectflow.batches.bootstrap import Interval


def percent(share: float | None) -> str:
    """Returns a share of 0..1 in per cent, without false precision."""
    if share is None:
        return "unknown"
    return f"{share:.1%}" if _is_fine(share) else f"{share:.0%}"


def _is_fine(share: float) -> bool:
    """Returns whether whole per cent would make a share 0 or 1 that is neither."""
    return 0 < share < 0.01 or 0.99 < share < 1


def with_interval(found: "Interval") -> str:
    """Returns a share and its interval: 12% (9% to 15%)."""
    return f"{percent(found.value)} ({percent(found.low)} to {percent(found.high)})"


def compared(before: "Interval", after: "Interval") -> tuple[str, str, str]:
    """Returns two shares, and the later less the earlier: what is shown adds up.

    With a decimal where whole numbers would not add up, or one is below 1% or over 99%.
    """
    apart = difference(after, before)
    is_fine = any(map(_is_fine, (*before, *after)))
    decimals = 0 if _add_up(before, after, apart) and not is_fine else 1
    shown = [_shown(each, decimals) for each in (before, after)]
    value = float(shown[1][0]) - float(shown[0][0])
    told = [f"{each}% ({low}% to {high}%)" for each, low, high in shown]
    return told[0], told[1], points(apart._replace(value=value / 100), decimals)


def contrasted(later: "Interval", earlier: "Interval") -> tuple[str, str, str]:
    """Returns two differences in points, and the first less the second, likewise."""
    apart = difference(later, earlier)
    decimals = 0 if _add_up(earlier, later, apart) else 1
    value = float(_shown(later, decimals)[0]) - float(_shown(earlier, decimals)[0])
    contrast = apart._replace(value=value / 100)
    first, second, third = (points(e, decimals) for e in (later, earlier, contrast))
    return first, second, third


def _add_up(before: "Interval", after: "Interval", apart: "Interval") -> bool:
    """Returns whether whole numbers of two shares and of their difference add up."""
    whole = [round(100 * each.value) for each in (before, after, apart)]
    return whole[1] - whole[0] == whole[2]


def _shown(found: "Interval", decimals: int) -> list[str]:
    return [f"{100 * each:.{decimals}f}" for each in found]


def points(found: "Interval", decimals: int = 0) -> str:
    """Returns a difference of shares in points: +4 points (-1 to +9)."""
    spelt = (f"{100 * each:+.{decimals}f}".replace("-", "−") for each in found)
    value, low, high = (re.sub(r"^[+−](?=[0.]+$)", "", each) for each in spelt)
    unit = "point" if value in ("+1", "−1") else "points"
    return f"{value} {unit} ({low} to {high})"


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
    """Returns the queries behind a section, to be copied into a shell.

    Where the page is served, they are for its box for SQL, so they stand there as they
    are. `other` overrides parameters of the report.
    """
    parameters = {**facts.parameters, **other}
    queries = [shown(each, parameters) for each in (name, *more)]
    command = f"affectflow sql {shlex.quote(facts.lake)} "
    return el(
        "details",
        el("summary", f"SQL behind {what}"),
        [
            el("pre", query if facts.is_served else command + shlex.quote(query))
            for query in queries
        ],
    )
