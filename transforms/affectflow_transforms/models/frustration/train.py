"""Trains the weights of frustration that come with the package.

    affectflow train Frustration --data FOLDER --out FOLDER

reads `comments.csv.gz` of `gh_incivility` in FOLDER, and messages beside it
(`models.authored`) if there are any, and writes `frustration_v2.safetensors`, the same
bytes each time with the same versions of NumPy and scikit-learn. A fifth of the threads
is reserved: nothing is trained or chosen on them.
"""

import csv
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load
from scipy import special

from affectflow import weights
from affectflow.errors import UsageError
from affectflow.kinds.trainer import Figure, Trained, Trainer
from affectflow.registry import Card
from affectflow_transforms.finetune.licences import check_passing_on
from affectflow_transforms.models import authored, trained
from affectflow_transforms.models.emotions import ngrams
from affectflow_transforms.models.emotions.embedded import emotion_model
from affectflow_transforms.models.emotions.model import ANNOTATOR, NgramModel, Values
from affectflow_transforms.models.frustration import fit
from affectflow_transforms.models.frustration.fit import Comments, Mask, Written
from affectflow_transforms.models.frustration.model import (
    OVER,
    Lexicon,
    Table,
    annoyance_column,
    stored_valence,
)
from affectflow_transforms.models.valence import rating

VERSION = "2"
FILE = f"frustration_v{VERSION}.safetensors"
SOURCE = "comments.csv.gz"
_COLUMNS = ("issue_id", "comment_id", "comment_body", "tbdf")
FRUSTRATED = ("Bitter frustration", "Impatience")


@dataclass(kw_only=True)
class Frustration(Trainer):
    """Trains frustration on `comments.csv.gz` of gh_incivility; a fifth is held out.

    A fifth of the threads, chosen by a hash, is held out. The model rests on the
    emotions that come with the package.

    Args:
      accept: `private` says that the weights stay with you if the licence of the data
        forbids passing them on.
    """

    accept: Literal["", "private"] = ""

    file: ClassVar[str] = FILE
    card: ClassVar[Card] = Card(
        summary="trains the frustration of EmbeddedEmotions (gh_incivility)"
    )

    def train(self, data: Path, *, licence: str = "") -> Trained:
        """Returns the fitted model with its figures on the reserved threads."""
        (source,) = trained.needed(data, SOURCE)
        passed_on = trained.licence_of(source, licence)
        check_passing_on({"data": passed_on}, self.accept)
        rows = read_comments(source)
        written, scores = fit_weights(source, rows, passed_on)
        threads = np.array([row["issue_id"] for row in rows])
        kept = _mask([is_reserved(thread) for thread in threads])
        figures = _figures(rows, scores, load(written)["calibration"][-1], kept)
        said = (
            f"{len(set(threads[kept])):,} of {len(set(threads)):,} threads, by a hash"
        )
        return trained.with_card(ANNOTATOR, FILE, written, said, figures, passed_on)


def _figures(
    rows: list[dict[str, str]], scores: Values, threshold: float, kept: Mask
) -> tuple[Figure, ...]:
    truth = _mask([row["tbdf"] in FRUSTRATED for row in rows])
    threads = np.array([row["issue_id"] for row in rows])
    return trained.label_figures(
        ["frustration"],
        scores[kept, None],
        scores[kept, None] >= threshold,
        truth[kept, None],
        threads[kept],
    )


def fit_weights(
    source: Path, rows: list[dict[str, str]], licence: str
) -> tuple[bytes, Values]:
    """Returns the weights file, and the score of every comment from other threads.

    The heads of the weights file score the comments of reserved threads.
    """
    emotions = emotion_model()
    annoyance = annoyance_column(emotions)
    words, valence = read_lexicon()
    known = Lexicon.of(words, valence)
    everything = comments_of(rows, *fit.features(readings(rows), emotions, known))
    written = read_written(source.parent, everything, emotions, known)
    reserved = np.array([is_reserved(row["issue_id"]) for row in rows])
    seen = everything[np.flatnonzero(~reserved)]
    scored, of_written = fit.score_held_out(seen, written, annoyance)
    slope, offset = fit.calibrate(
        (scored, of_written), seen.frustrated, written.frustrated
    )
    held_out = special.expit(slope * scored + offset)
    threshold = fit.threshold(held_out, seen.uncivil)
    heads = fit.fit_heads(seen, written, annoyance)

    scores = special.expit(slope * heads.decide(everything, annoyance) + offset)
    scores[~reserved] = held_out
    arrays = fit.packed(heads, emotions)
    arrays |= {
        "words": words,
        "valence": valence,
        "calibration": np.array([fit.PRIOR, fit.AUTHORED, slope, offset, threshold]),
    }
    return trained.weights_file(
        arrays,
        annotator=ANNOTATOR,
        version=VERSION,
        source=source,
        licence=licence,
        settings=_settings(),
        **{OVER: weights.revision("affectflow_transforms.models.emotions")},
    ), scores


def read_comments(source: Path) -> list[dict[str, str]]:
    """Returns the rows of `comments.csv.gz`.

    Raises:
      UsageError: a column is missing.
    """
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        lacking = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
        if lacking:
            raise UsageError(
                f"{str(source)!r} has no column {lacking[0]!r}: give a CSV with "
                + ", ".join(_COLUMNS)
            )
        return list(reader)


def read_lexicon() -> tuple[npt.NDArray[np.int32], Table]:
    """Returns the slots of the words that people rated, and their valence."""
    rated = rating.rated_words()
    slots = np.array([ngrams.slot_of(word) for word in rated], np.int32)
    return slots, stored_valence(np.array(list(rated.values())))


def is_reserved(issue_id: str) -> bool:
    """Returns whether a thread is kept for the last look: a fifth of them is."""
    digest = hashlib.blake2b(issue_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 5 == 0


def readings(rows: list[dict[str, str]]) -> list[str]:
    """Returns what a model reads of the comments, after the package's own ingest."""
    return authored.readings([row["comment_body"] for row in rows])


def read_written(
    data: Path, comments: Comments, emotions: NgramModel, known: Lexicon
) -> Written:
    """Returns the authored texts in the folder of the comments, none if there are none.

    Args:
      data: the folder.
      comments: the comments that they are added to.
      emotions: the model of emotions that reads them.
      known: the lexicon that reads them.
    """
    given = authored.read_authored(data)
    grams, marks = comments.grams[:0], comments.marks[:0]
    if given.texts:
        grams, marks = fit.features(given.texts, emotions, known)
    return Written(
        grams=grams,
        marks=marks,
        frustrated=given.shares("frustration"),
        briefs=np.array(given.briefs),
    )


def comments_of(rows: list[dict[str, str]], grams: Any, marks: Values) -> Comments:
    """Returns features with the labels of the comments."""
    tones = [row["tbdf"] for row in rows]
    return Comments(
        grams=grams,
        marks=marks,
        uncivil=_mask([bool(tone) for tone in tones]),
        frustrated=_mask([tone in FRUSTRATED for tone in tones]),
        threads=np.array([row["issue_id"] for row in rows]),
    )


def _mask(values: list[bool]) -> Mask:
    return np.array(values, np.bool_)


def _settings() -> dict[str, object]:
    return {
        "C": fit.C,
        "annoyance": fit.ANNOYANCE,
        "authored": fit.AUTHORED,
        "comments": fit.COMMENTS,
        "false_flags": fit.FALSE_FLAGS,
        "folds": fit.FOLDS,
        "marks": fit.MARKS,
        "min_texts": fit.MIN_TEXTS,
        "prior": fit.PRIOR,
        "seed": fit.SEED,
    }
