"""What the report asks the lake: the answers to its queries, as rows."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import duckdb

from affectflow import people
from affectflow.lake import basis
from affectflow.lake.basis import Candidate
from affectflow.lake.views import quote, shipped_views
from affectflow.report.asked import MIN_MESSAGES, WORKPLACE, Asked
from affectflow.report.cells import Cells, build
from affectflow.report.counts import Counts, counts_of
from affectflow.report.periods import week_or_month
from affectflow.report.sql import QUERIES

if TYPE_CHECKING:
    from affectflow.report.effects import Effect
    from affectflow.report.shares import Shares

Row = dict[str, Any]

PLEASANT = ("gratitude", "happiness")
_OF_THEMES = {
    *("themes", "quotes", "quotes_for_owner", "theme_periods", "theme_details"),
    "theme_places",
}
_FOR_OWNER = {"threads", "unthemed"}


@dataclass(kw_only=True)
class ThemeList:
    """The themes of one family of emotions, with their quotes and counts over time.

    `details`: first and last seen, open threads, newcomers; `places`: counts by
    container.
    """

    family: str
    annotators: list[str]
    themes: list[Row]
    quotes: dict[str, list[Row]]
    periods: dict[str, list[Row]]
    details: dict[str, list[Row]]
    places: list[Row]
    parameters: dict[str, Any]


@dataclass(kw_only=True)
class Facts:
    """Everything that the page shows, as rows.

    `lake` is the lake's location as the commands on the page spell it; `measure` is
    what is flagged, `frustration` or `irritation`, and `flagger` the annotator that
    flags it; `others` counts other annotators; `parameters` are those of the queries;
    `period` is `month` or `week`; `shares` is None before gold; `last` is what the page
    that this one replaces says about itself; `handles` are names of speakers, which are
    hidden; a page that is served has a box for SQL.
    """

    annotator: Candidate | None
    lake: str = ""
    title: str = ""
    asked: Asked = field(default_factory=Asked)
    flagger: Candidate | None = None
    measure: str = "irritation"
    others: int = 0
    period: str = "month"
    parameters: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Row]] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    themes: dict[str, ThemeList] = field(default_factory=dict)
    cells: Cells | None = None
    shares: "Shares | None" = None
    effects: "list[Effect]" = field(default_factory=list)
    last: Row | None = None
    handles: frozenset[str] = frozenset()
    handles_known: bool = True
    is_served: bool = False

    def one(self, name: str) -> Row:
        """Returns the only row of an answer."""
        return self.answers[name][0]

    @property
    def validation(self) -> Row | None:
        """How well flags agree with people's answers; None without gold."""
        rows = self.answers.get("validations", [])
        return next((row for row in rows if row["label"] == self.measure), None)

    @property
    def answered_by_people(self) -> int:
        """How many messages with people's answers `gold` compared with the flags."""
        rows = self.answers.get("compared", [])
        return int(rows[0]["messages"] or 0) if rows else 0


def collect(
    connection: duckdb.DuckDBPyConnection,
    wanted: str | None,
    asked: Asked | None = None,
    there: Sequence[Candidate] | None = None,
) -> Facts:
    """Returns the answers to all queries, resting on the annotator `wanted`.

    Args:
      connection: to the lake, with its views.
      wanted: the id of an annotator, or a beginning of it; the basis if empty.
      asked: what the report may show.
      there: the candidates for the basis, if they are known already.

    Raises:
      UsageError: no annotator of that name answered; the message names those that did.
    """
    asked = _as_declared(connection, asked or Asked())
    there = basis.candidates(connection) if there is None else there
    chosen = basis.choose(connection, there, wanted or "")
    flagger, measure = _flagger(connection, there, chosen)
    parameters: dict[str, Any] = {
        "annotator": chosen.annotator_id if chosen else "",
        "task": chosen.task if chosen else "",
        "flagger": flagger.annotator_id if flagger else "",
        "measure": measure,
        "period": "month",
        "reader": asked.reader,
        "clustering": "",
        "min_utterances": asked.min_messages,
        "min_speakers": asked.min_people,
    }
    facts = Facts(
        annotator=chosen,
        asked=asked,
        flagger=flagger,
        measure=measure,
        others=basis.beside(chosen, there) if chosen else 0,
    )
    with kept(connection, parameters):
        _fill(facts, connection, parameters)
        # The same for all readers: the table is cautious even on the owner's page.
        facts.cells = build(
            connection,
            chosen,
            there,
            min_people=asked.least_people,
            min_messages=MIN_MESSAGES,
        )
    return facts


