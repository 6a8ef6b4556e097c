"""channels=apart: recordings with a channel for each speaker."""

import numpy as np
import pytest

from affectflow import people
from affectflow.kinds.account import open_account
from affectflow.steps.tracks import cues_of
from affectflow_transforms.voice.renderer import RenderVoice
from tests.given.factories import utterances
from tests.given.voices import silence, voice, write, write_aac

ANN, BOB = 120.0, 210.0
TURNS = [("ann", 0), ("bob", 3), ("ann", 6), ("bob", 9), ("ann", 12), ("bob", 15)]
TURNS += [("ann", 18), ("bob", 18)]
"""The last ones are spoken at once: it is only there that they differ."""


def call():
    """Returns Ann on the left and Bob on the right, shape (n, 2)."""
    sides = {"ann": silence(21), "bob": silence(21)}
    for speaker, at in TURNS:
        hz = {"ann": ANN, "bob": BOB}[speaker] * (1.5 if at == 18 else 1.0)
        sides[speaker][at * 16_000 :][: 3 * 16_000] += voice(hz)
    return np.stack(list(sides.values()), axis=1)


def said(path, channels="apart"):
    """Returns the cues of each turn, and what was counted."""
    with people.using(context="research", purpose="a test"), open_account() as account:
        batch = utterances(
            *(f"{who} {at}" for who, at in TURNS),
            media_uri=str(path),
            speaker_id=[who for who, _ in TURNS],
            start_s=[float(at) for _, at in TURNS],
            end_s=[at + 3.0 for _, at in TURNS],
        )
        cues = cues_of(batch, RenderVoice(channels=channels)).to_pylist()
    return cues, dict(account.tallied)


def pitches(cues):
    return [[c["value"] for c in turn if c["cue"] == "pitch"] for turn in cues]


@pytest.mark.parametrize("swapped", [False, True])
def test_each_speaker_is_heard_on_the_channel_that_is_theirs(tmp_path, swapped):
    samples = call()[:, ::-1] if swapped else call()

    cues, counted = said(write(tmp_path / "call.wav", samples))

    assert pitches(cues)[:6] == [[]] * 6
    assert pitches(cues)[6] == [pytest.approx(1.5 * ANN, rel=0.01)]
    assert pitches(cues)[7] == [pytest.approx(1.5 * BOB, rel=0.01)]
    # On one channel it is silent while the other speaks: nobody pauses.
    assert not [c for turn in cues for c in turn if c["cue"].startswith("pause")]
    assert {key for key in counted if key != "no_cue_outside_every_turn"} == set()


def test_of_two_at_once_in_one_mixture_neither_is_told(tmp_path):
    cues, _ = said(write(tmp_path / "call.wav", call()), channels="mixed")

    assert pitches(cues)[7] != [pytest.approx(1.5 * BOB, rel=0.01)]


def test_of_a_silent_channel_only_its_speaker_is_unknown(tmp_path):
    samples = call()
    samples[:, 1] = silence(21)

    cues, counted = said(write(tmp_path / "call.wav", samples))

    assert pitches(cues)[6] == [pytest.approx(1.5 * ANN, rel=0.01)]
    assert cues[7] == []
    assert counted["no_cue_no_channel_of_their_own"] == 4


def test_channels_that_are_alike_are_nobody_s(tmp_path):
    both = np.repeat(call().sum(axis=1, keepdims=True) / 2, 2, axis=1)

    cues, counted = said(write(tmp_path / "call.wav", both))

    assert cues == [[]] * 8
    assert counted["no_cue_no_channel_of_their_own"] == 8


@pytest.mark.parametrize(("n", "reason"), [(1, "one"), (17, "too_many")])
def test_one_channel_and_very_many_are_not_told_apart(tmp_path, n, reason):
    samples = np.repeat(call()[:16_000, :1], n, axis=1)

    cues, counted = said(write(tmp_path / "call.wav", samples))

    assert cues == [[]] * 8
    several = "s" if n > 1 else ""
    assert counted == {f"no_cue_{reason}_channel{several}": 1, "no_cue_not_measured": 8}


def test_channels_of_an_mp4_are_told_apart(tmp_path):
    cues, _ = said(write_aac(tmp_path / "call.m4a", call()))

    assert pitches(cues)[7] == [pytest.approx(1.5 * BOB, rel=0.01)]
