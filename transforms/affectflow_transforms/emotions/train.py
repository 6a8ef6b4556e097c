"""Trains the weights that come with the package.

    python -m affectflow_transforms.emotions.train --data FOLDER --out FOLDER

reads `train.tsv.gz` and `emotions.txt` of GoEmotions in FOLDER and writes
`goemotions_v1.safetensors`, the same bytes each time with the same versions of NumPy
and scikit-learn. It takes two minutes of processor time and 2 GB of memory. Features,
penalty, calibration and thresholds come from the training set alone, by
cross-validation.
"""

import argparse
import csv
import gzip
import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import sklearn
from safetensors.numpy import save

from affectflow_transforms.emotions import fit
from affectflow_transforms.emotions.fit import Targets

VERSION = "1"
FILE = f"goemotions_v{VERSION}.safetensors"

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains and writes the weights."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="GoEmotions")
    parser.add_argument("--out", type=Path, required=True, help="is made if missing")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    written = train(given.data)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / FILE).write_bytes(written)
    _log.info("%s: %d bytes", given.out / FILE, len(written))


def train(data: Path) -> bytes:
    """Returns the weights file, in the format safetensors."""
    labels = (data / "emotions.txt").read_text(encoding="utf-8").split()
    source = data / "train.tsv.gz"
    texts, y = read_tsv(source, n_labels=len(labels))
    blocks = fit.grams_of(texts)
    vocabulary = fit.choose_features(blocks)
    x = fit.scaled(blocks, vocabulary)
    _log.info("%d texts, %d features", *x.shape)

    decided = fit.decide_held_out(x, y)
    calibration = fit.fit_calibration(decided, y)
    _report(calibration.probabilities(decided), y, labels)

    arrays = fit.packed(fit.fit_linear(x, y), vocabulary, calibration)
    arrays["known_words"] = fit.known_words(texts)
    return with_sorted_header(save(arrays, metadata=_metadata(labels, source)))


def read_tsv(path: Path, n_labels: int) -> tuple[list[str], Targets]:
    """Returns texts and labels of a file of GoEmotions, gzipped or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t"))
    y = np.zeros((len(rows), n_labels), np.bool_)
    for row, (_, given, _) in enumerate(rows):
        y[row, [int(label) for label in given.split(",")]] = True
    return [text for text, _, _ in rows], y


def _report(scores: fit.Values, y: Targets, labels: list[str]) -> None:
    chosen = fit.choose_held_out(scores, y)
    values = fit.f1(chosen, y)
    for label, value in zip(labels, values, strict=True):
        _log.info("%-15s F1 %.3f", label, value)
    micro = fit.micro_f1(chosen, y)
    _log.info("held out: macro-F1 %.4f, micro-F1 %.4f", values.mean(), micro)


def _metadata(labels: list[str], source: Path) -> dict[str, str]:
    settings = {
        "C": fit.C,
        "folds": fit.FOLDS,
        "min_texts": fit.MIN_TEXTS,
        "min_word_texts": fit.MIN_WORD_TEXTS,
        "seed": fit.SEED,
        "tolerance": fit.TOLERANCE,
    }
    return {
        "labels": ",".join(labels),
        "version": VERSION,
        "training_data": "GoEmotions train (Demszky et al., 2020), CC BY 4.0",
        "training_digest": "sha256:" + hashlib.sha256(source.read_bytes()).hexdigest(),
        "settings": json.dumps(settings, sort_keys=True),
        "made_with": f"numpy {np.__version__}, scikit-learn {sklearn.__version__}",
    }


def with_sorted_header(file: bytes) -> bytes:
    """Returns the file with its metadata in order; safetensors writes them in any."""
    size = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    written = json.dumps(header, separators=(",", ":")).encode()
    # The arrays start at a multiple of 8 bytes, as the format wants it.
    written += b" " * (-len(written) % 8)
    return len(written).to_bytes(8, "little") + written + file[8 + size :]


if __name__ == "__main__":
    main()
