"""Lakes with answers of a teacher, written as rows of their tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from affectflow.lake import Lake
from tests.given.people import add_rows
from tests.given.tiny_listeners import RATE, write_wav

TEACHER = "strict@1"


def taught_lake(
    uri: Path | str,
    utterances: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    **annotator: Any,
) -> str:
    """Makes a lake with answers of one annotator; returns its path.

    Args:
      uri: of the lake.
      utterances: its rows; what a row lacks is null.
      answers: rows of `annotations`, which are of the task `emotion`, chosen and `ok`
        unless they say otherwise.
      annotator: columns of its row of `annotators`.
    """
    lake = str(uri)
    Lake.create(lake)
    teacher = {"annotator_id": TEACHER, "kind": "model", "licence": "MIT",
               "commercial_use": True} | annotator  # fmt: skip
    usual = {"annotator_id": teacher["annotator_id"], "task": "emotion",
             "vocabulary": "three", "chosen": True, "status": "ok", "rank": 1,
             "perspective": "writer"}  # fmt: skip
    add_rows(lake, "utterances", [dict(each) for each in utterances])
    add_rows(lake, "annotations", [usual | dict(each) for each in answers])
    add_rows(lake, "annotators", [teacher])
    return lake


def from_toys(rows: Sequence[Mapping[str, Any]], sure: float = 0.9) -> tuple[Any, Any]:
    """Returns utterances and answers of toy rows with `text` and `label`."""
    spoken = [
        {"utterance_id": f"u{n:04}", "text": row["text"], "visibility": "public",
         "conversation_id": row["speaker_id"], "speaker_id": row["speaker_id"]}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    said = [
        {"utterance_id": f"u{n:04}", "label": row["label"], "score": sure}
        for n, row in enumerate(rows)
    ]
    return spoken, said


def tone_lake(folder: Path, n: int, seconds: float = 0.5) -> str:
    """Makes a lake of tones in a hiss, whose teacher is a function of both.

    Valence is how high a tone is, arousal how loud, and dominance half of both.
    """
    random = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    spoken, said = [], []
    for number in range(n):
        high, loud = random.random(2)
        samples = tone(high, loud, seconds, random)
        path = write_wav(folder / f"{number:03}.wav", samples)
        name = f"t{number:03}"
        spoken.append({"utterance_id": name, "media_uri": path, "start_s": 0.0,
                       "end_s": seconds, "speaker_id": name})  # fmt: skip
        values = {"valence": high, "arousal": loud, "dominance": (high + loud) / 2}
        said += [
            {"utterance_id": name, "task": label, "vocabulary": "vad", "label": label,
             "value": value}
            for label, value in values.items()
        ]  # fmt: skip
    return taught_lake(folder / "lake", spoken, said, touches=["biometric"])


def tone(high: float, loud: float, seconds: float, random: Any) -> Any:
    """Returns a tone in a hiss of equal strength, both 0..1: 300 to 4,000 Hz."""
    at = np.arange(round(seconds * RATE)) / RATE
    pitch, strength = 300 * (4_000 / 300) ** high, 0.02 * 20**loud
    hiss = random.normal(0, 0.01, len(at))
    return strength * np.sin(2 * np.pi * pitch * at) + hiss
