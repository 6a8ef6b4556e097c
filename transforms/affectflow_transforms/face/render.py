"""RenderFace: what instruments see in faces: "the lip corners are pulled up"."""

import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow.batches.tracks import US
from affectflow.errors import UsageError
from affectflow.kinds.renderer import Track, TrackRenderer, Window, tracks_of
from affectflow.kinds.style import PLAIN
from affectflow.registry import Card
from affectflow_transforms.face.instruments import (
    channel_of,
    emotions,
    names,
    scales,
    told_by,
)
from affectflow_transforms.face.rules import Rule
from affectflow_transforms.face.tables import channels_of, faces_of

NOTHING = "nothing"
"""The cue of a turn of which an instrument saw no unit and no emotion."""


@dataclass(kw_only=True)
class RenderFace(TrackRenderer):
    """Describes which muscles of a face move while someone speaks, and how it looks.

    Reads tables of OpenFace 2, Py-Feat 1 and 2, iMotions (FACET) and FEAFA, which it
    recognises by their header. A value is that of the instrument, on its own scale:
    `unit` names both. The style says how a window is summed up, and in which words.

    Args:
      tracks: path, glob, folder or URL of the tables.
      fps: frames per second, for tables that only count frames, such as Py-Feat's.
      window_s: seconds of a window, counted from the beginning of the recording; 0 for
        the whole turn.
      style: whose rule and words are used.

    Raises:
      UnknownPluginError: no distribution brings the style.
      UsageError: a number is below 0, or the style is malformed.
    """

    fps: float = 0.0
    window_s: float = 0.0
    style: str = PLAIN

    renderer_id: ClassVar[str] = "face@1"
    modality: ClassVar[str] = "face"
    needs_tracks: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt")
    card: ClassVar[Card] = Card(
        summary="action units and emotions of faces, from OpenFace, Py-Feat, iMotions",
        modality="face",
        touches=("biometric",),
        misleads="what a face shows is not what the person feels",
        example="affectflow textualize lake --renderer RenderFace --set "
        "tracks=au/*.csv --context research --purpose 'a study of interviews'",
    )

    def __post_init__(self) -> None:
        for name in ("fps", "window_s"):
            if not getattr(self, name) >= 0:
                raise UsageError(
                    f"`{name}` must be at least 0, got {getattr(self, name)}"
                )
        self._rule = Rule.of(self.style)

    @functools.cached_property
    def id(self) -> str:
        return super().id  # of each of many rows

    def measure(self, uri: str) -> pa.Table:
        return faces_of(uri, self.fps)

    def render(self, turns: pa.Table, tracks: pa.Table) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of the turns of one recording.

        All channels are measured in the same frames: what belongs to a turn is looked
        up in one of them.
        """
        channels, frames = channels_of(tracks)
        for utterance_id, found in tracks_of(turns, frames):
            rows: list[dict[str, Any]] = []
            for frame in found:
                for channel, values in channels.items():
                    its = values[frame.values.astype(np.int64)]
                    track = frame._replace(channel=channel, values=its)
                    rows += self.rows(utterance_id, track)
            yield from rows or self._nothing(utterance_id, found)

    def _nothing(
        self, utterance_id: str, frames: Sequence[Track]
    ) -> Iterator[dict[str, Any]]:
        """Yields the row of a turn without a cue, if the style has words for that.

        Its value is how many frames were looked at.
        """
        if self._rule.nothing:
            times = np.concatenate([*(frame.times for frame in frames), np.empty(0)])
            first, last = (times[0], times[-1]) if len(times) else (None, None)
            row = self.row(utterance_id, Window(0, 0, len(times), NOTHING))
            row |= {"phrase": self._rule.nothing, "unit": "frames"}
            yield row | {"start_s": first, "end_s": last}

    def windows(self, track: Track) -> Iterator[Window]:
        if told_by(track.channel)[1] is None:
            return
        window = self._highest if self._rule.rule == "max" else _middle
        for part in self._parts(track):
            if found := window(part):
                yield found

    def phrase(self, window: Window) -> str:
        cue, scale = told_by(window.cue)
        if scale is None:
            return ""
        any_value = cue in emotions() and self._rule.rank_all_emotions
        if not any_value and not window.value > scale.active:
            return ""
        name: str = self._rule.names.get(cue, names().get(cue, ""))
        words = self._rule.phrase
        said = words.replace("{name}", name).replace("{value}", f"{window.value:.2f}")
        return said if name else ""

    def rows(self, utterance_id: str, track: Track) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of a track, by the names of units and emotions."""
        for row in super().rows(utterance_id, track):
            cue, scale = told_by(row["cue"])
            yield {**row, "cue": cue, "unit": scale.unit if scale else ""}

    def worded(
        self, rows: list[dict[str, Any]], turns: pa.Table
    ) -> list[dict[str, Any]]:
        """Returns the rows of units, then those of the strongest emotions."""
        units = [row for row in rows if row["cue"] not in emotions()]
        felt = [row for row in rows if row["cue"] in emotions()]
        felt.sort(key=lambda row: -row["value"])
        seen: Counter[tuple[str, int]] = Counter()
        for row in felt:
            width = round(self.window_s * US)
            window = round(row["start_s"] * US) // width if width else 0
            seen[row["utterance_id"], window] += 1
            if seen[row["utterance_id"], window] <= self._rule.emotions:
                units.append(row)
        return units

    def window_of(self, row: Mapping[str, Any]) -> Window:
        """Returns the window that a row of `cues` tells of: `phrase` says it again.

        Args:
          row: of this renderer.
        """
        (scale,) = (each for each in scales().values() if each.unit == row["unit"])
        channel = channel_of(row["cue"], scale)
        return Window(row["start_s"], row["end_s"], row["value"], channel)

    def _parts(self, track: Track) -> Iterator[Track]:
        """Yields a track cut at the bounds of windows."""
        if not self.window_s:
            yield track
            return
        cuts = np.flatnonzero(np.diff(self._window_numbers(track.times))) + 1
        bounds = [0, *cuts.tolist(), len(track.times)]
        for first, last in pairwise(bounds):
            yield Track(track.channel, *(each[first:last] for each in track[1:]))

    def _window_numbers(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Returns the window of each time; counted in whole microseconds."""
        width = round(self.window_s * US)
        return np.rint(times * US).astype(np.int64) // width

    def _highest(self, part: Track) -> Window | None:
        """Returns the earliest whole window with the highest value of a stretch."""
        values = part.values[: self._covered(len(part.values))]
        if not len(values):
            return None
        highest = int(np.where(np.isnan(values), -np.inf, values).argmax())
        if np.isnan(values[highest]):
            return None
        first, last = self._around(highest, len(values))
        return _window(part, first, last, values[highest])

    def _around(self, place: int, n: int) -> tuple[int, int]:
        """Returns the first and the last frame of the earliest window with a frame."""
        frames, hop = self._rule.windows(n)
        first = max(0, -(-(place - frames + 1) // hop) * hop)
        return first, first + frames - 1

    def _covered(self, n: int) -> int:
        """Returns how many of n frames lie in windows that are whole.

        Windows are `frames` long, and one begins every `hop` frames; a stretch that is
        shorter than a window is one.
        """
        frames, hop = self._rule.windows(n)
        return frames + (n - frames) // hop * hop


def _middle(part: Track) -> Window | None:
    """Returns a stretch with the median of its values; None if it has none."""
    known = np.flatnonzero(part.values == part.values)  # NaN is unlike itself
    if not len(known):
        return None
    half = len(known) // 2
    middle = slice(half - 1 + len(known) % 2, half + 1)
    places = (middle.start, half)
    value = np.partition(part.values[known], places)[middle].sum() / (
        half + 1 - places[0]
    )
    return _window(part, int(known[0]), int(known[-1]), value)


def _window(part: Track, first: int, last: int, value: float) -> Window:
    start, end = float(part.times[first]), float(part.times[last])
    return Window(start, end, float(value), part.channel)
