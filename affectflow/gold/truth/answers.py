"""One table of answers: what people decided about messages, and what annotators say.

The figures of `eval`, the findings and shares of `gold` and the curves of `calibrate`
all come from its rows. It is made of three tables of a DuckDB connection, each in its
own vocabulary:

- `truths`: utterance_id, unit, part (the slice, or null), weight, sampled, label and
  truth;
- `told`: annotator_id, utterance_id, label, chosen, score (null: no score given);
- `answered`: annotator_id, utterance_id of all utterances that it answered.

Labels fold: an utterance has a coarse label if it has one of its finer ones, chosen if
one is chosen, with the highest of their scores. It does not have it only if people said
no to every finer label; otherwise it is unknown, and left out.
"""

from collections.abc import Iterable, Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.gold.figures.schemas import ANSWERS, VALUES
from affectflow.gold.targets.tasks import members
from affectflow.lake.ask import ask
from affectflow.schemas import PEOPLE

ANSWERED = pa.schema(
    [
        pa.field("annotator_id", pa.string()),
        pa.field("utterance_id", pa.string()),
        *ANSWERS,
        pa.field("sampled", pa.bool_()),
        pa.field("joint", pa.float64()),
    ]
)
"""One row is one label of one utterance, as people and as one annotator see it.

`unit` is the conversation. `score` is 0 where an annotator that gives scores did not
store the label. `joint` is null there, else the score of at least one of the labels
that fold to it, as if they came about independently.
"""

RATED = pa.schema([pa.field("annotator_id", pa.string()), *VALUES])
"""One row is one scale of one utterance, as people and as one annotator see it."""

_TRUTHS = """
CREATE OR REPLACE TEMP TABLE truths AS
SELECT p.utterance_id, p.conversation_id AS unit, {part} AS part, p.weight,
  p.sampled, p.label, p.truth
FROM people AS p LEFT JOIN utterances AS u ON u.utterance_id = p.utterance_id"""
_OF_MODELS = f"""
FROM annotations AS a
JOIN (SELECT DISTINCT utterance_id FROM truths) AS t
  ON t.utterance_id = a.utterance_id
WHERE a.annotator_id NOT IN {PEOPLE} AND ($who = '' OR a.annotator_id = $who)"""
_TOLD = f"""
CREATE OR REPLACE TEMP TABLE told AS
SELECT a.annotator_id, a.utterance_id, a.label,
  bool_or(coalesce(a.chosen, false)) AS chosen,
  max(a.score)::DOUBLE AS raw,
  max(a.probability)::DOUBLE AS probability,
  max(a.calibration_id) AS calibration_id,
  max(a.score)::DOUBLE AS score
{_OF_MODELS}
  AND a.vocabulary = $vocabulary AND a.label IS NOT NULL
GROUP BY a.annotator_id, a.utterance_id, a.label"""
_ANSWERED = f"""
CREATE OR REPLACE TEMP TABLE answered AS
SELECT DISTINCT a.annotator_id, a.utterance_id
{_OF_MODELS}
  AND a.vocabulary = $vocabulary AND (a.label IS NOT NULL OR a.status = 'ok')"""
_TOLD_VALUES = f"""
CREATE OR REPLACE TEMP TABLE told AS
SELECT a.annotator_id, a.utterance_id, a.label, avg(a.value)::DOUBLE AS value
{_OF_MODELS}
  AND a.label = $scale
GROUP BY a.annotator_id, a.utterance_id, a.label"""

