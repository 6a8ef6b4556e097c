"""The ranker: weights of features, and the span that is best for all they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from affectflow import weights as stored
from affectflow_transforms.miners.rank.layout import Case, Columns, Layout, lay_out
from affectflow_transforms.miners.rank.tokens import Numbers, Words

ANNOTATOR = "RankMiner"
SHARPER, LIKELY = 2.5, 0.2
"""Odds of spans are raised to this power before overlaps are counted; spans with a
smaller part of the highest odds are out, as most begin or end amid a phrase.

Chosen on development rows: without, the span that overlaps most is the longest.
"""
Values = npt.NDArray[np.float64]


class Ranked(NamedTuple):
    """The best span of a case: words `first` to `last`, and how sure it is, 0..1."""

    first: int
    last: int
    score: float


@dataclass(frozen=True, eq=False)
class Ranker:
    """Weights, and the words that have some.

    Args:
      vocabulary: the number of each word, from 1.
      weights: of each feature of a `Layout`.
    """

    vocabulary: dict[str, int]
    weights: Values

    @cached_property
    def words(self) -> Words:
        """The words that were met."""
        return Words(self.vocabulary)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the ranker in `folder`.

        Raises:
          UsageError: there is not exactly one weights file, or it is for another model.
        """
        arrays, _ = stored.read(folder, ANNOTATOR)
        return cls.unpacked(arrays)

    @classmethod
    def unpacked(cls, arrays: dict[str, Any]) -> Self:
        """Returns the ranker that `packed` wrote."""
        words = arrays["words"].tobytes().decode().split("\n")
        return cls(
            vocabulary={word: number for number, word in enumerate(words, 1)},
            weights=arrays["weights"].astype(np.float64) * arrays["scale"][0],
        )

    def packed(self) -> dict[str, npt.NDArray[Any]]:
        """Returns arrays for a weights file: one byte a weight."""
        scale = max(float(np.abs(self.weights).max()), 1e-9) / 127
        text = "\n".join(self.vocabulary).encode()
        return {
            "words": np.frombuffer(text, np.uint8),
            "weights": np.rint(self.weights / scale).astype(np.int8),
            "scale": np.array([scale]),
        }

    def rank(self, cases: Sequence[Case]) -> list[Ranked]:
        """Returns the best span of each case; each has at least one word."""
        if not cases:
            return []
        laid = lay_out(cases, self.words.told(), len(self.vocabulary) + 1)
        return list(_best(laid, self.weights))


def scores(laid: Layout, weights: Values) -> tuple[Values, Values]:
    """Returns the score of each span, and for each case that of having no cause."""

    def of(columns: Columns) -> Values:
        total = weights[columns[0]]
        for codes in columns[1:]:
            total += weights[codes]
        return total

    inside = np.concatenate([[0.0], np.cumsum(of(laid.inside))])
    spans = inside[laid.last + 1] - inside[laid.first] + of(laid.spans)
    spans += of(laid.starts)[laid.first] + of(laid.ends)[laid.last]
    calm = np.add.reduceat(of(laid.calm), laid.base) / np.sqrt(sizes_of(laid))
    return spans + of(laid.sentences)[laid.sentence], of(laid.cases) + calm


def sizes_of(laid: Layout) -> Numbers:
    """Returns how many words each case has."""
    return np.diff(laid.base, append=len(laid.says) - 1)


def shares(laid: Layout, spans: Values, none: Values) -> tuple[Values, Values]:
    """Returns the probability of each span, and of each case that it has no cause."""
    first, sizes = laid.bounds[:-1], np.diff(laid.bounds)
    highest = np.maximum(np.maximum.reduceat(spans, first), none)
    spans = np.exp(spans - np.repeat(highest, sizes))
    none = np.exp(none - highest)
    total = np.add.reduceat(spans, first) + none
    return spans / np.repeat(total, sizes), none / total


def _best(laid: Layout, weights: Values) -> Iterator[Ranked]:
    """Yields the span that shares most words with what is likely, case by case."""
    spans, without = scores(laid, weights)
    _, none = shares(laid, spans, without)
    chances, _ = shares(laid, SHARPER * spans, np.full(len(none), -np.inf))
    worth = overlaps(laid, chances)
    highest = np.maximum.reduceat(chances, laid.bounds[:-1])
    worth -= chances < LIKELY * np.repeat(highest, np.diff(laid.bounds))
    # What merely says the feeling is its cause only if nothing else is said.
    worth -= 2.0 * (laid.says[laid.last + 1] == laid.says[laid.first])
    for case, (low, high) in enumerate(zip(laid.bounds, laid.bounds[1:], strict=False)):
        at = low + int(worth[low:high].argmax())
        base = laid.base[case]
        first, last = laid.first[at] - base, laid.last[at] - base
        yield Ranked(int(first), int(last), float(1 - none[case]))


def overlaps(laid: Layout, chances: Values) -> Values:
    """Returns the F1 of words that each span may expect; chances of a case sum to 1.

    The likeliest span may share nothing with others that are hardly less likely; this
    takes what most of them have in common. F1 of means stands for the mean of F1.
    """
    n_words = len(laid.says) - 1
    opened = np.bincount(laid.first, chances, n_words + 1)
    closed = np.bincount(laid.last + 1, chances, n_words + 1)
    inside = np.concatenate([[0.0], np.cumsum(np.cumsum(opened - closed)[:-1])])
    lengths = laid.last - laid.first + 1
    expected = np.add.reduceat(chances * lengths, laid.bounds[:-1])
    hits = inside[laid.last + 1] - inside[laid.first]
    return 2 * hits / (lengths + np.repeat(expected, np.diff(laid.bounds)))
