"""What people decided: the majority of the answers, on a scale their mean.

Weights are 1 / inclusion probability. If several samples asked the same, each one's
estimate counts by its share of the answers (Hansen and Hurwitz 1943): the weight of an
utterance is the sum of share / probability over the samples that it is in.
"""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from affectflow.gold.targets.labels import Target, families_of, parts_of
from affectflow.gold.truth.outdated import leave_out_changed
from affectflow.gold.truth.weighing import reweighted
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask
from affectflow.nouns import count
from affectflow.schemas import PEOPLE

TRUTH = pa.schema(
    [
        pa.field("utterance_id", pa.string()),
        pa.field("conversation_id", pa.string()),
        pa.field("vocabulary", pa.string()),
        pa.field("label", pa.string()),
        pa.field("truth", pa.bool_()),
        pa.field("weight", pa.float64()),
        pa.field("sampled", pa.bool_()),
        pa.field("answers", pa.int64()),
    ]
)

VALUES = pa.schema(
    [
        pa.field("utterance_id", pa.string()),
        pa.field("conversation_id", pa.string()),
        pa.field("label", pa.string()),
        pa.field("truth", pa.float64()),
        pa.field("weight", pa.float64()),
    ]
)

# DISTINCT: reading twice what a commit cut short left twice changes nothing.
_ANSWERS = f"""
CREATE OR REPLACE TEMP TABLE gold_answers AS
SELECT DISTINCT a.utterance_id, a.annotator_id, a.task, a.vocabulary, a.label, a.chosen,
  a.value, a.sample_id,
  coalesce(w.conversation_id, m.root, a.conversation_id) AS conversation_id
FROM annotations AS a
LEFT JOIN merged_conversations AS m ON m.conversation_id = a.conversation_id
LEFT JOIN windowed_utterances AS w ON w.utterance_id = a.utterance_id
WHERE a.task = $task AND a.status = 'ok' AND a.label IS NOT NULL
  AND a.annotator_id IN {PEOPLE}
  AND a.utterance_id IN (SELECT utterance_id FROM utterances)"""
# Beside a random sample, what was labelled by choice would bend the figures.
_VOTES = """
CREATE OR REPLACE TEMP TABLE all_votes AS
WITH votes AS (
  SELECT utterance_id, any_value(conversation_id) AS conversation_id, vocabulary, label,
    count(*) FILTER (value IS NULL AND chosen) AS yes,
    count(*) FILTER (value IS NULL) AS answers, avg(value) AS value, count(*) AS given
  FROM gold_answers GROUP BY utterance_id, vocabulary, label
), asked AS (
  SELECT DISTINCT vocabulary, label, sample_id FROM gold_answers
  WHERE sample_id IS NOT NULL
), held AS (
  SELECT v.utterance_id, v.vocabulary, v.label, m.label AS sample_id, m.value AS p,
    count(*) OVER (PARTITION BY v.vocabulary, v.label, m.label) AS n
  FROM votes AS v
  JOIN asked AS a USING (vocabulary, label)
  JOIN measures AS m ON m.kind = 'inclusion' AND m.label = a.sample_id
    AND m.unit_id = v.utterance_id
), inclusion AS (
  SELECT utterance_id, vocabulary, label, sum(n / p) AS weight
  FROM held GROUP BY utterance_id, vocabulary, label
)
SELECT v.*, i.weight, i.weight IS NOT NULL
  OR NOT bool_or(i.weight IS NOT NULL) OVER (PARTITION BY vocabulary, label) AS counts
FROM votes AS v LEFT JOIN inclusion AS i USING (utterance_id, vocabulary, label);
CREATE OR REPLACE TEMP TABLE gold_votes AS
SELECT * EXCLUDE (counts, given) FROM all_votes WHERE counts"""
_WEIGHTED = """
SELECT utterance_id, conversation_id, vocabulary, label, 2 * yes > answers AS truth,
  coalesce(weight / avg(weight) OVER (PARTITION BY vocabulary, label), 1.0) AS weight,
  weight IS NOT NULL AS sampled, answers
FROM gold_votes WHERE 2 * yes <> answers
ORDER BY vocabulary, label, utterance_id"""
_VALUES = """
SELECT utterance_id, conversation_id, label, value AS truth,
  coalesce(weight / avg(weight) OVER (PARTITION BY label), 1.0) AS weight
FROM gold_votes WHERE value IS NOT NULL ORDER BY label, utterance_id"""
_TIES = """
SELECT vocabulary, label, count(*) FROM gold_votes
WHERE 2 * yes = answers AND answers > 0 GROUP BY vocabulary, label"""
_UNSAMPLED = """
SELECT vocabulary, label, sum(given)::BIGINT FROM all_votes
WHERE NOT counts GROUP BY vocabulary, label"""


