"""Tables of faces: what is read of real ones, and what is left out of bad ones."""

from itertools import pairwise

import numpy as np
import pytest

from affectflow.kinds.account import open_account
from affectflow.kinds.renderer import UnmeasuredError
from affectflow_transforms.face.instruments import facs, instruments, names, scales
from affectflow_transforms.face.tables import faces_of
from tests.given.faces import openface, pyfeat, real


def channels_of(tracks) -> dict[str, list[float | None]]:
    """Returns the values of each channel, in order."""
    found: dict[str, list[float | None]] = {}
    for row in tracks.select(["channel", "value"]).to_pylist():
        found.setdefault(row["channel"], []).append(row["value"])
    return found


def read(path, fps: float = 0.0):
    """Returns the tracks of a table, and what was counted."""
    with open_account() as account:
        tracks = faces_of(str(path), fps)
    return tracks, dict(account.tallied)


# -- real tables -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "frames", "units", "emotions", "unit"),
    [
        ("openface2_frames.csv", 100, 18, 0, "OpenFace 2 intensity 0..5"),
        ("pyfeat_news_frames.csv", 392, 20, 7, "Py-Feat 2 probability 0..1"),
        ("imotions_facet_v5.txt", 230, 20, 8, "FACET evidence, log10 odds"),
    ],
)
def test_real_tables_come_to_one_vocabulary(
    name, frames, units, emotions, unit, shared_data, tmp_path
):
    tracks, _ = read(real(shared_data, name, tmp_path), fps=25)

    found = channels_of(tracks)
    cues = [channel.partition("@")[0] for channel in found]
    assert sum(cue.startswith("AU") for cue in cues) == units
    assert len(cues) == units + emotions
    assert set(cues) <= set(names())
    assert {len(values) for values in found.values()} == {frames}
    assert scales()[list(found)[-1 if emotions == 0 else 9].partition("@")[2]]
    assert unit in {scales()[c.partition("@")[2]].unit for c in found}


def test_py_feat_1_and_2_are_told_apart_and_say_happiness_alike(shared_data, tmp_path):
    first, _ = read(shared_data / "nv_facial" / "pyfeat_video_001.csv", fps=25)
    second, _ = read(real(shared_data, "pyfeat_news_frames.csv", tmp_path), fps=25)

    assert "happiness@pyfeat1_e" in channels_of(first)
    assert "happiness@pyfeat2_e" in channels_of(second)


def test_rows_of_other_devices_and_without_a_face_are_left_out(shared_data, tmp_path):
    """264 of 519 rows are FACET's, 34 of them without a face; counted by hand."""
    tracks, counted = read(real(shared_data, "imotions_facet_v5.txt", tmp_path))

    rows = tracks.filter(np.asarray(tracks["channel"]) == "AU12@facet").to_pylist()
    assert counted == {"no_cue_no_face": 34}
    assert (rows[0]["start_us"], rows[0]["value"]) == (36_000, -3.096375)
    assert all(a["end_us"] <= b["start_us"] for a, b in pairwise(rows))


# -- times -----------------------------------------------------------------------------


def test_frames_of_29_97_a_second_do_not_drift(tmp_path):
    """An hour of NTSC is 107,892 frames and an eighth, and ends where it should."""
    path = pyfeat(tmp_path / "a.csv", {"frame": 0}, {"frame": 30}, {"frame": 107_892})

    tracks, _ = read(path, fps=29.97)

    starts = tracks["start_us"].to_pylist()[:3]
    assert starts == [0, 1_001_000, 3_599_996_400]


def test_a_table_that_only_counts_frames_asks_how_many_there_are_a_second(tmp_path):
    with pytest.raises(UnmeasuredError, match="--set fps=30") as raised:
        faces_of(pyfeat(tmp_path / "a.csv", {}))

    assert raised.value.reason == "no_frame_rate"


def test_a_frame_lasts_until_the_next_but_no_longer_than_most(tmp_path):
    times = [0.0, 0.04, 0.08, 2.0]
    path = openface(tmp_path / "a.csv", *({"timestamp": time} for time in times))

    tracks, _ = read(path)

    assert tracks["end_us"].to_pylist()[:4] == [40_000, 80_000, 120_000, 2_040_000]


# -- which face ------------------------------------------------------------------------


def test_of_two_faces_in_a_frame_the_surer_one_is_looked_at(tmp_path):
    path = pyfeat(
        tmp_path / "a.csv",
        {"frame": 0, "FaceScore": 0.7, "AU12": 0.1},
        {"frame": 0, "FaceScore": 0.9, "AU12": 0.2},
        {"frame": 1, "FaceScore": 0.9, "AU12": 0.3},
        {"frame": 1, "FaceScore": 0.8, "AU12": 0.4},
        {"frame": 1, "FaceScore": "", "AU12": 0.5},
    )

    tracks, counted = read(path, fps=25)

    assert channels_of(tracks)["AU12@pyfeat1"] == [0.2, 0.3]
    assert counted == {"no_cue_another_face": 2, "no_cue_no_face": 1}


