"""How the pages spell times, texts and links; text from outside is isolated.

Each text has an element of its own with `dir="auto"`, or is in `bdi`: marks that change
the direction of writing end with it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from affectflow.report.html import Child, Html, el, join
from affectflow.report.quotes import few_words

MOST_CHARACTERS = 20_000
"""The characters of one message on a page; the rest is counted."""
THEME = "/themes/one"
_AROUND = 160


def when(time: datetime | None) -> str:
    """Returns a time as pages show it, in UTC."""
    return f"{time:%Y-%m-%d %H:%M}" if time else "no time"


def day(time: datetime | None) -> Html:
    """Returns the day of a time, in one line."""
    return el("span", f"{time:%Y-%m-%d}" if time else "no time", class_="day")


def people_of(number: int | None) -> str:
    """Returns a number of people; nobody wrote nothing, so 0 is not known."""
    return f"{number:,}" if number else "not known"


def named(text: str | None, otherwise: str = "not stated") -> Html:
    """Returns a name from outside that cannot reverse the text beside it."""
    shown = text or otherwise
    return el("bdi", shown if len(shown) <= 200 else shown[:200] + "…")


def thread_at(conversation: str, message: str = "") -> str:
    """Returns the address of a thread, at one of its messages."""
    place = f"#{anchor(message)}" if message else ""
    return f"/threads/{quote(conversation, safe='')}{place}"


def theme_at(clustering: str, theme: str) -> str:
    """Returns the address of a theme."""
    return f"{THEME}?{urlencode({'clustering': clustering, 'theme': theme})}"


def anchor(message: str) -> str:
    """Returns the id of a message on its thread's page, valid in an address."""
    return "u-" + quote(message, safe="")


def body(text: str, spans: Iterable[tuple[int, int]] = ()) -> Html:
    """Returns a message with its line breaks, and some spans of it marked.

    Args:
      text: as in the lake; only the beginning of a very long one is shown.
      spans: code points from and to; those that do not fit the text are left out.
    """
    shown = text[:MOST_CHARACTERS]
    parts: list[Child] = []
    place = 0
    for start, end in merged(spans):
        if start >= place and start < end <= len(shown):
            parts += [shown[place:start], el("mark", shown[start:end])]
            place = end
    rest = len(text) - len(shown)
    return join(
        el("div", parts, shown[place:], class_="text", dir="auto"),
        el("p", f"… and {rest:,} further characters", class_="note") if rest else None,
    )


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Returns spans in order, overlapping ones merged.

    >>> merged([(5, 9), (0, 3), (2, 4)])
    [(0, 4), (5, 9)]
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def around(text: str, start: int, end: int) -> Html:
    """Returns a marked span with the words around it; a long one is cut."""
    start, end = max(0, start), min(end, start + 2 * _AROUND, len(text))
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    return el(
        "div",
        "… " if first else None,
        text[first:start],
        el("mark", text[start:end]) if start < end else None,
        text[max(start, end) : last],
        " …" if last < len(text) else None,
        class_="text",
        dir="auto",
    )


def place_of(words: str, text: str) -> tuple[int, int]:
    """Returns where words are in a text, in any case; (0, 0) if nowhere."""
    found = re.search(re.escape(words), text, re.IGNORECASE)
    return found.span() if found else (0, 0)


def pages(
    address: str, query: Mapping[str, Any], page: int, total: int, size: int
) -> Html | None:
    """Returns links to the previous and next page; None if there is only one."""
    last = max(1, -(-total // size))
    if last == 1:
        return None

    def to(number: int, name: str) -> Html | None:
        if not 1 <= number <= last:
            return None
        return el("a", name, href=f"{address}?{urlencode({**query, 'page': number})}")

    links = [to(page - 1, "← previous"), to(page + 1, "next →")]
    there = f"page {page:,} of {last:,}"
    return el("nav", links[0], " ", el("span", there), " ", links[1], class_="pages",
              aria_label="Pages of the list")  # fmt: skip


def facts(pairs: Sequence[tuple[str, Child]]) -> Html:
    """Returns figures with their names, as the report's head shows them."""
    return el(
        "dl",
        [el("div", el("dt", name), el("dd", value)) for name, value in pairs],
        class_="facts",
    )


def about(*parts: Child) -> Html:
    """Returns what is known about a message, in one line; None is nothing."""
    dotted: list[Child] = []
    for part in parts:
        if part:
            dotted += [" · ", part]
    return el("p", dotted[1:], class_="about")


def thread_link(row: Mapping[str, Any]) -> Html:
    """Returns a link to a thread."""
    name = named(thread_title(row))
    return el("a", name, href=thread_at(row["conversation_id"]))


def thread_title(row: Mapping[str, Any]) -> str:
    """Returns the title of a thread; without one, its first words, or else its id."""
    title: str = (row["title"] or "").strip()
    return title or few_words(row["opening"] or "", 0, 0) or row["conversation_id"]
