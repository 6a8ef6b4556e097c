"""Plots as static SVG that follows the colours of the page it stands in.

Widths and positions are in per cent and texts in pixels, so that a plot fills its
figure and its texts stay readable on a phone. No library and no font is loaded.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from affectflow.report.html import Child, Html, el

Point = tuple[datetime, int | None]

_TOP, _BOTTOM = 14.0, 20.0
"""Pixels above the highest value, and below zero for the dates."""


class Column(NamedTuple):
    """A period: all messages, and those flagged; None where nothing may be shown."""

    when: datetime
    all: int | None
    flagged: int | None


class Rate(NamedTuple):
    """A period and its share with an interval, 0..1; None where it is unknown."""

    when: datetime
    value: float | None
    low: float
    high: float


class Mark(NamedTuple):
    """An event: its position on the axis, 0..1, and its name there."""

    place: float
    name: str


def hatching() -> Html:
    """Returns the pattern that hatches unfinished periods; once a page."""
    lines = el("path", d="M0 6 6 0", class_="hatch")
    pattern = el(
        "pattern",
        lines,
        id="unfinished",
        width="6",
        height="6",
        patternUnits="userSpaceOnUse",
    )
    return el("svg", pattern, width="0", height="0", aria_hidden="true")


def time_line(points: Sequence[Point], label: str, *, unfinished: bool = False) -> Html:
    """Returns a line of counts over time; None breaks the line.

    The last period is hatched if it is unfinished.
    """
    height, top = 110.0, _nice(max((n for _, n in points if n), default=0))
    places = [_middle(i, len(points)) for i in range(len(points))]
    known = [(x, n) for x, (_, n) in zip(places, points, strict=True)]
    dots = [
        el("circle", cx=_part(x), cy=_px(_y(n, top, height)), r="1.8", class_="dot")
        for x, n in known
        if n is not None
    ]
    return _plot(
        height,
        label,
        _grid(top, height),
        _hatch(len(points), height) if unfinished else None,
        _curve(known, top, height),
        dots,
        _scale(top, height),
        _dates([when for when, _ in points], height),
        class_="axes",
    )


def spark_line(points: Sequence[Point], label: str) -> Html:
    """Returns a line of counts over time without axes, the last point marked."""
    top = max([n or 0 for _, n in points] + [1])
    xs = [i / max(1, len(points) - 1) for i in range(len(points))]
    height = 34.0
    ys = [4 + (1 - (n or 0) / top) * (height - 8) for _, n in points]
    line = " ".join(f"{x * 100:.2f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
    drawn = _stretched(
        height,
        el("polygon", points=f"0,{height:.0f} {line} 100,{height:.0f}", class_="area"),
        el("polyline", points=line, class_="line"),
    )
    end = el("circle", cx="97%", cy=_px(ys[-1]), r="3", class_="dot")
    return _plot(height, label, drawn, end, class_="spark")


def columns(
    periods: Sequence[Column],
    label: str,
    *,
    unfinished: bool = False,
    marks: Iterable[Mark] = (),
    height: float = 130.0,
) -> Html:
    """Returns columns of all messages, with those of flagged messages in front."""
    top = _nice(max((each.all for each in periods if each.all), default=0))
    slot = 1 / max(1, len(periods))
    drawn: list[Child] = []
    for i, each in enumerate(periods):
        if each.all is None:
            place, y = _middle(i, len(periods)), _px(height - _BOTTOM - 5)
            drawn.append(el("circle", cx=_part(place), cy=y, r="2.5", class_="few"))
            continue
        x = (i + 0.14) * slot
        for n, name in ((each.all, "all"), (each.flagged or 0, "flagged")):
            drawn.append(_bar(x, slot * 0.72, n, top, height, name))
    return _plot(
        height,
        label,
        _grid(top, height),
        drawn,
        _hatch(len(periods), height) if unfinished else None,
        _scale(top, height),
        _marks(marks, height),
        _dates([each.when for each in periods], height),
        class_="axes",
    )


def rates(
    periods: Sequence[Rate],
    label: str,
    *,
    unfinished: bool = False,
    marks: Iterable[Mark] = (),
    height: float = 150.0,
) -> Html:
    """Returns shares over time, each a point on its 95 % interval."""
    known = [each for each in periods if each.value is not None]
    top = min(1.0, _nice_share(max((each.high for each in known), default=0.0)))
    drawn: list[Child] = []
    for i, each in enumerate(periods):
        if each.value is None:
            continue
        x = _part(_middle(i, len(periods)))
        ends = (_px(_y(end, top, height)) for end in (each.low, each.high))
        y1, y2 = ends
        drawn.append(el("line", x1=x, x2=x, y1=y1, y2=y2, class_="interval"))
        drawn.append(
            el("circle", cx=x, cy=_px(_y(each.value, top, height)), r="4", class_="dot")
        )
    return _plot(
        height,
        label,
        _grid(top, height, percent=True),
        _hatch(len(periods), height) if unfinished else None,
        drawn,
        _scale(top, height, percent=True),
        _marks(marks, height),
        _dates([each.when for each in periods], height),
        class_="axes",
    )


def bars(counts: Sequence[tuple[str, int]], label: str) -> Html:
    """Returns horizontal bars, in the order given, the count at the end of each."""
    most, step = max([n for _, n in counts] + [1]), 38
    rows: list[Child] = []
    for i, (name, n) in enumerate(counts):
        y, length = i * step, 88 * n / most
        # The name is above its bar: a phone has no room beside it.
        bar = {"x": "0", "y": f"{y + 17}", "width": f"{length:.2f}%", "height": "13"}
        rows += [
            _text(_cut(name), "0", y + 12, class_="name"),
            el("rect", **bar, class_="flagged"),
            _text(f"{n:,}", f"{length + 1:.2f}%", y + 28),
        ]
    return _plot(len(counts) * step, label, rows)


# -- parts -------------------------------------------------------------------------


def _plot(
    height: float, label: str, *children: Child, class_: str | None = None
) -> Html:
    name = re.sub(r"[^\w ,.:()-]", " ", label)
    return el(
        "svg",
        *children,
        role="img",
        aria_label=name,
        width="100%",
        height=f"{height:.0f}",
        class_=class_,
    )


def _curve(
    known: Sequence[tuple[float, int | None]], top: float, height: float
) -> Html:
    """Returns a line with the area below it for each run of known values."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, n in known:
        if n is None:
            runs.append([])
        else:
            runs[-1].append((x * 100, _y(n, top, height)))
    base = height - _BOTTOM
    drawn: list[Child] = []
    for run in (run for run in runs if len(run) > 1):
        line = " ".join(f"{x:.2f},{y:.1f}" for x, y in run)
        ends = f"{run[0][0]:.2f},{base:.1f} {line} {run[-1][0]:.2f},{base:.1f}"
        drawn.append(el("polygon", points=ends, class_="area"))
        drawn.append(el("polyline", points=line, class_="line"))
    return _stretched(height, *drawn)


