"""RenderScores: scores of a voice in words; and the template of paper 5, whole."""

import pyarrow as pa
import pytest

from affectflow import people, testing
from affectflow.batches.batch import with_column
from affectflow.kinds.account import open_account
from affectflow.kinds.renderer import UnmeasuredError, Window
from affectflow.kinds.style import reading_of
from affectflow.schemas import CUES_COLUMN
from affectflow.steps.tracks import cues_of
from affectflow_transforms.tracks.scores import RenderScores
from tests.given.faces import pyfeat, render_face
from tests.given.factories import utterances

SCORES = "time,Anger,Calmness,valence,arousal,dominance\n0,.31,.30,.49,.50,.505\n"


def render_scores(**options) -> RenderScores:
    with people.using(purpose="tests of voices", context="research"):
        return RenderScores(**{"tracks": "none.csv", **options})


@pytest.mark.parametrize(
    ("cue", "value", "plain", "paper_5"),
    [
        ("Anger", 0.31, "the voice suggests Anger", "High Anger"),
        ("Calmness", 0.30, "", "Low Calmness"),
        ("valence", 0.49, "", "Low"),
        ("valence", 0.7, "valence is high", "High"),
        ("arousal", 0.50, "", "High"),
        ("dominance", 0.505, "", "High"),
        ("valence", 0.1, "valence is low", "Low"),
        ("Anger", 1.2, "", ""),
        ("Anger", float("nan"), "", ""),
    ],
)
def test_a_score_in_words(cue, value, plain, paper_5):
    window = Window(0, 1, value, cue)

    assert render_scores().phrase(window) == plain
    assert render_scores(style="paper-5").phrase(window) == paper_5


def read(folder, style="paper-5", texts=("so it goes",)) -> list[str]:
    """Returns what a model reads of turns of a second, of `face.csv` and `call.csv`."""
    starts = [float(n) for n in range(len(texts))]
    batch = utterances(
        *texts, media_uri="call.mp4", start_s=starts, end_s=[s + 1 for s in starts]
    )
    faces = render_face(tracks=str(folder / "faces"), fps=25.0, style=style)
    scores = render_scores(tracks=str(folder / "voices"), style=style)
    found = [cues_of(batch, renderer).to_pylist() for renderer in (scores, faces)]
    both = pa.array([a + b for a, b in zip(*found, strict=True)], CUES_COLUMN.type)
    readings = reading_of(
        with_column(batch, CUES_COLUMN, both), cues="words", style=style
    )
    for n, text in enumerate(texts):
        reading = readings.texts[n].as_py()
        at = reading.index(text)
        assert readings.to_text(n, at, at + len(text)) == (0, len(text))
    return readings.texts.to_pylist()


@pytest.fixture
def folder(tmp_path):
    for name in ("faces", "voices"):
        (tmp_path / name).mkdir()
    return tmp_path


FACE = {"AU04": 0.7, "AU12": 0.5, "anger": 0.6, "sadness": 0.3, "neutral": 0.1}
GOLDEN = (
    "Speech transcription of the video : so it goes; "
    "Facial Action Units activated during the video : Brow Lowerer; "
    "Emotions predicted from visual modality: anger, sadness, neutral; "
    "Characteristics of the prosody : High Anger, Low Calmness; "
    " Audio emotional state :  Low Valence, High Arousal, High Dominance"
)


def test_the_template_of_paper_5_is_met_byte_for_byte(folder):
    pyfeat(folder / "faces" / "call.csv", *[FACE] * 25)
    (folder / "voices" / "call.csv").write_text(SCORES)

    assert read(folder) == [GOLDEN]


def test_what_is_not_there_reads_as_its_authors_have_it(folder):
    pyfeat(folder / "faces" / "call.csv", *[FACE | {"AU04": 0.5}] * 25)
    (folder / "voices" / "call.csv").write_text(
        "time,valence,arousal,dominance\n0,.49,.50,.505\n"
    )

    assert read(folder) == [
        GOLDEN.replace("Brow Lowerer", "No face detected").replace(
            "High Anger, Low Calmness", "No speech detected"
        )
    ]


def test_valence_arousal_and_dominance_are_not_swapped(folder):
    pyfeat(folder / "faces" / "call.csv", *[FACE] * 25)
    table = "time,dominance,valence,arousal\n0,0.1,0.9,0.2\n"
    (folder / "voices" / "call.csv").write_text(table)

    assert read(folder)[0].endswith(" High Valence, Low Arousal, Low Dominance")


def test_an_empty_text_has_its_place_in_the_template(folder):
    pyfeat(folder / "faces" / "call.csv", *[FACE] * 25)
    (folder / "voices" / "call.csv").write_text(SCORES)

    assert read(folder, texts=("",)) == [GOLDEN.replace("so it goes", "")]


def test_clips_two_seconds_away_count_and_ten_scores_are_said(folder):
    names = [f"N{n}" for n in range(12)]
    values = ",".join(f"0.{30 + n}" for n in range(12))
    pyfeat(folder / "faces" / "call.csv", FACE)
    (folder / "voices" / "call.csv").write_text(
        f"BeginTime,EndTime,{','.join(names)}\n2.5,3.5,{values}\n"
    )

    (reading,) = read(folder)

    said = ", ".join(f"High N{n}" for n in range(11, 1, -1))
    assert f"prosody : {said}; " in reading


@pytest.mark.parametrize(
    ("content", "reason"),
    [("time,name\n0,x\n", "no_numbers"), ("Anger\n0.1\n", "no_times")],
)
def test_a_table_that_says_nothing_has_a_reason(content, reason, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(content)

    with pytest.raises(UnmeasuredError) as raised:
        render_scores().measure(str(path))

    assert raised.value.reason == reason


def test_what_is_no_score_is_counted(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("time,Anger\n0,7\n1,.5\n")

    with open_account() as account:
        values = render_scores().measure(str(path))["value"].to_pylist()

    assert values == [None, 0.5]
    assert account.tallied == {"no_cue_value_outside_scale": 1}


def test_it_keeps_what_renderers_promise():
    testing.check_renderer(render_scores())
