"""Real voices: acted emotions against openSMILE's numbers, and in phrases.

The clips are of two German speakers. Some parameters of pitch and of speech were chosen
with these clips in sight.
"""

import csv

import numpy as np
import pytest
from scipy.stats import spearmanr

from affectflow import people, registry
from affectflow.steps.tracks import cues_of
from affectflow_transforms.voice.activity import is_speech
from affectflow_transforms.voice.analysis import voice_of
from affectflow_transforms.voice.decoding import decoded
from tests.given.docs_tables import ROOT
from tests.given.factories import utterances

PAGE = (ROOT / "docs" / "voice.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def smile(shared_data):
    path = shared_data / "nv_opensmile" / "egemaps_v02_functionals.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def clips(shared_data, smile):
    folder = shared_data / "nv_audio"
    return [voice_of(decoded(str(folder / row["file"]))) for row in smile]


def test_median_pitch_is_within_three_percent_of_opensmile_s(smile, clips):
    name = "F0semitoneFrom27.5Hz_sma3nz_percentile50.0"
    theirs = [27.5 * 2 ** (float(row[name]) / 12) for row in smile]

    ours = [np.nanmedian(c.hz[is_speech(c.loudness)]) for c in clips]

    off = np.abs(np.array(ours) / theirs - 1)
    assert len(off) == 11
    assert off.max() < 0.03
    assert off.mean() < 0.02


def test_loudness_ranks_clips_as_opensmile_does(smile, clips):
    theirs = [float(row["loudness_sma3_amean"]) for row in smile]

    assert spearmanr(theirs, [c.loudness.mean() for c in clips])[0] >= 0.95


def test_loudness_ranks_frames_as_opensmile_does(shared_data, smile, clips):
    path = shared_data / "nv_opensmile" / "egemaps_v02_lld_03a01Wa.csv"
    with path.open(encoding="utf-8") as file:
        theirs = [float(row["Loudness_sma3"]) for row in csv.DictReader(file)]
    (ours,) = (
        clip.loudness
        for row, clip in zip(smile, clips, strict=True)
        if row["file"] == "emodb/03a01Wa.wav"
    )

    assert spearmanr(theirs, ours[: len(theirs)])[0] >= 0.95


@pytest.fixture(scope="module")
def said(shared_data):
    """The phrases of each clip, and what was acted."""
    folder = shared_data / "nv_audio"
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    uris = [str(folder / row["file"]) for row in rows]
    who = [row["speaker"] for row in rows]
    with people.using(context="research", purpose="a proof"):
        renderer = registry.make("renderers", "RenderVoice", {})
    batch = utterances(*(r["label"] for r in rows), media_uri=uris, speaker_id=who)
    found = cues_of(batch, renderer).to_pylist()
    return {
        row["file"]: (row["label"], [cue["phrase"] for cue in cues])
        for row, cues in zip(rows, found, strict=True)
    }


def test_acted_anger_is_louder_and_higher_and_sadness_is_quieter_and_lower(said):
    neutral, anger, sadness = (
        said[f"emodb/03a0{name}.wav"][1] for name in ("1Nc", "1Wa", "2Ta")
    )
    assert not [phrase for phrase in neutral if "louder" in phrase or "quiet" in phrase]
    assert "voice much lower than usual" in neutral
    assert "voice much louder than usual" in anger
    assert "voice higher than usual" in anger
    assert "voice quieter than usual" in sadness
    assert "voice much lower than usual" in sadness


def test_the_docs_show_what_is_said_of_every_clip(said):
    lines = [
        f"| {file} | {label} | {'; '.join(phrases)} |"
        for file, (label, phrases) in said.items()
    ]

    assert len(lines) == 12
    assert "\n".join(lines) in PAGE
