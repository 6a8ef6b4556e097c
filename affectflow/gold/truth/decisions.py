"""What people decided: the majority of the answers, or their mean on a scale.

Writers' answers about themselves decide only if no reader answered; how far the two are
apart is a separate question (the measure PerceptionGap).

Weights are 1 / inclusion probability, so that figures hold for the lake. If a
stratified sample was only partly answered, strata have other numbers of answers than
were drawn: each stratum counts by its size, using what was decided in it, not what was
drawn (post-stratification: Holt and Smith 1979, JRSS A 142). A sample and its top-ups
are strata of one design: together they cover the lake, each covering the messages that
were new at the time. If several designs asked the same, each one's estimate counts by
its share of the answers (Hansen and Hurwitz 1943): the weight of an utterance is the
sum of share / probability over the designs that it is in.
"""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa

from affectflow.gold.asking.samples import DESIGN
from affectflow.gold.targets.labels import Target, families_of
from affectflow.gold.truth.outdated import leave_out_changed
from affectflow.lake import Lake, open_lake
from affectflow.lake.ask import ask
from affectflow.nouns import count
from affectflow.schemas import OF_WRITER, PEOPLE

_KEYS = [
    pa.field(name, pa.string())
    for name in ("utterance_id", "conversation_id", "vocabulary", "label")
]
_WEIGHT = [
    pa.field("weight", pa.float64()),
    pa.field("sampled", pa.bool_()),
    pa.field("answers", pa.int64()),
]
TRUTH = pa.schema([*_KEYS, pa.field("truth", pa.bool_()), *_WEIGHT])
VALUES = pa.schema([*_KEYS, pa.field("truth", pa.float64()), *_WEIGHT])

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
  AND a.utterance_id IN (SELECT utterance_id FROM utterances)
QUALIFY NOT {OF_WRITER} OR bool_and({OF_WRITER}) OVER (
  PARTITION BY a.utterance_id, a.vocabulary, a.label
)"""
_ASKED = """asked AS (
  SELECT DISTINCT vocabulary, label, sample_id FROM gold_answers
  WHERE sample_id IS NOT NULL
)"""
# Beside a random sample, what was labelled by choice would bend the figures.
_VOTES = f"""
CREATE OR REPLACE TEMP TABLE gold_votes AS
WITH votes AS (
  SELECT utterance_id, any_value(conversation_id) AS conversation_id, vocabulary, label,
    count(*) FILTER (value IS NULL AND chosen) AS yes,
    count(*) FILTER (value IS NULL) AS answers, avg(value) AS value, count(*) AS given
  FROM gold_answers GROUP BY utterance_id, vocabulary, label
), {_ASKED}, held AS (
  SELECT DISTINCT v.utterance_id, v.vocabulary, v.label FROM votes AS v
  JOIN asked AS a USING (vocabulary, label)
  JOIN measures AS m ON m.kind = 'inclusion' AND m.label = a.sample_id
    AND m.unit_id = v.utterance_id
)
SELECT v.*, h.label IS NOT NULL AS sampled, sampled
  OR NOT bool_or(sampled) OVER (PARTITION BY vocabulary, label) AS counts
FROM votes AS v LEFT JOIN held AS h USING (utterance_id, vocabulary, label)"""
_DECIDED = f"""
WITH {_ASKED}, decided AS (
  SELECT *, {{truth}} AS truth FROM gold_votes WHERE counts AND {{decided}}
), drawn AS (
  SELECT unit_id AS utterance_id, label AS sample_id, {DESIGN} AS design, value AS p,
    "group" AS stratum, n AS size, count(*) OVER (PARTITION BY label, "group", n)
      AS drawn
  FROM measures WHERE kind = 'inclusion'
), held AS (
  SELECT d.utterance_id, d.vocabulary, d.label, i.p, i.drawn,
    count(*) OVER (PARTITION BY d.vocabulary, d.label, i.design) AS n,
    count(*) OVER (
      PARTITION BY d.vocabulary, d.label, i.sample_id, i.stratum, i.size
    ) AS answered
  FROM decided AS d
  JOIN asked AS a USING (vocabulary, label)
  JOIN drawn AS i USING (sample_id, utterance_id)
), weights AS (
  SELECT utterance_id, vocabulary, label, sum(n * drawn / (p * answered)) AS own
  FROM held GROUP BY utterance_id, vocabulary, label
)
SELECT utterance_id, d.conversation_id, vocabulary, label, d.truth,
  coalesce(own / avg(own) OVER (PARTITION BY vocabulary, label), 1.0) AS weight,
  d.sampled, {{answers}} AS answers
FROM decided AS d LEFT JOIN weights USING (utterance_id, vocabulary, label)
ORDER BY vocabulary, label, utterance_id"""
_TIES = """
SELECT vocabulary, label, count(*) FROM gold_votes
WHERE counts AND 2 * yes = answers AND answers > 0 GROUP BY vocabulary, label"""
_UNSAMPLED = """
SELECT vocabulary, label, sum(given)::BIGINT FROM gold_votes
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
    """Returns the truth from an open lake; leaves `gold_answers` and `gold_votes`."""
    _count(connection, task)
    rows = _DECIDED.format(
        truth="2 * yes > answers", decided="2 * yes <> answers", answers="answers"
    )
    return ask(connection, rows).cast(TRUTH)


def values_of(connection: duckdb.DuckDBPyConnection, task: str) -> pa.Table:
    """Returns what people gave on a scale, 0..1, a row for each utterance: `VALUES`.

    `truth` is the mean of their answers; weights as in `truth`.
    """
    _count(connection, task)
    rows = _DECIDED.format(
        truth="value", decided="value IS NOT NULL", answers="given - answers"
    )
    return ask(connection, rows).cast(VALUES)


def ties_of(connection: duckdb.DuckDBPyConnection, task: str) -> dict[Target, int]:
    """Returns how many utterances are left out by label: as many say yes as no."""
    return _counted(connection, task, _TIES)


def unsampled_of(connection: duckdb.DuckDBPyConnection, task: str) -> dict[Target, int]:
    """Returns how many answers are left out by label: others are of a random sample."""
    return _counted(connection, task, _UNSAMPLED)


def say_unsampled(left_out: Mapping[Target, int]) -> list[str]:
    """Returns what to say of answers of no sample: a line, or none."""
    if not left_out:
        return []
    names = ", ".join(sorted({target.name for target in left_out}))
    return [
        f"{count(sum(left_out.values()), 'answer')} to {names} left out: they are not "
        "from a random sample, and the others are"
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


def targets_in(decided: pa.Table, task: str) -> list[Target]:
    """Returns the labels that a table of truth has, sorted."""
    pairs = decided.select(["vocabulary", "label"]).to_pylist()
    return sorted({Target(task, row["vocabulary"], row["label"]) for row in pairs})


def asked_in(connection: duckdb.DuckDBPyConnection, task: str) -> list[Target]:
    """Returns the labels that people answered, decided or not, sorted.

    Needs what `truth_of` leaves in the connection.
    """
    asked = "SELECT DISTINCT vocabulary, label FROM gold_votes WHERE counts"
    return targets_in(ask(connection, asked), task)


def decided_in(decided: pa.Table, asked: Sequence[Target], task: str) -> list[Target]:
    """Returns the labels that were decided, and the families that they decide."""
    return sorted([*targets_in(decided, task), *families_of(asked)])