# A label that an annotator does not name is not chosen; if the annotator gives scores,
# the score is below the storing threshold and counts as 0.
_FOLDED = """
WITH sizes AS (SELECT target, count(*) AS size FROM true_members GROUP BY target),
people AS (
  SELECT t.utterance_id, m.target AS label, any_value(t.unit) AS unit,
    any_value(t.part) AS part, avg(t.weight) AS weight, bool_and(t.sampled) AS sampled,
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
  FROM told GROUP BY annotator_id
),
folded AS (
  SELECT w.annotator_id, w.utterance_id, m.target AS label,
    CASE
      WHEN bool_or(w.chosen) THEN true
      WHEN bool_and(w.chosen IS NOT NULL) THEN false
    END AS chosen,
    CASE WHEN bool_and(w.score IS NOT NULL) THEN max(w.score) END AS score,
    CASE WHEN count(w.score) = 1 THEN max(w.score) ELSE 1 - product(1 - w.score) END
      AS joint
  FROM told AS w
  JOIN told_members AS m ON m.label = w.label
  GROUP BY w.annotator_id, w.utterance_id, m.target
)
SELECT a.annotator_id, p.utterance_id, p.unit, p.part AS "group", p.label, p.truth,
  CASE WHEN f.label IS NULL THEN false ELSE f.chosen END AS chosen,
  CASE WHEN f.label IS NOT NULL THEN f.score WHEN s.scores THEN 0.0 END AS score,
  p.weight, p.sampled, f.joint
FROM people AS p
JOIN answered AS a ON a.utterance_id = p.utterance_id
LEFT JOIN scorers AS s ON s.annotator_id = a.annotator_id
LEFT JOIN folded AS f
  ON f.annotator_id = a.annotator_id
  AND f.utterance_id = p.utterance_id
  AND f.label = p.label
WHERE p.truth IS NOT NULL AND p.label IN (SELECT target FROM told_members)
ORDER BY a.annotator_id, p.label, p.utterance_id"""
_RATED = """
SELECT w.annotator_id, t.unit, t.part AS "group", t.label, t.truth, w.value, t.weight
FROM truths AS t
JOIN told AS w ON w.utterance_id = t.utterance_id AND w.label = t.label
WHERE w.value IS NOT NULL
ORDER BY w.annotator_id, t.label, t.utterance_id"""


def decide(
    connection: duckdb.DuckDBPyConnection, people: pa.Table, part: str = "NULL"
) -> None:
    """Makes `truths` of what people decided.

    Args:
      connection: to the lake.
      people: schema `TRUTH` or `VALUES`, of one vocabulary.
      part: expression that slices the utterances `u`.
    """
    connection.register("people", people)
    connection.execute(_TRUTHS.format(part=part))
    connection.unregister("people")


def tell(
    connection: duckdb.DuckDBPyConnection, vocabulary: str, annotator: str = ""
) -> None:
    """Makes `told` and `answered` of the utterances in `truths`.

    Args:
      connection: to the lake.
      vocabulary: of the labels.
      annotator: only this one; all that are not people if empty.
    """
    settings = {"vocabulary": vocabulary, "who": annotator}
    connection.execute(_TOLD, settings)
    connection.execute(_ANSWERED, settings)


def tell_values(
    connection: duckdb.DuckDBPyConnection, scale: str, annotator: str = ""
) -> None:
    """Makes `told` of the values on a scale of the utterances in `truths`."""
    connection.execute(_TOLD_VALUES, {"scale": scale, "who": annotator})


def answers(
    connection: duckdb.DuckDBPyConnection,
    *,
    true: str,
    told: str,
    target: str,
    labels: Iterable[str] = (),
) -> pa.Table:
    """Returns people's labels beside those of annotators, schema `ANSWERED`.

    Args:
      connection: has `truths`, `told` and `answered`.
      true: vocabulary of `truths`.
      told: vocabulary of `told`.
      target: vocabulary that both fold to, or one of them.
      labels: of `target`; all if empty.
    """
    wanted = set(labels)
    for name, source in (("true_members", true), ("told_members", told)):
        pairs = [p for p in members(source, target) if not wanted or p[1] in wanted]
        register_members(connection, name, pairs)
    return ask(connection, _FOLDED).cast(ANSWERED)


def register_members(
    connection: duckdb.DuckDBPyConnection, name: str, pairs: Sequence[tuple[str, str]]
) -> None:
    """Makes a table of labels and the label, `target`, that each says."""
    columns = {
        "label": pa.array([fine for fine, _ in pairs], pa.string()),
        "target": pa.array([coarse for _, coarse in pairs], pa.string()),
    }
    connection.register(name, pa.table(columns))


def ratings(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Returns people's values beside those of annotators, schema `RATED`.

    Args:
      connection: has `truths`, with numbers for truth, and `told` with `value`.
    """
    return ask(connection, _RATED).cast(RATED)


def by_annotator(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yields each annotator, sorted, and its rows."""
    for annotator_id in sorted(pc.unique(rows["annotator_id"]).to_pylist()):
        yield annotator_id, rows.filter(pc.equal(rows["annotator_id"], annotator_id))
