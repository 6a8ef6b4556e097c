"""What gives the authored corpus away: to a reader of its form, not of its feeling.

All figures are AUC out of fold, by a small logistic regression; no brief and no thread
is in two folds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from affectflow_transforms.models.frustration import fit
from tests.quality import datasets
from tests.quality.authored.overlap import words
from tests.quality.authored.reading import Row, rows
from tests.quality.authored.training import soft_labels

SLOTS = 4096
"""Words of a bag are hashed to so many features."""
STRENGTH = 0.1
"""Inverse strength of the L2 penalty."""
MARKS = "!?.,;:…`\"'>()-\n"

Values = npt.NDArray[np.float64]


def auc(x: Any, truth: npt.NDArray[np.bool_], units: Sequence[str]) -> float:
    """Returns AUC of scores of rows by a model that has not seen their unit."""
    scores = np.zeros(len(truth))
    for seen, held_out in fit.folds(np.array(units)):
        model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)
        model.fit(x[seen], truth[seen])
        scores[held_out] = model.decision_function(x[held_out])
    return float(roc_auc_score(truth, scores))


def bag(texts: Sequence[str]) -> sparse.csr_matrix:
    """Returns which hashed words each text has."""
    hashing = HashingVectorizer(n_features=SLOTS, analyzer=words, norm=None)
    return abs(hashing.transform(texts)).sign()


def of_form() -> dict[str, float]:
    """Returns how well form alone, without feeling, predicts frustration."""
    texts, soft = rows("texts"), soft_labels()
    truth = np.array([soft[row["id"]].get("frustration", 0) >= 0.5 for row in texts])
    briefs = [row["brief"] for row in texts]
    return {name: auc(x, truth, briefs) for name, x in _forms(texts).items()}


def _forms(texts: Sequence[Row]) -> dict[str, sparse.csr_matrix]:
    situations = {row["brief"]: row["situation"] for row in rows("briefs")}
    registers = sorted({row["register"] for row in texts})
    forms = {
        "length": _scaled(
            [[len(row["text"]), len(words(row["text"]))] for row in texts]
        ),
        "punctuation": _scaled(
            [[row["text"].count(m) for m in MARKS] for row in texts]
        ),
        "register": sparse.csr_matrix(
            [[float(row["register"] == name) for name in registers] for row in texts]
        ),
        "brief": bag([situations[row["brief"]] for row in texts]),
    }
    return {**forms, "all four": sparse.hstack(list(forms.values())).tocsr()}


def _scaled(counts: list[list[int]]) -> sparse.csr_matrix:
    values = np.log1p(counts)
    return sparse.csr_matrix((values - values.mean(axis=0)) / values.std(axis=0))


def told_from_real(data: Path) -> float:
    """Returns how well a bag of words tells authored comments from those of GitHub."""
    real = datasets.heated_threads(data)
    own = [row for row in rows("texts") if row["register"] == "github"]
    texts = [*real.texts, *(row["text"] for row in own)]
    units = [*real.units, *(row["brief"] for row in own)]
    return auc(bag(texts), np.arange(len(texts)) >= len(real.texts), units)
