"""ImageClassifier: pictures and videos in, labels by name out.

The networks have random weights: what is proved is how they are loaded, fed and read,
not that an answer is right.
"""

import contextvars
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from affectflow import people
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
from affectflow.schemas.columns import ATTRS
from affectflow.steps.annotate import handler_for
from affectflow.testing import check_model
from affectflow_transforms.models.image_classifier import ImageClassifier
from affectflow_transforms.models.image_classifier.pooling import pooled
from affectflow_transforms.models.sequence_classifier.answers import sigmoid, softmax
from affectflow_transforms.models.sequence_classifier.heads import Space
from tests.given.looking import (
    LOOKING,
    SOME,
    answered,
    looks,
    rows,
    scores,
    zero_shot,
)
from tests.given.tiny_listeners import tones, write_wav
from tests.given.tiny_lookers import save_clip, save_vit, write_pictures
from tests.given.videos import write_video

pytestmark = [pytest.mark.torch, pytest.mark.vision]
SIDE = 32


@pytest.fixture(autouse=True)
def said():
    with people.using(**LOOKING):
        yield


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    return save_vit(tmp_path_factory.mktemp("models") / "vit")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return save_clip(tmp_path_factory.mktemp("models") / "clip")


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp("pictures"), 5)


# -- which plugin, which labels --------------------------------------------------------


def test_the_config_of_a_folder_names_it(vit, clip):
    assert type(handler_for(vit, options={"vocabulary": "tiny"})) is ImageClassifier
    assert type(handler_for(clip, options={"vocabulary": "mikels"})) is ImageClassifier


def test_a_model_owes_what_every_model_owes(vit, seen):
    check_model(looks(vit), rows([*seen, seen[0], None]))


def test_labels_and_scores_are_those_of_the_library(vit, seen):
    import torch
    import transformers
    from PIL import Image

    processor = transformers.AutoImageProcessor.from_pretrained(vit)
    network = transformers.AutoModelForImageClassification.from_pretrained(vit)
    with torch.inference_mode():
        given = processor(images=[Image.open(p) for p in seen], return_tensors="pt")
        expected = network(**given).logits.softmax(-1).numpy()

    found = scores(looks(vit), rows(seen))

    for row, (calm, cross, glad) in zip(found, expected, strict=True):
        every = {"calm": calm, "cross": cross, "glad": glad}
        assert row == pytest.approx({n: every[n] for n in row}, abs=1e-5)
        assert max(every, key=every.get) in row


def test_the_best_label_is_that_of_its_name_wherever_it_stands(tmp_path, seen):
    planted = save_vit(
        tmp_path / "one", ("awe", "fear", "anger"), planted=(0.0, 2.0, 1.0)
    )
    turned = save_vit(
        tmp_path / "two", ("fear", "anger", "awe"), planted=(2.0, 1.0, 0.0)
    )

    one, two = (
        scores(looks(folder, vocabulary="mikels"), rows(seen[:2]))
        for folder in (planted, turned)
    )

    assert one == two
    assert max(one[0], key=one[0].get) == "fear"


def test_names_that_contradict_the_config_are_refused(vit):
    with pytest.raises(UsageError, match="in another order"):
        looks(vit, labels=("glad", "cross", "calm"))


def test_a_network_without_its_head_is_refused(tmp_path, vit):
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(vit, tmp_path / "headless"))
    weights = load_file(folder / "model.safetensors")
    kept = {n: v for n, v in weights.items() if not n.startswith("classifier")}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})

    with pytest.raises(UsageError, match="has no weights"):
        looks(str(folder)).load_model()


def test_a_model_that_does_not_say_how_pictures_come_in_is_refused(tmp_path, vit):
    folder = Path(shutil.copytree(vit, tmp_path / "bare"))
    (folder / "preprocessor_config.json").unlink()

    with pytest.raises(UsageError, match="save the model's own image processor"):
        looks(str(folder)).load_model()


# -- files -----------------------------------------------------------------------------


