"""The report as one table (CSV), and as text (Markdown)."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from affectflow.report import events, finding, head, sections, since
from affectflow.report.counts import Count
from affectflow.report.frustration import columns_of
from affectflow.report.html import without_controls
from affectflow.report.queries import Facts, Row
from affectflow.report.quotes import hidden_by
from affectflow.report.ranks import ranks_of
from affectflow.report.small import hidden_cells, hidden_parts
from affectflow.report.themes import is_large, seen_said
from affectflow.report.threads import flagged_words, heading, thread_said, thread_title
from affectflow.report.words import period_name, with_interval

COLUMNS = (
    *("table", "measure", "period", "container", "role", "theme"),
    *("flagged", "messages", "people", "rank", "share", "low", "high"),
)
MARKDOWN = "<!-- affectflow report -->"
# A spreadsheet runs text that begins with one of these as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#!|~$&:])")


def as_csv(facts: Facts) -> str:
    """Returns one table with a row for each part of the lake; an empty cell means all.

    `share`, `low` and `high` are filled only after gold; those of themes are as
    labelled.
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for row in rows_of(facts):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def rows_of(facts: Facts) -> Iterator[Row]:
    """Yields the rows of parts that are large enough to be shown."""
    counts, shares = facts.counts, facts.shares
    yield _row(facts, "all", counts.total) | _all_shares(facts)
    whole = _kept(counts.periods, facts)
    for period, n in whole.items():
        share = shares.periods.get(period) if shares else None
        yield _row(facts, "period", n, share, period=f"{period:%Y-%m-%d}")
    for container, place in ranks_of(facts).items():
        share = shares.containers.get(container) if shares else None
        # Ranks and sizes only: counts of flagged messages could be subtracted from all.
        row = _row(facts, "container", counts.containers[container], share)
        flagged = (
            {} if container in _kept(counts.containers, facts) else {"flagged": ""}
        )
        yield row | flagged | {"container": container, "rank": place}
    for role, n in _kept(counts.roles, facts).items():
        share = shares.roles.get(role) if shares else None
        yield _row(facts, "role", n, share, role=role)
    for kind, cells in (
        ("container", counts.container_periods),
        ("role", counts.role_periods),
    ):
        hidden = hidden_cells({k: n.size for k, n in cells.items()}, facts.asked)
        for (part, period), n in sorted(
            cells.items(), key=lambda c: (str(c[0][0]), c[0][1])
        ):
            if (part, period) not in hidden:
                where = {kind: part, "period": f"{period:%Y-%m-%d}"}
                yield _row(facts, f"{kind} and period", n) | where
    yield from _theme_rows(facts)


def _kept(parts: dict[Any, Count], facts: Facts) -> dict[Any, Count]:
    hidden = hidden_parts({k: n.size for k, n in parts.items()}, facts.asked)
    return {k: n for k, n in parts.items() if k not in hidden}


def _row(
    facts: Facts, table: str, n: Count, share: Any = None, **parts: Any
) -> dict[str, Any]:
    told = (
        {} if share is None else dict(zip(("share", "low", "high"), share, strict=True))
    )
    sizes = {"flagged": n.flagged, "messages": n.messages, "people": n.people}
    return {"table": table, "measure": facts.measure, **parts, **sizes, **told}


def _all_shares(facts: Facts) -> dict[str, Any]:
    found = (facts.validation or {}).get("prevalence")
    if not found or found["value"] is None:
        return {}
    return {"share": found["value"], "low": found["low"], "high": found["high"]}


