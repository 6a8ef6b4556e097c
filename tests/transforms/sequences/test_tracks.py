"""Row 20 of the literature: ratings of recordings, learned from windows of frames."""

import csv
import json
import shutil

import numpy as np
import pytest

from affectflow import people, testing
from affectflow.cli import training
from affectflow.errors import UsageError
from affectflow_transforms.sequences.splits import dealt
from affectflow_transforms.sequences.train import Tracks
from tests.given.docs_tables import ROOT
from tests.given.factories import utterances
from tests.given.rated_tracks import frames_of, write_rated, write_table
from tests.given.stage_runs import ask
from tests.project.test_docs import commands, typed

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

QUICK = {"size": 8, "hidden": 12, "layers": 1, "rate": 2e-2, "epochs": 6, "batch": 64}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_rated(tmp_path_factory.mktemp("rated"))


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    """A folder that a training wrote, by the command."""
    out = tmp_path_factory.mktemp("trained") / "model"
    settings = [f"{name}={value}" for name, value in QUICK.items()]
    training.train(
        "tracks",
        data=data,
        out=out,
        licence="CC BY-NC-SA 4.0",
        settings=[*settings, "scale=1,5"],
    )
    return out


def trained(folder, tmp_path, tell=lambda line: None, **options):
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    return Tracks(**QUICK | options).train_in(work, folder, tell=tell)


def figure(found, name):
    (value,) = [f for f in found.figures if f.name == name]
    return value


# -- training ------------------------------------------------------------------------


def test_the_share_of_frames_with_au04_is_learned(model):
    card = (model / "MODEL_CARD.md").read_text("utf-8")

    (row,) = [line for line in card.splitlines() if line.startswith("| rating | 0.")]
    r, ccc, mae = (float(cell.split()[0]) for cell in row.split("|")[2:5])
    assert r > 0.9
    assert ccc > 0.8
    assert mae < 0.5
    for line in (
        "license: cc-by-nc-sa-4.0",
        "| commercial use | not allowed |",
        "fold 0 of 5, by a hash of `subject`",
        "seed=0",
        "| weights | BLAKE2b ",
        "## What it must not be used for",
    ):
        assert line in card


def test_the_command_writes_a_folder_with_all_that_is_needed(model):
    names = {path.name for path in model.iterdir()}
    config = json.loads((model / "config.json").read_text("utf-8"))

    assert names == {"config.json", "model.safetensors", "MODEL_CARD.md"}
    assert config["architectures"] == ["TrackRegressor"]
    assert config["sequence"]["channels"] == ["AU01", "AU04", "AU12"]


def test_mean_and_spread_of_channels_are_those_of_train_alone(data, tmp_path):
    from safetensors.numpy import load_file

    moved = tmp_path / "moved"
    shutil.copytree(data, moved)
    rows = list(csv.DictReader((moved / "train.csv").open()))
    held = dealt(sorted({row["subject"] for row in rows}), 5)[0]
    for row in rows:
        if row["subject"] in held:
            write_table(
                moved / "tracks" / f"{row['recording']}.csv",
                frames_of(np.full((24, 3), 9.0)),
            )

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    same, other = (
        load_file(trained(folder, tmp_path / name, epochs=1).weights / Tracks.file)
        for folder, name in ((data, "a"), (moved, "b"))
    )

    assert same["mean"] == pytest.approx(other["mean"])
    assert same["head.weight"] == pytest.approx(other["head.weight"])


@pytest.mark.parametrize("folds", [3, 5])
def test_folds_of_subjects_are_disjoint_and_of_one_size(folds):
    subjects = [f"child{n}" for n in range(98)]
    found = dealt(subjects, folds)

    assert sorted(s for fold in found for s in fold) == sorted(subjects)
    assert max(map(len, found)) - min(map(len, found)) <= 1


