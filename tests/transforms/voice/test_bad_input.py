"""Recordings that cannot be trusted give no cue; the reason is counted."""

import struct
from pathlib import Path

import numpy as np
import pytest

from affectflow import people
from affectflow.kinds.account import open_account
from affectflow.steps.tracks import cues_of
from affectflow_transforms.voice.renderer import RenderVoice
from tests.given.factories import utterances
from tests.given.proving import SEED, in_proof
from tests.given.voices import RATE, silence, voice, write, write_aac, write_pictures


def said(path: Path, **columns):
    """Returns the cues of a recording with one turn, and what was counted."""
    with people.using(context="research", purpose="a test"), open_account() as account:
        batch = utterances("so it is", media_uri=str(path), **columns)
        (cues,) = cues_of(batch, RenderVoice()).to_pylist()
    return cues, dict(account.tallied)


def wav(path: Path) -> Path:
    return write(path / "call.wav", voice())


def cut(path: Path, share: float = 0.5) -> Path:
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    return path


def patched(path: Path, at: int, number: int) -> Path:
    held = bytearray(path.read_bytes())
    held[at : at + 4] = struct.pack("<I", number)
    path.write_bytes(held)
    return path


def scrambled(path: Path) -> Path:
    held = np.frombuffer(path.read_bytes(), np.uint8).copy()
    held[200:] = np.random.default_rng(5).integers(0, 256, len(held) - 200)
    path.write_bytes(held.tobytes())
    return path


