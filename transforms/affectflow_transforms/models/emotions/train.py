"""Trains the emotions that come with the package.

    affectflow train Emotions --data FOLDER --out FOLDER

reads `train.tsv.gz`, `emotions.txt` and, for the figures, `dev.tsv` of GoEmotions in
FOLDER, and messages beside them (`models.authored`) if there are any, and writes
`goemotions_v2.safetensors`, the same bytes each time with the same versions of NumPy
and scikit-learn. It takes three minutes of processor time and 3 GB of memory. Features,
penalty, calibration and thresholds come from the training set alone, by
cross-validation.
"""

import csv
import gzip
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from safetensors.numpy import load

from affectflow import weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Trained, Trainer
from affectflow.registry import Card
from affectflow.vocabularies import get
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.models import authored, trained
from affectflow_transforms.models.authored import Authored
from affectflow_transforms.models.emotions import fit, packing, polarity
from affectflow_transforms.models.emotions.fit import Examples, Targets, Vocabulary
from affectflow_transforms.models.emotions.model import (
    ANNOTATOR,
    OVER_SENSES,
    SENSES,
    NgramModel,
    senses,
    unpacked,
)

VERSION = "2"
FILE = f"goemotions_v{VERSION}.safetensors"
SOURCE, NAMES, DEV = "train.tsv.gz", "emotions.txt", "dev.tsv"

_log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Emotions(Trainer):
    """Trains GoEmotions' labels on `train.tsv.gz`; its `dev.tsv` gives the figures.

    Each line is a text, label numbers separated by commas, and an id; `emotions.txt`
    names the labels, which are all or some of GoEmotions'.

    Args:
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.
    """

    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains EmbeddedEmotions: 28 labels (GoEmotions)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on `dev.tsv`."""
        source, names, dev = trained.needed(data, SOURCE, NAMES, DEV)
        labels = read_labels(names)
        passed_on = trained.licence_of(source, licence)
        check_passing_on({"data": passed_on}, self.accept)
        written = fit_weights(source, labels, passed_on)
        model = NgramModel(labels=labels, **unpacked(load(written)))
        texts, y = read_tsv(dev, len(labels))
        texts = authored.readings(texts)
        scores = model.scores(texts)
        figures = trained.label_figures(labels, scores, scores >= model.thresholds, y)
        said = f"{DEV}, {len(texts):,} texts"
        return trained.with_card(ANNOTATOR, FILE, written, said, figures, passed_on)


def read_labels(names: Path) -> tuple[str, ...]:
    """Returns the labels in a file with one per line.

    Raises:
      UsageError: one is not a label of GoEmotions.
    """
    labels = tuple(names.read_text(encoding="utf-8").split())
    unknown = [label for label in labels if label not in get("goemotions").labels]
    if unknown or not labels:
        said = f"names {unknown[0]!r}" if unknown else "names no label"
        raise UsageError(
            f"{str(names)!r} {said}: name one or more of GoEmotions' 28 labels, one "
            "per line"
        )
    return labels


def fit_weights(source: Path, labels: tuple[str, ...], licence: str) -> bytes:
    """Returns the weights file, in the format safetensors."""
    texts, y = read_tsv(source, n_labels=len(labels))
    texts = authored.readings(texts)
    vocabulary = fit.choose_features(fit.grams_of(texts))
    x = fit.features(texts, vocabulary, senses())
    _log.info("%d texts, %d features", *x.shape)

    beside = _rated(vocabulary, labels)
    written = authored.read_authored(source.parent)
    if written.texts:
        beside += _examples(written, vocabulary, labels, y.mean(axis=0))
    decided = fit.decide_held_out(x, y, beside)
    calibration = fit.fit_calibration(decided, y)
    _report(calibration.probabilities(decided), y, labels)

    linear = fit.fit_linear(Examples.sure(x, y) + beside)
    arrays = packing.packed(linear, vocabulary, calibration)
    arrays["known_words"] = packing.known_words(texts)
    return trained.weights_file(
        arrays,
        annotator=ANNOTATOR,
        version=VERSION,
        source=source,
        licence=licence,
        settings=_settings(),
        labels=",".join(labels),
        **{OVER_SENSES: weights.revision(SENSES)},
    )


def _examples(
    given: Authored, vocabulary: Vocabulary, labels: tuple[str, ...], usual: fit.Values
) -> Examples:
    """Returns messages with soft labels.

    Frustration is oversampled among authored ones, so their labels get the shares that
    are usual. Real ones keep theirs: a calm report is most often neutral.
    """
    x = fit.features(given.texts, vocabulary, senses())
    shares = np.stack([given.shares(label) for label in labels], axis=1)
    authored, real = (
        Examples.soft(x[rows], shares[rows], weight)
        for rows, weight in ((~given.real, fit.AUTHORED), (given.real, fit.REAL))
    )
    return authored.balanced(usual) + real


def _rated(vocabulary: Vocabulary, labels: tuple[str, ...]) -> Examples:
    words, ratings = polarity.rated(fit.LEAST_RATING)
    weights = fit.RATED * polarity.excluded(ratings, labels)
    return Examples(
        x=fit.features(words, vocabulary, senses()),
        y=np.zeros(weights.shape, np.bool_),
        weights=weights,
    )


def read_tsv(path: Path, n_labels: int) -> tuple[list[str], Targets]:
    """Returns texts and labels of a file of GoEmotions, gzipped or not.

    Raises:
      UsageError: the file has another format.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t"))
    try:
        return _parsed(rows, n_labels)
    except (ValueError, IndexError) as error:
        raise UsageError(
            f"{str(path)!r} is not in the format of GoEmotions ({error}): each line "
            "must have a text, label numbers separated by commas, and an id, with tabs "
            "between them"
        ) from error


def _parsed(rows: list[list[str]], n_labels: int) -> tuple[list[str], Targets]:
    y = np.zeros((len(rows), n_labels), np.bool_)
    for row, (_, given, _) in enumerate(rows):
        y[row, [int(label) for label in given.split(",")]] = True
    return [text for text, _, _ in rows], y


def _report(scores: fit.Values, y: Targets, labels: tuple[str, ...]) -> None:
    chosen = fit.choose_held_out(scores, y)
    values = fit.f1(chosen, y)
    for label, value in zip(labels, values, strict=True):
        _log.info("%-15s F1 %.3f", label, value)
    micro = fit.micro_f1(chosen, y)
    _log.info("held out: macro-F1 %.4f, micro-F1 %.4f", values.mean(), micro)


def _settings() -> dict[str, object]:
    return {
        "C": fit.C,
        "authored": fit.AUTHORED,
        "least_score": fit.LEAST_SCORE,
        "least_rating": fit.LEAST_RATING,
        "meant": fit.MEANT,
        "rated": fit.RATED,
        "real": fit.REAL,
        "folds": fit.FOLDS,
        "min_texts": fit.MIN_TEXTS,
        "min_word_texts": packing.MIN_WORD_TEXTS,
        "seed": fit.SEED,
        "tolerance": fit.TOLERANCE,
    }
