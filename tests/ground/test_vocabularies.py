"""Label sets: what ours say, and what a file that is wrong is answered with."""

import json

import pytest

from affectflow import vocabularies
from affectflow.errors import LeftOutWarning, UsageError
from affectflow.vocabularies import fold, folds, get, known, members

PAIRS = sorted({(f.from_vocabulary, f.to_vocabulary) for f in folds()})


def test_goemotions_has_the_labels_of_the_data_set(shared_data):
    text = (shared_data / "goemotions" / "emotions.txt").read_text()

    assert vocabularies.get("goemotions").labels == tuple(text.split())


def test_the_fold_to_ekman_is_the_one_of_the_data_set(shared_data):
    published = json.loads(
        (shared_data / "goemotions" / "ekman_mapping.json").read_text()
    )

    ours = {
        label: set(members(label, "ekman", "goemotions"))
        for label in vocabularies.get("ekman").labels
    }

    assert ours == {label: set(group) for label, group in published.items()}


def test_the_sets_are_as_large_as_in_their_papers():
    sizes = {vocabulary.name: len(vocabulary.labels) for vocabulary in known().values()}

    assert sizes == {
        **{"goemotions": 28, "ekman": 6, "plutchik": 8, "shaver": 6, "vad": 3},
        **{"shaver_secondary": 25, "leia": 5, "meld": 7, "irritation": 1},
        **{"happiness": 1},
        **{"semeval_emotions": 12, "semeval_intensity": 4, "semeval_valence": 1},
        **{"semeval_intensity_class": 4, "semeval_valence_class": 1, "avamerg": 7},
        **{"distortions": 10, "phq8": 10, "follow_up_reward": 7},
        **{"empathetic_dialogues": 32, "empathetic_intents": 9, "dailydialog": 7},
        **{"compound7": 8, "mikels": 8, "polarity": 2},
        **{"boundary": 7, "boundary_score": 2, "esconv_strategies": 8},
    }
    families = {v.name for v in known().values() if v.families}
    assert families == {"ekman", "happiness", "irritation"}
    assert get("vad").scale == (0.0, 1.0)


@pytest.mark.parametrize("vocabulary", known().values(), ids=known())
def test_a_vocabulary_names_each_label_once(vocabulary):
    assert len(set(vocabulary.labels)) == len(vocabulary.labels) > 0
    assert all(label == label.strip().lower() for label in vocabulary.labels)
    assert known()[vocabulary.name] == vocabulary


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_fold_names_labels_that_exist(source, target):
    steps = [
        f for f in folds() if (f.from_vocabulary, f.to_vocabulary) == (source, target)
    ]

    assert {f.from_label for f in steps} <= set(known()[source].labels)
    assert {f.to_label for f in steps} <= set(known()[target].labels)
    assert all(0 < f.weight <= 1 for f in steps)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_label_folds_to_one_label_at_most(source, target):
    for label in known()[source].labels:
        assert len(fold(label, source, target)) <= 1


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_fold_and_members_are_inverse(source, target):
    for label in known()[target].labels:
        for member in members(label, target, source):
            assert label in fold(member, source, target)
    for label in known()[source].labels:
        for to in fold(label, source, target):
            assert label in members(to, target, source)


