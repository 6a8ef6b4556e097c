"""Corrected shares in parts of a lake: a month, a container, the people who stayed.

The estimator is `prevalence`, as for the whole lake: each part uses only people's
answers about that part. An annotator may err more in one part
than in another, so its errors are not carried over.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.bootstrap import MIN_UNITS, Interval
from affectflow.gold.figures.prevalence import Tally, prevalence
from affectflow.gold.targets.labels import Target, parts_of
from affectflow.gold.truth.answers import answers, decide, tell
from affectflow.gold.truth.decisions import asked_in, truth_of
from affectflow.lake.ask import ask

MIN_ANSWERS = 20
"""A part with fewer answers by people has no share."""

_VOCABULARY = """
SELECT vocabulary FROM annotations
WHERE annotator_id = $annotator AND task = $task AND label IS NOT NULL
GROUP BY vocabulary ORDER BY count(*) DESC, vocabulary LIMIT 1"""
_TALLIES = """
WITH parts AS ({parts}), conversations_here AS (
  SELECT part, conversation_id, count(*) AS messages,
    count(*) FILTER (flagged) AS chosen
  FROM parts WHERE part IS NOT NULL GROUP BY part, conversation_id
)
SELECT part, messages, chosen, count(*) AS conversations
FROM conversations_here GROUP BY ALL ORDER BY ALL"""
_ANSWERS = """
WITH parts AS ({parts})
SELECT p.part, d.unit, d.chosen, d.truth, d.weight
FROM parts AS p JOIN decided_messages AS d ON d.utterance_id = p.utterance_id
WHERE p.part IS NOT NULL ORDER BY p.part, d.utterance_id"""


def decided_messages(
    connection: duckdb.DuckDBPyConnection, annotator_id: str, target: Target
) -> pa.Table:
    """Returns what people decided about a label where an annotator answered.

    Columns: `utterance_id`, `unit` (the conversation), `chosen` by the annotator,
    `truth`, `weight`. No row if nobody was asked.
    """
    decided = truth_of(connection, target.task)
    asked = asked_in(connection, target.task)
    parts = [target] if target in asked else parts_of(target, asked)
    found = connection.execute(
        _VOCABULARY, {"annotator": annotator_id, "task": target.task}
    ).fetchall()
    columns = ["utterance_id", "unit", "chosen", "truth", "weight"]
    if not parts or not found:
        return pa.table({name: [] for name in columns})
    true, told = parts[0].vocabulary, found[0][0]
    decide(connection, decided.filter(pc.equal(decided["vocabulary"], true)))
    tell(connection, told, annotator_id)
    rows = answers(
        connection,
        true=true,
        told=told,
        target=target.vocabulary,
        labels=[target.label],
    )
    return rows.select(columns)


def shares_in(
    connection: duckdb.DuckDBPyConnection,
    decided: pa.Table,
    parts: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    least: int = MIN_ANSWERS,
) -> dict[Any, Interval]:
    """Returns the corrected share of each part with enough answers, 0..1.

    Args:
      connection: to the lake.
      decided: as `decided_messages` gives it.
      parts: query for all messages that the annotator answered: `part`,
        `utterance_id`, `conversation_id`, `flagged`. Null parts are left out.
      parameters: of that query.
      least: answers that a part needs.
    """
    if not decided.num_rows:
        return {}
    given = dict(parameters or {})
    tallies = ask(connection, _TALLIES.format(parts=parts), given)
    connection.register("decided_messages", decided)
    try:
        answered = ask(connection, _ANSWERS.format(parts=parts), given)
    finally:
        connection.unregister("decided_messages")
    found = {}
    for part in pc.unique(answered["part"]).to_pylist():
        own = answered.filter(_is(answered, part))
        units = own["unit"].to_numpy()
        if own.num_rows >= least and len(np.unique(units)) >= MIN_UNITS:
            found[part] = _share(own, tallies.filter(_is(tallies, part)))
    return found


def tallies_in(
    connection: duckdb.DuckDBPyConnection,
    parts: str,
    parameters: Mapping[str, Any] | None = None,
) -> dict[Any, Tally]:
    """Returns how often messages are flagged in the conversations of each part."""
    rows = ask(connection, _TALLIES.format(parts=parts), dict(parameters or {}))
    names = pc.unique(rows["part"]).to_pylist()
    return {part: _tally(rows.filter(_is(rows, part))) for part in names}


def _is(rows: pa.Table, part: Any) -> pa.ChunkedArray:
    return pc.equal(rows["part"], pa.scalar(part, rows["part"].type))


def _share(own: pa.Table, tallies: pa.Table) -> Interval:
    return prevalence(
        own["unit"].to_numpy(),
        np.asarray(own["chosen"].to_numpy(), dtype=bool),
        np.asarray(own["truth"].to_numpy(), dtype=bool),
        weights=np.asarray(own["weight"].to_numpy(), dtype=np.float64),
        tally=_tally(tallies),
    ).corrected


def _tally(rows: pa.Table) -> Tally:
    names = ("messages", "chosen", "conversations")
    return Tally(*(np.asarray(rows[n].to_numpy(), dtype=np.float64) for n in names))
