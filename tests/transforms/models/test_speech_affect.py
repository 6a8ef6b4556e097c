"""SpeechAffect: turns of recordings in, arousal, dominance and valence out.

The networks have random weights: what is proved is how they are loaded, fed and read,
not that an answer is right. With AFFECTFLOW_UPSTREAM naming a folder that holds the
published model, its published values are asked for.
"""

import contextvars
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people
from affectflow.errors import UsageError
from affectflow.steps.annotate import handler_for
from affectflow.testing import check_model
from affectflow_transforms.models.media import Clip, MediaScorer
from affectflow_transforms.models.speech_affect import SpeechAffect, network, turns
from tests.given.tiny_listeners import (
    DIMENSIONS,
    RATE,
    save_dimensional,
    save_extractor,
    save_labelled,
    tones,
    write_wav,
)

pytestmark = [pytest.mark.torch, pytest.mark.audio]
PUBLISHED = "audeering/wav2vec2-large-robust-12-ft-emotion-msp-dim"
COMMIT = "0123456789" * 4
UPSTREAM = os.environ.get("AFFECTFLOW_UPSTREAM", "")


@pytest.fixture(autouse=True)
def said():
    with people.using(purpose="tests of what is heard", context="research"):
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return save_dimensional(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "planted"
    return save_dimensional(folder, planted=[0.1, 0.2, 0.3])


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """A recording of four seconds: three tones, and silence at the end."""
    path = tmp_path_factory.mktemp("audio") / "call.wav"
    return write_wav(path, [*tones(200, 400, 800), *np.zeros(RATE)])


def hears(folder, **options):
    return SpeechAffect(
        model=folder, **{"device": "cpu", "dtype": "float32", **options}
    )


def rows(*given):
    """Returns utterances, each with recording, start and end."""
    names = ("media_uri", "start_s", "end_s")
    columns = dict(zip(names, zip(*given, strict=True), strict=True))
    return pa.RecordBatch.from_pydict(columns, schema=MediaScorer.requires)


def answered(handler, *given):
    return handler.apply(rows(*given), handler.load_model()).to_pylist()


def values(row):
    return {each["label"]: each["value"] for each in row["annotations"]}


def statuses(row):
    return {each["status"] for each in row["annotations"]}


def cut(uri, *times, longest_s=30.0):
    """Returns the samples of some turns, or why there are none."""
    clips = [Clip(uri, start, end) for start, end in times]
    found = sorted(turns.heard(clips, longest_s), key=lambda each: each.place)
    return [each.error.reason if each.error else each.samples for each in found]


# -- the dimensional model -------------------------------------------------------------


def test_outputs_are_arousal_dominance_and_valence_in_this_order(planted, call):
    (row,) = answered(hears(planted), (call, 0.0, 1.0))

    expected = {"arousal": 0.1, "dominance": 0.2, "valence": 0.3}
    assert values(row) == pytest.approx(expected)
    assert {e["task"] for e in row["annotations"]} == set(expected)
    assert {e["vocabulary"] for e in row["annotations"]} == {"vad"}


def test_an_order_that_contradicts_the_config_is_refused(planted):
    with pytest.raises(UsageError, match="in another order"):
        hears(planted, labels=("valence", "arousal", "dominance"))


def test_outputs_that_nobody_named_are_asked_for(tmp_path):
    folder = save_dimensional(tmp_path, labels=("LABEL_0", "LABEL_1", "LABEL_2"))

    with pytest.raises(UsageError, match="--set labels=A,B"):
        hears(folder)
    assert hears(folder, labels=DIMENSIONS)


@pytest.mark.rotated
def test_a_batch_answers_as_each_turn_alone(tiny):
    import torch

    rng = np.random.default_rng(0)
    sounds = [rng.normal(0, 0.1, n).astype(np.float32) for n in (1700, 16000, 9000)]
    model = hears(tiny, max_batch_s=9.0).load_model()

    together, failed = network.outputs(model.listener, sounds)
    alone = [network.outputs(model.listener, [each])[0][0] for each in sounds]

    assert not failed
    assert together == pytest.approx(np.stack(alone), abs=1e-5)
    assert np.ptp(together, axis=0).min() > 1e-3
    # As the published code computes it, without a mask.
    module = model.listener.module
    given = (sounds[1] - sounds[1].mean()) / np.sqrt(sounds[1].var() + 1e-7)
    with torch.inference_mode():
        states = module.wav2vec2(torch.from_numpy(given)[None])[0].mean(1)
        head = module.classifier
        expected = head.out_proj(torch.tanh(head.dense(states)))[0].numpy()
    assert together[1] == pytest.approx(expected, abs=1e-5)


def test_the_librarys_own_class_would_leave_the_head_random(tiny, tmp_path):
    import transformers

    folder = Path(shutil.copytree(tiny, tmp_path / "copy"))
    _, report = transformers.AutoModelForAudioClassification.from_pretrained(
        folder, output_loading_info=True
    )
    assert any("classifier" in name for name in report["missing_keys"])

    config = (folder / "config.json").read_text()
    other = config.replace("ForSpeechClassification", "ForSequenceClassification")
    (folder / "config.json").write_text(other)
    with pytest.raises(UsageError, match="has no weights"):
        hears(str(folder)).load_model()


def test_the_licence_of_the_published_model_is_on_its_row():
    row = hears(PUBLISHED, revision=COMMIT).annotator()

    assert row["licence"] == "cc-by-nc-sa-4.0"
    assert row["commercial_use"] is False
    assert row["touches"] == ["biometric"]
    assert row["model"] == PUBLISHED


@pytest.mark.skipif(not UPSTREAM, reason="AFFECTFLOW_UPSTREAM names no folder")
def test_the_published_model_gives_its_published_values_of_silence():
    (config,) = Path(UPSTREAM).rglob(f"*{PUBLISHED.partition('/')[2]}*/config.json")
    model = hears(str(config.parent)).load_model()

    found, _ = network.outputs(model.listener, [np.zeros(16_000, np.float32)])

    assert found[0] == pytest.approx([0.5460754, 0.6062266, 0.40431657], abs=1e-4)


# -- other heads, other models ---------------------------------------------------------


@pytest.mark.parametrize("family", ["Wav2Vec2", "Hubert"])
def test_labels_of_the_librarys_own_head(tmp_path, call, family):
    folder = save_labelled(tmp_path, family=family)
    handler = handler_for(folder, options={"vocabulary": "ekman", "device": "cpu"})
    assert type(handler) is SpeechAffect

    (row,) = answered(handler, (call, 0.0, 1.0))

    assert sum(e["score"] for e in row["annotations"]) == pytest.approx(1, abs=0.1)
    assert {e["vocabulary"] for e in row["annotations"]} == {"ekman"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("ForSpeechClassification", "ForCTC"), "Wav2Vec2ForCTC, which is not a model"),
        (('"num_labels"', '"pooling_mode": "max", "x"'), "pools by 'max'"),
    ],
)
def test_another_model_is_refused_in_one_line(tmp_path, change, message):
    folder = save_dimensional(tmp_path, num_labels=3)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace(*change))

    with pytest.raises(UsageError, match=message) as raised:
        handler_for(folder)

    assert "\n" not in str(raised.value)


