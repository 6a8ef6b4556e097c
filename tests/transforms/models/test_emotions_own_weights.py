"""EmbeddedEmotions with weights that `affectflow train` wrote."""

import gzip
import json
import shutil

import pytest

from affectflow import weights
from affectflow.errors import UsageError
from affectflow.steps.annotate import handler_for
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from affectflow_transforms.models.emotions.train import Emotions
from affectflow_transforms.models.frustration.train import Frustration
from tests.given.training_data import FELT, HEATED, write_goemotions, write_incivility
from tests.given.utterance_batches import batch_of

TEXTS = [*FELT.values(), *HEATED.values()]


def kept(trainer, data, folder):
    folder.mkdir()
    found = trainer.train(data, licence="CC0-1.0")
    (folder / trainer.file).write_bytes(found.weights)
    return str(folder)


@pytest.fixture(scope="module")
def emotions(tmp_path_factory):
    """A folder as `affectflow train emotions` writes it."""
    folder = tmp_path_factory.mktemp("emotions")
    return kept(Emotions(), write_goemotions(folder / "data"), folder / "weights")


@pytest.fixture(scope="module")
def frustration(tmp_path_factory):
    """A folder as `affectflow train frustration` writes it."""
    folder = tmp_path_factory.mktemp("frustration")
    return kept(Frustration(), write_incivility(folder / "data"), folder / "weights")


def scores_of(handler):
    out = handler.apply(batch_of(TEXTS), handler.load_model())
    return [
        {each["label"]: each["score"] for each in row}
        for row in out["annotations"].to_pylist()
    ]


def test_emotions_of_ones_own_answer_with_their_labels_alone(emotions):
    found = scores_of(EmbeddedEmotions(weights=emotions))

    for label, scores in zip(FELT, found, strict=False):
        assert max(scores, key=scores.get) == label
    assert {label for scores in found for label in scores} <= {*FELT, None}


@pytest.mark.rotated
def test_frustration_of_ones_own_goes_with_the_emotions_of_the_package(frustration):
    own = scores_of(EmbeddedEmotions(weights=frustration))
    shipped = scores_of(EmbeddedEmotions())

    frustrated = dict(zip(TEXTS, (row.pop("frustration") for row in own), strict=True))
    assert frustrated[HEATED["Impatience"]] > frustrated[HEATED[""]]
    assert [row.pop("frustration") for row in shipped] != list(frustrated.values())
    assert own == shipped


def test_a_folder_as_the_model_finds_who_reads_it(emotions, frustration):
    for folder in (emotions, frustration):
        assert handler_for(folder) == EmbeddedEmotions(weights=folder)


def test_weights_of_ones_own_are_another_annotator(emotions, frustration):
    handlers = [EmbeddedEmotions(weights=each) for each in ("", emotions, frustration)]
    rows = [handler.annotator() for handler in handlers]

    assert len({row["annotator_id"] for row in rows}) == 3
    assert [row["licence"] for row in rows[1:]] == ["CC0-1.0", "CC0-1.0"]
    assert [row["commercial_use"] for row in rows] == [True, None, None]
    assert json.loads(rows[1]["parameters"]) == {
        "cues": "in_text",
        "tasks": ["emotion"],
    }


def test_there_is_no_frustration_over_emotions_of_ones_own(emotions):
    with pytest.raises(UsageError, match="`tasks` must be among emotion, got"):
        EmbeddedEmotions(weights=emotions, tasks=("frustration",))


def test_the_package_s_weights_stay_the_package_s_where_they_are_copied(tmp_path):
    shutil.copytree(
        weights.folder("affectflow_transforms.models.frustration"), tmp_path / "copy"
    )

    own = EmbeddedEmotions(weights=str(tmp_path / "copy"))

    assert scores_of(own) == scores_of(EmbeddedEmotions())


def test_frustration_over_another_model_of_emotions_is_refused(
    frustration, monkeypatch
):
    # As after an update of the package: the same folder, newer emotions.
    monkeypatch.setattr(weights, "revision", lambda *packages: "0" * 32)

    with pytest.raises(UsageError, match=r"need emotion weights .*train them again"):
        EmbeddedEmotions(weights=frustration)


def test_labels_that_are_not_of_goemotions_are_refused_before_training(tmp_path):
    data = write_goemotions(tmp_path)
    (data / "emotions.txt").write_text("anger\nboredom\nneutral", encoding="utf-8")

    with pytest.raises(UsageError, match=r"names 'boredom': name one or more of"):
        Emotions().train(data)


def test_a_line_of_another_layout_is_refused(tmp_path):
    data = write_goemotions(tmp_path)
    (data / "dev.tsv").write_text("no label\n", encoding="utf-8")

    with pytest.raises(
        UsageError, match=r"dev.tsv' is not in the format of GoEmotions"
    ):
        Emotions().train(data)


def test_a_column_that_lacks_is_named(tmp_path):
    with gzip.open(tmp_path / "comments.csv.gz", "wt", encoding="utf-8") as file:
        file.write("issue_id,comment_id,comment_body\n1,2,hello\n")

    with pytest.raises(UsageError, match=r"has no column 'tbdf': give a CSV with"):
        Frustration().train(tmp_path)
