"""Features of spans, as numbers of weights; the same in training and in use.

A span's score is the sum of weights of where it begins, where it ends, the words in it,
its sentence, and its length. So all spans of many messages are scored by few look-ups.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from affectflow_transforms.miners.rank.tokens import (
    GAPS,
    MAX_SENTENCES,
    Numbers,
    Tokens,
    joined,
)
from affectflow_transforms.miners.rank.words import (
    BITS,
    GROUPS,
    PARTS,
    families_of,
    group_of,
)

MAX_WORDS = 16
"""Longest cause."""
NOTHING = 0
"""The feature that is not there; its weight is 0."""
_P, _G, _FAR = 2 * len(PARTS), len(GAPS), 6
_TOTALS = np.array([5, 10, 20, 40, 80, 120])
_LENGTHS = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 40])


Columns = list[Numbers]


@dataclass(frozen=True, eq=False)
class Case:
    """One question: what caused this emotion, of the words of one message?"""

    tokens: Tokens
    label: str


@dataclass(frozen=True, eq=False)
class Layout:
    """The spans of many cases, with their features: numbers of weights.

    Args:
      starts: features of a span that begins at a word, one after the other.
      ends: of one that ends there.
      inside: of a word in a span.
      sentences: of a sentence.
      cases: of having no cause at all.
      calm: of a word, for having no cause.
      spans: of a span itself.
      first: the word at which each span begins.
      last: that at which it ends.
      sentence: its sentence.
      bounds: the first span of each case, and the end; shape (cases + 1,).
      base: the first word of each case.
      says: how many words tell of something else than the emotion, up to each word;
        shape (words + 1,).
      n_features: how many weights there are.
    """

    starts: Columns
    ends: Columns
    inside: Columns
    sentences: Columns
    cases: Columns
    calm: Columns
    spans: Columns
    first: Numbers
    last: Numbers
    sentence: Numbers
    bounds: Numbers
    base: Numbers
    says: Numbers
    n_features: int


class Table:
    """Hands out numbers of weights: each feature has a range of its own."""

    def __init__(self) -> None:
        self.size = NOTHING + 1

    def add(self, codes: Numbers, size: int) -> Numbers:
        """Returns the numbers of a feature's codes, which are below `size`."""
        first, self.size = self.size, self.size + size
        return codes + first

    def of_group(self, codes: Numbers, size: int, groups: Numbers) -> Iterator[Numbers]:
        """Yields a feature for all emotions, and one for each group of them."""
        yield self.add(codes, size)
        yield self.add(codes + size * groups, size * len(GROUPS))


@dataclass(frozen=True, eq=False)
class _Words:
    """The words of all cases, one after the other."""

    words: Numbers
    parts: Numbers
    before: Numbers
    after: Numbers
    feels: npt.NDArray[np.bool_]
    telling: npt.NDArray[np.bool_]
    classes: Numbers
    groups: Numbers
    place: Numbers
    rest: Numbers
    sentence: Numbers


def lay_out(cases: Sequence[Case], told: Numbers, n_words: int) -> Layout:
    """Returns the features of all spans of `cases`, each of which has a word.

    Args:
      cases: what is asked.
      told: what each row of words is; see `Words`.
      n_words: size of the vocabulary, with 0 for a word that is not in it.
    """
    sizes = np.array([s for c in cases for s in c.tokens.sizes])
    counts = np.array([len(c.tokens.sizes) for c in cases])
    words = _words(cases, told, sizes, counts)
    table = Table()
    spans = [_spans(int(size)) for size in sizes]
    offsets = np.cumsum(sizes) - sizes
    lengths = np.array([len(each[0]) for each in spans])
    moved = np.repeat(offsets, lengths)
    first = np.concatenate([each[0] for each in spans])
    last = np.concatenate([each[1] for each in spans])
    edges = np.concatenate([each[2] for each in spans])
    # Spans of each case stand together, as its sentences do.
    ends_of = np.cumsum(counts)
    upto = np.concatenate([[0], np.cumsum(lengths)])
    return Layout(
        starts=[*_of_starts(table, words, n_words)],
        ends=[*_of_ends(table, words, n_words)],
        inside=[*_of_words(table, words, n_words)],
        sentences=[*_of_sentences(table, cases, words, sizes, counts, n_words)],
        cases=[*_of_cases(table, cases, words, counts)],
        calm=[*table.of_group(words.words, n_words, words.groups)],
        spans=[table.add(last - first, MAX_WORDS), table.add(edges, 4)],
        first=first + moved,
        last=last + moved,
        sentence=np.repeat(np.arange(len(sizes)), lengths),
        bounds=upto[np.concatenate([[0], ends_of])],
        base=offsets[ends_of - counts],
        says=np.concatenate([[0], np.cumsum(words.telling & ~words.feels)]),
        n_features=table.size,
    )


