import json

import pytest

from affectflow import vocabularies
from affectflow.vocabularies import FOLDS, VOCABULARIES, fold, members

PAIRS = sorted({(f.from_vocabulary, f.to_vocabulary) for f in FOLDS})


def test_goemotions_has_the_labels_of_the_data_set(shared_data):
    text = (shared_data / "goemotions" / "emotions.txt").read_text()

    assert vocabularies.GOEMOTIONS.labels == tuple(text.split())


def test_the_fold_to_ekman_is_the_one_of_the_data_set(shared_data):
    published = json.loads(
        (shared_data / "goemotions" / "ekman_mapping.json").read_text()
    )

    ours = {
        label: set(members(label, "ekman", "goemotions"))
        for label in vocabularies.EKMAN.labels
    }

    assert ours == {label: set(group) for label, group in published.items()}


@pytest.mark.parametrize("vocabulary", VOCABULARIES.values(), ids=VOCABULARIES)
def test_a_vocabulary_names_each_label_once(vocabulary):
    assert len(set(vocabulary.labels)) == len(vocabulary.labels) > 0
    assert all(label == label.strip().lower() for label in vocabulary.labels)
    assert VOCABULARIES[vocabulary.name] is vocabulary


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_fold_names_labels_that_exist(source, target):
    steps = [
        f for f in FOLDS if (f.from_vocabulary, f.to_vocabulary) == (source, target)
    ]

    assert {f.from_label for f in steps} <= set(VOCABULARIES[source].labels)
    assert {f.to_label for f in steps} <= set(VOCABULARIES[target].labels)
    assert all(0 < f.weight <= 1 for f in steps)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_label_folds_to_one_label_at_most(source, target):
    for label in VOCABULARIES[source].labels:
        assert len(fold(label, source, target)) <= 1


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_fold_and_members_are_inverse(source, target):
    for label in VOCABULARIES[target].labels:
        for member in members(label, target, source):
            assert label in fold(member, source, target)
    for label in VOCABULARIES[source].labels:
        for to in fold(label, source, target):
            assert label in members(to, target, source)


def test_no_step_of_a_fold_is_there_twice():
    keys = [
        (f.from_vocabulary, f.from_label, f.to_vocabulary, f.to_label) for f in FOLDS
    ]

    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("label", "source", "target", "expected"),
    [
        ("annoyance", "goemotions", "irritation", {"irritation": 1.0}),
        ("neutral", "goemotions", "ekman", {}),
        ("neutral", "goemotions", "meld", {"neutral": 1.0}),
        ("exasperation", "shaver_secondary", "shaver", {"anger": 1.0}),
        ("happiness", "leia", "ekman", {"joy": 1.0}),
        ("nothing", "goemotions", "ekman", {}),
        ("joy", "goemotions", "nothing", {}),
    ],
)
def test_a_label_folds(label, source, target, expected):
    assert fold(label, source, target) == expected


def test_every_vocabulary_of_emotions_has_a_way_to_irritation():
    without = {"vad", "irritation"}

    assert {s for s, t in PAIRS if t == "irritation"} == set(VOCABULARIES) - without


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["Joy", "fear", "anger", "disgust", "sadness", "SURPRISE"], "ekman"),
        (["joy", "fear", "anger", "love", "sadness", "surprise"], "shaver"),
        (["joy", "fear"], None),
        ([], None),
    ],
)
def test_a_vocabulary_is_recognised_by_its_labels(labels, name):
    assert vocabularies.recognise(labels) == name
