"""A model's config.json says which plugin reads it."""

import json
from typing import ClassVar

import pytest

from affectflow import registry
from affectflow.errors import PluginImportError, UsageError
from affectflow.steps.annotate import handler_for
from affectflow.steps.architectures import plugin_for
from affectflow_transforms.models.sequence_classifier import SequenceClassifier

COMMIT = "0123456789" * 4


def saved(folder, *architectures, **config):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.json"
    file.write_text(json.dumps({"architectures": architectures} | config))
    return str(folder)


@pytest.mark.parametrize(
    "architecture",
    [
        "BertForSequenceClassification",
        "XLMRobertaForSequenceClassification",
        "ModernBertForSequenceClassification",
    ],
)
def test_the_config_of_a_folder_names_its_plugin(tmp_path, architecture):
    assert plugin_for(saved(tmp_path, architecture)) == "SequenceClassifier"


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ("ViTForImageClassification", "ImageClassifier"),
        ("CLIPModel", "ImageClassifier"),
        ("Wav2Vec2ForSpeechClassification", "SpeechAffect"),
        # Speech, although its head is one of sequences.
        ("Wav2Vec2ForSequenceClassification", "SpeechAffect"),
        ("TinySpeech", "TinySpeech"),
        ("WavLMModel", "SpeechEmbedder"),
        ("BertForMaskedLM", "Embedder"),
        ("Wav2Vec2ForPreTraining", "SpeechEmbedder"),
    ],
)
def test_what_a_network_sees_or_hears_says_more_than_its_head(
    tmp_path, architecture, kind
):
    assert plugin_for(saved(tmp_path, architecture)) == kind


@pytest.mark.parametrize(
    ("architecture", "kind"), [("RobertaForQuestionAnswering", "SpanQA")]
)
def test_a_kind_that_comes_later_is_named_in_one_line(tmp_path, architecture, kind):
    folder = saved(tmp_path, architecture)

    with pytest.raises(UsageError, match=f"only {kind} can read") as raised:
        handler_for(folder)

    assert "\n" not in str(raised.value)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(
            lambda file: file.unlink(),
            "has no config.json, .*: name the folder .* `affectflow plugins --kind",
            id="none",
        ),
        pytest.param(lambda file: file.write_text("{"), "is damaged", id="damaged"),
        pytest.param(
            lambda file: file.write_text("[]"), "names no `architectures`", id="a list"
        ),
        pytest.param(
            lambda file: file.write_text('{"architectures": null}'),
            "names no `architectures`: say .* with --set handler=NAME",
            id="no architectures",
        ),
        pytest.param(
            lambda file: file.write_text('{"architectures": ["BertForPreTraining"]}'),
            "BertForPreTraining, which no installed plugin reads: .*SequenceClassifier",
            id="of another kind",
        ),
    ],
)
def test_a_config_that_says_nothing_of_use_is_refused_in_one_line(
    tmp_path, spoil, message
):
    folder = saved(tmp_path, "BertForSequenceClassification")
    spoil(tmp_path / "config.json")

    with pytest.raises(UsageError, match=message) as raised:
        handler_for(folder)

    assert "\n" not in str(raised.value)


class Claims:
    """Stands in for the registry: models that read some architectures."""

    def __init__(self, **models):
        self.models = models

    def names(self, kind):
        return sorted(self.models)

    def load(self, kind, name):
        if self.models[name] is None:
            raise PluginImportError(f"plugin {name!r} does not import")

        class Model:
            architectures: ClassVar[tuple[str, ...]] = self.models[name]

        return Model

    def into(self, monkeypatch):
        monkeypatch.setattr(registry, "names", self.names)
        monkeypatch.setattr(registry, "load", self.load)


def test_the_pattern_that_says_most_wins(tmp_path, monkeypatch):
    Claims(
        Broken=None,
        Any=("*Model",),
        Generates=("*LMHeadModel",),
        Hears=("Wav2Vec2*",),
    ).into(monkeypatch)

    found = [
        plugin_for(saved(tmp_path, name))
        for name in ("BertModel", "GPT2LMHeadModel", "Wav2Vec2Model")
    ]

    assert found == ["Any", "Generates", "Hears"]


def test_two_plugins_for_one_architecture_are_both_named(tmp_path, monkeypatch):
    Claims(One=("*Model",), Two=("*Model",)).into(monkeypatch)

    with pytest.raises(UsageError, match="`One`, `Two` read: choose one of them"):
        plugin_for(saved(tmp_path, "BertModel"))


def offline_hub(cache, monkeypatch):
    """Lets the hub's library know nothing but its cache."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def test_a_hub_id_is_read_from_its_config_in_the_cache(tmp_path, monkeypatch):
    offline_hub(tmp_path, monkeypatch)
    snapshot = tmp_path / "models--org--name" / "snapshots" / COMMIT
    named = {"id2label": {"0": "calm", "1": "cross"}}
    saved(snapshot, "BertForSequenceClassification", **named)

    handler = handler_for("org/name", COMMIT, {"vocabulary": "mine"})

    assert handler == SequenceClassifier(
        model="org/name", revision=COMMIT, vocabulary="mine"
    )


def test_a_hub_that_cannot_be_asked_tells_how_to_do_without(tmp_path, monkeypatch):
    offline_hub(tmp_path, monkeypatch)

    with pytest.raises(UsageError, match="--set handler=NAME") as raised:
        handler_for("org/name", COMMIT)

    assert "\n" not in str(raised.value)
