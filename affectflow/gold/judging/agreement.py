"""How far the raters of a lake agree, label by label."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from affectflow.batches.bootstrap import UNKNOWN, Interval
from affectflow.gold.figures.agreement import Answers, alpha_interval, conversations_of
from affectflow.gold.targets.labels import POINTS, Target

_RATED = """
SELECT utterance_id, any_value(conversation_id) AS conversation_id,
  list({r: annotator_id, y: coalesce(point, chosen::INT)}) AS answers
FROM (
  SELECT *, round(value * $last)::INT AS point FROM gold_answers
  WHERE vocabulary = $vocabulary AND label = $label
)
GROUP BY utterance_id ORDER BY utterance_id"""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far the raters of one label agree.

    Args:
      target: the label.
      raters: how many people answered.
      n: utterances that two or more of them answered.
      conversations: that those are of.
      alpha: Krippendorff's, on a scale that of intervals; NaN with one rater, or where
        all answers are the same.
    """

    target: Target
    raters: int
    n: int
    conversations: int
    alpha: Interval


def agreement_on(connection: duckdb.DuckDBPyConnection, target: Target) -> Agreement:
    """Returns how far raters agree; needs the tables that `truth_of` creates."""
    parameters = {
        "vocabulary": target.vocabulary,
        "label": target.label,
        "last": POINTS - 1,
    }
    rows = connection.execute(_RATED, parameters).fetchall()
    raters = sorted({each["r"] for _, _, answers in rows for each in answers})
    matrix = _matrix([answers for _, _, answers in rows], raters)
    paired = int(((matrix >= 0).sum(axis=1) >= 2).sum())
    conversations = [conversation_id for _, conversation_id, _ in rows]
    alpha = UNKNOWN
    if paired:
        alpha = alpha_interval(matrix, conversations, scale=target.is_scale)
    return Agreement(
        target=target,
        raters=len(raters),
        n=paired,
        conversations=conversations_of(matrix, conversations) if paired else 0,
        alpha=alpha,
    )


def _matrix(rows: Sequence[list[dict[str, object]]], raters: list[str]) -> Answers:
    place = {rater: number for number, rater in enumerate(raters)}
    matrix = np.full((len(rows), len(raters)), -1)
    for number, answers in enumerate(rows):
        for each in answers:
            matrix[number, place[str(each["r"])]] = each["y"]
    return matrix