def test_what_cannot_be_seen_is_alone_in_failing(vit, seen, tmp_path):
    broken, none = tmp_path / "broken.png", str(tmp_path / "none.png")
    broken.write_bytes(Path(seen[0]).read_bytes()[:60])
    web = "https://example.org/who-reads-this.png"
    given = [seen[0], None, str(broken), none, web, "", seen[1]]

    found = answered(looks(vit), rows(given)).to_pylist()

    statuses = [[each["status"] for each in row["annotations"]] for row in found]
    assert statuses[0][0] == statuses[6][0] == "ok"
    assert statuses[1] == statuses[5] == ["abstained"]
    assert [row["annotations"] for row in found[2:5]] == [[], [], []]
    errors = [row["errors"][0]["error_type"] for row in found[2:5]]
    assert errors == ["damaged_picture", "unreadable_file", "on_the_web"]
    assert all(not found[place]["errors"] for place in (0, 1, 5, 6))


def test_a_recording_of_sound_has_nothing_to_look_at(vit, seen, tmp_path):
    sound = write_wav(tmp_path / "s.wav", tones(200))

    found = answered(looks(vit), rows([sound, seen[0]])).to_pylist()

    assert [row["annotations"][0]["status"] for row in found] == ["abstained", "ok"]


def test_a_box_says_which_part_is_looked_at(vit, tmp_path):
    from PIL import Image

    halves = np.zeros((40, 80, 3), np.uint8)
    halves[:, 40:] = 255
    whole, right = str(tmp_path / "whole.png"), str(tmp_path / "right.png")
    Image.fromarray(halves).save(whole)
    Image.fromarray(halves[:, 40:]).save(right)
    boxes = ["40,0,80,40", None, "30 40 10 50", "here"]
    attrs = pa.array([[("face", box)] if box else [] for box in boxes], ATTRS)
    batch = rows([whole] * 4).append_column("attrs", attrs)

    boxed, scene, *wrong = answered(looks(vit, box="face"), batch).to_pylist()
    (part,), (all_,) = (scores(looks(vit), rows([each])) for each in (right, whole))

    for row, expected in ((boxed, part), (scene, all_)):
        found = {each["label"]: each["score"] for each in row["annotations"]}
        assert found == pytest.approx(expected, abs=1e-6)
    assert part != pytest.approx(all_, abs=1e-3)
    assert {row["errors"][0]["error_type"] for row in wrong} == {"wrong_box"}


def test_a_picture_is_looked_at_once_for_all_rows(vit, seen, monkeypatch):
    handler, asked = looks(vit), []
    score = handler.score
    monkeypatch.setattr(
        handler,
        "score",
        lambda clips, model: asked.extend(clips) or score(clips, model),
    )

    found = answered(handler, rows([seen[0], seen[1], seen[0]]))

    assert len(asked) == 2
    labels = found.column("annotations").to_pylist()
    assert labels[0] == labels[2] != labels[1]


def test_a_name_without_its_path_is_looked_for_in_the_folder(vit, seen):
    handler = looks(vit, folder=str(Path(seen[0]).parent))
    assert handler.annotator() == looks(vit).annotator()

    assert scores(handler, rows(["0.png"])) == scores(looks(vit), rows(seen[:1]))


def test_the_frames_of_a_turn_are_averaged(vit, tmp_path):
    greys = [40] * 10 + [220] * 10
    shape = (SIDE, SIDE)
    path = str(write_video(
        tmp_path / "v.mp4", [np.full(shape, grey) for grey in greys], rate=10
    ))  # fmt: skip
    handler = looks(vit, frames="uniform:4")
    model = handler.load_model()

    def shares(start, end):
        (row,) = answered(handler, rows([path], [start], [end]), model).to_pylist()
        found = {each["label"]: each["score"] for each in row["annotations"]}
        return np.array([found.get(name, 0) for name in ("calm", "cross", "glad")])

    dark, bright, both = shares(0.0, 1.0), shares(1.0, 2.0), shares(0.0, 2.0)

    assert np.abs(dark - bright).max() > 0.05
    assert both == pytest.approx((dark + bright) / 2, abs=0.06)


