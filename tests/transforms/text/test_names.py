"""MaskNames, with a pipeline of spaCy whose entities are a short list."""

import importlib.util

import pyarrow as pa
import pytest

from affectflow.errors import MissingExtraError, UsageError
from affectflow_transforms.text.names import MaskNames
from affectflow_transforms.text.normalize import NormalizeText
from tests.given.command_line import affectflow
from tests.given.stage_runs import ask

LISTED = {"PERSON": ("Ann Smith", "Zoë"), "GPE": ("Berlin", "東京"), "ORG": ("Acme",)}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("presidio_analyzer")
    spacy = pytest.importorskip("spacy")
    made = spacy.blank("xx")
    patterns = [
        {"label": k, "pattern": n} for k, names in LISTED.items() for n in names
    ]
    made.add_pipe("entity_ruler").add_patterns(patterns)
    folder = tmp_path_factory.mktemp("model")
    made.to_disk(folder)
    return str(folder)


SAID = {
    "Ann Smith moved to Berlin with Acme.": "[PERSON] moved to [PLACE] with Acme.",
    "thanks Zoë 😂 from 東京": "thanks [PERSON] 😂 from [PLACE]",
    "see `Berlin` and https://x.org/Berlin": "see `Berlin` and https://x.org/Berlin",
    "no names here": "no names here",
    "": "",
}


@pytest.mark.proof  # loading Presidio takes several seconds
def test_names_of_persons_and_places_go_and_segments_follow(model, tmp_path):
    batch = pa.record_batch({"text": list(SAID)})
    steps = (NormalizeText(), MaskNames(model=model))
    for step in steps:
        step.setup()
        batch = step.apply(batch)

    assert batch["text"].to_pylist() == list(SAID.values())
    first = batch["segments"].to_pylist()[0]
    found = [batch["text"][0].as_py()[s["start"] : s["end"]] for s in first]
    assert found == ["[PERSON]", "[PLACE]"]
    assert {each["type"] for each in first} == {"pii"}
    again = steps[1].apply(batch)
    assert again.equals(batch)

    posts, lake = tmp_path / "posts.csv", tmp_path / "lake"
    posts.write_text("utterance_id,text\n1,Ann Smith hates this.\n")
    asked = ("--source", "csv", "--mask-names", model)
    done = affectflow("ingest", posts, "--to", lake, *asked)
    assert done.code == 0, done.err
    texts = ask(str(lake), "SELECT text FROM utterances")
    assert texts == [("[PERSON] hates this.",)]


def test_without_presidio_one_line_names_the_extra(monkeypatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if "presidio" in name else find(name),
    )

    with pytest.raises(MissingExtraError, match=r"pip install 'affectflow\[pii\]'"):
        MaskNames(model=str(tmp_path))


def test_a_model_that_is_not_there_is_not_downloaded():
    pytest.importorskip("presidio_analyzer")

    with pytest.raises(UsageError, match="no spaCy model 'en_core_web_xx'"):
        MaskNames(model="en_core_web_xx")
