"""Finetune on pictures and on recordings: a head learns, and its reader reads it."""

import json
import random
import shutil

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people
from affectflow.errors import UsageError
from affectflow_transforms.finetune.train import Finetune
from affectflow_transforms.models.image_classifier import ImageClassifier
from affectflow_transforms.models.media import MediaScorer
from affectflow_transforms.models.speech_affect import SpeechAffect
from tests.given.tiny_listeners import save_encoder, tones, write_wav
from tests.given.toy_training import write_rows

pytestmark = [
    pytest.mark.torch,
    pytest.mark.rotated,
    pytest.mark.usefixtures("one_thread"),
]

SIDE = 16


@pytest.fixture(autouse=True)
def declared():
    with people.using(purpose="tests of what is learned", context="research"):
        yield


@pytest.fixture(scope="module")
def swin(tmp_path_factory):
    """A Swin of random weights without a head, and its processor."""
    import torch
    import transformers

    folder = tmp_path_factory.mktemp("swin")
    torch.manual_seed(0)
    config = transformers.SwinConfig(
        image_size=SIDE, patch_size=4, embed_dim=16, depths=[1, 1], num_heads=[2, 2],
        window_size=2, initializer_range=0.2, drop_path_rate=0.0,
    )  # fmt: skip
    transformers.SwinModel(config).save_pretrained(folder)
    side = {"height": SIDE, "width": SIDE}
    transformers.ViTImageProcessor(size=side).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """Pictures of two kinds: reddish or bluish."""
    pillow = pytest.importorskip("PIL.Image", reason="needs the extra vision")
    folder = tmp_path_factory.mktemp("faces")
    chance = np.random.default_rng(0)
    rows = []
    for n in range(240):
        glad = int(chance.integers(2))
        pixels = chance.integers(0, 120, (SIDE, SIDE, 3))
        pixels[..., 0] += 100 * glad
        pixels[..., 2] += 100 * (1 - glad)
        (folder / "shots").mkdir(exist_ok=True)
        name = f"shots/{n}.png"
        pillow.fromarray(pixels.astype(np.uint8)).save(folder / name)
        rows.append({"image": name, "label": ["sadness", "joy"][glad]})
    write_rows(folder, rows)
    return folder


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Recordings of two kinds: low or high tones."""
    folder, chance = tmp_path_factory.mktemp("voices"), random.Random(0)
    rows = []
    for n in range(120):
        high = chance.choice([0, 1])
        pitch = chance.uniform(100, 200) + 1_200 * high
        write_wav(folder / f"{n}.wav", tones(pitch, seconds=chance.uniform(0.2, 0.3)))
        label = ["sadness", "joy"][high]
        rows.append({"audio": f"{n}.wav", "label": label, "speaker_id": f"s{n}"})
    write_rows(folder, rows)
    return folder


def fitted(base, data, work, **options):
    given = {"head": "one", "vocabulary": "two", "epochs": 6, "patience": 6,
             "batch": 16, "rate": 1e-3, "head_rate": 1e-2} | options  # fmt: skip
    work.mkdir(exist_ok=True)
    return Finetune(base=base, device="cpu", **given).train_in(work, data)


def macro_f1(found):
    (figure,) = [f for f in found.figures if (f.name, f.label) == ("f1", "(macro)")]
    return figure.value


def chosen(reader, uris):
    nothing = pa.nulls(len(uris), pa.float64())
    columns = {"media_uri": pa.array([str(uri) for uri in uris])}
    columns |= {"start_s": nothing, "end_s": nothing}
    batch = pa.RecordBatch.from_pydict(columns, schema=MediaScorer.requires)
    out = reader.apply(batch, reader.load_model())
    return [
        [each["label"] for each in row if each["chosen"]]
        for row in out["annotations"].to_pylist()
    ]


@pytest.mark.vision
def test_a_swin_with_squeeze_and_excitation_learns_pictures(swin, faces, tmp_path):
    found = fitted(swin, faces, tmp_path, se_head=True, sam_rho=0.05, epochs=2)

    assert macro_f1(found) > 0.95
    assert found.annotator == "ImageClassifier"
    reader = ImageClassifier(model=str(found.weights), device="cpu")
    rows = [line for line in (faces / "train.jsonl").read_text().splitlines()[:6]]
    said = chosen(reader, [faces / f"shots/{n}.png" for n in range(6)])
    assert [f'"label": "{label}"' in row for (label,), row in zip(said, rows,
            strict=True)] == [True] * 6  # fmt: skip


@pytest.mark.vision
def test_the_head_of_the_library_learns_pictures_too(swin, faces, tmp_path):
    found = fitted(swin, faces, tmp_path, epochs=2)

    assert macro_f1(found) > 0.95
    said = chosen(ImageClassifier(model=str(found.weights), device="cpu"),
                  [faces / "shots/0.png"])  # fmt: skip
    assert len(said[0]) == 1


@pytest.mark.audio
@pytest.mark.rotated
def test_a_wav2vec_learns_recordings(voices, tmp_path):
    base = save_encoder(tmp_path / "base")

    found = fitted(base, voices, tmp_path / "work", epochs=4)

    assert macro_f1(found) > 0.9
    assert found.annotator == "SpeechAffect"
    reader = SpeechAffect(model=str(found.weights), device="cpu")
    rows = (voices / "train.jsonl").read_text().splitlines()[:4]
    said = chosen(reader, [voices / f"{n}.wav" for n in range(4)])
    assert [f'"label": "{label}"' in row for (label,), row in zip(said, rows,
            strict=True)] == [True] * 4  # fmt: skip


@pytest.mark.audio
def test_a_frozen_encoder_hears_each_recording_once(voices, tmp_path, monkeypatch):
    from affectflow_transforms.finetune import inputs

    asked = []
    true = inputs.Sounds.tensors
    monkeypatch.setattr(
        inputs.Sounds, "tensors",
        lambda self, rows: asked.extend(rows.tolist()) or true(self, rows),
    )  # fmt: skip
    base = save_encoder(tmp_path / "base")

    fitted(base, voices, tmp_path / "work", epochs=3, freeze=True)

    assert sorted(asked) == list(range(120))


@pytest.mark.vision
@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"image": "none.png"}, {}, "`image` names 'none.png', which is not a file"),
        ({"image": "../up.png"}, {}, "`image` names '../up.png', which is not a file"),
        ({"image": "train.jsonl"}, {}, "cannot train on a file"),
        ({}, {"lexica": ("words.tsv",)}, "`lexica` does not go with .* `image`"),
        ({}, {"text": "picture"}, "has no column 'picture'"),
    ],
)
def test_what_is_not_a_picture_is_refused_in_one_line(
    swin, faces, tmp_path, change, options, message
):
    lines = (faces / "train.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    data = tmp_path / "data"
    shutil.copytree(faces / "shots", data / "shots")
    write_rows(data, [rows[0] | change, *rows[1:]])

    with pytest.raises(UsageError, match=message) as refused:
        fitted(swin, data, tmp_path / "work", **options)

    assert "\n" not in str(refused.value)
