"""What the outputs of a head are, and the answers that they become."""

import json

import numpy as np
import pytest

from affectflow import vocabularies
from affectflow.errors import UsageError
from affectflow.vocabularies import Vocabulary
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from affectflow_transforms.models.sequence_classifier.answers import answers
from affectflow_transforms.models.sequence_classifier.heads import (
    Said,
    Space,
    space_of,
)

EKMAN = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
STEPS = ("low", "middle", "high")
# Softmax gives 1/8, 2/8 and 5/8.
LOGITS = np.log(np.array([[1.0, 2.0, 5.0]], np.float32))


def config(*labels, **more):
    return {"id2label": {str(i): label for i, label in enumerate(labels)}} | more


@pytest.fixture
def steps(monkeypatch):
    """Two vocabularies with steps: of a scale, and of one label."""
    known = {
        "mood": Vocabulary(name="mood", labels=STEPS, scale=(-2.0, 2.0), ordered=True),
        "dread": Vocabulary(name="dread", labels=("fear",), levels={"fear": STEPS}),
    }
    monkeypatch.setattr(vocabularies, "known", lambda: known)
    monkeypatch.setattr(vocabularies, "get", known.__getitem__)


@pytest.mark.parametrize(
    ("given", "said", "answer", "vocabulary", "labels"),
    [
        pytest.param(config(*EKMAN), {}, "one", "ekman", EKMAN, id="one"),
        pytest.param(
            config(*EKMAN, problem_type="multi_label_classification"),
            {}, "several", "ekman", EKMAN, id="several",
        ),
        pytest.param(
            config(*EKMAN), {"answer": "shares"}, "shares", "ekman", EKMAN, id="shares"
        ),
        pytest.param(
            config("Joy", "ANGER"), {"vocabulary": "ekman"}, "one", "ekman",
            ("joy", "anger"), id="some labels of a vocabulary",
        ),
        pytest.param(
            config("up", "down"), {"vocabulary": "mine"}, "one", "mine",
            ("up", "down"), id="a label set of one's own",
        ),
        pytest.param(
            config("LABEL_0", "LABEL_1"), {"labels": ("joy", "fear"),
            "vocabulary": "ekman"}, "one", "ekman", ("joy", "fear"),
            id="outputs that nobody had named",
        ),
        pytest.param(
            config("toxic"), {"answer": "several", "vocabulary": "mine"}, "several",
            "mine", ("toxic",), id="one label that may be there",
        ),
        pytest.param(
            config("Valence"), {"scale": (1.0, 9.0)}, "value", "vad", ("valence",),
            id="one value",
        ),
        pytest.param(
            config("reward"), {"vocabulary": "helpfulness"}, "value", "helpfulness",
            ("reward",), id="a value without a scale",
        ),
    ],
)  # fmt: skip
def test_config_and_user_say_what_the_outputs_are(
    given, said, answer, vocabulary, labels
):
    space = space_of(given, Said(**said))

    found = (space.answer, space.vocabulary, space.labels)
    assert found == (answer, vocabulary, labels)


@pytest.mark.parametrize(
    ("given", "said", "message"),
    [
        pytest.param(config("up", "down"), {},
                     "'up', 'down' match no known vocabulary: .*vocabulary=",
                     id="labels that fit no vocabulary"),
        pytest.param(config("Joy", "anger", "boredom", "vigilance"), {},
                     r"match no known vocabulary; the nearest are --set "
                     r"vocabulary=\w+ \(without 'boredom', 'vigilance'\), .*: keep",
                     id="labels of parts of several vocabularies"),
        pytest.param(config("joy", "fear"), {},
                     r"nearest are --set vocabulary=\w+ \(has all of them, and more\)",
                     id="some labels of one vocabulary"),
        pytest.param(config("LABEL_0", "LABEL_1"), {"vocabulary": "mine"},
                     "name them in their order with --set labels=A,B",
                     id="outputs that nobody named"),
        pytest.param(config("joy", "fear"), {"labels": ("joy",)},
                     "has 2 outputs, but `labels` names 1", id="too few names"),
        pytest.param(config(*EKMAN), {"vocabulary": "ekmann"},
                     "unknown vocabulary 'ekmann', but the labels are those of 'ekman'",
                     id="a vocabulary misspelt"),
        pytest.param(config("joy", "feer"), {"vocabulary": "ekman"},
                     "'feer' is not a label of the vocabulary 'ekman'; did you mean "
                     "'fear'", id="a label misspelt"),
        pytest.param(config("joy"), {"answer": "one"}, "so it cannot give answer=one",
                     id="one of one"),
        pytest.param(config("valence", "arousal", "dominance"), {"answer": "value"},
                     r"on which scale .*scale=LOW,HIGH; .*'vad', 0 to 1",
                     id="values on an unknown scale"),
        pytest.param(config("tension"), {}, "no known vocabulary has a scale",
                     id="a value of no vocabulary"),
        pytest.param(config("tension"), {"vocabulary": "ekman"},
                     "'ekman' has no scale", id="a vocabulary without a scale"),
        pytest.param(config(*EKMAN), {"scale": (0.0, 1.0)}, "leave `scale` out",
                     id="a scale of labels"),
        pytest.param(config(*EKMAN), {"answer": "ordinal"},
                     "needs a vocabulary whose steps are 'anger'", id="no steps"),
    ],
)  # fmt: skip
def test_what_nobody_says_is_asked_for_in_one_line(given, said, message):
    with pytest.raises(UsageError, match=message) as raised:
        space_of(given, Said(**said))

    assert "\n" not in str(raised.value)


