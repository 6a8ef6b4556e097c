"""The authored corpus keeps what its guideline promises."""

import re
from collections import Counter

import pytest

from affectflow import vocabularies
from tests.quality.authored.reading import (
    EXPERIENCERS,
    FLAGS,
    FOLDER,
    PASSES,
    TRAPS,
    labels,
    rows,
)

TEXTS = {row["id"]: row for row in rows("texts")}


def test_each_text_is_there_once_and_has_a_brief():
    briefs = {row["brief"]: row for row in rows("briefs")}

    assert len({row["text"] for row in TEXTS.values()}) == len(rows("texts"))
    assert all(
        row["register"] == briefs[row["brief"]]["register"] for row in TEXTS.values()
    )
    assert {*Counter(row["brief"] for row in TEXTS.values()).values()} == {3}


@pytest.mark.parametrize("number", PASSES)
def test_a_pass_labels_every_text_by_the_guideline(number):
    known = set(vocabularies.get("goemotions").labels)

    said = labels(number)

    assert said.keys() == TEXTS.keys()
    for key, row in said.items():
        emotions = set(row["emotions"])
        assert emotions, key
        assert emotions <= known, key
        assert len(emotions) == 1 or "neutral" not in emotions, key
        assert {row[flag] for flag in FLAGS} <= {0, 1}, key
        assert row["experiencer"] in EXPERIENCERS, key
        assert row["trap"] in TRAPS, key
        assert row["cause"] in TEXTS[key]["text"], key


@pytest.mark.parametrize("number", PASSES)
def test_a_cause_is_of_whole_words(number):
    for key, row in labels(number).items():
        if cause := row["cause"]:
            found = re.escape(cause)
            assert re.search(rf"(?<!\w){found}(?!\w)", TEXTS[key]["text"]), key


def test_the_card_counts_what_is_there():
    card = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert card.split("\n\n")[1].startswith("A language model wrote these texts")
    for register, n in Counter(row["register"] for row in TEXTS.values()).items():
        assert f"| `{register}` | {n:,} |" in card
