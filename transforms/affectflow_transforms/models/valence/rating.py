"""Valence by words that people rated, looked up by their hashes.

The ratings are those of VADER's lexicon (Hutto and Gilbert, ICWSM 2014), from -4 to 4;
the way they are combined is our own. A text's rating is the sum of its words' ratings
divided by their number plus one, as if it also had a neutral word.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.ngrams import Flat, Hashes, Words

FILE = Path(__file__).parent / "lexicon" / "words.tsv"
HIGHEST = 4.0
"""End of the scale of ratings; the other is -HIGHEST."""
LONGEST = 3
"""Words of the longest entry."""

NEGATED = -0.5
"""A negated word counts half, reversed: `not good` is milder than `bad`."""
NEGATORS = (
    *("not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "nowhere"),
    *("cannot", "without", "hardly", "barely", "scarcely", "ain't", "isn't", "aren't"),
    *("wasn't", "weren't", "don't", "doesn't", "didn't", "won't", "wouldn't", "can't"),
    *("couldn't", "shouldn't", "haven't", "hasn't", "hadn't", "needn't", "mustn't"),
    *("isnt", "wasnt", "dont", "doesnt", "didnt", "wont", "wouldnt", "cant", "couldnt"),
)
NEGATES_FOR = 3
"""Words behind a negator that it reaches, within its clause."""
STRONGER, WEAKER = 1.3, 0.7
STRONGER_WORDS = (
    *("very", "really", "so", "too", "extremely", "absolutely", "totally", "deeply"),
    *("completely", "incredibly", "truly", "highly", "especially", "particularly"),
    *("most", "more", "utterly", "insanely", "remarkably", "seriously"),
)
WEAKER_WORDS = (
    *("slightly", "somewhat", "little", "bit", "kinda", "sorta", "partly", "fairly"),
    *("mildly", "rather", "almost", "less", "marginally"),
)
SCALES_FOR = 2
"""Words behind an intensifier that it reaches, within its clause."""

_STEP = np.uint64(0x9E3779B97F4A7C15)
_STOPS = np.frombuffer(b".,;:!?", np.uint8)

Values = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Lexicon:
    """Ratings by the hash of a run of words.

    Args:
      hashes: shape (entries,), sorted.
      ratings: shape (entries,), in units of `HIGHEST`: -1..1.
    """

    hashes: Hashes
    ratings: Values

    @classmethod
    def load(cls, file: Path = FILE) -> Self:
        """Returns the lexicon in a file of lines `entry <tab> rating`."""
        rated = entries(file)
        hashes = _entries(list(rated))
        # Entries that read the same after folding, as `haha` and `hahaha` do not but
        # `grrr` and `grr` do, get the rating of the first.
        hashes, first = np.unique(hashes, return_index=True)
        ratings = np.array(list(rated.values()))
        return cls(hashes=hashes, ratings=ratings[first] / HIGHEST)

    def rate(self, texts: list[str]) -> Values:
        """Returns how good texts sound, shape (texts,), about -1..1; 0 without words.

        With intensifiers, a text can slightly exceed 1.
        """
        parts = [self._rate(chunk) for chunk in ngrams.chunks(texts)]
        return np.concatenate([np.zeros(0), *parts])

    def rating_of(self, word: str) -> float:
        """Returns the rating of one entry, -1..1; 0 if it has none."""
        return float(self._look_up(_entries([word]))[0])

    def _rate(self, texts: list[str]) -> Values:
        flat = ngrams.flatten(texts)
        words = ngrams.split_words(flat)
        ratings = self._ratings(words)
        (rated,) = np.nonzero(ratings)
        clause = _clauses(flat, words)
        weight = ratings[rated] * _factors(words.hashes, clause, rated)
        row = words.row[rated]
        total = np.bincount(row, weight, minlength=flat.n_rows)
        return total / (np.bincount(row, minlength=flat.n_rows) + 1)

    def _ratings(self, words: Words) -> Values:
        """Returns the rating of the entry that begins at each word, the longest."""
        ratings, taken = np.zeros(len(words.hashes)), np.zeros(len(words.hashes), bool)
        for n in range(LONGEST, 0, -1):
            found = self._look_up(_runs(words, n))
            found[taken] = 0.0
            (begin,) = np.nonzero(found)
            ratings[begin] = found[begin]
            for k in range(n):
                taken[begin + k] = True
        return ratings

    def _look_up(self, hashes: Hashes) -> Values:
        place = np.searchsorted(self.hashes, hashes).clip(0, len(self.hashes) - 1)
        return np.where(self.hashes[place] == hashes, self.ratings[place], 0.0)


def entries(file: Path = FILE) -> dict[str, float]:
    """Returns what people rated, -4..4: words, runs of words, and faces."""
    rows = [line.split("\t") for line in file.read_text("utf-8").splitlines()]
    return {entry: float(rating) for entry, rating in rows}


def rated_words() -> dict[str, float]:
    """Returns the single words that people rated, in lower case, -4..4."""
    return {
        entry: rating
        for entry, rating in entries().items()
        if entry.replace("'", "").isalpha()
    }


def _runs(words: Words, n: int) -> Hashes:
    """Returns the hash of the n words from each word on; 0 at the end of a text."""
    runs = np.zeros(len(words.hashes), np.uint64)
    fits = max(len(runs) - n + 1, 0)
    whole = words.row[:fits] == words.row[n - 1 :][:fits]
    rolling = words.hashes[:fits]
    for k in range(1, n):
        rolling = (rolling ^ (rolling >> np.uint64(31))) * _STEP
        rolling = rolling + words.hashes[k : fits + k]
    runs[:fits][whole] = rolling[whole]
    return runs


def _entries(entries: Sequence[str]) -> Hashes:
    """Returns the hash of each entry as a whole."""
    flat = ngrams.flatten(list(entries))
    words = ngrams.split_words(flat)
    sizes = np.bincount(words.row, minlength=flat.n_rows)
    first = np.cumsum(sizes) - sizes
    hashes = np.zeros(len(entries), np.uint64)
    for n in np.unique(sizes):
        (long,) = np.nonzero(sizes == n)
        hashes[long] = _runs(words, int(n))[first[long]]
    return hashes


def _clauses(flat: Flat, words: Words) -> Numbers:
    """Returns the clause of each word, rising; a stop begins the next one."""
    stops = np.isin(flat.codes[words.begin], _STOPS)
    begins = np.diff(words.row, prepend=-1) > 0
    return np.cumsum(stops | begins)


def _factors(hashes: Hashes, clause: Numbers, rated: Numbers) -> Values:
    """Returns what the words before each rated word make of its rating."""
    negators, scales = _words(NEGATORS), _scales()
    negated = np.zeros(len(rated), np.int64)
    factors = np.ones(len(rated))
    for back in range(1, max(NEGATES_FOR, SCALES_FOR) + 1):
        place = np.maximum(rated - back, 0)
        near = (rated >= back) & (clause[place] == clause[rated])
        if back <= NEGATES_FOR:
            negated += near & np.isin(hashes[place], negators)
        if back <= SCALES_FOR:
            for words, factor in scales:
                factors[near & np.isin(hashes[place], words)] *= factor
    return np.where(negated % 2, NEGATED, 1.0) * factors


@functools.cache
def _words(words: tuple[str, ...]) -> Hashes:
    return _entries(words)


def _scales() -> tuple[tuple[Hashes, float], ...]:
    return (_words(STRONGER_WORDS), STRONGER), (_words(WEAKER_WORDS), WEAKER)


def label_ratings(lexicon: Lexicon, labels: Sequence[str]) -> Values:
    """Returns how good the names of emotions sound, shape (labels,), -1..1."""
    return np.array([lexicon.rating_of(_SAID.get(name, name)) for name in labels])


# Names that nobody rated, by the nearest word that people did. `realization` and
# `neutral` stay at 0.
_SAID = {"curiosity": "curious", "disapproval": "disagree"}
