"""How far two sets of labels agree, utterance by utterance."""

from dataclasses import dataclass
from typing import NamedTuple

import duckdb

EXAMPLES = 5
NONE = "(none)"
"""Represents an answer without a chosen label."""


class LabelAgreement(NamedTuple):
    """One label: how often both chose it, or only one did.

    `kappa` is Cohen's (1960): agreement beyond chance, at most 1; None if chance
    agreement is already complete.
    """

    task: str
    label: str
    n: int
    both: int
    only_a: int
    only_b: int
    kappa: float | None


class Move(NamedTuple):
    """How many utterances have one first label on side a, and another on side b."""

    task: str
    label_a: str
    label_b: str
    n: int
    examples: list[str]


@dataclass(frozen=True, kw_only=True)
class LabelChanges:
    """Labels of two annotators in one state, or of one annotator in two states.

    Args:
      annotator_a: of side a.
      annotator_b: of side b.
      n: answers that both sides have, one for each utterance and task.
      same: of these, with the same chosen labels.
      only_a: answers that only side a has.
      only_b: answers that only side b has.
      labels: one for each label.
      moves: first labels that differ, the most frequent first; with at most
        `EXAMPLES` utterance ids each.
    """

    annotator_a: str
    annotator_b: str
    n: int
    same: int
    only_a: int
    only_b: int
    labels: list[LabelAgreement]
    moves: list[Move]

    @property
    def agreement(self) -> float | None:
        """The share of `n` with the same chosen labels, 0..1."""
        return self.same / self.n if self.n else None


def label_changes(
    connection: duckdb.DuckDBPyConnection, annotator_a: str, annotator_b: str
) -> LabelChanges:
    """Returns how labels of side a differ from those of side b.

    If the two sides share a vocabulary for a task, only answers in a shared one are
    compared; otherwise all answers are, whatever the vocabulary.

    Args:
      connection: has views `annotations_a` and `annotations_b`.
      annotator_a: whose rows of `annotations_a`.
      annotator_b: whose rows of `annotations_b`.
    """
    connection.execute(_ANSWERS, {"a": annotator_a, "b": annotator_b})
    n, same, only_a, only_b = connection.execute(_TOTALS).fetchall()[0]
    labels = connection.execute(_BY_LABEL).fetchall()
    moves = connection.execute(_MOVES, {"none": NONE, "most": EXAMPLES}).fetchall()
    return LabelChanges(
        annotator_a=annotator_a,
        annotator_b=annotator_b,
        n=n,
        same=same,
        only_a=only_a,
        only_b=only_b,
        labels=[LabelAgreement(*row) for row in labels],
        moves=[Move(*row) for row in moves],
    )


# Answers of both sides, side by side: chosen labels as a sorted list, the first label
# by rank. An abstention or a refusal is not an answer.
_ANSWERS = """
CREATE OR REPLACE TEMP TABLE compared AS
WITH told AS (
  SELECT 'a' AS side, * FROM annotations_a WHERE annotator_id = $a
  UNION ALL
  SELECT 'b' AS side, * FROM annotations_b WHERE annotator_id = $b
),
shared AS (
  SELECT task, vocabulary FROM told
  GROUP BY task, vocabulary HAVING count(DISTINCT side) = 2
),
answers AS (
  SELECT
    side, utterance_id, task, vocabulary,
    list_sort(list(DISTINCT label) FILTER (chosen AND label IS NOT NULL)) AS labels,
    first(label ORDER BY rank NULLS LAST, score DESC NULLS LAST, label)
      FILTER (chosen AND label IS NOT NULL) AS label
  FROM told
  WHERE (task, vocabulary) IN (SELECT (task, vocabulary) FROM shared)
    OR task NOT IN (SELECT task FROM shared)
  GROUP BY ALL
  HAVING bool_or(label IS NOT NULL OR status = 'ok')
)
SELECT
  coalesce(a.utterance_id, b.utterance_id) AS utterance_id,
  coalesce(a.task, b.task) AS task,
  a.utterance_id IS NOT NULL AS in_a,
  b.utterance_id IS NOT NULL AS in_b,
  coalesce(a.labels, []) AS labels_a,
  coalesce(b.labels, []) AS labels_b,
  a.label AS label_a,
  b.label AS label_b
FROM (SELECT * FROM answers WHERE side = 'a') AS a
FULL JOIN (SELECT * FROM answers WHERE side = 'b') AS b
  ON a.utterance_id = b.utterance_id AND a.task = b.task
  AND (
    a.vocabulary = b.vocabulary
    OR a.task NOT IN (SELECT task FROM shared)
  )
"""
_TOTALS = """
SELECT
  count(*) FILTER (in_a AND in_b),
  count(*) FILTER (in_a AND in_b AND labels_a = labels_b),
  count(*) FILTER (NOT in_b),
  count(*) FILTER (NOT in_a)
FROM compared
"""
_BY_LABEL = """
WITH pairs AS (SELECT * FROM compared WHERE in_a AND in_b),
sizes AS (SELECT task, count(*) AS n FROM pairs GROUP BY task),
cells AS (
  SELECT
    task,
    label,
    count(*) FILTER (list_contains(labels_a, label) AND list_contains(labels_b, label))
      AS "both",
    count(*) FILTER (NOT list_contains(labels_b, label)) AS only_a,
    count(*) FILTER (NOT list_contains(labels_a, label)) AS only_b
  FROM (
    SELECT *, unnest(list_distinct(list_concat(labels_a, labels_b))) AS label FROM pairs
  )
  GROUP BY ALL
),
shares AS (
  SELECT
    *,
    (n - only_a - only_b) / n AS observed,
    ("both" + only_a) / n AS share_a,
    ("both" + only_b) / n AS share_b
  FROM cells JOIN sizes USING (task)
)
SELECT
  task, label, n, "both", only_a, only_b,
  (observed - share_a * share_b - (1 - share_a) * (1 - share_b))
    / nullif(1 - share_a * share_b - (1 - share_a) * (1 - share_b), 0) AS kappa
FROM shares
ORDER BY task, "both" + only_a + only_b DESC, label
"""
_MOVES = """
SELECT
  task,
  coalesce(label_a, $none) AS label_a,
  coalesce(label_b, $none) AS label_b,
  count(*) AS n,
  list(utterance_id ORDER BY utterance_id)[1:$most] AS examples
FROM compared
WHERE in_a AND in_b AND label_a IS DISTINCT FROM label_b
GROUP BY ALL
ORDER BY n DESC, task, label_a, label_b
"""
