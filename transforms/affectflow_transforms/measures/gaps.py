"""Gaps: what writers and readers say about each text, and how noisy that is.

Readers of one text disagree, so the mean of a few of them misses what all would say.
The variance of a gap holds that error too. As in a one-way analysis of variance it is
the variance within texts, pooled, divided by the ratings of each text.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]
PERSPECTIVES = "('writer', 'self_report', 'reader')"
COPIES = "copies"
"""The column of a state that says how often a text was drawn."""


class Gaps(NamedTuple):
    """Texts that both sides rated, for one label; an entry of an array is a text.

    Attributes:
      items: their ids.
      writer: mean of what writers say.
      reader: mean of what readers say.
      readers: how many readers each has.
      noise: variance of the gap that is due to few ratings; NaN if unknown.
      copies: how often each counts.
      texts: what is written; empty if there is none.
    """

    items: list[str]
    writer: Floats
    reader: Floats
    readers: Floats
    noise: Floats
    copies: Floats
    texts: list[str | None]

    @property
    def gap(self) -> Floats:
        """Writer minus readers."""
        return self.writer - self.reader


def gaps_of(state: pa.Table) -> tuple[Gaps, int]:
    """Returns the texts of one label that both sides rated, and how many one did."""
    items = state["item"].combine_chunks()
    items = items if pa.types.is_dictionary(items.type) else items.dictionary_encode()
    code, size = np.asarray(items.indices), len(items.dictionary)
    by_reader = np.asarray(state["by_reader"])
    sides = []
    for side in (~by_reader, by_reader):
        sums = [_summed(state[c], code, side, size) for c in ("n", "total", "squares")]
        sides.append(sums)
    both = (sides[0][0] > 0) & (sides[1][0] > 0)
    unpaired = (sides[0][0] > 0) ^ (sides[1][0] > 0)
    (n_w, sum_w, sq_w), (n_r, sum_r, sq_r) = ([x[both] for x in side] for side in sides)
    first = np.zeros(size, np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    copies = np.ones(size)
    if COPIES in state.schema.names:
        copies = np.asarray(state[COPIES])[first]
    copies = copies[both]
    # A single rating says nothing about its noise; one self-report is taken as it is.
    noise = _within(n_r, sum_r, sq_r, copies) / n_r
    own = _within(n_w, sum_w, sq_w, copies) / n_w
    kept = np.flatnonzero(both)
    return Gaps(
        items.dictionary.take(pa.array(kept)).to_pylist(),
        sum_w / n_w,
        sum_r / n_r,
        n_r,
        noise + np.nan_to_num(own),
        copies,
        _texts(state, code, kept),
    ), int(unpaired.sum())


def _texts(state: pa.Table, code: Any, kept: Any) -> list[str | None]:
    """Returns the texts of items; none if nobody asked for them."""
    if state["text"].null_count == len(code):
        return []
    found = dict(zip(code.tolist(), state["text"].to_pylist(), strict=True))
    return [found[place] for place in kept.tolist()]


def _summed(column: pa.ChunkedArray, code: Any, side: Any, size: int) -> Floats:
    found = np.bincount(code[side], np.asarray(column)[side], size)
    return found.astype(np.float64)


def _within(n: Floats, total: Floats, squares: Floats, copies: Floats) -> float:
    """Returns the variance of ratings within texts, pooled; NaN if none has two."""
    freedom = float(((n - 1) * copies).sum())
    spread = float((np.maximum(squares - total**2 / n, 0) * copies).sum())
    return spread / freedom if freedom > 0 else math.nan


def beyond_noise(gaps: Gaps) -> tuple[float, str]:
    """Returns the share of the gap's variance that is not noise of ratings, up to 1.

    At most 0 where noise explains all of it.
    """
    if len(gaps.items) < 2:
        return math.nan, "fewer than two texts are rated by both sides"
    if np.isnan(gaps.noise).any():
        return math.nan, "no text has two readers"
    weights, gap = gaps.copies, gaps.gap
    if not np.ptp(gap):
        return math.nan, "the gap does not vary"
    mean = np.average(gap, weights=weights)
    variance = float((weights * (gap - mean) ** 2).sum() / (weights.sum() - 1))
    return 1 - float(np.average(gaps.noise, weights=weights)) / variance, ""