def _stretched(height: float, *children: Child) -> Html:
    """Returns shapes whose x runs from 0 to 100 over the whole width."""
    return el(
        "svg",
        *children,
        viewBox=f"0 0 100 {height:.0f}",
        preserveAspectRatio="none",
        width="100%",
        height=f"{height:.0f}",
    )


def _bar(
    x: float, width: float, n: float, top: float, height: float, name: str
) -> Html:
    y = _y(n, top, height)
    return el(
        "rect",
        x=_part(x),
        width=_part(width),
        y=_px(y),
        height=_px(height - _BOTTOM - y),
        class_=name,
    )


def _hatch(periods: int, height: float) -> Html:
    return el(
        "rect",
        x=_part(1 - 1 / max(1, periods)),
        width=_part(1 / max(1, periods)),
        y=_px(_TOP),
        height=_px(height - _TOP - _BOTTOM),
        fill="url(#unfinished)",
    )


def _marks(marks: Iterable[Mark], height: float) -> list[Child]:
    drawn: list[Child] = []
    for mark in marks:
        x = _part(mark.place)
        line = el(
            "line", x1=x, x2=x, y1=_px(_TOP), y2=_px(height - _BOTTOM), class_="mark"
        )
        drawn += [line, _text(mark.name, x, 11, anchor="middle", class_="event")]
    return drawn


def _grid(top: float, height: float, *, percent: bool = False) -> list[Child]:
    ys = [_px(_y(value, top, height)) for value in _ticks(top, percent=percent)]
    return [el("line", x1="0", x2="100%", y1=y, y2=y, class_="grid") for y in ys]


def _scale(top: float, height: float, *, percent: bool = False) -> list[Child]:
    """Returns the values of the grid, in the margin left of the plot."""
    return [
        _text(
            _percent(v) if percent else _short(v),
            "-7",
            _y(v, top, height) + 4,
            anchor="end",
        )
        for v in _ticks(top, percent=percent)
        if v
    ]


def _ticks(top: float, *, percent: bool) -> list[float]:
    values = (0.0, top / 2, float(top))
    return [value for value in values if percent or value == int(value)]


def _dates(periods: Sequence[datetime], height: float) -> list[Child]:
    """Returns three dates below a plot: more would overlap."""
    shown = sorted({0, len(periods) // 2, len(periods) - 1})
    within_a_year = periods[-1] - periods[0] < timedelta(days=300)
    are_months = all(period.day == 1 for period in periods)
    drawn: list[Child] = []
    for i in shown:
        day = f"{periods[i].day} " if within_a_year and not are_months else ""
        year = "" if day else f" {periods[i]:%Y}"
        x = _middle(i, len(periods))
        anchor = "start" if x < 0.2 else "end" if x > 0.8 else "middle"
        x = 0.0 if anchor == "start" else 1.0 if anchor == "end" else x
        text = f"{day}{periods[i]:%b}{year}"
        drawn.append(_text(text, _part(x), height - 5, anchor=anchor))
    return drawn


def _text(
    text: str, x: str, y: float, *, anchor: str = "start", class_: str = "axis"
) -> Html:
    return el("text", text, x=x, y=_px(y), text_anchor=anchor, class_=class_)


def _y(value: float, top: float, height: float) -> float:
    return height - _BOTTOM - (value / top if top else 0) * (height - _TOP - _BOTTOM)


def _middle(place: int, periods: int) -> float:
    return (place + 0.5) / max(1, periods)


def _part(share: float) -> str:
    return f"{share * 100:.2f}%"


def _px(pixels: float) -> str:
    return f"{pixels:.1f}"


def _nice(most: float) -> int:
    """Returns the smallest of 2, 4, 6, 8, 10, 20, 40, ... that is at least `most`."""
    size = 1
    while True:
        for step in (2, 4, 6, 8, 10):
            if step * size >= most:
                return step * size
        size *= 10


def _nice_share(most: float) -> float:
    steps = (0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
    return next((step for step in steps if step >= most), 1.0)


def _short(value: float) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _percent(value: float) -> str:
    return f"{value * 100:g}%"


def _cut(name: str) -> str:
    return name if len(name) <= 42 else name[:41] + "…"
