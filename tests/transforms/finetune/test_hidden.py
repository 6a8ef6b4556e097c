"""What readers do not see: an encoder finds it by its words, measured by AUC."""

import csv

import pytest

from tests.given.docs_tables import ROOT
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
