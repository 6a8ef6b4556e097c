"""SequenceClassifier: mistakes of its user, each in one line."""

import logging
import pickle
import shutil
import sys

import pytest

from affectflow.errors import MissingExtraError, UsageError
from affectflow_transforms.models.pretrained import source
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.tiny_classifier import handler_for, save_encoder, save_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    return save_tiny(
        tmp_path_factory.mktemp("models") / "several",
        problem_type="multi_label_classification",
    )


# -- mistakes ----------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(
            lambda folder: (folder / "model.safetensors").rename(folder / "x.bin"),
            "has no model.safetensors; save the model again",
            id="weights in another format",
        ),
        pytest.param(
            lambda folder: (folder / "config.json").unlink(),
            "has no config.json",
            id="no configuration",
        ),
        pytest.param(
            lambda folder: [each.unlink() for each in folder.glob("tokenizer*")],
            "has no tokenizer; save the model's own",
            id="no tokenizer",
        ),
        pytest.param(
            lambda folder: (folder / "model.safetensors").write_bytes(b"nonsense"),
            "does not load as a sequence classifier",
            id="a broken file",
        ),
    ],
)
def test_a_folder_that_holds_no_classifier_is_refused_in_one_line(
    tiny, tmp_path, spoil, message
):
    folder = tmp_path / "spoilt"
    shutil.copytree(tiny, folder)
    spoil(folder)

    with pytest.raises(UsageError, match=message) as raised:
        handler_for(str(folder)).load_model()
    assert "\n" not in str(raised.value)


@pytest.mark.torch
def test_weights_that_are_missing_are_said_once_and_in_no_table(tmp_path, caplog):
    folder = save_encoder(tmp_path / "encoder")
    said = logging.getLogger("transformers.modeling_utils")
    said.addHandler(caplog.handler)
    try:
        with pytest.raises(UsageError, match="has no weights"):
            handler_for(folder).load_model()
    finally:
        said.removeHandler(caplog.handler)

    assert caplog.messages == []


@pytest.mark.torch
def test_a_model_without_a_trained_head_is_refused(tmp_path):
    save_tiny(tmp_path)
    import transformers

    network = transformers.BertModel.from_pretrained(tmp_path)
    network.save_pretrained(tmp_path)

    with pytest.raises(UsageError, match="not a sequence classifier that was trained"):
        handler_for(str(tmp_path)).load_model()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"model": "org/name"}, "--revision", id="hub id without revision"),
        pytest.param(
            {"model": "org/name", "revision": "main"}, "40 hex digits", id="a branch"
        ),
        pytest.param({"model": "./nowhere"}, "no folder './nowhere'", id="no folder"),
        pytest.param({"model": ".", "dtype": "half"}, "`dtype` must be", id="dtype"),
        pytest.param(
            {"model": ".", "answer": "two"}, "`answer` must be one of", id="answer"
        ),
    ],
)
def test_a_wrong_argument_is_refused_at_once(options, message):
    with pytest.raises(UsageError, match=message):
        SequenceClassifier(**options)


def test_a_handler_with_a_pinned_hub_id_is_made_and_pickled_without_network():
    handler = SequenceClassifier(model="org/name", revision="0" * 40)

    assert pickle.loads(pickle.dumps(handler)) == handler
    assert handler.annotator()["revision"] == "0" * 40
    assert handler.annotator()["commercial_use"] is None


def test_a_missing_torch_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'affectflow\[torch\]'"):
        SequenceClassifier(model=str(tmp_path)).load_model()


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        pytest.param(
            "---\nlicense: apache-2.0\ntags: [a]\n---", "apache-2.0", id="one"
        ),
        pytest.param('---\ntags:\n- x\nlicense: "MIT"\n---', "mit", id="quoted"),
        pytest.param("# A model\n\nlicense: mit\n", "unknown", id="only in its prose"),
        pytest.param(
            "---\ntags: []\n---\nlicense: mit", "unknown", id="after the head"
        ),
        pytest.param(
            "---\nlicense:\n- mit\n- cc0-1.0\n---", "mit and cc0-1.0", id="list"
        ),
        pytest.param("---\nlicense: a-nc and b-nd # x\n---", "a-nc and b-nd", id="two"),
        pytest.param(None, "unknown", id="no card"),
    ],
)
def test_the_licence_is_what_the_models_card_states(tmp_path, card, licence):
    if card is not None:
        (tmp_path / "README.md").write_text(card)

    assert source.licence_of(str(tmp_path)) == licence
