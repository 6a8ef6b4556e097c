"""Which words are masked, and what stands in their place."""

from typing import Any

import numpy as np
import numpy.typing as npt

from affectflow_transforms.finetune.splits import Rows
from affectflow_transforms.masked.words import Words
from affectflow_transforms.models.pretrained.tokens import Ints

Random = np.random.Generator
Mask = npt.NDArray[np.bool_]

ORDERS = ("", "lexicon_first", "shuffled")


def by_rates(
    in_lexicon: Mask, p_lexicon: float, p_other: float, random: Random
) -> Mask:
    """Returns which words are masked, each by itself.

    So LEIA masks words of emotions more (Aroyehun et al. 2023, EPJ Data Science 12); it
    does not publish at which rates.

    Args:
      in_lexicon: shape (words,).
      p_lexicon: how probable it is for a word of the lexicon, 0..1.
      p_other: for any other.
      random: what draws.
    """
    chances = np.where(in_lexicon, p_lexicon, p_other)
    return np.asarray(random.random(len(chances)) < chances)


def by_budget(
    sizes: Ints, in_lexicon: Mask, share: float, order: str, random: Random
) -> Mask:
    """Returns which words of one row are masked, of the lexicon before all others.

    The budget is max(1, round(share x tokens)), and a word that does not fit into what
    is left is passed over: Zhai et al. (2024), "Chinese MentalBERT", and its code.

    Args:
      sizes: shape (words,): tokens of each.
      in_lexicon: shape (words,).
      share: of the tokens, 0..1.
      order: of the words of the lexicon: `lexicon_first` as they stand, `shuffled` at
        random. All others go at random.
      random: what draws.
    """
    left = max(1, round(share * int(sizes.sum())))
    masked = np.zeros(len(sizes), np.bool_)
    first, others = np.flatnonzero(in_lexicon), np.flatnonzero(~in_lexicon)
    if order == "shuffled":
        first = random.permutation(first)
    for word in (*first, *random.permutation(others)):
        if sizes[word] <= left:
            masked[word] = True
            left -= int(sizes[word])
    return masked


def masked_words(words: Words, rows: Rows, options: Any, random: Random) -> Mask:
    """Returns which of all words are masked; none outside of `rows`.

    Args:
      words: of all rows.
      rows: in which words are masked.
      options: with `order`, `budget`, `p_lexicon` and `p_other`.
      random: what draws.
    """
    found = np.zeros(len(words.sizes), np.bool_)
    if not options.order:
        there = words.of(rows)
        marked = words.in_lexicon[there]
        found[there] = by_rates(marked, options.p_lexicon, options.p_other, random)
        return found
    for row in rows:
        own = slice(words.starts[row], words.starts[row + 1])
        found[own] = by_budget(
            words.sizes[own],
            words.in_lexicon[own],
            options.budget,
            options.order,
            random,
        )
    return found


def corrupted(
    ids: Ints, masked: Mask, mask_token: int, others: Ints, random: Random
) -> Ints:
    """Returns tokens of which those that are masked are mostly another.

    80 % are the mask, 10 % any token, 10 % as they were: Devlin et al. (2019), "BERT",
    section 3.1.

    Args:
      ids: tokens, any shape.
      masked: the same shape.
      mask_token: stands for a masked one.
      others: tokens that may stand in its place.
      random: what draws.
    """
    drawn = random.random(ids.shape)
    any_token = others[random.integers(0, len(others), ids.shape)]
    instead = np.where(drawn < 0.8, mask_token, np.where(drawn < 0.9, any_token, ids))
    return np.where(masked, instead, ids)
