"""Developers' messages that a language model labelled: all, by the guideline."""

import pytest

from affectflow import vocabularies
from affectflow.sources.marked import read_marked
from affectflow_transforms.models.frustration.train import is_reserved
from tests.quality.authored.__main__ import agreement
from tests.quality.authored.reading import EXPERIENCERS
from tests.quality.authored.reading import rows as authored
from tests.quality.developers import export, reading
from tests.quality.real import sampling
from tests.quality.real.reading import SECOND

ROWS = {row["id"]: row for row in reading.sample()}


@pytest.mark.parametrize("number", reading.PASSES)
def test_a_pass_labels_every_message_by_the_guideline(number):
    known = set(vocabularies.get("goemotions").labels)

    said = reading.labels(number)

    assert said.keys() == ROWS.keys()
    for row in said.values():
        assert {*row["emotions"]} <= known
        assert 1 <= len(row["emotions"]) <= 3
        assert len(row["emotions"]) == 1 or "neutral" not in row["emotions"]
        assert {row["frustration"], row["irritation"]} <= {0, 1}
        assert row["experiencer"] in EXPERIENCERS


def test_none_is_of_a_reserved_thread_nor_in_a_sample_for_measuring():
    measured = {
        row["digest"]
        for file in (sampling.SAMPLE, SECOND)
        for row in sampling.sample(file)
    }

    assert not [r for r in ROWS.values() if r["digest"] in measured]
    assert not [
        r for r in ROWS.values() if r["domain"] == "issue" and is_reserved(r["unit"])
    ]


def test_exported_messages_stand_beside_the_authored_ones_with_causes_of_whole_words(
    shared_data, tmp_path
):
    export.write(shared_data, tmp_path)

    found = read_marked(tmp_path)[len(authored("texts")) :]
    assert [each.id for each in found] == [*ROWS]
    for each in found:
        for start, end in each.spans:
            around = each.text[start - 1 : start + 1], each.text[end - 1 : end + 1]
            assert not any(len(pair) == 2 and pair.isalnum() for pair in around), (
                each.id
            )


def test_the_page_says_how_many_there_are_and_how_far_the_passes_agree(shared_data):
    page = (reading.FOLDER / "README.md").read_text(encoding="utf-8")
    _, passes = reading.marked(shared_data)

    said = list(agreement(*({row["id"]: row for row in rows} for rows in passes)))

    for line in said[1:3]:
        flag, _, rest = line.partition(":")
        assert f"{flag} {rest.rpartition(' ')[2].removeprefix('0')}" in page
    assert said[3].rpartition(" ")[2].removeprefix("0") in page
    for domain in ("issue", "chat"):
        count = sum(row["domain"] == domain for row in ROWS.values())
        assert f"| {count:,} |" in page


def test_another_text_than_the_one_labelled_is_refused(shared_data, monkeypatch):
    rows = [row | {"digest": "0" * 16} for row in reading.sample()]
    monkeypatch.setattr(reading, "sample", lambda: rows)

    with pytest.raises(ValueError, match="is not the text that was labelled"):
        reading.messages(shared_data)
