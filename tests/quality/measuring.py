"""Figures for the page, by the accumulators of affectflow.gold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.bootstrap import Interval
from affectflow.gold.figures import LabelMetrics, ValueMetrics, intervals
from affectflow.gold.figures.rows import label_rows, value_rows
from affectflow.gold.figures.schemas import ANSWERS, GRID

Scores = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

EDGES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Lower ends of the bands of a reliability table."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One label: what people say of each text, and what an annotator does."""

    label: str
    truth: Mask
    scores: Scores
    chosen: Mask
    units: Sequence[str]
    groups: Sequence[str] | None = None

    def only(self, kept: Mask) -> "Column":
        """Returns the column for some texts."""
        groups = self.groups
        return Column(
            label=self.label,
            truth=self.truth[kept],
            scores=self.scores[kept],
            chosen=self.chosen[kept],
            units=list(np.array(self.units)[kept]),
            groups=None if groups is None else list(np.array(groups)[kept]),
        )


def state_of(columns: Iterable[Column]) -> pa.Table:
    """Returns the state of an accumulator that holds all columns."""
    metrics = LabelMetrics(units=True)
    state = metrics.create()
    for column in columns:
        state = metrics.add(state, _batch(column))
    return metrics.merge([state])


def _batch(column: Column) -> pa.RecordBatch:
    size = len(column.truth)
    values = {
        "unit": list(column.units),
        "group": column.groups or [None] * size,
        "label": [column.label] * size,
        "truth": column.truth,
        "chosen": column.chosen,
        "score": column.scores,
        "weight": np.ones(size),
    }
    return pa.RecordBatch.from_pydict(values, schema=ANSWERS)


def figures(columns: Iterable[Column]) -> list[dict[str, object]]:
    """Returns figures with intervals, by group and label."""
    return label_rows(state_of(columns))


def value_figures(
    label: str, truth: Scores, value: Scores, units: Sequence[str]
) -> dict[str, object]:
    """Returns Pearson's r, concordance, error and bias on a scale, with intervals."""
    columns = {
        "unit": list(units),
        "label": [label] * len(truth),
        "truth": truth,
        "value": value,
    }
    metrics = ValueMetrics(units=True)
    state = metrics.add(metrics.create(), pa.RecordBatch.from_pydict(columns))
    (row,) = value_rows(state)
    return row


def reliability(columns: Iterable[Column]) -> list[tuple[str, int, float, float]]:
    """Returns band, answers, mean score and share of positives, for bands of scores."""
    state = state_of(columns)
    scores = state["bin"].to_numpy() / GRID
    counts = state["n"].to_numpy()
    positives = state["positives"].to_numpy()
    place = np.searchsorted(EDGES, scores, side="right") - 1
    rows = []
    for band, low in enumerate(EDGES):
        inside = place == band
        n = int(counts[inside].sum())
        high = EDGES[band + 1] if band + 1 < len(EDGES) else 1.0
        if n:
            mean = float((scores * counts)[inside].sum() / n)
            rows.append((f"{low:g} to {high:g}", n, mean, positives[inside].sum() / n))
    return rows


def precision_of_top(column: Column, size: int) -> float:
    """Returns the share of positives among the texts with the highest scores."""
    return float(column.truth[np.argsort(-column.scores, kind="stable")[:size]].mean())


def auc_difference(one: Column, other: Column) -> Interval:
    """Returns AUC of `one` minus that of `other`, drawn with the same units."""
    return intervals.of_difference(state_of([one]), state_of([other]), "auc")
