"""Cells: the small table behind the page's filters, safe in every combination.

One strict partition of the messages is published. Each cell of it has at least 5 people
(10 in the context `workplace`) and 20 messages, and a filter chooses whole cells. So
anything that a reader computes from the page (a union, a difference, any linear
combination) is a sum over whole cells: nobody learns a count of fewer messages or
people than one cell has. So no cell needs a second suppression: small groups are merged
into a cell `several`, never left out one by one, and if they are too few even together,
the smallest publishable sibling joins them.

The minimum is the threshold rule, and merging instead of suppressing is table redesign
(Hundepool et al. 2012, *Statistical Disclosure Control*, ch. 4); Cox 1980 (*Suppression
methodology and statistical disclosure control*) describes what suppression alone would
need in addition, so that differences reveal nothing; the attack by overlapping queries
is the tracker of Denning, Denning and Schwartz 1979. The partition is built from the
top, one dimension after another within each cell, as Mondrian does (LeFevre, DeWitt and
Ramakrishnan 2006).

Three things are dimensions too, so that they cannot be computed by difference: which
other annotators answered (their counts differ by whole cells only), whether a message
may be published (private and deleted ones are in cells of their own, which are not
embedded; a cell that cannot be separated from them is not embedded either), and which
values are rare (kept together as `several`). The number of people in a union is not a
sum, and unions of overlapping groups would reveal overlaps: so each cell gives its
people rounded down to a multiple of the minimum, and a union gives the largest of its
cells as a lower bound.

The cells do not hide that all, or none, of their messages are flagged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import duckdb
import pyarrow.compute as pc

from affectflow.lake.ask import ask
from affectflow.lake.basis import Candidate
from affectflow.lake.tombstones import Tombstones
from affectflow.report.partition import (
    DIMENSIONS,
    MAX_CHOICES,
    Cell,
    partition,
    published,
)
from affectflow.report.periods import period_of

MAX_CELLS = 2_000
"""A large lake gets larger cells, not more: all of them are on the page."""
_MOST = {"container": 30, "role": 8, "kind": 8, "period": 27}
_MAX_LABELS = 12


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The table behind the filters.

    Args:
      rows: the cells; empty if all messages together are too few. The value "" means
        not stated.
      choices: annotators and tasks that gave the labels; the first is the report's.
        People are called `people`: the page names none of them.
      labels: of each choice, the most frequent first.
      period: `week`, `month`, `quarter` or `year`.
      left_out: messages of people that are in no cell: private or deleted ones, and
        those that could not be separated from them.
      min_people: the minimum for a cell.
      min_messages: the minimum for a cell.
      counted: `people`; `conversations` if no speaker of the lake is known.
    """

    rows: list[Cell[str | None]]
    choices: list[tuple[str, str]]
    labels: list[list[str]]
    period: str
    left_out: int
    min_people: int
    min_messages: int
    counted: str = "people"


