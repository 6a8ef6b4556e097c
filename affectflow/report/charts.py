"""Plots as static SVG that follows the colours of the page it stands in.

Altair draws, vl-convert renders; both run here, without a browser and without network.
"""

import hashlib
import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from affectflow.errors import MissingExtraError
from affectflow.report.html import Html

if TYPE_CHECKING:
    import altair

Point = tuple[datetime, int | None]

_ACCENT = "var(--accent)"
_MUTED = "var(--muted)"
_LINE = "var(--line)"
_FONT = "system-ui, sans-serif"


def time_line(points: Sequence[Point], label: str) -> Html:
    """Returns a line of counts over time; None breaks the line."""
    import altair

    data = altair.InlineData(
        values=[{"period": f"{when:%Y-%m-%d}", "n": n} for when, n in points]
    )
    # A period between two gaps has no line to stand on, so points are drawn too.
    base = altair.Chart(data).encode(
        x=altair.X(
            "period:T",
            title=None,
            # Days are read as UTC; drawn in local time they would slip by one.
            scale=altair.Scale(type="utc"),
            axis=_time_axis([when for when, _ in points]),
        ),
        y=altair.Y(
            "n:Q",
            title=None,
            scale=altair.Scale(zero=True, nice=True),
            axis=altair.Axis(
                tickCount=3,
                format="~s",
                tickMinStep=1,
                labelExpr="datum.value % 1 ? '' : datum.value ? datum.label : '0'",
            ),
        ),
    )
    layers = altair.layer(
        base.mark_area(color=_ACCENT, opacity=0.12, invalid="break-paths-show-domains"),
        base.mark_line(
            color=_ACCENT,
            strokeWidth=1.8,
            strokeJoin="round",
            invalid="break-paths-show-domains",
        ),
        base.mark_point(color=_ACCENT, filled=True, size=9, invalid="filter"),
    )
    return _svg(layers.properties(width=250, height=96), label)


def _time_axis(periods: Sequence[datetime]) -> "altair.Axis":
    """Returns an axis with three dates: more would run into one another."""
    import altair

    shown = sorted({periods[0], periods[len(periods) // 2], periods[-1]})
    within_a_year = shown[-1] - shown[0] < timedelta(days=300)
    are_months = all(period.day == 1 for period in periods)
    return altair.Axis(
        values=[
            altair.DateTime(year=p.year, month=p.month, date=p.day, utc=True)
            for p in shown
        ],
        format="%-d %b" if within_a_year and not are_months else "%b %Y",
        grid=False,
        labelFlush=True,
        labelOverlap=True,
        labelSeparation=8,
    )


def spark_line(points: Sequence[Point], label: str) -> Html:
    """Returns a line of counts over time without axes, the last point marked."""
    import altair

    values = [{"i": i, "n": n or 0} for i, (_, n) in enumerate(points)]
    base = altair.Chart(altair.InlineData(values=values)).encode(
        x=altair.X("i:Q", axis=None, scale=altair.Scale(nice=False)),
        y=altair.Y("n:Q", axis=None, scale=altair.Scale(zero=True, nice=False)),
    )
    end = altair.Chart(altair.InlineData(values=values[-1:])).encode(x="i:Q", y="n:Q")
    layers = altair.layer(
        base.mark_area(color=_ACCENT, opacity=0.12),
        base.mark_line(color=_ACCENT, strokeWidth=1.5, strokeJoin="round"),
        end.mark_point(color=_ACCENT, filled=True, size=26),
    )
    return _svg(layers.properties(width=132, height=30), label)


def bars(counts: Sequence[tuple[str, int]], label: str) -> Html:
    """Returns horizontal bars, in the order given, the count at the end of each."""
    import altair

    values = [{"label": name, "n": n} for name, n in counts]
    base = altair.Chart(altair.InlineData(values=values)).encode(
        x=altair.X("n:Q", axis=None, scale=altair.Scale(zero=True)),
        y=altair.Y(
            "label:N",
            title=None,
            sort=None,
            # A browser's font may be wider than the one that the plot was made with.
            axis=altair.Axis(
                ticks=False,
                domain=False,
                labelPadding=8,
                labelLimit=200,
                minExtent=110,
            ),
        ),
    )
    layers = altair.layer(
        base.mark_bar(color=_ACCENT, opacity=0.75, height={"band": 0.62}),
        base.mark_text(align="left", dx=6, color=_MUTED).encode(
            text=altair.Text("n:Q", format=",")
        ),
    )
    return _svg(layers.properties(width=460, height={"step": 22}), label)


def _svg(chart: "altair.LayerChart | altair.FacetChart", label: str) -> Html:
    buffer = io.StringIO()
    try:
        _styled(chart).save(buffer, format="svg")
    except Exception as error:  # vl-convert raises what its JavaScript threw
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingExtraError(
            f"the plots of the report cannot be drawn: {first}; reinstall the two "
            "that draw them: `pip install --force-reinstall altair vl-convert-python`"
        ) from error
    return _embedded(buffer.getvalue(), label)


def _styled(chart: "altair.LayerChart | altair.FacetChart") -> Any:
    axis = {
        "labelColor": _MUTED,
        "labelFont": _FONT,
        "labelFontSize": 11,
        "domainColor": _LINE,
        "tickColor": _LINE,
        "gridColor": _LINE,
    }
    return chart.configure(
        background="transparent", font=_FONT, axis=axis, view={"stroke": None}
    )


def _embedded(svg: str, label: str) -> Html:
    """Returns an SVG that may stand beside others in one page, and can shrink.

    Ids get a prefix of their own, because two plots would share them; style attributes
    go, because the page's policy refuses them.
    """
    prefix = f"plot-{hashlib.blake2b(svg.encode(), digest_size=6).hexdigest()}-"
    svg = re.sub(r'\bid="', f'id="{prefix}', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}", svg)
    svg = re.sub(r'\s(style|xmlns|xmlns:xlink)="[^"]*"', "", svg)
    start = svg.index("<svg")
    name = re.sub(r"[^\w ,.:-]", " ", label)
    return Html(f'<svg role="img" aria-label="{name}"{svg[start + 4 :]}')
