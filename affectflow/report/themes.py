"""Themes of one family: rank, count, trend, and quotes that link to their origin."""

import re
from collections.abc import Iterable
from datetime import datetime

from affectflow.nouns import count
from affectflow.report import charts
from affectflow.report.asked import Asked
from affectflow.report.html import Child, Html, el, join, prose, table
from affectflow.report.queries import Facts, Row, ThemeList
from affectflow.report.quotes import hidden_by, may_quote, quote
from affectflow.report.small import Size, hidden_cells
from affectflow.report.words import day, every_period, listed, percent

_MAX_THEMES = 10
_MAX_SMALL = 12
_MAX_PLACES = 6
_MAX_ROWS = 15
_SHADES = 5
TOO_FEW = "too few to tell"
"""The trend in the views if the direction is unknown."""


def theme_list(family: ThemeList, facts: Facts, unquoted: str) -> Html:
    """Returns the themes; those with enough people and messages first and in full.

    Smaller themes show only title and public quotes, without numbers and trend.
    `unquoted` says why a quote is missing.
    """
    large = [theme for theme in family.themes if is_large(theme, facts.asked)]
    small = [theme for theme in family.themes if not is_large(theme, facts.asked)]
    hidden = len(large) - _MAX_THEMES
    items = [
        _theme(place, theme, family, facts)
        for place, theme in enumerate(large[:_MAX_THEMES], start=1)
    ]
    quotable = facts.asked.quotes == "none" or (
        may_quote(facts) and any(family.quotes.values())
    )
    return join(
        el("p", _introduction(family, large[:_MAX_THEMES], facts.asked)),
        None
        if quotable or not family.themes
        else el("p", prose(unquoted), class_="note"),
        el("ol", items, class_="themes") if items else None,
        el("p", f"{count(hidden, 'further theme')} by the query below.", class_="note")
        if hidden > 0
        else None,
        _small_themes(small, family, len(large), facts) if small else None,
    )


def is_large(theme: Row, asked: Asked) -> bool:
    """Returns whether a theme's numbers may be shown."""
    # If no speaker is known, conversations stand for people.
    return asked.shows(theme["count"], theme["n_speakers"] or theme["n_conversations"])


def _introduction(family: ThemeList, shown: list[Row], asked: Asked) -> str:
    names = listed(family.annotators) or "an unnamed annotator"
    trend = " Trend: messages in the later half of the time span, compared with the "
    says_one = any(_says_trend(theme, asked) for theme in shown)
    return (
        f"What people name as causes of {family.family}, grouped by wording and "
        f"ranked by number of messages. The emotion was found by {names}."
        f"{f'{trend}earlier half.' if says_one else ''}"
    )


def _says_trend(theme: Row, asked: Asked) -> bool:
    """Returns whether a theme is shown with a direction, or with its two halves."""
    if theme["trend"] == "unknown":
        return False
    halves = min(theme["earlier"], theme["later"])
    return theme["trend"] != TOO_FEW or halves >= asked.min_messages


def _theme(place: int, theme: Row, family: ThemeList, facts: Facts) -> Html:
    return el(
        "li",
        el("div", f"{place}", class_="place"),
        el("div", _title(theme, facts), _seen(theme, family, facts)),
        el("div", _measure(theme, family, facts), class_="measure"),
        el("div", _quotes(theme, family, facts), class_="quotes"),
    )


def _title(theme: Row, facts: Facts) -> Html:
    hide = hidden_by(facts)
    name = hide(theme["theme"] or "untitled")
    words = hide(", ".join(keywords_beside(name, theme["keywords"])))
    keywords = el("p", words, class_="keywords") if words else None
    # When the lake is served, a theme has a page of its own.
    named = el("a", name, href=theme["href"]) if "href" in theme else name
    return join(el("h3", named), keywords)


def keywords_beside(title: str, keywords: Iterable[str] | None) -> list[str]:
    """Returns the keywords that say more than the title beside which they stand.

    >>> keywords_beside("flaky tests", ["flaky test", "queue", "re-run"])
    ['queue', 're-run']
    """
    said = _words(title)
    return [
        each
        for each in keywords or ()
        if not all(any(word.startswith(own) for word in said) for own in _words(each))
    ]


def _words(text: str) -> set[str]:
    # Without the plural's s: "tests" is "test", and "install" begins "installation".
    return {word.rstrip("s") for word in re.findall(r"\w+", text.lower())}


def _seen(theme: Row, family: ThemeList, facts: Facts) -> Html | None:
    """Returns when a theme was seen first and last, open threads, newcomers' part."""
    rows = family.details.get(theme["theme_id"], [])
    said = seen_said(rows[0], facts.asked) if rows else []
    return el("p", "; ".join(said), class_="keywords") if said else None


def seen_said(row: Row, asked: Asked) -> list[str]:
    """Returns what the details of a theme say, in words."""
    said = []
    if row["first_at"]:
        said.append(f"first seen {day(row['first_at'])}, last {day(row['last_at'])}")
    if row["known_threads"]:
        said.append(
            f"{row['open_threads']:,} of {count(row['known_threads'], 'thread')} open"
        )
    new, others = row["newcomers"], row["others"]
    sizes = (new, row["new_people"]), (others, row["other_people"])
    # Each part is checked: the theme less one part is the other.
    if new + others and all(asked.shows(*size) for size in sizes):
        said.append(
            f"{new:,} of {count(new + others, 'message')} by people in their first "
            "thread here"
        )
    return said


