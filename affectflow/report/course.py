"""Whether more is flagged than before, in counts: all that is known without gold.

Only cells that the page shows are counted, so that no sum reveals a hidden one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from affectflow.batches.bootstrap import Interval
from affectflow.gold.figures.accuracy import wilson
from affectflow.gold.figures.differences import difference, excludes_zero
from affectflow.nouns import count
from affectflow.report.asked import MIN_MESSAGES
from affectflow.report.effects import MIN_FLAGGED
from affectflow.report.frustration import columns_of
from affectflow.report.html import Html, el, join
from affectflow.report.queries import Facts
from affectflow.report.words import is_unfinished, period_name

_MIN_FOR_HALVES = 4
"""With fewer periods, halves are hardly longer than the last two periods."""


class _Cell(NamedTuple):
    """What was flagged in one period, or in several."""

    name: str
    flagged: int
    messages: int
    conversations: int
    is_open: bool = False

    @property
    def rate(self) -> Interval:
        """Its share, as if each conversation counted once; not shown on any page."""
        return wilson(
            self.flagged / self.messages, min(self.conversations, self.messages)
        )


def course(facts: Facts) -> Html:
    """Returns how many messages were flagged before and lately, out of how many."""
    question = el("strong", "Is it getting worse?")
    sides = _sides(_shown(facts), facts.period)
    if not sides:
        return join(question, f" That cannot be said: {_why_not(facts)}.")
    if not _are_enough(sides):
        return join(
            question,
            f" Too few messages to tell: {_said(sides)} are flagged. A comparison "
            f"needs {MIN_MESSAGES} messages on each side and {MIN_FLAGGED} flagged on "
            "one.",
        )
    return join(
        question,
        f" Messages flagged: {_said(sides)}. {_judged(sides)} "
        "That is what the model flags, unvalidated here.",
    )


def _sides(shown: Sequence[_Cell], period: str) -> Sequence[_Cell]:
    """Returns what is compared: halves of the ended periods, else the last two."""
    ended = [cell for cell in shown if not cell.is_open]
    if len(ended) >= _MIN_FOR_HALVES:
        return _halves(ended, period)
    last = (ended if len(ended) > 1 else shown)[-2:]
    return last if len(last) == 2 else ()


def _are_enough(sides: Sequence[_Cell]) -> bool:
    least = min(each.messages for each in sides)
    return least >= MIN_MESSAGES and max(e.flagged for e in sides) >= MIN_FLAGGED


def _shown(facts: Facts) -> list[_Cell]:
    """Returns the periods whose numbers are on the page, in order of time."""
    last = facts.one("counts")["last_at"]
    return [
        _Cell(
            period_name(each.when, facts.period),
            each.flagged or 0,
            each.all,
            facts.counts.periods[each.when].conversations,
            is_unfinished(each.when, last, facts.period),
        )
        for each in columns_of(facts, facts.counts.periods)
        if each.all
    ]


def _why_not(facts: Facts) -> str:
    if not facts.counts.periods:
        return "these messages have no times"
    if len(facts.counts.periods) == 1:
        return f"all messages are of one {facts.period}"
    return f"fewer than two {facts.period}s have enough messages to be shown"


def _halves(cells: Sequence[_Cell], period: str) -> list[_Cell]:
    half = len(cells) // 2
    ends = ("first", cells[:half]), ("last", cells[-half:])
    return [_together(f"the {end} {count(half, period)} shown", of) for end, of in ends]


def _together(name: str, cells: Sequence[_Cell]) -> _Cell:
    return _Cell(
        name,
        sum(cell.flagged for cell in cells),
        sum(cell.messages for cell in cells),
        sum(cell.conversations for cell in cells),
    )


def _said(sides: Sequence[_Cell]) -> str:
    return ", ".join(
        f"{each.flagged:,} of {each.messages:,} in {each.name}"
        f"{' so far' if each.is_open else ''}"
        for each in sides
    )


def _judged(sides: Sequence[_Cell]) -> str:
    """Returns whether more or fewer are flagged later than chance explains."""
    before, after = sides
    found = difference(after.rate, before.rate)
    if not excludes_zero(found):
        return "The difference may be chance."
    more = "more" if found.value > 0 else "fewer"
    return f"Per message, {more} are flagged than before, beyond chance."
