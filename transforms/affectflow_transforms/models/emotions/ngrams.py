"""Hashed n-grams of texts, in NumPy and Arrow.

A text is lower-cased and read as UTF-8 bytes. Its features are the n-grams of its bytes
and of its words, hashed for the whole batch at once; there is no tokenizer and no loop
over texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from affectflow.batches.readings import CUE_BEGINS, CUE_ENDS

MAX_CHARACTERS = 10_000
"""Longer texts are cut at their end."""

SLOT_BITS = 22
BLOCKS = ("characters", "words")
"""Each kind of n-grams is scaled to length 1 by itself."""

_SMALLEST, _LARGEST = 2, 5
"""Bytes of a character n-gram."""
_WORDS = 3
"""Words of the longest word n-gram."""

_CHUNK_ROWS = 4_096
_CHUNK_CHARACTERS = 300_000

# Pinned: the weights are for these hashes. Multipliers are odd, as a hash needs.
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIXER = np.uint64(0xD6E8FEB86659FD93)
_SALTS = np.arange(16, dtype=np.uint64) * _MIXER
_LONGEST_WORD = 32
_POWERS = np.cumprod(np.full(_LONGEST_WORD, _ODD))

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


def _byte_hashes() -> Hashes:
    """Returns 256 hashes, by splitmix64."""
    state = np.arange(1, 257, dtype=np.uint64) * _ODD
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _among(*ranges: tuple[int, int], single: bytes = b"") -> Mask:
    """Returns which of the 256 bytes are in ranges, ends included, or in `single`."""
    mask = np.zeros(256, np.bool_)
    for first, last in ranges:
        mask[first : last + 1] = True
    mask[list(single)] = True
    return mask


_BYTE_HASHES = _byte_hashes()
# White space is read as a space, and digits as 0.
_FOLDED = np.arange(256, dtype=np.uint8)
_FOLDED[:33] = _FOLDED[127] = ord(" ")
_FOLDED[ord("0") : ord("9") + 1] = ord("0")
_IN_WORDS = _among((ord("a"), ord("z")), (0x80, 0xFF), single=b"0'")
# First bytes of letters in UTF-8: Latin up to 0xCD, then Greek, Cyrillic, ... Hangul.
# 0xE2 and from 0xEE on are mostly signs and emoji.
FOREIGN = _among((0xCE, 0xE1), (0xE3, 0xED))
_LETTERS = FOREIGN | _among((ord("a"), ord("z")), (0xC3, 0xCD))
_CODED = _among(single=b"/\\_=@<>{}[]()$#`0")
_LINE_BREAK = np.uint8(ord("\n"))
_CUE_BEGINS, _CUE_ENDS = np.uint8(ord(CUE_BEGINS)), np.uint8(ord(CUE_ENDS))
STOPS = _among(single=b".!?")
SPACE = np.uint8(ord(" "))


@dataclass(frozen=True, eq=False)
class Flat:
    """The texts of a chunk, one after another.

    Args:
      codes: their bytes; each text begins and ends in a space.
      row: for each byte, the position of its text, rising.
      breaks: for each byte, whether it is a space for white space with a line break.
      part: for each byte, the position of its part, rising. A text without cues is one
        part; otherwise each cue is a part, and so is each stretch between cues.
      cue: for each byte, whether it is of a cue; None if there are none.
      n_rows: number of texts.
    """

    codes: Bytes
    row: Rows
    breaks: Mask
    part: Rows
    cue: Mask | None
    n_rows: int


@dataclass(frozen=True, eq=False)
class Grams:
    """The n-grams of the texts of a chunk, by text.

    Args:
      slots: the hash of each n-gram, 0 .. 2**SLOT_BITS - 1.
      ends: shape (texts + 1,): text i has slots[ends[i]:ends[i + 1]].
    """

    slots: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Placed:
    """The n-grams of a chunk in the order of where they begin.

    Args:
      slots: as in `Grams`.
      before: shape (positions + 1,): how many n-grams begin before each byte or word.
    """

    slots: npt.NDArray[np.int32]
    before: npt.NDArray[np.int64]

    def by(self, group: Rows, n_groups: int) -> Grams:
        """Returns the n-grams by the group that they begin in.

        Args:
          group: for each position, its group, rising.
          n_groups: number of groups.
        """
        first = np.searchsorted(group, np.arange(n_groups + 1))
        return Grams(slots=self.slots, ends=self.before[first])

    def at(self, places: npt.NDArray[np.intp]) -> "Placed":
        """Returns the n-grams that begin at some positions, which rise."""
        sizes = np.diff(self.before)[places]
        before = np.concatenate([[0], np.cumsum(sizes)])
        moved = np.repeat(self.before[places] - before[:-1], sizes)
        return Placed(self.slots[moved + np.arange(len(moved))], before)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of the texts of a chunk: runs of letters, else single characters.

    Args:
      hashes: one for each word.
      row: for each word, the position of its text, rising.
      part: for each word, the position of its part, rising: see `Flat`.
      begin: for each word, the position of its first byte.
    """

    hashes: Hashes
    row: Rows
    part: Rows
    begin: npt.NDArray[np.intp]

    def at(self, places: npt.NDArray[np.intp]) -> "Words":
        """Returns some of the words."""
        return Words(
            hashes=self.hashes[places],
            row=self.row[places],
            part=self.part[places],
            begin=self.begin[places],
        )