def _measure(theme: Row, family: ThemeList, facts: Facts) -> Html:
    return join(
        el("b", count(theme["count"], "message")),
        _by_whom(theme),
        el("br"),
        _share(theme),
        _course(theme, family, facts),
        _trend(theme, facts.asked),
    )


def _course(theme: Row, family: ThemeList, facts: Facts) -> Html | None:
    """Returns the theme's counts over time, if none of them is too small."""
    rows = family.periods.get(theme["theme_id"], [])
    counts: dict[datetime, int] = {row["period"]: row["n"] for row in rows}
    # One span for all themes of a family, so that their trends can be compared.
    present = [row["period"] for rows in family.periods.values() for row in rows]
    points = [(w, counts.get(w, 0)) for w in every_period(present, facts.period)]
    if len(points) < 2 or not all(facts.asked.shows(r["n"], r["people"]) for r in rows):
        return None
    name = hidden_by(facts)(theme["theme"] or "untitled")
    return charts.spark_line(points, f"{name}: {theme['trend']}")


def _by_whom(theme: Row) -> str:
    if theme["n_speakers"]:
        return f"by {count(theme['n_speakers'], 'person', 'people')}"
    return f"in {count(theme['n_conversations'], 'conversation')}"


def _share(theme: Row) -> Html | None:
    if theme["share"] is None:
        return None
    low, high = percent(theme["low"]), percent(theme["high"])
    return join(
        f"{percent(theme['share'])} ({low} to {high}) of all in themes", el("br")
    )


def _trend(theme: Row, asked: Asked) -> str:
    trend, ends = str(theme["trend"]), (theme["earlier"], theme["later"])
    if trend == "unknown":
        return "trend unknown"
    trend = "too few to tell a trend" if trend == TOO_FEW else trend
    if min(ends) < asked.min_messages:
        return trend
    return f"{trend}: {ends[0]:,}, then {ends[1]:,}"


def _quotes(theme: Row, family: ThemeList, facts: Facts) -> Html:
    rows = family.quotes.get(theme["theme_id"], [])
    return join([quote(row, facts) for row in rows])


def _small_themes(
    small: list[Row], family: ThemeList, places: int, facts: Facts
) -> Html:
    shown, hidden = small[:_MAX_SMALL], len(small) - _MAX_SMALL
    items = [
        el(
            "li",
            el("div", f"{place}", class_="place"),
            el("div", _title(theme, facts)),
            el("div", _quotes(theme, family, facts), class_="quotes"),
        )
        for place, theme in enumerate(shown, start=places + 1)
    ]
    text = (
        f"{count(len(small), 'theme')} with {facts.asked.small}: rank, title and "
        "public quotes only; the query below counts them. Where no speaker is known, "
        "conversations stand for people."
    )
    more = f"{count(hidden, 'further one')} by the query below." if hidden > 0 else None
    return join(
        el("p", text, class_="note"),
        el("ol", items, class_="themes"),
        more and el("p", more, class_="note"),
    )


# -- by container ------------------------------------------------------------------


def heat_table(family: ThemeList, facts: Facts) -> Html | None:
    """Returns messages by theme and container; more messages are darker."""
    shown = [t for t in family.themes if is_large(t, facts.asked)][:_MAX_ROWS]
    cells = {(r["theme_id"], r["container"]): _size(r) for r in family.places}
    places = [c for c in _places(cells) if facts.asked.is_owner or _is_shown(c, facts)]
    if not shown or len(places) < 2:
        return None
    hidden = hidden_cells(cells, facts.asked)
    most = max(size.messages for size in cells.values())
    hide = hidden_by(facts)
    rows: list[list[Child]] = [
        [
            hide(t["theme"] or "untitled"),
            *(
                _heat(cells.get((t["theme_id"], c)), (t["theme_id"], c) in hidden, most)
                for c in places
            ),
        ]
        for t in shown
    ]
    heads = ["Theme", *(c or "(none)" for c in places)]
    note = f"·: {facts.asked.small}, or a number that would reveal such a count"
    return join(
        el("h3", "By container"),
        table(heads, rows, set(range(1, len(heads))), class_="heat"),
        el("p", note, class_="note") if hidden else None,
    )


def _size(row: Row) -> Size:
    return Size(row["messages"], row["people"])


def _is_shown(container: str | None, facts: Facts) -> bool:
    found = facts.counts.containers.get(container)
    return found is not None and facts.asked.shows(*found.size)


def _places(cells: dict[tuple[str, str | None], Size]) -> list[str | None]:
    """Returns the containers with most messages in themes."""
    sums: dict[str | None, int] = {}
    for (_, container), size in cells.items():
        sums[container] = sums.get(container, 0) + size.messages
    return sorted(sums, key=lambda c: (-sums[c], str(c)))[:_MAX_PLACES]


def _heat(size: Size | None, is_hidden: bool, most: int) -> Html:
    if is_hidden:
        return el("span", "·", class_="heat-0")
    n = size.messages if size else 0
    shade = -(-n * _SHADES // most) if n else 0
    return el("span", f"{n:,}", class_=f"heat-{shade}")
