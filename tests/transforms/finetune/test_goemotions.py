"""A real encoder on a real set: MiniLM on GoEmotions, which prints its figures."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from affectflow import registry
from tests.given import fitted_classifier

ROWS = 600


def written(data: Path, folder: Path, rows: int) -> Path:
    """Writes the first rows of train and dev as JSON Lines; returns the folder."""
    names = (data / "emotions.txt").read_text().split()
    folder.mkdir()
    for split in ("train", "dev"):
        file = next(each for each in data.iterdir() if each.name.startswith(split))
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8", newline="") as lines:
            read = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        said = [
            {"text": text, "labels": [names[int(n)] for n in labels.split(",")]}
            for text, labels, *_ in read[:rows]
        ]
        lines = "".join(json.dumps(row) + "\n" for row in said)
        (folder / f"{split}.jsonl").write_text(lines)
    return folder


# Some rows only: that a real base is fitted, not how well it can be.
@pytest.mark.proof
@pytest.mark.torch
@pytest.mark.skipif(not fitted_classifier.is_installed(), reason="needs MiniLM")
def test_a_real_encoder_is_fitted_to_some_rows_of_goemotions(
    shared_data, tmp_path, capsys
):
    trainer = registry.load("trainers", "finetune")(
        base=str(fitted_classifier.encoder()),
        head="several",
        vocabulary="goemotions",
        epochs=2,
        max_tokens=48,
        device="cpu",
    )
    (tmp_path / "work").mkdir()
    data = written(shared_data / "goemotions", tmp_path / "data", ROWS)

    found = trainer.train_in(tmp_path / "work", data, tell=print)

    macro = {f.name: f for f in found.figures if f.label == "(macro)"}
    with capsys.disabled():
        print(f"\nMiniLM, {ROWS} rows of GoEmotions: {macro['f1']}, {macro['auc']}")
    assert macro["auc"].value > 0.5