def test_no_step_of_a_fold_is_there_twice():
    keys = [
        (f.from_vocabulary, f.from_label, f.to_vocabulary, f.to_label) for f in folds()
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


@pytest.mark.parametrize("target", ["happiness", "irritation"])
def test_every_vocabulary_of_emotions_has_a_way_to(target):
    without = {"happiness", "irritation", "empathetic_intents", "distortions"}
    without |= {"polarity", "boundary", "boundary_score", "esconv_strategies"}
    without |= {"follow_up_reward"}
    numbers = {name for name, each in known().items() if each.scale}

    found = {s for s, t in PAIRS if t == target}

    assert found == set(known()) - without - numbers


def test_wishes_hopes_and_disapproval_are_no_happiness():
    for label in ("desire", "optimism", "caring", "disapproval", "gratitude"):
        assert fold(label, "goemotions", "happiness") == {}


def test_no_set_of_numbers_is_taken_for_a_set_of_emotions():
    names = [v.labels for v in known().values() if v.scale and v.name != "vad"]
    classes = {label for v in known().values() if not v.scale for label in v.labels}

    assert not classes & {label for labels in names for label in labels}


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


# -- files of strangers --------------------------------------------------------------

PHQ = """
labels = ["sleep", "appetite"]
ordered = true
scale = [0, 3]
[definitions]
sleep = "Sleeps badly."
[levels]
sleep = ["never", "some days", "most days", "every day"]
[folds.ekman]
sadness = ["sleep"]
[members.goemotions]
appetite = ["desire"]
"""


def test_a_file_says_all_that_a_vocabulary_is(bring):
    bring({"vocabularies/phq.toml": PHQ})

    phq = get("phq")

    assert phq.labels == ("sleep", "appetite")
    assert (phq.ordered, phq.families, phq.scale) == (True, False, (0.0, 3.0))
    assert phq.definitions == {"sleep": "Sleeps badly."}
    assert phq.levels == {"sleep": ("never", "some days", "most days", "every day")}
    assert fold("sleep", "phq", "ekman") == {"sadness": 1.0}
    assert members("appetite", "phq", "goemotions") == ("desire",)
    assert vocabularies.recognise(["appetite", "sleep"]) == "phq"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("labels = [", "line 1: Invalid value", id="not TOML"),
        pytest.param("scale = [0, 1]\n", "no `labels`", id="no labels"),
        pytest.param(
            'labels = [\n"a",\n"b",\n"a"]',
            "line 4: label 'a' appears twice",
            id="twice",
        ),
        pytest.param(
            'labels = ["a"]\nlable = 1',
            "line 2: unknown key 'lable'; did you mean 'labels'",
            id="unknown key",
        ),
        pytest.param(
            'labels = "a b"', "line 1: `labels` must be a list of texts", id="a type"
        ),
        pytest.param(
            'labels = ["a"]\nscale = [1, 0]',
            "line 2: `scale` must be the lowest and the highest value",
            id="a scale",
        ),
        pytest.param(
            'labels = ["a"]\n[levels]\nb = ["no", "yes"]',
            "line 3: unknown label 'b' in [levels]; known: 'a'",
            id="levels of no label",
        ),
        pytest.param(
            'labels = ["a"]\n[folds.ekman]\n# angry\nangre = ["a"]',
            "line 4: unknown label 'angre' in [folds.ekman]; did you mean 'anger'",
            id="folds to no label",
        ),
        pytest.param(
            'labels = ["a"]\n[folds.ekman]\nanger = ["b"]',
            "line 3: unknown label 'b' in [folds.ekman]; known: 'a'",
            id="folds no label",
        ),
        pytest.param(
            'labels = ["a"]\n[folds.ekmann]\nanger = ["a"]',
            "line 2: unknown vocabulary 'ekmann'; did you mean 'ekman'",
            id="folds to no vocabulary",
        ),
        pytest.param(
            'labels = ["a"]\n[folds.ekman]\nanger = ["a"]\njoy = ["a"]',
            "line 4: label 'a' appears twice",
            id="folds a label twice",
        ),
    ],
)
def test_a_file_that_is_wrong_is_said_in_one_line_and_the_others_go_on(
    bring, text, said
):
    folder = bring({"vocabularies/bad.toml": text})

    with pytest.raises(UsageError) as caught:
        get("bad")
    with pytest.warns(LeftOutWarning, match="vocabulary left out: "):
        names = list(known())

    where = folder / "vocabularies" / "bad.toml"
    assert (
        str(caught.value)
        .replace(f"{where}: ", f"{where}, ")
        .startswith(f"{where}, {said}")
    )
    assert "\n" not in str(caught.value)
    assert "bad" not in names
    assert "plutchik" in names


def test_a_fold_that_both_sides_state_is_refused(bring):
    fine = 'labels = ["a"]\n[folds.coarse]\nb = ["a"]'
    coarse = 'labels = ["b"]\n[members.fine]\nb = ["a"]'
    folder = bring({"vocabularies/fine.toml": fine, "vocabularies/coarse.toml": coarse})

    with pytest.raises(
        UsageError, match=r"line 2: \[folds.coarse\] is also in "
    ) as caught:
        get("fine")

    assert str(folder / "vocabularies" / "coarse.toml") in str(caught.value)


def test_nobody_takes_the_place_of_a_vocabulary_of_the_core(bring):
    bring({"vocabularies/ekman.toml": 'labels = ["a"]'})

    with pytest.raises(UsageError, match="'ekman' in vocabularies is claimed by"):
        known()
