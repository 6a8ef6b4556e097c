"""RenderScores: what a service or a model says about a voice, as "High Anger"."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import data
from affectflow.batches.tracks import US
from affectflow.data_tables import NUMBER, Kind, checked
from affectflow.kinds.account import account
from affectflow.kinds.renderer import Track, TrackRenderer, UnmeasuredError, Window
from affectflow.kinds.style import PLAIN, section
from affectflow.registry import Card
from affectflow_transforms.tracks.tables import (
    column_among,
    ends_of,
    long_tracks,
    measured,
    starts_of,
    table_of,
)

DIMENSIONS = ("valence", "arousal", "dominance")
_TIMES = ("BeginTime", "EndTime", "Id")
"""Columns of exports that say when, and of what."""


_AMOUNT: Kind = (
    "a number",
    lambda value: isinstance(value, int | float) and not isinstance(value, bool),
)
_WORDS: Kind = ("a text", lambda value: isinstance(value, str))
_KEYS: Mapping[str, Kind] = {
    "above": _AMOUNT,
    "most": NUMBER,
    "within_s": _AMOUNT,
    "high": _WORDS,
    "low": _WORDS,
    "dimension_from": _AMOUNT,
    "dimension_high": _WORDS,
    "dimension_below": _AMOUNT,
    "dimension_low": _WORDS,
}


@dataclass(kw_only=True)
class RenderScores(TrackRenderer):
    """Says which scores of a voice are high while someone speaks.

    A table has a column of times and one of scores, 0..1, for each name: emotions in a
    voice, as services export them, or `valence`, `arousal` and `dominance`. It names
    the emotions whose mean score in a turn is highest.

    Args:
      tracks: path, glob, folder or URL of the tables.
      time: the column of times, in seconds; empty to find it by its name.
      style: whose limits and words are used.

    Raises:
      UnknownPluginError: no distribution brings the style.
      UsageError: the style is malformed; the message names the line.
    """

    time: str = ""
    style: str = PLAIN

    renderer_id: ClassVar[str] = "scores@1"
    modality: ClassVar[str] = "prosody"
    unit: ClassVar[str] = "score 0..1"
    needs_tracks: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".txt", ".parquet")
    card: ClassVar[Card] = Card(
        summary="scores of emotions in a voice, and valence, arousal, dominance",
        modality="voice",
        touches=("biometric",),
        example="affectflow textualize lake --renderer RenderScores --set "
        "tracks=prosody/*.csv --context research --purpose 'a study of interviews'",
    )

    def __post_init__(self) -> None:
        said = section("scores", self.style)
        named = self.style if said is not section("scores", PLAIN) else PLAIN
        self._words = checked(data.find("styles", named), said, _KEYS, tuple(_KEYS))

    @property
    def named_columns(self) -> tuple[str, ...]:
        return tuple(filter(None, [self.time]))

    def measure(self, uri: str) -> pa.Table:
        table = table_of(uri)
        time = self.time or column_among(table, ["begintime"]) or ""
        channels = measured(table, [name.lower() for name in (time, *_TIMES)])
        if not channels:
            raise UnmeasuredError("no_numbers", f"{uri!r} has no column of scores")
        starts = starts_of(table, time, uri)
        ends, near = ends_of(table, starts), round(self._words["within_s"] * US)
        return _on_scale(
            long_tracks(table, channels, pc.subtract(starts, near), pc.add(ends, near))
        )

    def windows(self, track: Track) -> Iterator[Window]:
        known = np.flatnonzero(~np.isnan(track.values))
        if len(known):
            start, end = track.times[known[[0, -1]]].tolist()
            mean = float(track.values[known].mean())
            yield Window(max(0.0, start), max(0.0, end), mean, track.channel)

    def phrase(self, window: Window) -> str:
        name, value = window.cue, window.value
        if not 0 <= value <= 1:
            return ""
        if name.lower() in DIMENSIONS:
            # Rounded first, as paper 5 does.
            high = round(value, 2) >= self._words["dimension_from"]
            low = round(value, 2) < self._words["dimension_below"]
            said = "dimension_high" if high else "dimension_low" if low else ""
        else:
            said = "high" if value > self._words["above"] else "low"
        words: str = self._words[said] if said else ""
        return words.replace("{name}", name)

    def rows(self, utterance_id: str, track: Track) -> Iterator[dict[str, Any]]:
        """Yields the rows of `cues` of a track; dimensions are of the voice."""
        for row in super().rows(utterance_id, track):
            if row["cue"].lower() in DIMENSIONS:
                row |= {"modality": "voice", "cue": row["cue"].lower()}
            yield row

    def worded(
        self, rows: list[dict[str, Any]], turns: pa.Table
    ) -> list[dict[str, Any]]:
        """Returns the rows of the highest scores of each turn, and its dimensions."""
        said = [row for row in rows if row["modality"] == "voice"]
        seen: Counter[str] = Counter()
        for row in sorted(rows, key=lambda row: -row["value"]):
            if row["modality"] != "voice":
                seen[row["utterance_id"]] += 1
                if seen[row["utterance_id"]] <= self._words["most"]:
                    said.append(row)
        return said


def _on_scale(tracks: pa.Table) -> pa.Table:
    """Returns tracks without values that are not scores, which are counted."""
    values = tracks["value"]
    off = pc.fill_null(pc.or_(pc.less(values, 0), pc.greater(values, 1)), False)
    if not (count := pc.sum(off).as_py()):
        return tracks
    account().tally("no_cue_value_outside_scale", count)
    kept = pc.if_else(off, pa.scalar(None, pa.float64()), values)
    return tracks.set_column(tracks.column_names.index("value"), "value", kept)
