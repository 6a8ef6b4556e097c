"""The n-grams of a chunk by sentence, and the words that a negation reaches.

A cue in words, such as a face, is weighted separately: among a text's own words it
would weaken all of them, and it would itself get weaker the more words there are.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.ngrams import (
    Flat,
    Grams,
    Mask,
    Placed,
    Rows,
    Words,
)

REACH = 4
"""Words behind a negation that it reaches, within its clause."""
NEGATIONS = (
    *("no", "not", "never", "nothing", "nobody", "none", "neither", "nor", "without"),
    *("cannot", "hardly", "barely", "ain't", "aren't", "can't", "cant", "couldn't"),
    *("didn't", "didnt", "doesn't", "doesnt", "don't", "dont", "hadn't", "hasn't"),
    *("haven't", "isn't", "isnt", "mustn't", "needn't", "shouldn't", "wasn't"),
    *("weren't", "won't", "wouldn't"),
)
ENDINGS = (",", ";", ":", "(", ")", "but", "just", "because")
"""Words that end the reach of a negation; so does the end of a sentence."""
SHARE = 0.25
"""Weight of cues beside own words, each scaled to length 1. Alone they count fully."""

Places = npt.NDArray[np.intp]
Block = npt.NDArray[np.floating[Any]]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sentences:
    """The n-grams of a chunk by sentence.

    Args:
      blocks: one row per sentence; an n-gram belongs to the sentence in which it
        begins.
      words: n-grams of words, one row per text.
      before: shape (words + 1,): how many n-grams begin before each word of `split`.
      first: shape (texts,): the first sentence of each text; each has at least one.
      split: the words themselves.
      of_words: for each of `split`, its sentence, rising.
      cues: the part that belongs to cues; None if there are none.
    """

    blocks: tuple[Grams, Grams]
    words: Grams
    before: npt.NDArray[np.int64]
    first: Rows
    split: Words
    of_words: Rows
    cues: "Cues | None" = None

    @property
    def n_sentences(self) -> int:
        """Sentences of all texts."""
        return len(self.blocks[0].ends) - 1

    @functools.cached_property
    def word_slots(self) -> Rows:
        """The slot of each word by itself: the first n-gram that begins with it."""
        return self.words.slots[self.before[:-1]]

    @functools.cached_property
    def negated(self) -> Mask:
        """Which words a negation reaches."""
        slots = self.word_slots
        clause = self.of_words + self.split.part + np.cumsum(_slots_of(ENDINGS)[slots])
        return reached(_slots_of(NEGATIONS)[slots], clause)

    def begins(self, grams: Places) -> Places:
        """Returns the word of `split` that n-grams of `words` begin with."""
        return np.searchsorted(self.before, grams, side="right") - 1


class Cues(NamedTuple):
    """The n-grams of cues in words, by sentence.

    Attributes:
      read: the sentences that have cues, each as a text of its own.
      at: which sentences these are, rising.
    """

    read: Sentences
    at: Places


class Sums(NamedTuple):
    """Sums of sentences or texts, a block for each kind of features.

    Each has one row per sentence or text; the last column is the squared length.

    Attributes:
      own: the sums of own words.
      said: the sums of cues in words, for the rows that have some.
      at: which rows these are, rising.
    """

    own: tuple[Block, ...]
    said: tuple[Block, ...]
    at: Places

    def by_text(self, first: Rows) -> "Sums":
        """Returns the sums of texts from those of sentences: see `Sentences.first`."""
        own = tuple(np.add.reduceat(block, first, axis=0) for block in self.own)
        if not len(self.at):
            return Sums(own=own, said=self.said, at=self.at)
        text = np.searchsorted(first, self.at, side="right") - 1
        return Sums(own, *_gathered(self.said, text))

    def evidence(self) -> Values:
        """Returns what sums amount to: each block scaled to length 1, and added up."""
        evidence = _added(self.own)
        if len(self.at):
            share = share_of_cues(self.own[-1][self.at, -1:])
            evidence[self.at] += share * _added(self.said)
        return evidence


def _gathered(
    blocks: Sequence[Block], group: Places
) -> tuple[tuple[Block, ...], Places]:
    """Returns sums of rows of one group, which rise, and the groups."""
    (first,) = np.nonzero(np.diff(group, prepend=-1))
    return tuple(np.add.reduceat(b, first, axis=0) for b in blocks), group[first]


def share_of_cues(length: Block) -> Values:
    """Returns the weight of cues beside own words of a squared length."""
    return np.where(length > 0, SHARE, 1.0)


def _added(blocks: Sequence[Block]) -> Values:
    total: Any = 0.0
    for block in blocks:
        norms = np.sqrt(np.maximum(block[:, -1:], 1.0))
        total = total + (block[:, :-1] / norms).astype(np.float64)
    values: Values = total
    return values


def features_by_sentence(texts: list[str]) -> Sentences:
    """Returns the n-grams of `BLOCKS` by sentence. Texts are not cut: see `chunks`."""
    flat = ngrams.flatten(texts)
    words = ngrams.split_words(flat)
    characters, of_words = ngrams.character_grams(flat), ngrams.word_grams(words)
    sentence = sentence_of(flat)
    n_sentences = int(sentence[-1]) + 1 if len(sentence) else 0
    of_each = sentence[words.begin]
    return Sentences(
        blocks=(
            characters.by(sentence, n_sentences),
            of_words.by(of_each, n_sentences),
        ),
        words=of_words.by(words.row, flat.n_rows),
        before=of_words.before,
        first=sentence[np.searchsorted(flat.row, np.arange(flat.n_rows))],
        split=words,
        of_words=of_each,
        cues=_cues(flat, words, (characters, of_words), sentence),
    )


def _cues(
    flat: Flat, words: Words, placed: tuple[Placed, Placed], sentence: Rows
) -> Cues | None:
    if flat.cue is None:
        return None
    (places,) = np.nonzero(flat.cue)
    (of_cues,) = np.nonzero(flat.cue[words.begin])
    at, row = np.unique(sentence[places], return_inverse=True)
    of_each = np.searchsorted(at, sentence[words.begin[of_cues]]).astype(np.int32)
    characters, of_words = placed[0].at(places), placed[1].at(of_cues)
    grams = of_words.by(of_each, len(at))
    read = Sentences(
        blocks=(characters.by(row.astype(np.int32), len(at)), grams),
        words=grams,
        before=of_words.before,
        first=np.arange(len(at), dtype=np.int32),
        split=words.at(of_cues),
        of_words=of_each,
    )
    return Cues(read, at.astype(np.intp))


def sentence_of(flat: Flat) -> Rows:
    """Returns the sentence of each byte, rising.

    A sentence ends at a line break, or at `.`, `!` or `?` before white space. The space
    at the end of a text does not begin a sentence.
    """
    codes, row = flat.codes, flat.row
    begins = np.zeros(len(codes), np.bool_)
    begins[:1] = True
    begins[1:] = row[1:] != row[:-1]
    stops = (codes[1:-1] == ngrams.SPACE) & ngrams.STOPS[codes[:-2]]
    begins[1:-1] |= (stops | flat.breaks[1:-1]) & (row[:-2] == row[2:])
    return np.cumsum(begins, dtype=np.int32) - np.int32(1)


@functools.cache
def _slots_of(words: tuple[str, ...]) -> Mask:
    """Returns which slots are of one of some words."""
    found = np.zeros(2**ngrams.SLOT_BITS, np.bool_)
    found[[ngrams.slot_of(word) for word in words]] = True
    return found


def reached(negating: Mask, clause: Rows) -> Mask:
    """Returns which words a negation reaches: the next `REACH` of its clause.

    Args:
      negating: for each word, whether it negates.
      clause: the clause of each word, rising.
    """
    place = np.arange(len(negating))
    last = np.maximum.accumulate(np.where(negating, place, -1 - REACH))
    # A negation does not reach itself, but it does reach the next one.
    before = np.full(len(negating), -1 - REACH)
    before[1:] = last[:-1]
    near = (place - before <= REACH) & (before >= 0)
    found: Mask = near & (clause[np.maximum(before, 0)] == clause)
    return found
