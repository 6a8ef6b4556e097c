"""From what people say and what annotators say to answers that can be counted.

Both come as tables of a DuckDB connection, in vocabularies of their own:

- `truths`: utterance_id, unit, part (the slice, or null), weight, label, truth;
- `told`: annotator_id, utterance_id, label, chosen, score (null: no score given);
- `answered`: annotator_id, utterance_id of all utterances that it answered.

Labels fold: an utterance has a coarse label if it has one of its finer ones, chosen if
one is chosen, with the highest of their scores. It lacks it only if people said no to
every finer label; otherwise it is unknown, and left out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import duckdb
import pyarrow as pa

from affectflow.gold.figures import database
from affectflow.gold.targets import tasks

ANSWERS = "label_answers"
VALUES = "value_answers"


class State(NamedTuple):
    """What one annotator's answers come to; with units, merged."""

    annotator_id: str
    table: pa.Table


def compare_labels(
    connection: duckdb.DuckDBPyConnection,
    *,
    true: str,
    told: str,
    target: str,
    labels: Iterable[str] = (),
) -> Iterator[State]:
    """Yields the state of each annotator's labels against people's.

    Args:
      connection: has `truths`, `told` and `answered`.
      true: vocabulary of `truths`.
      told: vocabulary of `told`.
      target: vocabulary that both fold to, or one of them.
      labels: of `target`; all if empty.
    """
    wanted = set(labels)
    for name, source in (("true_members", true), ("told_members", told)):
        pairs = [
            pair
            for pair in tasks.members(source, target)
            if not wanted or pair[1] in wanted
        ]
        _register(connection, name, pairs)
    connection.execute(_FOLDED)
    yield from _states(connection, ANSWERS, database.label_state)


def compare_values(connection: duckdb.DuckDBPyConnection) -> Iterator[State]:
    """Yields the state of each annotator's values against people's.

    Args:
      connection: has `truths`, with numbers for truth, and `told` with `value`.
    """
    connection.execute(_VALUES)
    yield from _states(connection, VALUES, database.value_state)


def _register(
    connection: duckdb.DuckDBPyConnection, name: str, pairs: list[tuple[str, str]]
) -> None:
    columns = {
        "label": pa.array([fine for fine, _ in pairs], pa.string()),
        "target": pa.array([coarse for _, coarse in pairs], pa.string()),
    }
    connection.register(name, pa.table(columns))


def _states(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    state_of: database.StateOf,
) -> Iterator[State]:
    found = connection.sql(f"SELECT DISTINCT annotator_id FROM {table} ORDER BY 1")
    for (annotator_id,) in found.fetchall():
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE of_one AS "
            f"SELECT * EXCLUDE (annotator_id) FROM {table} WHERE annotator_id = ?",
            [annotator_id],
        )
        yield State(annotator_id, state_of(connection, "of_one", units=True))


# A label that an annotator does not name is not chosen; if it gives scores, its score
# is below what is stored, and counts as 0.
_FOLDED = f"""
CREATE OR REPLACE TEMP TABLE {ANSWERS} AS
WITH sizes AS (SELECT target, count(*) AS size FROM true_members GROUP BY target),
people AS (
  SELECT
    t.utterance_id,
    m.target AS label,
    any_value(t.unit) AS unit,
    any_value(t.part) AS part,
    avg(t.weight) AS weight,
    CASE
      WHEN bool_or(t.truth) THEN true
      WHEN count(DISTINCT t.label) = any_value(s.size) THEN false
    END AS truth
  FROM truths AS t
  JOIN true_members AS m ON m.label = t.label
  JOIN sizes AS s ON s.target = m.target
  GROUP BY t.utterance_id, m.target
),
scorers AS (
  SELECT annotator_id, bool_or(score IS NOT NULL) AS scores
  FROM told
  GROUP BY annotator_id
),
folded AS (
  SELECT
    w.annotator_id,
    w.utterance_id,
    m.target AS label,
    CASE
      WHEN bool_or(w.chosen) THEN true
      WHEN bool_and(w.chosen IS NOT NULL) THEN false
    END AS chosen,
    CASE WHEN bool_and(w.score IS NOT NULL) THEN max(w.score) END AS score
  FROM told AS w
  JOIN told_members AS m ON m.label = w.label
  GROUP BY w.annotator_id, w.utterance_id, m.target
)
SELECT
  a.annotator_id,
  p.unit,
  p.part AS "group",
  p.label,
  p.truth,
  CASE WHEN f.label IS NULL THEN false ELSE f.chosen END AS chosen,
  CASE
    WHEN f.label IS NOT NULL THEN f.score
    WHEN s.scores THEN 0.0
  END AS score,
  p.weight
FROM people AS p
JOIN answered AS a ON a.utterance_id = p.utterance_id
LEFT JOIN scorers AS s ON s.annotator_id = a.annotator_id
LEFT JOIN folded AS f
  ON f.annotator_id = a.annotator_id
  AND f.utterance_id = p.utterance_id
  AND f.label = p.label
WHERE p.truth IS NOT NULL
  AND p.label IN (SELECT target FROM told_members)
"""
_VALUES = f"""
CREATE OR REPLACE TEMP TABLE {VALUES} AS
SELECT
  w.annotator_id,
  t.unit,
  t.part AS "group",
  t.label,
  t.truth,
  w.value,
  t.weight
FROM truths AS t
JOIN told AS w ON w.utterance_id = t.utterance_id AND w.label = t.label
WHERE w.value IS NOT NULL
"""