def flatten(texts: list[str]) -> Flat:
    """Returns texts in lower case, with runs shortened: `Sooo   good` is `soo good`.

    A run of one character is cut to two, and a run of white space to one.
    """
    column = pc.replace_substring(pa.array(texts, pa.string()), "\u2019", "'")
    column = pc.utf8_lower(column)
    column = pc.binary_join_element_wise("", column, "", " ")
    _, offsets, values = column.buffers()
    ends = np.frombuffer(offsets, np.int32)[: len(column) + 1]
    raw = np.frombuffer(values, np.uint8)[: ends[-1]]
    codes = _FOLDED[raw]
    row = np.repeat(np.arange(len(column), dtype=np.int32), np.diff(ends))
    kept = np.ones(len(codes), np.bool_)
    same = codes[1:] == codes[:-1]
    kept[2:] = ~(same[1:] & same[:-1])
    kept[1:] &= ~(same & (codes[1:] == SPACE))
    # The space before a text follows the one after the previous text.
    kept[ends[:-1]] = True
    (marks,) = np.nonzero((raw | 1) == _CUE_ENDS)  # Or begins: they differ by a bit.
    kept[marks] = True
    (begin,) = np.nonzero(kept)
    breaks = np.logical_or.reduceat(raw == _LINE_BREAK, begin) if len(begin) else kept
    row = row[kept]
    part, cue = row, None
    if len(marks):
        places = np.union1d(ends[:-1], marks)
        first = np.searchsorted(begin, places)
        part, cue = _parts(first, raw[places] == _CUE_BEGINS, len(begin))
    return Flat(
        codes=codes[kept],
        row=row,
        breaks=breaks,
        part=part,
        cue=cue,
        n_rows=len(column),
    )


def _parts(
    first: npt.NDArray[np.intp], is_cue: Mask, n_bytes: int
) -> tuple[Rows, Mask]:
    """Returns the part of each byte, and which bytes are of a cue."""
    sizes = np.diff(first, append=n_bytes)
    part = np.repeat(np.arange(len(first), dtype=np.int32), sizes)
    return part, np.repeat(is_cue, sizes)


def character_grams(flat: Flat) -> Placed:
    """Returns all runs of 2 to 5 bytes within a text, spaces included."""
    size = len(flat.codes)
    shape = (size, _LARGEST - _SMALLEST + 1)
    # Positions before sizes: flattened, the n-grams of a text stay together.
    found, inside = np.zeros(shape, np.uint64), np.zeros(shape, np.bool_)
    hashes = _BYTE_HASHES[flat.codes]
    rolling = hashes
    for n in range(2, _LARGEST + 1):
        fits = max(size - n + 1, 0)
        rolling = rolling[:fits] * _ODD + hashes[n - 1 :]
        found[:fits, n - _SMALLEST] = rolling + _SALTS[n]
        inside[:fits, n - _SMALLEST] = flat.part[:fits] == flat.part[n - 1 :]
    return _placed(found, inside)


def word_grams(words: Words) -> Placed:
    """Returns runs of 1 to 3 words, and pairs of words with one between them."""
    size = len(words.hashes)
    shape = (size, _WORDS + 1)
    found, inside = np.zeros(shape, np.uint64), np.zeros(shape, np.bool_)
    rolling = words.hashes * _MIXER + _SALTS[1]
    found[:, 0], inside[:, 0] = rolling, True
    for n in range(2, _WORDS + 1):
        fits = max(size - n + 1, 0)
        rolling = _mixed(rolling[:fits]) * _ODD + words.hashes[n - 1 :]
        found[:fits, n - 1] = rolling
        inside[:fits, n - 1] = words.part[:fits] == words.part[n - 1 :]
    around = _mixed(words.hashes[:fits]) * _MIXER + words.hashes[2:] * _ODD
    found[:fits, _WORDS] = around + _SALTS[15]
    inside[:fits, _WORDS] = inside[:fits, _WORDS - 1]
    return _placed(found, inside)


