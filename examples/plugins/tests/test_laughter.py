import pytest
from affectflow_examples.laughter import RenderLaughter

from affectflow.testing import check_renderer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("haha, nice", [("haha", "laughs")], id="short"),
        pytest.param("Hahahaha!", [("Hahahaha", "laughs out loud")], id="long"),
        pytest.param("lol", [("lol", "laughs")], id="in letters"),
        pytest.param("the lollipop of Haharon", [], id="inside a word"),
    ],
)
def test_laughter_is_said_in_words(text, said):
    cues = RenderLaughter().render(text)

    assert [(text[cue.start : cue.end], cue.phrase) for cue in cues] == said


def test_it_keeps_what_every_renderer_promises():
    check_renderer(RenderLaughter(), ("haha lol HEHEHE",))
