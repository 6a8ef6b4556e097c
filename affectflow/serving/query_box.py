"""The box for SQL: one read-only query, its first rows, and its time."""

from typing import Any

import duckdb

from affectflow.errors import UsageError
from affectflow.nouns import count
from affectflow.report.html import Child, Html, el, join, table
from affectflow.serving import sql
from affectflow.serving.database import Snapshot
from affectflow.serving.pages import Page

MOST_ROWS = 500
MOST_SECONDS = 20.0
_MOST_CHARACTERS = 1_000
_EXAMPLE = (
    "SELECT theme, count, n_speakers, trend FROM emotion_causes ORDER BY count DESC"
)


def empty(snapshot: Snapshot, token: str) -> Page:
    """Returns the box with an example, and what can be asked."""
    return "SQL", join(_box(_EXAMPLE, token), _tables(snapshot))


def answered(snapshot: Snapshot, query: str, token: str) -> Page:
    """Returns the box, and the answer to a query or why it failed."""
    try:
        columns, rows = snapshot.answer(query, rows=MOST_ROWS + 1, seconds=MOST_SECONDS)
        shown = _answer(columns, rows)
    except duckdb.InterruptException:
        why = f"the query took more than {MOST_SECONDS:.0f} s and was stopped"
        shown = _refused(f"{why}; ask for less, or use `affectflow sql`")
    except UsageError as error:
        shown = _refused(str(error))
    except duckdb.Error as error:
        shown = _refused(f"the query fails: {snapshot.why(query, error)}")
    return "SQL", join(_box(query, token), shown, _tables(snapshot))


def _box(query: str, token: str) -> Html:
    return join(
        el("h1", "SQL"),
        el(
            "form",
            el("label", "One query over the lake's tables and views; it can only read.",
               for_="query"),
            # An HTML parser drops a line break at the beginning.
            el("textarea", "\n" + query, id="query", name="query", rows="6",
               spellcheck="false", dir="auto"),
            el("input", type="hidden", name="token", value=token),
            el("button", "Run", type="submit"),
            method="post",
            action="/sql",
            autocomplete="off",
            class_="ask",
        ),
    )  # fmt: skip


def _refused(why: str) -> Html:
    return el("p", why, role="alert", class_="caution")


def _answer(columns: list[str], rows: list[tuple[Any, ...]]) -> Html:
    shown: list[list[Child]] = [[_cell(value) for value in row] for row in rows]
    more = len(rows) > MOST_ROWS
    said = f"The first {MOST_ROWS:,} rows." if more else f"{count(len(rows), 'row')}."
    numeric = {
        n
        for n in range(len(columns))
        if rows and all(isinstance(row[n], int | float | None) for row in rows)
    }
    return join(
        el("p", said, role="status"),
        table(columns, shown[:MOST_ROWS], numeric) if rows else None,
    )


def _cell(value: Any) -> Html:
    text = "" if value is None else str(value)
    rest = len(text) - _MOST_CHARACTERS
    return el("bdi", text[:_MOST_CHARACTERS] + (f"… {rest:,} more" if rest > 0 else ""))


def _tables(snapshot: Snapshot) -> Html:
    items = [
        el("li", el("code", row["name"]), ": ", row["columns"])
        for row in snapshot.ask(sql.TABLES)
    ]
    summary = el("summary", "Tables and views, with their columns")
    return el("details", summary, el("ul", items, class_="tables"))