def _theme_rows(facts: Facts) -> Iterator[Row]:
    hide = hidden_by(facts)
    for family, themes in sorted(facts.themes.items()):
        for place, theme in enumerate(themes.themes, start=1):
            row = {"table": "theme", "measure": family, "rank": place}
            row["theme"] = hide(theme["theme"] or "untitled")
            if is_large(theme, facts.asked):
                row |= {"flagged": theme["count"], "people": theme["n_speakers"]}
                row |= {name: theme[name] for name in ("share", "low", "high")}
            yield row


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.4f}"
    text = "" if value is None else without_controls(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


# -- Markdown ----------------------------------------------------------------------


def as_markdown(facts: Facts) -> str:
    """Returns the finding, the course, the themes and the places as Markdown."""
    parts = [
        MARKDOWN,
        f"# {escaped(facts.title)}",
        *(
            ["**For the owner of the lake only: do not pass on.**"]
            * facts.asked.is_owner
        ),
        *_finding(facts),
        *_changes(facts),
        *_threads(facts),
        *_periods(facts),
        *_themes(facts),
        *_events(facts),
        f"Labels say what a text expresses, not what its author felt. Cells with "
        f"{facts.asked.small} are left out."
        if not facts.asked.is_owner
        else "Labels say what a text expresses, not what its author felt.",
    ]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Returns text that Markdown shows unchanged: one line, no links, no HTML."""
    return _SPECIAL.sub(r"\\\1", " ".join(without_controls(text).split()))


def _finding(facts: Facts) -> Iterator[str]:
    if not facts.one("counts")["messages"]:
        yield head.empty_said(facts)
        return
    if not facts.counts.total.messages:
        yield "Nothing is labelled: run `affectflow annotate` on this lake first."
        return
    yield "## What stands out"
    yield from (escaped(sentence) for sentence in finding.said(facts))


def _changes(facts: Facts) -> Iterator[str]:
    if facts.last and facts.last["measure"] == facts.measure:
        changes = since.changes_since(facts, facts.last)
        yield "## Since the last report"
        lines = [f"- {k}: {escaped('; '.join(v))}" for k, v in changes.items() if v]
        yield "\n".join(lines) or "The themes are the same."


def _threads(facts: Facts) -> Iterator[str]:
    if facts.answers.get("threads"):
        yield f"## {heading(facts)}"
        yield "\n".join(_thread(row, facts) for row in facts.answers["threads"])


def _thread(row: Row, facts: Facts) -> str:
    said = f"- {escaped(thread_title(row, facts))}: "
    said += escaped("; ".join(thread_said(row, facts)))
    words = flagged_words(row, facts)
    return f"{said}. “{escaped(words)}”" if words else said


def _periods(facts: Facts) -> Iterator[str]:
    columns = [c for c in columns_of(facts, facts.counts.periods) if c.all is not None]
    if len(columns) < 2:
        return
    shares = facts.shares.periods if facts.shares else {}
    heads = [
        facts.period.capitalize(),
        "Flagged",
        "Of",
        *(["Share, corrected"] if shares else []),
    ]
    rows = [
        [
            period_name(c.when, facts.period),
            f"{c.flagged:,}",
            f"{c.all:,}",
            *(
                [with_interval(shares[c.when]) if c.when in shares else ""]
                if shares
                else []
            ),
        ]
        for c in columns
    ]
    yield f"## {facts.measure.capitalize()} by {facts.period}"
    yield _table(heads, rows)


def _themes(facts: Facts) -> Iterator[str]:
    if not facts.counts.total.messages:
        return
    yield "## Themes"
    yield sections.in_themes_said(facts)
    themes, hide = facts.themes.get(facts.measure), hidden_by(facts)
    rows = []
    for place, theme in enumerate(themes.themes if themes else [], start=1):
        large = is_large(theme, facts.asked)
        details = themes.details.get(theme["theme_id"], []) if themes else []
        rows.append(
            [
                f"{place}",
                escaped(hide(theme["theme"] or "untitled")),
                f"{theme['count']:,}" if large else "few",
                "; ".join(seen_said(details[0], facts.asked))
                if large and details
                else "",
            ]
        )
    if rows:
        yield _table(["", "Theme", "Messages", ""], rows)


def _events(facts: Facts) -> Iterator[str]:
    if facts.effects:
        yield "## Events"
        yield "\n".join(
            f"- {effect.event.at:%Y-%m-%d}, {escaped(effect.event.what)}: "
            f"{' '.join(events.effect_said(effect, facts))}"
            for effect in facts.effects
        )
        yield "These are associations: other things happened at the same time."


def _table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