_AT_WORK = f"SELECT 1 FROM runs WHERE context = '{WORKPLACE}' LIMIT 1"


def _as_declared(connection: duckdb.DuckDBPyConnection, asked: Asked) -> Asked:
    """Returns `asked`, for the workplace if that was declared here or in a run.

    The whole page then hides cells with fewer people, not only the parts asked for
    there.
    """
    is_at_work = people.declared().context == WORKPLACE
    if is_at_work or connection.execute(_AT_WORK).fetchall():
        return replace(asked, context=WORKPLACE)
    return asked


def _fill(
    facts: Facts, connection: duckdb.DuckDBPyConnection, parameters: dict[str, Any]
) -> None:
    counts = ask(connection, "counts", parameters)
    facts.period = parameters["period"] = _period(counts[0])
    clusterings = ask(connection, "clusterings", parameters)
    facts.themes = _themes(connection, clusterings, parameters)
    if (themes := facts.themes.get(facts.measure)) is not None:
        parameters["clustering"] = themes.parameters["clustering"]
    names = QUERIES.keys() - _OF_THEMES - {"counts", "clusterings"}
    if not facts.asked.is_owner:
        names -= _FOR_OWNER
    if facts.measure in facts.themes:
        names -= {"loose_causes"}  # shown where there are no themes
    facts.answers = {name: ask(connection, name, parameters) for name in sorted(names)}
    facts.answers |= {"counts": counts, "clusterings": clusterings}
    facts.counts = counts_of(facts.answers["flagged"])
    if facts.validation:
        from affectflow.report.shares import shares_of

        facts.shares = shares_of(connection, facts, parameters)
    if facts.asked.events:
        from affectflow.report.effects import effects_of

        facts.effects = effects_of(connection, facts, parameters)
    # The queries are printed, but people's names must not be.
    facts.parameters = parameters | {
        "annotator": spell(facts.annotator),
        "flagger": spell(facts.flagger),
    }


_MINED = """
SELECT DISTINCT emotion_annotator_id FROM causes
WHERE label = 'frustration' AND status = 'ok'"""


def _flagger(
    connection: duckdb.DuckDBPyConnection,
    there: Sequence[Candidate],
    chosen: Candidate | None,
) -> tuple[Candidate | None, str]:
    """Returns whose frustration is counted: the basis's own, else whose was mined.

    Without either, irritation is counted, from the emotions that the report rests on.
    """
    own = chosen.annotator_id if chosen else ""
    mined = {own, *(name for (name,) in connection.execute(_MINED).fetchall())}
    able = [
        each
        for each in there
        if each.task == "frustration"
        and not each.is_person
        and each.annotator_id in mined
    ]
    able.sort(key=lambda c: (c.annotator_id != own, -c.answered, c.annotator_id))
    return (able[0], "frustration") if able else (chosen, "irritation")


_KEPT = {
    "placed_utterances": """
SELECT utterance_id, conversation_id, speaker_id, is_bot, by_bot, timestamp, source,
  container, speaker_role, kind, lang, visibility, deleted
FROM memory.placed_utterances""",
    "labelled_utterances": """
FROM ({view})
WHERE annotator_id = $annotator AND task IN ($task, 'frustration')
  OR annotator_id = $flagger AND task = 'frustration'""",
    "flagged_messages": """
FROM ({view}) WHERE annotator_id = $flagger AND measure = $measure""",
    "theme_utterances": "FROM ({view})",
    "theme_quotes": "FROM ({view}) WHERE position <= 3",
    "emotion_causes": "FROM ({view})",
    "conversations": "SELECT conversation_id, title, outcome FROM memory.conversations",
}
"""Views that several queries read. Each reads the tables made of those before it."""
ASKED = (*QUERIES.values(), *_KEPT.values(), *_KEPT)
"""What mentions all views that `collect` reads: opening a lake for it takes less."""


