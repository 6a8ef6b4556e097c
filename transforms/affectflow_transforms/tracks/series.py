"""RenderSeries: ratings and other values over time, as "arousal rises from 12 s"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.tracks import US
from affectflow.column_names import listed
from affectflow.errors import UsageError
from affectflow.kinds.account import account
from affectflow.kinds.renderer import Track, TrackRenderer, UnmeasuredError, Window
from affectflow.kinds.style import PLAIN, section
from affectflow.registry import Card
from affectflow_transforms.tracks.raters import agreed
from affectflow_transforms.tracks.tables import (
    ends_of,
    long_tracks,
    measured,
    starts_of,
    table_of,
)
from affectflow_transforms.tracks.windows import WindowAlign

SMOOTHED_S = 1.0
_LEVEL = "_level"


@dataclass(kw_only=True)
class RenderSeries(TrackRenderer):
    """Says how values go up and down while someone speaks.

    A table has a column of times and one or more of values, as CSV with any separator
    or Parquet; `recording` and `speaker` say whose they are, if a file covers several.
    For each column and turn it names the largest change, if there is one, or else the
    level, if it is high or low.

    Args:
      tracks: path, glob, folder or URL of the tables.
      channels: the columns that are read; empty for all columns of numbers.
      time: the column of times, in seconds; empty to find it by its name.
      low: end of the scale of the values.
      high: likewise.
      least: the smallest change that is worth a phrase, as a share of the scale.
      shift_s: seconds by which values come late, as raters react late; SEWA's and
        AVEC's are shifted by 2 s (AVEC 2018).
      hz: the rate of a grid that the values are put on, 10 in AVEC 2018; 0 leaves them
        unchanged.
      raters: what is rated, such as `arousal`, if each column is one rater: then cues
        give their gold standard, as `WeightedGold` makes it.
      style: whose words are used.

    Raises:
      UsageError: a number is out of range.
    """

    channels: tuple[str, ...] = ()
    time: str = ""
    low: float = 0.0
    high: float = 1.0
    least: float = 0.2
    shift_s: float = 0.0
    hz: float = 0.0
    raters: str = ""
    style: str = PLAIN

    renderer_id: ClassVar[str] = "series@1"
    modality: ClassVar[str] = "series"
    unit: ClassVar[str] = "scale"
    needs_tracks: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (
        *(".csv", ".tsv", ".txt", ".arff", ".parquet"),
    )
    card: ClassVar[Card] = Card(
        summary="ratings and other values over time, as rises, falls and levels",
        example="affectflow textualize lake --renderer RenderSeries --set "
        "tracks=ratings/*.csv --set shift_s=2",
    )

    def __post_init__(self) -> None:
        if isinstance(self.channels, str):
            self.channels = tuple(self.channels.split(","))
        if not self.low < self.high:
            raise UsageError(
                f"`low` must be below `high`, got {self.low} and {self.high}"
            )
        if not 0 < self.least <= 1:
            raise UsageError(f"`least` must be above 0 and at most 1, got {self.least}")
        if self.hz < 0:
            raise UsageError(f"`hz` must be at least 0, got {self.hz}")
        self._words = section("series", self.style)

    @property
    def named_columns(self) -> tuple[str, ...]:
        return (*filter(None, [self.time]), *self.channels)

    def measure(self, uri: str) -> pa.Table:
        table = table_of(uri)
        starts = starts_of(table, self.time, uri)
        channels = self._channels(table, uri)
        ends = ends_of(table, starts)
        shift = round(self.shift_s * US)
        found = long_tracks(
            table, channels, pc.subtract(starts, shift), pc.subtract(ends, shift)
        )
        found = self._on_scale(found)
        if self.hz:
            found = WindowAlign(width_us=round(US / self.hz)).resampled(found)
        return agreed(found, self.raters, "ewe") if self.raters else found

    def _on_scale(self, tracks: pa.Table) -> pa.Table:
        """Returns tracks without values outside of the scale, which are counted."""
        values = tracks["value"]
        off = pc.or_(pc.less(values, self.low), pc.greater(values, self.high))
        off = pc.fill_null(off, False)
        if not (count := pc.sum(off).as_py()):
            return tracks
        account().tally("no_cue_value_outside_scale", count)
        kept = pc.if_else(off, pa.scalar(None, pa.float64()), values)
        return tracks.set_column(tracks.column_names.index("value"), "value", kept)

    def _channels(self, table: pa.Table, uri: str) -> Sequence[str]:
        there = measured(table, [self.time.lower()])
        if not there:
            raise UnmeasuredError("no_numbers", f"{uri!r} has no column of numbers")
        if lacking := [name for name in self.channels if name not in there]:
            raise UnmeasuredError(
                "no_such_column",
                f"{uri!r} has no column {lacking[0]!r} of numbers; it has "
                f"{listed(there)}",
            )
        return self.channels or there

    def windows(self, track: Track) -> Iterator[Window]:
        known = ~np.isnan(track.values)
        times, values = track.times[known], track.values[known]
        if not len(values):
            return
        smooth = smoothed(times, values, SMOOTHED_S)
        first, last = largest_change(smooth)
        change = float(smooth[last] - smooth[first])
        if abs(change) >= self.least * (self.high - self.low):
            start, end = float(times[first]), float(times[last])
            yield Window(start, end, change, track.channel)
            return
        mean = float(smooth.mean())
        yield Window(
            float(times[0]), float(times[-1]), mean, f"{track.channel}{_LEVEL}"
        )

    def phrase(self, window: Window) -> str:
        name = window.cue.removesuffix(_LEVEL)
        if window.cue.endswith(_LEVEL):
            share = (window.value - self.low) / (self.high - self.low)
            said = "high" if share >= 2 / 3 else "low" if share <= 1 / 3 else ""
        else:
            said = "rises" if window.value > 0 else "falls"
        if not said:
            return ""
        words: str = self._words[said]
        values = {"start": f"{int(window.start_s)}", "end": f"{int(window.end_s)}"}
        for slot, word in {"name": name.replace("_", " "), **values}.items():
            words = words.replace(f"{{{slot}}}", word)
        return words


def largest_change(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """Returns where the largest change begins, and where it ends.

    It begins where the values last were near their one end, within a tenth of the
    change, before they came to the other.

    >>> largest_change(np.array([0.1, 0.1, 0.1, 0.5, 0.9, 0.6]))
    (2, 4)

    Args:
      values: shape (n,), n at least 1.
    """
    top, bottom = int(values.argmax()), int(values.argmin())
    last = max(top, bottom)
    away = np.abs(values[: last + 1] - values[min(top, bottom)])
    near = np.flatnonzero(away <= 0.1 * (values[top] - values[bottom]))
    return int(near[-1]), last


def smoothed(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], width_s: float
) -> npt.NDArray[np.float64]:
    """Returns the mean of the values around each time.

    Args:
      times: shape (n,): seconds, rising.
      values: shape (n,), without NaN.
      width_s: values at most half of it away, before and after, are in the mean.
    """
    sums = np.concatenate([[0.0], np.cumsum(values)])
    first = np.searchsorted(times, times - width_s / 2 - 1e-9, side="left")
    last = np.searchsorted(times, times + width_s / 2 + 1e-9, side="right")
    return np.asarray((sums[last] - sums[first]) / (last - first))
