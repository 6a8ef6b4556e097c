"""What people expressed: emotions over time, themes, places."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from affectflow.nouns import count
from affectflow.report import charts
from affectflow.report.html import Child, Html, el, join, prose, table
from affectflow.report.queries import (
    MIN_SPEAKERS,
    MIN_UTTERANCES,
    PLEASANT,
    Facts,
    Row,
)
from affectflow.report.themes import theme_list
from affectflow.report.words import ask_yourself, every_period, listed, section

_SMALL = f"fewer than {MIN_SPEAKERS} people or {MIN_UTTERANCES} messages"
_MAX_PLACES = 30
_MAX_BARS = 14
_IRRITATION = (
    "This report rests on no annotator of `frustration`, so it speaks of irritation: "
    "a message counts if a chosen label folds to it (of GoEmotions: annoyance, anger, "
    "disappointment; of coarser vocabularies: anger). That measures displeasure, "
    "hostility included. It is not a measure of frustration."
)
_PLEASURES = {"gratitude": "grateful for", "joy": "happy about"}
_FRUSTRATION = (
    "Frustration here means one thing: the author expresses their own displeasure at a "
    "blocked or delayed goal; not hostility alone, a calm defect report or reported "
    "emotion. Scope: English developer text; civil frustration is not validated."
)


# -- emotions --------------------------------------------------------------------


def emotions(facts: Facts, lake: str) -> Html:
    """Returns emotions over time, or counts by label where no time is known."""
    if not facts.answers["labels"]:
        text = el("p", "No label has been chosen for any message.")
        return section("emotions", "Emotions", text)
    if len(facts.answers["volume"]) < 2:
        return _by_label(facts, lake)
    return _over_time(facts, lake)


def _by_label(facts: Facts, lake: str) -> Html:
    why = (
        "These messages have no usable times, so nothing can be drawn over time; this"
        " is how often each label was chosen."
        if not facts.answers["volume"]
        else f"All messages fall into one {facts.period}; this is how often each label "
        "was chosen."
    )
    rows = facts.answers["labels"]
    shown = [*rows[:_MAX_BARS], *(r for r in rows[_MAX_BARS:] if _is_asked_for(r))]
    top = [(row["label"], row["n"]) for row in shown]
    rarer = len(rows) - len(shown)
    return section(
        "emotions",
        "Emotions, by label",
        el("p", why),
        el("figure", charts.bars(top, "messages by label"), class_="wide"),
        el("p", f"and {count(rarer, 'rarer label')}", class_="note") if rarer else None,
        ask_yourself("labels", facts.parameters, lake),
    )


def _is_asked_for(row: Row) -> bool:
    """Returns whether a label is drawn however rare it is."""
    return bool(row["label"] == "frustration")


def _over_time(facts: Facts, lake: str) -> Html:
    volume = {row["period"]: row for row in facts.answers["volume"]}
    periods = every_period(list(volume), facts.period)
    drawn = {p for p in periods if p in volume and _is_large(volume[p])}
    small = len(volume) - len(drawn)
    return section(
        "emotions",
        f"Emotions by {facts.period}",
        el("p", _explain_fold(facts)),
        _small_multiples(facts, volume, periods, drawn) if drawn else None,
        el("p", _gaps(facts, small, all_small=not drawn), class_="note"),
        ask_yourself("over_time", facts.parameters, lake),
        ask_yourself("volume", facts.parameters, lake, "all annotated messages"),
        ask_yourself("labels", facts.parameters, lake, "the labels"),
    )


def _explain_fold(facts: Facts) -> str:
    labels = listed([row["label"] for row in facts.answers["labels"][:5]])
    return (
        f"Messages in which the emotion was chosen, per {facts.period}. Fine labels "
        "are folded to Ekman's six where their vocabulary folds so (GoEmotions' own "
        "grouping: joy holds gratitude and approval, surprise holds curiosity and "
        "confusion). Each plot has its own scale; compare shapes, not heights, and "
        "read them against the number of all messages. The labels chosen most often: "
        f"{labels}."
    )


def _small_multiples(
    facts: Facts,
    volume: dict[datetime, Row],
    periods: list[datetime],
    drawn: set[datetime],
) -> Html:
    counts: dict[str, dict[datetime, int]] = {}
    for row in facts.answers["over_time"]:
        counts.setdefault(row["emotion"], {})[row["period"]] = row["n"]
    ranked = sorted(counts, key=lambda e: (-sum(counts[e].values()), e))[:6]
    everything = {period: row["n"] for period, row in volume.items()}
    plots = [("all messages", everything), *((e, counts[e]) for e in ranked)]
    return el(
        "div",
        [_plot(name, series, periods, drawn) for name, series in plots],
        class_="plots",
    )


def _plot(
    name: str,
    series: dict[datetime, int],
    periods: list[datetime],
    drawn: set[datetime],
) -> Html:
    points = [(p, series.get(p, 0) if p in drawn else None) for p in periods]
    total = sum(n for _, n in points if n)
    caption = el("figcaption", name, el("span", f"{total:,}"))
    return el("figure", caption, charts.time_line(points, f"{name} over time"))


def _is_large(row: Row) -> bool:
    return bool(row["speakers"] >= MIN_SPEAKERS and row["n"] >= MIN_UTTERANCES)


def _gaps(facts: Facts, small: int, *, all_small: bool) -> str:
    parts = []
    if all_small:
        parts.append(f"No {facts.period} is shown: each has {_SMALL}.")
    elif small:
        verb = "is" if small == 1 else "are"
        parts.append(f"{count(small, facts.period)} with {_SMALL} {verb} not shown.")
    without = facts.one("counts")["without_time"]
    if without:
        verb = "is" if without == 1 else "are"
        parts.append(f"{count(without, 'message')} without a time {verb} in no plot.")
    return " ".join(parts)


# -- themes ----------------------------------------------------------------------


def displeasure(facts: Facts, lake: str) -> Html:
    """Returns what frustrates people; what irritates them, if nobody measured that."""
    measured = facts.answers["frustration"]
    family = "frustration" if measured else "irritation"
    caution: list[Child] = [el("p", prose(_FRUSTRATION if measured else _IRRITATION))]
    if measured:
        who = el("code", measured[0]["annotator_id"])
        caution.append(el("p", "Frustration rests on the annotator ", who, "."))
    title = "What frustrates people" if measured else "What irritates people"
    note = el("div", caution, class_="caution")
    themes = _family(facts, family, lake)
    return section("displeasure", title, note, themes, _in_no_theme(facts, lake))


def _in_no_theme(facts: Facts, lake: str) -> Html | None:
    left = facts.one("in_no_theme")["n"]
    if not left or not facts.themes:
        return None
    query = f'affectflow sql {lake} "FROM causes_in_no_theme"'
    text = f"{count(left, 'cause')} of any emotion in no theme: `{query}`."
    return el("p", prose(text), class_="note")


def pleasure(facts: Facts, lake: str) -> Html:
    """Returns what people are grateful for and happy about."""
    found = [family for family in PLEASANT if family in facts.themes]
    if not found:
        text = el("p", prose(_no_theme(facts, PLEASANT, lake)))
        return section("pleasure", "What people are grateful for", text)
    parts: list[Child] = []
    for family in found:
        if len(found) > 1:
            parts.append(el("h3", f"Themes of {family}"))
        parts.append(_family(facts, family, lake))
    title = " and ".join(_PLEASURES[family] for family in found)
    return section("pleasure", f"What people are {title}", parts)


def _family(facts: Facts, family: str, lake: str) -> Html:
    themes = facts.themes.get(family)
    if themes is None:
        return el("p", prose(_no_theme(facts, (family,), lake)))
    return join(
        theme_list(themes, facts.period, _why_unquoted(facts, lake)),
        ask_yourself("themes", themes.parameters, lake, "the themes"),
        ask_yourself("quotes", themes.parameters, lake, "the quotes"),
    )


def _why_unquoted(facts: Facts, lake: str) -> str:
    public = {row["source"] for row in facts.answers["public_sources"]}
    silent = {row["source"] for row in facts.answers["unmarked"] if row["source"]}
    if not (unsaid := sorted(silent - public)):
        return "No message behind these themes is public, so none is quoted."
    options = " ".join(f"--public {shlex.quote(source)}" for source in unsaid)
    verb = "does" if len(unsaid) == 1 else "do"
    return (
        "No message behind these themes is marked as public, so none is quoted. "
        f"{listed(unsaid)} {verb} not say which messages are public; if all are: "
        f"`affectflow report {shlex.quote(lake)} {options}`."
    )


def _no_theme(facts: Facts, families: Sequence[str], lake: str) -> str:
    named = " or ".join(families)
    causes = {row["family"]: row["n"] for row in facts.answers["causes"]}
    found = sum(causes.get(family, 0) for family in families)
    if not found:
        return (
            f"No theme of {named} is in this lake yet: `affectflow mine` finds causes"
            " and groups them into themes."
        )
    query = "SELECT label, cause_text FROM causes WHERE status = 'ok'"
    if "frustration" in families:
        query += " AND label = 'frustration'"
    return (
        f"{count(found, 'cause')} of {named} in this lake, but no theme: too few "
        f'are alike. To list them: `affectflow sql {lake} "{query}"`.'
    )


# -- places ----------------------------------------------------------------------


def containers(facts: Facts, lake: str) -> Html:
    """Returns the containers that are large enough to be named."""
    rows = facts.answers["containers"]
    small = facts.one("small_containers")["n"]
    cells: list[list[Child]] = [
        [
            row["container"] or "(none)",
            f"{row['messages']:,}",
            f"{row['people']:,}",
            f"{row['conversations']:,}",
            f"{row['position']}",
        ]
        for row in rows[:_MAX_PLACES]
    ]
    heads = ["Container", "Messages", "People", "Conversations", "Irritation, rank"]
    more = len(rows) - _MAX_PLACES
    return section(
        "containers",
        "Places",
        el(
            "p",
            "Repositories, channels or lists with at least "
            f"{MIN_SPEAKERS} people and {MIN_UTTERANCES} annotated messages. Rank 1 "
            "has the most irritation for its size (by the lower end of the 95 % "
            "interval).",
        ),
        table(heads, cells, {1, 2, 3, 4}) if rows else None,
        el("p", _places_left_out(small, more, any_shown=bool(rows)), class_="note"),
        ask_yourself("containers", facts.parameters, lake),
    )


def _places_left_out(small: int, more: int, *, any_shown: bool) -> str:
    parts = [] if any_shown else ["No container is large enough to be shown."]
    if more > 0:
        parts.append(f"{count(more, 'further container')} by the query below.")
    if small:
        verb = "is" if small == 1 else "are"
        parts.append(f"{count(small, 'container')} with {_SMALL} {verb} not shown.")
    return " ".join(parts)
