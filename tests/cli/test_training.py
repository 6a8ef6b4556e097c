"""`affectflow train`: what it writes, what it says, and what it refuses."""

import gzip
import itertools
import shutil
from pathlib import Path

import pytest

from affectflow import registry, weights
from affectflow.cli import training
from affectflow.errors import StorageError, UnknownPluginError, UsageError
from affectflow_transforms.models.german.embedded import EmbeddedGerman
from affectflow_transforms.models.valence.embedded import EmbeddedValence
from tests.given.training_data import write_emobank, write_xed


@pytest.fixture(scope="module")
def xed(tmp_path_factory) -> Path:
    return write_xed(tmp_path_factory.mktemp("xed"))


@pytest.mark.parametrize(
    ("name", "annotator"),
    [
        ("emotions", "EmbeddedEmotions"),
        ("frustration", "EmbeddedEmotions"),
        ("german", "EmbeddedGerman"),
        ("skip-chain", "SkipChain"),
        ("ss3", "SS3"),
        ("valence", "EmbeddedValence"),
    ],
)
def test_the_models_of_the_package_have_trainers(name, annotator):
    trainer = registry.load("trainers", name)

    assert annotator in trainer.card.summary


def test_weights_card_and_figures_are_written_and_said(xed, tmp_path, capsys):
    out = tmp_path / "deep" / "weights"

    assert training.train("german", data=xed, out=out, licence="CC0-1.0") == 0

    said = capsys.readouterr()
    assert "held out: " in said.err
    assert "of 240 lines, by a hash of the line" in said.err
    assert f"affectflow annotate LAKE --model {out}" in said.err
    assert "brier_skill" in said.out
    assert sorted(p.name for p in out.iterdir()) == [
        "MODEL_CARD.md",
        "plutchik_de_v1.safetensors",
    ]
    card = (out / "MODEL_CARD.md").read_text("utf-8")
    assert "| licence of the data | CC0-1.0 |" in card
    assert "| (macro) |" in card
    assert EmbeddedGerman(weights=str(out)).annotator()["licence"] == "CC0-1.0"


def test_the_same_command_again_writes_the_same_bytes(xed, tmp_path, capsys):
    written = []
    for _ in range(2):
        training.train("german", data=xed, out=tmp_path)
        written.append({p.name: p.read_bytes() for p in tmp_path.iterdir()})

    assert written[0] == written[1]
    assert len(written[0]) == 2


def test_a_folder_says_whom_its_weights_are_for(tmp_path, capsys):
    training.train("valence", data=write_emobank(tmp_path / "d"), out=tmp_path / "w")

    assert weights.annotator_of(tmp_path / "w") == "EmbeddedValence"
    assert weights.annotator_of(tmp_path / "d") == ""
    assert EmbeddedValence(weights=str(tmp_path / "w")).load_model().labels == (
        "valence",
        "arousal",
        "dominance",
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("german", "no file 'de-projections.tsv' in .*: --data must be a folder with"),
        (
            "valence",
            "no file 'emobank.csv' in .*: --data must be a folder with `emobank",
        ),
        ("emotions", "no file 'train.tsv.gz' in .*, `emotions.txt`, `dev.tsv`"),
        ("frustration", "no file 'comments.csv.gz' in .*: --data must be a folder"),
        (
            "skip-chain",
            "no file 'dailydialog_train.json' in .*: --data must be a folder",
        ),
        ("ss3", "no file 'posts.csv' in .*: --data must be a folder with `posts.csv`"),
    ],
)
def test_a_file_that_lacks_is_named_and_nothing_is_written(name, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        training.train(name, data=tmp_path, out=tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_name_that_is_none_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(UnknownPluginError, match="did you mean 'german'"):
        training.train("germann", data=tmp_path, out=tmp_path / "out")


def test_data_that_are_not_there_are_named(tmp_path):
    with pytest.raises(
        UsageError, match=r"no folder .*nowhere': --data must name the folder"
    ):
        training.train("german", data=tmp_path / "nowhere", out=tmp_path / "out")


def test_a_file_as_data_is_answered_with_its_folder(xed, tmp_path):
    file = next(xed.iterdir())

    with pytest.raises(UsageError, match=r"is a file: .* holds it, here ") as raised:
        training.train("german", data=file, out=tmp_path)

    assert str(raised.value).endswith(repr(str(xed)))


def test_a_file_in_the_place_of_the_folder_is_refused(xed, tmp_path):
    (tmp_path / "out").write_text("mine")

    with pytest.raises(UsageError, match="is a file: --out must be a folder"):
        training.train("german", data=xed, out=tmp_path / "out")


def test_other_weights_are_not_mixed_with_new_ones(xed, tmp_path):
    (tmp_path / "mine.safetensors").write_bytes(b"mine")

    with pytest.raises(UsageError, match=r"holds other weights \(mine.safetensors\)"):
        training.train("german", data=xed, out=tmp_path)

    assert [p.name for p in tmp_path.iterdir()] == ["mine.safetensors"]


def test_a_folder_that_cannot_be_made_is_said_in_one_line(xed):
    with pytest.raises(StorageError, match=r"cannot write .*: name another --out"):
        training.train("german", data=xed, out=Path("/proc/no/such/place"))


def test_a_file_that_is_no_weights_file_is_said_in_one_line(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"broken")

    with pytest.raises(UsageError, match=r"is not a weights file .*: train it again"):
        EmbeddedGerman(weights=str(tmp_path))
    assert weights.annotator_of(tmp_path) == ""


@pytest.mark.proof
def test_frustration_is_trained_by_name(shared_data):
    found = registry.load("trainers", "frustration")().train(
        shared_data / "gh_incivility", licence="MIT"
    )

    auc = {f.label: f.value for f in found.figures if f.name == "auc"}
    assert auc["frustration"] > 0.65
    assert "threads, by a hash" in found.held_out
    assert "| licence of the data | MIT |" in found.card


@pytest.mark.proof
def test_emotions_are_trained_by_name_on_a_part(shared_data, tmp_path):
    goemotions = shared_data / "goemotions"
    with gzip.open(goemotions / "train.tsv.gz", "rt", encoding="utf-8") as whole:
        part = "".join(itertools.islice(whole, 6_000))
    with gzip.open(tmp_path / "train.tsv.gz", "wt", encoding="utf-8") as file:
        file.write(part)
    for name in ("dev.tsv", "emotions.txt"):
        shutil.copy(goemotions / name, tmp_path)

    found = registry.load("trainers", "emotions")().train(tmp_path)

    auc = {f.label: f.value for f in found.figures if f.name == "auc"}
    assert auc["gratitude"] > 0.9
    assert found.held_out == "dev.tsv, 5,426 texts"
