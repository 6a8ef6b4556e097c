"""How a fitted `NgramModel` is stored: whole numbers, and hashes of known words."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.fit import (
    MEANT,
    Calibration,
    Linear,
    Values,
    Vocabulary,
)
from affectflow_transforms.models.emotions.model import FINER

MIN_WORD_TEXTS = 3
"""Occurrences that make a word a known one."""


def packed(
    linear: Linear, vocabulary: Vocabulary, calibration: Calibration
) -> dict[str, npt.NDArray[Any]]:
    """Returns what `model.unpacked` reads, but for the words: one byte per weight."""
    columns = quantise(linear.weights, np.sqrt(vocabulary.squared_idf))
    return {
        "slots": np.packbits(np.concatenate(vocabulary.rows) >= 0),
        "weights": columns.grams,
        "squared_idf": vocabulary.squared_idf.astype(np.uint8),
        "gain": calibration.slope * columns.scale,
        "shift": calibration.slope * linear.intercepts + calibration.offset,
        "thresholds": calibration.thresholds.astype(np.float32),
        **({"meant": columns.meant} if len(columns.meant) else {}),
    }


class Columns(NamedTuple):
    """Weights as they are stored.

    Attributes:
      grams: shape (n-grams, columns), -127..127.
      meant: shape (width of the senses, columns), in units of 1/FINER of those of
        n-grams; empty if there are no senses.
      scale: shape (columns,): the factor that restores them.
    """

    grams: npt.NDArray[np.int8]
    meant: npt.NDArray[np.int32]
    scale: Values


def quantise(weights: Values, idf: Values) -> Columns:
    """Returns weights as whole numbers.

    Args:
      weights: shape (features, columns): those of n-grams, then those of the senses.
      idf: the inverse document frequencies of the n-grams.
    """
    folded = weights[: len(idf)] * idf[:, None]
    # A label that nothing speaks for has no weight at all.
    scale = np.maximum(np.abs(folded).max(axis=0), np.finfo(np.float32).tiny) / 127
    meant = weights[len(idf) :] * MEANT * FINER / scale
    return Columns(
        grams=np.ascontiguousarray(np.rint(folded / scale), np.int8),
        meant=np.ascontiguousarray(np.rint(meant), np.int32),
        scale=scale,
    )


def known_words(texts: list[str]) -> npt.NDArray[np.uint32]:
    """Returns hashes of the words that occur often enough, sorted."""
    parts = []
    for chunk in ngrams.chunks(texts):
        flat = ngrams.flatten(chunk)
        words = ngrams.split_words(flat)
        parts.append(ngrams.short(words.hashes[ngrams.plain_words(flat, words)]))
    hashes, counts = np.unique(np.concatenate(parts), return_counts=True)
    return hashes[counts >= MIN_WORD_TEXTS]
