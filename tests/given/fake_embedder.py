"""A small embedder without weights: how often each of three letters is in a text."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from affectflow import Card
from affectflow.kinds.embedder import Embedded, Embedder
from affectflow.kinds.identity import Origin
from tests.given.fake_model import Anything

LETTERS = "abe"


@dataclass(kw_only=True)
class CountLetters(Embedder[Anything]):
    """Counts letters.

    Args:
      calls: a file that gets one line a call, with the number of texts; none if empty.
      poison: a text on which it fails.
    """

    calls: str = ""
    poison: str = ""

    not_in_id: ClassVar[frozenset[str]] = frozenset({"calls", "poison"})
    card: ClassVar[Card] = Card(summary="counts letters, for tests")

    def load_model(self) -> Anything:
        return Anything()

    def embed(self, texts: list[str], model: Anything) -> Embedded:
        if self.calls:
            with Path(self.calls).open("a") as file:
                file.write(f"{len(texts)}\n")
        counts = [[text.count(letter) for letter in LETTERS] for text in texts]
        vectors = np.array(counts, np.float32).reshape(-1, len(LETTERS))
        failed = {
            place: ValueError("this text cannot be read")
            for place, text in enumerate(texts)
            if text == self.poison
        }
        return Embedded(vectors=vectors, failed=failed)


@dataclass(kw_only=True)
class NamedLetters(CountLetters):
    """Counts letters under a name of its own.

    Args:
      name: what its id begins with.
    """

    name: str = "letters"

    def origin(self) -> Origin:
        return Origin(self.name, "1", "Apache-2.0", True)
