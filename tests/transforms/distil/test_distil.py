"""Distil: students of labels, of scores and of values, and what binds them."""

import json
from pathlib import Path

import numpy as np
import pytest

from affectflow import people, testing
from affectflow.errors import UsageError
from affectflow_transforms.distil.train import Distil
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.people import add_rows, people_say
from tests.given.taught_lakes import TEACHER, from_toys, taught_lake
from tests.given.toy_training import rows_of, save_base
from tests.given.utterance_batches import batch_of

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

QUICK = {"rate": 3e-3, "head_rate": 3e-3, "epochs": 4, "batch": 8, "device": "cpu"}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A lake whose teacher may not be used commercially, and tells of health."""
    spoken, said = from_toys(rows_of("one", 200))
    return taught_lake(
        tmp_path_factory.mktemp("lakes") / "strict",
        spoken,
        said,
        licence="CC BY-NC-SA 4.0",
        commercial_use=False,
        touches=["health"],
        notice="Some messages were set aside unread.",
    )


@pytest.fixture(scope="module")
def student(base, strict, tmp_path_factory):
    return taught(base, strict, tmp_path_factory.mktemp("work"), licence="CC0-1.0")


def taught(base, lake, work, licence="", **options):
    work.mkdir(exist_ok=True)
    trainer = Distil(**{"teacher": "strict", "base": base} | QUICK | options)
    return trainer.train_in(work, Path(lake), licence=licence)


def figure(found, name, label):
    (value,) = [f for f in found.figures if (f.name, f.label) == (name, label)]
    return value


def said(folder, texts):
    reader = SequenceClassifier(model=str(folder), device="cpu")
    out = reader.apply(batch_of(texts), reader.load_model())
    return out["annotations"].to_pylist()


# -- what is learned -------------------------------------------------------------------


@pytest.mark.rotated
def test_labels_that_exclude_one_another_are_learned_with_their_scores(student):
    assert figure(student, "f1", "(macro)").value > 0.9
    (row,) = said(student.weights, ["word1 furious word2"])
    assert [(e["label"], e["task"]) for e in row if e["chosen"]] == [
        ("anger", "emotion")
    ]
    # The teacher is sure to 0.9, and leaves each of the others 0.05.
    scores = {each["label"]: each["score"] for each in row}
    assert scores["anger"] == pytest.approx(0.9, abs=0.05)


@pytest.mark.rotated
def test_several_labels_are_chosen_as_the_teacher_chose_them(base, tmp_path):
    rows = rows_of("several")
    spoken, _ = from_toys([row | {"label": ""} for row in rows])
    answers = [
        {"utterance_id": f"u{n:04}", "label": label, "score": 0.9 if felt else 0.1,
         "chosen": felt}
        for n, row in enumerate(rows)
        for label in ("anger", "joy", "sadness")
        for felt in [label in row["labels"]]
    ]  # fmt: skip
    lake = taught_lake(tmp_path / "lake", spoken, answers)

    found = taught(base, lake, tmp_path / "work", epochs=5)

    assert figure(found, "f1", "(macro)").value > 0.9
    both, none = said(found.weights, ["awful word3 great", "word3 word4"])
    assert {e["label"] for e in both if e["chosen"]} == {"anger", "joy"}
    assert not any(e["chosen"] for e in none)


@pytest.mark.rotated
def test_values_are_learned_on_their_scale(base, tmp_path):
    rows = rows_of("value", 200)
    spoken, _ = from_toys([row | {"label": ""} for row in rows])
    answers = [
        {"utterance_id": f"u{n:04}", "task": "valence", "vocabulary": "vad",
         "label": "valence", "value": 0.2 * row["pleasure"] - 0.1}
        for n, row in enumerate(rows)
    ]  # fmt: skip
    lake = taught_lake(tmp_path / "lake", spoken, answers)

    found = taught(base, lake, tmp_path / "work", objective="ccc")

    assert figure(found, "ccc", "valence").value > 0.9
    (bad,), (good,) = said(found.weights, ["word1 awful", "word1 lovely"])
    assert bad["value"] == pytest.approx(0.1, abs=0.1)
    assert good["value"] == pytest.approx(0.9, abs=0.1)
    assert (good["task"], good["vocabulary"]) == ("valence", "vad")


@pytest.mark.rotated
def test_a_student_has_as_many_layers_as_it_is_given(base, strict, tmp_path):
    found = taught(base, strict, tmp_path / "work", layers=1, epochs=1)

    config = json.loads((found.weights / "config.json").read_text())
    assert config["num_hidden_layers"] == 1
    assert said(found.weights, ["word1 furious"])[0]


@pytest.mark.rotated
def test_it_keeps_what_every_trainer_owes(base, strict):
    trainer = Distil(teacher="strict", base=base, **QUICK | {"epochs": 1})

    testing.check_trainer(trainer, Path(strict))


# -- what binds the student ------------------------------------------------------------


def test_the_teachers_licence_and_restrictions_bind_the_student(student):
    (student.weights / "MODEL_CARD.md").write_text(student.card)

    row = SequenceClassifier(model=str(student.weights)).annotator()

    assert row["licence"] == "cc-by-nc-sa-4.0"
    assert row["commercial_use"] is False
    assert row["touches"] == ["health"]
    assert row["notice"] == "Some messages were set aside unread."
    with (
        people.using(purpose="to know", context="workplace"),
        pytest.raises(UsageError, match="may reveal a person's health, which is refus"),
    ):
        SequenceClassifier(model=str(student.weights))


def test_another_licence_that_a_user_says_allows_no_commerce(student):
    row = SequenceClassifier(model=str(student.weights), licence="mit").annotator()

    assert row["commercial_use"] is False


def test_the_card_says_teacher_licences_agreement_and_what_binds_it(student):
    for line in (
        "license: cc-by-nc-sa-4.0",
        f"# A student of {TEACHER}",
        "| licence of the teacher | CC BY-NC-SA 4.0 |",
        "| licence of the texts or recordings | CC0-1.0 |",
        "| commercial use | not allowed |",
        "| touches of people | health |",
        "Readers are told: Some messages were set aside unread.",
        "by a hash of `conversation_id`",
        "They do not say how often either is\nright",
        "| (macro) |",
    ):
        assert line in student.card


@pytest.mark.rotated
def test_whatever_a_teacher_reads_binds_its_student_too(base, tmp_path):
    spoken, answers = from_toys(rows_of("one", 200))
    lake = taught_lake(tmp_path / "lake", spoken, answers, over="free@1")
    add_rows(lake, "annotators", [
        {"annotator_id": "free@1", "kind": "model", "licence": "CC BY-NC 4.0",
         "commercial_use": False, "touches": ["health"]},
    ])  # fmt: skip

    found = taught(base, lake, tmp_path / "work", epochs=1)

    assert "license: cc-by-nc-4.0" in found.card
    assert "| licence of the teacher | MIT, of what it reads CC BY-NC 4.0 |" in (
        found.card
    )
    assert "| touches of people | health |" in found.card


def test_a_teacher_whose_answers_may_not_be_read_here_is_refused(
    base, strict, tmp_path
):
    with (
        people.using(context="workplace", purpose="to know"),
        pytest.raises(UsageError, match="annotator strict@1 may reveal a person's hea"),
    ):
        taught(base, strict, tmp_path / "work")


@pytest.mark.rotated
def test_what_was_deleted_or_is_private_or_withheld_is_not_learned(base, tmp_path):
    spoken, answers = from_toys(rows_of("one", 204))
    spoken[0]["deleted"] = True
    spoken[1]["visibility"] = "direct"
    answers[2]["status"] = "withheld"
    spoken = [each for each in spoken if each["utterance_id"] != "u0003"]
    lake = taught_lake(tmp_path / "lake", spoken, answers)

    found = taught(base, lake, tmp_path / "a", epochs=1)
    with_private = taught(base, lake, tmp_path / "b", epochs=1, private=True)

    assert " of 200 utterances" in found.held_out
    assert "(left out: 1 deleted, 1 private)" in found.held_out
    assert " of 201 utterances" in with_private.held_out


# -- what is refused -------------------------------------------------------------------


@pytest.mark.rotated
@pytest.mark.parametrize(
    ("change", "annotator", "options", "message"),
    [
        ({"label": "joy"}, {}, {}, "gives all 200 utterances the same answer"),
        ({}, {}, {"objective": "mse"},
         "answers with one label, so the objective must be distil, got 'mse'"),
        ({}, {}, {"task": "mood"}, "no label and no value in the task 'mood', so there "
         "is nothing to learn from it; its tasks are 'emotion'"),
        ({"start": 0, "end": 3}, {}, {}, "gave no label and no value, so there"),
        ({"status": "withheld"}, {}, {}, "gave no label and no value, so there"),
        ({}, {"annotator_id": "person:ann", "kind": "person"}, {},
         "nothing is annotated in"),
        ({}, {"annotator_id": "mild@1"}, {}, "no annotator 'strict' has answered in"),
        ({}, {}, {"split_by": "speaker"}, "name it with --set split_by=COLUMN"),
        ({}, {}, {"base": ""}, "has a recording that can be heard, so there"),
    ],
)  # fmt: skip
def test_answers_that_cannot_be_learned_are_refused_in_one_line(
    base, tmp_path, change, annotator, options, message
):
    spoken, answers = from_toys(rows_of("one", 200))
    lake = taught_lake(
        tmp_path / "lake", spoken, [a | change for a in answers], **annotator
    )

    with pytest.raises(UsageError, match=message) as refused:
        taught(options.pop("base", base), lake, tmp_path / "work", **options)

    assert "\n" not in str(refused.value)


@pytest.mark.rotated
def test_values_on_an_unknown_scale_are_asked_for(base, tmp_path):
    spoken, answers = from_toys(rows_of("one", 200))
    values = [
        {"utterance_id": a["utterance_id"], "task": "heat", "vocabulary": "heat",
         "label": "heat", "value": float(n % 5)}
        for n, a in enumerate(answers)
    ]  # fmt: skip
    lake = taught_lake(tmp_path / "lake", spoken, values)

    with pytest.raises(UsageError, match="say it with --set scale=LOW,HIGH"):
        taught(base, lake, tmp_path / "work")
    with pytest.raises(UsageError, match="40 answers are off the scale of 0 to 3, suc"):
        taught(base, lake, tmp_path / "work", scale=(0.0, 3.0))


@pytest.mark.rotated
def test_several_tasks_are_told_apart_by_name(base, strict, tmp_path):
    spoken, answers = from_toys(rows_of("one", 200))
    more = [a | {"task": "mood"} for a in answers]
    lake = taught_lake(tmp_path / "lake", spoken, answers + more)

    with pytest.raises(UsageError, match="several tasks, 'emotion', 'mood': say which"):
        taught(base, lake, tmp_path / "work")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "`temperature` must be above 0, got 0.0"),
        ({"batch": 1}, "`batch` must be at least 2, got 1"),
        ({"layers": 2}, "`layers` are those of a `base`, and none is named"),
    ],
)
def test_options_out_of_their_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Distil(teacher="strict", **options)


def test_a_folder_that_is_not_a_lake_is_refused(base, tmp_path):
    with pytest.raises(UsageError):
        taught(base, str(tmp_path), tmp_path / "work")


@pytest.mark.rotated
def test_people_beside_the_teacher_are_not_learned_from(base, tmp_path):
    spoken, answers = from_toys(rows_of("one", 200))
    lake = taught_lake(tmp_path / "lake", spoken, answers)
    people_say(lake, [{"utterance_id": "u0001", "label": "joy"}])

    with pytest.raises(UsageError, match="no annotator 'person' has answered"):
        taught(base, lake, tmp_path / "work", teacher="person")


def test_what_is_not_stored_counts_as_little():
    from affectflow_transforms.distil.answers import Answers

    answers = Answers(
        head="one", task="emotion", vocabulary="three", perspective="writer",
        labels=("anger", "joy", "sadness"), ids=["a"],
        stored=np.array([[0.9, np.nan, np.nan]], np.float32),
        chosen=np.array([[True, False, False]]),
    )  # fmt: skip

    assert np.exp(answers.soft[0]) == pytest.approx([0.9, 0.05, 0.05], abs=1e-6)
    assert answers.hard.tolist() == [0]
