"""The table of words that SS3 reads texts by, and what it makes of them."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from affectflow import weights
from affectflow_transforms.models.ss3.values import (
    Counts,
    Floats,
    Settings,
    values_of,
)

ANNOTATOR = "SS3"

_WORD = re.compile(r"\w+(?:'\w+)?")
QUERY = r"""
SELECT id, label, sum(value) AS value
FROM (
  SELECT id, unnest(
    regexp_extract_all(lower(text), '[\p{L}\p{N}_]+(?:''[\p{L}\p{N}_]+)?')
  ) AS word
  FROM texts
)
JOIN words USING (word)
GROUP BY ALL
"""
"""The same scores by SQL: `texts` has `id` and `text`, `words` is `Words.table()`."""


def words_of(text: str) -> list[str]:
    """Returns the words of a text in lower case: letters, digits, an apostrophe."""
    return [word.lower() for word in _WORD.findall(text)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """Words and how often the texts of each label use them.

    Args:
      words: each once.
      labels: the columns of `counts`.
      counts: shape (words, labels).
      settings: how values are made of them.
    """

    words: Sequence[str]
    labels: tuple[str, ...]
    counts: Counts
    settings: Settings

    @classmethod
    def counted(
        cls, texts: Iterable[tuple[str, str]], labels: Sequence[str], settings: Settings
    ) -> Self:
        """Returns the words of texts with labels: a text, and its label."""
        found: Mapping[str, Counter[str]] = {label: Counter() for label in labels}
        for text, label in texts:
            found[label].update(words_of(text))
        words = sorted(set().union(*found.values()))
        counts = [[found[label][word] for label in labels] for word in words]
        return cls(
            words=words,
            labels=tuple(labels),
            counts=np.array(counts, np.int64).reshape(len(words), len(labels)),
            settings=settings,
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the words that `affectflow train ss3` wrote to a folder."""
        arrays, metadata = weights.read(folder, ANNOTATOR)
        return cls.unpacked(arrays, metadata)

    @classmethod
    def unpacked(cls, arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> Self:
        """Returns the words that a weights file holds."""
        return cls(
            words=arrays["words"].tobytes().decode().split("\n"),
            labels=tuple(json.loads(metadata["labels"])),
            counts=arrays["counts"],
            settings=Settings(**json.loads(metadata["settings"])),
        )

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Returns what a weights file holds: counts, which add up, and no values."""
        written = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        return {"words": written, "counts": self.counts}

    @cached_property
    def values(self) -> Floats:
        """The global values, shape (words, labels)."""
        return values_of(self.counts, self.settings).of_all

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    def table(self) -> pa.Table:
        """Returns word, label and value, without values of 0: what `QUERY` joins."""
        rows, columns = np.nonzero(self.values)
        return pa.table(
            {
                "word": pa.array(self.words, pa.string()).take(pa.array(rows)),
                "label": pa.array(self.labels).take(pa.array(columns)),
                "value": self.values[rows, columns],
            }
        )

    def scores(self, texts: Sequence[str]) -> Floats:
        """Returns the sum of the values of each text's words, shape (texts, labels).

        Sums are additive: the scores of two posts add up to those of their joined text.
        """
        found = np.zeros((len(texts), len(self.labels)))
        for row, text in enumerate(texts):
            places = [self._place[w] for w in words_of(text) if w in self._place]
            found[row] = self.values[places].sum(axis=0)
        return found

    def telling(self, text: str, n: int) -> Iterator[tuple[int, int, int, float]]:
        """Yields start, end, label's place and value of the words that say most.

        Args:
          text: a single text.
          n: at most this many; the strongest first, then from left to right.
        """
        found = []
        for match in _WORD.finditer(text):
            place = self._place.get(match[0].lower())
            if place is not None and self.values[place].any():
                label = int(self.values[place].argmax())
                found.append((*match.span(), label, float(self.values[place, label])))
        yield from sorted(found, key=lambda each: -each[3])[:n]