def test_a_table_says_where_the_events_of_a_video_are(vit, seen, tmp_path):
    # Nothing moves but the light, which is what the table tells: bright for a moment.
    greys = np.full(90, 40)
    greys[58:63] = 220
    frames = [np.full((SIDE, SIDE), grey) for grey in greys]
    write_video(tmp_path / "v.mp4", frames, rate=10)
    bright = write_video(tmp_path / "bright.mp4", frames[58:63], rate=10)
    table = tmp_path / "motion.csv"
    moves = [f"v,{n / 10},{np.exp(-(((n - 60) / 4) ** 2))}" for n in range(90)]
    table.write_text("\n".join(["recording,time,motion", *moves, "still,0,1"]))
    uris = [str(tmp_path / "v.mp4"), str(bright), seen[0]]
    one = looks(vit, frames="events:1", motion=str(table))

    (event, unknown, picture), counted = counting(one, rows(uris))

    (plain,) = scores(looks(vit, frames="uniform:1"), rows([str(bright)]))
    assert {a["label"]: a["score"] for a in event["annotations"]} == pytest.approx(
        plain, abs=0.02
    )
    assert [each["error_type"] for each in unknown["errors"]] == ["no_motion"]
    assert picture["annotations"][0]["status"] == "ok"
    assert counted == {}
    table.write_text("time,motion,recording\n0,1,v\n1,,v\n2,1,v\n")
    again = looks(vit, frames="events:1", motion=str(table))
    assert counting(again, rows(uris[:1]))[1] == {
        "motion_value_missing": 1,
        "motion_constant": 1,
    }
    ids = {each.annotator()["annotator_id"] for each in (one, again, looks(vit))}
    assert len(ids) == 3
    assert looks(vit).annotator() == looks(vit, motion="").annotator()


def counting(handler, batch):
    """Returns the rows that a handler answers, and what it counts."""
    with open_account() as account:
        found = answered(handler, batch).to_pylist()
    return found, dict(account.tallied)


def test_tables_without_a_column_of_motion_are_refused(vit, tmp_path):
    (tmp_path / "m.csv").write_text("time,a,b\n0,1,2\n")

    with pytest.raises(UsageError, match="name the column of the motion"):
        looks(vit, motion=str(tmp_path / "m.csv")).load_model()


@pytest.mark.parametrize("answer", ["one", "several", "value"])
def test_means_over_frames_are_those_of_scores(answer):
    space = Space(answer=answer, labels=("a", "b"), vocabulary="v")
    outputs = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5]], np.float32)
    read = {"one": softmax, "several": sigmoid, "value": lambda given: given}[answer]

    found = read(pooled(space, outputs, np.array([0, 0, 2]), 3))

    assert found[0] == pytest.approx(read(outputs[:2]).mean(0), abs=1e-6)
    assert found[2] == pytest.approx(read(outputs[2:])[0], abs=1e-6)


def test_a_frame_of_a_real_photograph_goes_through(vit, clip, shared_data):
    uri = str(shared_data / "nv_facial" / "astronaut.png")

    for handler in (looks(vit), zero_shot(clip, *SOME)):
        (row,) = answered(handler, rows([uri])).to_pylist()
        assert row["annotations"][0]["status"] == "ok"


# -- people ----------------------------------------------------------------------------


def test_faces_are_read_for_a_purpose_only(vit):
    def at_work():
        with people.using(context="workplace", purpose="who is in a good mood"):
            looks(vit)

    assert looks(vit).annotator()["touches"] == ["biometric"]
    for make, message in ((lambda: looks(vit), "--context"), (at_work, "is refused")):
        with pytest.raises(UsageError, match=message):
            contextvars.Context().run(make)


def test_the_licence_is_that_of_the_models_card(tmp_path, vit):
    folder = Path(shutil.copytree(vit, tmp_path / "licensed"))
    (folder / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n")

    row = looks(str(folder)).annotator()

    assert (row["licence"], row["commercial_use"]) == ("cc-by-nc-4.0", False)
    assert json.loads(row["parameters"])["vocabulary"] == "tiny"
