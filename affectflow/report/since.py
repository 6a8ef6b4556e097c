"""What is new, grown or gone since the page that this one replaces.

A page lists its themes, so that the next page in its place can compare them.
"""

import html
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

from affectflow.nouns import count
from affectflow.report.html import Child, Html, el
from affectflow.report.queries import Facts, Row
from affectflow.report.quotes import hidden_by
from affectflow.report.themes import is_large
from affectflow.report.words import day, section

_MARKS = re.compile(r'<meta name="affectflow-themes" content="([^"]*)">')
_FORMAT = 1
_KEYS = {"format", "until", "measure", "themes"}


def marks(facts: Facts) -> Html:
    """Returns an element of the head that tells the next page the themes of this one.

    Counts of themes that are too small to be shown are null.
    """
    hide = hidden_by(facts)
    themes = {
        row["theme_id"]: [
            hide(row["theme"] or "untitled"),
            row["count"] if is_large(row, facts.asked) else None,
        ]
        for row in _themes(facts)
    }
    last = facts.one("counts")["last_at"]
    told = {
        "format": _FORMAT,
        "until": last.isoformat() if last else None,
        "measure": facts.measure,
        "themes": themes,
    }
    return el("meta", name="affectflow-themes", content=json.dumps(told))


def told_by(page: str | Path) -> Row | None:
    """Returns the themes that a local page lists; None if it lists none."""
    path = Path(page)
    if "://" in str(page) or not path.is_file():
        return None
    found = _MARKS.search(path.read_text(encoding="utf-8", errors="replace"))
    try:
        told = json.loads(html.unescape(found[1])) if found else None
    except ValueError:
        return None
    if not isinstance(told, dict) or not told.keys() >= _KEYS:
        return None
    return told if told["format"] == _FORMAT else None


def since(facts: Facts) -> Html | None:
    """Returns new, grown and gone themes; None if this page replaces no other."""
    told = facts.last
    if told is None or told["measure"] != facts.measure:
        return None
    changes = changes_since(facts, told)
    until = f", of messages until {day(_day(told))}" if told["until"] else ""
    items: list[Child] = [
        el("li", el("strong", f"{kind}: "), "; ".join(names))
        for kind, names in changes.items()
        if names
    ]
    return section(
        "since",
        "Since the last report",
        el("p", f"Compared with the page that this one replaces{until}."),
        el("ul", items) if items else el("p", "The themes are the same."),
    )


def changes_since(facts: Facts, told: Row) -> dict[str, list[str]]:
    """Returns titles of themes that are new, have grown, or are gone."""
    hide = hidden_by(facts)
    before: dict[str, Any] = told["themes"]
    now = {row["theme_id"]: row for row in _themes(facts)}
    title = {name: hide(row["theme"] or "untitled") for name, row in now.items()}
    return {
        "New": [title[name] for name in now if name not in before],
        "Grown": [
            f"{title[name]}, by {count(more, 'message')}"
            for name, row in now.items()
            if name in before and (more := _growth(row, before[name][1], facts))
        ],
        "Gone": [hide(str(before[name][0])) for name in before if name not in now],
    }


def _growth(row: Row, before: int | None, facts: Facts) -> int:
    """Returns by how many messages a theme has grown; 0 if that may not be said."""
    if before is None or not is_large(row, facts.asked):
        return 0
    more: int = row["count"] - before
    # The growth is a cell too: a few new messages could be identified.
    return more if more >= max(1, facts.asked.min_messages) else 0


def _themes(facts: Facts) -> list[Row]:
    themes = facts.themes.get(facts.measure)
    return themes.themes if themes else []


def _day(told: Row) -> datetime:
    return datetime.fromisoformat(told["until"])
