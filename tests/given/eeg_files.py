"""EEG recordings in the format EDF, made of noise and bursts."""

import csv
from pathlib import Path

import numpy as np

from affectflow_transforms.eeg.train import PUBLISHED

RATE = 128
STEPS = ("low", "middle", "high")
# What tells the steps apart: how fast the bursts are, in Hz.
_HERTZ = {"low": 4, "middle": 11, "high": 28}


def write_edf(path: Path, samples, channels=PUBLISHED, rate: int = RATE) -> Path:
    """Writes samples, shape (channels, n), in microvolts, a record per second."""
    n, seconds = len(channels), samples.shape[1] // rate

    def fields(width: int, values) -> bytes:
        return b"".join(str(value).ljust(width).encode() for value in values)

    head = b"".join(
        (
            fields(8, ["0"]), fields(80, ["X X X X", "Startdate X X X X"]),
            fields(8, ["01.01.01", "00.00.00", 256 * (n + 1)]), fields(44, [""]),
            fields(8, [seconds, 1]), fields(4, [n]), fields(16, channels),
            fields(80, [""] * n), fields(8, ["uV"] * n), fields(8, [-500] * n),
            fields(8, [500] * n), fields(8, [-32768] * n), fields(8, [32767] * n),
            fields(80, [""] * n), fields(8, [rate] * n), fields(32, [""] * n),
        )
    )  # fmt: skip
    whole = np.round(np.clip(samples, -500, 500) / 1_000 * 65_535 - 0.5).astype("<i2")
    records = whole[:, : seconds * rate].reshape(n, seconds, rate).transpose(1, 0, 2)
    path.write_bytes(head + records.tobytes())
    return path


def bursts(step: str, seconds: int, seed: int):
    """Returns noise with bursts on all electrodes, shape (14, samples)."""
    random = np.random.default_rng(seed)
    at = np.arange(seconds * RATE) / RATE
    gains = random.uniform(0.5, 1.5, (14, 1))
    wave = np.sin(2 * np.pi * _HERTZ[step] * at + random.uniform(0, 6, (14, 1)))
    return 30 * gains * wave + random.normal(0, 15, (14, len(at)))


def write_data(folder: Path, people: int = 10, seconds: int = 4) -> Path:
    """Writes a recording of each step for each person, and `train.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for person in range(people):
        for place, step in enumerate(STEPS):
            name = f"p{person}-{step}.edf"
            write_edf(folder / name, bursts(step, seconds, 10 * person + place))
            rows.append({"file": name, "label": step, "speaker_id": f"p{person}"})
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", "label", "speaker_id"])
        writer.writeheader()
        writer.writerows(rows)
    return folder
