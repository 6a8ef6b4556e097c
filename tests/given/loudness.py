"""A small renderer of tracks: tables of loudness over time, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from pyarrow import csv

from affectflow.batches.tracks import TRACKS, microseconds
from affectflow.kinds.renderer import Track, TrackRenderer, UnmeasuredError, Window
from affectflow.registry import Card


@dataclass(kw_only=True)
class RenderLoudness(TrackRenderer):
    """Says that a turn is loud if its median is at `loud` dB or above.

    Args:
      loud: dB.
    """

    loud: float = 70.0

    renderer_id: ClassVar[str] = "loudness@1"
    modality: ClassVar[str] = "series"
    cue: ClassVar[str] = "loudness"
    unit: ClassVar[str] = "dB"
    card: ClassVar[Card] = Card(summary="loudness in words, for tests")

    def measure(self, uri: str) -> pa.Table:
        read = csv.read_csv(uri)
        if "dB" not in read.column_names:
            raise UnmeasuredError("no_loudness", f"{uri!r} has no column dB")
        start = microseconds(read["seconds"].combine_chunks())
        columns = {
            name: pa.nulls(len(start), TRACKS.field(name).type) for name in TRACKS.names
        }
        columns |= {
            "channel": pa.array(["dB"] * len(start)),
            "start_us": start,
            "end_us": pa.array(np.asarray(start) + 500_000),
            "value": read["dB"].cast(pa.float64()),
        }
        for name in ("recording", "speaker"):
            if name in read.column_names:
                columns[name] = read[name].cast(pa.string())
        return pa.table(columns, schema=TRACKS)

    def windows(self, track: Track) -> Iterator[Window]:
        if not np.isnan(track.values).all():
            first, last = float(track.times[0]), float(track.times[-1])
            yield Window(first, last, float(np.nanmedian(track.values)))

    def phrase(self, window: Window) -> str:
        return "shouting angrily" if window.value >= self.loud else ""


def write_loudness(path: Path, values: list[float], step_s: float = 0.5) -> Path:
    """Writes one value for each half second of a recording."""
    lines = [f"{n * step_s},{value}" for n, value in enumerate(values)]
    path.write_text("\n".join(["seconds,dB", *lines]) + "\n")
    return path
