"""Trains the German weights that come with the package.

    affectflow train German --data FOLDER --out FOLDER

reads `de-projections.tsv` and, for the words that are English, `en-annotated.tsv.gz` of
XED in FOLDER, and writes `plutchik_de_v1.safetensors`, the same bytes each time with
the same versions of NumPy and scikit-learn. A fifth of the lines, by a hash of the
line, is held out: nothing is fitted to it or chosen on it.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, Trained, Trainer
from affectflow.registry import Card
from affectflow.vocabularies import get
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.models import trained
from affectflow_transforms.models.emotions import fit, packing
from affectflow_transforms.models.emotions.fit import Examples, Targets, Values
from affectflow_transforms.models.emotions.model import NgramModel, unpacked
from affectflow_transforms.models.german.model import ANNOTATOR

VERSION = "1"
FILE = f"plutchik_de_v{VERSION}.safetensors"
DATA, ENGLISH = "de-projections.tsv", "en-annotated.tsv.gz"
PRECISION = 0.5
"""The share of labels chosen in cross-validation that are right."""
MIN_LINES = 100

_LINE = re.compile(r"([^\t]+)\t\s*([1-8](?:\s*,\s*[1-8])*)\s*")

_ABOUT = (
    "Emotions of German utterances: Plutchik's eight labels, "
    "by a linear classifier over hashed n-grams."
)


@dataclass(kw_only=True)
class German(Trainer):
    """Trains EmbeddedGerman on `de-projections.tsv` and `en-annotated.tsv.gz` of XED.

    A line is a text, a tab, and the numbers of Plutchik's eight labels in alphabetical
    order, from 1 on, separated by commas. Other lines are left out.

    Args:
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.
    """

    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains EmbeddedGerman: German lines with Plutchik's eight (XED)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on the lines held out."""
        source, english = trained.needed(data, DATA, ENGLISH)
        passed_on = trained.licence_of(source, licence)
        check_passing_on({"data": passed_on}, self.accept)
        texts, y = read_lines(source)
        held_out = is_held_out(texts)
        written = fit_weights(source, english, passed_on)
        kept = [text for text, held in zip(texts, held_out, strict=True) if held]
        figures = tuple(measure(written, kept, y[held_out]))
        said = f"{len(kept):,} of {len(texts):,} lines, by a hash of the line"
        return trained.with_card(
            ANNOTATOR, FILE, written, said, figures, passed_on, _ABOUT
        )


# -- data --------------------------------------------------------------------------


def read_lines(source: Path) -> tuple[list[str], Targets]:
    """Returns texts and labels of a file of XED, gzipped or not.

    Raises:
      UsageError: fewer than `MIN_LINES` lines are a text, a tab and numbers.
    """
    opened = gzip.open if source.suffix == ".gz" else open
    with opened(source, "rt", encoding="utf-8", newline="\n") as lines:
        found = [match.groups() for line in lines if (match := _LINE.fullmatch(line))]
    if len(found) < MIN_LINES:
        raise UsageError(
            f"{str(source)!r} has {len(found)} lines of a text, a tab and numbers from "
            f"1 to 8, but {MIN_LINES} are needed: give a file in XED's format"
        )
    y = np.zeros((len(found), len(get("plutchik").labels)), np.bool_)
    for row, (_, given) in enumerate(found):
        y[row, [int(number) - 1 for number in given.split(",")]] = True
    return [text for text, _ in found], y


def is_held_out(texts: list[str]) -> npt.NDArray[np.bool_]:
    """Returns which lines are kept for the figures: a fifth, by their hash."""
    digests = (hashlib.blake2b(text.encode()).digest() for text in texts)
    return np.array([int.from_bytes(d[:8], "big") % 5 == 0 for d in digests])


# -- fitting -----------------------------------------------------------------------


def fit_weights(source: Path, english: Path, licence: str) -> bytes:
    """Returns the weights file, fitted to the lines that are not held out."""
    texts, y = _seen(source)
    arrays = fit_arrays(texts, y)
    arrays["english_words"] = packing.known_words(_seen(english)[0])
    return trained.weights_file(
        arrays,
        annotator=ANNOTATOR,
        version=VERSION,
        source=source,
        licence=licence,
        settings=_settings(),
        labels=",".join(get("plutchik").labels),
    )


def _seen(source: Path) -> tuple[list[str], Targets]:
    texts, y = read_lines(source)
    held_out = is_held_out(texts)
    return [t for t, held in zip(texts, held_out, strict=True) if not held], y[
        ~held_out
    ]


def fit_arrays(texts: list[str], y: Targets) -> dict[str, npt.NDArray[Any]]:
    """Returns weights, calibration and thresholds, by the texts given alone."""
    blocks = fit.grams_of(texts)
    vocabulary = fit.choose_features(blocks)
    x = fit.scaled(blocks, vocabulary)
    decided = fit.decide_held_out(x, y)
    calibration = fit.fit_calibration(decided, y)
    arrays = packing.packed(
        fit.fit_linear(Examples.sure(x, y)), vocabulary, calibration
    )
    arrays["f1_thresholds"] = arrays["thresholds"]
    scores = calibration.probabilities(decided)
    lowest = precise_threshold(scores, y, PRECISION)
    arrays["thresholds"] = np.full(y.shape[1], lowest, np.float32)
    arrays["known_words"] = packing.known_words(texts)
    return arrays


def precise_threshold(scores: Values, y: Targets, precision: float) -> float:
    """Returns the lowest score from which on `precision` of all labels are right.

    Args:
      scores: shape (texts, labels).
      y: shape (texts, labels).
      precision: 0..1; if it is never reached, the answer is above all scores.
    """
    order = np.argsort(-scores.ravel(), kind="stable")
    right = np.cumsum(y.ravel()[order]) / np.arange(1, y.size + 1)
    (reached,) = np.nonzero(right >= precision)
    return float(scores.ravel()[order[reached[-1]]]) if len(reached) else 1.01


# -- figures -----------------------------------------------------------------------


def measure(written: bytes, texts: list[str], y: Targets) -> Iterator[Figure]:
    """Yields figures of a weights file, by its own thresholds, then by those of F1."""
    arrays = load(written)
    model = NgramModel(labels=get("plutchik").labels, **unpacked(arrays))
    scores = model.scores(texts)
    yield from trained.label_figures(
        model.labels, scores, scores >= model.thresholds, y
    )
    for name, chosen in (
        ("f1 of the best thresholds", scores >= arrays["f1_thresholds"]),
        ("f1 of all labels always", np.ones_like(y)),
    ):
        for figure in trained.label_figures(model.labels, scores, chosen, y):
            if figure.name == "f1":
                yield figure._replace(name=name)


def _settings() -> dict[str, object]:
    return {
        "C": fit.C,
        "folds": fit.FOLDS,
        "min_texts": fit.MIN_TEXTS,
        "min_word_texts": packing.MIN_WORD_TEXTS,
        "precision": PRECISION,
        "seed": fit.SEED,
        "tolerance": fit.TOLERANCE,
    }