def answer_of(space, outputs=LOGITS, task="", threshold=None):
    (answer,) = answers(space, outputs, task, threshold)
    return answer


def test_shares_are_those_of_readers():
    space = Space(answer="shares", labels=STEPS, vocabulary="v")

    answer = answer_of(space)

    assert answer.perspective == "reader"
    assert answer.scores[0] == pytest.approx([0.125, 0.25, 0.625])
    assert answer.chosen.tolist() == [[False, False, True]]


def test_several_labels_are_each_judged_alone():
    space = Space(answer="several", labels=STEPS, vocabulary="v")

    answer = answer_of(space)

    # x / (1 + x) of 1, 2 and 5.
    assert answer.scores[0] == pytest.approx([1 / 2, 2 / 3, 5 / 6])
    assert answer.chosen.all()
    assert answer_of(space, threshold=0.7).chosen.tolist() == [[False, False, True]]


@pytest.mark.parametrize(
    ("outputs", "wanted"),
    [
        # -2 / 8 + 0 + 10 / 8 = 1, as far from `middle` at 0 as from `high` at 2.
        pytest.param(STEPS, 1.0, id="from the lowest step"),
        # 2 / 8 + 0 - 10 / 8 = -1: the vocabulary's order counts, not the head's.
        pytest.param(STEPS[::-1], -1.0, id="from the highest step"),
    ],
)
def test_steps_of_a_scale_become_a_place_on_it(steps, outputs, wanted):
    space = space_of(config(*outputs), Said(answer="ordinal", vocabulary="mood"))

    answer = answer_of(space)

    assert (answer.task, answer.scores) == ("mood", None)
    assert answer.chosen.sum() == 1
    assert answer.values[answer.chosen] == pytest.approx([wanted])


def test_the_step_that_is_named_is_the_nearest(steps):
    space = space_of(config(*STEPS), Said(answer="ordinal", vocabulary="mood"))
    logits = np.log(np.array([[1.0, 1.0, 8.0], [3.0, 4.0, 3.0]], np.float32))

    chosen = answer_of(space, logits).chosen

    # (-2 + 16) / 10 = 1.4 is nearer to 2, and 0 is `middle`.
    assert [STEPS[row.argmax()] for row in chosen] == ["high", "middle"]


def test_levels_of_a_label_become_its_value(steps):
    space = space_of(config(*STEPS), Said(answer="ordinal", vocabulary="dread"))

    answer = answer_of(space)

    # Without a scale the steps are 0, 1 and 2: 2 / 8 + 10 / 8.
    assert (answer.task, answer.labels) == ("fear", ("fear",))
    assert answer.values.tolist() == [[pytest.approx(1.5)]]


def test_a_vocabulary_with_these_steps_is_found(steps):
    assert space_of(config(*STEPS), Said(answer="ordinal")).vocabulary == "mood"


def test_a_head_of_values_takes_no_threshold(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config("valence")))

    with pytest.raises(UsageError, match="answer=value gives values"):
        SequenceClassifier(model=str(tmp_path), scale=(0.0, 1.0), threshold=0.5)


def test_labels_are_checked_before_a_model_is_loaded(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config("up", "down")))

    with pytest.raises(UsageError, match="no known vocabulary"):
        SequenceClassifier(model=str(tmp_path))