def test_an_interrupted_training_ends_with_the_same_weights(data, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(line):
        if line.startswith("epoch 2"):
            raise StoppedError

    whole = trained(data, tmp_path, epochs=3).weights / Tracks.file
    expected = whole.read_bytes()
    again = tmp_path / "again"
    again.mkdir()
    with pytest.raises(StoppedError):
        trained(data, again, stop, epochs=3)
    said = []
    found = trained(data, again, said.append, epochs=3)

    assert "goes on after epoch 1" in said
    assert (found.weights / Tracks.file).read_bytes() == expected


def test_it_keeps_what_every_trainer_owes(tmp_path):
    data = write_rated(tmp_path, clips=12, frames=10)

    testing.check_trainer(Tracks(**QUICK | {"epochs": 1}), data)


def test_ratings_may_stand_beside_the_frames(tmp_path):
    random = np.random.default_rng(0)
    for clip in range(12):
        share = np.repeat(random.random(3), 20)
        values = (random.random((60, 3)) < np.stack([share] * 3, 1)).astype(float)
        rows = frames_of(values, subject=f"child{clip}")
        for row, each in zip(rows, share, strict=True):
            row["average"] = round(4 * each, 3)
        write_table(tmp_path / f"c{clip}.csv", rows)

    found = trained(tmp_path, tmp_path, labels=("average",), objective="ccc")

    assert figure(found, "pearson").value > 0.5
    assert "of 3 subjects" in found.held_out
    assert (
        "average"
        not in json.loads((found.weights / "config.json").read_text("utf-8"))[
            "sequence"
        ]["channels"]
    )


# -- what goes wrong -----------------------------------------------------------------


def changed(data, tmp_path, edit):
    """Copies a few clips, and edits the ratings."""
    folder = tmp_path / "changed"
    shutil.copytree(data, folder)
    rows = list(csv.DictReader((folder / "train.csv").open()))
    write_table(folder / "train.csv", edit(rows))
    return folder


def only(rows, **values):
    return [{**row, **values} for row in rows]


@pytest.mark.parametrize(
    ("edit", "options", "said"),
    [
        (lambda r: only(r, rating="3"), {}, "only the rating 3"),
        (lambda r: only(r, rating="3"), {"scale": (1, 5)}, "same number in all rows"),
        (lambda r: only(r, subject="x"), {}, "1 subject ('x')"),
        (lambda r: r, {"scale": (1, 3)}, "off the scale of 1 to 3, such as"),
        (lambda r: only(r, rating="high"), {}, "'high', which is not a number"),
        (lambda r: only(r, recording="zz"), {}, "rates the recording 'zz' 60 times"),
        (
            lambda r: only(r[:1], recording="zz"),
            {},
            "ratings name 'zz', tables 'clip0'",
        ),
        (lambda r: r, {"channels": ("AU99",)}, "no column 'AU99' of numbers; it has"),
        (lambda r: r, {"size": 40}, "smaller --set size"),
        (lambda r: r, {"labels": ("mark",)}, "no column 'mark'"),
    ],
)
def test_ratings_that_cannot_be_learned_are_refused(
    data, tmp_path, edit, options, said
):
    with pytest.raises(UsageError) as error:
        trained(changed(data, tmp_path, edit), tmp_path, **options)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_subject_on_both_sides_is_refused(data, tmp_path):
    folder = changed(data, tmp_path, lambda rows: rows[:40])
    write_table(
        folder / "dev.csv", [{"recording": "clip41", "rating": 2, "subject": "s1"}]
    )

    with pytest.raises(UsageError, match="`subject` 's1' is in both"):
        trained(folder, tmp_path)


def test_unknown_clips_and_empty_tables_are_left_out_and_counted(data, tmp_path):
    odd = {"recording": "nowhere", "rating": 2.0, "subject": "s0"}
    folder = changed(data, tmp_path, lambda rows: [*rows, odd])
    (folder / "tracks" / "clip3.csv").write_text("frame,AU01,AU04,AU12\n")
    said = []

    found = trained(folder, tmp_path, said.append, epochs=1)

    assert "2 rated, but without frames, 1 tables without frames" in found.held_out
    assert any("'nowhere'" in line or "'clip3'" in line for line in said)
    assert any("choose the epoch, which is close to chance" in line for line in said)
    assert found.options == "--set tracks=TABLES"


# -- reading a lake ------------------------------------------------------------------


def regressor(model, tracks, **options):
    from affectflow_transforms.sequences.model import TrackRegressor

    with people.using(purpose="tests of tracks", context="research"):
        return TrackRegressor(weights=str(model), tracks=str(tracks), **options)


def said(reader, batch):
    out = reader.apply(batch, reader.load_model())
    return out


def test_the_model_rates_recordings_as_it_did_in_training(model, data):
    clips = list(csv.DictReader((data / "train.csv").open()))
    batch = utterances(*["" for _ in clips], media_uri=[
        f"video/{clip['recording']}.mp4" for clip in clips])  # fmt: skip

    out = said(regressor(model, data / "tracks"), batch)

    values = [row[0]["value"] for row in out["annotations"].to_pylist()]
    truth = [float(clip["rating"]) for clip in clips]
    assert np.corrcoef(values, truth)[0, 1] > 0.9
    assert {row[0]["label"] for row in out["annotations"].to_pylist()} == {"rating"}
    annotator = regressor(model, data / "tracks").annotator()
    assert annotator["licence"] == "CC BY-NC-SA 4.0"
    assert annotator["commercial_use"] is False
    assert annotator["touches"] == ["biometric"]


def test_a_turn_without_frames_says_why(model, tmp_path):
    write_table(tmp_path / "call.csv", frames_of(np.ones((60, 3))))
    batch = utterances(
        *("a", "b", "c", "d"),
        media_uri=["call.mp4", "call.mp4", "other.mp4", None],
        start_s=[0.0, 5.0, 0.0, None],
        end_s=[1.0, 6.0, 1.0, None],
    )

    out = said(regressor(model, tmp_path, fps=29.97), batch)["annotations"].to_pylist()

    assert [row[0]["status"] for row in out] == ["ok"] + ["abstained"] * 3
    assert [row[0]["raw"] for row in out[1:]] == [
        "the turn has no frames",
        "no table is of the recording 'other'",
        "the utterance is part of no recording",
    ]


def test_frame_numbers_need_a_rate_for_turns_with_times(model, tmp_path):
    write_table(tmp_path / "call.csv", frames_of(np.ones((60, 3))))
    batch = utterances("a", media_uri="call.mp4", start_s=0.0, end_s=1.0)

    out = said(regressor(model, tmp_path), batch)

    (error,) = out["errors"].to_pylist()[0]
    assert error["error_type"] == "no_frame_rate"
    assert "--set fps=30" in error["message"]


def test_missing_columns_are_named_before_a_row_is_read(model, tmp_path):
    write_table(tmp_path / "call.csv", [{"frame": 1, "AU01": 0, "AU12": 1}])

    with pytest.raises(UsageError, match="no column 'AU04' of numbers; it has AU01"):
        regressor(model, tmp_path).load_model()


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """A model of tables with 25 frames per second."""
    folder = tmp_path_factory.mktemp("timed")
    random = np.random.default_rng(0)
    ratings = []
    for clip in range(10):
        rows = [{"time": n / 25, "pulse": clip + random.random()} for n in range(30)]
        write_table(folder / "data" / "tracks" / f"c{clip}.csv", rows)
        ratings.append({"recording": f"c{clip}", "calm": clip})
    write_table(folder / "data" / "train.csv", ratings)
    found = trained(folder / "data", folder, labels=("calm",), epochs=1)
    return found.weights


@pytest.mark.parametrize(("fps", "fits"), [(25, True), (24.9, True), (50, False)])
def test_another_sampling_rate_is_refused_with_both(timed, tmp_path, fps, fits):
    rows = [{"time": round(n / fps, 4), "pulse": n} for n in range(100)]
    write_table(tmp_path / "call.csv", rows)
    reader = regressor(timed, tmp_path)

    if fits:
        assert reader.load_model().series_of("call")
    else:
        with pytest.raises(UsageError, match="50 frames per second, not 25: resample"):
            reader.load_model()


def test_who_reads_faces_says_why(model):
    from affectflow_transforms.sequences.model import TrackRegressor

    with pytest.raises(UsageError, match="--context"):
        TrackRegressor(weights=str(model), tracks="a.csv")


def test_weights_and_tables_must_be_named():
    from affectflow_transforms.sequences.model import TrackRegressor

    declared = people.using(purpose="tests", context="research")
    with declared, pytest.raises(UsageError, match="comes without weights"):
        TrackRegressor()


@pytest.mark.rotated
def test_what_the_page_shows_works(tmp_path):
    page = (ROOT / "docs" / "train_tracks.md").read_text("utf-8")
    write_rated(tmp_path / "rated", clips=12, frames=20)
    random = np.random.default_rng(0)
    write_table(tmp_path / "au" / "call.csv", frames_of(random.random((90, 3))))
    (tmp_path / "call.vtt").write_text(
        "WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>It is done.\n\n"
        "00:05.000 --> 00:06.000\n<v Ann>Bye.\n"
    )

    for command in commands(page):
        done = typed(command, tmp_path)
        assert done.code == 0, f"{command}: {done.err}"

    assert "the turn has no frames" in done.out
    rows = ask(str(tmp_path / "lake"), "SELECT value, status FROM annotations")
    assert sorted(status for _, status in rows) == ["abstained", "ok"]
