"""RenderOpenSmile: openSMILE's tables of real clips, in words, and broken ones."""

import csv

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people, testing
from affectflow.batches.tracks import turns_of
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow.schemas import UTTERANCES
from affectflow.steps.tracks import cues_of
from affectflow_transforms.tracks.opensmile import RenderOpenSmile, hertz, phon

SAID = {"context": "research", "purpose": "a study of clips"}
F0 = "F0semitoneFrom27.5Hz_sma3nz"


@pytest.fixture
def declared():
    with people.using(**SAID):
        yield


def opensmile(tracks="none.csv", **options) -> RenderOpenSmile:
    return RenderOpenSmile(tracks=str(tracks), **options)


def turns(*said: tuple[str, str]) -> pa.RecordBatch:
    """Returns utterances of (recording, speaker)."""
    rows = [
        {
            "utterance_id": f"x:{place}",
            "conversation_id": f"x:{uri}",
            "source": "x",
            "speaker_id": speaker,
            "media_uri": uri,
        }
        for place, (uri, speaker) in enumerate(said)
    ]
    return pa.RecordBatch.from_pylist(rows, UTTERANCES)


def values_of(batch: pa.RecordBatch, renderer: RenderOpenSmile) -> list[dict]:
    found = []
    for path in [renderer.tracks]:
        tracks = renderer.measure(path)
        found += list(renderer.render(turns_of(batch), tracks))
    return found


def test_semitones_become_hertz():
    assert hertz(np.array([0.0, 12.0, 36.0])).tolist() == [27.5, 55.0, 220.0]


def test_twice_as_loud_is_ten_phon_more():
    assert phon(np.array([1.0, 2.0, 0.5])).tolist() == [40.0, 50.0, 30.0]


def test_frames_and_functionals_of_a_clip_say_the_same(shared_data, declared):
    folder = shared_data / "nv_opensmile"
    batch = turns(("03a01Wa.wav", "03"))
    frames = values_of(batch, opensmile(folder / "egemaps_v02_lld_03a01Wa.csv"))
    tracks = opensmile(folder).measure(str(folder / "egemaps_v02_functionals.csv"))
    own = tracks.filter(pa.compute.equal(tracks["recording"], "emodb/03a01Wa.wav"))
    whole = dict(zip(own["channel"].to_pylist(), own["value"].to_pylist(), strict=True))

    of_frames = {row["cue"]: row["value"] for row in frames}

    assert of_frames["pitch"] == pytest.approx(191.3527, abs=1e-3)
    for cue in ("pitch", "pitch_range", "jitter", "shimmer", "harmonics"):
        assert of_frames[cue] == pytest.approx(whole[cue], rel=1e-4), cue
    assert of_frames["loudness"] == pytest.approx(whole["loudness"], abs=0.3)


SAID_OF_CLIPS = {
    "emodb/03a01Wa.wav": {"voice much louder than usual", "voice higher than usual"},
    "emodb/03a02Ta.wav": {
        "voice much lower than usual",
        "pitch much flatter than usual",
        "loudness peaks much more often than usual",
    },
    "thorsten/sleepy.wav": {"voice much lower than usual"},
    "thorsten/disgusted.wav": {"voice louder than usual"},
}


