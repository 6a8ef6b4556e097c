"""The pages of a served lake, as HTML: report, themes, threads and search.

Each takes a snapshot and what the address says, and returns title and content.
"""

from collections.abc import Mapping
from typing import Any

from affectflow.errors import AffectflowError
from affectflow.nouns import count
from affectflow.report import page
from affectflow.report.html import Child, Html, el, join, link, table
from affectflow.serving import sql
from affectflow.serving.database import Row, Snapshot
from affectflow.serving.words import (
    THEME,
    anchor,
    around,
    body,
    day,
    facts,
    named,
    pages,
    place_of,
    theme_at,
    thread_at,
    when,
)

PER_PAGE = 50
PER_THREAD = 200
_MOST_WORDS = 300
Page = tuple[str, Html]


class NotThereError(AffectflowError):
    """Nothing in the lake has this address."""


def report(snapshot: Snapshot) -> Page:
    """Returns the report, its themes with links to their pages."""
    told = snapshot.facts
    for family in told.themes.values():
        clustering = family.parameters["clustering"]
        for theme in family.themes:
            theme["href"] = theme_at(clustering, theme["theme_id"])
    title = f"What people expressed in {snapshot.uri.rstrip('/').rsplit('/', 1)[-1]}"
    return title, page.content(told, lake=snapshot.uri, title=title)


# -- themes -----------------------------------------------------------------------


def themes(snapshot: Snapshot) -> Page:
    """Returns all themes, family by family."""
    rows = snapshot.ask(sql.THEMES)
    families = list(dict.fromkeys((r["family"], r["clustering_id"]) for r in rows))
    parts: list[Child] = [
        _family([row for row in rows if row["clustering_id"] == clustering], family)
        for family, clustering in families
    ]
    if not parts:
        parts = [
            el("p", "No theme yet: ", el("code", "affectflow mine"), " finds them.")
        ]
    return "Themes", join(el("h1", "Themes"), parts)


