"""What the corpus is worth to frustration: none, a quarter, half and all of it.

    python -m tests.quality.authored.shares DATA

fits the heads to the comments of gh_incivility and a share of the briefs, over the same
emotions, and prints AUC on people's messages. Reads them: nothing is chosen by it.
"""

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

from affectflow_transforms.models import authored
from affectflow_transforms.models.emotions.embedded import emotion_model
from affectflow_transforms.models.emotions.model import NgramModel
from affectflow_transforms.models.frustration import fit, train
from affectflow_transforms.models.frustration.fit import Comments, Written
from affectflow_transforms.models.frustration.model import Lexicon, annoyance_column
from tests.quality import datasets
from tests.quality.authored import export
from tests.quality.real.reading import PASSES, labels, sampled

SHARES = (0.0, 0.25, 0.5, 1.0)

Mask = npt.NDArray[np.bool_]
Features = tuple[Any, npt.NDArray[np.float64]]
Sets = dict[str, tuple[list[str], Mask]]


def within(brief: str, share: float) -> bool:
    """Returns whether a brief is in a share of them, by a hash of its own."""
    digest = hashlib.blake2b(brief.encode(), person=b"shares").digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads texts as the model of frustration does."""

    emotions: NgramModel
    known: Lexicon

    @classmethod
    def shipped(cls) -> "Reader":
        """Returns that of the package."""
        return cls(emotion_model(), Lexicon.of(*train.read_lexicon()))

    def features(self, texts: list[str]) -> Features:
        """Returns n-grams with senses, and marks."""
        return fit.features(texts, self.emotions, self.known)

    def comments(self, data: Path) -> tuple[Comments, Mask]:
        """Returns those of gh_incivility, and which are reserved."""
        rows = train.read_comments(data / "gh_incivility" / train.SOURCE)
        found = train.comments_of(rows, *self.features(train.readings(rows)))
        return found, np.array([train.is_reserved(row["issue_id"]) for row in rows])

    def written(self, beside: Comments) -> Written:
        """Returns the corpus."""
        with tempfile.TemporaryDirectory() as folder:
            export.write(Path(folder))
            args = Path(folder), beside, self.emotions, self.known
            return train.read_written(*args)


def lines(data: Path) -> Iterator[str]:
    """Yields a line a share."""
    reader = Reader.shipped()
    annoyance = annoyance_column(reader.emotions)
    comments, reserved = reader.comments(data)
    seen = comments[np.flatnonzero(~reserved)]
    written = reader.written(seen)
    read = {
        name: (reader.features(texts), truth)
        for name, (texts, truth) in people(data).items()
    }
    kept = comments[np.flatnonzero(reserved)]
    read["gh_incivility, reserved"] = (kept.grams, kept.marks), kept.frustrated
    for share in SHARES:
        part = np.array([within(brief, share) for brief in written.briefs], np.bool_)
        heads = fit.fit_heads(seen, written[np.flatnonzero(part)], annoyance)
        found = [
            f"{name} {roc_auc_score(truth, heads.decide(_texts(x), annoyance)):.3f}"
            for name, (x, truth) in read.items()
        ]
        yield f"{share:.0%}, {part.sum():,} messages: {', '.join(found)}"


def people(data: Path) -> Sets:
    """Returns texts of people with who is frustrated, or irritated, by set."""
    real, github = sampled(data), datasets.github_emotion(data)
    said = [[labels(n)[each.digest]["frustration"] for each in real] for n in PASSES]
    untouched = ~github.truth["weighed"]
    texts = [text for text, kept in zip(github.texts, untouched, strict=True) if kept]
    return {
        "400 real messages": (
            authored.readings([each.text for each in real]),
            np.any(said, axis=0),
        ),
        "irritation on GitHub": (
            authored.readings(texts),
            github.truth["irritation"][untouched],
        ),
    }


def _texts(features: Features) -> Written:
    grams, marks = features
    none = np.zeros(len(marks))
    return Written(grams=grams, marks=marks, frustrated=none, briefs=none)


if __name__ == "__main__":
    for line in lines(Path(sys.argv[1])):
        print(line, flush=True)
