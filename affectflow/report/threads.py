"""Threads to look at this week, for the owner."""

from affectflow.nouns import count
from affectflow.report.html import Html, el, link
from affectflow.report.queries import Facts, Row
from affectflow.report.quotes import hidden_by
from affectflow.report.words import ask_yourself, day, section


def threads(facts: Facts) -> Html | None:
    """Returns the threads with the most messages flagged lately; only for the owner."""
    if not facts.asked.is_owner:
        return None
    rows = facts.answers["threads"]
    if not rows:
        text = el("p", "No message of the last seven days is flagged.")
        return section("threads", "Threads to look at this week", text)
    timed = facts.one("counts")["last_at"]
    when = (
        f"Threads with messages flagged in the seven days up to {day(timed)}, the last "
        "day of this lake; open ones first."
        if timed
        else "The messages have no times: these are the threads with the most flagged."
    )
    return section(
        "threads",
        "Threads to look at this week",
        el("p", when),
        el("ol", [_thread(row, facts) for row in rows], class_="threads"),
        ask_yourself("threads", facts, "these threads"),
    )


def _thread(row: Row, facts: Facts) -> Html:
    title = hidden_by(facts)(row["title"] or row["conversation_id"])
    # When the lake is served, a thread has a page of its own.
    own = el("a", title, href=row["href"]) if "href" in row else None
    return el(
        "li",
        el("strong", own or link(title, row["url"])),
        el("br"),
        el("span", "; ".join(thread_said(row)), class_="note"),
    )


def thread_said(row: Row) -> list[str]:
    """Returns what is known of a thread, in words."""
    flagged = f"{row['flagged']:,} of {count(row['messages'], 'message')} flagged"
    if row["flagged_now"]:
        flagged += f", {row['flagged_now']:,} this week"
    said = [row["container"] or "", flagged]
    if row["people"]:
        said.append(count(row["people"], "person", "people"))
    if row["last_flagged"]:
        said.append(f"last {day(row['last_flagged'])}")
    return [each for each in [*said, row["outcome"] or ""] if each]
