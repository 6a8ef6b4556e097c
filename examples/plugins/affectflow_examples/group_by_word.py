"""A clusterer: causes that share a word are one theme."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow import Card
from affectflow.kinds.clusterer import Assigned, Clusterer, Group, Name

_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(kw_only=True)
class GroupByWord(Clusterer[list[str]]):
    """Puts each cause to the most frequent word of four letters that others share."""

    card: ClassVar[Card] = Card(summary="groups causes that share a frequent word")

    def fit(self, sample: pa.Table, total: int) -> list[str]:
        """Returns the words of several causes, the most frequent first."""
        texts = sample["cause_text"].to_pylist()
        counts = Counter(word for text in texts for word in words_of(text))
        shared = [word for word, n in counts.items() if n >= self.min_size]
        return sorted(shared, key=lambda word: (-counts[word], word))

    def assign(self, causes: pa.Table, model: list[str]) -> Assigned:
        texts = causes["cause_text"].to_pylist()
        groups = [first_said(model, words_of(text)) for text in texts]
        return Assigned(groups, [float(group >= 0) for group in groups])

    def name(self, groups: Mapping[int, Group], model: list[str]) -> Mapping[int, Name]:
        return {number: Name(model[number], [model[number]]) for number in groups}


def words_of(text: str) -> set[str]:
    """Returns the words of four letters or more."""
    return set(_WORD.findall(text.lower()))


def first_said(words: list[str], said: set[str]) -> int:
    """Returns the place of the first of `words` that was said; -1 if none was."""
    return next((place for place, word in enumerate(words) if word in said), -1)
