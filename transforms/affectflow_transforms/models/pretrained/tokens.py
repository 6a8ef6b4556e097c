"""The tokens of texts, and of pairs of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Text = str | tuple[str, str]
"""One text, or two: a text and the one after it, such as its answer."""

# The tokenizer keeps one object per token; chunks bound how many exist at once.
_TOKENISED_AT_ONCE = 4_096
# More would not fit any model, so megabytes of log are not tokenised in vain.
_CHARACTERS_PER_TOKEN = 32


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The tokens of many texts, one after the other.

    Args:
      flat: all token ids.
      starts: shape (texts + 1,): where each text starts in `flat`.
      truncated: shape (texts,): the text did not fit and was cut at its end.
      types: for each token, 1 if it belongs to a second text; None if no text has one.
      beside: further inputs for each text, by the name of the network's argument.
    """

    flat: Ints
    starts: Ints
    truncated: npt.NDArray[np.bool_]
    types: Ints | None = None
    beside: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @property
    def lengths(self) -> Ints:
        """Tokens of each text."""
        return np.diff(self.starts)


def tokenise(tokenizer: Any, texts: Sequence[Text], max_tokens: int) -> Tokens:
    """Returns the tokens of texts, each cut to `max_tokens` with its last token kept.

    In a pair, the first text is cut at its end, as if it were alone, and the second one
    gets the remaining room, cut at its beginning.

    Args:
      tokenizer: of the library `tokenizers`; its truncation and padding are set here.
      texts: any number of texts; they are tokenised in chunks.
      max_tokens: longest text, special tokens included.
    """
    tokenizer.no_padding()
    ids: list[Ints] = []
    types: list[Ints] = []
    truncated: list[bool] = []
    for start in range(0, len(texts), _TOKENISED_AT_ONCE):
        chunk = texts[start : start + _TOKENISED_AT_ONCE]
        encoded, cut = _encoded(tokenizer, chunk, max_tokens)
        ids += [np.array(each.ids, np.int64) for each in encoded]
        truncated += cut
        if not all(isinstance(text, str) for text in texts):
            types += [np.array(each.type_ids, np.int64) for each in encoded]
    lengths = [len(each) for each in ids]
    return Tokens(
        flat=np.concatenate([np.zeros(0, np.int64), *ids]),
        starts=np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        truncated=np.array(truncated, np.bool_),
        types=np.concatenate(types) if types else None,
    )


def _encoded(
    tokenizer: Any, texts: Sequence[Text], max_tokens: int
) -> tuple[list[Any], list[bool]]:
    """Returns the encoding of each text, and whether its first text was cut."""
    longest = max_tokens * _CHARACTERS_PER_TOKEN
    first = [text if isinstance(text, str) else text[0] for text in texts]
    tokenizer.enable_truncation(max_tokens)
    encoded = tokenizer.encode_batch_fast([text[:longest] for text in first])
    cut = [
        bool(each.overflowing) or len(text) > longest
        for each, text in zip(encoded, first, strict=True)
    ]
    pairs = {
        place: (text[0], text[1][-longest:])
        for place, text in enumerate(texts)
        if not isinstance(text, str) and not cut[place]
    }
    room = max_tokens - tokenizer.num_special_tokens_to_add(is_pair=True)
    lone = tokenizer.num_special_tokens_to_add(is_pair=False)
    # At least one token of the second text must fit: the tokenizer requires it.
    fit = [p for p in pairs if len(encoded[p].ids) - lone < room]
    if fit:
        tokenizer.enable_truncation(
            max_tokens, strategy="only_second", direction="left"
        )
        together = tokenizer.encode_batch_fast([pairs[place] for place in fit])
        for place, encoding in zip(fit, together, strict=True):
            encoded[place] = encoding
    return encoded, cut
