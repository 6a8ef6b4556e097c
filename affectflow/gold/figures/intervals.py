"""Intervals of figures, from resampling conversations.

Each draw gives every unit a count; statistics are added up with these counts. So one
pass over the answers is enough, and a draw costs as much as the state has rows.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from affectflow.batches import states
from affectflow.batches.bootstrap import (
    DRAWS,
    EQUAL,
    MIN_UNITS,
    SEED,
    Interval,
    draws_of,
    interval,
)
from affectflow.gold.figures import values
from affectflow.gold.figures.accuracy import wilson
from affectflow.gold.figures.counts import Floats, added, arrays_of
from affectflow.gold.figures.schemas import (
    COMPARED,
    MACRO,
    MEASURED,
    MICRO,
    MIN_POSITIVES,
)

_BLOCK_NUMBERS = 8_000_000
# Sums along scores go over memory several times: so many numbers fit a cache.
_RANKED_NUMBERS = 1_000_000

Places = npt.NDArray[np.int64]

Key = tuple[str | None, str]
"""Group and label; the group is None where nothing is grouped."""
Bounds = dict[Key, dict[str, tuple[float, float]]]
"""Lower and upper end by figure; figures without an interval are absent."""


def of_labels(state: pa.Table, *, draws: int = DRAWS) -> Bounds:
    """Returns 95 % intervals of the figures of a state that keeps its units.

    A macro mean is over the labels of the data in every draw.

    Args:
      state: of `LabelMetrics(units=True)`, merged.
      draws: how often units are drawn; 0 for no intervals.
    """
    return _bounds(state, MEASURED, draws, _label_statistics)


def of_values(state: pa.Table, *, draws: int = DRAWS) -> Bounds:
    """Returns 95 % intervals of a state of `ValueMetrics(units=True)`, merged."""
    return _bounds(state, COMPARED, draws, _value_statistics)


Statistics = Callable[[Floats], dict[str, Floats]]
"""From counts of units, (draws, units), to figures by label, (draws, figures)."""
Worth = dict[str, dict[str, float]]
"""By label and figure, for shares: how many units one rests on."""


def of_difference(
    one: pa.Table, other: pa.Table, figure: str, *, draws: int = DRAWS
) -> Interval:
    """Returns how much higher a figure of one annotator is than another's, paired.

    Both are drawn with the same units, so that difficulty shared by both cancels.

    Args:
      one: a merged state with units, one label and one group.
      other: another's state on the same answers of people.
      figure: one of `MEASURED`.
      draws: how often units are drawn.
    """
    units = pc.unique(pa.chunked_array([*one["unit"].chunks, *other["unit"].chunks]))
    column = MEASURED.index(figure)
    both = [
        _label(each, pc.index_in(each["unit"], units).to_numpy(), len(units))
        for each in (one, other)
    ]

    def difference(counts: Floats) -> dict[str, Floats]:
        here, there = (label.figures(counts)[:, [column]] for label in both)
        return {"": here - there}

    whole = float(difference(np.ones((1, len(units))))[""][0, 0])
    return interval(whole, _drawn(difference, len(units), draws)[""][:, 0])


def _bounds(
    state: pa.Table,
    names: tuple[str, ...],
    draws: int,
    statistics_of: Callable[[pa.Table, Places, int], tuple[Statistics, Worth]],
) -> Bounds:
    found: Bounds = {}
    few = units_of(state)
    for group in _groups(state):
        units = group["unit"].combine_chunks().dictionary_encode("encode")
        if not draws or len(units.dictionary) < MIN_UNITS:
            continue
        n_units = len(units.dictionary)
        place = units.indices.to_numpy().astype(np.int64)
        statistics, worth = statistics_of(group, place, n_units)
        whole = statistics(np.ones((1, n_units)))
        drawn = _drawn(statistics, n_units, draws)
        for label, table in drawn.items():
            key = (group["group"][0].as_py(), label)
            if few.get(key, n_units) >= MIN_UNITS:
                ends = _ends(names, whole[label][0], table, worth.get(label, {}))
                found[key] = dict(ends)
    return found


def units_of(state: pa.Table) -> dict[Key, int]:
    """Returns how many units the answers to each label of each group come from."""
    counted = state.group_by(["group", "label"]).aggregate([("unit", "count_distinct")])
    return {
        (row["group"], row["label"]): row["unit_count_distinct"]
        for row in counted.to_pylist()
    }


def _groups(state: pa.Table) -> Iterator[pa.Table]:
    ordered = states.ordered(state, ("group",))
    which = states.places(ordered, ("group",))
    ends = [*np.flatnonzero(np.diff(which, prepend=-1)), len(which)]
    for start, end in itertools.pairwise(ends):
        yield ordered.slice(start, end - start)


def _drawn(statistics: Statistics, n_units: int, draws: int) -> dict[str, Floats]:
    """Returns figures of all draws by label, shape (draws, figures)."""
    block = max(1, min(draws, _BLOCK_NUMBERS // n_units))
    parts: dict[str, list[Floats]] = {}
    for number, start in enumerate(range(0, draws, block)):
        counts = draws_of(
            np.arange(n_units), draws=min(block, draws - start), seed=SEED + number
        )
        for label, table in statistics(counts).items():
            parts.setdefault(label, []).append(table)
    return {label: np.concatenate(tables) for label, tables in parts.items()}


def _ends(
    names: tuple[str, ...], whole: Floats, drawn: Floats, worth: dict[str, float]
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yields the ends of figures.

    If all units are alike, every draw is too, and the bootstrap says nothing: a share
      of 0 or 1 has Wilson's interval (1927), other figures have none.
    """
    for name, value, column in zip(names, whole, drawn.T, strict=True):
        _, low, high = interval(float(value), column)
        if name in worth and value in (0.0, 1.0):
            _, low, high = wilson(float(value), worth[name])
        if high - low > EQUAL:
            yield name, (low, high)