def build(
    connection: duckdb.DuckDBPyConnection,
    chosen: Candidate | None,
    there: Sequence[Candidate],
    *,
    min_people: int,
    min_messages: int,
) -> Cells | None:
    """Returns the cells of what `chosen` answered; None if nothing is labelled.

    Args:
      connection: to a lake; temporary tables are created and dropped.
      chosen: the annotator that the report rests on.
      there: all annotators that have answered; people among them are left out.
      min_people: the minimum for a cell.
      min_messages: the minimum for a cell; a large lake needs more.
    """
    if chosen is None:
        return None
    offered = _offered(chosen, there)
    try:
        period, values = _gather(connection, offered)
        ((rows,),) = connection.sql("SELECT count(*) FROM cell_rows").fetchall()
        enough = max(min_messages, -(-rows // MAX_CELLS))
        partition(connection, min_people=min_people, min_messages=enough)
        cells = published(connection, min_people=min_people, min_messages=enough)
    finally:
        for name in ("cell_rows", "cell_messages", "cell_labels"):
            connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    labels = [_by_frequency(cells, n) for n in range(len(offered))]
    return Cells(
        rows=[_spelt(cell, values, labels) for cell in cells],
        choices=[
            ("people" if each.is_person else each.annotator_id, each.task)
            for each in offered
        ],
        labels=labels,
        period=period,
        left_out=rows - sum(cell.messages for cell in cells),
        min_people=min_people,
        min_messages=enough,
        counted=_counted(connection),
    )


def _counted(connection: duckdb.DuckDBPyConnection) -> str:
    known = "SELECT count(speaker_id) > 0 FROM utterances"
    return "people" if connection.sql(known).fetchall()[0][0] else "conversations"


def _offered(chosen: Candidate, there: Sequence[Candidate]) -> list[Candidate]:
    others = [each for each in there if not each.is_person and each != chosen]
    return [chosen, *others][:MAX_CHOICES]


def _spelt(
    cell: Cell[int | None], values: list[list[str]], labels: list[list[str]]
) -> Cell[str | None]:
    """Returns a cell with its values, without labels that the page does not offer."""
    found = zip(values, cell.values, strict=True)
    return Cell(
        values=tuple(None if n is None else names[n] for names, n in found),
        choices=cell.choices,
        messages=cell.messages,
        people=cell.people,
        flagged={k: n for k, n in cell.flagged.items() if k[1] in labels[k[0]]},
    )


def _by_frequency(cells: Sequence[Cell[int | None]], choice: int) -> list[str]:
    totals: dict[str, int] = {}
    for cell in cells:
        for (number, label), n in cell.flagged.items():
            if number == choice:
                totals[label] = totals.get(label, 0) + n
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    first = [name for name in ("frustration", "irritation") if name in totals]
    return [*first, *(name for name in ranked if name not in first)][:_MAX_LABELS]


# -- messages ---------------------------------------------------------------------


_CHOICES = """
SELECT unnest($names) AS annotator_id, unnest($tasks) AS task, unnest($n) AS n"""
_LABELS = f"""
CREATE OR REPLACE TEMP TABLE cell_labels AS
WITH choices AS ({_CHOICES}), said AS (
  SELECT c.n AS choice, a.utterance_id, a.vocabulary, a.label, a.chosen,
    a.status = 'ok' OR (a.label IS NOT NULL AND a.status IS DISTINCT FROM 'abstained')
      AS answered
  FROM annotations AS a JOIN choices AS c USING (annotator_id, task)
), folds_here AS (
  SELECT DISTINCT from_vocabulary AS vocabulary, from_label AS label FROM folds
  WHERE to_vocabulary = 'irritation' AND weight > 0
)
SELECT choice, utterance_id, CASE WHEN chosen THEN label END AS label
FROM said WHERE answered
UNION
SELECT s.choice, s.utterance_id, 'irritation'
FROM said AS s JOIN folds_here AS f USING (vocabulary, label)
WHERE s.chosen"""
# If no speaker of the lake is known, conversations stand for people.
_MESSAGES = """
CREATE OR REPLACE TEMP TABLE cell_messages AS
WITH answers AS (
  SELECT utterance_id, bit_or(1 << choice) AS answered_by
  FROM (SELECT DISTINCT utterance_id, choice FROM cell_labels) GROUP BY utterance_id
), anybody AS (SELECT count(speaker_id) > 0 AS known FROM utterances), told AS (
  SELECT
    row_number() OVER () AS number,
    u.utterance_id,
    CASE WHEN known THEN u.speaker_id ELSE u.conversation_id END AS person,
    coalesce(u.container, '') AS container,
    u.timestamp,
    coalesce(u.speaker_role, '') AS role,
    coalesce(u.kind, '') AS kind,
    a.answered_by,
    coalesce(u.deleted, false) OR NOT (
      coalesce(u.visibility, 'unknown') = 'public'
      OR coalesce(u.visibility, 'unknown') = 'unknown'
      AND u.source IN (SELECT source FROM public_sources)
    ) AS withheld
  FROM placed_utterances AS u CROSS JOIN anybody
  JOIN answers AS a USING (utterance_id)
  WHERE a.answered_by & 1 = 1 AND NOT u.by_bot
)
FROM told"""
_SPAN = "SELECT date_diff('day', min(timestamp), max(timestamp)) FROM cell_messages"
_WHEN = "coalesce(strftime(date_trunc('{period}', timestamp), '%Y-%m-%d'), '')"
_COMMON = """
SELECT {value} AS value FROM cell_messages
GROUP BY value ORDER BY {order} DESC, value LIMIT {most}"""
# Rare values are null. Two people with one hash would count as one: the safe side.
_ROWS = """
CREATE OR REPLACE TEMP TABLE cell_rows AS
SELECT number, CASE WHEN person IS NOT NULL THEN hash(person) END AS person,
  {numbers}, answered_by, withheld, 0 AS cell
FROM cell_messages"""


def _gather(
    connection: duckdb.DuckDBPyConnection, offered: Sequence[Candidate]
) -> tuple[str, list[list[str]]]:
    """Makes the tables `cell_labels`, `cell_messages` and `cell_rows`.

    Returns the period of the counts, and the values of each dimension.
    """
    told = {
        "names": [each.annotator_id for each in offered],
        "tasks": [each.task for each in offered],
        "n": list(range(len(offered))),
    }
    connection.execute(_LABELS, told)
    connection.execute(_MESSAGES)
    _forget_erased(connection)
    days = connection.sql(_SPAN).fetchall()[0][0] or 0
    period = period_of(timedelta(days=days))
    spelt = {name: name for name in DIMENSIONS} | {
        "period": _WHEN.format(period=period)
    }
    values = [_common(connection, name, spelt[name]) for name in DIMENSIONS]
    numbers = ", ".join(
        f"list_position(${name}, {spelt[name]}) - 1 AS {name}" for name in DIMENSIONS
    )
    connection.execute(
        _ROWS.format(numbers=numbers), dict(zip(DIMENSIONS, values, strict=True))
    )
    return period, values


def _common(connection: duckdb.DuckDBPyConnection, name: str, value: str) -> list[str]:
    """Returns the values of a dimension that are not rare, in their order."""
    order = "value" if name == "period" else "count(*)"
    query = _COMMON.format(value=value, order=order, most=_MOST[name])
    return sorted(value for (value,) in connection.sql(query).fetchall())


def _forget_erased(connection: duckdb.DuckDBPyConnection) -> None:
    """Removes everything that an erasure names, even if it was killed half way."""
    erased = ask(connection, "SELECT kind, id FROM tombstones")
    if not len(erased):
        return
    kinds = {
        kind: erased.filter(pc.equal(erased["kind"], kind))["id"]
        for kind in ("utterance", "speaker")
    }
    stones = Tombstones(*(each.combine_chunks() for each in kinds.values()))
    query = "SELECT utterance_id, speaker_id FROM utterances"
    rows = ask(connection, query)
    gone = rows.filter(stones.cover(rows)).select(["utterance_id"])
    connection.register("cell_erased", gone)
    connection.execute(
        "DELETE FROM cell_messages WHERE utterance_id IN (FROM cell_erased)"
    )
    connection.unregister("cell_erased")
