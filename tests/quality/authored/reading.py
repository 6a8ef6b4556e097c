"""The authored corpus: its texts, and what two passes say of them."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PASSES = (1, 2)
FLAGS = ("frustration", "irritation")
EXPERIENCERS = ("author", "other", "none")
TRAPS = (
    *("", "negated", "quoted", "reported", "hypothetical", "technical", "stock"),
    *("civil", "sarcastic", "plain_no", "rare_word", "emoji", "foreign", "past"),
    "intensifier",
)

Row = dict[str, Any]


def rows(name: str) -> list[Row]:
    """Returns the rows of a file of the corpus, in its order."""
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def labels(number: int) -> dict[str, Row]:
    """Returns what a pass says, by the id of the text."""
    return {row["id"]: row for row in rows(f"labels_{number}")}
