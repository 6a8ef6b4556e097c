"""The head: what was read, what labelled it, and what was left out."""

import re
import shlex
from collections.abc import Sequence

from affectflow.nouns import count
from affectflow.report.html import Child, Html, el, join, prose, table
from affectflow.report.queries import Facts, Row
from affectflow.report.validated import shares
from affectflow.report.words import ask_yourself, day, listed, percent, section

_SEGMENTS = {
    "code": "code blocks and inline code",
    "quote": "quotes of other messages",
    "log": "logs and stack traces",
    "link": "links",
    "mention": "mentions of people",
    "signature": "signatures",
    "bot": "automatic text",
    "template": "form text of templates",
    "html": "HTML",
    "pii": "personal data, replaced by placeholders",
}
SECTIONS = {
    "finding": "What stands out",
    "since": "Since the last report",
    "threads": "Threads to look at",
    "over-time": "Over time",
    "events": "Events",
    "displeasure": "Causes",
    "pleasure": "Gratitude",
    "filters": "Filters",
    "languages": "Languages",
    "emotions": "Other emotions",
    "containers": "Places",
    "unsaid": "Nonverbal cues",
    "exclusions": "Exclusions",
    "refusals": "Refused rows",
    "basis": "Basis",
    "methods": "Methods",
}
_FOR_OWNER = (
    "For the owner of the lake only: do not pass on. It shows small counts and full "
    "quotes, from which single persons can be told."
)
_MAX_REFUSALS = 20


def head(facts: Facts) -> Html:
    """Returns the title and the scope."""
    for_owner = el("p", _for_owner(facts), class_="owner")
    return el(
        "header",
        el("p", "affectflow report", class_="eyebrow"),
        el("h1", facts.title),
        el("p", _scope(facts.one("counts")), class_="scope"),
        for_owner if facts.asked.is_owner else None,
    )


def _for_owner(facts: Facts) -> str:
    if facts.handles_known:
        return _FOR_OWNER
    return (
        f"{_FOR_OWNER} The key of the pseudonyms is not here, so names of accounts are "
        "not hidden in quotes and titles."
    )


def empty(facts: Facts) -> Html:
    """Returns what a lake without messages needs."""
    return el("div", el("p", prose(empty_said(facts))), class_="caution")


def empty_said(facts: Facts) -> str:
    """Returns that the lake has no messages, and what to type; code in backticks."""
    return (
        "This lake has no messages, so there is nothing to report. Put some in, and "
        f"label them: `affectflow analyze FILE --to {shlex.quote(facts.lake)}`."
    )


def caution(facts: Facts) -> Html:
    """Returns the warnings and the key facts."""
    return join(_caution(facts), _key_facts(facts))


def navigation(sections: Sequence[Html | None]) -> Html:
    """Returns links to the sections that are on the page."""
    anchors = re.findall(r'<section id="([^"]*)"', join(sections))
    links = [
        el("li", el("a", SECTIONS[anchor], href=f"#{anchor}"))
        for anchor in anchors
        if anchor in SECTIONS
    ]
    return el("nav", el("ul", links), aria_label="Sections")


def _scope(counts: Row) -> str:
    if not counts["messages"]:
        return "No messages."
    if not counts["annotated"]:
        return f"{count(counts['messages'], 'message')}, none of them labelled yet."
    parts = [
        f"Messages from {listed([s or 'an unnamed source' for s in counts['sources']])}"
    ]
    if counts["containers"]:
        parts.append(f"in {count(counts['containers'], 'container')}")
    if counts["first_at"]:
        parts.append(
            f"from {day(counts['first_at'])} to {day(counts['last_at'])} (UTC)"
        )
    else:
        parts.append("without times")
    return ", ".join(parts) + "."


def _caution(facts: Facts) -> Html:
    felt = (
        "The labels say what a reader may see expressed in a text. They do not say "
        "what its author felt, and they say nothing about any person."
    )
    return el(
        "div",
        el("p", el("strong", "Expressed, not felt. "), felt),
        _rests_on(facts),
        class_="caution",
    )


def _rests_on(facts: Facts) -> Html:
    if facts.annotator is None:
        return el(
            "p",
            el("strong", "Nothing is labelled. "),
            prose(f"Run `affectflow annotate {shlex.quote(facts.lake)}` first."),
        )
    name = "people" if facts.annotator.is_person else facts.annotator.annotator_id
    validated = facts.answers["validations"]
    if not validated:
        return el(
            "p",
            el("strong", "Unvalidated here: ranks, no shares. "),
            "All numbers rest on one annotator, ",
            el("code", name),
            prose(
                f", {_compared(facts)} Counts say how often it chose a label, not how "
                "often people felt it."
            ),
            _others(facts),
        )
    return el(
        "p",
        el("strong", "Validated here "),
        f"for {listed([row['label'] for row in validated])}, whose shares are shown "
        "with 95 % intervals. Shares of themes are as labelled, not corrected for "
        "the measured error. "
        "Everything else is ranked, without shares. All numbers rest on one "
        "annotator, ",
        el("code", name),
        ".",
        _others(facts),
        shares(facts),
    )


