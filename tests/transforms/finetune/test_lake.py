"""Labels of a lake train an encoder, and a teacher's scores beside them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow_transforms.finetune.lake import of_lake
from affectflow_transforms.finetune.soft import soft_of
from affectflow_transforms.finetune.splits import Source
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.finetune.wanted import Wanted
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.people import people_say
from tests.given.taught_lakes import from_toys, taught_lake
from tests.given.toy_training import rows_of, save_base
from tests.given.utterance_batches import batch_of

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A teacher that is right, and people who call everything but one joy."""
    spoken, said = from_toys(rows_of("one", 160))
    path = taught_lake(
        tmp_path_factory.mktemp("lakes") / "lake", spoken, said,
        licence="CC BY-NC 4.0", commercial_use=False, notice="Read with care.",
    )  # fmt: skip
    answers = [
        {"utterance_id": each["utterance_id"], "label": ["joy", "anger"][n % 9 == 0],
         "vocabulary": "three"}
        for n, each in enumerate(spoken)
    ]  # fmt: skip
    people_say(path, answers)
    return Path(path)


def gathered(lake, head="one", annotator="gold", teacher="", **wanted):
    return of_lake(lake, Wanted(head=head, **wanted), annotator, teacher, "text")


def test_labels_are_what_most_people_say(lake):
    found = gathered(lake)

    rows = {row["utterance_id"]: row for row in found.source.table.to_pylist()}
    labels = [rows[f"u{n:04}"]["label"] for n in (0, 1, 9)]
    assert labels == ["anger", "joy", "anger"]
    assert rows["u0000"]["text"] == rows_of("one", 1)[0]["text"]
    assert (found.wanted.vocabulary, found.wanted.task) == ("three", "emotion")
    assert found.licences == {}


def test_labels_of_an_annotator_bring_what_binds_it(lake):
    found = gathered(lake, annotator="strict")

    expected = [row["label"] for row in rows_of("one", 160)]
    assert found.source.table["label"].to_pylist() == expected
    assert found.licences == {"strict@1": "CC BY-NC 4.0"}
    assert found.bound.commercial_use is False
    assert found.bound.notice == "Read with care."


def test_several_labels_are_lists(lake):
    found = gathered(lake, head="several", annotator="strict")

    assert found.source.table["labels"][0].as_py() == [rows_of("one", 1)[0]["label"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "pair"}, "labels of a lake train head=one, several, ordinal, value"),
        ({"task": "mood"}, "gold gave no label and no value in the task 'mood', so"),
        ({"annotator": "nobody"}, "nobody"),
    ],
)
def test_what_a_lake_does_not_have_is_said(lake, options, message):
    with pytest.raises(UsageError, match=message):
        gathered(lake, **options)


@pytest.mark.rotated
def test_a_student_follows_its_teacher_more_than_people_if_told_so(lake, tmp_path):
    base = save_base(tmp_path / "base")
    work = tmp_path / "work"
    work.mkdir()

    found = Finetune(
        base=base, head="one", vocabulary="three", teacher="strict", device="cpu",
        teacher_weight=1.0, rate=3e-3, head_rate=3e-3, batch=8, patience=3, epochs=3,
    ).train_in(work, lake, licence="CC0-1.0")  # fmt: skip

    reader = SequenceClassifier(model=str(found.weights), device="cpu")
    out = reader.apply(batch_of(["word1 furious"]), reader.load_model())
    (row,) = out["annotations"].to_pylist()
    assert [each["label"] for each in row if each["chosen"]] == ["anger"]
    for line in (
        "| data | the lake lake, labels of most people (BLAKE2b",
        "| objective | cross_entropy, 1 of it by the scores of strict |",
        "| commercial use | not allowed |",
    ):
        assert line in found.card


# -- a teacher in files ----------------------------------------------------------------


def soft(cells, head="one", target=(0, 1), labels=("anger", "joy")):
    table = pa.table({"told": cells})
    rows = Source(
        files=(Path("d/train.csv"),), table=table, given=np.zeros(2, np.bool_)
    )
    return soft_of(rows, "told", head, labels, np.array(target))


def test_scores_of_a_teacher_are_read_as_objects_of_any_kind():
    found = soft(['{"anger": 0.75, "joy": 0.25}', None])

    assert np.exp(found[0]) == pytest.approx([0.75, 0.25])
    assert np.exp(found[1]) == pytest.approx([0, 1], abs=1e-5)  # its own label
    assert np.exp(soft([{"anger": 0.75, "joy": 0.25}, None])[0, 0]) == pytest.approx(
        0.75
    )


def test_of_several_labels_scores_stay_as_they_are():
    target = np.array([[1.0, 0.0], [0.0, 1.0]])

    found = soft(['{"anger": 0.4, "joy": 0.3}', None], "several", target)

    assert found.tolist() == [pytest.approx([0.4, 0.3]), [0.0, 1.0]]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("joy", "'joy' in row 1, which is not an object with a score"),
        ('{"joy": 7}', "the score 7 in row 1: scores must be from 0 to 1"),
        ('{"calm": 1}', "scores none of the labels anger, joy"),
    ],
)
def test_what_is_no_score_is_refused(cell, message):
    with pytest.raises(UsageError, match=message):
        soft([cell, None])


def test_a_teacher_of_values_is_refused():
    with pytest.raises(UsageError, match="scores labels of head=one or several, got"):
        Finetune(base="base", head="value", teacher="told")