def test_of_two_persons_the_one_in_most_frames_is_looked_at(tmp_path):
    path = openface(
        tmp_path / "a.csv",
        {"timestamp": 0, "face_id": 0, "confidence": 0.99, "AU12_r": 1},
        {"timestamp": 0, "face_id": 1, "confidence": 0.8, "AU12_r": 2},
        {"timestamp": 0.04, "face_id": 1, "confidence": 0.8, "AU12_r": 3},
    )

    tracks, counted = read(path)

    assert channels_of(tracks)["AU12@openface2"] == [2.0, 3.0]
    assert counted == {"no_cue_another_face": 1}


# -- what says nothing -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "values", "counted"),
    [
        pytest.param(
            [{"success": 0, "AU12_r": 5}, {"AU12_r": 2}],
            [2.0],
            {"no_cue_no_face": 1},
            id="no face",
        ),
        pytest.param(
            [{"confidence": 0.69, "AU12_r": 5}, {"confidence": 0.7, "AU12_r": 2}],
            [2.0],
            {"no_cue_low_confidence": 1},
            id="not sure",
        ),
        pytest.param(
            [{"AU12_r": "-nan(ind)"}, {"AU12_r": 2}],
            [None, 2.0],
            {"no_cue_value_missing": 1},
            id="not a number",
        ),
        pytest.param(
            [{"AU12_r": "err"}, {"AU12_r": 2}, {"confidence": "yes"}],
            [None, 2.0],
            {"no_cue_value_missing": 1, "no_cue_no_face": 1},
            id="a word",
        ),
        pytest.param(
            [{"AU12_r": 5.01}, {"AU12_r": -0.1}, {"AU12_r": 5}],
            [None, None, 5.0],
            {"no_cue_value_outside_scale": 2},
            id="outside of the scale",
        ),
    ],
)
def test_a_value_not_to_be_trusted_is_none(rows, values, counted, tmp_path):
    tracks, tallied = read(openface(tmp_path / "a.csv", *rows))

    assert channels_of(tracks)["AU12@openface2"] == values
    assert tallied == counted


def test_a_file_that_was_cut_is_read_up_to_there(tmp_path):
    path = tmp_path / "a.csv"
    openface(path, {"AU12_r": 1}, {"AU12_r": 2}, {"AU12_r": 3})
    path.write_text(path.read_text()[:-20])

    tracks, counted = read(path)

    assert channels_of(tracks)["AU12@openface2"] == [1.0, 2.0]
    assert counted == {"no_cue_cut_row": 1}


def test_of_two_recordings_one_whose_times_go_backwards_takes_none_along(tmp_path):
    path = pyfeat(
        tmp_path / "a.csv",
        {"input": "a.mp4", "frame": 1, "AU12": 0.1},
        {"input": "a.mp4", "frame": 0, "AU12": 0.2},
        {"input": "b.mp4", "frame": 0, "AU12": 0.3},
        {"input": "b.mp4", "frame": 1, "AU12": 0.4},
    )

    tracks, counted = read(path, fps=25)

    assert channels_of(tracks)["AU12@pyfeat1"] == [0.3, 0.4]
    assert counted == {"no_cue_times_backwards": 1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "no_table", id="empty"),
        pytest.param("#Study : A\n\n", "no_table", id="comments only"),
        pytest.param("time,arousal\n0,1\n", "unknown_instrument", id="ratings"),
        pytest.param('{"joy":99.9,"smile":100}', "unknown_instrument", id="Affectiva"),
        pytest.param("\x00\xff\x1b", "unknown_instrument", id="no text"),
    ],
)
def test_a_file_of_something_else_has_a_reason(content, reason, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(UnmeasuredError) as raised:
        faces_of(str(path))

    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        pytest.param([], "no_face_in_file", id="no row"),
        pytest.param([{"success": 0}], "no_face_in_file", id="nobody"),
        pytest.param([{"timestamp": ""}, {}], "times_missing", id="no time"),
        pytest.param([{"timestamp": "soon"}], "times_missing", id="a time in words"),
        pytest.param(
            [{"timestamp": 1}, {"timestamp": 0}], "no_face_in_file", id="backwards"
        ),
    ],
)
def test_a_table_that_says_nothing_has_a_reason(rows, reason, tmp_path):
    with pytest.raises(UnmeasuredError) as raised:
        faces_of(openface(tmp_path / "a.csv", *rows))

    assert raised.value.reason == reason


@pytest.mark.parametrize("blank", ["", " ", "\t "])
def test_blanks_before_names_and_values_make_no_difference(blank, tmp_path):
    path = openface(tmp_path / "a.csv", {"AU12_r": 1.5, "AU28_c": 1}, blank=blank)

    found = channels_of(read(path)[0])

    assert found == {
        "AU04@openface2": [0.0],
        "AU12@openface2": [1.5],
        "AU28@openface2_c": [1.0],
    }


# -- the file of data ------------------------------------------------------------------


def test_the_data_name_every_unit_and_emotion_once():
    units = [scale.unit for each in instruments() for scale in each.scales]

    assert len(set(units)) == len(units)
    assert len(facs()["feafa"]) == 24
    assert list(facs()["feafa"]) == [f"FE{n:02d}" for n in range(24)]
    assert len(set(names().values())) == len(names())
    for each in instruments():
        assert each.seconds or each.milliseconds or each.frames
