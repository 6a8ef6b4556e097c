"""Generate with frames: a language model is shown pictures beside its question."""

import copy

import numpy as np
import pytest

from affectflow import people, registry
from affectflow.errors import RowError, UsageError
from affectflow.schemas import Status
from affectflow_transforms.models.generate import loading
from affectflow_transforms.models.generate.completing import layout_of
from affectflow_transforms.models.generate.seeing import fed, label_likelihoods
from affectflow_transforms.vision.frames import sampling_of
from affectflow_transforms.vision.pictures import look_at
from affectflow_transforms.vision.video import Stretch
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.stage_runs import store
from tests.given.tiny_generator import LABELS, asked, save_causal
from tests.given.tiny_lookers import write_pictures
from tests.given.tiny_viewers import save_viewer
from tests.given.videos import wall, write_video

pytestmark = [
    pytest.mark.torch,
    pytest.mark.vision,
    pytest.mark.filterwarnings("ignore::affectflow.errors.SaidOnceWarning"),
]
PROMPT = """
version = "1"
task = "viewer_emotion"
source = "a test"
licence = "CC0-1.0"
perspective = "reader"
[[steps]]
name = "emotion"
text = "joy anger again ? {text}"
parser = "label"
labels = ["joy", "anger"]
[[steps]]
name = "reason"
text = "why {emotion} ? {text}"
parser = "text"
max_new_tokens = 4
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looking")
    save_viewer(folder / "viewer")
    write_pictures(folder / "seen", 2)
    write_video(folder / "seen" / "jump.mp4", wall([0] * 20 + [12] * 20))
    (folder / "prompt.toml").write_text(PROMPT)
    return folder


def generate(files, model="viewer", **options):
    given = {"frames": "uniform:2", "prompt": str(files / "prompt.toml"), **options}
    given |= {"folder": str(files / "seen"), "dtype": "float32", "device": "cpu"}
    with people.using(context="research", purpose="a test"):
        made = {"model": str(files / model), **given}
        return registry.make("models", "Generate", made)


@pytest.fixture(scope="module")
def viewer(files):
    return generate(files).load_model()


def pictures_of(files, name, n):
    sampling = sampling_of(f"uniform:{n}")
    return look_at(str(files / "seen" / name), Stretch(0, 9), sampling).pictures


def test_each_frame_stands_in_the_question(files, viewer):
    messages = asked("this is good").messages
    image = viewer.writer.convert_tokens_to_ids("<image>")

    for n in (0, 1, 2):
        frames = pictures_of(files, "jump.mp4", n) if n else []
        given = fed(viewer, messages, frames)
        # Three times three patches a picture.
        assert int((given["input_ids"] == image).sum()) == 9 * n


def test_a_text_that_spells_a_picture_shows_none(files, viewer):
    given = fed(viewer, asked("joy <image> again").messages, [])

    image = viewer.writer.convert_tokens_to_ids("<image>")
    assert not (given["input_ids"] == image).any()


def test_labels_are_as_likely_as_if_the_question_were_read_for_each(files, viewer):
    import torch

    given = fed(viewer, asked("why").messages, pictures_of(files, "0.png", 1))
    labels = layout_of(viewer, LABELS).labels

    found = label_likelihoods(viewer, given, labels)

    for label, likelihood in zip(labels, found, strict=True):
        whole = copy.copy(given)
        tokens = torch.tensor(label)[None]
        whole["input_ids"] = torch.cat([given["input_ids"], tokens], 1)
        whole["attention_mask"] = torch.ones_like(whole["input_ids"])
        with torch.no_grad():
            logits = viewer.module(**whole).logits[0, -len(label) - 1 : -1]
        chances = logits.double().log_softmax(-1).gather(1, tokens.T).sum()
        assert likelihood == pytest.approx(float(chances), abs=1e-4)


def test_what_is_seen_decides_and_words_need_not_be_there(files, viewer):
    model = generate(files)
    batch = utterances(
        *("good", "good", "", "good", "good"),
        media_uri=["0.png", "1.png", "0.png", "jump.mp4", None],
    )

    found = model.predict(batch, viewer).column("annotations").to_pylist()

    scores = [{a["label"]: a["score"] for a in row if a["score"]} for row in found]
    assert all(scores[:4])
    assert scores[0] != scores[1]
    assert [a["label"] for a in found[0]][-1] == "reason"
    assert {a["perspective"] for row in found for a in row} == {"reader"}
    assert {a["status"] for a in found[4]} == {Status.ABSTAINED.name.lower()}
    assert {a["task"] for row in found for a in row} == {"viewer_emotion"}


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        pytest.param("none.png", "unreadable_file", id="no file"),
        pytest.param("https://example.org/a.png", "on_the_web", id="of the web"),
    ],
)
def test_a_file_that_cannot_be_seen_is_alone_in_failing(files, viewer, uri, reason):
    batch = utterances("good", "good", media_uri=[uri, "0.png"])

    done = generate(files).predict(batch, viewer)

    bad, good = done.column("errors").to_pylist()
    assert [each["error_type"] for each in bad] == [reason]
    assert not good


def test_more_frames_than_the_model_reads_are_said_to_be_too_many(files, viewer):
    batch = utterances("good", media_uri="jump.mp4")

    done = generate(files, frames="uniform:20").predict(batch, viewer)

    ((error,),) = done.column("errors").to_pylist()
    assert error["error_type"] == RowError.__name__
    assert "show fewer frames" in error["message"]


@pytest.mark.proof
def test_a_table_of_motion_says_which_frame_is_shown(files, viewer, tmp_path):
    dark = (picture / 4 for picture in wall([90] * 60))
    path = write_video(tmp_path / "v.mp4", [*wall([0] * 60), *dark])
    whole = utterances("good", media_uri=str(path))

    def shown(batch, **options):
        model = generate(files, **options)
        (answers,) = model.predict(batch, viewer).column("annotations").to_pylist()
        return [each["score"] for each in answers if each["score"]]

    def told(event):
        table = tmp_path / f"of_{event}.csv"
        moves = np.exp(-(((np.arange(120) - event) / 10) ** 2))
        rows = [f"v,{n / 30},{each}" for n, each in enumerate(moves)]
        table.write_text("\n".join(["recording,time,motion", *rows]))
        return shown(whole, frames="events:1", motion=str(table))

    def at(event):
        times = {"start_s": event / 30, "end_s": (event + 0.5) / 30}
        frame = utterances("good", media_uri=str(path), **times)
        return shown(frame, frames="uniform:1")

    assert told(30) == at(30)
    assert told(90) == at(90)
    assert at(30) != pytest.approx(at(90), abs=1e-3)


def test_a_video_of_which_no_table_tells_is_alone_in_failing(files, viewer, tmp_path):
    (tmp_path / "motion.csv").write_text("recording,time,motion\nother,0,1\n")
    model = generate(files, frames="events:1", motion=str(tmp_path / "motion.csv"))

    done = model.predict(utterances("a", "a", media_uri=["jump.mp4", "0.png"]), viewer)

    bad, good = done.column("errors").to_pylist()
    assert [each["error_type"] for each in bad] == ["no_motion"]
    assert not good


def test_a_table_of_motion_is_for_events_only(files, tmp_path):
    (tmp_path / "motion.csv").write_text("time,motion\n0,1\n")

    for frames in ("", "uniform:2"):
        with pytest.raises(UsageError, match="needs frames=events:N"):
            generate(files, frames=frames, motion=str(tmp_path / "motion.csv"))


def test_the_same_is_asked_again_only_of_other_pictures(files):
    model = generate(files)
    uris = ["0.png", "1.png", "0.png"]

    requests = model.first_requests(utterances(*["good"] * 3, media_uri=uris))

    assert requests[0].digest == requests[2].digest != requests[1].digest


def test_pictures_are_read_for_a_purpose_only(files):
    with pytest.raises(UsageError, match="frames=uniform:2"):
        registry.make(
            "models",
            "Generate",
            {
                "model": str(files / "viewer"),
                "prompt": str(files / "prompt.toml"),
                "frames": "uniform:2",
            },
        )


def test_options_that_are_not_said_change_no_annotator(files):
    plain = generate(files, frames="").annotator()

    assert "frames" not in plain["parameters"]
    assert "frames" in generate(files).annotator()["parameters"]


def test_models_that_read_texts_only_are_refused(files):
    save_causal(files / "causal")
    save_viewer(files / "untemplated", template=None)

    with pytest.raises(UsageError, match="takes no pictures"):
        generate(files, "causal").load_model()
    with pytest.raises(UsageError, match="no chat template"):
        generate(files, "untemplated").load_model()


def test_a_viewer_is_what_is_loaded(viewer):
    assert isinstance(viewer, loading.Generator)
    assert viewer.has_template or viewer.processor.chat_template
    assert np.isfinite(viewer.max_tokens)


def test_the_prompt_of_viewers_asks_for_an_emotion_and_a_reason(files):
    model = generate(files, prompt="viewer_emotion")

    (request,) = model.first_requests(utterances("oh", media_uri="0.png")).values()

    assert "amusement" in request.choices
    assert "bring most of their viewers to feel" in request.messages[-1].content


def test_a_preview_names_what_is_shown(files, tmp_path, own_configuration):
    lake = str(tmp_path / "lake")
    store(lake, utterances("", media_uri="jump.mp4", start_s=0.5, end_s=1.0))

    done = affectflow(
        *("annotate", lake, "--model", files / "viewer", "--set", "frames=events:2"),
        *("--prompt", files / "prompt.toml", "--set", "preview=1"),
        *("--context", "research", "--purpose", "a test"),
    )

    assert done.code == 0, done.err
    assert "-- shown\njump.mp4 0.5 1\n" in done.out