def test_a_model_of_another_rate_is_refused(tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "copy")
    save_extractor(folder, sampling_rate=8000)

    with pytest.raises(UsageError, match="takes 8000 Hz"):
        hears(str(folder)).load_model()


def test_lengths_that_make_no_sense_are_refused(tiny):
    with pytest.raises(UsageError, match=r"`longest_s` must be at least .* seconds"):
        hears(tiny, longest_s=0.0)


# -- turns -----------------------------------------------------------------------------


def test_a_turn_is_cut_out_by_its_times_across_blocks(tmp_path):
    # Blocks have 10 s; a ramp tells each sample from the others.
    ramp = np.arange(25 * RATE) / (25 * RATE)
    uri = write_wav(tmp_path / "ramp.wav", ramp)
    times = [(9.5, 10.5), (0.0, 0.5), (0.25, 24.0), (20.0, np.inf)]

    for samples, (start, end) in zip(cut(uri, *times), times, strict=True):
        last = min(end, 25)
        assert len(samples) == round((last - start) * RATE)
        assert samples[0] == pytest.approx(start / 25, abs=1e-4)
        assert samples[-1] == pytest.approx(last / 25, abs=1e-4)


def test_another_rate_becomes_16_khz(tmp_path):
    uri = write_wav(tmp_path / "low.wav", tones(200, rate=8000), rate=8000)

    (samples,) = cut(uri, (0.0, np.inf))

    assert len(samples) == pytest.approx(RATE, abs=50)
    crossings = np.count_nonzero(np.diff(np.sign(samples[1000:-1000])))
    assert crossings / 2 / (len(samples) - 2000) * RATE == pytest.approx(200, rel=0.02)