def _compared(facts: Facts) -> str:
    n = facts.answered_by_people
    if not n:
        return "whose labels have not been compared with people's here."
    return (
        f"which people's answers to {count(n, 'message')} here do not validate: "
        f"`affectflow gold {shlex.quote(facts.lake)}` says why."
    )


def _others(facts: Facts) -> Html | None:
    if not facts.others:
        return None
    there = el("a", count(facts.others, "other annotator"), href="#basis")
    return join(" Not counted: ", there, prose("; `--annotator` chooses another one."))


def _key_facts(facts: Facts) -> Html:
    counts = facts.one("counts")
    facts_ = [
        (
            "Messages counted",
            count(counts["annotated"]),
            f"of {counts['messages']:,} in the lake",
        ),
        *_authors(facts),
        *_conversations(counts),
    ]
    return el(
        "dl",
        [
            el("div", el("dt", name), el("dd", value, small and el("small", small)))
            for name, value, small in facts_
        ],
        class_="facts",
    )


def _conversations(counts: Row) -> list[tuple[str, str, str | None]]:
    # They are counted by the messages that are labelled.
    known = counts["annotated"]
    return [("Conversations", count(counts["conversations"]), None)] if known else []


def _authors(facts: Facts) -> list[tuple[str, str, str | None]]:
    counts = facts.one("counts")
    if not counts["annotated"]:
        return []
    unknown = counts["without_speaker"]
    if unknown and not counts["people"]:
        return [("People who wrote them", "authors not given", None)]
    without = f"author unknown for {count(unknown, 'message')}" if unknown else None
    share = percent(facts.one("top_five")["share"])
    return [
        ("People who wrote them", count(counts["people"]), without),
        (
            "The five most active people wrote",
            share,
            "of the messages with a known author",
        ),
    ]


def exclusions(facts: Facts) -> Html:
    """Returns the messages, and the parts of messages, that no number counts."""
    counts = facts.one("counts")
    rows: list[list[Child]] = [
        ["messages in the lake", f"{counts['messages']:,}"],
        ["− written by bots", f"{counts['bots']:,}"],
        ["− silent: no text of the author's own", f"{counts['silent']:,}"],
        ["− in a language the annotator cannot read", f"{counts['unsupported']:,}"],
        ["− without a usable answer by the annotator", f"{counts['unanswered']:,}"],
        ["− not annotated yet", f"{counts['unannotated']:,}"],
        [
            el("strong", "= counted in this report"),
            el("strong", f"{counts['annotated']:,}"),
        ],
    ]
    return section(
        "exclusions",
        "What was excluded",
        el(
            "p",
            "Silence is never scored as calm: a message that is all code or quote is "
            "left out, not called neutral.",
        ),
        table(["Messages", "Number"], rows, {1}),
        _segments(facts.answers["segments"]),
        ask_yourself("counts", facts),
        ask_yourself("segments", facts, "the parts of messages"),
    )


def _segments(rows: list[Row]) -> Html:
    if not rows:
        return el("p", "No code, quotes or logs are marked in these messages.")
    cells: list[list[Child]] = [
        [
            _SEGMENTS.get(row["type"], row["type"]),
            f"{row['messages']:,}",
            f"{row['spans']:,}",
            f"{row['characters'] or 0:,}",
        ]
        for row in rows
    ]
    return join(
        el("p", "Within messages, these parts are marked as not the author's prose:"),
        table(["Part", "Messages", "Pieces", "Characters"], cells, {1, 2, 3}),
    )


def refusals(facts: Facts) -> Html:
    """Returns the rows that a step refused, and why."""
    rows = facts.answers["dead_letters"]
    if not rows:
        text = el("p", "None: every row that was read could be processed.")
        return section("refusals", "Rows refused, and why", text)
    total = sum(row["n"] for row in rows)
    cells: list[list[Child]] = [
        [
            row["step"],
            row["error_type"],
            f"{row['n']:,}",
            _cut(row["example_message"] or ""),
        ]
        for row in rows[:_MAX_REFUSALS]
    ]
    more = len(rows) - _MAX_REFUSALS
    return section(
        "refusals",
        "Rows refused, and why",
        el(
            "p",
            f"{count(total, 'row')} could not be processed. ",
            prose("Fix the files and run `affectflow ingest` again to bring them in."),
        ),
        table(["Step", "Reason", "Rows", "For example"], cells, {2}),
        el("p", f"and {count(more, 'more kind')}", class_="note") if more > 0 else None,
        ask_yourself("dead_letters", facts),
    )


def _cut(message: str) -> str:
    return message if len(message) <= 160 else message[:159].rstrip() + "…"
