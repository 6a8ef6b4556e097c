"""Finetune: each head learns its toy set, and the folder is read as it was trained."""

import json

import numpy as np
import pytest

from affectflow import testing
from affectflow.cli import training
from affectflow.errors import UsageError
from affectflow_transforms.finetune.licences import forbids_passing_on, stricter
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.models.sequence_classifier import SequenceClassifier
from tests.given.docs_tables import ROOT
from tests.given.stage_runs import ask
from tests.given.toy_training import rows_of, save_base, write_rows
from tests.given.utterance_batches import batch_of
from tests.project.test_docs import commands, typed

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

QUICK = {"rate": 3e-3, "head_rate": 3e-3, "epochs": 4, "patience": 4, "batch": 8}
HEADS = {
    "one": {"vocabulary": "three"},
    "several": {"vocabulary": "three"},
    "ordinal": {"labels": ("sadness", "anger", "joy"), "vocabulary": "gladness"},
    "value": {"labels": ("pleasure",), "scale": (1.0, 5.0), "vocabulary": "pleasure"},
    "shares": {"labels": ("anger", "joy"), "vocabulary": "two"},
    "reward": {},
    "pair": {"vocabulary": "three"},
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def three(base, tmp_path_factory):
    """A folder that a training of `one` wrote, by the command."""
    where = tmp_path_factory.mktemp("three")
    data = write_rows(where / "data", rows_of("one"))
    settings = [f"base={base}", "head=one", "vocabulary=three"]
    settings += [f"{name}={value}" for name, value in QUICK.items()]
    training.train(
        "finetune",
        data=data,
        out=where / "model",
        licence="CC BY-NC 4.0",
        settings=settings,
    )
    return where / "model"


def trained(base, folder, head, rows=None, **options):
    data = write_rows(folder / "data", rows or rows_of(head))
    trainer = Finetune(
        base=base, head=head, **QUICK | HEADS[head] | options, device="cpu"
    )
    work = folder / "work"
    work.mkdir(exist_ok=True)
    return trainer.train_in(work, data)


def said(folder, texts, **options):
    reader = SequenceClassifier(model=str(folder), device="cpu", **options)
    out = reader.apply(batch_of(texts), reader.load_model())
    return out["annotations"].to_pylist()


def figure(found, name, label):
    (value,) = [f for f in found.figures if (f.name, f.label) == (name, label)]
    return value


@pytest.mark.parametrize(
    ("head", "options", "name", "label"),
    [
        ("one", {}, "f1", "(macro)"),
        ("one", {"objective": "focal", "balance": 0.9}, "f1", "(macro)"),
        ("several", {}, "f1", "(macro)"),
        ("ordinal", {}, "pearson", "step"),
        ("ordinal", {"objective": "coral"}, "pearson", "step"),
        ("value", {}, "pearson", "pleasure"),
        ("value", {"objective": "ccc"}, "ccc", "pleasure"),
        ("shares", {}, "pearson", "joy"),
        ("reward", {}, "accuracy", "(pairs)"),
        ("pair", {}, "f1", "(macro)"),
        ("one", {"sam_rho": 0.05}, "f1", "(macro)"),
    ],
)
@pytest.mark.rotated
def test_a_head_learns_what_a_few_words_tell(
    base, tmp_path, head, options, name, label
):
    found = trained(base, tmp_path, head, **options)

    assert figure(found, name, label).value > 0.9


def test_a_figure_has_its_interval(base, tmp_path):
    found = trained(base, tmp_path, "value", epochs=1)

    value, low, high = figure(found, "pearson", "pleasure")[2:]
    assert low <= value <= high


def test_the_command_writes_a_folder_with_all_that_is_needed(three):
    names = {path.name for path in three.iterdir()}

    assert names == {"config.json", "model.safetensors", "tokenizer.json",
                     "tokenizer_config.json", "MODEL_CARD.md"}  # fmt: skip
    assert [path.name for path in three.parent.iterdir() if path.name[0] == "."] == []


def test_the_card_says_data_licence_use_figures_and_what_it_is_not_for(three):
    card = (three / "MODEL_CARD.md").read_text("utf-8")

    for line in (
        "license: cc-by-nc-4.0",
        "| licence of the data | CC BY-NC 4.0 |",
        "| commercial use | not allowed |",
        "by a hash of `speaker_id`",
        "seed=0",
        "## What it must not be used for",
        "| (macro) | 1.000",
    ):
        assert line in card
    assert "| weights | BLAKE2b " in card


def test_the_reader_passes_the_licence_on_and_names_the_labels(three):
    (row,) = said(three, ["word1 furious word2"])

    assert [each["label"] for each in row if each["chosen"]] == ["anger"]
    annotator = SequenceClassifier(model=str(three)).annotator()
    assert annotator["licence"] == "cc-by-nc-4.0"
    assert annotator["commercial_use"] is False


def test_several_labels_have_their_own_thresholds(base, tmp_path):
    found = trained(base, tmp_path, "several")

    config = json.loads((found.weights / "config.json").read_text())
    limits = config["affectflow"]["thresholds"]
    both, none = said(found.weights, ["awful word3 great", "word3 word4"])
    assert len(limits) == 3
    assert {e["label"] for e in both if e["chosen"]} == {"anger", "joy"}
    assert not any(e["chosen"] for e in none)


@pytest.mark.parametrize("objective", ["ordinal_soft", "coral"])
def test_steps_are_read_as_places_on_their_scale(base, tmp_path, objective):
    found = trained(base, tmp_path, "ordinal", objective=objective)

    low, high = said(found.weights, ["word1 gloomy", "word1 glad"])

    (lowest,) = [each["label"] for each in low if each["chosen"]]
    (highest,) = [each["label"] for each in high if each["chosen"]]
    assert (lowest, highest) == ("sadness", "joy")


def test_values_are_read_on_the_scale_of_the_data(base, tmp_path):
    found = trained(base, tmp_path, "value")

    (bad,), (good,) = said(found.weights, ["word1 awful", "word1 lovely"])

    assert bad["value"] == pytest.approx(1, abs=0.5)
    assert good["value"] == pytest.approx(5, abs=0.5)


def test_shares_are_those_of_readers(base, tmp_path):
    found = trained(base, tmp_path, "shares")

    (row,) = said(found.weights, ["word1 lovely"])

    assert {e["label"]: e["score"] for e in row}["joy"] == pytest.approx(0.8, abs=0.1)
    assert {each["perspective"] for each in row} == {"reader"}


@pytest.mark.rotated
def test_it_keeps_what_every_trainer_owes(base, tmp_path):
    data = write_rows(tmp_path, rows_of("one"))
    trainer = Finetune(base=base, head="one", vocabulary="three", device="cpu", **QUICK)

    testing.check_trainer(trainer, data)


def test_a_frozen_encoder_stays_as_it_is(base, tmp_path):
    from safetensors.numpy import load_file

    found = trained(base, tmp_path, "one", freeze=True, head_rate=0.05)

    before = load_file(f"{base}/model.safetensors")
    after = load_file(found.weights / "model.safetensors")
    layers = [name for name in before if "pooler" not in name]
    assert all(np.array_equal(before[n], after[f"bert.{n}"]) for n in layers)


def test_the_lowest_layers_stay_as_they_are(base, tmp_path):
    from safetensors.numpy import load_file

    found = trained(base, tmp_path, "one", frozen_layers=1, epochs=1)

    before = load_file(f"{base}/model.safetensors")
    after = load_file(found.weights / "model.safetensors")
    kept = {n for n in before if np.array_equal(before[n], after[f"bert.{n}"])}
    lower = {n for n in before if n.startswith(("embeddings.", "encoder.layer.0."))}
    assert kept == lower


def test_more_frozen_layers_than_there_are_are_refused(base, tmp_path):
    with pytest.raises(UsageError, match="below the 2 layers of the base, got 2"):
        trained(base, tmp_path, "one", frozen_layers=2)


# -- licences --------------------------------------------------------------------------


def test_a_licence_that_forbids_passing_on_is_asked_for(base, tmp_path):
    data = write_rows(tmp_path / "data", rows_of("one"))
    trainer = Finetune(base=base, head="one", vocabulary="three", device="cpu")

    with pytest.raises(UsageError, match=r"'CC BY-ND 4.0', forbids .* accept=private"):
        trainer.train(data, licence="CC BY-ND 4.0")


def test_a_model_that_must_stay_says_so_on_its_card(base, tmp_path):
    data = write_rows(tmp_path / "data", rows_of("one"))
    trainer = Finetune(base=base, head="one", vocabulary="three", device="cpu",
                       accept="private", freeze=True, epochs=1)  # fmt: skip

    found = trainer.train(data, licence="CC BY-ND 4.0")

    assert "**Not to be passed on:** the licence of the data forbids it" in found.card
    assert "license: cc-by-nd-4.0" in found.card


@pytest.mark.parametrize(
    ("licence", "forbidden"),
    [
        ("CC BY-NC-ND 4.0", True),
        ("research use only", True),
        ("free for research, not to be redistributed (NRC)", True),
        ("all rights reserved", True),
        ("CC BY-NC-SA 4.0", False),
        ("Apache-2.0", False),
        ("not stated", False),
        ("LLaMA standard terms", False),
    ],
)
def test_which_licences_forbid_passing_on(licence, forbidden):
    assert forbids_passing_on(licence) is forbidden


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("CC BY-NC 4.0", "cc-by-nd-4.0", "cc-by-nc-4.0 and cc-by-nd-4.0"),
        ("CC BY-NC-ND 4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0"),
        ("MIT", "cc-by-sa-4.0", "cc-by-sa-4.0"),
        ("cc-by-nc-4.0 and cc-by-nd-4.0", "CC BY-ND 4.0",
         "cc-by-nc-4.0 and cc-by-nd-4.0"),
        ("not stated", "Apache-2.0", "unknown"),
    ],
)  # fmt: skip
def test_the_licences_on_a_card_ask_for_all_that_any_asks_for(one, other, expected):
    assert stricter(one, other) == expected


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "change", "options", "message"),
    [
        ("one", {"label": "joy"}, {}, "have the label 'joy': give rows with two"),
        ("one", {"label": "jov"}, {"vocabulary": "ekman"},
         "300 rows of .* have the label 'jov', which is not in the vocabulary 'ekman'; "
         "did you mean 'joy'"),
        ("one", {}, {"vocabulary": ""}, "match no known vocabulary"),
        ("one", {}, {"text": "txt"}, "name it with --set text=COLUMN"),
        ("one", {}, {"split_by": "speaker"}, "name it with --set split_by=COLUMN"),
        ("one", {"speaker_id": "s1"}, {}, "1 different `speaker_id`, and a tenth"),
        ("one", {}, {"objective": "mse"}, "head=one takes objective=cross_entropy or"),
        ("ordinal", {}, {"labels": ()}, "needs its steps, the lowest first"),
        ("value", {"pleasure": 7}, {}, "300 rows .* off the scale of 1 to 5"),
        ("value", {"pleasure": "high"}, {}, "has 'high', which is not a number"),
        ("value", {}, {"scale": None}, "needs the lowest and highest value"),
        ("value", {}, {"labels": ()}, "name them with --set labels=A,B"),
        ("shares", {"joy": 0, "anger": 0}, {}, "votes below 0, or without any"),
        ("reward", {"strength": -1}, {}, "`strength` below 0: exchange"),
        ("pair", {"second": None}, {"second": "answer"}, "no column 'answer'"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_learned_are_refused_in_one_line(
    base, tmp_path, head, change, options, message
):
    rows = [row | change for row in rows_of(head)]

    with pytest.raises(UsageError, match=message) as refused:
        trained(base, tmp_path, head, rows, **options)

    assert "\n" not in str(refused.value)


def test_a_key_on_both_sides_of_a_given_split_is_refused(base, tmp_path):
    rows = rows_of("one")
    write_rows(tmp_path / "data", rows[:5], "dev.jsonl")

    with pytest.raises(UsageError, match="`speaker_id` 's0' and 4 more is in both"):
        trained(base, tmp_path, "one", rows)


def test_a_given_split_holds_its_own_file_out(base, tmp_path):
    rows = rows_of("one")
    apart = [row | {"speaker_id": "dev"} for row in rows[:20]]
    write_rows(tmp_path / "data", apart, "dev.jsonl")

    found = trained(base, tmp_path, "one", rows, epochs=1)

    assert found.held_out == "20 of 320 rows, those of dev.jsonl"


def test_an_empty_dev_is_refused(base, tmp_path):
    empty = [row | {"speaker_id": "d", "text": ""} for row in rows_of("one")[:5]]
    write_rows(tmp_path / "data", empty, "dev.jsonl")

    with pytest.raises(UsageError, match=r"dev.jsonl' has no row that can be used"):
        trained(base, tmp_path, "one")


def test_a_base_without_safetensors_is_refused(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{}")
    (tmp_path / "base" / "pytorch_model.bin").write_bytes(b"pickled")

    with pytest.raises(UsageError, match=r"has no model\.safetensors; save"):
        trained(str(tmp_path / "base"), tmp_path, "one")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head": "two"}, "`head` must be one of"),
        ({"head": "one", "epochs": 0}, "`epochs` must be at least 1, got 0"),
        ({"head": "value", "balance": 0.9}, "head=value has none: leave it out"),
    ],
)
def test_options_out_of_their_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Finetune(base="base", **options)


def test_rows_without_text_or_label_are_left_out_and_counted(base, tmp_path):
    rows = [*rows_of("one"), {"text": " ", "label": "joy", "speaker_id": "a"},
            {"text": "word1", "label": None, "speaker_id": "b"}]  # fmt: skip

    found = trained(base, tmp_path, "one", rows, epochs=1)

    assert found.held_out.endswith("(left out: 1 without a label, 1 without text)")


@pytest.mark.rotated
def test_what_the_page_about_an_encoder_of_your_own_shows_works(tmp_path):
    page = (ROOT / "docs" / "train.md").read_text(encoding="utf-8")
    section = page.split("## An encoder of your own")[1].split("\n## ")[0]
    save_base(tmp_path / "encoder")
    write_rows(tmp_path / "labelled", rows_of("one"))
    write_rows(tmp_path / "rated", rows_of("value"))
    write_rows(tmp_path / "compared", rows_of("reward"))
    (tmp_path / "words.tsv").write_text("lovely\t2.1\nawful\t-2.5\ngreat\t1.9\n")
    posts = "id,body\n" + "".join(
        f"{n},{row['text']}\n" for n, row in enumerate(rows_of("one", 120))
    )
    (tmp_path / "posts.csv").write_text(posts)

    for command in commands(section):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    query = "SELECT label FROM annotations JOIN utterances USING (utterance_id) "
    query += "WHERE chosen AND text LIKE '%furious%' AND annotator_id LIKE 'mine@%'"
    assert {label for (label,) in ask(str(tmp_path / "talk"), query)} == {"anger"}
    card = (tmp_path / "second" / "MODEL_CARD.md").read_text("utf-8")
    assert "| data | the lake talk, labels of mine@ (BLAKE2b" in card
