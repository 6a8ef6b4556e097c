"""Trains valence, arousal and dominance on ratings of your own, or on EmoBank.

    affectflow train Valence --data FOLDER --out FOLDER

reads `emobank.csv` in FOLDER and writes `vad_v1.safetensors`, the same bytes each time
with the same versions of NumPy and scikit-learn. The model is fitted to rows of the
split `train`, rows of `dev` give the figures, and rows of other splits are ignored.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load
from scipy import sparse

from affectflow.errors import UsageError
from affectflow.kinds.trainer import Trained, Trainer
from affectflow.registry import Card
from affectflow.vocabularies import get
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.models import trained
from affectflow_transforms.models.emotions import fit, packing
from affectflow_transforms.models.emotions.embedded import emotion_model
from affectflow_transforms.models.emotions.fit import Calibration, Linear, Values
from affectflow_transforms.models.valence.model import ANNOTATOR, Regression

VERSION = "1"
FILE = f"vad_v{VERSION}.safetensors"
DATA = "emobank.csv"
LOWEST, HIGHEST = 1.0, 5.0
"""Scale of the ratings; stored values are from 0 to 1."""
ALPHA = 4.0
"""Strength of the L2 penalty."""
TOLERANCE = 1e-5
MIN_ROWS = 50

_COLUMNS = ("split", "text", "V", "A", "D")

_ABOUT = (
    "Valence, arousal and dominance of English utterances, from 0 to 1, "
    "by ridge regression on hashed n-grams."
)


@dataclass(kw_only=True)
class Valence(Trainer):
    """Trains EmbeddedValence on `emobank.csv` of EmoBank, or on a file like it.

    Columns: `text`; `V`, `A` and `D` from 1 to 5; `split`, which is train or dev.

    Args:
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.
    """

    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains EmbeddedValence: valence, arousal, dominance (EmoBank)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on the split `dev`."""
        (source,) = trained.needed(data, DATA)
        passed_on = trained.licence_of(source, licence)
        check_passing_on({"data": passed_on}, self.accept)
        written = fit_weights(source, passed_on)
        texts, ratings = read_split(source, "dev")
        scales = get("vad").labels
        model = Regression.unpacked(load(written), scales)
        figures = trained.value_figures(scales, model.values(texts), ratings)
        said = f"the split dev of {DATA}, {len(texts):,} texts"
        return trained.with_card(
            ANNOTATOR, FILE, written, said, figures, passed_on, _ABOUT
        )


def read_split(source: Path, split: str) -> tuple[list[str], Values]:
    """Returns texts and ratings of one split, shape (texts, 3), on a scale of 0 to 1.

    Raises:
      UsageError: a column is missing, a rating is not a number from 1 to 5, or there
        are fewer than `MIN_ROWS` rows.
    """
    with source.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        lacking = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
        if lacking:
            raise UsageError(
                f"{str(source)!r} has no column {', '.join(map(repr, lacking))}: give "
                f"a CSV with {', '.join(_COLUMNS)}"
            )
        rows = [row for row in reader if row["split"] == split]
    if len(rows) < MIN_ROWS:
        raise UsageError(
            f"{str(source)!r} has {len(rows)} rows with the split {split!r}, but "
            f"{MIN_ROWS} are needed: set the column `split`"
        )
    return [row["text"] for row in rows], _ratings(rows, source)


def _ratings(rows: list[dict[str, str]], source: Path) -> Values:
    try:
        ratings = np.array([[float(row[c]) for c in "VAD"] for row in rows])
    except ValueError as error:
        raise UsageError(
            f"{str(source)!r} has a rating that isn't a number ({error}): V, A and D "
            f"must be from {LOWEST:g} to {HIGHEST:g}"
        ) from error
    wrong = ratings[~((ratings >= LOWEST) & (ratings <= HIGHEST))]
    if len(wrong):
        raise UsageError(
            f"{str(source)!r} has the rating {wrong[0]:g}: V, A and D must be from "
            f"{LOWEST:g} to {HIGHEST:g}"
        )
    return (ratings - LOWEST) / (HIGHEST - LOWEST)


def fit_weights(source: Path, licence: str) -> bytes:
    """Returns the weights file, fitted to the split `train`."""
    texts, ratings = read_split(source, "train")
    blocks = fit.grams_of(texts)
    vocabulary = fit.choose_features(blocks)
    linear = fit_ridge(fit.scaled(blocks, vocabulary), ratings)
    _check_learned(linear, source)
    # `packed` folds slope and offset into the weights: these are values already.
    n_labels = ratings.shape[1]
    as_they_are = Calibration(
        slope=np.ones(n_labels),
        offset=np.zeros(n_labels),
        thresholds=np.zeros(n_labels),
    )
    arrays: dict[str, npt.NDArray[Any]] = packing.packed(
        linear, vocabulary, as_they_are
    )
    arrays["known_words"] = emotion_model().known_words
    return trained.weights_file(
        arrays,
        annotator=ANNOTATOR,
        version=VERSION,
        source=source,
        licence=licence,
        settings=_settings(),
        labels=",".join(get("vad").labels),
    )


def fit_ridge(x: sparse.csr_matrix, y: Values) -> Linear:
    """Returns one ridge regression per column of `y`; intercepts have no penalty.

    Solved by iteration, so that features stay sparse.
    """
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=ALPHA, solver="lsqr", tol=TOLERANCE).fit(x, y)
    # Contiguous: safetensors writes an array in its memory layout.
    weights = np.ascontiguousarray(model.coef_.T)
    return Linear(weights=weights, intercepts=model.intercept_)


def _check_learned(linear: Linear, source: Path) -> None:
    """Raises UsageError if a column of ratings has nothing to do with the texts."""
    learns = np.any(linear.weights != 0, axis=0).tolist()
    for column, learned in zip("VAD", learns, strict=True):
        if not learned:
            raise UsageError(
                f"nothing in the texts of {str(source)!r} correlates with the column "
                f"{column!r}: give texts with ratings that differ"
            )


def _settings() -> dict[str, object]:
    return {"alpha": ALPHA, "min_texts": fit.MIN_TEXTS, "tolerance": TOLERANCE}
