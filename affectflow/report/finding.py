"""The opening of the page: how much, whether it changed, about what, and where."""

import html
import math
import re
import shlex
from typing import TYPE_CHECKING

from affectflow.batches.bootstrap import Interval
from affectflow.gold.figures.differences import difference, excludes_zero
from affectflow.gold.judging.wanted import labels_wanted
from affectflow.nouns import count
from affectflow.report import charts
from affectflow.report.course import course
from affectflow.report.effects import MIN_FLAGGED
from affectflow.report.frustration import columns_of, marks_of, rates_of
from affectflow.report.gaps import published
from affectflow.report.html import Child, Html, el, join, prose
from affectflow.report.queries import Facts, Row
from affectflow.report.quotes import hidden_by
from affectflow.report.ranks import has_shares, ranks_of
from affectflow.report.themes import is_large
from affectflow.report.words import (
    compared,
    is_unfinished,
    percent,
    points,
    section,
    with_interval,
)

if TYPE_CHECKING:
    from affectflow.report.shares import Change

LABELS_TO_BEGIN_WITH = 100
_FAIR_PART = 0.1
"""Of the flagged messages: a theme with fewer is not what most are about."""


def finding(facts: Facts) -> Html | None:
    """Returns the finding in a few sentences and one chart; None without labels."""
    if not facts.counts.total.messages:
        return None
    sentences = _validated(facts) if facts.validation else _unvalidated(facts)
    return section(
        "finding",
        "What stands out",
        [
            el("p", each, class_="lead" if i == 0 else None)
            for i, each in enumerate(sentences)
        ],
        _chart(facts),
    )


def said(facts: Facts) -> list[str]:
    """Returns the same sentences as plain text."""
    sentences = _validated(facts) if facts.validation else _unvalidated(facts)
    return [html.unescape(re.sub(r"<[^>]+>", "", join(each))) for each in sentences]


# -- after gold --------------------------------------------------------------------


def _validated(facts: Facts) -> list[Child]:
    row = facts.validation or {}
    sentences: list[Child] = []
    if row["prevalence"] and row["prevalence"]["value"] is not None:
        about = _spelt(row["prevalence"])
        sentences.append(
            join(
                el("strong", f"About {about} of the messages express {facts.measure}"),
                ", corrected for the measured error of the annotator.",
                _unread(facts),
                _about_what(facts),
            )
        )
    if facts.shares and facts.shares.change:
        sentences.append(change_said(facts.shares.change))
    else:
        sentences.append(
            "Whether it changed cannot be said: too few messages of two periods are "
            "labelled by people."
        )
    return sentences


def change_said(change: "Change") -> str:
    """Returns two shares, their difference, and whether it is called a change."""
    before, after, apart = compared(change.before, change.after)
    ends = f"In {change.after_name} it was {after}, in {change.before_name} {before}: "
    if not change.is_told:
        return f"{ends}{apart}, which may be chance."
    if change.is_change and change.stayed:
        return (
            f"{ends}a change of {apart}; among the people who wrote in both it is "
            f"{points(change.stayed)}."
        )
    why = (
        "too few messages of people who wrote in both are labelled"
        if change.stayed is None
        else f"among the people who wrote in both it is {points(change.stayed)}"
    )
    return f"{ends}{apart}. It is not called a change: {why}."


def _spelt(interval: Row) -> str:
    value = percent(interval["value"])
    if interval["low"] is None or interval["high"] is None:
        return value
    return f"{value} ({percent(interval['low'])} to {percent(interval['high'])})"


# -- before gold -------------------------------------------------------------------


def _unvalidated(facts: Facts) -> list[Child]:
    total = facts.counts.total
    flagged = f"{count(total.flagged, 'message')} of {total.messages:,}"
    first = join(
        el("strong", f"Flagged by the model, unvalidated here: {flagged}"),
        f" as expressing {facts.measure}.",
        _about_what(facts),
    )
    then = join(_accuracy(facts), _unread(facts), " ", _what_to_do(facts))
    return [first, course(facts), then]


def _unread(facts: Facts) -> str:
    """Returns how many messages are in a language that is not read."""
    unread = facts.one("counts")["unsupported"]
    if not unread or unread < facts.asked.min_messages:
        return ""
    return (
        f" {count(unread, 'message')} in a language that it does not read are missing, "
        "not calm."
    )


def _accuracy(facts: Facts) -> str:
    name = facts.flagger.annotator_id if facts.flagger else ""
    rows = [r for r in facts.answers["annotators"] if r["annotator_id"] == name]
    figures = published(rows[0], facts.measure) if rows else None
    if figures is None:
        return "How accurate it is was not published with its weights."
    return (
        f"Its precision was {figures['precision']:.2f} and its recall "
        f"{figures['recall']:.2f} on {figures['on']}; here they may differ."
    )


def _what_to_do(facts: Facts) -> Html:
    n = facts.answered_by_people
    if not n:
        return prose(
            f"To get shares, label {LABELS_TO_BEGIN_WITH} messages: "
            f"`{sample_command(facts)}`."
        )
    answers = f"People's answers to {count(n, 'message')}"
    if not facts.one("compared")["of_lake"]:
        return prose(
            f"{answers} are not a random sample of this lake as it is: "
            f"`affectflow gold {shlex.quote(facts.lake)}` says what to do."
        )
    wanted = _labels_wanted(facts, n)
    if wanted is None:
        return prose(f"{answers} agree with it no better than by chance: no shares.")
    return prose(
        f"{answers} are too few to show that it is better than chance. To get shares, "
        f"label about {wanted - n:,} more: `{sample_command(facts, wanted)}` draws the "
        "same messages and more."
    )


