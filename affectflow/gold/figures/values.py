"""Values on a scale: means and co-moments, and how people's and a model's agree.

Merging: Chan, Golub and LeVeque 1983, for any number of parts at once. Pearson's r;
Lin 1989, concordance correlation: 2 cov / (var + var + difference of means squared).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches import states
from affectflow.batches.batch import one_batch
from affectflow.errors import UsageError
from affectflow.gold.figures.counts import Floats, added
from affectflow.gold.figures.labels import weights
from affectflow.gold.figures.schemas import (
    COMPARED,
    MOMENT_KEYS,
    MOMENTS,
    RESIDUE,
    VALUE_FIGURES,
    VALUES,
)

NO_ANSWERS = "no answers"
TRUTH_CONSTANT = "people gave one value only"
VALUE_CONSTANT = "the annotator gave one value only"


@dataclass(frozen=True, kw_only=True)
class ValueMetrics:
    """The accumulator of values: Pearson's r, concordance, error and bias.

    A state is a table with the schema `MOMENTS`, one row a unit, group and label.

    Args:
      units: keep `unit`, so that intervals can be had; the state grows with units.
    """

    units: bool = False

    def create(self) -> pa.Table:
        """Returns the state of no answers."""
        return MOMENTS.empty_table()

    def add(self, state: pa.Table, batch: pa.RecordBatch) -> pa.Table:
        """Returns `state` with the values of `batch`, columns as in `VALUES`.

        Raises:
          UsageError: a column is missing, or a value or weight is not a finite number.
        """
        values = states.conformed(batch, VALUES, ("label", "truth", "value"))
        single = moments(values)
        if not self.units:
            single = states.with_constant(single, "unit", None)
        return states.appended(state, merged(single), merged)

    def merge(self, given: Iterable[pa.Table]) -> pa.Table:
        """Returns one state for several; their order does not matter."""
        return merged(states.joined(given, MOMENTS))

    def extract(self, state: pa.Table) -> pa.RecordBatch:
        """Returns figures by group and label, schema `VALUE_FIGURES`."""
        whole = merged(states.with_constant(state, "unit", None))
        return one_batch(
            pa.Table.from_pylist(
                [_row(row) for row in whole.to_pylist()], schema=VALUE_FIGURES
            )
        )


def moments(values: pa.RecordBatch) -> pa.Table:
    """Returns the moments of each row by itself: its own mean, nothing around it."""
    for name in ("truth", "value"):
        given = values.column(name).to_numpy(zero_copy_only=False)
        if not np.isfinite(given).all():
            raise UsageError(f"{name!r} holds {given[~np.isfinite(given)][0]}")
    zeros = np.zeros(values.num_rows)
    columns = {
        **{name: values.column(name) for name in MOMENT_KEYS},
        "n": np.ones(values.num_rows, np.int64),
        "total": weights(values.column("weight")),
        "mean_truth": values.column("truth"),
        "mean_value": values.column("value"),
        "truth_truth": zeros,
        "value_value": zeros,
        "truth_value": zeros,
        "error_error": zeros,
    }
    return pa.table(columns, schema=MOMENTS)


def merged(state: pa.Table) -> pa.Table:
    """Returns a state with one row for each of its keys."""
    ordered = states.ordered(state, MOMENT_KEYS)
    which = states.places(ordered, MOMENT_KEYS)
    first = np.flatnonzero(np.diff(which, prepend=-1))
    joined = pooled(columns_of(ordered), which, len(first))
    keys = {name: ordered[name].take(first) for name in MOMENT_KEYS}
    return pa.table(keys | joined, schema=MOMENTS).combine_chunks()


def columns_of(state: pa.Table) -> dict[str, Floats]:
    """Returns the statistics of a state by name."""
    return {f.name: state[f.name].to_numpy() for f in MOMENTS if f.type != pa.string()}


def pooled(
    parts: dict[str, Floats], which: npt.NDArray[np.int64], size: int
) -> dict[str, Floats]:
    """Returns the moments of the parts of each set, together.

    Args:
      parts: columns of `MOMENTS` without its keys, each of shape (parts,).
      which: the set of each part, 0..size - 1.
      size: number of sets.
    """

    def add(terms: Floats) -> Floats:
        return added(which, terms, size)

    weight = parts["total"]
    total = add(weight)
    divisor = np.where(total > 0, total, 1.0)
    truth = add(weight * parts["mean_truth"]) / divisor
    value = add(weight * parts["mean_value"]) / divisor
    # Distances from the common means, never squares of the values: these cancel.
    off_truth = parts["mean_truth"] - truth[which]
    off_value = parts["mean_value"] - value[which]
    return {
        "n": add(parts["n"]).astype(np.int64),
        "total": total,
        "mean_truth": truth,
        "mean_value": value,
        "truth_truth": add(parts["truth_truth"] + weight * off_truth**2),
        "value_value": add(parts["value_value"] + weight * off_value**2),
        "truth_value": add(parts["truth_value"] + weight * off_truth * off_value),
        "error_error": add(
            parts["error_error"] + weight * (off_value - off_truth) ** 2
        ),
    }


def _row(row: dict[str, float]) -> dict[str, object]:
    arrays = {name: np.array(row[name]) for name in MOMENTS.names[3:]}
    found = compared(arrays)
    plain = {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(COMPARED, found, strict=True)
    }
    means = {name: row[name] for name in ("group", "label", "n")}
    if row["total"] > 0:
        means |= {name: row[name] for name in ("mean_truth", "mean_value")}
    return means | plain | {"why": "; ".join(_reasons(arrays)) or None}


def _reasons(of: dict[str, Floats]) -> Iterator[str]:
    if not of["total"]:
        yield NO_ANSWERS
        return
    if not varies(of, "truth"):
        yield TRUTH_CONSTANT
    if not varies(of, "value"):
        yield VALUE_CONSTANT


def varies(of: dict[str, Floats], name: str) -> npt.NDArray[np.bool_]:
    """Returns whether there is more than one value; see `schemas.RESIDUE`.

    Args:
      of: columns of `MOMENTS`, each of shape (...).
      name: truth or value.
    """
    least = of["total"] * np.square(RESIDUE * of[f"mean_{name}"])
    found: npt.NDArray[np.bool_] = of[f"{name}_{name}"] > least
    return found


def compared(of: dict[str, Floats]) -> Floats:
    """Returns the figures `COMPARED`, shape (4, ...); NaN where one is not defined.

    Args:
      of: columns of `MOMENTS`, each of shape (...).
    """
    total = np.where(of["total"] > 0, of["total"], np.nan)
    truth, value = of["truth_truth"] / total, of["value_value"] / total
    both, bias = of["truth_value"] / total, of["mean_value"] - of["mean_truth"]
    spread = np.sqrt(truth) * np.sqrt(value)
    apart = truth + value + bias**2
    known = varies(of, "truth") & varies(of, "value")
    with np.errstate(invalid="ignore", divide="ignore"):
        pearson = np.where(known, np.clip(both / spread, -1, 1), np.nan)
        ccc = np.where(known, 2 * both / apart, np.nan)
    rmse = np.sqrt(of["error_error"] / total + bias**2)
    return np.stack([pearson, ccc, rmse, np.where(np.isnan(total), np.nan, bias)])
