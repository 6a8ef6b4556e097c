"""Labels, chosen or not, with a score: counts by score, from which all figures come."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import states
from affectflow.batches.batch import one_batch
from affectflow.errors import UsageError
from affectflow.gold.figures import counts
from affectflow.gold.figures.schemas import ANSWERS, GRID, TALLIES, TALLY_KEYS


@dataclass(frozen=True, kw_only=True)
class LabelMetrics:
    """The accumulator of labels: precision, recall, F1, AUC, AP, Brier score.

    A state is a table with the schema `TALLIES`; how many answers it holds does not
    change its bound.

    Args:
      units: keep `unit`, so that intervals can be had; the state grows with units.
    """

    units: bool = False

    def create(self) -> pa.Table:
        """Returns the state of no answers."""
        return TALLIES.empty_table()

    def add(self, state: pa.Table, batch: pa.RecordBatch) -> pa.Table:
        """Returns `state` with the answers of `batch`, columns as in `ANSWERS`.

        Raises:
          UsageError: a column is missing, a score is outside 0..1, or a weight is
            negative or not finite.
        """
        answers = states.conformed(batch, ANSWERS, ("label", "truth"))
        tally = tallies(answers)
        if not self.units:
            tally = states.with_constant(tally, "unit", None)
        return states.appended(state, merged(tally), merged)

    def merge(self, given: Iterable[pa.Table]) -> pa.Table:
        """Returns one state for several; their order does not matter."""
        return merged(states.joined(given, TALLIES))

    def extract(self, state: pa.Table) -> pa.RecordBatch:
        """Returns figures by group and label, schema `FIGURES`."""
        whole = merged(states.with_constant(state, "unit", None))
        return one_batch(counts.of_tallies(whole))


def merged(state: pa.Table) -> pa.Table:
    """Returns a state with one row for each of its keys."""
    return states.summed(state, TALLY_KEYS)


def tallies(answers: pa.RecordBatch) -> pa.Table:
    """Returns the tally of each answer by itself, row for row.

    Args:
      answers: schema `ANSWERS`.
    """
    truth = answers.column("truth").to_numpy(zero_copy_only=False)
    told = pc.fill_null(answers.column("chosen"), False)
    chosen = told.to_numpy(zero_copy_only=False)
    weight = weights(answers.column("weight"))
    columns = {
        **{name: answers.column(name) for name in ("unit", "group", "label")},
        "bin": bins(answers.column("score")),
        "n": np.ones(len(truth), np.int64),
        "n_positives": truth.astype(np.int64),
        "undecided": pc.is_null(answers.column("chosen")).cast(pa.int64()),
        "positives": weight * truth,
        "negatives": weight * ~truth,
        "chosen_positives": weight * (truth & chosen),
        "chosen_negatives": weight * (~truth & chosen),
    }
    return pa.table(columns, schema=TALLIES)


def bins(scores: pa.Array) -> pa.Array:
    """Returns scores x GRID as whole numbers, halves upwards; null stays null.

    Raises:
      UsageError: a score is outside 0..1, or not a number.
    """
    found = scores.drop_null().to_numpy(zero_copy_only=False)
    wrong = found[~((found >= 0) & (found <= 1))]
    if len(wrong):
        raise UsageError(f"a score must be a number from 0 to 1, got {wrong[0]:g}")
    return pc.floor(pc.add(pc.multiply(scores, float(GRID)), 0.5)).cast(pa.int32())


def weights(given: pa.Array) -> counts.Floats:
    """Returns weights, 1 for null.

    Raises:
      UsageError: a weight is negative, or not a finite number.
    """
    weight: counts.Floats = pc.fill_null(given, 1.0).to_numpy(zero_copy_only=False)
    wrong = weight[~(np.isfinite(weight) & (weight >= 0))]
    if len(wrong):
        raise UsageError(
            f"a weight must be a finite number of at least 0, got {wrong[0]:g}"
        )
    return weight
