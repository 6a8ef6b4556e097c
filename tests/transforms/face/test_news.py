"""Faces that hear good and bad news: two rules, one lake, and the way back."""

import json
import re

import pytest

from affectflow.batches.batch import with_column
from affectflow.batches.nesting import nest
from affectflow.kinds.style import reading_of
from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.schemas import CUES_COLUMN
from affectflow.steps.tracks import cues_of
from tests.given.command_line import affectflow
from tests.given.docs_tables import ROOT
from tests.given.faces import news, news_lines, news_table, real, render_face
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store

FOR = ("--context", "research", "--purpose", "a study of how news are taken")


@pytest.fixture(scope="module")
def counted(shared_data, tmp_path_factory):
    """In how many clips there is which cue, by style and kind of news."""
    return news_table(shared_data, tmp_path_factory.mktemp("clips"))


@pytest.mark.parametrize(
    ("style", "good", "bad"), [("paper-5", (8, 0), (6, 6)), ("plain", (8, 0), (0, 1))]
)
def test_a_smile_tells_good_news_by_the_median_and_not_by_the_maximum(
    style, good, bad, counted
):
    """The lip corner puller, and the brow lowerer, in how many of eight clips."""
    clips = counted[style]

    assert tuple(clips["good"][cue] for cue in ("AU12", "AU04")) == good
    assert tuple(clips["bad"][cue] for cue in ("AU12", "AU04")) == bad


def test_the_table_of_the_docs_is_that_of_the_clips(counted):
    page = (ROOT / "docs" / "faces.md").read_text(encoding="utf-8")
    table = re.findall(r"(?m)^\| [A-Z].* of 8 \|$", page)

    assert table == news_lines(counted)
    assert len(table) == 24


@pytest.fixture(scope="module")
def lake(shared_data, tmp_path_factory, own_configuration) -> str:
    """A lake of the clips, with what a face says of them by paper-5's rule."""
    folder = tmp_path_factory.mktemp("news")
    real(shared_data, "pyfeat_news_frames.csv", folder)
    uri = str(folder / "lake")
    store(uri, news(shared_data)[0])
    done = affectflow(
        *("textualize", uri, "--renderer", "RenderFace", "--set", "fps=30"),
        *("--set", f"tracks={folder}/*.csv", "--set", "style=paper-5", *FOR),
    )
    assert done.code == 0, done.err
    return uri


def read_back(uri: str, name: str):
    """Returns a table of a lake, as its one file has it."""
    storage, (path,) = Lake.open(uri).storage, sorted(Lake.open(uri).committed(name))
    return read_file(storage, name, path)


def test_what_a_model_reads_is_rebuilt_from_text_and_cues(lake):
    utterances, cues = read_back(lake, "utterances"), read_back(lake, "cues")
    (batch,) = utterances.combine_chunks().to_batches()
    lists = nest(cues, "cues", batch.column("utterance_id"))
    readings = reading_of(
        batch.append_column("cues", lists), cues="words", style="paper-5"
    )

    place = batch.column("text").to_pylist().index("you haven't got the job")
    assert readings.texts[place].as_py() == (
        "Speech transcription of the video : you haven't got the job; "
        "Facial Action Units activated during the video : Inner Brow Raiser, "
        "Upper Lip Raiser, Nasolabial Deepener, Lip Corner Puller, Dimpler, "
        "Chin Raiser, Lip Tightener, Lip Pressor, Lips Part, Jaw Drop, Lip Suck; "
        "Emotions predicted from visual modality: neutral, happiness, surprise; "
        "Characteristics of the prosody : No speech detected; "
    )
    for text, reading in zip(
        batch.column("text").to_pylist(), readings.texts.to_pylist(), strict=True
    ):
        start = reading.index(text)
        assert readings.to_text(0, 0, start) == (0, 0)
        assert reading[start : start + len(text)] == text


def test_each_phrase_leads_to_value_window_and_instrument_and_back(lake):
    renderer = render_face(style="paper-5", fps=30)
    rows = read_back(lake, "cues").to_pylist()

    assert len(rows) > 200
    for row in rows:
        assert renderer.phrase(renderer.window_of(row)) == row["phrase"]
        assert row["unit"].startswith("Py-Feat 2 ")
        assert row["end_s"] - row["start_s"] < 20 * 2 / 30
    smile = ask(
        lake,
        "SELECT value, unit, c.start_s, c.end_s FROM cues c JOIN utterances "
        "USING (utterance_id) WHERE text = 'you''ve got the job' "
        "AND phrase = 'Lip Corner Puller'",
    )
    assert smile == [
        (
            0.99768,
            "Py-Feat 2 probability 0..1",
            0.0,
            0.866667,
        )
    ]


@pytest.mark.proof
def test_a_model_reads_the_style_and_its_annotator_says_so(lake):
    done = affectflow("annotate", lake, "--set", "style=paper-5", *FOR)

    assert done.code == 0, done.err
    (parameters,) = ask(lake, "SELECT parameters FROM annotators")[0]
    assert json.loads(parameters)["style"] == "paper-5"


def test_one_frame_of_py_feat_becomes_what_expllm_is_asked_about(shared_data, tmp_path):
    """Written out by hand from the first row of the table."""
    whole = (shared_data / "nv_facial" / "pyfeat_video_001.csv").read_text()
    (tmp_path / "one.csv").write_text("\n".join(whole.split("\n")[:2]) + "\n")
    renderer = render_face(tracks=str(tmp_path / "one.csv"), fps=30, style="paper-14")
    batch = utterances("", media_uri="001.mp4")

    batch = with_column(batch, CUES_COLUMN, cues_of(batch, renderer))

    assert reading_of(batch, cues="words", style="paper-14").texts.to_pylist() == [
        "Facial action units: inner brow raise 0.55, lid tighten 1.00, "
        "upper lip raise 0.87, lip corner pull 0.51, lip corner stretch 1.00, "
        "lips part 0.98\n"
    ]
