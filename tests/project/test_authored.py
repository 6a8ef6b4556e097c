"""The authored corpus keeps what its guideline promises."""

import gzip
import json
import re
import zipfile
from collections import Counter

import pytest

from affectflow import vocabularies
from tests.conftest import required
from tests.quality.authored import overlap
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


# -- nobody else's words -----------------------------------------------------------


def test_runs_of_six_words_are_found_whatever_their_case_and_marks():
    own = overlap.hashed({"a": "Sorry, I don't know what else to try here."})

    assert overlap.shared("SORRY I don’t know what - else (to) try", own) == [
        "don't know what else to try",
        "i don't know what else to",
        "sorry i don't know what else",
    ]
    assert overlap.shared("I don't know what to try here", own) == []


def test_no_six_words_are_those_of_the_list_of_faults(shared_data):
    faults = shared_data.parent / "cases" / "faults.md"
    if not faults.is_file():
        required("data", f"put the list of faults at {faults}")

    assert not overlap.shared(
        overlap.plain(faults.read_bytes()), overlap.hashed(overlap.authored())
    )


@pytest.mark.proof
def test_no_six_words_are_those_of_a_public_set(shared_data):
    assert "\n".join(overlap.collisions(shared_data)) == ""


def test_collisions_are_found_in_packed_files_and_escapes(tmp_path):
    text = next(iter(overlap.authored().values()))
    six = overlap.words(text)[:6]
    with gzip.open(tmp_path / "a.json.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"body": "\n".join(six)}))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("b.html", "&nbsp;".join(six))

    lines = list(overlap.collisions(tmp_path))

    assert [line.split(": ")[0] for line in lines] == [
        f"{tmp_path}/a.json.gz",
        f"{tmp_path}/b.zip/b.html",
    ]
    assert all(" ".join(six) in line and "A001-1" in line for line in lines)


@pytest.mark.parametrize("other_side", ["a", "b"])
def test_no_two_messages_are_nearly_one(other_side):
    # The sides of a pair are alike on purpose.
    texts = overlap.authored()
    kept = {key: text for key, text in texts.items() if key[-1] != other_side}

    alike, *who = overlap.nearest(kept)

    assert alike < 0.5, who
