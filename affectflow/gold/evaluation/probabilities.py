"""Whether an annotator is compared by its scores or by its calibrated probabilities.

A calibration has no list of the answers it was fitted on: a fit takes all answers that
people gave for a label in the lake. So all current answers for that label count as seen
by it, whether they were given before or after the fit.
"""

from collections.abc import Sequence

import duckdb
import pyarrow as pa

from affectflow.gold.calibration.kept import LabelCalibration, holds, kept
from affectflow.lake import Lake
from affectflow.schemas import PEOPLE

AS_GIVEN = "its scores are raw, not calibrated"
SEEN = (
    f"{AS_GIVEN}: its probabilities were fitted on the answers compared here; their "
    "held-out skill is what `affectflow calibrate` printed (`measures`, kind "
    "calibration)"
)
CALIBRATED = "its scores are calibrated probabilities"

# Probabilities count if all stored scores of a label have one from the same
# calibration: a mixture has no order.
_GIVEN = """
SELECT label, bool_and(probability IS NOT NULL)
    AND count(DISTINCT coalesce(calibration_id, '')) = 1,
  any_value(calibration_id)
FROM told
WHERE annotator_id = $who AND raw IS NOT NULL AND list_contains($labels, label)
GROUP BY label ORDER BY label
"""
_FITTED_HERE = f"""
SELECT 1 FROM annotations
WHERE annotator_id IN {PEOPLE} AND status = 'ok'
  AND task = $task AND vocabulary = $vocabulary AND label = $label
  AND utterance_id IN (SELECT utterance_id FROM truths)
LIMIT 1
"""
_COUNT = """
UPDATE told SET score = probability
WHERE annotator_id = $who AND list_contains($labels, label)
"""
_UNSTORED = """
INSERT INTO told BY NAME
SELECT a.annotator_id, a.utterance_id, r.label, false AS chosen, r.rate AS score
FROM answered AS a CROSS JOIN rates AS r
WHERE a.annotator_id = $who
  AND (a.utterance_id, r.label) NOT IN (
    SELECT (utterance_id, label) FROM told WHERE annotator_id = $who
  )
"""


def use_probabilities(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    annotator_id: str,
    vocabulary: str,
    folds: Sequence[tuple[str, str]],
) -> str:
    """Replaces scores by probabilities in `told`, where they may count.

    They do not if they were fitted on people's answers about the same utterances. A
    label that is not stored gets the rate of its calibration.

    Args:
      connection: has `truths`, `told` with scores for `score`, and `answered`.
      lake: that keeps the calibrations.
      annotator_id: whose scores.
      vocabulary: of its labels.
      folds: pairs of its label and the label that is compared.

    Returns:
      What its scores are, in words.
    """
    labels = [fine for fine, _ in folds]
    parameters = {"who": annotator_id, "labels": labels}
    given = connection.execute(_GIVEN, parameters).fetchall()
    complete = _complete({label: bool(ok) for label, ok, _ in given}, folds)
    used = {name for label, _, name in given if label in complete and name}
    fitted = [
        label
        for name in sorted(used)
        if holds(lake, name)
        for label in kept(lake, name).labels
        if label.curve and label.vocabulary == vocabulary and label.label in labels
    ]
    if not complete:
        return AS_GIVEN
    if any(_was_fitted_here(connection, each) for each in fitted):
        return SEEN
    connection.execute(_COUNT, {"who": annotator_id, "labels": complete})
    rates = {c.label: c.curve.unstored for c in fitted if c.curve}
    _add_unstored(connection, annotator_id, rates)
    if len(complete) == len(given):
        return CALIBRATED
    return f"{CALIBRATED} for {', '.join(complete)}, and raw for the others"


def _complete(given: dict[str, bool], folds: Sequence[tuple[str, str]]) -> list[str]:
    """Returns labels with probabilities, if those that fold to the same have them."""
    lacking = {coarse for fine, coarse in folds if not given.get(fine, True)}
    return [fine for fine, coarse in folds if fine in given and coarse not in lacking]


def _was_fitted_here(
    connection: duckdb.DuckDBPyConnection, fitted: LabelCalibration
) -> bool:
    """Returns whether people answered for its label of utterances in `truths`."""
    label = {name: getattr(fitted, name) for name in ("task", "vocabulary", "label")}
    return bool(connection.execute(_FITTED_HERE, label).fetchall())


def _add_unstored(
    connection: duckdb.DuckDBPyConnection, annotator_id: str, rates: dict[str, float]
) -> None:
    """Adds to `told` the labels that are not stored, with their rate as the score."""
    columns = {
        "label": pa.array(list(rates), pa.string()),
        "rate": pa.array(list(rates.values()), pa.float64()),
    }
    connection.register("rates", pa.table(columns))
    connection.execute(_UNSTORED, {"who": annotator_id})
    connection.unregister("rates")
