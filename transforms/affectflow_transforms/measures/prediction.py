"""How well the words of texts tell a group of them from the rest."""

import hashlib
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow_transforms.measures.ranking import auc

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


class Auc(NamedTuple):
    """An area under the curve, the texts that it rests on, or why there is none."""

    value: float
    texts: int
    why: str = ""


def auc_of_text(
    ids: Sequence[str], texts: Sequence[str | None], truth: Mask, folds: int
) -> Auc:
    """Returns how well words and pairs of words tell which texts are true.

    A logistic regression over tf-idf, cross-validated: folds are dealt by the BLAKE2b
    of an id, and pairs are counted within a fold (Mann and Whitney 1947). Texts that
    are empty are left out.
    """
    if not texts:
        return Auc(math.nan, 0, "no texts are given")
    there = np.array([bool(text and text.strip()) for text in texts], np.bool_)
    kept: list[int] = np.flatnonzero(there).tolist()
    own = truth[kept]
    words = [texts[place] or "" for place in kept]
    few = min(int(own.sum()), int((~own).sum()))
    if few < folds:
        why = f"fewer than {folds} texts with words are hidden, or are not"
        return Auc(math.nan, len(kept), why)
    fold = _folds([ids[place] for place in kept], own, folds)
    wins = pairs = 0.0
    for number in range(folds):
        inside = fold == number
        scores, true = _scores(words, own, inside), own[inside]
        of = float(true.sum() * (~true).sum())
        wins += of * float(auc(scores, true, np.ones((1, len(true))))[0])
        pairs += of
    return Auc(wins / pairs, len(kept))


def _folds(ids: Sequence[str], truth: Mask, folds: int) -> npt.NDArray[np.int64]:
    """Returns the fold of each text: each class is dealt in turn."""
    order = np.argsort([hashlib.blake2b(each.encode()).hexdigest() for each in ids])
    found = np.zeros(len(ids), np.int64)
    for of_class in (truth, ~truth):
        inside = order[of_class[order]]
        found[inside] = np.arange(len(inside)) % folds
    return found


def _scores(texts: Sequence[str], truth: Mask, inside: Mask) -> Floats:
    """Returns the scores of the texts inside, by a model of those outside."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    # Every text has a token, if only a mark: none is left without features.
    tokens = r"(?u)\w+|\S"
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=tokens),
        LogisticRegression(class_weight="balanced", solver="liblinear"),
    )
    learnt = [text for text, held in zip(texts, inside, strict=True) if not held]
    asked = [text for text, held in zip(texts, inside, strict=True) if held]
    model.fit(learnt, truth[~inside])
    scores: Floats = model.decision_function(asked)
    return scores