@lru_cache(maxsize=1 << 10)
def _spans(size: int) -> tuple[Numbers, Numbers, Numbers]:
    """Returns first and last words of the spans of a sentence, and their edges."""
    first, last = np.triu_indices(size)
    kept = last - first < MAX_WORDS
    first, last = first[kept], last[kept]
    return first, last, (first == 0) + 2 * (last == size - 1)


def _words(
    cases: Sequence[Case], told: Numbers, sizes: Numbers, counts: Numbers
) -> _Words:
    per_case = np.array([len(c.tokens.rows) for c in cases])
    numbers, parts, classes, telling = told[joined([c.tokens.rows for c in cases])].T
    families = np.repeat([families_of(c.label) for c in cases], per_case)
    feels = (classes & families) != 0
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    place = np.arange(len(classes)) - starts
    rest = np.repeat(sizes, sizes) - 1 - place
    before = joined([c.tokens.gaps for c in cases])
    after = np.append(before[1:], 0)
    after[rest == 0] = joined([c.tokens.closing for c in cases])
    return _Words(
        words=numbers,
        parts=2 * parts + feels,
        before=before,
        after=after,
        feels=feels,
        telling=telling != 0,
        classes=classes,
        groups=np.repeat([group_of(c.label) for c in cases], per_case),
        place=place,
        rest=rest,
        sentence=np.repeat(np.arange(len(sizes)), sizes),
    )


def _shifted(values: Numbers, by: int, inside: npt.NDArray[np.bool_]) -> Numbers:
    """Returns the values of the neighbours, 0 beyond the ends of a sentence."""
    return np.where(inside, np.roll(values, by), 0)


def _of_starts(table: Table, w: _Words, n_words: int) -> Iterator[Numbers]:
    near, far = w.place > 0, w.place > 1
    word, part = _shifted(w.words, 1, near), _shifted(w.parts, 1, near)
    earlier = _shifted(w.parts, 2, far)
    yield table.add(w.words, n_words)
    yield from table.of_group(word, n_words, w.groups)
    yield from table.of_group(w.parts, _P, w.groups)
    yield table.add(part, _P)
    yield table.add(part * _P + w.parts, _P * _P)
    yield table.add(earlier * _P + part, _P * _P)
    yield table.add(w.before, _G)
    yield table.add(w.before * _P + w.parts, _G * _P)
    yield table.add(w.before * _P + part, _G * _P)
    yield table.add(np.minimum(w.place, _FAR), _FAR + 1)
    for marked in (w.feels, (w.classes & BITS["strong"]) != 0):
        yield from table.of_group(_since(marked, w.place), _FAR + 1, w.groups)


def _of_ends(table: Table, w: _Words, n_words: int) -> Iterator[Numbers]:
    near = w.rest > 0
    word, part = _shifted(w.words, -1, near), _shifted(w.parts, -1, near)
    yield table.add(w.words, n_words)
    yield from table.of_group(word, n_words, w.groups)
    yield table.add(w.parts, _P)
    yield table.add(part, _P)
    yield table.add(w.parts * _P + part, _P * _P)
    yield table.add(w.after, _G)
    yield table.add(w.after * _P + part, _G * _P)
    yield table.add(w.after * _P + w.parts, _G * _P)
    yield table.add(np.minimum(w.rest, _FAR), _FAR + 1)
    for marked in (w.feels, (w.classes & BITS["strong"]) != 0):
        ahead = _since(marked[::-1], w.rest[::-1])[::-1]
        yield from table.of_group(ahead, _FAR + 1, w.groups)


