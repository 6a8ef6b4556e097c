"""What two passes say of the real messages of the sample."""

import json
from pathlib import Path
from typing import Any

from tests.quality.real.sampling import Message, messages, sample

FOLDER = Path(__file__).parent
PASSES = (1, 2)
FLAGS = ("frustration", "irritation", "civil")

Row = dict[str, Any]


def labels(number: int) -> dict[str, Row]:
    """Returns what a pass says, by the digest of the text."""
    lines = (FOLDER / f"labels_{number}.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["digest"]: row for row in map(json.loads, lines)}


def sampled(data: Path) -> list[Message]:
    """Returns the messages of the sample, in its order.

    Raises:
      ValueError: a data set holds another text than the one that was labelled.
    """
    there = {message.id: message for message in messages(data)}
    found = [there[row["id"]] for row in sample()]
    for message, row in zip(found, sample(), strict=True):
        if message.digest != row["digest"]:
            raise ValueError(f"{message.id} is not the text that was labelled")
    return found