def truth(lake: Lake, task: str) -> pa.Table:
    """Returns what people decided, a row for each utterance and label: `TRUTH`.

    Ties are left out, and answers to a text that was changed since; so is what is of no
    random sample where other answers to the label are of one. `weight` has a mean of 1
    for each label over what was sampled; it is 1 where no inclusion probability is
    known.
    """
    with open_lake(lake.uri) as connection:
        return truth_of(connection, task)


def truth_of(connection: duckdb.DuckDBPyConnection, task: str) -> pa.Table:
    """Returns the truth from an open lake; leaves the table `gold_answers` in it."""
    _count(connection, task)
    return reweighted(connection, ask(connection, _WEIGHTED).cast(TRUTH))


def values_of(connection: duckdb.DuckDBPyConnection, task: str) -> pa.Table:
    """Returns what people gave on a scale, 0..1, a row for each utterance: `VALUES`.

    `truth` is the mean of their answers; weights as in `truth`.
    """
    _count(connection, task)
    return ask(connection, _VALUES).cast(VALUES)


def ties(lake: Lake, task: str) -> dict[Target, int]:
    """Returns how many utterances are left out by label: as many say yes as no."""
    with open_lake(lake.uri) as connection:
        return ties_of(connection, task)


def ties_of(connection: duckdb.DuckDBPyConnection, task: str) -> dict[Target, int]:
    """Returns the ties from an open lake."""
    return _counted(connection, task, _TIES)


def unsampled(lake: Lake, task: str) -> dict[Target, int]:
    """Returns how many answers are left out by label: others are of a random sample."""
    with open_lake(lake.uri) as connection:
        return unsampled_of(connection, task)


def unsampled_of(connection: duckdb.DuckDBPyConnection, task: str) -> dict[Target, int]:
    """Returns the answers of no sample from an open lake."""
    return _counted(connection, task, _UNSAMPLED)


def say_unsampled(left_out: Mapping[Target, int]) -> list[str]:
    """Returns what to say of answers of no sample: a line, or none."""
    if not left_out:
        return []
    names = ", ".join(sorted({target.name for target in left_out}))
    return [
        f"{count(sum(left_out.values()), 'answer')} to {names} left out: they are not"
        " from a random sample, as the others are"
    ]


def _counted(
    connection: duckdb.DuckDBPyConnection, task: str, query: str
) -> dict[Target, int]:
    _count(connection, task)
    rows = connection.execute(query).fetchall()
    return {Target(task, vocabulary, label): n for vocabulary, label, n in rows}


def _count(connection: duckdb.DuckDBPyConnection, task: str) -> None:
    leave_out_changed(connection)
    connection.execute(_ANSWERS, {"task": task})
    connection.execute(_VOTES)


# -- families ------------------------------------------------------------------------

_FAMILY = """
SELECT utterance_id, any_value(conversation_id) AS conversation_id,
  $vocabulary AS vocabulary, $label AS label, bool_or(truth) AS truth,
  max(weight) AS weight, bool_and(sampled) AS sampled, min(answers) AS answers
FROM decided_parts
WHERE vocabulary = $of AND list_contains($parts, label)
GROUP BY utterance_id
-- It is not of the family only if people decided so of every label.
HAVING bool_or(truth) OR count(*) = $n
ORDER BY utterance_id"""


def with_families(
    connection: duckdb.DuckDBPyConnection, decided: pa.Table, asked: Sequence[Target]
) -> pa.Table:
    """Returns the truth, and that of families whose every finer label was asked.

    An utterance is of a family if people say that it is of one of its labels.
    """
    connection.register("decided_parts", decided)
    found = [decided]
    for family in families_of(asked):
        parts = parts_of(family, asked)
        parameters = {
            "vocabulary": family.vocabulary,
            "label": family.label,
            "of": parts[0].vocabulary,
            "parts": [part.label for part in parts],
            "n": len(parts),
        }
        found.append(ask(connection, _FAMILY, parameters).cast(TRUTH))
    connection.unregister("decided_parts")
    return pa.concat_tables(found)


def targets_in(decided: pa.Table, task: str) -> list[Target]:
    """Returns the labels that a table of truth has, sorted."""
    pairs = decided.select(["vocabulary", "label"]).to_pylist()
    return sorted({Target(task, row["vocabulary"], row["label"]) for row in pairs})


def asked_in(connection: duckdb.DuckDBPyConnection, task: str) -> list[Target]:
    """Returns the labels that people answered, decided or not, sorted.

    Needs what `truth_of` leaves in the connection.
    """
    rows = ask(connection, "SELECT DISTINCT vocabulary, label FROM gold_votes")
    return targets_in(rows, task)
