"""The same learner for each role, fitted to the other folds."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from scipy import sparse

from affectflow_transforms.measures.leakage.corpus import Corpus, Floats, Ints, Side

Learner = Literal["logistic", "bayes"]
Counts = Callable[[int], sparse.csr_matrix]
"""From the fold that is predicted to counts, shape (items, terms)."""


def terms_of(side: Side, n_items: int) -> Ints:
    """Returns the terms that are learned from: of one or two words, in two items."""
    short = np.array([term.count(" ") < 2 for term in side.terms])
    shared = (side.counts(n_items) > 0).sum(axis=0)
    return np.flatnonzero(short & (np.asarray(shared).ravel() >= 2))


def out_of_fold(
    counts: Counts, truths: Sequence[Ints], corpus: Corpus, learner: Learner
) -> list[Floats]:
    """Returns probabilities of labels, each from the other folds.

    Args:
      counts: of the terms that are learned from.
      truths: labels of the items, each of shape (items,); each is learned alone.
      corpus: whose folds and labels they are.
      learner: multinomial naive Bayes, or logistic regression of tf-idf.

    Returns:
      For each of `truths`, shape (items, labels); 0 for a label that the other folds do
      not have.
    """
    shape = (len(corpus.truth), len(corpus.labels))
    found = [np.zeros(shape) for _ in truths]
    for fold in np.unique(corpus.folds).tolist():
        rows = np.flatnonzero(corpus.folds == fold)
        seen = np.flatnonzero(corpus.folds != fold)
        read, asked = _features(counts(fold), seen, rows, learner)
        for scores, truth in zip(found, truths, strict=True):
            labels, own = _probabilities(read, truth[seen], asked, learner)
            scores[rows[:, None], labels] = own
    return found


def _features(
    counts: sparse.csr_matrix, seen: Ints, rows: Ints, learner: Learner
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Returns what is learned from, and what is asked."""
    from sklearn.feature_extraction.text import TfidfTransformer

    if learner == "bayes":
        return counts[seen], counts[rows]
    weighed = TfidfTransformer(sublinear_tf=True).fit(counts[seen])
    return weighed.transform(counts[seen]), weighed.transform(counts[rows])


def _probabilities(
    read: sparse.csr_matrix, truth: Ints, asked: sparse.csr_matrix, learner: Learner
) -> tuple[Ints, Any]:
    """Returns the labels that were learned, and their probabilities."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import MultinomialNB

    if len(labels := np.unique(truth)) < 2:
        return labels, 1.0
    model = (
        MultinomialNB()
        if learner == "bayes"
        else LogisticRegression(class_weight="balanced", max_iter=300)
    ).fit(read, truth)
    return model.classes_, model.predict_proba(asked)


def shuffled(truth: Ints, number: int) -> Ints:
    """Returns labels in an order of chance, the same for the same number."""
    return np.random.default_rng(number).permutation(truth)
