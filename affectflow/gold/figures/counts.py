"""Figures of labels from their counts by score.

AUC: Mann-Whitney, a tie counting one half (Hanley and McNeil 1982). Average precision:
sum of precision x gain of recall over the distinct scores, equal scores in one step.
Brier 1950; its skill is 1 - Brier / (p (1 - p)), where p is the share of positives: how
much closer than a forecast that is always p.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches import states
from affectflow.gold.figures.schemas import (
    FIGURES,
    GRID,
    MACRO,
    MEASURED,
    MICRO,
    MIN_POSITIVES,
    TALLY_KEYS,
)

Floats = npt.NDArray[np.float64]

NO_ANSWERS = "no answers"
NO_POSITIVES = "no positives"
NO_NEGATIVES = "no negatives"
NOTHING_CHOSEN = "nothing chosen"
NO_CHOICE = "not every answer says whether the label is chosen"
NO_SCORES = "not every answer has a score"
TOO_FEW = f"no label has {MIN_POSITIVES} positives"


class Counts(NamedTuple):
    """One label of one group.

    Args:
      scores: rising, 0..1; positives and negatives: sums of weights at each of them.
      decided: every answer says whether the label is chosen.
      scored: every answer has a score. If not, the last of `scores` is NaN.
    """

    group: str | None
    label: str
    n: int
    n_positives: int
    decided: bool
    scored: bool
    scores: Floats
    positives: Floats
    negatives: Floats
    chosen_positives: float
    chosen_negatives: float

    @property
    def usable(self) -> tuple[bool, bool]:
        """Whether choices and scores are complete."""
        return self.decided, self.scored


def of_tallies(state: pa.Table) -> pa.Table:
    """Returns figures of a merged state without units, schema `FIGURES`."""
    rows: list[dict[str, object]] = []
    for labels in _by_group(state):
        rows += [_row(counts) for counts in labels]
        pooled = _pooled(labels)
        rows += [_row(pooled) | {"labels": len(labels)}, _macro(labels)]
    return pa.Table.from_pylist(rows, schema=FIGURES)


def _by_group(state: pa.Table) -> Iterator[list[Counts]]:
    """Yields the labels of each group."""
    group: list[Counts] = []
    for counts in counts_of(state):
        if group and group[0].group != counts.group:
            yield group
            group = []
        group.append(counts)
    if group:
        yield group


def counts_of(state: pa.Table) -> Iterator[Counts]:
    """Yields the labels of a merged state, by group."""
    ordered = states.ordered(state, TALLY_KEYS)
    groups, labels = ordered["group"].to_pylist(), ordered["label"].to_pylist()
    columns = arrays_of(ordered)
    for start, end in runs_of(list(zip(groups, labels, strict=True))):
        part = {name: column[start:end] for name, column in columns.items()}
        yield _counts(groups[start], labels[start], part)


def arrays_of(state: pa.Table) -> dict[str, Floats]:
    """Returns scores and statistics of a state; NaN where there is no score."""
    columns = {
        name: state[name].to_numpy()
        for name in state.schema.names
        if name not in TALLY_KEYS
    }
    return columns | {"score": state["bin"].cast(pa.float64()).to_numpy() / GRID}


def runs_of(keys: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Yields start and end of each run of equal keys."""
    start = 0
    for place in range(1, len(keys) + 1):
        if place == len(keys) or keys[place] != keys[start]:
            yield start, place
            start = place


def _counts(group: str | None, label: str, part: dict[str, Floats]) -> Counts:
    return Counts(
        group=group,
        label=label,
        n=int(part["n"].sum()),
        n_positives=int(part["n_positives"].sum()),
        decided=not part["undecided"].any(),
        scored=not np.isnan(part["score"]).any(),
        scores=part["score"],
        positives=part["positives"],
        negatives=part["negatives"],
        chosen_positives=float(part["chosen_positives"].sum()),
        chosen_negatives=float(part["chosen_negatives"].sum()),
    )


def _pooled(labels: list[Counts]) -> Counts:
    """Returns all decisions on all labels as if they were for one label."""
    scores = np.concatenate([c.scores for c in labels])
    unique, place = np.unique(scores, return_inverse=True)
    positives = np.concatenate([c.positives for c in labels])
    negatives = np.concatenate([c.negatives for c in labels])
    return Counts(
        group=labels[0].group,
        label=MICRO,
        n=sum(c.n for c in labels),
        n_positives=sum(c.n_positives for c in labels),
        decided=all(c.decided for c in labels),
        scored=all(c.scored for c in labels),
        scores=unique,
        positives=added(place, positives, len(unique)),
        negatives=added(place, negatives, len(unique)),
        chosen_positives=sum(c.chosen_positives for c in labels),
        chosen_negatives=sum(c.chosen_negatives for c in labels),
    )


def added(which: npt.NDArray[Any], terms: Floats, size: int) -> Floats:
    """Returns sums of terms for each of the sets 0..size - 1, shape (size,)."""
    sums: Floats = np.bincount(which, terms, size).astype(np.float64)
    return sums


