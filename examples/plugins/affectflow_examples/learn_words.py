"""A trainer: learns from labelled lines how much each word speaks for a label."""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from affectflow import Card, weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, Trained, Trainer

LABELS = ("anger", "joy")
FILE = "labelled.tsv"
_WORD = re.compile(r"\w+")
Line = tuple[str, str]


@dataclass(kw_only=True)
class LearnWords(Trainer):
    """Learns weights for ScoreWords from `labelled.tsv`: a label, a tab, a text a line.

    A fifth of the lines, by a hash of the line, is held out.

    Args:
      at_least: a word in fewer lines is not learnt.
    """

    at_least: int = 2

    file: ClassVar[str] = "words.safetensors"
    card: ClassVar[Card] = Card(summary="learns words of anger and joy for ScoreWords")

    def train(self, data: Path, *, licence: str = "") -> Trained:
        lines = read_lines(data / FILE)
        held_out = [line for line in lines if is_held_out(line)]
        shares = learn([x for x in lines if not is_held_out(x)], self.at_least)
        right = np.mean([guess(text, shares) == label for label, text in held_out])
        licence = licence or "not stated"
        return Trained(
            annotator="ScoreWords",
            weights=weights.written(
                {
                    "words": np.frombuffer("\n".join(shares).encode(), np.uint8),
                    "shares": np.array(list(shares.values()), np.float32),
                },
                {"annotator": "ScoreWords", "licence": licence},
            ),
            card=f"# Words of anger and joy\n\n{len(shares)} words; data: {licence}.\n",
            held_out=f"{len(held_out)} of {len(lines)} lines, by a hash of the line",
            figures=(Figure("accuracy", "(micro)", float(right)),),
        )


def read_lines(file: Path) -> list[Line]:
    """Returns label and text of each line.

    Raises:
      UsageError: the file is missing, or none of its lines has one of `LABELS`.
    """
    if not file.is_file():
        raise UsageError(f"no file {FILE!r} in {str(file.parent)!r}: --data holds it")
    cells = [line.split("\t", 1) for line in file.read_text("utf-8").splitlines()]
    lines = [(c[0], c[1]) for c in cells if len(c) == 2 and c[0] in LABELS]
    if not any(map(is_held_out, lines)) or all(map(is_held_out, lines)):
        raise UsageError(f"too few lines in {str(file)!r} start with one of {LABELS}")
    return lines


def is_held_out(line: Line) -> bool:
    """Returns whether a line is for figures, not for learning."""
    return hashlib.blake2b("\t".join(line).encode()).digest()[0] % 5 == 0


def learn(lines: list[Line], at_least: int) -> dict[str, tuple[float, ...]]:
    """Returns the share of each label in the lines with a word."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for label, text in lines:
        for word in set(_WORD.findall(text.lower())):
            counts[word][label] += 1
    return {
        word: tuple(found[label] / found.total() for label in LABELS)
        for word, found in sorted(counts.items())
        if found.total() >= at_least
    }


def guess(text: str, shares: Mapping[str, tuple[float, ...]]) -> str:
    """Returns the label that the words of a text speak for; the first if none does."""
    known = [shares[w] for w in _WORD.findall(text.lower()) if w in shares]
    return LABELS[int(np.argmax(np.sum(known, axis=0)))] if known else LABELS[0]
