import pyarrow as pa
import pytest

from affectflow_transforms.cues.sounds import RenderSounds
from affectflow_transforms.cues.tones import RenderTones

TONES = [
    pytest.param("great work /s", [("said with sarcasm", "/s")], id="slash"),
    pytest.param("Nice. /J", [("joking", "/J")], id="capital"),
    pytest.param("a/s/l, path /s/b, /srv, /s.txt, and/j", [], id="paths"),
    pytest.param(
        "<rant>no</rant> ok",
        [("angry rant", "<rant>"), ("end of an angry rant", "</rant>")],
        id="tags",
    ),
    pytest.param(
        "[/sarcasm] <T> </div>", [("said with sarcasm", "[/sarcasm]")], id="b"
    ),
    pytest.param(
        "~~great~~ awful", [('crossed out "great"', "~~great~~")], id="struck"
    ),
    pytest.param("~~~\n~~ a ~~ 5~~6~~7 ~5", [], id="tildes"),
    pytest.param(
        "~~" + "word " * 20 + "end~~",
        [("a passage crossed out", "~~" + "word " * 20 + "end~~")],
        id="long",
    ),
]
SOUNDS = [
    pytest.param("[laughs] ok", [("laughs", "[laughs]")], id="square"),
    pytest.param("(applause) ok", [("applause", "(applause)")], id="round"),
    pytest.param(
        "*sighs* **sigh**", [("sighs", "*sighs*"), ("sigh", "**sigh**")], id="s"
    ),
    pytest.param(
        "[LAUGHTER] (laughs nervously)",
        [("laughter", "[LAUGHTER]"), ("laughs nervously", "(laughs nervously)")],
        id="words beside",
    ),
    pytest.param(
        "*lacht laut* (seufzt)",
        [("lacht laut", "*lacht laut*"), ("seufzt", "(seufzt)")],
        id="german",
    ),
    pytest.param("[inaudible] [Music] (pause) [crosstalk]", [], id="no feeling"),
    pytest.param("f(cry) [laugh](http://x) (cry for help) 2*sigh*3", [], id="others"),
]


@pytest.mark.parametrize(("text", "expected"), TONES)
def test_tones_are_said(text, expected):
    cues = RenderTones().render(text)

    assert [(c.phrase, text[c.start : c.end]) for c in cues] == expected


@pytest.mark.parametrize(("text", "expected"), SOUNDS)
def test_sounds_are_cues(text, expected):
    cues = RenderSounds().render(text)

    assert [(c.phrase, text[c.start : c.end]) for c in cues] == expected


@pytest.mark.parametrize(
    ("renderer", "cases"), [(RenderTones(), TONES), (RenderSounds(), SOUNDS)]
)
def test_the_cheap_test_lets_every_cue_through(renderer, cases):
    texts = [case.values[0] for case in cases if case.values[1]]

    assert renderer.may_match(pa.array(texts)).to_pylist() == [True] * len(texts)


def test_crossed_out_words_are_counted():
    (cue,) = RenderTones().render("~~not so great~~ awful")

    assert (cue.cue, cue.value, cue.unit) == ("struck_out", 3, "words")