def _row(counts: Counts) -> dict[str, object]:
    total = float(counts.positives.sum() + counts.negatives.sum())
    chosen = (counts.chosen_positives, counts.chosen_negatives)
    found = measured(
        counts.scores, counts.positives, counts.negatives, chosen, counts.usable
    )
    return {
        "group": counts.group,
        "label": counts.label,
        "n": counts.n,
        "positives": counts.n_positives,
        "base_rate": float(counts.positives.sum()) / total if total else None,
        "why": "; ".join(reasons(counts)) or None,
        **named(found),
    }


def named(values: Floats) -> dict[str, float | None]:
    """Returns figures by name, null for NaN."""
    return {
        name: None if np.isnan(value) else float(value)
        for name, value in zip(MEASURED, values, strict=True)
    }


def reasons(counts: Counts) -> Iterator[str]:
    """Yields why figures of a label are null."""
    positives, negatives = counts.positives.sum(), counts.negatives.sum()
    if not positives + negatives:
        yield NO_ANSWERS
        return
    if not positives:
        yield NO_POSITIVES
    if not negatives:
        yield NO_NEGATIVES
    if not counts.decided:
        yield NO_CHOICE
    elif not counts.chosen_positives + counts.chosen_negatives:
        yield NOTHING_CHOSEN
    if not counts.scored:
        yield NO_SCORES


def _macro(labels: list[Counts]) -> dict[str, object]:
    """Returns the mean over the labels with enough positives; null if any is null."""
    kept = [_row(c) for c in labels if c.n_positives >= MIN_POSITIVES]
    values = [[row[name] for row in kept] for name in MEASURED]
    whys = {str(row["why"]) for row in kept if row["why"]}
    return {
        "group": labels[0].group,
        "label": MACRO,
        "n": sum(c.n for c in labels),
        "positives": sum(c.n_positives for c in labels),
        "labels": len(kept),
        "why": "; ".join(sorted(whys)) if kept else TOO_FEW,
        **{name: mean(v) for name, v in zip(MEASURED, values, strict=True)},
    }


def mean(values: Sequence[object]) -> float | None:
    """Returns the mean; None if a value is None, or there are no values."""
    found = [value for value in values if isinstance(value, float)]
    return sum(found) / len(found) if found and len(found) == len(values) else None


# -- one label ---------------------------------------------------------------------


def measured(
    scores: Floats,
    positives: Floats,
    negatives: Floats,
    chosen: tuple[float, float],
    usable: tuple[bool, bool],
) -> Floats:
    """Returns the figures `MEASURED` of one label; NaN where one is not defined.

    Args:
      scores: distinct and rising, shape (scores,).
      positives: sum of weights at each score, as are `negatives`.
      negatives: see `positives`.
      chosen: sums of weights of the chosen positives and the chosen negatives.
      usable: whether choices and scores are complete.
    """
    values = np.full(len(MEASURED), np.nan)
    n_positives, n_negatives = float(positives.sum()), float(negatives.sum())
    if usable[0]:
        values[:3] = _choices(n_positives, *chosen)
        values[7] = 1 - chosen[1] / n_negatives if n_negatives else np.nan
    if usable[1] and n_positives and n_negatives:
        values[3:5] = _ranking(positives, negatives, n_positives, n_negatives)
    if usable[1] and n_positives + n_negatives:
        values[5:7] = _nearness(scores, positives, negatives)
    return values


def _choices(positives: float, hits: float, false: float) -> tuple[float, float, float]:
    """Returns precision, recall and F1; F1 is 0 if positives were not chosen."""
    chosen = hits + false
    return (
        hits / chosen if chosen else np.nan,
        hits / positives if positives else np.nan,
        2 * hits / (chosen + positives) if positives else np.nan,
    )


def _ranking(
    positives: Floats, negatives: Floats, n_positives: float, n_negatives: float
) -> tuple[float, float]:
    """Returns AUC and average precision."""
    below = np.cumsum(negatives) - negatives / 2
    auc = float(positives @ below) / (n_positives * n_negatives)
    hits = np.cumsum(positives[::-1])
    told = hits + np.cumsum(negatives[::-1])
    # A draw of a bootstrap may leave the highest scores without any weight.
    precision = np.divide(hits, told, out=np.zeros_like(hits), where=told > 0)
    return auc, float(positives[::-1] @ precision) / n_positives


def _nearness(
    scores: Floats, positives: Floats, negatives: Floats
) -> tuple[float, float]:
    """Returns the Brier score and its skill; the skill is NaN with one class only."""
    hits, rest = float(positives.sum()), float(negatives.sum())
    total = hits + rest
    brier = float(positives @ (1 - scores) ** 2 + negatives @ scores**2) / total
    chance = (hits / total) * (rest / total)
    return brier, 1 - brier / chance if chance else np.nan
