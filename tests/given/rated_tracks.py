"""Tracks of action units with ratings that they tell."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CHANNELS = ("AU01", "AU04", "AU12")


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Writes rows as CSV; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


def frames_of(
    values: np.ndarray[Any, Any],
    numbers: Iterable[int] | None = None,
    channels: Sequence[str] = CHANNELS,
    **more: Any,
) -> list[dict[str, Any]]:
    """Returns the rows of a table: a frame number, and a value for each channel."""
    places = range(len(values)) if numbers is None else numbers
    return [
        {"frame": n, **more, **dict(zip(channels, map(float, row), strict=True))}
        for n, row in zip(places, values, strict=True)
    ]


def write_rated(folder: Path, clips: int = 60, frames: int = 24, seed: int = 0) -> Path:
    """Writes clips whose rating, 1 to 5, is the share of frames in which AU04 is on.

    Two clips are of each subject.
    """
    random = np.random.default_rng(seed)
    ratings = []
    for clip in range(clips):
        share = random.random()
        values = (random.random((frames, 3)) < (0.5, share, 0.5)).astype(float)
        write_table(folder / "tracks" / f"clip{clip}.csv", frames_of(values))
        rating = 1 + 4 * values[:, 1].mean()
        ratings.append(
            {
                "recording": f"clip{clip}",
                "rating": round(float(rating), 4),
                "subject": f"s{clip // 2}",
            }
        )
    write_table(folder / "train.csv", ratings)
    return folder
