"""vad=silero: a network that tells speech from other sound."""

import importlib.util
import itertools

import numpy as np
import pytest

from affectflow import people
from affectflow.errors import MissingExtraError
from affectflow.steps.tracks import cues_of
from affectflow_transforms.voice.activity import is_speech as by_energy
from affectflow_transforms.voice.analysis import voice_of
from affectflow_transforms.voice.decoding import decoded
from affectflow_transforms.voice.renderer import RenderVoice
from affectflow_transforms.voice.silero import Listener, is_speech
from tests.conftest import required
from tests.given.factories import utterances
from tests.given.voices import RATE, silence, voice, write


@pytest.fixture(scope="module", autouse=True)
def _installed():
    if not all(map(importlib.util.find_spec, ("silero_vad", "onnxruntime"))):
        required("silero", "pip install onnxruntime, and --no-deps silero-vad")


def hiss(seconds):
    rng = np.random.default_rng(7)
    return 0.05 * rng.standard_normal(round(seconds * RATE))


def listened(blocks):
    """Returns which frames are speech, by the network and by energy."""
    listener = Listener()
    found = voice_of(listener.passing(np.asarray(b, np.float32) for b in blocks))
    return listener.speech(len(found.loudness)), by_energy(found.loudness)


def test_a_hiss_that_sets_in_is_no_speech():
    network, energy = listened([np.concatenate([silence(2), hiss(2), silence(2)])])

    assert not network.any()
    assert energy[200:400].mean() > 0.9


def test_words_are_speech(shared_data):
    clip = shared_data / "nv_audio" / "librispeech" / "198-209-0000.ogg"

    network, energy = listened(decoded(str(clip)))

    assert len(network) == len(energy)
    assert (network == energy).mean() > 0.9


def test_where_blocks_end_changes_nothing():
    samples = np.concatenate([silence(0.5), voice(), hiss(1)])
    cuts = [0, 1, 700, 701, 20_000, len(samples)]
    pieces = [samples[a:b] for a, b in itertools.pairwise(cuts)]

    assert np.array_equal(listened([samples])[0], listened(pieces)[0])


def test_speech_ends_at_a_lower_probability_than_it_begins_at():
    heard = np.array([0.4, 0.6, 0.4, 0.3, 0.4, 0.5])

    assert is_speech(heard).tolist() == [False, True, True, False, False, True]
    assert is_speech(np.zeros(0)).tolist() == []


@pytest.mark.parametrize(("vad", "pauses"), [("energy", []), ("silero", [2.0])])
def test_a_pause_with_a_hiss_in_it_is_a_pause(tmp_path, shared_data, vad, pauses):
    clip = shared_data / "nv_audio" / "emodb" / "03a01Nc.wav"
    spoken = np.concatenate(list(decoded(str(clip))))
    path = write(tmp_path / "a.wav", np.concatenate([spoken, hiss(2), spoken]))
    with people.using(context="research", purpose="a test"):
        (cues,) = cues_of(utterances("so", media_uri=str(path)), RenderVoice(vad=vad))

    found = [cue["value"] for cue in cues.as_py() if cue["cue"] == "pause"]
    assert found == pytest.approx(pauses, abs=0.4)


def test_without_the_network_it_says_what_to_install(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: found(name) if name == "av" else None
    )

    with (
        people.using(context="research", purpose="a test"),
        pytest.raises(MissingExtraError, match=r"--no-deps 'silero-vad>=6'"),
    ):
        RenderVoice(vad="silero")
