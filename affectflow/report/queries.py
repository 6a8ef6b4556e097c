"""What the report asks the lake: the answers to its queries, as rows."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import duckdb

from affectflow.lake import basis
from affectflow.lake.basis import Candidate
from affectflow.lake.views import quote
from affectflow.report.cells import Cells, build
from affectflow.report.sql import QUERIES

Row = dict[str, Any]

MIN_SPEAKERS = 5
MIN_UTTERANCES = 20
PLEASANT = ("gratitude", "joy")
# Below half a year months are too few to see anything.
_WEEKLY_BELOW = timedelta(days=183)


@dataclass(kw_only=True)
class ThemeList:
    """The themes of one family of emotions, with their quotes and counts over time."""

    family: str
    annotators: list[str]
    themes: list[Row]
    quotes: dict[str, list[Row]]
    periods: dict[str, list[Row]]
    parameters: dict[str, Any]


@dataclass(kw_only=True)
class Facts:
    """Everything that the page says, as rows.

    `others` counts other annotators; `parameters` are those of the queries;
    `period` is `month` or `week`.
    """

    annotator: Candidate | None
    others: int = 0
    period: str = "month"
    parameters: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Row]] = field(default_factory=dict)
    themes: dict[str, ThemeList] = field(default_factory=dict)
    cells: Cells | None = None

    def one(self, name: str) -> Row:
        """Returns the only row of an answer."""
        return self.answers[name][0]


def collect(connection: duckdb.DuckDBPyConnection, wanted: str | None) -> Facts:
    """Returns the answers to all queries, resting on the annotator `wanted`.

    Raises:
      UsageError: no annotator of that name answered; names those that did.
    """
    there = basis.candidates(connection)
    chosen = basis.choose(connection, there, wanted or "")
    parameters: dict[str, Any] = {
        "annotator": chosen.annotator_id if chosen else "",
        "task": chosen.task if chosen else "",
        "period": "month",
        "min_utterances": MIN_UTTERANCES,
        "min_speakers": MIN_SPEAKERS,
    }
    with _labelled_kept(connection, parameters):
        counts = ask(connection, "counts", parameters)
        parameters["period"] = _period(counts[0])
        names = QUERIES.keys() - {"counts", "themes", "quotes", "theme_periods"}
        answers = {name: ask(connection, name, parameters) for name in sorted(names)}
    return Facts(
        annotator=chosen,
        others=basis.beside(chosen, there) if chosen else 0,
        period=parameters["period"],
        # The queries are printed, and a person's name is not.
        parameters=parameters | {"annotator": spell(chosen)},
        answers={"counts": counts, **answers},
        themes=_themes(connection, answers["clusterings"], parameters),
        cells=build(
            connection,
            chosen,
            there,
            min_people=MIN_SPEAKERS,
            min_messages=MIN_UTTERANCES,
        ),
    )


@contextlib.contextmanager
def _labelled_kept(
    connection: duckdb.DuckDBPyConnection, parameters: dict[str, Any]
) -> Iterator[None]:
    """Puts a table with the annotator's rows in the place of `labelled_utterances`.

    Seven queries read it: to read the annotations seven times took most of a report.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE labelled_utterances AS "
        "FROM memory.labelled_utterances "
        "WHERE annotator_id = $annotator AND task IN ($task, 'frustration')",
        {name: parameters[name] for name in ("annotator", "task")},
    )
    try:
        yield
    finally:
        connection.execute("DROP TABLE temp.labelled_utterances")


def ask(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parameters: dict[str, Any] | None = None,
) -> list[Row]:
    """Returns the answer to the query of that name, a dict for each row."""
    used = {k: v for k, v in (parameters or {}).items() if f"${k}" in QUERIES[name]}
    cursor = connection.execute(QUERIES[name], used)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def shown(name: str, parameters: dict[str, Any]) -> str:
    """Returns the query of that name with its parameters as literals, to be copied."""
    sql = QUERIES[name].strip()
    return re.sub(r"\$(\w+)", lambda m: _literal(parameters[m[1]]), sql)


def _literal(value: Any) -> str:
    return quote(value) if isinstance(value, str) else str(value)


def spell(annotator: Candidate | None) -> str:
    """Returns the id of an annotator as the page may print it: a person has none."""
    if annotator is None or annotator.is_person:
        return "ANNOTATOR_ID"
    return annotator.annotator_id


def _period(counts: Row) -> str:
    if counts["first_at"] is None:
        return "month"
    span = counts["last_at"] - counts["first_at"]
    return "week" if span < _WEEKLY_BELOW else "month"


def _themes(
    connection: duckdb.DuckDBPyConnection,
    clusterings: list[Row],
    parameters: dict[str, Any],
) -> dict[str, ThemeList]:
    lists: dict[str, ThemeList] = {}
    for row in clusterings:
        if row["family"] in lists:
            continue
        own = parameters | {"clustering": row["clustering_id"]}
        lists[row["family"]] = ThemeList(
            family=row["family"],
            annotators=row["annotators"] or [],
            themes=ask(connection, "themes", own),
            quotes=_by_theme(ask(connection, "quotes", own)),
            periods=_by_theme(ask(connection, "theme_periods", own)),
            parameters=own,
        )
    return lists


def _by_theme(rows: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["theme_id"], []).append(row)
    return grouped