def test_a_turn_that_is_not_there_or_too_short_has_a_reason(call):
    assert cut(call, (1.0, 1.05), (60.0, 62.0), (2.0, 1.0)) == [
        "too_short", "too_short", "wrong_times",
    ]  # fmt: skip


def test_of_a_long_turn_the_beginning_is_heard(planted, call):
    times = ((0.0, 2.0), (0.0, 3.0))
    handler = hears(planted, longest_s=2.0)

    whole, begun = answered(handler, *((call, *each) for each in times))

    assert (statuses(whole), statuses(begun)) == ({"ok"}, {"truncated"})
    assert values(begun) == values(whole)
    assert [len(each) / RATE for each in cut(call, *times, longest_s=2.0)] == [2, 2]


def test_silence_is_not_scored_as_calm(tiny, call):
    heard, silent = answered(hears(tiny), (call, 0.0, 1.0), (call, 3.2, 3.9))

    assert statuses(heard) <= {"ok", "out_of_range"}
    assert statuses(silent) == {"abstained"}
    assert set(values(silent)) == {None}


def test_what_cannot_be_heard_is_alone_in_failing(planted, call, tmp_path):
    noise, none = tmp_path / "noise.wav", str(tmp_path / "none.wav")
    noise.write_bytes(b"RIFF of nothing at all")

    found = answered(
        hears(planted),
        *((call, 0.0, 1.0), (str(noise), 0.0, 1.0), (none, 0.0, 1.0)),
        *((None, 0.0, 1.0), (call, None, None)),
    )

    assert [statuses(row) for row in found] == [
        {"ok"}, set(), set(), {"abstained"}, {"ok"},
    ]  # fmt: skip
    reasons = [row["errors"][0]["error_type"] for row in found[1:3]]
    assert reasons == ["damaged_recording", "unreadable_file"]
    assert all(not found[place]["errors"] for place in (0, 3, 4))


def test_a_picture_has_nothing_to_listen_to(planted, call, shared_data):
    picture = str(shared_data / "nv_facial" / "astronaut.png")

    found = answered(hears(planted), (picture, None, None), (call, 0.0, 1.0))

    assert [statuses(row) for row in found] == [{"abstained"}, {"ok"}]


def test_it_owes_what_every_model_owes(planted, call):
    check_model(hears(planted), rows((call, 0.0, 1.0), (call, 1.0, 2.0), (None,) * 3))


def test_real_speech_goes_through(planted, shared_data):
    folder = shared_data / "nv_audio"
    clips = [folder / "emodb" / "03a01Wa.wav", folder / "emodb" / "03a02Ta.wav"]

    found = answered(hears(planted), *((str(p), None, None) for p in clips))

    assert [statuses(row) for row in found] == [{"ok"}, {"ok"}]


def test_voices_are_read_for_a_purpose_only(tiny):
    with pytest.raises(UsageError, match="--context"):
        contextvars.Context().run(hears, tiny)
