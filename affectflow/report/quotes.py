"""What people wrote: how much of it is shown, and without names."""

import re
import shlex
from collections.abc import Callable

from affectflow.report.html import Html, el, join, link
from affectflow.report.queries import Facts, Row
from affectflow.report.words import listed

MAX_WORDS = 12
_MAX_CHARS = 120
"""Of a few words: some languages write no spaces, and some words have no end."""
_QUOTE_CHARS = 300
# Names of accounts stay out of the report, also inside what people wrote.
_MENTION = re.compile(r"(?<![\w.@/])@[A-Za-z0-9][\w-]*")
# The marks around code in Markdown, with the language behind them.
_FENCE = re.compile(r"(?m)^[ \t>]*(?:`{3,}|~{3,})[^\n`]*$|`{3,}")

Hide = Callable[[str], str]


def quote(row: Row, facts: Facts) -> Html | None:
    """Returns a quote with its origin; None if it may not be shown.

    It is quoted in full for the owner, or if the message is public and its address is
    shown, which makes it a citation; otherwise at most 12 words are.
    """
    if not may_quote(facts):
        return None
    origin = link("origin ↗", row["url"])
    is_cited = (
        bool(row["is_public"]) and isinstance(row["url"], str) and "<a " in origin
    )
    hide = hidden_by(facts)
    if facts.asked.quotes == "full" and (is_cited or facts.asked.is_owner):
        text = excerpt(row["text"], row["start"], row["end"], hide)
    else:
        text = el("mark", few_words(row["text"], row["start"], row["end"], hide))
    said = el("bdi", text)
    return el("blockquote", said, " ", origin if "<a " in origin else None)


def may_quote(facts: Facts) -> bool:
    """Returns whether anything is quoted at all."""
    if facts.asked.quotes == "none":
        return False
    return facts.handles_known or facts.asked.is_owner


def hidden_by(facts: Facts) -> Hide:
    """Returns a function that replaces names of accounts in a text by `@…`."""
    names = sorted(facts.handles, key=len, reverse=True)
    known = "|".join(map(re.escape, names))
    pattern = (
        re.compile(rf"(?<!\w)@?(?:{known})(?!\w)", re.IGNORECASE) if names else None
    )

    def hide(text: str) -> str:
        bare = _MENTION.sub("@…", _FENCE.sub("", text))
        return pattern.sub("@…", bare) if pattern else bare

    return hide


def plain(text: str) -> str:
    """Returns text without mentions of accounts and marks around code."""
    return _MENTION.sub("@…", _FENCE.sub("", text))


def few_words(text: str, start: int, end: int, hide: Hide = plain) -> str:
    """Returns at most 12 words of `text[start:end]`, or of `text` if that is empty.

    They have at most 120 characters.
    """
    words = (text[start:end] or text).split()
    said = " ".join(words[:MAX_WORDS])
    more = " …" if len(words) > MAX_WORDS or len(said) > _MAX_CHARS else ""
    return hide(said)[:_MAX_CHARS].rstrip() + more


def excerpt(text: str, start: int, end: int, hide: Hide = plain) -> Html:
    """Returns about 300 characters of `text` around the marked span `start:end`.

    It is cut at spaces; a longer span is cut too. Mentions of accounts become `@…`;
    marks around code are removed; line breaks stay, because a line may quote somebody
    else.
    """
    end = min(end, start + _QUOTE_CHARS)
    room = max(0, _QUOTE_CHARS - (end - start)) // 2
    first, last = max(0, start - room), min(len(text), end + room)
    before, after = text[first:start], text[end:last]
    if first > 0:
        before = "… " + before.partition(" ")[2]
    if last < len(text):
        after = after.rpartition(" ")[0] + " …"
    marked = el("mark", _lines(text[start:end], hide)) if end > start else None
    opening = Html(_lines(before, hide).removeprefix("<br>"))
    return join(opening, marked, _lines(after, hide))


def _lines(text: str, hide: Hide) -> Html:
    """Returns text with its line breaks; blank lines are left out."""
    first, *rest = re.split(r"[ \t]*\n\s*", hide(text))
    return join(first, [[el("br"), line] for line in rest])


def how_to_publish(facts: Facts) -> str:
    """Returns how to declare a source public; empty if every source says so itself."""
    public = {row["source"] for row in facts.answers["public_sources"]}
    silent = {row["source"] for row in facts.answers["unmarked"] if row["source"]}
    if not (unsaid := sorted(silent - public)):
        return ""
    options = " ".join(f"--public {shlex.quote(source)}" for source in unsaid)
    verb = "does" if len(unsaid) == 1 else "do"
    return (
        f"{listed(unsaid)} {verb} not say of every message whether it is public; "
        f"if all are: `affectflow report {shlex.quote(facts.lake)} {options}`."
    )