@pytest.mark.parametrize("ending", ["csv", "arff"])
def test_real_clips_in_words(ending, shared_data, declared):
    with (shared_data / "nv_audio" / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    batch = turns(*((row["file"], row["speaker"]) for row in rows))
    table = shared_data / "nv_opensmile" / f"egemaps_v02_functionals.{ending}"

    found = cues_of(batch, opensmile(table)).to_pylist()

    said = {
        row["file"]: {cue["phrase"] for cue in cues}
        for row, cues in zip(rows, found, strict=True)
    }
    assert {name: said[name] for name in SAID_OF_CLIPS} == SAID_OF_CLIPS
    # There is no row for this one.
    assert said["librispeech/198-209-0000.ogg"] == set()


def row_of(**features: object) -> str:
    return ",".join(features) + "\n" + ",".join(map(str, features.values())) + "\n"


@pytest.mark.parametrize(
    "features",
    [
        pytest.param({"loudnessPeaksPerSec": 7}, id="peaks are no syllables"),
        pytest.param({"loudnessPeaksPerSec": "nan"}, id="not a number"),
        pytest.param({"loudness_sma3_amean": 99}, id="loudness has no norm"),
        pytest.param({f"{F0}_percentile50.0": 0}, id="no voice at all"),
    ],
)
def test_without_a_baseline_nothing_is_said(features, tmp_path, declared):
    path = tmp_path / "a.csv"
    path.write_text(row_of(file="a.wav", start=0, end=2, **features))

    (found,) = cues_of(turns(("a.wav", "ann")), opensmile(path)).to_pylist()

    assert found == []


def test_a_turn_is_compared_with_the_others_of_its_speaker(tmp_path, declared):
    loud = [1.0, 1.05, 0.97, 1.0, 3.0]
    rows = [f"{n}.wav,0,2,{value}" for n, value in enumerate(loud)]
    path = tmp_path / "all.csv"
    path.write_text("\n".join(["file,start,end,loudness_sma3_amean", *rows]))
    batch = turns(*((f"{n}.wav", "ann") for n in range(5)))

    found = cues_of(batch, opensmile(path)).to_pylist()

    said = [[cue["phrase"] for cue in cues] for cues in found]
    assert said == [[], [], [], [], ["voice much louder than usual"]]
    assert found[4][0]["value"] == pytest.approx(40 + 10 * np.log2(3))
    assert found[4][0]["unit"] == "phon"
    assert found[4][0]["cue"] == "loudness"


def test_peaks_of_loudness_are_not_called_fast_speech(tmp_path, declared):
    peaks = [4.0, 4.1, 3.9, 4.0, 8.0]
    rows = [f"{n}.wav,0,2,{value}" for n, value in enumerate(peaks)]
    path = tmp_path / "all.csv"
    path.write_text("\n".join(["file,start,end,loudnessPeaksPerSec", *rows]))
    batch = turns(*((f"{n}.wav", "ann") for n in range(5)))

    *_, (last,) = cues_of(batch, opensmile(path)).to_pylist()

    assert last["phrase"] == "loudness peaks much more often than usual"
    assert (last["cue"], last["value"], last["unit"]) == ("peak_rate", 8.0, "peaks/s")


def test_a_clip_without_times_is_of_no_one_of_several_turns(tmp_path, declared):
    path = tmp_path / "a.arff"
    path.write_text(
        "@relation f\n@attribute name string\n"
        "@attribute loudnessPeaksPerSec numeric\n@data\n'a',9\n"
    )
    batch = turns(("a.wav", "ann"), ("a.wav", "ann"))

    with open_account() as account:
        found = cues_of(batch, opensmile(path)).to_pylist()

    assert found == [[], []]
    assert account.tallied["no_cue_of_several_turns"] == 1


OPENSMILE_CSV = "name;frameTime;Loudness_sma3\n'unknown';0.0;1\n'unknown';0.01;2\n"
PANDAS = (
    "file,start,end,Loudness_sma3\n"
    "a.wav,0 days 00:00:00,0 days 00:00:00.020000,1\n"
    "a.wav,0 days 00:00:00.010000,0 days 00:00:00.030000,2\n"
)


@pytest.mark.parametrize(
    ("content", "recording", "times"),
    [
        pytest.param(OPENSMILE_CSV, None, [(0, 10_000), (10_000, 20_000)], id="tool"),
        pytest.param(PANDAS, "a.wav", [(0, 20_000), (10_000, 30_000)], id="pandas"),
    ],
)
def test_layouts_of_opensmile(content, recording, times, tmp_path, declared):
    path = tmp_path / "a.csv"
    path.write_text(content)

    found = opensmile(path).measure(str(path)).to_pylist()

    assert {row["recording"] for row in found} == {recording}
    assert [(row["start_us"], row["end_us"]) for row in found] == times
    assert [row["value"] for row in found] == [1.0, 2.0]


ARFF = "@relation f\n@attribute name string\n@attribute F0 numeric\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("file,joy\na,1\n", "not_opensmile", id="another table"),
        pytest.param(ARFF, "no_table", id="no data"),
        pytest.param(f"{ARFF}@data\n'a',1,2\n", "no_table", id="too many values"),
        pytest.param(f"{ARFF}@data\n'a',x\n", "no_table", id="words for numbers"),
        pytest.param(f"{ARFF}@data\n{{0 a}}\n", "no_table", id="sparse"),
        pytest.param("@relation f\n@data\n1\n", "no_table", id="no attributes"),
        pytest.param("a,a\n1,2\n", "no_table", id="two columns of a name"),
        pytest.param(
            "start,end,loudness_sma3_amean\n2,1,1\n", "times_backwards", id="backwards"
        ),
        pytest.param("file,start,end,loudness_sma3\na,0,", "no_table", id="cut off"),
    ],
)
def test_a_table_that_says_nothing_has_a_reason(content, reason, tmp_path, declared):
    path = tmp_path / "a.csv"
    path.write_text(content)

    with pytest.raises(UnmeasuredError) as raised:
        opensmile(path).measure(str(path))

    assert raised.value.reason == reason


def test_it_keeps_what_renderers_promise(declared):
    testing.check_renderer(opensmile())


def test_it_reads_voices_and_asks_for_a_context():
    with pytest.raises(UsageError, match="--context"):
        opensmile()