def _family(rows: list[Row], family: str) -> Html:
    cells: list[list[Child]] = [
        [
            join(
                el(
                    "a",
                    named(row["theme"], "untitled"),
                    href=theme_at(row["clustering_id"], row["theme_id"]),
                ),
                el("p", named(", ".join(row["keywords"] or [])), class_="keywords")
                if row["keywords"]
                else None,
            ),
            f"{row['count']:,}",
            f"{row['n_speakers'] or 0:,}",
            f"{row['n_conversations']:,}",
            row["trend"],
        ]
        for row in rows
    ]
    heads = ["Theme", "Messages", "People", "Threads", "Trend"]
    return el("section", el("h2", named(family)), table(heads, cells, {1, 2, 3}))


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
    limits = {"most": PER_PAGE, "skipped": (number - 1) * PER_PAGE}
    messages = snapshot.ask(sql.THEME_MESSAGES, **which, **limits)
    return title, join(
        el("p", "A theme of ", named(told["family"]), class_="eyebrow"),
        el("h1", named(title)),
        el("p", named(", ".join(told["keywords"] or []), "no keywords"), class_="note"),
        facts(
            [
                ("Messages", f"{told['messages']:,}"),
                ("People", f"{told['people']:,}"),
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
        [named(row["container"]), f"{row['messages']:,}", f"{row['people']:,}",
         f"{row['threads']:,}", day(row["first_at"]), day(row["last_at"])]
        for row in rows
    ]  # fmt: skip
    heads = ["Container", "Messages", "People", "Threads", "First seen", "Last seen"]
    shown = table(heads, cells, {1, 2, 3})
    return el("section", el("h2", "Where"), shown)


def _which(rows: list[Row], told: Row) -> Html:
    cells: list[list[Child]] = [
        [_thread_link(row), named(row["container"]), f"{row['messages']:,}",
         day(row["first_at"]), day(row["last_at"])]
        for row in rows
    ]  # fmt: skip
    more = told["threads"] - len(rows)
    heads = ["Thread", "Container", "Messages", "First seen", "Last seen"]
    return el(
        "section",
        el("h2", "Which threads"),
        table(heads, cells, {2}),
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
        _line(named(row["container"]), when(row["timestamp"]), named(row["label"])),
        around(text, start if fits else 0, end if fits else 0),
        _line(el("a", "in its thread", href=to), origin if row["url"] else None),
        class_="message",
    )


def _line(*parts: Child) -> Html:
    """Returns what is known about a message, in one line; None is nothing."""
    dotted: list[Child] = []
    for part in parts:
        if part:
            dotted += [" · ", part]
    return el("p", dotted[1:], class_="about")


# -- threads ----------------------------------------------------------------------


def threads(snapshot: Snapshot, order: str, number: int) -> Page:
    """Returns the threads of a lake, those with the most flagged messages first."""
    order = order if order in sql.ORDERS else "flagged"
    label, annotator = _flagged_as(snapshot)
    rows = snapshot.ask(
        sql.THREADS.format(view=label, order=sql.ORDERS[order]),
        annotator=annotator,
        most=PER_PAGE,
        skipped=(number - 1) * PER_PAGE,
    )
    (total,) = snapshot.ask(sql.HOW_MANY_THREADS)
    cells: list[list[Child]] = [
        [_thread_link(row), named(row["container"]), f"{row['flagged']:,}",
         f"{row['messages']:,}", f"{row['people']:,}", day(row["last_at"])]
        for row in rows
    ]  # fmt: skip
    heads = ["Thread", "Container", f"Flagged: {label}", "Messages", "People", "Last"]
    orders: list[Child] = [
        el(
            "a",
            f"{each} first",
            href=f"/threads?order={each}",
            aria_current="true" if each == order else None,
        )
        for each in sql.ORDERS
    ]
    return "Threads", join(
        el("h1", "Threads"),
        el("nav", [[each, " "] for each in orders], class_="pages", aria_label="Order"),
        table(heads, cells, {2, 3, 4}),
        pages("/threads", {"order": order}, number, total["n"], PER_PAGE),
    )


def _flagged_as(snapshot: Snapshot) -> tuple[str, str]:
    """Returns the view and the annotator that the report's displeasure rests on."""
    told = snapshot.facts
    if measured := told.answers["frustration"]:
        return "frustration", measured[0]["annotator_id"]
    # A person is no annotator of irritation: then anybody's counts.
    chosen = told.annotator
    return "irritation", chosen.annotator_id if chosen and not chosen.is_person else ""


def _thread_link(row: Row) -> Html:
    name = named(row["title"] or row["conversation_id"])
    return el("a", name, href=thread_at(row["conversation_id"]))


def thread(snapshot: Snapshot, name: str, number: int) -> Page:
    """Returns a conversation in order, each message with its labels.

    Raises:
      NotThereError: the lake has no such conversation.
    """
    found = snapshot.ask(sql.THREAD, thread=name)
    if not found:
        raise NotThereError("there is no such thread in this lake")
    told = found[0]
    limits = {"most": PER_THREAD, "skipped": (number - 1) * PER_THREAD}
    rows = snapshot.ask(sql.THREAD_MESSAGES, thread=name, **limits)
    ids = [row["utterance_id"] for row in rows]
    labels = _by_message(snapshot.ask(sql.LABELS, messages=ids))
    causes = _by_message(snapshot.ask(sql.CAUSES, messages=ids))
    here = set(ids)
    title = told["title"] or name
    return title, join(
        el("p", "Thread", class_="eyebrow"),
        el("h1", named(title)),
        _line(
            named(told["container"]),
            count(told["messages"], "message"),
            count(told["people"], "person", "people"),
            f"{day(told['first_at'])} to {day(told['last_at'])}",
        ),
        el("p", "Marked: what was found to be a cause of an emotion.", class_="note"),
        [
            _message(
                row,
                labels.get(row["utterance_id"], []),
                causes.get(row["utterance_id"], []),
                here,
            )
            for row in rows
        ],
        pages(thread_at(name), {}, number, told["messages"], PER_THREAD),
    )


def _by_message(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["utterance_id"], []).append(row)
    return grouped


def _message(row: Row, labels: list[Row], causes: list[Row], here: set[str]) -> Html:
    who = f"Person {row['person']}" if row["person"] else "Author unknown"
    reply = row["reply_to"] if row["reply_to"] in here else None
    return el(
        "article",
        _line(
            el("strong", who),
            named(row["speaker_role"]) if row["speaker_role"] else None,
            "bot" if row["by_bot"] else None,
            "deleted" if row["deleted"] else None,
            row["visibility"] if row["visibility"] == "private" else None,
            when(row["timestamp"]),
            el("a", "what it answers", href=f"#{anchor(reply)}") if reply else None,
            link("origin ↗", row["url"]) if row["url"] else None,
        ),
        body(row["text"] or "", [(each["start"], each["end"]) for each in causes]),
        _labels(labels),
        class_="message",
        id=anchor(row["utterance_id"]),
    )


def _labels(rows: list[Row]) -> Html | None:
    """Returns the labels, annotator by annotator."""
    if not rows:
        return None
    said: dict[str, list[str]] = {}
    for row in rows:
        score = f" {row['score']:.2f}" if row["score"] is not None else ""
        said.setdefault(row["annotator"], []).append(f"{row['label']}{score}")
    items = [
        el(
            "li",
            [el("b", named(each)) for each in labels],
            " ",
            el("small", named(annotator)),
        )
        for annotator, labels in said.items()
    ]
    return el("ul", items, class_="labels", aria_label="Labels")


# -- search -----------------------------------------------------------------------


def search(snapshot: Snapshot, asked: Mapping[str, Any], number: int) -> Page:
    """Returns the messages that hold some words, whatever their case, newest first."""
    words = str(asked.get("q", ""))[:_MOST_WORDS]
    form = el(
        "form",
        el("label", "Words in a message", for_="q"),
        el("input", type="search", id="q", name="q", value=words, dir="auto"),
        el("button", "Search", type="submit"),
        method="get",
        action="/search",
        role="search",
        class_="ask",
    )
    found = _found(snapshot, words, number) if words.strip() else None
    return "Search", join(el("h1", "Search"), form, found)


def _found(snapshot: Snapshot, words: str, number: int) -> Html:
    limits = {"most": PER_PAGE, "skipped": (number - 1) * PER_PAGE}
    rows = snapshot.ask(sql.FOUND, words=words, **limits)
    (total,) = snapshot.ask(sql.HOW_MANY_FOUND, words=words)
    return join(
        el("p", f"{count(total['n'], 'message')} found.", role="status"),
        [_hit(row, words) for row in rows],
        pages("/search", {"q": words}, number, total["n"], PER_PAGE),
    )


def _hit(row: Row, words: str) -> Html:
    text = row["text"] or ""
    to = thread_at(row["conversation_id"], row["utterance_id"])
    return el(
        "article",
        _line(
            el("a", named(row["title"] or row["conversation_id"]), href=to),
            named(row["container"]),
            when(row["timestamp"]),
            "bot" if row["by_bot"] else None,
        ),
        around(text, *place_of(words, text)),
        class_="message",
    )
