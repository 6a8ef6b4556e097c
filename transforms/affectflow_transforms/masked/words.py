"""Texts as tokens whose words are known: what is masked is masked as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow.errors import UsageError
from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.masked.lexicon import Lexicon
from affectflow_transforms.models.pretrained.tokens import Ints, Tokens

_AT_ONCE = 4_096
_LONGEST_TERM = 8
"""The most words of a tokenizer that a term of a lexicon can have."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Words:
    """Texts as rows of tokens. A text that is too long gives several rows.

    Args:
      tokens: of all rows.
      word: shape (tokens,): the word that each is of, counted over all rows; -1 of a
        special token.
      starts: shape (rows + 1,): the first word of each row.
      sizes: shape (words,): tokens of each.
      in_lexicon: shape (words,).
      texts: shape (rows,): the place of the text of each row.
    """

    tokens: Tokens
    word: Ints
    starts: Ints
    sizes: Ints
    in_lexicon: npt.NDArray[np.bool_]
    texts: Ints

    def rows_of(self, texts: Rows) -> Rows:
        """Returns the rows of some texts."""
        return np.flatnonzero(np.isin(self.texts, texts))

    def of(self, rows: Rows) -> Ints:
        """Returns the words of some rows, in their order."""
        spans = [np.arange(self.starts[r], self.starts[r + 1]) for r in rows]
        return np.concatenate([np.zeros(0, np.int64), *spans])


def words_of(
    tokenizer: Any,
    texts: Sequence[str],
    lexicon: Lexicon,
    max_tokens: int,
    segments: Sequence[Sequence[str] | None] = (),
) -> Words:
    """Returns the tokens of texts, and their words.

    Words are those of the tokenizer, or the segments of a text where they are given. A
    term of the lexicon is one word, even if the tokenizer makes several of it; the
    longest one counts.

    Args:
      tokenizer: of the library `tokenizers`; its truncation and padding are set here.
      texts: any number of them.
      lexicon: which words are marked.
      max_tokens: longest row, special tokens included.
      segments: the words of each text in their order, or None.

    Raises:
      UsageError: a segment is not in its text.
    """
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    made = _Making()
    for start in range(0, len(texts), _AT_ONCE):
        chunk = list(texts[start : start + _AT_ONCE])
        for place, encoded in enumerate(tokenizer.encode_batch(chunk), start):
            given = segments[place] if segments else None
            made.add(place, texts[place], encoded, lexicon, given)
    return made.words()


class _Making:
    """Collects the rows of texts, one text after the other."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.word: list[int] = []
        self.lengths: list[int] = []
        self.counts: list[int] = []
        self.sizes: list[int] = []
        self.marked: list[bool] = []
        self.texts: list[int] = []

    def add(
        self,
        place: int,
        text: str,
        encoded: Any,
        lexicon: Lexicon,
        segments: Sequence[str] | None,
    ) -> None:
        windows = [encoded, *encoded.overflowing]
        spans = _spans_of(text, segments, place)
        keys = [_keys(each, spans) for each in windows]
        leads, marked = _terms(text, windows, keys, lexicon)
        for window, own in zip(windows, keys, strict=True):
            numbers: dict[int, int] = {}
            for key in own:
                lead = leads.get(key, -1)
                if lead >= 0 and lead not in numbers:
                    numbers[lead] = len(self.sizes)
                    self.sizes.append(0)
                    self.marked.append(lead in marked)
                number = numbers.get(lead, -1)
                self.word.append(number)
                if number >= 0:
                    self.sizes[number] += 1
            self.ids += window.ids
            self.lengths.append(len(window.ids))
            self.counts.append(len(numbers))
            self.texts.append(place)

    def words(self) -> Words:
        lengths = np.array(self.lengths, np.int64)
        return Words(
            tokens=Tokens(
                flat=np.array(self.ids, np.int64),
                starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
                truncated=np.zeros(len(lengths), np.bool_),
            ),
            word=np.array(self.word, np.int64),
            starts=np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)]),
            sizes=np.array(self.sizes, np.int64),
            in_lexicon=np.array(self.marked, np.bool_),
            texts=np.array(self.texts, np.int64),
        )


def _keys(window: Any, spans: list[tuple[int, int]]) -> list[int]:
    """Returns a number of the word of each token; -1 of a special one."""
    special = window.special_tokens_mask
    keys = [
        -1 if skip or word is None else int(word)
        for word, skip in zip(window.word_ids, special, strict=True)
    ]
    if not spans:
        return keys
    ends = np.array([end for _, end in spans])
    found = []
    for key, (start, end) in zip(keys, window.offsets, strict=True):
        at = int(np.searchsorted(ends, start, side="right"))
        inside = at < len(spans) and spans[at][0] < end
        # What is in no segment stays a word of the tokenizer, behind all segments.
        found.append(key if key < 0 else at if inside else len(spans) + key)
    return found


def _spans_of(
    text: str, segments: Sequence[str] | None, place: int
) -> list[tuple[int, int]]:
    """Returns where segments are in their text."""
    spans: list[tuple[int, int]] = []
    at = 0
    for segment in segments or ():
        start = text.find(segment, at)
        if start < 0:
            raise UsageError(
                f"row {place + 1} has the word {segment!r}, which is not in its text "
                "behind the words before it: give the words of the text as they are"
            )
        at = start + len(segment)
        if segment:
            spans.append((start, at))
    return spans


def _terms(
    text: str, windows: Sequence[Any], keys: Sequence[Sequence[int]], lexicon: Lexicon
) -> tuple[dict[int, int], set[int]]:
    """Returns the first word of the term that each word is of, and those marked.

    A word that is in no term is its own.
    """
    ends: dict[int, list[int]] = {}
    for window, own in zip(windows, keys, strict=True):
        for key, (start, end) in zip(own, window.offsets, strict=True):
            if key >= 0:
                span = ends.setdefault(key, [start, end])
                span[:] = [min(span[0], start), max(span[1], end)]
    order = sorted(ends, key=lambda key: ends[key][0])
    leads = {key: key for key in order}
    marked: set[int] = set()
    at = 0
    while at < len(order) and len(lexicon):
        size = _longest(
            text, [ends[k] for k in order[at : at + _LONGEST_TERM]], lexicon
        )
        if size:
            marked.add(order[at])
            leads |= dict.fromkeys(order[at : at + size], order[at])
        at += size or 1
    return leads, marked


def _longest(text: str, spans: Sequence[Sequence[int]], lexicon: Lexicon) -> int:
    """Returns how many words the longest term has that begins here; 0 for none."""
    begins = spans[0][0]
    sizes = range(len(spans), 0, -1)
    return next((n for n in sizes if text[begins : spans[n - 1][1]] in lexicon), 0)
