"""The n-grams of a chunk by sentence, and the words that a negation reaches."""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.ngrams import (
    Flat,
    Grams,
    Mask,
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

Places = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Sentences:
    """The n-grams of a chunk by sentence.

    Args:
      blocks: one row a sentence; an n-gram is of the sentence that it begins in.
      words: n-grams of words, one row a text.
      before: shape (words + 1,): how many of them begin before each word of `split`.
      first: shape (texts,): the first sentence of each text; each has at least one.
      split: the words themselves.
      of_words: for each of `split`, its sentence, rising.
    """

    blocks: tuple[Grams, Grams]
    words: Grams
    before: npt.NDArray[np.int64]
    first: Rows
    split: Words
    of_words: Rows

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
        clause = self.of_words + np.cumsum(_slots_of(ENDINGS)[slots])
        return reached(_slots_of(NEGATIONS)[slots], clause)

    def begins(self, grams: Places) -> Places:
        """Returns the word of `split` that n-grams of `words` begin with."""
        return np.searchsorted(self.before, grams, side="right") - 1


def features_by_sentence(texts: list[str]) -> Sentences:
    """Returns the n-grams of `BLOCKS` by sentence. Texts are not cut: see `chunks`."""
    flat = ngrams.flatten(texts)
    words = ngrams.split_words(flat)
    of_words = ngrams.word_grams(words)
    sentence = sentence_of(flat)
    n_sentences = int(sentence[-1]) + 1 if len(sentence) else 0
    of_each = sentence[words.begin]
    return Sentences(
        blocks=(
            ngrams.character_grams(flat).by(sentence, n_sentences),
            of_words.by(of_each, n_sentences),
        ),
        words=of_words.by(words.row, flat.n_rows),
        before=of_words.before,
        first=sentence[np.searchsorted(flat.row, np.arange(flat.n_rows))],
        split=words,
        of_words=of_each,
    )


def sentence_of(flat: Flat) -> Rows:
    """Returns the sentence of each byte, rising.

    One ends at a line break, or at `.`, `!` or `?` with white space behind it. The
    space at the end of a text begins no sentence of its own.
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
      clause: that of each word, rising.
    """
    place = np.arange(len(negating))
    last = np.maximum.accumulate(np.where(negating, place, -1 - REACH))
    # A negation does not reach itself, but one does reach the next.
    before = np.full(len(negating), -1 - REACH)
    before[1:] = last[:-1]
    near = (place - before <= REACH) & (before >= 0)
    found: Mask = near & (clause[np.maximum(before, 0)] == clause)
    return found
