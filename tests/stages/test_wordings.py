"""Cues that are in a lake in several styles: one is read, and never both."""

from pathlib import Path

import pytest

from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store

pytestmark = pytest.mark.rotated

STUDY = ("--context", "research", "--purpose", "a test")
FACES = """frame,timestamp,confidence,success,AU04_r,AU12_r
1,0.0,0.98,1,0.0,2.1
2,0.5,0.98,1,0.0,2.4
"""
PROMPT = """
version = "1"
task = "mood"
source = "a test"
licence = "CC0-1.0"
[[steps]]
name = "mood"
text = "How does {text} sound?"
parser = "label"
labels = ["good", "bad"]
"""
PLAIN, PAPER = "the lip corners are pulled up", "Lip Corner Puller"


@pytest.fixture
def lake(tmp_path, own_configuration):
    """A lake of one turn, whose face is there in two styles."""
    uri = str(tmp_path / "lake")
    store(uri, utterances("It works 😡", media_uri="call.mp4", start_s=0.0, end_s=1.0))
    (tmp_path / "call.csv").write_text(FACES)
    (tmp_path / "mood.toml").write_text(PROMPT)
    for style in ("plain", "paper-5"):
        textualize(uri, "RenderFace", f"tracks={tmp_path}/*.csv", f"style={style}")
    return uri


def textualize(lake, renderer, *options):
    said = [word for option in options for word in ("--set", option)]
    done = affectflow("textualize", lake, "--renderer", renderer, *said, *STUDY)
    assert done.code == 0, done.err


def annotate(lake, *options):
    said = [word for option in options for word in ("--set", option)]
    return affectflow("annotate", lake, *said, *STUDY)


def asked(lake, *options):
    """Returns what a prompt would ask."""
    model = ("--model", "http://127.0.0.1:9/v1", "--prompt")
    prompt = Path(lake).parent / "mood.toml"
    said = [word for option in options for word in ("--set", option)]
    given = ("--set", "name=none", "--set", "preview=1")
    done = affectflow("annotate", lake, *model, prompt, *given, *said, *STUDY)
    return done.out + done.err


def test_an_id_names_the_style(lake):
    ids = [each for (each,) in ask(lake, "SELECT DISTINCT renderer_id FROM cues")]

    faces = sorted(each.partition("+")[0] for each in ids if each.startswith("face"))
    assert [each.partition("@")[2].partition(":")[2] for each in faces] == [
        "",
        "paper-5",
    ]


@pytest.mark.rotated
def test_without_a_style_one_line_says_which_there_are(lake):
    done = annotate(lake, "cues=words")

    assert done.code == 2
    assert "in 2 styles, paper-5 and plain: say which one to read" in done.err


@pytest.mark.parametrize(
    ("style", "reads", "leaves"), [("plain", PLAIN, PAPER), ("paper-5", PAPER, PLAIN)]
)
def test_one_style_is_read_and_not_the_other(lake, style, reads, leaves):
    found = asked(lake, f"style={style}")

    assert reads in found
    assert leaves not in found


def test_the_annotator_names_the_renderer_that_it_has_read(lake):
    assert annotate(lake, "cues=words", "style=plain").code == 0

    ((ids,),) = ask(lake, "SELECT renderer_ids FROM annotators")
    assert [":" in each for each in ids] == [False]
    # What is said in the other style is nothing new to it.
    textualize(
        lake,
        "RenderFace",
        "tracks=" + str(Path(lake).parent / "call.csv"),
        "style=paper-5",
        "window_s=0.5",
    )
    assert "unchanged" in annotate(lake, "cues=words", "style=plain").err


@pytest.mark.rotated
def test_a_text_is_read_as_it_came_in_unless_a_style_is_said(lake):
    textualize(lake, "RenderEmoji")
    textualize(lake, "RenderEmoji", "language=de")

    english = asked(lake, "cues=in_text")
    german = asked(lake, "cues=in_text", "style=plain_de")

    assert "It works enraged, annoyed" in english
    assert "It works" in german
    assert "It works 😡" not in german
    assert "enraged" not in german
