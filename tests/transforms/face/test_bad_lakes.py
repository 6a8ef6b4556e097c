"""Bad tables beside good ones: no cue, counted by reason, and nothing stops."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from affectflow.batches.batch import with_column
from affectflow.kinds.account import open_account
from affectflow.kinds.style import reading_of
from affectflow.schemas import CUES_COLUMN
from affectflow.steps.tracks import cues_of
from tests.given.faces import openface, pyfeat, render_face
from tests.given.factories import utterances

SMILE = {"AU12_r": 3}
NOBODY = {"no_cue_no_face_in_file": 1}


def cues(tmp_path, *turns: tuple[str, float | None], **options):
    """Returns the cues of turns of a second, (recording, start), and the counts."""
    starts = [start for _, start in turns]
    batch = utterances(
        *(f"turn {n}" for n in range(len(turns))),
        media_uri=[f"/calls/{recording}.mp4" for recording, _ in turns],
        start_s=starts,
        end_s=[None if start is None else start + 1.0 for start in starts],
    )
    renderer = render_face(tracks=str(tmp_path), fps=25.0, **options)
    with open_account() as account:
        found = cues_of(batch, renderer).to_pylist()
    return [[cue["cue"] for cue in row] for row in found], dict(account.tallied)


def good(tmp_path, name="good.csv", frames=25):
    """Writes a table of a second of smiling."""
    return openface(tmp_path / name, *[SMILE] * frames)


@pytest.mark.parametrize(
    ("write", "counted"),
    [
        pytest.param(
            lambda path: openface(path, *[SMILE | {"success": 0}] * 3),
            {"no_cue_no_face": 3} | NOBODY,
            id="no face",
        ),
        pytest.param(
            lambda path: openface(path, *[SMILE | {"confidence": 0.1}] * 3),
            {"no_cue_low_confidence": 3} | NOBODY,
            id="not sure of any",
        ),
        pytest.param(
            lambda path: pyfeat(path, *[{"FaceScore": "", "AU12": 0.9}] * 3),
            {"no_cue_no_face": 3} | NOBODY,
            id="no score",
        ),
        pytest.param(
            lambda path: openface(path, {"timestamp": 1} | SMILE, {"timestamp": 0}),
            {"no_cue_times_backwards": 1} | NOBODY,
            id="times go backwards",
        ),
        pytest.param(
            lambda path: path.write_text("time,loudness\n0,1\n"),
            {"no_cue_unknown_instrument": 1},
            id="another instrument",
        ),
        pytest.param(
            lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00"),
            {"no_cue_unknown_instrument": 1},
            id="no table",
        ),
        pytest.param(lambda path: path.touch(), {"no_cue_no_table": 1}, id="empty"),
    ],
)
def test_a_bad_table_leaves_a_good_one_alone(write, counted, tmp_path):
    good(tmp_path)
    write(tmp_path / "bad.csv")

    found, tallied = cues(tmp_path, ("good", 0.0), ("bad", 0.0))

    assert found == [["AU12"], []]
    assert tallied == counted | {"no_cue_not_measured": 1}


def compressed(table: str) -> bytes:
    """Removes a table, and returns it compressed."""
    path = Path(table)
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    return packed


def test_a_compressed_table_is_read_as_a_plain_one(tmp_path):
    packed = compressed(good(tmp_path, "call.csv"))
    (tmp_path / "call.csv.gz").write_bytes(packed)

    assert cues(tmp_path, ("call", 0.0)) == ([["AU12"]], {})


def test_a_compressed_table_that_was_cut_is_counted(tmp_path):
    packed = compressed(good(tmp_path, "call.csv"))
    (tmp_path / "call.csv.gz").write_bytes(packed[: len(packed) // 2])

    assert cues(tmp_path, ("call", 0.0)) == (
        [[]],
        {"no_cue_unreadable_file": 1, "no_cue_not_measured": 1},
    )


def test_columns_of_nan_say_nothing_and_others_do(tmp_path):
    rows = [SMILE | {"AU04_r": "nan", "AU28_c": "nan"}] * 25
    openface(tmp_path / "call.csv", *rows)

    found, tallied = cues(tmp_path, ("call", 0.0))

    assert found == [["AU12"]]
    assert tallied == {"no_cue_value_missing": 50}


def test_a_track_of_a_recording_that_nobody_knows_is_of_no_turn(tmp_path):
    good(tmp_path, "other.csv")

    assert cues(tmp_path, ("call", 0.0)) == ([[]], {"no_cue_not_measured": 1})


def test_two_files_of_one_recording_are_neither_taken(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        good(tmp_path / folder, "call.csv")

    found, tallied = cues(tmp_path, ("call", 0.0))

    assert found == [[]]
    assert tallied == {
        "no_cue_two_files_of_one_recording": 2,
        "no_cue_not_measured": 1,
    }


def test_frames_outside_every_turn_are_counted(tmp_path):
    good(tmp_path, "call.csv", frames=50)

    found, tallied = cues(tmp_path, ("call", 0.0), ("call", 60.0))

    assert found == [["AU12"], []]
    assert tallied == {"no_cue_outside_every_turn": 25 * 3}


def test_paper_5_has_words_for_a_turn_without_a_cue_and_plain_has_none(tmp_path):
    still = [SMILE] * 25 + [{}] * 25
    openface(tmp_path / "call.csv", *still)
    turns = ("call", 0.0), ("call", 1.0), ("call", 2.0)

    paper, _ = cues(tmp_path, *turns, style="paper-5")

    assert paper == [["AU12"], ["nothing"], ["nothing"]]
    assert cues(tmp_path, *turns)[0] == [["AU12"], [], []]


def test_the_words_for_no_cue_stand_in_the_template_of_paper_5(tmp_path):
    openface(tmp_path / "call.csv", *[{}] * 25)
    batch = utterances("hm", media_uri=["call.mp4"], start_s=[0.0], end_s=[1.0])
    renderer = render_face(tracks=str(tmp_path), style="paper-5")
    batch = with_column(batch, CUES_COLUMN, cues_of(batch, renderer))

    (cue,) = batch[CUES_COLUMN.name].to_pylist()[0]
    (reading,) = reading_of(batch, cues="words", style="paper-5").texts.to_pylist()

    assert (cue["value"], cue["unit"]) == (25.0, "frames")
    assert (cue["start_s"], cue["end_s"]) == (0.0, 0.96)
    assert reading == (
        "Speech transcription of the video : hm; Facial Action Units activated during "
        "the video : No face detected; Emotions predicted from visual modality: "
        "No face detected; Characteristics of the prosody : No speech detected; "
    )


def test_one_table_of_many_videos_goes_to_each_of_them(tmp_path):
    rows = [
        {"input": f"C:\\clips\\{name}.mp4", "frame": n, "AU12": value}
        for name, value in (("sad", 0.1), ("glad", 0.9))
        for n in range(25)
    ]
    pyfeat(tmp_path / "all.csv", *rows)

    found, tallied = cues(tmp_path, ("glad", None), ("sad", None), ("none", None))

    assert found == [["AU12"], [], []]
    assert Counter(tallied) == Counter({"no_cue_not_measured": 1})


def test_a_face_goes_with_its_speaker_if_the_table_says_whose_it_is(tmp_path):
    table = tmp_path / "call.csv"
    good(tmp_path, "call.csv")
    lines = table.read_text().splitlines()
    told = [lines[0] + ", speaker", *(f"{line},account-1" for line in lines[1:])]
    table.write_text("\n".join(told) + "\n")

    found, _ = cues(tmp_path, ("call", 0.0), ("call", 0.0), ("call", 0.0))

    assert found == [[], ["AU12"], []]
