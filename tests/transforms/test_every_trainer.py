"""Every trainer of folders: what its card says, what it refuses, and how it goes on."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from affectflow.errors import UsageError
from affectflow_transforms.conditioned.train import Conditioned
from affectflow_transforms.distil.train import Distil
from affectflow_transforms.eeg.train import GraphEEG
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.fuse.train import Fuse
from affectflow_transforms.instruct.train import Instruct
from affectflow_transforms.masked.train import MaskedLanguage
from affectflow_transforms.sequences.train import Tracks
from tests.given import toy_instruction, toy_training
from tests.given.eeg_files import STEPS, write_data
from tests.given.rated_tracks import write_rated, write_table
from tests.given.read_texts import save_masking_base, told_rows
from tests.given.taught_lakes import TEACHER, from_toys, taught_lake
from tests.given.tiny_generator import save_causal
from tests.given.tiny_replier import save_t5, write_replied
from tests.given.toy_training import write_rows

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


# -- a small case of each --------------------------------------------------------------


def finetune(folder):
    base = toy_training.save_base(folder / "base")
    data = write_rows(folder / "data", toy_training.rows_of("one", 200))
    return Finetune(base=base, head="one", vocabulary="three", device="cpu"), data


def masked(folder):
    base = save_masking_base(folder / "base")
    data = write_rows(folder / "data", told_rows(200))
    return MaskedLanguage(base=base, device="cpu"), data


def conditioned(folder):
    base = save_t5(folder / "base")
    return Conditioned(base=base), write_replied(folder / "data")


def tracks(folder):
    data = write_rated(folder / "data", clips=20, frames=12)
    return Tracks(size=8, hidden=4, layers=1, batch=8), data


def graph_eeg(folder):
    data = write_data(folder / "data", people=4, seconds=1)
    return GraphEEG(labels=STEPS, batch=4), data


def distil(folder):
    spoken, said = from_toys(toy_training.rows_of("one", 200))
    base = toy_training.save_base(folder / "base")
    lake = taught_lake(folder / "lake", spoken, said)
    return Distil(teacher=TEACHER, base=base, device="cpu"), Path(lake)


def instruct(folder):
    save_causal(folder / "base")
    prompt = toy_instruction.write_prompt(folder)
    data = write_rows(folder / "data", toy_instruction.rows_of())
    return Instruct(base=str(folder / "base"), prompt=prompt, device="cpu"), data


def fuse(folder):
    return Fuse(over=("reader@", "listener@")), folder / "lake"


DISTIL = pytest.param(distil, marks=pytest.mark.rotated)
EEG = pytest.param(graph_eeg, marks=pytest.mark.eeg)
ALL_BUT_FUSE = [finetune, masked, conditioned, tracks, EEG, DISTIL, instruct]
"""What `fuse` does over a lake of vectors, tests/transforms/fuse tries."""


def trained(case, folder, tell=lambda line: None, licence="", **options):
    trainer, data = case
    folder.mkdir(parents=True, exist_ok=True)
    return replace(trainer, **options).train_in(
        folder, data, licence=licence, tell=tell
    )


# -- cards -----------------------------------------------------------------------------


@pytest.mark.rotated
@pytest.mark.parametrize("made", ALL_BUT_FUSE)
def test_its_card_says_what_binds_a_model_and_how_good_it_is(made, tmp_path):
    case = made(tmp_path)

    found = trained(
        case, tmp_path / "work", licence="CC BY-NC-ND 4.0", accept="private", epochs=1
    )

    for line in (
        "---\nlicense: cc-by-nc-nd-4.0\n",
        " | CC BY-NC-ND 4.0 |\n",
        "| commercial use | not allowed |",
        "**Not to be passed on:** the licence of the ",
        "| weights | BLAKE2b ",
        found.held_out,
        "## What it must not be used for",
    ):
        assert line in found.card
    assert re.search(r"seed( \||=)", found.card)
    intervals = re.search(r"\d\.\d{3} \(-?\d+\.\d{3} to -?\d", found.card)
    assert intervals or "A figure without an interval, unless" in found.card


# -- what is refused -------------------------------------------------------------------


@pytest.mark.parametrize("made", [*ALL_BUT_FUSE, fuse])
def test_a_licence_that_forbids_passing_on_is_asked_for(made, tmp_path):
    with pytest.raises(UsageError, match=r"'CC BY-ND 4.0', forbids .* accept=private"):
        trained(made(tmp_path), tmp_path / "work", licence="CC BY-ND 4.0")


def as_dev(data, **changed):
    """Writes the first row of `train.*` into `dev.*`, changed."""
    (file,) = data.glob("train.*")
    dev = data / file.name.replace("train", "dev")
    if file.suffix == ".jsonl":
        row = json.loads(file.read_text().splitlines()[0])
        write_rows(data, [row | changed], dev.name)
        return
    with file.open(newline="") as opened:
        row = next(csv.DictReader(opened))
    write_table(dev, [row | changed])


@pytest.mark.parametrize(
    ("made", "changed"),
    [
        (masked, {"text": " ", "speaker_id": "d"}),
        (conditioned, {"reply": "", "conversation_id": "d"}),
        (tracks, {"recording": "none", "subject": "d"}),
        pytest.param(
            graph_eeg, {"label": "", "speaker_id": "d"}, marks=pytest.mark.eeg
        ),
    ],
)
def test_a_dev_without_a_row_that_can_be_used_is_refused(made, changed, tmp_path):
    trainer, data = made(tmp_path)
    as_dev(data, **changed)

    with pytest.raises(UsageError, match=r"dev.*' has no row that can be used"):
        trained((trainer, data), tmp_path / "work")


@pytest.mark.parametrize(
    ("made", "key"),
    [
        (masked, "`speaker_id` 's0'"),
        (conditioned, "`conversation_id` 'c0'"),
        pytest.param(graph_eeg, "`speaker_id` 'p0'", marks=pytest.mark.eeg),
    ],
)
def test_a_key_on_both_sides_is_refused(made, key, tmp_path):
    trainer, data = made(tmp_path)
    as_dev(data)

    with pytest.raises(UsageError, match=f"{key}.* is in both"):
        trained((trainer, data), tmp_path / "work")


@pytest.mark.parametrize("made", [masked, conditioned, DISTIL])
def test_a_base_without_safetensors_is_refused(made, tmp_path):
    case = made(tmp_path)
    (tmp_path / "base" / "model.safetensors").unlink()

    with pytest.raises(UsageError, match=r"has no model\.safetensors; save"):
        trained(case, tmp_path / "work")


@pytest.mark.parametrize(
    ("made", "rates"),
    [
        (masked, {"rate": 1e30}),
        (conditioned, {"rate": 1e30}),
        (tracks, {"rate": 1e30}),
        pytest.param(distil, {"rate": 1e30}, marks=pytest.mark.rotated),
        pytest.param(graph_eeg, {"rate_of_learning": 1e30}, marks=pytest.mark.eeg),
    ],
)
def test_a_loss_that_is_never_a_number_is_refused(made, rates, tmp_path):
    with pytest.raises(UsageError, match="the loss is not a number in the first epoch"):
        trained(made(tmp_path), tmp_path / "work", **rates)


# -- interrupted -----------------------------------------------------------------------


class StoppedError(Exception):
    pass


@pytest.mark.rotated
@pytest.mark.parametrize("made", [conditioned, distil])
def test_an_interrupted_training_ends_with_the_same_weights(made, tmp_path):
    case = made(tmp_path)
    whole = trained(case, tmp_path / "whole", epochs=2)

    def stop(line):
        if line.startswith("epoch 2"):
            raise StoppedError

    with pytest.raises(StoppedError):
        trained(case, tmp_path / "stopped", tell=stop, epochs=2)
    told = []
    again = trained(case, tmp_path / "stopped", tell=told.append, epochs=2)

    assert "goes on after epoch 1" in told
    files = [next(each.weights.glob("*.safetensors")) for each in (whole, again)]
    assert files[0].read_bytes() == files[1].read_bytes()
