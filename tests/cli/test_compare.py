"""`affectflow compare LAKE A B`, as it is typed."""

import json

from affectflow.lake import Lake
from tests.given.command_line import affectflow
from tests.given.people import add_rows
from tests.given.view_lakes import label, utterance


def test_it_shows_how_far_two_annotators_agree_and_where_they_do_not(tmp_path):
    uri = str(tmp_path / "lake")
    Lake.create(uri)
    spoken = [
        utterance("s:1"),
        utterance("s:2"),
        utterance("s:3", visibility="private"),
    ]
    add_rows(uri, "utterances", [row | {"bucket": 0} for row in spoken])
    said = {"first@1": ("joy", "joy", "joy"), "second@1": ("joy", "anger", "anger")}
    labels = [
        label(f"s:{n}", word, annotator_id=who)
        for who, words in said.items()
        for n, word in enumerate(words, start=1)
    ]
    add_rows(uri, "annotations", labels)

    table = affectflow("compare", uri, "first", "second")
    told = json.loads(
        affectflow("compare", uri, "first", "second", "--format", "json").out
    )

    assert table.code == 0
    assert "a: first@1; b: second@1" in table.err
    # Joy: both 1, only a 2 of 3; agreement 1/3, by chance 1 * 1/3: kappa 0.
    assert "0.3333" in table.out
    (fold,) = told["labels"]
    assert (fold["common"], fold["n"], fold["same"]) == ("goemotions", 3, 1)
    assert fold["by_label"][0] == {
        "task": "goemotions",
        "label": "joy",
        "n": 3,
        "both": 1,
        "only_a": 2,
        "only_b": 0,
        "kappa": 0.0,
    }
    assert [(d["utterance_id"], d["text"]) for d in told["differing"]] == [
        ("s:2", "too slow, sorry"),
        ("s:3", None),
    ]
    assert "(not public)" in table.out


def test_one_that_gave_no_labels_is_told_so(tmp_path):
    uri = str(tmp_path / "lake")
    Lake.create(uri)
    add_rows(uri, "utterances", [utterance("s:1") | {"bucket": 0}])
    add_rows(uri, "annotations", [label("s:1", "joy", annotator_id="first@1")])

    refused = affectflow("compare", uri, "first", "vectors@1")

    assert refused.code == 2
    assert refused.last_line.endswith(
        "no annotator 'vectors@1' has given labels or values in this lake; known: "
        "'first@1'"
    )
