"""Vectors by pairs of letters: texts that are spelt alike are near one another."""

import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from affectflow import Card
from affectflow.kinds.embedder import Embedded, Embedder


@dataclass(frozen=True)
class Buckets:
    """How many numbers a vector has."""

    width: int

    def vector(self, text: str) -> list[int]:
        """Returns how many pairs of letters fall into each bucket."""
        pairs = ["".join(pair).encode() for pair in pairwise(text.lower())]
        places = [zlib.crc32(pair) % self.width for pair in pairs]
        return np.bincount(places, minlength=self.width).tolist()


@dataclass(kw_only=True)
class EmbedLetters(Embedder[Buckets]):
    """Counts pairs of letters.

    Args:
      width: numbers of a vector.
    """

    width: int = 64

    card: ClassVar[Card] = Card(summary="vectors by pairs of letters")

    def load_model(self) -> Buckets:
        return Buckets(self.width)

    def embed(self, texts: list[str], model: Buckets) -> Embedded:
        vectors = [model.vector(text) for text in texts]
        return Embedded(vectors=np.array(vectors, np.float32).reshape(-1, self.width))