# -- labels ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Label:
    """One label, its rows by rising score, prepared for many draws.

    Args:
      gains: shape (scores, units), for the scores that positives have: their weight.
      weights: shape (2 scores + 1, units): all weight below the first of these scores,
        at it, between it and the second, and so on.
      sums: shape (units, 5): positives, all, chosen positives, all chosen, and the sum
        of squares that is Brier's.
      usable: whether choices and scores are complete.
    """

    gains: sparse.csr_array
    weights: sparse.csr_array
    sums: Floats
    usable: tuple[bool, bool]

    def figures(self, counts: Floats) -> Floats:
        """Returns the figures of draws, shape (draws, figures).

        Args:
          counts: how often each unit is drawn, shape (draws, units).
        """
        positives, total, hits, chosen, squares = (counts @ self.sums).T
        found = np.full((len(counts), len(MEASURED)), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.usable[0]:
                found[:, 0] = hits / chosen
                found[:, 1] = hits / positives
                f1 = 2 * hits / (chosen + positives)
                found[:, 2] = np.where(positives > 0, f1, np.nan)
                found[:, 7] = 1 - (chosen - hits) / (total - positives)
            if self.usable[1]:
                found[:, 3:5] = self._ranking(counts, positives, total)
                rate = positives / total
                found[:, 5] = squares / total
                found[:, 6] = 1 - found[:, 5] / (rate * (1 - rate))
        found[~np.isfinite(found)] = np.nan
        return found

    def _ranking(self, counts: Floats, positives: Floats, total: Floats) -> Floats:
        """Returns AUC and average precision, shape (draws, 2).

        Only scores that positives have matter, and how much is below each of them.
        """
        result = np.full((len(counts), 2), np.nan)
        scores = self.gains.shape[0]
        block = max(1, _RANKED_NUMBERS // (2 * scores + 1))
        for start in range(0, len(counts) if scores else 0, block):
            rows = slice(start, start + block)
            drawn = np.ascontiguousarray(counts[rows].T)
            gained = self.gains @ drawn
            below = np.cumsum(self.weights @ drawn, axis=0)
            lower = np.cumsum(gained, axis=0) - gained
            first, last = below[:-1:2], below[1::2]
            negatives = (first - lower) + (last - first - gained) / 2
            all_of, rest = positives[rows], total[rows] - positives[rows]
            precision = (all_of - lower) / (below[-1] - first)
            steps = np.where(gained > 0, gained * precision, 0).sum(axis=0)
            auc = (gained * negatives).sum(axis=0) / (all_of * rest)
            one_class = (all_of <= 0) | (rest <= 0)
            both = np.stack([auc, steps / all_of], axis=1)
            result[rows] = np.where(one_class[:, None], np.nan, both)
        return result

    @property
    def worth(self) -> dict[str, float]:
        """The effective number of conversations behind shares, given their weights.

        The square of the sum of weights by the sum of their squares (Kish 1965).
        """
        positives, total, _, chosen, _ = self.sums.T
        shares = {
            "precision": chosen,
            "recall": positives,
            "specificity": total - positives,
        }
        return {
            name: float(of.sum() ** 2 / (of**2).sum())
            for name, of in shares.items()
            if of.any()
        }


def _label_statistics(
    group: pa.Table, unit: Places, n_units: int
) -> tuple[Statistics, Worth]:
    names = pc.unique(group["label"]).to_pylist()
    labels, in_macro = {}, []
    for name in names:
        rows = pc.indices_nonzero(pc.equal(group["label"], name))
        of_label = group.take(rows)
        labels[name] = _label(of_label, unit[rows.to_numpy()], n_units)
        if pc.sum(of_label["n_positives"]).as_py() >= MIN_POSITIVES:
            in_macro.append(name)
    labels[MICRO] = _label(group, unit, n_units)

    def statistics(counts: Floats) -> dict[str, Floats]:
        found = {name: label.figures(counts) for name, label in labels.items()}
        if in_macro:
            found[MACRO] = np.mean([found[name] for name in in_macro], axis=0)
        return found

    return statistics, {name: label.worth for name, label in labels.items()}


def _label(rows: pa.Table, unit: Places, n_units: int) -> _Label:
    order = pc.sort_indices(rows["bin"]).to_numpy()
    rows, unit = rows.take(order).combine_chunks(), unit[order]
    arrays = arrays_of(rows)
    score = states.places(rows, ("bin",))
    (hits,) = np.nonzero(arrays["positives"])
    scores, which = np.unique(score[hits], return_inverse=True)
    # 2 i + 1 is the i-th of these scores, 2 i what is below it and above the last one.
    place = np.searchsorted(scores, score) + np.searchsorted(scores, score, "right")
    total = arrays["positives"] + arrays["negatives"]
    return _Label(
        gains=_added(
            arrays["positives"][hits], which, unit[hits], len(scores), n_units
        ),
        weights=_added(total, place, unit, 2 * len(scores) + 1, n_units),
        sums=_sums(arrays, unit, n_units),
        usable=(
            not arrays["undecided"].any(),
            not np.isnan(arrays["score"]).any(),
        ),
    )


def _added(
    terms: Floats, row: Places, column: Places, rows: int, columns: int
) -> sparse.csr_array:
    """Returns sums of terms that have the same place."""
    return sparse.csr_array((terms, (row, column)), shape=(rows, columns))


def _sums(arrays: dict[str, Floats], unit: Places, n_units: int) -> Floats:
    score, gains, losses = (arrays[n] for n in ("score", "positives", "negatives"))
    columns = (
        gains,
        gains + losses,
        arrays["chosen_positives"],
        arrays["chosen_positives"] + arrays["chosen_negatives"],
        gains * (1 - score) ** 2 + losses * score**2,
    )
    return np.stack([added(unit, c, n_units) for c in columns], axis=1)


# -- values ------------------------------------------------------------------------


def _value_statistics(
    group: pa.Table, unit: Places, n_units: int
) -> tuple[Statistics, Worth]:
    labels = group["label"].to_pylist()
    places = {
        name: np.array([i for i, label in enumerate(labels) if label == name])
        for name in dict.fromkeys(labels)
    }
    columns = values.columns_of(group)

    def statistics(counts: Floats) -> dict[str, Floats]:
        return {
            name: _of_draws(
                {k: v[rows] for k, v in columns.items()}, counts[:, unit[rows]]
            )
            for name, rows in places.items()
        }

    return statistics, {}


def _of_draws(parts: dict[str, Floats], times: Floats) -> Floats:
    """Returns the figures of draws, shape (draws, figures).

    Args:
      parts: the moments of units, each of shape (units,).
      times: shape (draws, units).
    """
    draws, n = times.shape
    repeated = {name: np.tile(column, draws) for name, column in parts.items()}
    scaled = {
        name: column if name.startswith("mean") else column * times.ravel()
        for name, column in repeated.items()
    }
    drawn = values.pooled(scaled, np.repeat(np.arange(draws), n), draws)
    return values.compared(drawn).T
