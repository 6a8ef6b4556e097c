"""A model that scores emotions by words, listed or learnt."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from affectflow import Card, weights
from affectflow.batches.labelling import Answer, choose_top
from affectflow.kinds.identity import Origin
from affectflow.kinds.model import Scored, Scorer

LABELS = ("anger", "joy")
LISTED = {
    "angry": (1.0, 0.0),
    "annoying": (0.9, 0.0),
    "broke": (0.7, 0.0),
    "great": (0.0, 0.8),
    "love": (0.1, 0.9),
    "thanks": (0.0, 0.7),
}
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Words:
    """How much a word speaks for each of `LABELS`, 0 to 1."""

    shares: Mapping[str, tuple[float, ...]]

    def scores(self, texts: list[str]) -> Any:
        """Returns the mean over the known words of each text: (texts, labels)."""
        scores = np.zeros((len(texts), len(LABELS)), np.float32)
        for row, text in enumerate(texts):
            said = _WORD.findall(text.lower())
            known = [self.shares[word] for word in said if word in self.shares]
            if known:
                scores[row] = np.mean(known, axis=0)
        return scores


@dataclass(kw_only=True)
class ScoreWords(Scorer[Words]):
    """Scores anger and joy by the words of a text; where none is known, chooses none.

    Args:
      weights: folder that `affectflow train learn-words` wrote; empty for a short list.
      threshold: the highest score is chosen from here on, 0 to 1.
    """

    weights: str = ""
    threshold: float = 0.5

    annotator_kind: ClassVar[str] = "lexicon"
    # The revision says which weights they are.
    not_in_id: ClassVar[frozenset[str]] = frozenset({"weights"})
    card: ClassVar[Card] = Card(summary="anger and joy by words, listed or learnt")

    def load_model(self) -> Words:
        if not self.weights:
            return Words(LISTED)
        arrays, _ = weights.read(Path(self.weights), "ScoreWords")
        words = arrays["words"].tobytes().decode().split("\n")
        shares = map(tuple, arrays["shares"].tolist())
        return Words(dict(zip(words, shares, strict=True)))

    def score(self, texts: list[str], model: Words) -> Scored:
        scores = model.scores(texts)
        answer = Answer(
            task="emotion",
            vocabulary="ekman",
            labels=LABELS,
            scores=scores,
            chosen=choose_top(scores, self.threshold),
        )
        return Scored(answers=(answer,))

    def origin(self) -> Origin:
        revision = weights.digest(Path(self.weights)) if self.weights else "1"
        return Origin("ScoreWords", revision, self.card.licence, True)
