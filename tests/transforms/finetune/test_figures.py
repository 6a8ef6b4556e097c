"""Figures on real data: what an encoder reaches that is fitted as the docs say."""

import csv
import json
import random
import time

import numpy as np
import pytest

from affectflow.kinds.trainer import is_held_out
from affectflow_transforms.finetune.scores import thresholds_of
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.models.emotions.train import read_labels, read_tsv
from tests.given import fitted_classifier
from tests.quality.encoder import upper_layers

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.proof,
    pytest.mark.torch,
    pytest.mark.skipif(
        not fitted_classifier.is_installed(),
        reason="needs the encoder: make test EXTRAS=torch",
    ),
]


@pytest.mark.timeout(4 * 3600)
def test_minilm_tells_emotions_after_minutes_of_a_processor(shared_data):
    """GoEmotions' dev set is read once; all else is chosen on a tenth of train."""
    folder, began = shared_data / "goemotions", time.process_time()
    labels = read_labels(folder / "emotions.txt")
    texts, y = read_tsv(folder / "train.tsv.gz", len(labels))
    unseen, truth = read_tsv(folder / "dev.tsv", len(labels))
    apart = np.array([is_held_out(f"chosen by {text}") for text in texts])
    learned, chosen = np.flatnonzero(~apart), np.flatnonzero(apart)

    lesson = upper_layers.Lesson(
        target=upper_layers.distilled(y, upper_layers.taught(texts, y)),
        weights=np.tile(upper_layers.rare(y[learned]), (len(y), 1)),
        learned=learned,
        halved=learned[upper_layers.alone_neutral(y[learned])],
    )
    upper = upper_layers.begin([*texts, *unseen], len(labels))

    def found() -> float:
        return upper_layers.macro_f1(upper.outputs(chosen), y[chosen])

    for epochs, figure in upper_layers.train(upper, lesson, found, 4):
        print(f"{epochs:.1f} epochs: {figure:.4f} on the tenth")
    limits = thresholds_of(upper.outputs(chosen), y[chosen].astype(np.float32))
    outputs = upper.outputs(np.arange(len(texts), len(texts) + len(unseen)))
    minutes = (time.process_time() - began) / 120

    told = 1 / (1 + np.exp(-outputs)) >= np.array(limits)
    both = (told & truth).sum(axis=0)
    macro_f1 = np.mean(2 * both / (told.sum(axis=0) + truth.sum(axis=0)))
    print(f"dev macro-F1 {macro_f1:.4f} after {minutes:.0f} minutes of two cores")
    assert macro_f1 >= 0.50
    assert minutes < 40


@pytest.fixture
def emobank(shared_data, tmp_path):
    """Sentences with their valence, 1 to 5."""
    with (shared_data / "emobank" / "emobank.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for split in ("train", "dev"):
        lines = "".join(
            json.dumps({"text": row["text"], "valence": float(row["V"])}) + "\n"
            for row in rows
            if row["split"] == split
        )
        (tmp_path / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def test_a_lexicon_beside_a_frozen_encoder_tells_valence(shared_data, emobank):
    file = shared_data / "lex_vader" / "vader_lexicon.txt"
    lines = file.read_text(encoding="utf-8").splitlines()
    words, ratings, *_ = zip(*(line.split("\t") for line in lines), strict=True)
    turned = random.Random(0).sample(ratings, len(ratings))
    for name, numbers in (("rated", ratings), ("shuffled", turned)):
        rows = (f"{word}\t{n}\n" for word, n in zip(words, numbers, strict=True))
        (emobank / f"{name}.tsv").write_text("".join(rows), encoding="utf-8")

    def pearson(*lexica: str) -> float:
        trainer = Finetune(
            base=str(fitted_classifier.encoder()), head="value", labels=("valence",),
            scale=(1, 5), freeze=True, lexica=lexica, device="cpu",
            head_rate=5e-4, epochs=10, patience=10, hidden=256,
        )  # fmt: skip
        (figure,) = [f for f in trainer.train(emobank).figures if f.name == "pearson"]
        return figure.value

    with_words = pearson(str(emobank / "rated.tsv"))
    shuffled = pearson(str(emobank / "shuffled.tsv"))
    alone = pearson()

    print(f"valence r: {with_words:.3f}, shuffled {shuffled:.3f}, alone {alone:.3f}")
    assert with_words >= 0.65
    assert shuffled <= alone + 0.01
