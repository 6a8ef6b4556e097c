"""Weights of what people decided, where some of a sample is not.

A sample that is drawn by strata, and answered in part, has answers of each stratum in
other numbers than it was drawn: each stratum then counts for its size by what was
decided of it, not by what was drawn (post-stratification: Holt and Smith 1979, JRSS A
142). With all of it decided these are 1 / inclusion probability.
"""

import duckdb
import pyarrow as pa

from affectflow.lake.ask import ask

# Several samples of one question count by their shares of the answers, as in `truth`.
_REWEIGHTED = """
WITH asked AS (
  SELECT DISTINCT vocabulary, label, sample_id FROM gold_answers
  WHERE sample_id IS NOT NULL
), drawn AS (
  SELECT unit_id AS utterance_id, label AS sample_id, value AS p, "group" AS stratum,
    n AS size, count(*) OVER (PARTITION BY label, "group", n) AS drawn
  FROM measures WHERE kind = 'inclusion'
), held AS (
  SELECT d.utterance_id, d.vocabulary, d.label, i.p, i.drawn,
    count(*) OVER (PARTITION BY d.vocabulary, d.label, i.sample_id) AS n,
    count(*) OVER (
      PARTITION BY d.vocabulary, d.label, i.sample_id, i.stratum, i.size
    ) AS answered
  FROM decided_here AS d
  JOIN asked AS a USING (vocabulary, label)
  JOIN drawn AS i USING (sample_id, utterance_id)
), weights AS (
  SELECT utterance_id, vocabulary, label, sum(n * drawn / (p * answered)) AS own
  FROM held GROUP BY utterance_id, vocabulary, label
)
SELECT d.* REPLACE (
  coalesce(own / avg(own) OVER (PARTITION BY vocabulary, label), 1.0) AS weight
)
FROM decided_here AS d LEFT JOIN weights USING (utterance_id, vocabulary, label)
ORDER BY vocabulary, label, utterance_id"""


def reweighted(connection: duckdb.DuckDBPyConnection, decided: pa.Table) -> pa.Table:
    """Returns a table of truth with weights for what was decided, of mean 1.

    Needs the table `gold_answers` in the connection.
    """
    connection.register("decided_here", decided)
    found = ask(connection, _REWEIGHTED)
    connection.unregister("decided_here")
    return found.cast(decided.schema)
