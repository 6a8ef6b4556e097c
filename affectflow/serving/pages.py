"""The report of a served lake, and its themes.

Each takes a snapshot and the parameters of the address, and returns title and content.
"""

from affectflow.errors import AffectflowError
from affectflow.nouns import count
from affectflow.report import page
from affectflow.report.html import STACKED, Child, Html, el, join, link, table
from affectflow.report.themes import keywords_beside
from affectflow.report.words import listed
from affectflow.serving import sql
from affectflow.serving.database import Row, Snapshot
from affectflow.serving.words import (
    THEME,
    about,
    around,
    day,
    facts,
    named,
    pages,
    people_of,
    theme_at,
    thread_at,
    thread_link,
    when,
)

PER_PAGE = 50
Page = tuple[str, Html]


class NotThereError(AffectflowError):
    """The lake has nothing at this address."""


def report(snapshot: Snapshot) -> Page:
    """Returns the owner's report, themes and threads with links to their pages."""
    told = snapshot.facts
    for family in told.themes.values():
        clustering = family.parameters["clustering"]
        for theme in family.themes:
            theme["href"] = theme_at(clustering, theme["theme_id"])
    for thread in told.answers.get("threads", []):
        thread["href"] = thread_at(thread["conversation_id"])
    return told.title, page.content(told)


# -- themes -----------------------------------------------------------------------


def themes(snapshot: Snapshot) -> Page:
    """Returns all themes, family by family."""
    rows = snapshot.ask(sql.THEMES)
    families = list(dict.fromkeys((r["family"], r["clustering_id"]) for r in rows))
    labels = {r["clustering_id"]: r["labels"] for r in snapshot.ask(sql.FAMILIES)}
    parts: list[Child] = [
        _family(
            [row for row in rows if row["clustering_id"] == clustering],
            family,
            labels.get(clustering, []),
        )
        for family, clustering in families
    ]
    if not parts:
        parts = [
            el("p", "No themes yet: ", el("code", "affectflow mine"), " finds them.")
        ]
    return "Themes", join(el("h1", "Themes"), _overlap(len(families)), parts)


def _overlap(families: int) -> Html | None:
    said = "Families overlap: a message may count in several, so do not add them up."
    return el("p", said, class_="note") if families > 1 else None


def _family(rows: list[Row], family: str, labels: list[str]) -> Html:
    cells: list[list[Child]] = [
        [
            join(
                el(
                    "a",
                    named(row["theme"], "untitled"),
                    href=theme_at(row["clustering_id"], row["theme_id"]),
                ),
                el("p", named(", ".join(words)), class_="keywords")
                if (words := keywords_beside(row["theme"] or "", row["keywords"]))
                else None,
            ),
            f"{row['count']:,}",
            people_of(row["n_speakers"]),
            f"{row['n_conversations']:,}",
            row["trend"],
        ]
        for row in rows
    ]
    heads = ["Theme", "Messages", "People", "Threads", "Trend"]
    return el(
        "section",
        el("h2", named(family)),
        el("p", "Causes of ", named(listed(labels)), ".", class_="note")
        if labels != [family]
        else None,
        table(heads, cells, {1, 2, 3}, STACKED),
    )


def theme(snapshot: Snapshot, clustering: str, name: str, number: int) -> Page:
    """Returns one theme: what, where, since when, which threads, and its messages.

    Raises:
      NotThereError: the lake has no such theme.
    """
    which = {"clustering": clustering, "theme": name}
    found = snapshot.ask(sql.THEME, **which)
    if not found:
        raise NotThereError("there is no such theme; it may have been replaced")
    told = found[0]
    title = told["theme"] or "untitled"
    keywords = keywords_beside(title, told["keywords"])
    limits = {"most": PER_PAGE, "skipped": (number - 1) * PER_PAGE}
    messages = snapshot.ask(sql.THEME_MESSAGES, **which, **limits)
    return title, join(
        el("p", "A theme of ", named(told["family"]), class_="eyebrow"),
        el("h1", named(title)),
        el("p", named(", ".join(keywords)), class_="note") if keywords else None,
        facts(
            [
                ("Messages", f"{told['messages']:,}"),
                ("People", people_of(told["people"])),
                ("First seen", day(told["first_at"])),
                ("Last seen", day(told["last_at"])),
            ]
        ),
        _where(snapshot.ask(sql.THEME_CONTAINERS, **which)),
        _which(snapshot.ask(sql.THEME_THREADS, **which, most=PER_PAGE), told),
        el(
            "section",
            el("h2", "Messages"),
            [_cause(row) for row in messages],
            pages(THEME, which, number, told["messages"], PER_PAGE),
        ),
    )


def _where(rows: list[Row]) -> Html:
    cells: list[list[Child]] = [
        [named(row["container"]), f"{row['messages']:,}", people_of(row["people"]),
         f"{row['threads']:,}", day(row["first_at"]), day(row["last_at"])]
        for row in rows
    ]  # fmt: skip
    heads = ["Container", "Messages", "People", "Threads", "First seen", "Last seen"]
    shown = table(heads, cells, {1, 2, 3}, STACKED)
    return el("section", el("h2", "Where"), shown)


def _which(rows: list[Row], told: Row) -> Html:
    cells: list[list[Child]] = [
        [thread_link(row), named(row["container"]), f"{row['messages']:,}",
         day(row["first_at"]), day(row["last_at"])]
        for row in rows
    ]  # fmt: skip
    more = told["threads"] - len(rows)
    heads = ["Thread", "Container", "Messages", "First seen", "Last seen"]
    return el(
        "section",
        el("h2", "Which threads"),
        table(heads, cells, {2}, STACKED),
        el("p", f"and {count(more, 'further thread')}", class_="note")
        if more > 0
        else None,
    )


def _cause(row: Row) -> Html:
    text = row["text"] or ""
    start, end = row["start"] or 0, row["end"] or 0
    fits = text[start:end] == row["cause_text"]
    to = thread_at(row["conversation_id"], row["cause_utterance_id"])
    origin = link("origin ↗", row["url"])
    return el(
        "article",
        about(named(row["container"]), when(row["timestamp"]), named(row["label"])),
        around(text, start if fits else 0, end if fits else 0),
        about(el("a", "in its thread", href=to), origin if row["url"] else None),
        class_="message",
    )
