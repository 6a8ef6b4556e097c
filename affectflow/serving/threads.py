"""Threads and messages: the list, one conversation in order, and search.

Each takes a snapshot and the parameters of the address, and returns title and content.
"""

from collections.abc import Mapping
from typing import Any

from affectflow.nouns import count
from affectflow.report.html import STACKED, Child, Html, el, join, link, table
from affectflow.serving import sql
from affectflow.serving.database import Row, Snapshot
from affectflow.serving.pages import PER_PAGE, NotThereError, Page
from affectflow.serving.words import (
    about,
    anchor,
    around,
    body,
    day,
    named,
    pages,
    people_of,
    place_of,
    thread_at,
    thread_link,
    thread_title,
    when,
)

PER_THREAD = 200
_MOST_WORDS = 300


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
        [thread_link(row), f"{row['flagged']:,}", f"{row['messages']:,}",
         people_of(row["people"]), named(row["container"]), day(row["last_at"])]
        for row in rows
    ]  # fmt: skip
    heads = ["Thread", f"Flagged: {label}", "Messages", "People", "Container", "Last"]
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
        table(heads, cells, {1, 2, 3}, STACKED),
        pages("/threads", {"order": order}, number, total["n"], PER_PAGE),
    )


def _flagged_as(snapshot: Snapshot) -> tuple[str, str]:
    """Returns the view and the annotator of the report's frustration or irritation."""
    told = snapshot.facts
    # People do not annotate irritation: then any annotator counts.
    who = told.flagger
    return told.measure, who.annotator_id if who and not who.is_person else ""


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
    title = thread_title(told)
    return title, join(
        el("p", "Thread", class_="eyebrow"),
        el("h1", named(title)),
        about(
            named(told["container"]),
            count(told["messages"], "message"),
            count(told["people"], "person", "people") if told["people"] else None,
            [day(told["first_at"]), " to ", day(told["last_at"])],
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
        about(
            el("strong", who),
            named(row["speaker_role"]) if row["speaker_role"] else None,
            "bot" if row["by_bot"] else None,
            "deleted" if row["deleted"] else None,
            row["visibility"] if row["visibility"] == "private" else None,
            when(row["timestamp"]),
            el("a", "the message it answers", href=f"#{anchor(reply)}")
            if reply
            else None,
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
    """Returns the messages with some words, in any case, newest first."""
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
        about(
            el("a", named(thread_title(row)), href=to),
            named(row["container"]),
            when(row["timestamp"]),
            "bot" if row["by_bot"] else None,
        ),
        around(text, *place_of(words, text)),
        class_="message",
    )
