"""HTML that is escaped unless it is marked as markup."""

import html
from collections.abc import Iterable
from typing import TypeAlias
from urllib.parse import urlsplit

STACKED = "stacked"
"""The class of tables whose rows are stacked on a phone."""
_VOID = frozenset({"br", "hr", "input", "meta"})
# Control characters: a browser shows boxes, and a terminal may obey them.
_CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - set(map(ord, "\t\n\r")))


class Html(str):
    """Text that is markup already; any other text is escaped."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"


def el(tag: str, *children: Child, **attributes: str | None) -> Html:
    """Returns an element; `class_` is the attribute class, `aria_label` aria-label.

    >>> el("p", "1 < 2", class_="note")
    '<p class="note">1 &lt; 2</p>'
    """
    given = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{given}>")
    return Html(f"<{tag}{given}>{join(*children)}</{tag}>")


def join(*children: Child) -> Html:
    """Returns the children joined; None is left out, text is escaped."""
    return Html("".join(_markup(child) for child in children))


def _markup(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, str | int):
        return html.escape(without_controls(str(child)))
    return join(*child)


def without_controls(text: str) -> str:
    """Returns text without control characters other than line breaks and tabs."""
    return text.translate(_CONTROLS)


def prose(text: str) -> Html:
    """Returns our own words, with text between backticks as code.

    >>> prose("run `a < b`")
    'run <code>a &lt; b</code>'
    """
    parts = text.split("`")
    return join([el("code", p) if i % 2 else p for i, p in enumerate(parts)])


def link(text: Child, url: str | None) -> Html:
    """Returns a link to a page on the web; the text alone for any other address."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return join(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return join(text)
    return el("a", text, href=url, rel="noopener noreferrer nofollow")


def table(
    heads: list[str],
    rows: list[list[Child]],
    numeric: set[int],
    class_: str | None = None,
) -> Html:
    """Returns a table that scrolls when it is wide; `numeric` columns align right.

    A style may write each cell's head beside it, where rows are stacked.
    """
    stacked = class_ == STACKED

    def cells(tag: str, row: Iterable[Child]) -> Html:
        return el(
            "tr",
            [
                el(
                    tag,
                    cell,
                    class_="number" if i in numeric else None,
                    data_head=heads[i] if stacked and tag == "td" else None,
                )
                for i, cell in enumerate(row)
            ],
        )

    head = el("thead", cells("th", heads))
    body = el("tbody", [cells("td", row) for row in rows])
    return el("div", el("table", head, body, class_=class_), class_="scroll")