def _since(marked: npt.NDArray[np.bool_], place: Numbers) -> Numbers:
    """Returns how many words ago a marked one stood in the sentence; 0 if none did."""
    here = np.arange(len(marked))
    latest = np.maximum.accumulate(np.where(marked, here, -1))
    latest = np.concatenate([[-1], latest[:-1]])
    distance = here - latest
    return np.where((latest >= 0) & (distance <= place), np.minimum(distance, _FAR), 0)


def _of_words(table: Table, w: _Words, n_words: int) -> Iterator[Numbers]:
    yield from table.of_group(w.words, n_words, w.groups)
    yield from table.of_group(w.parts, _P, w.groups)
    # What stands before the first word of a span is not inside it, but counts here: the
    # weight of a beginning takes it back.
    yield table.add(w.before, _G)
    for bit in BITS.values():
        has = (w.classes & bit) != 0
        for codes in table.of_group(np.zeros_like(w.words), 1, w.groups):
            yield np.where(has, codes, NOTHING)


def _of_sentences(
    table: Table,
    cases: Sequence[Case],
    w: _Words,
    sizes: Numbers,
    counts: Numbers,
    n_words: int,
) -> Iterator[Numbers]:
    first = np.cumsum(sizes) - sizes
    groups, words = w.groups[first], w.words[first]
    number = np.arange(len(sizes)) - np.repeat(np.cumsum(counts) - counts, counts)
    n = np.repeat(counts, counts)
    back = n - 1 - number
    feels = _any_in(w.feels, first)
    has = {
        name: _any_in((w.classes & BITS[name]) != 0, first)
        for name in ("strong", "trouble", "good news")
    }
    anywhere = np.repeat(_any_in(feels, np.cumsum(counts) - counts), counts)
    total = np.repeat(np.add.reduceat(sizes, np.cumsum(counts) - counts), counts)
    for codes, size in (
        (np.minimum(number, 6), 7),
        (np.minimum(back, 4), 5),
        (np.minimum(n, 9) * 4 + np.minimum(number, 3), 40),
        (feels * 2 + anywhere, 4),
        (_around(feels, number, back), 8),
        (_around(has["strong"], number, back), 8),
        (has["trouble"], 2),
        (has["good news"], 2),
        (w.after[first + sizes - 1], _G),
        (np.searchsorted(_LENGTHS, sizes), len(_LENGTHS) + 1),
        (np.searchsorted(_TOTALS, total) * 5 + np.minimum(number, 4), 35),
        (words, n_words),
        (_shifted(words, -1, back > 0), n_words),
    ):
        yield from table.of_group(np.asarray(codes), size, groups)


def _any_in(marked: npt.NDArray[np.bool_], first: Numbers) -> npt.NDArray[np.bool_]:
    return np.logical_or.reduceat(marked, first)


def _around(marked: npt.NDArray[np.bool_], number: Numbers, back: Numbers) -> Numbers:
    codes = marked.astype(np.int64)
    after, before = _shifted(codes, -1, back > 0), _shifted(codes, 1, number > 0)
    return codes * 4 + after * 2 + before


def _of_cases(
    table: Table, cases: Sequence[Case], w: _Words, counts: Numbers
) -> Iterator[Numbers]:
    per_case = np.array([len(c.tokens.rows) for c in cases])
    first = np.cumsum(per_case) - per_case
    groups = w.groups[first]
    for codes, size in (
        (np.searchsorted(_TOTALS, per_case), len(_TOTALS) + 1),
        (np.minimum(counts, MAX_SENTENCES), MAX_SENTENCES + 1),
        (_any_in(w.feels, first), 2),
        *((_any_in((w.classes & bit) != 0, first), 2) for bit in BITS.values()),
    ):
        yield from table.of_group(np.asarray(codes), size, groups)
