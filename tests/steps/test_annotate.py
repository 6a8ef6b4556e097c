import pickle

import pyarrow as pa
import pytest

from affectflow import registry, schemas
from affectflow.errors import UnknownPluginError, UsageError
from affectflow.kinds.transform import Chain
from affectflow.steps.annotate import Annotate, handler_for
from affectflow.testing import run
from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.utterance_batches import batch_of

COMMIT = "0123456789" * 4


def test_utterances_are_labelled_in_a_pipeline():
    out = run(Annotate(), batch_of(["Thank you so much!", "", "Thank you so much!"]))

    first, silent, again = out["annotations"].to_pylist()
    assert (first[0]["label"], first[0]["chosen"]) == ("gratitude", True)
    assert {each["status"] for each in silent} == {"no_author_text"}
    assert again == first


def test_a_row_that_is_dead_already_passes_by():
    batch = batch_of(["Thank you", "x"])
    error = {"step": "s", "error_type": "e", "message": "m", "payload": None}
    errors = pa.array([None, [error]], schemas.ERRORS_COLUMN.type)

    out = run(Annotate(), batch.append_column(schemas.ERRORS_COLUMN, errors))

    assert out["errors"].to_pylist() == [None, [error]]
    assert out["annotations"][0].as_py()
    assert not out["annotations"][1].as_py()


def test_the_step_joins_a_chain_and_says_what_it_reads_and_writes():
    step = Annotate(model="EmbeddedEmotions", options={"cues": "as_written"})

    assert Chain(step, Annotate()).steps[0].columns_provided.names == ["annotations"]
    assert step.columns_required.names == ["text", "segments"]


def test_the_step_survives_pickling():
    step = pickle.loads(pickle.dumps(Annotate(options={"cues": "as_written"})))

    out = run(step, batch_of(["Thank you"]))

    wanted = EmbeddedEmotions(cues="as_written").annotator()["annotator_id"]
    assert {a["annotator_id"] for a in out["annotations"][0].as_py()} == {wanted}


@pytest.mark.parametrize("name", ["EmbeddedEmotions", "embedded-emotions"])
def test_an_installed_model_is_found_by_either_spelling(name):
    handler = handler_for(name, options={"cues": "as_written"})

    assert handler == EmbeddedEmotions(cues="as_written")


def test_a_hub_id_is_read_by_the_handler_that_is_named():
    options = {"threshold": 0.3, "handler": "sequence-classifier"}

    handler = handler_for("org/name", COMMIT, options)

    assert handler == SequenceClassifier(
        model="org/name", revision=COMMIT, threshold=0.3
    )


@pytest.mark.parametrize(
    ("model", "revision", "options", "error", "message"),
    [
        pytest.param(
            "EmbededEmotions", "", None, UnknownPluginError, "'EmbeddedEmotions'",
            id="a typo",
        ),
        pytest.param("./nowhere", "", None, UsageError, "no folder './nowhere'",
                     id="a path that is not there"),
        pytest.param("/a/b/c", "", None, UsageError, "no folder '/a/b/c'",
                     id="an absolute path that is not there"),
        pytest.param("a/b/c", "", None, UnknownPluginError, "org/name",
                     id="neither name nor hub id"),
        pytest.param("org/name", "", None, UsageError, "--revision",
                     id="a hub id that is not pinned"),
        pytest.param("org/name", COMMIT,
                     {"treshold": 1, "handler": "SequenceClassifier"},
                     UsageError, "`threshold`",
                     id="an option that there is not"),
        pytest.param("EmbeddedEmotions", "abc", None, UsageError, "option `revision`",
                     id="a revision of a model that has none"),
        pytest.param("SequenceClassifier", "", None, UsageError, "needs `model`",
                     id="a needed option lacks"),
        pytest.param("EmbeddedEmotions", "", {"handler": "SequenceClassifier"},
                     UsageError, "is a plugin itself", id="a handler of a plugin"),
        pytest.param("org/name", COMMIT, {"handler": "EmbeddedEmotions"},
                     UsageError, "reads neither folders nor hub ids",
                     id="a handler that reads no folder"),
    ],
)  # fmt: skip
def test_what_is_no_model_is_refused_with_the_cure(
    model, revision, options, error, message
):
    with pytest.raises(error) as raised:
        Annotate(model=model, revision=revision, options=options)

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_plugins_model_is_made_with_its_own_options(monkeypatch):
    class Echo:
        pass

    import dataclasses

    made = dataclasses.make_dataclass("Made", [("word", str, "x")], bases=(Echo,))
    point = type("Point", (), {"name": "Made"})()
    monkeypatch.setattr(registry, "find", lambda kind, name: point)
    monkeypatch.setattr(registry, "load", lambda kind, name: made)

    assert handler_for("Made", options={"word": "y"}).word == "y"
