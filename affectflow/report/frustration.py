"""What is flagged over time: by container, and by the role of the author."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from affectflow.nouns import count
from affectflow.report import charts
from affectflow.report.charts import Column, Mark, Rate
from affectflow.report.counts import Count
from affectflow.report.html import Child, Html, el, table
from affectflow.report.queries import Facts
from affectflow.report.small import hidden_cells, hidden_parts
from affectflow.report.words import (
    ask_yourself,
    every_period,
    is_unfinished,
    period_after,
    period_name,
    section,
    with_interval,
)

if TYPE_CHECKING:
    from affectflow.batches.bootstrap import Interval

_MAX_PLOTS = 6
_MIN_COLUMNS = 2
"""A plot of fewer periods shows no trend."""


def over_time(facts: Facts) -> Html | None:
    """Returns what is flagged over time, as a whole, by container and by role."""
    if len(facts.counts.periods) < 2:
        return None
    counts = facts.counts
    title = f"{facts.measure.capitalize()} by {facts.period}"
    places = _multiples(facts, "container", counts.containers, counts.container_periods)
    roles = _multiples(facts, "role", counts.roles, counts.role_periods)
    whole = _whole(facts) if facts.shares and len(facts.shares.periods) > 1 else None
    return section(
        "over-time",
        title,
        el("p", _explained(facts)) if whole or places or roles else None,
        whole,
        [el("h3", "By container"), places] if places else None,
        [el("h3", "By role of the author"), roles] if roles else None,
        _marks_named(facts),
        _as_table(facts),
        ask_yourself("flagged", facts),
    )


def _explained(facts: Facts) -> str:
    plotted = (
        f"Messages that the annotator flags as {facts.measure} (coloured), in front of "
        "all that it answered (grey). Hatched: not over yet."
    )
    if facts.asked.is_owner:
        return plotted
    return (
        f"{plotted} A ring stands for {facts.asked.small}, and for any number that "
        "would reveal such a count by subtraction; a part with hardly anything else "
        "is left out."
    )


def columns_of(facts: Facts, counts: Mapping[Any, Count]) -> list[Column]:
    """Returns a column for each period; it is empty if too few people wrote."""
    hidden = hidden_parts({p: n.size for p, n in counts.items()}, facts.asked)
    return _columns(facts, counts, hidden)


def _columns(
    facts: Facts, counts: Mapping[Any, Count], hidden: set[Any]
) -> list[Column]:
    periods = every_period(list(facts.counts.periods), facts.period)
    return [
        Column(p, None, None)
        if p in hidden
        else Column(p, counts[p].messages, counts[p].flagged)
        if p in counts
        else Column(p, 0, 0)
        for p in periods
    ]


def rates_of(facts: Facts, shares: "Mapping[Any, Interval]") -> list[Rate]:
    """Returns the share of each period; unknown if too few messages are labelled."""
    periods = every_period(list(facts.counts.periods), facts.period)
    return [
        Rate(p, *shares[p]) if p in shares else Rate(p, None, 0.0, 0.0) for p in periods
    ]


def marks_of(facts: Facts, where: str | None = None) -> list[Mark]:
    """Returns the events on the axis of time: all, or those of a container."""
    periods = every_period(list(facts.counts.periods), facts.period)
    if not periods:
        return []
    found = []
    for number, event in enumerate(facts.asked.events, start=1):
        concerns = where is None or event.where in ("", where)
        if concerns and (place := _place(event.at, periods, facts.period)) is not None:
            found.append(Mark(place, f"{number}"))
    return found


def _place(at: datetime, periods: list[datetime], period: str) -> float | None:
    for i, start in enumerate(periods):
        end = period_after(start, period)
        if start <= at < end:
            return (i + (at - start) / (end - start)) / len(periods)
    return None


def _is_open(facts: Facts) -> bool:
    periods = every_period(list(facts.counts.periods), facts.period)
    last = facts.one("counts")["last_at"]
    return bool(periods) and is_unfinished(periods[-1], last, facts.period)


def _whole(facts: Facts) -> Html:
    columns, total = columns_of(facts, facts.counts.periods), facts.counts.total
    plot = charts.columns(
        columns,
        "messages flagged, of all",
        unfinished=_is_open(facts),
        marks=marks_of(facts),
    )
    said = f"{total.flagged:,} of {total.messages:,}"
    return el("figure", el("figcaption", "all", el("span", said)), plot, class_="lead")


def _multiples(
    facts: Facts,
    kind: str,
    parts: Mapping[Any, Count],
    cells: Mapping[tuple[Any, Any], Count],
) -> Html | None:
    """Returns a plot for each of the largest parts that may be shown."""
    unshown = hidden_parts({k: n.size for k, n in parts.items()}, facts.asked)
    hidden = hidden_cells({k: n.size for k, n in cells.items()}, facts.asked)
    by_size = sorted(parts, key=lambda k: (-parts[k].messages, str(k)))
    shown = [k for k in by_size if k not in unshown and k is not None][:_MAX_PLOTS]
    if not shown or len(parts) < 2:
        return None
    plots = []
    for part in shown:
        own = {p: n for (k, p), n in cells.items() if k == part}
        columns = _columns(facts, own, {p for k, p in hidden if k == part})
        if sum(bool(each.all) for each in columns) >= _MIN_COLUMNS:
            plots.append(_plot(facts, kind, str(part), parts[part], columns))
    if not plots:
        few = f"Too few messages a {facts.period} to tell them apart."
        return el("p", few, class_="note")
    return el("div", plots, class_="plots wide")


def _plot(
    facts: Facts, kind: str, name: str, total: Count, columns: list[Column]
) -> Html:
    where = name if kind == "container" else None
    plot = charts.columns(
        columns,
        f"messages flagged, of all, {kind} {name}",
        unfinished=_is_open(facts),
        marks=marks_of(facts, where),
        height=110.0,
    )
    shares = facts.shares and (
        facts.shares.containers if kind == "container" else facts.shares.roles
    )
    said = f"{total.flagged:,} of {total.messages:,}"
    if shares and name in shares:
        said = with_interval(shares[name])
    return el("figure", el("figcaption", name, el("span", said)), plot)


def _marks_named(facts: Facts) -> Html | None:
    if not facts.asked.events:
        return None
    items = [
        el("li", f"{e.at:%Y-%m-%d}: {e.what}{f' ({e.where})' if e.where else ''}")
        for e in facts.asked.events
    ]
    return el("ol", items, class_="events")


def _as_table(facts: Facts) -> Html:
    """Returns the numbers of the plot, for readers who cannot see it."""
    shares = facts.shares.periods if facts.shares else {}
    rows: list[list[Child]] = []
    for each in columns_of(facts, facts.counts.periods):
        if each.all is None:
            continue
        row: list[Child] = [
            period_name(each.when, facts.period),
            f"{each.flagged:,}",
            f"{each.all:,}",
        ]
        if shares:
            found = shares.get(each.when)
            row.append(with_interval(found) if found else "too few labelled")
        rows.append(row)
    if not rows:
        none = f"No {facts.period} is shown: each has {facts.asked.small}."
        return el("p", none, class_="note")
    heads = [facts.period.capitalize(), "Flagged", "Of"]
    heads += ["Share, corrected"] if shares else []
    left = len(facts.counts.periods) - len(rows)
    note = f"{count(max(0, left), facts.period)} with {facts.asked.small} left out."
    return el(
        "details",
        el("summary", "The numbers as a table"),
        table(heads, rows, {1, 2, 3}),
        el("p", note, class_="note") if left > 0 else None,
    )
