"""Figures with their intervals, one dict for each group and label."""

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.bootstrap import DRAWS, MIN_UNITS
from affectflow.gold.figures import intervals
from affectflow.gold.figures.intervals import Bounds, Key
from affectflow.gold.figures.labels import LabelMetrics
from affectflow.gold.figures.schemas import MACRO, MICRO, MIN_POSITIVES
from affectflow.gold.figures.values import ValueMetrics


def label_rows(state: pa.Table, draws: int = DRAWS) -> list[dict[str, object]]:
    """Returns figures of labels with their intervals, one dict for each row."""
    merged = LabelMetrics(units=True).merge([state])
    figures = LabelMetrics().extract(merged).to_pylist()
    bounds = intervals.of_labels(merged, draws=draws)
    few = _few(merged, draws)
    several = pc.count_distinct(merged["label"]).as_py() > 1
    return [
        _noted(_bounded(row, bounds), few)
        for row in figures
        if several or row["label"] not in (MACRO, MICRO)
    ]


def value_rows(state: pa.Table, draws: int = DRAWS) -> list[dict[str, object]]:
    """Returns figures of values with their intervals, one dict for each row."""
    merged = ValueMetrics(units=True).merge([state])
    figures = ValueMetrics().extract(merged).to_pylist()
    bounds = intervals.of_values(merged, draws=draws)
    few = _few(merged, draws)
    return [_noted(_bounded(row, bounds), few) for row in figures]


def _bounded(row: dict[str, object], bounds: Bounds) -> dict[str, object]:
    group = row["group"]
    ends = bounds.get((None if group is None else str(group), str(row["label"])), {})
    result: dict[str, object] = {}
    for name, value in row.items():
        result[name] = value
        if name in ends:
            result[f"{name}_low"], result[f"{name}_high"] = ends[name]
    return result


def _few(state: pa.Table, draws: int) -> set[Key]:
    """Returns labels of groups with too few conversations for the intervals asked."""
    units = intervals.units_of(state) if draws else {}
    return {key for key, n in units.items() if n < MIN_UNITS}


def _noted(row: dict[str, object], few: Collection[Key]) -> dict[str, object]:
    notes = [row["why"]]
    positives = row.get("positives")
    means = row["label"] in (MACRO, MICRO)
    if isinstance(positives, int) and not means and positives < MIN_POSITIVES:
        notes.append(f"fewer than {MIN_POSITIVES} positives")
    if (row["group"], row["label"]) in few:
        notes.append(f"no interval: fewer than {MIN_UNITS} conversations")
    return row | {"why": "; ".join(str(note) for note in notes if note) or None}