def _labels_wanted(facts: Facts, n: int) -> int | None:
    """Returns about how many labels would do; None if more would hardly help."""
    row = facts.one("compared")
    ends = (row[name] for name in ("youden", "youden_low", "youden_high"))
    return labels_wanted(Interval(*(math.nan if e is None else e for e in ends)), n)


def sample_command(facts: Facts, more: int = 0) -> str:
    """Returns the command that draws messages to be labelled by people.

    `more` is how many where some are labelled: they go to a sheet of another name.
    """
    n, sheet = (more, f"sheet_{more}") if more else (LABELS_TO_BEGIN_WITH, "sheet")
    asked = (
        "--task frustration"
        if facts.measure == "frustration"
        else "--task emotion --labels irritation"
    )
    return (
        f"affectflow sample {shlex.quote(facts.lake)} --n {n} {asked} "
        f"--out {sheet}.csv --html {sheet}.html"
    )


# -- about what, and where ---------------------------------------------------------


def _about_what(facts: Facts) -> Html | None:
    about, where = _top_themes(facts), _top_place(facts)
    said: list[Child] = []
    if about:
        names = [el("q", name) for name in about]
        said.append(["about ", names[0], [[", then ", n] for n in names[1:]]])
    if where:
        said.append([_most_in(facts), el("strong", where), _sure(where, facts)])
    if not said:
        return None
    return join(" Most ", said[0], ["; most ", said[1]] if said[1:] else None, ".")


def _most_in(facts: Facts) -> str:
    """Returns by what containers are compared: their shares, else what is flagged."""
    if not has_shares(facts):
        return "often, for its size, in "
    if all(ranks_of(facts).values()):
        return "often in "
    return "often, of the containers with enough answers by people, in "


def _sure(where: str, facts: Facts) -> str:
    """Returns the share of a container, and whether others may have as much."""
    if not has_shares(facts) or not facts.shares:
        return ""
    shares = facts.shares.containers
    own = shares[where]
    others = (found for name, found in shares.items() if name != where)
    alike = not all(excludes_zero(difference(own, other)) for other in others)
    chance = ", which may be chance" if alike else ""
    return f", {with_interval(own)}{chance}"


def _top_themes(facts: Facts) -> list[str]:
    """Returns the largest themes that hold a fair part of what was flagged."""
    themes = facts.themes.get(facts.measure)
    hide = hidden_by(facts)
    least = _FAIR_PART * facts.counts.total.flagged
    rows = themes.themes[:2] if themes else []
    return [
        hide(row["theme"])
        for row in rows
        if row["theme"] and (row.get("messages") or row["count"]) >= least
    ]


def _top_place(facts: Facts) -> str | None:
    """Returns the container of rank 1; None if few of its messages are flagged."""
    ranks = list(ranks_of(facts))
    if len(ranks) < 2:
        return None
    if has_shares(facts):
        return ranks[0]
    flagged = facts.counts.containers[ranks[0]].flagged
    return ranks[0] if flagged >= MIN_FLAGGED else None


# -- the chart ---------------------------------------------------------------------


def _chart(facts: Facts) -> Html | None:
    points_ = rates_of(facts, facts.shares.periods if facts.shares else {})
    last = facts.one("counts")["last_at"]
    if sum(each.value is not None for each in points_) > 1:
        label = f"share of messages that express {facts.measure}, with 95 % intervals"
        unfinished = is_unfinished(points_[-1].when, last, facts.period)
        plot = charts.rates(
            points_, label, unfinished=unfinished, marks=marks_of(facts)
        )
        unknown = any(each.value is None for each in points_)
        return _figure(
            f"Messages that express {facts.measure}, by {facts.period}",
            plot,
            f"no point: too few labelled in that {facts.period}" if unknown else "",
        )
    periods = columns_of(facts, facts.counts.periods)
    if len(periods) > 1 and any(each.all is not None for each in periods):
        unfinished = is_unfinished(periods[-1].when, last, facts.period)
        plot = charts.columns(
            periods,
            "messages flagged, of all, over time",
            unfinished=unfinished,
            marks=marks_of(facts),
        )
        return _figure(
            f"Messages flagged, of all, by {facts.period}", plot, _legend(unfinished)
        )
    return _by_theme(facts)


def _legend(unfinished: bool) -> str:
    return "coloured: flagged; grey: all" + (
        "; hatched: not over yet" if unfinished else ""
    )


def _by_theme(facts: Facts) -> Html | None:
    themes = facts.themes.get(facts.measure)
    hide = hidden_by(facts)
    shown = [
        (hide(row["theme"] or "untitled"), row["count"])
        for row in (themes.themes if themes else [])
        if is_large(row, facts.asked)
    ][:8]
    if not shown:
        return None
    return _figure("Messages by theme", charts.bars(shown, "messages by theme"), "")


def _figure(title: str, plot: Html, note: str) -> Html:
    caption = el("figcaption", title, el("span", note) if note else None)
    return el("figure", caption, plot, class_="lead")