@contextlib.contextmanager
def kept(
    connection: duckdb.DuckDBPyConnection, parameters: dict[str, Any]
) -> Iterator[None]:
    """Replaces views that many queries read by tables with the rows of one report."""
    views = shipped_views()
    try:
        for name, sql in _KEPT.items():
            made = sql.format(view=views.get(name))
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS {made}", _used(sql, parameters)
            )
        yield
    finally:
        for name in _KEPT:
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def ask(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parameters: dict[str, Any] | None = None,
) -> list[Row]:
    """Returns the answer to the query of that name, a dict for each row."""
    return _rows(connection, QUERIES[name], parameters or {})


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: dict[str, Any]
) -> list[Row]:
    cursor = connection.execute(sql, _used(sql, parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _used(sql: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: parameters[name] for name in re.findall(r"\$(\w+)", sql)}


def shown(name: str, parameters: dict[str, Any]) -> str:
    """Returns the query of that name with its parameters as literals, to be copied."""
    sql = QUERIES[name].strip()
    return re.sub(r"\$(\w+)", lambda m: _literal(parameters[m[1]]), sql)


def _literal(value: Any) -> str:
    return quote(value) if isinstance(value, str) else str(value)


def spell(annotator: Candidate | None) -> str:
    """Returns the id of an annotator as the page may print it; people have none."""
    if annotator is None or annotator.is_person:
        return "ANNOTATOR_ID"
    return annotator.annotator_id


def _period(counts: Row) -> str:
    first, last = counts["first_at"], counts["last_at"]
    return week_or_month(last - first if first is not None else None)


def _themes(
    connection: duckdb.DuckDBPyConnection,
    clusterings: list[Row],
    parameters: dict[str, Any],
) -> dict[str, ThemeList]:
    """Returns the themes of each family, of the first of its clusterings."""
    chosen: dict[str, Row] = {}
    for row in clusterings:
        chosen.setdefault(row["family"], row)
    if not chosen:
        return {}
    quotes = "quotes_for_owner" if parameters["reader"] == "owner" else "quotes"
    names = ("themes", quotes, "theme_periods", "theme_details", "theme_places")
    given = parameters | {
        "clusterings": [row["clustering_id"] for row in chosen.values()]
    }
    answers = [
        _by("clustering_id", _rows(connection, _of_several(QUERIES[name]), given))
        for name in names
    ]
    return {
        family: _theme_list(
            row, [each.get(row["clustering_id"], []) for each in answers], parameters
        )
        for family, row in chosen.items()
    }


def _of_several(sql: str) -> str:
    """Returns a query about the themes of one clustering as one about `$clusterings`.

    Themes of two clusterings may have the same id, so each `theme_id` that the query
    selects, groups or orders by gets its `clustering_id` beside it.
    """
    told_apart = re.sub(r"(t\.|\b)theme_id\b", r"\1clustering_id, \1theme_id", sql)
    return told_apart.replace("$clustering", "ANY($clusterings)")


def _theme_list(
    clustering: Row, answers: Sequence[list[Row]], parameters: dict[str, Any]
) -> ThemeList:
    themes, quotes, periods, details, places = answers
    return ThemeList(
        family=clustering["family"],
        annotators=clustering["annotators"] or [],
        themes=themes,
        quotes=_by("theme_id", quotes),
        periods=_by("theme_id", periods),
        details=_by("theme_id", details),
        places=places,
        parameters=parameters | {"clustering": clustering["clustering_id"]},
    )


def _by(column: str, rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[column], []).append(row)
    return grouped
