r"""Trains the weights of frustration that come with the package.

    python -m affectflow_transforms.frustration.train --data FOLDER --lexicon FILE \
        --out FOLDER

reads `comments.csv.gz` of `gh_incivility` and VADER's `vader_lexicon.txt` and writes
`frustration_v1.safetensors`, and with `--scores FILE` the score of every comment from
heads that have not seen its thread. A fifth of the threads is reserved: nothing is
trained or chosen on them.
"""

import argparse
import csv
import gzip
import hashlib
import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sklearn
from safetensors.numpy import save
from scipy import special

from affectflow.readings import read
from affectflow.schemas import UTTERANCES, fields
from affectflow_transforms import weights
from affectflow_transforms.emotions.embedded import emotion_model
from affectflow_transforms.emotions.model import Values
from affectflow_transforms.emotions.train import with_sorted_header
from affectflow_transforms.frustration import fit
from affectflow_transforms.frustration.fit import Comments, Mask
from affectflow_transforms.frustration.model import (
    Lexicon,
    Table,
    slot_of,
    stored_valence,
)
from affectflow_transforms.normalize import NormalizeText
from affectflow_transforms.textualize import Textualize

VERSION = "1"
FILE = f"frustration_v{VERSION}.safetensors"
FRUSTRATED = ("Bitter frustration", "Impatience")

_WORD = re.compile(r"[a-z']+")
_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="gh_incivility")
    parser.add_argument("--lexicon", type=Path, required=True, help="of VADER")
    parser.add_argument("--out", type=Path, required=True, help="is made if missing")
    parser.add_argument("--scores", type=Path, help="CSV of scores out of fold")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    source = given.data / "comments.csv.gz"
    written, scores = train(source, given.lexicon)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / FILE).write_bytes(written)
    _log.info("%s: %d bytes", given.out / FILE, len(written))
    if given.scores:
        write_scores(given.scores, source, scores)


def train(source: Path, lexicon: Path) -> tuple[bytes, Values]:
    """Returns the weights file, and the score of every comment from other threads.

    Comments of the reserved threads are scored by the heads of the weights file.
    """
    rows = read_comments(source)
    emotions, annoyance = emotion_model(), emotion_model().labels.index("annoyance")
    words, valence = read_lexicon(lexicon)
    known = Lexicon.of(words, valence)
    everything = comments_of(rows, *fit.features(readings(rows), emotions, known))
    reserved = np.array([is_reserved(row["issue_id"]) for row in rows])
    seen = everything[np.flatnonzero(~reserved)]
    scored = fit.score_held_out(seen, annoyance)
    slope, offset = fit.calibrate(scored, seen.frustrated)
    held_out = special.expit(slope * scored + offset)
    threshold = fit.threshold(held_out, seen.uncivil)
    heads = fit.fit_heads(seen, annoyance)

    scores = special.expit(slope * heads.decide(everything, annoyance) + offset)
    scores[~reserved] = held_out
    arrays = fit.packed(heads, emotions)
    arrays |= {
        "words": words,
        "valence": valence,
        "calibration": np.array([fit.PRIOR, slope, offset, threshold]),
    }
    return with_sorted_header(save(arrays, metadata=_metadata(source))), scores


def read_comments(source: Path) -> list[dict[str, str]]:
    """Returns the rows of `comments.csv.gz`."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_lexicon(source: Path) -> tuple[npt.NDArray[np.int32], Table]:
    """Returns the slots of the words of VADER's lexicon, and their valence."""
    lines = source.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t")[:2] for line in lines]
    rated = {word: float(value) for word, value in pairs if _WORD.fullmatch(word)}
    slots = np.array([slot_of(word) for word in rated], np.int32)
    return slots, stored_valence(np.array(list(rated.values())))


def is_reserved(issue_id: str) -> bool:
    """Returns whether a thread is kept for the last look: a fifth of them is."""
    digest = hashlib.blake2b(issue_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 5 == 0


def readings(rows: list[dict[str, str]]) -> list[str]:
    """Returns what a model reads of the comments, after the package's own ingest."""
    columns = {
        "utterance_id": [row["comment_id"] for row in rows],
        "text": [row["comment_body"] for row in rows],
    }
    schema = fields(UTTERANCES, *columns)
    batch = pa.RecordBatch.from_pydict(columns, schema=schema)
    for step in (NormalizeText(), Textualize()):
        step.setup()
        batch = step.apply(batch)
    return read(batch).texts.to_pylist()


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


def write_scores(target: Path, source: Path, scores: Values) -> None:
    """Writes one line a comment: thread, comment, tone, reserved, score."""
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["issue_id", "comment_id", "tone", "reserved", "score"])
        for row, score in zip(read_comments(source), scores, strict=True):
            ids = (row["issue_id"], row["comment_id"])
            reserved = int(is_reserved(row["issue_id"]))
            writer.writerow([*ids, row["tbdf"], reserved, f"{score:.6f}"])


def _metadata(source: Path) -> dict[str, str]:
    settings = {
        "C": fit.C,
        "annoyance": fit.ANNOYANCE,
        "false_flags": fit.FALSE_FLAGS,
        "folds": fit.FOLDS,
        "marks": fit.MARKS,
        "min_texts": fit.MIN_TEXTS,
        "prior": fit.PRIOR,
        "seed": fit.SEED,
    }
    return {
        "emotions": weights.digest("emotions"),
        "version": VERSION,
        "training_data": "gh_incivility (Ehsani et al., MSR 2024), MIT, four fifths; "
        "valences of VADER (Hutto and Gilbert, 2014), MIT",
        "training_digest": "sha256:" + hashlib.sha256(source.read_bytes()).hexdigest(),
        "settings": json.dumps(settings, sort_keys=True),
        "made_with": f"numpy {np.__version__}, scikit-learn {sklearn.__version__}",
    }


if __name__ == "__main__":
    main()
