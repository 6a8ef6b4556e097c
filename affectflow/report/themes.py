"""Themes of one family: rank, count, course, and quotes that link to their origin."""

import re
from datetime import datetime

from affectflow.nouns import count
from affectflow.report import charts
from affectflow.report.html import Html, el, join, link, prose
from affectflow.report.queries import MIN_SPEAKERS, MIN_UTTERANCES, Row, ThemeList
from affectflow.report.words import every_period, listed, percent

_MAX_THEMES = 10
_MAX_SMALL = 12
_QUOTE_CHARS = 300
# Names of accounts stay out of the report, also inside what people wrote.
_MENTION = re.compile(r"(?<![\w.@/])@[A-Za-z0-9][\w-]*")
# The marks around code in Markdown, with the language behind them.
_FENCE = re.compile(r"(?m)^[ \t>]*(?:`{3,}|~{3,})[^\n`]*$|`{3,}")


def theme_list(family: ThemeList, period: str, unquoted: str) -> Html:
    """Returns the themes, those with enough people and messages first and in full.

    Smaller themes get neither number nor trend: their titles and public quotes only.
    `unquoted` says why a quote is missing.
    """
    large = [theme for theme in family.themes if _is_large(theme)]
    small = [theme for theme in family.themes if not _is_large(theme)]
    hidden = len(large) - _MAX_THEMES
    items = [
        _theme(place, theme, family, period)
        for place, theme in enumerate(large[:_MAX_THEMES], start=1)
    ]
    quotable = any(family.quotes.values())
    return join(
        el("p", _introduction(family)),
        None
        if quotable or not family.themes
        else el("p", prose(unquoted), class_="note"),
        el("ol", items, class_="themes") if items else None,
        el("p", f"{count(hidden, 'further theme')} by the query below.", class_="note")
        if hidden > 0
        else None,
        _small_themes(small, family, len(large)) if small else None,
    )


def excerpt(text: str, start: int, end: int) -> Html:
    """Returns about 300 characters of `text` around the marked span `start:end`.

    Cut at spaces; a longer span is cut too. Mentions of accounts become `@…`; the
    marks around code go; line breaks stay: a line may quote somebody else.
    """
    end = min(end, start + _QUOTE_CHARS)
    room = max(0, _QUOTE_CHARS - (end - start)) // 2
    first, last = max(0, start - room), min(len(text), end + room)
    before, after = text[first:start], text[end:last]
    if first > 0:
        before = "… " + before.partition(" ")[2]
    if last < len(text):
        after = after.rpartition(" ")[0] + " …"
    marked = el("mark", _lines(text[start:end]))
    return join(_lines(before), marked, _lines(after))


def _lines(text: str) -> Html:
    """Returns text with its line breaks; blank lines are left out."""
    first, *rest = re.split(r"[ \t]*\n\s*", _masked(text))
    return join(first, [[el("br"), line] for line in rest])


def _masked(text: str) -> str:
    return _MENTION.sub("@…", _FENCE.sub("", text))


def _is_large(theme: Row) -> bool:
    # Where no speaker is known, conversations stand for people.
    people = theme["n_speakers"] or theme["n_conversations"]
    return bool(people >= MIN_SPEAKERS and theme["count"] >= MIN_UTTERANCES)


def _introduction(family: ThemeList) -> str:
    names = listed(family.annotators) or "an unnamed annotator"
    return (
        f"What people name as causes of {family.family}, grouped by wording and "
        f"ranked by number of messages. The emotion was found by {names}. Trend: "
        "messages in the later half of the time span, compared with the earlier "
        "half."
    )


def _theme(place: int, theme: Row, family: ThemeList, period: str) -> Html:
    return el(
        "li",
        el("div", f"{place}", class_="place"),
        el("div", _title(theme)),
        el("div", _measure(theme, family, period), class_="measure"),
        el("div", _quotes(theme, family), class_="quotes"),
    )


def _title(theme: Row) -> Html:
    words = ", ".join(theme["keywords"] or [])
    keywords = el("p", words, class_="keywords") if words else None
    name = theme["theme"] or "untitled"
    # Where the lake is served, a theme has a page of its own.
    named = el("a", name, href=theme["href"]) if "href" in theme else name
    return join(el("h3", named), keywords)


def _measure(theme: Row, family: ThemeList, period: str) -> Html:
    counts: dict[datetime, int] = {
        row["period"]: row["n"] for row in family.periods.get(theme["theme_id"], [])
    }
    # One span for all themes of a family, so that their courses can be compared.
    present = [row["period"] for rows in family.periods.values() for row in rows]
    points = [(when, counts.get(when, 0)) for when in every_period(present, period)]
    return join(
        el("b", count(theme["count"], "message")),
        _by_whom(theme),
        el("br"),
        _share(theme),
        charts.spark_line(points, f"{theme['theme']}: {theme['trend']}")
        if len(points) > 1
        else None,
        _trend(theme),
    )


def _by_whom(theme: Row) -> str:
    if theme["n_speakers"]:
        return f"by {count(theme['n_speakers'], 'person', 'people')}"
    return f"in {count(theme['n_conversations'], 'conversation')}"


def _share(theme: Row) -> Html | None:
    if theme["share"] is None:
        return None
    low, high = percent(theme["low"]), percent(theme["high"])
    return join(f"{percent(theme['share'])} ({low} to {high})", el("br"))


def _trend(theme: Row) -> str:
    if theme["trend"] == "unknown":
        return "trend unknown"
    return f"{theme['trend']}: {theme['earlier']:,}, then {theme['later']:,}"


def _quotes(theme: Row, family: ThemeList) -> Html:
    quotes = family.quotes.get(theme["theme_id"], [])
    return join([_quote(quote) for quote in quotes])


def _quote(quote: Row) -> Html:
    text = excerpt(quote["text"], quote["start"], quote["end"])
    origin = link("origin ↗", quote["url"]) if quote["url"] else None
    return el("blockquote", text, " ", origin)


def _small_themes(small: list[Row], family: ThemeList, places: int) -> Html:
    shown, hidden = small[:_MAX_SMALL], len(small) - _MAX_SMALL
    items = [
        el(
            "li",
            el("div", f"{place}", class_="place"),
            el("div", _title(theme)),
            el("div", _quotes(theme, family), class_="quotes"),
        )
        for place, theme in enumerate(shown, start=places + 1)
    ]
    text = (
        f"{count(len(small), 'theme')} with fewer than {MIN_SPEAKERS} people or "
        f"{MIN_UTTERANCES} messages: rank, title and public quotes only; the query "
        "below counts them. Where no speaker is known, conversations stand for people."
    )
    more = f"{count(hidden, 'further one')} by the query below." if hidden > 0 else None
    return join(
        el("p", text, class_="note"),
        el("ol", items, class_="themes"),
        more and el("p", more, class_="note"),
    )
