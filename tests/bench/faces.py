"""Faces in CPU seconds, from CSV to cues: `python -m tests.bench.faces`.

A million frames of OpenFace, 40 recordings of 14 minutes each with all units of its
tables, and turns of five seconds: parsing, the rule of each style, the rows of `cues`.
`--frames` and `--recordings` say otherwise. Figures are medians.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from affectflow.steps import tracks
from tests.given.faces import render_face
from tests.given.factories import utterances

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
FPS = 30
TURN_S = 5.0
STYLES = ("plain", "paper-5")


def write(path: Path, frames: int, seed: int) -> None:
    """Writes a table as OpenFace's `-aus` does; units come and go over seconds."""
    chance = np.random.default_rng(seed)
    names = [f"AU{n:02d}_r" for n in UNITS] + [f"AU{n:02d}_c" for n in (*UNITS, 28)]
    about = ("frame", "face_id", "timestamp", "confidence", "success")
    steps = chance.normal(0, 0.3, (frames // 10 + 1, len(UNITS))).cumsum(axis=0)
    values = np.repeat(np.abs(steps) % 5, 10, axis=0)[:frames]
    with path.open("w") as file:
        file.write(", ".join((*about, *names)) + "\n")
        for n, row in enumerate(values.tolist()):
            units = ", ".join(f"{value:.2f}" for value in row)
            there = ", ".join("1.00" if value >= 1 else "0.00" for value in (*row, 0))
            file.write(f"{n + 1}, 0, {n / FPS:.3f}, 0.98, 1, {units}, {there}\n")


def turns(recordings: int, frames: int) -> pa.RecordBatch:
    """Returns turns of five seconds, one after the other, of all recordings."""
    each = max(1, round(frames / FPS / TURN_S))
    starts = [n * TURN_S for n in range(each)] * recordings
    videos = [f"{n}.mp4" for n in range(recordings) for _ in range(each)]
    return utterances(
        *["so it goes"] * len(starts),
        media_uri=videos,
        start_s=starts,
        end_s=[start + TURN_S for start in starts],
        utterance_id=[f"test:{n}" for n in range(len(starts))],
    )


def timed(
    folder: str, batch: pa.RecordBatch, runs: int
) -> Iterator[tuple[str, float, int]]:
    """Yields a style, the median of its CPU seconds, and how many cues it gives."""
    for style in STYLES:
        spent = []
        for _ in range(runs):
            for cached in (tracks._read, tracks._files, tracks._holders):
                cached.cache_clear()
            begun = time.process_time()
            found = tracks.cues_of(batch, render_face(tracks=folder, style=style))
            spent.append(time.process_time() - begun)
        yield style, statistics.median(spent), len(found.flatten())


def main(frames: int, recordings: int, runs: int) -> None:
    """Prints what each style takes."""
    with TemporaryDirectory() as folder:
        for n in range(recordings):
            write(Path(folder) / f"{n}.csv", frames // recordings, n)
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        batch = turns(recordings, frames // recordings)
        print(f"{frames:,} frames, {size:,.0f} MB of CSV, {len(batch):,} turns")
        for style, seconds, cues in timed(folder, batch, runs):
            rate = frames / seconds
            print(
                f"  {style:<10}{seconds:>8.1f} s{rate:>12,.0f} frames/s{cues:>10,} cues"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1_000_000)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--runs", type=int, default=5)
    said = parser.parse_args()
    main(said.frames, said.recordings, said.runs)
