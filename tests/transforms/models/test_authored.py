"""Messages with soft labels beside other data: authored ones, and real ones."""

import json

import numpy as np
import pytest

from affectflow.kinds.trainer import is_held_out
from affectflow_transforms.models.authored import Authored, read_authored
from affectflow_transforms.models.emotions import fit, train
from affectflow_transforms.models.emotions.embedded import emotion_model
from affectflow_transforms.models.emotions.fit import Vocabulary

LABELS = ("anger", "neutral")


def write_messages(folder, briefs, *, real):
    rows = [
        {"id": each, "brief": each, "text": f"text of {each}", "real": real}
        for each in briefs
    ]
    said = [
        {"id": each, "emotions": ["anger"], "frustration": 1, "irritation": 0}
        | {"cause": ""}
        for each in briefs
    ]
    for name, lines in (("texts", rows), ("labels_1", said)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("real", "prefix"),
    [
        pytest.param(False, "", id="authored"),
        pytest.param(True, "chosen by ", id="real, by a hash of their own"),
    ],
)
def test_a_tenth_is_left_for_choosing(tmp_path, real, prefix):
    briefs = [str(number) for number in range(60)]
    write_messages(tmp_path, briefs, real=real)

    found = read_authored(tmp_path)

    assert found.briefs == [b for b in briefs if not is_held_out(f"{prefix}{b}")]
    assert len(found.briefs) < len(briefs)
    assert found.real.tolist() == [real] * len(found.briefs)


def test_a_folder_without_messages_has_none(tmp_path):
    assert read_authored(tmp_path).texts == []


def test_labels_of_authored_messages_get_the_usual_shares_and_real_ones_keep_theirs():
    model = emotion_model()
    vocabulary = Vocabulary(
        rows=model.rows, squared_idf=model.weights[:, -1].astype(np.float64)
    )
    given = Authored(
        texts=["this is bad"] * 8,
        briefs=list("abcdefgh"),
        real=np.array([False] * 4 + [True] * 4),
        labels=[{"anger": 1.0}, {"anger": 1.0}, {}, {}] * 2,
    )

    found = train._examples(given, vocabulary, LABELS, np.array([0.1, 0.3]))

    anger, weights = found.y[:, 0], found.weights[:, 0]
    authored, real = np.arange(16) < 8, np.arange(16) >= 8
    assert weights[authored & anger].sum() == pytest.approx(0.1 * 4)
    assert weights[authored].sum() == pytest.approx(4)
    assert weights[real & anger].sum() == pytest.approx(0.5 * 4 * fit.REAL)
    assert weights[real].sum() == pytest.approx(4 * fit.REAL)
