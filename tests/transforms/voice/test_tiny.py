"""TinySpeech: its weights, its spectrum, and that it learns what a teacher hears."""

import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people
from affectflow.errors import UsageError
from affectflow.steps.annotate import handler_for
from affectflow_transforms.distil.train import Distil
from affectflow_transforms.models.media import MediaScorer
from affectflow_transforms.models.speech_affect import network
from affectflow_transforms.voice import tiny_network
from affectflow_transforms.voice.tiny import TinySpeech
from tests.given.taught_lakes import tone, tone_lake
from tests.given.tiny_listeners import RATE, write_wav

pytestmark = [pytest.mark.torch, pytest.mark.audio]


@pytest.fixture(autouse=True)
def said():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with people.using(purpose="tests of what is heard", context="research"):
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def random_one(tmp_path_factory):
    """A folder with random weights, whose norms are not those of a new network."""
    import torch

    torch.manual_seed(0)
    module = tiny_network.build(3)
    for norm in module.norms:
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 20)
        norm.bias.data.uniform_(-1, 1)
    labels = ("valence", "arousal", "dominance")
    config = {
        "id2label": dict(enumerate(labels)),
        "problem_type": "regression",
        "affectflow": {"answer": "value", "vocabulary": "vad", "scale": [0, 1]},
    }
    folder = tmp_path_factory.mktemp("tiny")
    tiny_network.save(module, config, folder)
    return str(folder)


def learned(folder, n, **options):
    lake = tone_lake(folder / "tones", n, options.pop("seconds"))
    (folder / "work").mkdir()
    trainer = Distil(teacher="strict", patience=99, batch=8, device="cpu", **options)
    return trainer.train_in(folder / "work", Path(lake))


def concordance(found):
    return {f.label: f.value for f in found.figures if f.name == "ccc"}


def test_it_has_the_published_number_of_weights():
    module = tiny_network.build(3)

    counts = {True: 0, False: 0}
    for weight in module.parameters():
        counts[weight.requires_grad] += weight.numel()
    assert counts == {True: 10_806, False: 4_224}


def test_its_fixed_convolution_is_the_power_of_short_spectra():
    import torch

    torch.manual_seed(0)
    samples = torch.randn(2, RATE // 2)

    found = tiny_network.build(3).power(samples)

    expected = torch.stft(
        samples, 64, 32, window=torch.hann_window(64), center=False, return_complex=True
    )
    assert found.shape == (2, 33, 249)
    assert torch.allclose(found, expected.abs() ** 2, atol=1e-3)


def test_no_mel_band_is_empty_and_together_they_hear_all_bins_but_the_ends():
    bands = tiny_network.mel_bands()

    assert bands.shape == (26, 33)
    assert (bands.sum(axis=1) > 0).all()
    assert (bands.sum(axis=0)[1:-1] > 0).all()


def test_turns_of_half_a_second_to_ten_are_answered_in_a_batch_as_alone(random_one):
    random = np.random.default_rng(0)
    sounds = [
        random.normal(0, 0.1, round(s * RATE)).astype(np.float32)
        for s in (0.5, 10, 1.063, 0.1)
    ]
    listener = TinySpeech(model=random_one, device="cpu").load_model().listener

    together, failed = network.outputs(listener, sounds)
    alone = [network.outputs(listener, [each])[0][0] for each in sounds]

    assert not failed
    assert together.shape == (4, 3)
    assert np.isfinite(together).all()
    assert together == pytest.approx(np.stack(alone), abs=1e-5)
    assert np.ptp(together, axis=0).min() > 1e-4


@pytest.mark.rotated
def test_a_folder_is_read_by_its_name_and_says_values_of_recordings(
    random_one, tmp_path
):
    random = np.random.default_rng(0)
    path = write_wav(tmp_path / "a.wav", tone(0.5, 0.5, 1.0, random))
    columns = {"media_uri": [path, None], "start_s": [0.0, 0.0], "end_s": [1.0, 1.0]}
    batch = pa.RecordBatch.from_pydict(columns, schema=MediaScorer.requires)
    handler = handler_for(random_one, "", {"device": "cpu"})

    heard, silent = handler.apply(batch, handler.load_model())[
        "annotations"
    ].to_pylist()

    assert isinstance(handler, TinySpeech)
    assert {e["label"] for e in heard} == {"valence", "arousal", "dominance"}
    assert all(0 <= each["value"] <= 1 for each in heard)
    assert {each["status"] for each in silent} == {"abstained"}


@pytest.mark.rotated
def test_it_learns_how_high_and_how_loud_tones_are(tmp_path):
    found = learned(tmp_path, 60, seconds=0.2, epochs=6, split_by="utterance_id")

    assert found.annotator == "TinySpeech"
    assert min(concordance(found).values()) > 0.6
    row = TinySpeech(model=str(found.weights)).annotator()
    assert row["touches"] == ["biometric"]
    assert row["licence"] == "unknown"


@pytest.mark.proof
def test_it_learns_tones_to_a_concordance_above_point_nine_in_a_minute(tmp_path):
    begun = time.process_time()

    found = learned(tmp_path, 120, seconds=0.5, epochs=15)

    assert time.process_time() - begun < 60
    assert min(concordance(found).values()) > 0.9


@pytest.mark.rotated
def test_turns_that_cannot_be_heard_are_left_out_and_counted(tmp_path):
    folder = tmp_path / "tones"
    tone_lake(folder, 60, 0.2)
    write_wav(folder / "000.wav", np.zeros(RATE))
    (folder / "001.wav").write_bytes(b"RIFFnothing")
    (tmp_path / "work").mkdir()

    found = Distil(
        teacher="strict", device="cpu", epochs=1, split_by="utterance_id"
    ).train_in(tmp_path / "work", folder / "lake")

    assert "(left out: 1 of silence, 1 that cannot be heard)" in found.held_out


def test_another_model_is_not_a_tiny_one(random_one, tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["BertModel"]}')

    with pytest.raises(UsageError, match="is not a TinySpeech: give a folder that"):
        TinySpeech(model=str(tmp_path))


def test_weights_of_another_size_are_refused(random_one, tmp_path):
    import shutil

    folder = Path(shutil.copytree(random_one, tmp_path / "copy"))
    config = (folder / "config.json").read_text().replace('"2": "dominance"', "")
    config = config.replace('"1": "arousal",', '"1": "arousal"')
    (folder / "config.json").write_text(config)

    with pytest.raises(UsageError, match="does not load as a TinySpeech with 2 outpu"):
        TinySpeech(model=str(folder), device="cpu").load_model()
