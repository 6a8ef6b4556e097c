"""Generate: mistakes of its user, each in one line, and what its annotator says."""

import pickle
import shutil
import sys

import pytest

from affectflow.errors import MissingExtraError, UsageError
from affectflow_transforms.models.generate import Generate
from tests.given.scripted import install_scripted, prompt_file, utterances
from tests.given.tiny_classifier import save_tiny
from tests.given.tiny_generator import save_causal

MOOD = """
task = "mood"
[[steps]]
name = "mood"
text = "{text} this is"
parser = "one_label"
labels = ["joy", "anger", "sad ness"]
"""


@pytest.fixture(autouse=True)
def parsers(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


@pytest.fixture
def prompt(tmp_path):
    return str(prompt_file(tmp_path, MOOD))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_causal(tmp_path_factory.mktemp("models") / "tiny")


def remove(*names):
    return lambda folder: [(folder / name).unlink() for name in names]


def drop_a_layer(folder):
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    kept = {k: v for k, v in load_file(file).items() if ".layers.1." not in k}
    save_file(kept, file, metadata={"format": "pt"})


@pytest.mark.torch
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(
            lambda folder: (folder / "model.safetensors").rename(
                folder / "pytorch_model.bin"
            ),
            "has no model.safetensors; save the model again",
            id="weights that are pickled",
        ),
        pytest.param(
            remove("config.json"), "has no config.json", id="no configuration"
        ),
        pytest.param(
            remove("tokenizer.json", "tokenizer_config.json"),
            "has no tokenizer; save the model's own",
            id="no tokenizer",
        ),
        pytest.param(
            save_tiny,
            "is a BertForSequenceClassification, which does not generate text",
            id="a classifier",
        ),
        pytest.param(drop_a_layer, "has no weights", id="a part of the weights"),
        pytest.param(
            lambda folder: (folder / "model.safetensors").write_bytes(b"nonsense"),
            "does not load as a model that generates text",
            id="a broken file",
        ),
    ],
)
def test_a_folder_that_holds_no_generator_is_refused_in_one_line(
    tiny, tmp_path, prompt, spoil, message
):
    folder = tmp_path / "spoilt"
    shutil.copytree(tiny, folder)
    spoil(folder)

    with pytest.raises(UsageError, match=message) as raised:
        Generate(model=str(folder), prompt=prompt).load_model()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"model": "org/name"}, "--revision", id="hub id without revision"),
        pytest.param(
            {"model": "org/name", "revision": "main"}, "40 hex digits", id="a branch"
        ),
        pytest.param({"model": "./nowhere"}, "no folder './nowhere'", id="no folder"),
    ],
)
def test_a_wrong_argument_is_refused_at_once(prompt, options, message):
    with pytest.raises(UsageError, match=message):
        Generate(prompt=prompt, **options)


def test_a_handler_with_a_pinned_hub_id_is_made_and_pickled_without_network(prompt):
    handler = Generate(model="org/name", revision="0" * 40, prompt=prompt)

    assert pickle.loads(pickle.dumps(handler)) == handler
    annotator = handler.annotator()
    assert annotator["annotator_id"].startswith("org/name@00000000+")
    assert (annotator["kind"], annotator["commercial_use"]) == ("prompt", None)


def test_a_missing_torch_names_the_extra(monkeypatch, tmp_path, prompt):
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'affectflow\[torch\]'"):
        Generate(model=str(tmp_path), prompt=prompt).load_model()


def test_the_licence_of_a_hub_id_is_what_its_card_in_the_cache_states(
    prompt, monkeypatch, tmp_path
):
    constants = pytest.importorskip("huggingface_hub.constants")
    commit = "0" * 40
    card = tmp_path / "models--org--name" / "snapshots" / commit / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text("---\nlicense: cc-by-nc-4.0\n---\n")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    annotator = Generate(model="org/name", revision=commit, prompt=prompt).annotator()

    assert annotator["licence"] == "cc-by-nc-4.0"
    assert annotator["commercial_use"] is False


@pytest.mark.torch
def test_a_chat_template_is_part_of_a_models_revision(tiny, tmp_path, prompt):
    folder = tmp_path / "other"
    shutil.copytree(tiny, folder)
    (folder / "chat_template.jinja").write_text("another")

    revisions = {
        Generate(model=str(each), prompt=prompt).annotator()["revision"]
        for each in (tiny, folder)
    }

    assert len(revisions) == 2


@pytest.mark.torch
@pytest.mark.parametrize("decode", ["choice", "text"])
def test_a_text_gets_a_label_of_the_prompt_or_a_status(tiny, prompt, decode):
    handler = Generate(
        model=tiny, prompt=prompt, decode=decode, device="cpu", dtype="float32"
    )
    batch = utterances("this is good", "", "why not")

    rows = handler.apply(batch, handler.load_model())["annotations"].to_pylist()

    assert [each["status"] for each in rows[1]] == ["no_author_text"]
    for row in (rows[0], rows[2]):
        for each in row:
            assert each["label"] in ("joy", "anger", "sad ness", None)
        if decode == "choice":
            assert sum(each["score"] for each in row) == pytest.approx(1, abs=0.1)
            assert sum(each["chosen"] for each in row) == 1
        else:
            assert len(row) == 1
