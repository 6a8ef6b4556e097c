"""What two passes say of the real messages of a sample."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.quality.real.sampling import SAMPLE, Message, messages, sample

FOLDER = Path(__file__).parent
SECOND = FOLDER / "second.csv"
NAMES = {SAMPLE: "labels", SECOND: "second"}
"""How the files of labels of a sample begin."""
PASSES = (1, 2)
FLAGS = ("frustration", "irritation", "civil")

Row = dict[str, Any]


def labels(number: int, file: Path = SAMPLE) -> dict[str, Row]:
    """Returns what a pass says of a sample, by the digest of the text."""
    said = FOLDER / f"{NAMES[file]}_{number}.jsonl"
    lines = said.read_text(encoding="utf-8").splitlines()
    return {row["digest"]: row for row in map(json.loads, lines)}


def either(
    flag: str, found: list[Message], file: Path = SAMPLE
) -> npt.NDArray[np.bool_]:
    """Returns for which messages of a sample one of the passes says so at least."""
    said = [labels(number, file) for number in PASSES]
    return np.array(
        [any(each[message.digest][flag] for each in said) for message in found]
    )


def sampled(data: Path, file: Path = SAMPLE) -> list[Message]:
    """Returns the messages of a sample, in its order.

    Raises:
      ValueError: a data set holds another text than the one that was labelled.
    """
    there = {message.id: message for message in messages(data)}
    found = [there[row["id"]] for row in sample(file)]
    for message, row in zip(found, sample(file), strict=True):
        if message.digest != row["digest"]:
            raise ValueError(f"{message.id} is not the text that was labelled")
    return found
