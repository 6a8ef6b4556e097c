"""What people expressed: emotions over time, themes, places."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from affectflow.nouns import count
from affectflow.report import charts
from affectflow.report.html import Child, Html, el, join, prose, table
from affectflow.report.queries import PLEASANT, Facts, Row
from affectflow.report.quotes import how_to_publish, may_quote, quote
from affectflow.report.ranks import has_shares, ranks_of
from affectflow.report.themes import heat_table, theme_list
from affectflow.report.words import (
    ask_yourself,
    every_period,
    is_unfinished,
    listed,
    section,
    with_interval,
)

_MAX_PLACES = 30
_MAX_BARS = 14
_IRRITATION = (
    "This report rests on no annotator of `frustration`, so it speaks of irritation: "
    "a message counts if a chosen label folds to it (of GoEmotions: annoyance, anger, "
    "disappointment; of coarser vocabularies: anger). That measures displeasure, "
    "hostility included. It is not a measure of frustration."
)
_PLEASURES = {"gratitude": "grateful for", "happiness": "happy about"}
_FRUSTRATION = (
    "Frustration here means one thing: the author expresses their own displeasure at a "
    "blocked or delayed goal; not hostility alone, a calm defect report or reported "
    "emotion. Scope: English developer text; civil frustration is not validated."
)


# -- emotions --------------------------------------------------------------------


def emotions(facts: Facts) -> Html:
    """Returns emotions over time, or counts by label if no time is known."""
    if not facts.answers["labels"]:
        text = el("p", "No label has been chosen for any message.")
        return section("emotions", "Emotions", text)
    if len(facts.answers["volume"]) < 2:
        return _by_label(facts)
    return _over_time(facts)


def _by_label(facts: Facts) -> Html:
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
        ask_yourself("labels", facts),
    )


def _is_asked_for(row: Row) -> bool:
    """Returns whether a label is drawn even if it is rare."""
    return bool(row["label"] == "frustration")


def _over_time(facts: Facts) -> Html:
    volume = {row["period"]: row for row in facts.answers["volume"]}
    periods, asked = every_period(list(volume), facts.period), facts.asked
    drawn = {p for p, row in volume.items() if asked.shows(row["n"], row["speakers"])}
    small = len(volume) - len(drawn)
    return section(
        "emotions",
        f"Emotions by {facts.period}",
        el("p", _explain_fold(facts)),
        _small_multiples(facts, volume, periods, drawn) if drawn else None,
        el("p", _gaps(facts, small, all_small=not drawn), class_="note"),
        ask_yourself("over_time", facts, "these numbers", "volume", "labels"),
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
    last = facts.one("counts")["last_at"]
    unfinished = is_unfinished(periods[-1], last, facts.period)
    return el(
        "div",
        [_plot(name, series, periods, drawn, unfinished) for name, series in plots],
        class_="plots",
    )


def _plot(
    name: str,
    series: dict[datetime, int],
    periods: list[datetime],
    drawn: set[datetime],
    unfinished: bool,
) -> Html:
    points = [(p, series.get(p, 0) if p in drawn else None) for p in periods]
    total = sum(n for _, n in points if n)
    caption = el("figcaption", name, el("span", f"{total:,}"))
    return el(
        "figure",
        caption,
        charts.time_line(points, f"{name} over time", unfinished=unfinished),
    )


def _gaps(facts: Facts, small: int, *, all_small: bool) -> str:
    parts = []
    if all_small:
        parts.append(f"No {facts.period} is shown: each has {facts.asked.small}.")
    elif small:
        verb = "is" if small == 1 else "are"
        parts.append(
            f"{count(small, facts.period)} with {facts.asked.small} {verb} not shown."
        )
    without = facts.one("counts")["without_time"]
    if without:
        verb = "is" if without == 1 else "are"
        parts.append(f"{count(without, 'message')} without a time {verb} in no plot.")
    return " ".join(parts)


# -- themes ----------------------------------------------------------------------


def displeasure(facts: Facts) -> Html:
    """Returns what frustrates people; what irritates them, if nobody measured that."""
    measured = facts.measure == "frustration"
    caution: list[Child] = [el("p", prose(_FRUSTRATION if measured else _IRRITATION))]
    if measured and facts.flagger:
        who = el("code", facts.flagger.annotator_id)
        caution.append(el("p", "Frustration rests on the annotator ", who, "."))
    title = "What frustrates people" if measured else "What irritates people"
    themes = facts.themes.get(facts.measure)
    return section(
        "displeasure",
        title,
        el("div", caution, class_="caution"),
        el("p", in_themes_said(facts)),
        _family(facts, facts.measure),
        heat_table(themes, facts) if themes else _loose_causes(facts),
        _unthemed(facts),
        _in_no_theme(facts),
        ask_yourself("in_themes", facts, "the number of messages in themes"),
    )


def in_themes_said(facts: Facts) -> str:
    """Returns how many messages are flagged, and how many of them are in no theme."""
    row = facts.one("in_themes")
    themes = facts.themes.get(facts.measure)
    number = count(len(themes.themes) if themes else 0, "theme")
    parts = (
        (row["in_themes"], row["people_in"]),
        (row["in_none"], row["people_in_none"]),
    )
    if not all(_may_say(*part, facts) for part in parts):
        return f"{count(row['flagged'], 'message')} flagged, {number}."
    if not row["in_themes"]:
        return f"{count(row['flagged'], 'message')} flagged, none of them in a theme."
    return (
        f"{count(row['flagged'], 'message')} flagged, {row['in_themes']:,} in "
        f"{number}, {row['in_none']:,} in none."
    )


def _may_say(messages: int, people: int, facts: Facts) -> bool:
    # If no speaker is known, there are no people to count.
    known = facts.counts.total.people
    return not messages or facts.asked.shows(messages, people if known else messages)


def _loose_causes(facts: Facts) -> Html | None:
    """Returns the causes themselves, if they are too different to form themes."""
    quotes = [quote(row, facts) for row in facts.answers["loose_causes"]]
    if not any(quotes):
        return None
    return join(
        el("h3", "The causes themselves"),
        el("p", "In the words of the messages, the surest first.", class_="note"),
        quotes,
        ask_yourself("loose_causes", facts, "the causes"),
    )


def _unthemed(facts: Facts) -> Html | None:
    """Returns the flagged messages in no theme, for the owner to read."""
    rows = facts.answers.get("unthemed", [])
    if not rows or not may_quote(facts):
        return None
    left = facts.one("in_themes")["in_none"]
    return el(
        "details",
        el("summary", f"Read the messages in no theme ({len(rows):,} of {left:,})"),
        [quote(row, facts) for row in rows],
        ask_yourself("unthemed", facts, "these messages"),
    )


def _in_no_theme(facts: Facts) -> Html | None:
    left = facts.one("in_no_theme")["n"]
    if not left or not facts.themes:
        return None
    query = f'affectflow sql {shlex.quote(facts.lake)} "FROM causes_in_no_theme"'
    text = f"{count(left, 'cause')} of any emotion in no theme: `{query}`."
    return el("p", prose(text), class_="note")


def pleasure(facts: Facts) -> Html:
    """Returns what people are grateful for and happy about."""
    found = [family for family in PLEASANT if family in facts.themes]
    if not found:
        text = el("p", prose(_no_theme(facts, PLEASANT)))
        return section("pleasure", "What people are grateful for", text)
    parts: list[Child] = []
    for family in found:
        if len(found) > 1:
            parts.append(el("h3", f"Themes of {family}"))
        parts.append(_family(facts, family))
    title = " and ".join(_PLEASURES[family] for family in found)
    return section("pleasure", f"What people are {title}", parts)


def _family(facts: Facts, family: str) -> Html:
    themes = facts.themes.get(family)
    if themes is None:
        return el("p", prose(_no_theme(facts, (family,))))
    return join(
        theme_list(themes, facts, _why_unquoted(facts)),
        ask_yourself(
            "themes",
            facts,
            "the themes",
            *("theme_details", "theme_places", "quotes"),
            clustering=themes.parameters["clustering"],
        ),
    )


def _why_unquoted(facts: Facts) -> str:
    if facts.asked.is_owner:
        return "None is quoted: the messages behind these themes are private or gone."
    if not facts.handles_known:
        return (
            "Nothing is quoted: the key of the pseudonyms is not here, so names of "
            "speakers in quotes cannot be found. Name it with `--speaker-key-uri`."
        )
    how = how_to_publish(facts)
    marked = "marked as " if how else ""
    return (
        f"No message behind these themes is {marked}public, so none is quoted. {how}"
    ).rstrip()


def _no_theme(facts: Facts, families: Sequence[str]) -> str:
    named = " or ".join(families)
    causes = [row for row in facts.answers["causes"] if row["family"] in families]
    found = sum(row["n"] for row in causes)
    if not found and any(row["stage"] == "mine" for row in facts.answers["runs"]):
        return f"`affectflow mine` found no cause of {named} in this lake."
    if not found:
        return (
            f"This lake has no themes of {named} yet: `affectflow mine` finds causes"
            " and groups them into themes."
        )
    labels = sorted({label for row in causes for label in row["labels"]})
    listed = ", ".join("'" + label.replace("'", "''") + "'" for label in labels)
    query = (
        "SELECT label, cause_text FROM causes WHERE status = 'ok' "
        f"AND label IN ({listed})"
    )
    return (
        f"{count(found, 'cause')} of {named} in this lake, but no theme: too few "
        f"are alike. To list them: `affectflow sql {shlex.quote(facts.lake)} "
        f'"{query}"`.'
    )


# -- places ----------------------------------------------------------------------


def containers(facts: Facts) -> Html:
    """Returns the containers that are large enough to be named."""
    counts = facts.counts.containers
    if not any(counts):
        text = el("p", "These messages name no repository, channel or list.")
        return section("containers", "Places", text)
    ranks = ranks_of(facts)
    by_size = sorted(ranks, key=lambda c: (-counts[c].messages, str(c)))[:_MAX_PLACES]
    shares = facts.shares.containers if facts.shares else {}
    cells: list[list[Child]] = [
        [
            c or "(none)",
            f"{counts[c].messages:,}",
            f"{counts[c].people:,}" if facts.counts.total.people else "not known",
            f"{counts[c].conversations:,}",
            f"{ranks[c] or ''}",
            *([with_interval(shares[c]) if c in shares else ""] if shares else []),
        ]
        for c in by_size
    ]
    heads = ["Container", "Messages", "People", "Conversations"]
    heads += [
        f"{facts.measure.capitalize()}, rank",
        *(["Share, corrected"] if shares else []),
    ]
    more, small = len(ranks) - _MAX_PLACES, len(counts) - len(ranks)
    asked = facts.asked
    least = (
        ""
        if asked.is_owner
        else f" with at least {asked.min_people} people and {asked.min_messages} "
        "annotated messages"
    )
    return section(
        "containers",
        "Places",
        el(
            "p",
            f"Repositories, channels or lists{least}. Rank 1 has {_rank_1(facts)}.",
        ),
        table(heads, cells, set(range(1, len(heads)))) if cells else None,
        el(
            "p",
            _places_left_out(facts, small, more, any_shown=bool(cells)),
            class_="note",
        ),
        ask_yourself("flagged", facts),
    )


def _rank_1(facts: Facts) -> str:
    if has_shares(facts):
        return (
            "the highest corrected share; places where people labelled too few "
            "messages have neither a share nor a rank"
        )
    return (
        f"the most {facts.measure} for its size (by the lower end of the 95 % interval)"
    )


def _places_left_out(facts: Facts, small: int, more: int, *, any_shown: bool) -> str:
    parts = [] if any_shown else ["No container is large enough to be shown."]
    if more > 0:
        parts.append(f"{count(more, 'further container')} by the query below.")
    if small:
        verb = "is" if small == 1 else "are"
        parts.append(
            f"{count(small, 'container')} with {facts.asked.small} {verb} not shown."
        )
    return " ".join(parts)
