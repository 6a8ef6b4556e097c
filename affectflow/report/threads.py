"""Threads to look at this week, for the owner."""

from affectflow.nouns import count
from affectflow.report.html import Html, el, link
from affectflow.report.queries import Facts, Row
from affectflow.report.quotes import few_words, hidden_by, may_quote
from affectflow.report.words import ask_yourself, day, section


def threads(facts: Facts) -> Html | None:
    """Returns the threads with the most messages flagged lately; only for the owner."""
    if not facts.asked.is_owner:
        return None
    rows, timed = facts.answers["threads"], facts.one("counts")["last_at"]
    if not rows:
        lately = " of the last seven days" if timed else ""
        text = el("p", f"No message{lately} is flagged.")
        return section("threads", heading(facts), text)
    when = (
        f"Threads with messages flagged in the seven days up to {day(timed)}, the last "
        "day of this lake; open ones first."
        if timed
        else "The messages have no times: these are the threads with the most flagged."
    )
    return section(
        "threads",
        heading(facts),
        el("p", when),
        el("ol", [_thread(row, facts) for row in rows], class_="threads"),
        ask_yourself("threads", facts, "these threads"),
    )


def heading(facts: Facts) -> str:
    """Returns the title of the section; it names the week if times are known."""
    timed = facts.one("counts")["last_at"]
    return "Threads to look at this week" if timed else "Threads to look at"


def _thread(row: Row, facts: Facts) -> Html:
    title = thread_title(row, facts)
    # When the lake is served, a thread has a page of its own.
    own = el("a", title, href=row["href"]) if "href" in row else None
    return el(
        "li",
        el("strong", own or link(title, row["url"])),
        el("br"),
        el("span", "; ".join(thread_said(row, facts)), class_="note"),
        el("blockquote", what) if (what := flagged_words(row, facts)) else None,
    )


def thread_title(row: Row, facts: Facts) -> str:
    """Returns the title of a thread; without one, its first words, or else its id."""
    hide = hidden_by(facts)
    if title := (row["title"] or "").strip():
        return hide(title)
    opening = _first_words(row["opening"], facts) if may_quote(facts) else ""
    return opening or hide(row["conversation_id"])


def flagged_words(row: Row, facts: Facts) -> str:
    """Returns the first words of the newest flagged message; "" if not to be quoted.

    If they are the title already, they are not said twice.
    """
    if not may_quote(facts):
        return ""
    words = _first_words(row["flagged_text"], facts)
    return "" if words == thread_title(row, facts) else words


def _first_words(text: str | None, facts: Facts) -> str:
    """Returns the first words of a message; those that it quotes are not its own."""
    lines = (text or "").splitlines()
    own = [line for line in lines if not line.lstrip().startswith(">")]
    return few_words("\n".join(own or lines), 0, 0, hidden_by(facts))


def thread_said(row: Row, facts: Facts) -> list[str]:
    """Returns what is known of a thread, in words."""
    flagged = (
        f"{row['flagged']:,} of {count(row['messages'], 'message')} flagged as "
        f"{facts.measure}"
    )
    if row["flagged_now"]:
        flagged += f", {row['flagged_now']:,} this week"
    said = [row["container"] or "", flagged]
    if row["people"]:
        said.append(count(row["people"], "person", "people"))
    if row["last_flagged"]:
        said.append(f"last {day(row['last_flagged'])}")
    return [each for each in [*said, row["outcome"] or ""] if each]
