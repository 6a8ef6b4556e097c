"""EmbeddedEncoder: the encoder that comes with the package."""

import sys

import numpy as np
import pytest

from affectflow.errors import MissingExtraError, UsageError
from affectflow.report.gaps import published
from affectflow.testing import check_model
from affectflow_transforms.models.encoder import packing
from affectflow_transforms.models.encoder.embedded import EmbeddedEncoder
from tests.given.utterance_batches import batch_of


@pytest.fixture(scope="module")
def handler():
    return EmbeddedEncoder(device="cpu")


@pytest.fixture(scope="module")
def model(handler):
    pytest.importorskip("torch")
    return handler.load_model()


def best(out, task):
    """The label with the highest score of each row that answers a task."""
    return [
        max((a for a in row if a["task"] == task), key=lambda a: a["score"] or 0)
        for row in out["annotations"].to_pylist()
    ]


@pytest.mark.torch
def test_plain_feelings_are_recognised(handler, model):
    texts = [
        "Thank you so much, that saved my day!",
        "I am so angry about this, it makes me furious",
        "I miss her so much, I cried all night",
    ]

    found = best(handler.apply(batch_of(texts), model), "emotion")

    assert [each["label"] for each in found] == ["gratitude", "anger", "sadness"]
    assert all(each["chosen"] for each in found)


@pytest.mark.torch
def test_frustration_is_chosen_where_somebody_is_stuck(handler, model):
    texts = ["Three days on this and it still crashes, I give up.", "Merged in 1.2."]

    stuck, calm = best(handler.apply(batch_of(texts), model), "frustration")

    assert (stuck["chosen"], calm["chosen"]) == (True, False)


@pytest.mark.torch
def test_labels_are_those_of_the_task(handler, model):
    (row,) = handler.apply(batch_of(["Thank you!"]), model)["annotations"].to_pylist()

    told = {(each["task"], each["label"]) for each in row}
    assert ("emotion", "gratitude") in told
    assert {label for task, label in told if task == "frustration"} == {"frustration"}
    assert not {label for task, label in told if task == "emotion"} & {"irritation"}


@pytest.mark.torch
def test_a_text_scores_alike_alone_and_among_longer_ones(handler, model):
    texts = ["Thank you", "why does this fail again", "ok " * 60]

    together = model.encoder.outputs(texts).values
    alone = np.concatenate([model.encoder.outputs([text]).values for text in texts])

    assert together == pytest.approx(alone, abs=1e-4)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("text", "lang", "status"),
    [
        pytest.param("Vielen Dank!", "de", "unsupported_language", id="German"),
        pytest.param("", None, "no_author_text", id="empty"),
        pytest.param("good " * 300, None, "truncated", id="too long"),
    ],
)
def test_statuses(handler, model, text, lang, status):
    (row,) = handler.apply(batch_of([text], [lang]), model)["annotations"].to_pylist()

    assert {each["status"] for each in row} == {status}


@pytest.mark.torch
def test_it_owes_what_every_model_owes(handler, model, monkeypatch):
    monkeypatch.setattr(EmbeddedEncoder, "load_model", lambda self: model)

    check_model(handler)


@pytest.mark.torch
def test_irritation_is_answered_if_asked(model):
    asked = EmbeddedEncoder(tasks=("irritation",), device="cpu")
    batch = batch_of(["This is the third time, I am fed up with your excuses!"])

    (row,) = asked.apply(batch, model)["annotations"].to_pylist()

    assert [(each["task"], each["chosen"]) for each in row] == [("irritation", True)]


def test_without_torch_it_says_what_to_install(handler, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(
        MissingExtraError, match=r"EmbeddedEncoder needs torch .*torch\]"
    ):
        handler.load_model()


def test_the_figures_that_reports_quote_are_of_these_weights(handler):
    told = published(handler.annotator(), "frustration")

    assert told is not None
    assert 0 < told["precision"] < 1


def test_an_unknown_task_is_named():
    with pytest.raises(UsageError, match="`tasks` must be among"):
        EmbeddedEncoder(tasks=("joy",))


def test_a_byte_is_off_by_half_a_scale_at_most():
    matrix = np.array([[1.27, -0.004, 0.5], [0.0, 0.0, 0.0]], np.float32)
    vector = np.array([0.3], np.float32)

    stored = packing.packed({"w": matrix, "b": vector})
    back = packing.unpacked(stored)

    assert stored["w"].tolist() == [[127, 0, 50], [0, 0, 0]]
    assert np.abs(back["w"] - matrix).max() <= 0.005
    assert back["b"] == vector
    assert sorted(back) == ["b", "w"]
