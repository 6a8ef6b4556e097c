"""What rated words teach: a word that people call bad is not a sign of joy.

Letters mislead for words that are rare in training: `unhappy` contains `happy`, and
`hopeless` contains `hope`. People's ratings tell which emotions such a word does not
show; they do not tell which one it shows.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.valence.rating import rated_words

POSITIVE = (
    *("admiration", "amusement", "approval", "caring", "desire", "excitement"),
    *("gratitude", "joy", "love", "optimism", "pride", "relief"),
)
NEGATIVE = (
    *("anger", "annoyance", "disappointment", "disapproval", "disgust"),
    *("embarrassment", "fear", "grief", "nervousness", "remorse", "sadness"),
)
"""GoEmotions' own grouping; the ambiguous labels and `neutral` are in neither group."""

Values = npt.NDArray[np.float64]


def rated(least: float) -> tuple[list[str], Values]:
    """Returns words that people rated, and their ratings, -4..4.

    Args:
      least: the smallest rating, whatever its sign.
    """
    kept = {word: value for word, value in rated_words().items() if abs(value) >= least}
    return list(kept), np.array(list(kept.values()))


def excluded(ratings: Values, labels: Sequence[str]) -> Values:
    """Returns which labels a word is not a sign of, 1 or 0, shape (words, labels)."""
    bad, good = ratings[:, None] < 0, ratings[:, None] > 0
    positive = np.isin(labels, POSITIVE)
    negative = np.isin(labels, NEGATIVE)
    return ((bad & positive) | (good & negative)).astype(np.float64)