def slot_of(phrase: str) -> int:
    """Returns the slot of the n-gram that spans a phrase of one to three words."""
    _, words = features([phrase])
    # The n-grams that begin at the first word come first, by their length.
    return int(words.slots[len(phrase.split()) - 1])


def _mixed(hashes: Hashes) -> Hashes:
    return hashes ^ (hashes >> np.uint64(31))


def _placed(found: Hashes, inside: Mask) -> Placed:
    slots = _slots(found[inside])
    return Placed(slots, np.concatenate([[0], np.cumsum(inside.sum(axis=1))]))


def _slots(hashes: Hashes) -> npt.NDArray[np.int32]:
    hashes = (hashes ^ (hashes >> np.uint64(29))) * _MIXER
    return (hashes >> np.uint64(64 - SLOT_BITS)).astype(np.int32)


def split_words(flat: Flat) -> Words:
    """Returns words: `don't!! 😂` has four, and Chinese one for each character."""
    codes = flat.codes
    inside, blank = _IN_WORDS[codes], codes == SPACE
    starts = ~inside & ~blank
    # What UTF-8 writes in three or four bytes is mostly emoji, dashes and CJK.
    wide = codes >= 0xE0
    after = np.zeros(len(codes), np.bool_)
    after[3:] = wide[:-3] & (codes[:-3] < 0xF0)
    after[4:] |= codes[:-4] >= 0xF0
    after[1:] |= ~inside[:-1]
    starts |= inside & (wide | after)
    (begin,) = np.nonzero(starts)
    hashes = _hash_words(codes, blank, starts, begin)
    return Words(hashes=hashes, row=flat.row[begin], part=flat.part[begin], begin=begin)


def _hash_words(
    codes: Bytes, blank: Mask, starts: Mask, begin: npt.NDArray[np.intp]
) -> Hashes:
    if not len(begin):
        return np.zeros(0, np.uint64)
    word = np.maximum(np.cumsum(starts) - 1, 0)
    place = np.clip(np.arange(len(codes)) - begin[word], 0, _LONGEST_WORD - 1)
    terms = np.where(blank, np.uint64(0), _BYTE_HASHES[codes] * _POWERS[place])
    return np.add.reduceat(terms, begin)


def features(texts: list[str]) -> tuple[Grams, Grams]:
    """Returns the n-grams of `BLOCKS`. Texts are not cut: see `chunks`."""
    flat = flatten(texts)
    words = split_words(flat)
    characters = character_grams(flat).by(flat.row, flat.n_rows)
    return characters, word_grams(words).by(words.row, flat.n_rows)


def chunks(texts: list[str]) -> Iterator[list[str]]:
    """Yields texts cut at `MAX_CHARACTERS`, as many as memory is meant for at once."""
    chunk: list[str] = []
    size = 0
    for text in texts:
        chunk.append(text[:MAX_CHARACTERS])
        size += len(chunk[-1])
        if len(chunk) == _CHUNK_ROWS or size >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def count(grams: Grams, rows: npt.NDArray[np.int32], size: int) -> sparse.csr_matrix:
    """Returns how often each text has each feature, shape (texts, size).

    Args:
      grams: n-grams of one kind.
      rows: the feature of each slot, or -1.
      size: number of features.
    """
    feature = rows[grams.slots]
    used = feature >= 0
    before = np.concatenate([[0], np.cumsum(used)])
    feature = feature[used]
    shape = (len(grams.ends) - 1, size)
    ones = np.ones(len(feature), np.float32)
    return sparse.csr_matrix((ones, feature, before[grams.ends]), shape=shape)


def plain_words(flat: Flat, words: Words) -> Mask:
    """Returns which words are of letters, and in no address, path or code."""
    between = np.cumsum(flat.codes == SPACE)
    n_runs = int(between[-1]) + 1 if len(between) else 0
    coded = np.bincount(between[_CODED[flat.codes]], minlength=n_runs) > 0
    plain: Mask = _LETTERS[flat.codes[words.begin]] & ~coded[between[words.begin]]
    return plain


def short(hashes: Hashes) -> npt.NDArray[np.uint32]:
    """Returns the upper half of hashes."""
    return (hashes >> np.uint64(32)).astype(np.uint32)