def bytes_of(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def playlist(path: Path, of: Path) -> Path:
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:9", "#EXTINF:9,", f"file://{of}")
    return bytes_of(path, "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode())


def noise() -> np.ndarray:
    return 0.1 * np.random.default_rng(6).standard_normal(3 * RATE)


BURSTS = np.repeat(np.tile([0.001, 1.0], 5), RATE // 4)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        pytest.param(lambda p: p / "none.wav", "unreadable_file", id="no file"),
        pytest.param(lambda p: bytes_of(p / "a.wav", b""), "empty_recording", id="0 B"),
        pytest.param(
            lambda p: write(p / "a.wav", np.zeros(0)), "empty_recording", id="0 samples"
        ),
        pytest.param(
            lambda p: bytes_of(p / "a.wav", b"I am no sound\n" * 99),
            "damaged_recording",
            id="a text",
        ),
        pytest.param(
            lambda p: bytes_of(p / "a.mp3", bytes(range(256)) * 40),
            "damaged_recording",
            id="any bytes",
        ),
        pytest.param(
            lambda p: cut(wav(p)), "truncated_recording", id="the end is missing"
        ),
        pytest.param(
            lambda p: cut(wav(p), 0.0003), "damaged_recording", id="a bit of a header"
        ),
        pytest.param(
            lambda p: cut(write(p / "a.flac", voice())),
            "damaged_recording",
            id="the end of a flac is missing",
        ),
        pytest.param(
            lambda p: scrambled(write(p / "a.flac", voice())),
            "damaged_recording",
            id="scrambled flac",
        ),
        pytest.param(
            lambda p: patched(wav(p), 24, 48_000), "wrong_rate", id="another rate"
        ),
        pytest.param(lambda p: patched(wav(p), 24, 0), "wrong_rate", id="no rate"),
        pytest.param(
            lambda p: write(p / "a.wav", voice(), 200), "wrong_rate", id="200 Hz"
        ),
        pytest.param(
            lambda p: write(p / "a.wav", np.full(RATE, np.nan), subtype="FLOAT"),
            "damaged_recording",
            id="no numbers",
        ),
        pytest.param(
            lambda p: write(p / "a.wav", np.zeros(3 * RATE)), "silence", id="zeros"
        ),
        pytest.param(
            lambda p: write(p / "a.wav", silence(3)), "no_speech", id="silent noise"
        ),
        pytest.param(lambda p: write(p / "a.wav", noise()), "no_speech", id="noise"),
        pytest.param(
            lambda p: write(p / "a.wav", voice(level=0.02) + noise()),
            "no_speech",
            id="a voice below the noise",
        ),
        pytest.param(
            lambda p: write(p / "a.wav", noise()[: len(BURSTS)] * BURSTS),
            "no_voice",
            id="bursts of noise",
        ),
        pytest.param(
            lambda p: write(p / "a.wav", np.clip(voice(level=9.0), -1, 1)),
            "clipped",
            id="too loud",
        ),
        pytest.param(lambda p: write_pictures(p / "a.mp4"), "no_audio", id="no sound"),
        pytest.param(
            lambda p: playlist(p / "a.m3u8", write_aac(p / "a.m4a", voice())),
            "damaged_recording",
            id="a playlist that names another file",
        ),
        pytest.param(
            lambda p: cut(write_aac(p / "a.m4a", voice())),
            "damaged_recording",
            id="half an m4a",
        ),
    ],
)
def test_what_cannot_be_trusted_gives_no_cue_and_a_reason(tmp_path, made, reason):
    cues, counted = said(made(tmp_path))

    assert cues == []
    assert counted == {f"no_cue_{reason}": 1, "no_cue_not_measured": 1}


def test_a_recording_that_is_shorter_than_its_turns_gives_no_cue(tmp_path):
    # As one that is played three times too fast is.
    path = write(tmp_path / "a.wav", voice(seconds=3, rate=16_000), 44_100)

    cues, counted = said(path, start_s=0.0, end_s=3.0)

    assert cues == []
    assert counted == {"no_cue_recording_shorter_than_its_turns": 1}


def test_a_header_that_does_not_know_the_length_is_read_to_the_end(tmp_path):
    path = wav(tmp_path)
    patched(patched(path, 40, 0xFFFF_FFFF), 4, 0xFFFF_FFFF)

    assert said(path)[1] == {}


def test_sound_of_an_mp4_is_heard(tmp_path):
    pause = silence(1.5)
    samples = np.concatenate([voice(), pause, voice()])

    cues, counted = said(write_aac(tmp_path / "call.m4a", samples))

    assert [cue["phrase"] for cue in cues] == ["with a long pause"]
    assert cues[0]["value"] == pytest.approx(1.9, abs=0.1)
    assert counted == {}


def test_without_pyav_a_format_is_unknown_and_a_wav_is_not(tmp_path, monkeypatch):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "av" else found(name)
    )

    m4a = said(write_aac(tmp_path / "a.m4a", voice()))[1]

    assert m4a == {"no_cue_unknown_format": 1, "no_cue_not_measured": 1}
    assert said(wav(tmp_path))[1] == {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Recordings of a second, by their format."""
    folder, spoken = tmp_path_factory.mktemp("whole"), voice(seconds=1.2)
    return [
        *(
            write(folder / f"a.{kind}", spoken)
            for kind in ("wav", "flac", "ogg", "mp3")
        ),
        write_aac(folder / "a.m4a", spoken),
    ]


@pytest.mark.parametrize("case", range(in_proof(500, 20)))
def test_whatever_happens_to_its_bytes_a_recording_is_measured_or_has_a_reason(
    whole, tmp_path, case
):
    rng = np.random.default_rng([SEED, case])
    path = whole[case % len(whole)]
    held = np.frombuffer(path.read_bytes(), np.uint8).copy()
    if case % 3:
        until = len(held) if case % 3 == 1 else 200
        held[rng.integers(0, until, 12)] = rng.integers(0, 256, 12)
    else:
        held = held[: rng.integers(len(held))]

    _, counted = said(bytes_of(tmp_path / path.name, held.tobytes()))

    assert not counted or len(counted) == 2, counted


def test_sound_of_a_kind_that_ffmpeg_does_not_know_is_unknown(tmp_path):
    path = patched(wav(tmp_path), 20, 0x0001_7B7B)

    assert said(path)[1] == {"no_cue_unknown_format": 1, "no_cue_not_measured": 1}
