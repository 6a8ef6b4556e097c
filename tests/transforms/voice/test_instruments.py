"""What is measured of voices whose pitch, loudness and rate are known."""

import doctest
import importlib

import numpy as np
import pytest

from affectflow_transforms.voice.activity import is_speech, runs
from affectflow_transforms.voice.analysis import voice_of
from affectflow_transforms.voice.decoding import decoded
from affectflow_transforms.voice.loudness import FRAME, level, loudness
from affectflow_transforms.voice.quality import jitter_of, quality_of, shimmer_of
from affectflow_transforms.voice.signals import HOP_S, resampled
from affectflow_transforms.voice.syllables import nuclei
from tests.given.voices import RATE, silence, voice, write


def heard(samples):
    return voice_of([np.asarray(samples, np.float32)])


@pytest.mark.parametrize("name", ["activity", "loudness", "measures", "quality"])
def test_the_examples_of_the_modules_hold(name):
    module = importlib.import_module(f"affectflow_transforms.voice.{name}")

    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert found.attempted
    assert not found.failed


@pytest.mark.parametrize("hz", [75.0, 120.0, 210.0, 440.0])
def test_pitch_is_that_of_the_pulses(hz):
    found = heard(voice(hz)).hz

    assert np.isfinite(found).sum() > 50
    assert np.nanmedian(found) == pytest.approx(hz, rel=0.01)
    assert np.nanpercentile(np.abs(found / hz - 1), 90) < 0.02


@pytest.mark.parametrize("factor", [0.5, 0.1])
def test_loudness_falls_by_as_many_phon_as_the_level_by_decibels(factor):
    tone = np.sin(2 * np.pi * 1000 * np.arange(FRAME) / RATE).astype(np.float32)

    loud = level(loudness(np.stack([tone, factor * tone])))

    assert loud[0] == pytest.approx(0.0, abs=0.01)
    assert loud[1] == pytest.approx(20 * np.log10(factor), rel=0.02)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_a_tone_is_the_same_at_any_rate_and_across_the_seams_of_blocks(rate):
    tone = np.sin(2 * np.pi * 1000 * np.arange(2 * rate) / rate).astype(np.float32)
    blocks = [tone[at : at + 7777] for at in range(0, len(tone), 7777)]

    found = np.concatenate(list(resampled(blocks, rate)))

    wanted = np.sin(2 * np.pi * 1000 * np.arange(2 * RATE) / RATE)
    assert len(found) == 2 * RATE
    assert np.abs(found - wanted)[200:-200].max() < 1e-4


def test_what_is_above_the_band_is_not_folded_into_it():
    high = np.sin(2 * np.pi * 12_000 * np.arange(48_000) / 48_000).astype(np.float32)

    assert (
        np.abs(np.concatenate(list(resampled([high], 48_000)))[200:-200]).max() < 1e-3
    )


def test_blocks_change_nothing():
    samples = np.asarray(voice(seconds=12), np.float32)
    pieces = [samples[at : at + 12_345] for at in range(0, len(samples), 12_345)]

    for whole, parts in zip(voice_of([samples]), voice_of(pieces), strict=True):
        assert np.array_equal(whole, parts, equal_nan=True)


def test_speech_is_found_between_pauses():
    samples = np.concatenate([silence(1), voice(), silence(2), voice(), silence(1)])

    found = runs(is_speech(heard(samples).loudness))

    times = [(start * HOP_S, end * HOP_S) for start, end in found]
    assert np.array(times) == pytest.approx(np.array([[1.2, 3.8], [6.2, 8.8]]), abs=0.1)


def test_the_floor_of_noise_follows_the_recording():
    rng = np.random.default_rng(3)
    noise = np.repeat([1e-4, 5e-3], 40 * RATE) * rng.standard_normal(80 * RATE)
    noise[10 * RATE :][: 3 * RATE] += voice(level=0.05)
    noise[60 * RATE :][: 3 * RATE] += voice(level=0.5)

    found = [start * HOP_S for start, _ in runs(is_speech(heard(noise).loudness))]

    # A noise that sets in is heard as speech until it has lasted for ten seconds.
    first, sets_in, second = found
    assert [first, second] == pytest.approx([10.2, 60.2], abs=0.15)
    assert sets_in == pytest.approx(40.0, abs=0.05)


@pytest.mark.parametrize("syllables", [2.5, 4.0, 6.0])
def test_syllables_are_counted(syllables):
    found = heard(voice(seconds=5.4, syllables=syllables))
    ((start, end),) = runs(is_speech(found.loudness))
    spoken = slice(start, end)

    count = nuclei(found.loudness[spoken], np.isfinite(found.hz[spoken])).sum()

    assert count == pytest.approx(5 * syllables, abs=1)


def test_jitter_and_shimmer_are_those_of_their_formulas():
    assert jitter_of(np.array([10.0, 11.0, 10.0, 11.0])) == pytest.approx(1 / 10.5)
    assert shimmer_of(np.array([1.0, 1.25, 1.0])) == pytest.approx(20 * np.log10(1.25))
    # A period that was missed is no jitter.
    assert jitter_of(np.array([10.0, 10.0, 20.0, 10.0, 10.0])) == 0.0


@pytest.mark.parametrize("jitter", [0.005, 0.02, 0.04])
def test_the_jitter_of_pulses_is_found(jitter):
    samples = voice(120, 2.0, jitter=jitter, syllables=0.0, level=0.5)[4000:20_000]
    hz = np.full(len(samples) // 160, 120.0)

    found = quality_of(np.asarray(samples, np.float32), hz)

    assert found.jitter == pytest.approx(jitter, rel=0.25)
    assert found.shimmer < 1.0


def test_noise_lowers_periodicity():
    clear, hoarse = voice(), voice()
    hoarse += 0.02 * np.random.default_rng(4).standard_normal(len(hoarse))

    assert np.nanmedian(heard(hoarse).periodicity) < np.nanmedian(
        heard(clear).periodicity
    )


@pytest.mark.parametrize(
    ("name", "rate", "options"),
    [
        pytest.param("a.wav", 8000, {"subtype": "PCM_U8"}, id="8 bits at 8 kHz"),
        pytest.param("a.wav", 8000, {"subtype": "ULAW"}, id="telephone"),
        pytest.param("a.wav", 44100, {"subtype": "PCM_24"}, id="24 bits"),
        pytest.param("a.flac", 48000, {}, id="flac"),
        pytest.param("a.ogg", 22050, {}, id="ogg"),
        pytest.param("a.mp3", 44100, {}, id="mp3"),
    ],
)
def test_pitch_is_the_same_in_any_format(tmp_path, name, rate, options):
    path = write(tmp_path / name, voice(150, rate=rate), rate, **options)

    found = voice_of(decoded(str(path)))

    assert found.seconds == pytest.approx(3.0, abs=0.1)
    assert np.nanmedian(found.hz) == pytest.approx(150, rel=0.01)


def test_channels_are_mixed(tmp_path):
    left, right = voice(150), np.zeros(3 * RATE)
    path = write(tmp_path / "a.wav", np.stack([left, right], axis=1))

    assert np.nanmedian(voice_of(decoded(path.as_uri())).hz) == pytest.approx(
        150, rel=0.01
    )
