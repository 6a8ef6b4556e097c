"""WindowAlign: tracks and labels of intervals on one grid of windows.

Windows are as wide as CALMED's, 0.2 s, unless said otherwise: 190.04 minutes are
57,012 of them. Times are integer microseconds, so that none drifts: 0.2 has no exact
binary fraction, and `0.6 // 0.2` is 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import TRACKS, US
from affectflow.errors import UsageError
from affectflow.schemas.columns import STRING, table

WHOSE = ("recording", "speaker", "channel")
LABELS = table(
    ("recording", STRING, "the recording that is labelled"),
    ("annotator", STRING, "who labels"),
    ("start_us", pa.int64(), "start of the interval, microseconds"),
    ("end_us", pa.int64(), "end of it, exclusive, microseconds"),
    ("label", STRING, "what is said of it"),
)
_SPOT = 1
"""Microseconds that a measurement without length counts for."""

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class WindowAlign:
    """A grid of windows of one width, the first of which begins with the recording.

    Args:
      width_us: of a window, microseconds.

    Raises:
      UsageError: a window has no width.
    """

    width_us: int = US // 5

    def __post_init__(self) -> None:
        if self.width_us < 1:
            raise UsageError(
                f"a window must be at least a microsecond wide, got {self.width_us}"
            )

    def bounds(self, until_us: int) -> tuple[Integers, Integers]:
        """Returns the starts and ends of the windows that cover a recording.

        They follow one another without a gap; the last one may end behind `until_us`.
        """
        starts = np.arange(0, until_us, self.width_us, dtype=np.int64)
        return starts, starts + self.width_us

    def values(self, tracks: pa.Table) -> pa.Table:
        """Returns the values of tracks by window, whatever the order of their rows.

        Args:
          tracks: of `TRACKS`.

        Returns:
          For each window where something was measured: `recording`, `speaker`,
          `channel`, `window` from 0, `start_us`, `end_us`; `mean` and `std` of the
          values, each weighted by the time for which it holds; `coverage`, the share
          of the window during which something was measured, 0..1.
        """
        rows = _measured(tracks)
        pieces = self._pieces(rows)
        keys, place = _distinct(rows, WHOSE, pieces)
        weight, value = pieces.overlap.astype(np.float64), _floats(rows, "value")
        total = np.bincount(place, weight)
        mean = np.bincount(place, weight * value[pieces.row]) / total
        apart = (value[pieces.row] - mean[place]) ** 2
        found = {
            "mean": mean,
            "std": np.sqrt(np.bincount(place, weight * apart) / total),
            "coverage": np.bincount(place, pieces.new) / self.width_us,
        }
        return self._table(rows, WHOSE, keys, found)

    def labels(self, intervals: pa.Table) -> pa.Table:
        """Returns one label for each window, whatever the order of the intervals.

        An annotator says about a window what covers most of it; of those who say
        something, most decide. Of two that cover, or are said, alike, the first by the
        alphabet is taken.

        Args:
          intervals: of `LABELS`.

        Returns:
          For each window that someone labels: `recording`, `window`, `start_us`,
          `end_us`, `label`, `coverage` by the annotator who covers most of it with that
          label, and `agreement`, the share of its annotators who say so, 0..1.
        """
        kept = pc.and_(_has_length(intervals), pc.is_valid(intervals["label"]))
        rows = _ordered(intervals.filter(kept), LABELS.names)
        pieces = self._pieces(rows)
        said = _first_of(
            self._spans(rows, ("recording", "annotator", "label"), pieces),
            ("recording", "annotator", "window"),
            [("covered", "descending"), ("label", "ascending")],
        )
        return self._agreed(said)

    def resampled(self, tracks: pa.Table) -> pa.Table:
        """Returns tracks on the grid: of each window, the mean of what was measured."""
        found = self.values(tracks)
        confidence = pa.nulls(found.num_rows, pa.float64())
        named = found.rename_columns(
            ["value" if name == "mean" else name for name in found.column_names]
        )
        return named.append_column("confidence", confidence).select(TRACKS.names)

    def _spans(self, rows: pa.Table, by: Sequence[str], pieces: "_Pieces") -> pa.Table:
        keys, place = _distinct(rows, by, pieces)
        covered = np.bincount(place, pieces.overlap).astype(np.int64)
        return self._table(rows, by, keys, {"covered": covered})

    def _agreed(self, said: pa.Table) -> pa.Table:
        """Returns what most say about each window, of what each annotator says."""
        where = ["recording", "window", "start_us", "end_us"]
        votes = said.group_by([*where, "label"], use_threads=False).aggregate(
            [("covered", "max"), ("covered", "count")]
        )
        voters = said.group_by(where, use_threads=False).aggregate(
            [("covered", "count")]
        )
        order = [("covered_count", "descending"), ("label", "ascending")]
        best = _first_of(votes, ("recording", "window"), order)
        n = voters.sort_by([(name, "ascending") for name in where])["covered_count"]
        share = pc.divide(best["covered_count"].cast(pa.float64()), n)
        covered = pc.divide(best["covered_max"].cast(pa.float64()), self.width_us)
        columns = {**{name: best[name] for name in where}, "label": best["label"]}
        capped = pc.min_element_wise(covered, 1.0)
        return pa.table({**columns, "coverage": capped, "agreement": share})

    def _pieces(self, rows: pa.Table) -> "_Pieces":
        """Cuts measurements, in their order, where windows end."""
        start, end = _integers(rows, "start_us"), _integers(rows, "end_us")
        first = start // self.width_us
        counts = (end - 1) // self.width_us - first + 1
        row = np.repeat(np.arange(len(start)), counts)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        window = first[row] + nth
        low = np.maximum(start[row], window * self.width_us)
        high = np.minimum(end[row], (window + 1) * self.width_us)
        fresh = np.maximum(low, _told_until(rows, end)[row])
        return _Pieces(row, window, high - low, np.maximum(high - fresh, 0))

    def _table(
        self,
        rows: pa.Table,
        by: Sequence[str],
        keys: Integers,
        found: "dict[str, Floats | Integers]",
    ) -> pa.Table:
        heads, window = rows.select(by).take(pa.array(keys[:, 0])), keys[:, 1]
        bounds = {"start_us": window * self.width_us}
        bounds["end_us"] = bounds["start_us"] + self.width_us
        columns = {name: heads[name] for name in by}
        return pa.table({**columns, "window": window, **bounds, **found})


@dataclass(frozen=True)
class _Pieces:
    """Measurements, cut where windows end.

    Args:
      row: shape (pieces,): of the measurement.
      window: likewise, from 0.
      overlap: likewise, microseconds.
      new: likewise: without what an earlier one has covered.
    """

    row: Integers
    window: Integers
    overlap: Integers
    new: Integers


def _has_length(rows: pa.Table) -> pa.ChunkedArray:
    begun = pc.and_(
        pc.less(rows["start_us"], rows["end_us"]),
        pc.greater_equal(rows["start_us"], 0),
    )
    return pc.fill_null(begun, False)


def _measured(tracks: pa.Table) -> pa.Table:
    """Returns the rows that say something, in an order that no input decides."""
    same = pc.equal(tracks["start_us"], tracks["end_us"])
    ends = pc.if_else(same, pc.add(tracks["end_us"], _SPOT), tracks["end_us"])
    place = tracks.column_names.index("end_us")
    tracks = tracks.set_column(place, "end_us", ends)
    known = pc.fill_null(pc.is_finite(tracks["value"]), False)
    order = [*WHOSE, "start_us", "end_us", "value"]
    return _ordered(tracks.filter(pc.and_(known, _has_length(tracks))), order)


def _ordered(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    return rows.sort_by([(name, "ascending") for name in names]).combine_chunks()


def _integers(rows: pa.Table, name: str) -> Integers:
    return np.asarray(rows[name], np.int64)


def _floats(rows: pa.Table, name: str) -> Floats:
    return np.asarray(rows[name], np.float64)


def codes_of(rows: pa.Table, names: Sequence[str]) -> Integers:
    """Returns a number for each combination of some columns, in the order of rows."""
    codes = np.zeros(rows.num_rows, np.int64)
    for name in names:
        column = rows[name].combine_chunks().dictionary_encode("encode")
        codes = codes * len(column.dictionary) + np.asarray(column.indices)
    return codes


def _distinct(
    rows: pa.Table, by: Sequence[str], pieces: _Pieces
) -> tuple[Integers, Integers]:
    """Returns what there is to say something of, and which of it each piece is of.

    Returns:
      Shape (found, 2): the row that stands for it, and the window; shape (pieces,).
    """
    codes = codes_of(rows, by)
    stands = np.arange(rows.num_rows)
    if rows.num_rows:
        _, first, of = np.unique(codes, return_index=True, return_inverse=True)
        stands = first[of]
    width = int(pieces.window.max(initial=0)) + 1
    keys, place = np.unique(
        stands[pieces.row] * width + pieces.window, return_inverse=True
    )
    return np.stack([keys // width, keys % width], axis=1), place


def _told_until(rows: pa.Table, end: Integers) -> Integers:
    """Returns until when earlier rows of the same track say something."""
    names = [name for name in WHOSE if name in rows.column_names]
    codes = codes_of(rows, names)
    told = np.full(len(end), np.iinfo(np.int64).min)
    for of in np.unique(codes):
        own = np.flatnonzero(codes == of)
        told[own[1:]] = np.maximum.accumulate(end[own])[:-1]
    return told


def _first_of(
    rows: pa.Table, by: Sequence[str], order: Sequence[tuple[str, str]]
) -> pa.Table:
    """Returns the first row, by an order, of each combination of some columns."""
    rows = rows.sort_by([*((name, "ascending") for name in by), *order])
    codes = codes_of(rows.combine_chunks(), by)
    return rows.filter(pa.array(np.diff(codes, prepend=-1) != 0))
