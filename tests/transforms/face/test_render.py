"""RenderFace: what a window comes to, which phrases it gives, and the way back."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow import registry, testing
from affectflow.errors import UsageError
from affectflow.kinds.renderer import Track, Window
from affectflow_transforms.face.instruments import channel_of, names, scales
from affectflow_transforms.face.render import RenderFace
from tests.given.data_files import install_data
from tests.given.faces import render_face
from tests.given.proving import in_proof

STYLES = ("plain", "paper-5", "paper-14")
NO_TURNS = pa.table({})


def track(values, channel="AU12@pyfeat1", hz=25.0) -> Track:
    """Returns a track whose first value is at second 0."""
    times = np.arange(len(values)) / hz
    return Track(channel, times, np.array(values, float), np.ones(len(values)))


def said(*tracks: Track, **options) -> list[str]:
    """Returns the phrases of a turn, in the order in which they are read."""
    renderer = render_face(**options)
    rows = [row for each in tracks for row in renderer.rows("u", each)]
    return [row["phrase"] for row in renderer.worded(rows, NO_TURNS)]


# -- the value of a window -------------------------------------------------------------


@pytest.mark.parametrize(
    ("style", "values", "found"),
    [
        pytest.param("plain", [0.9, 0.1, 0.2], [(0.2, 0, 2)], id="median"),
        pytest.param("plain", [np.nan, 0.9, 0.7], [(0.8, 1, 2)], id="of what is known"),
        pytest.param("plain", [np.nan] * 3, [], id="nothing is known"),
        pytest.param("plain", [], [], id="no frame"),
        pytest.param("paper-5", [0.1] * 9 + [0.9], [(0.9, 0, 9)], id="a short clip"),
        pytest.param(
            "paper-5", [0.1] * 25 + [0.9] * 5, [(0.9, 10, 29)], id="the second window"
        ),
        pytest.param("paper-5", [0.1] * 20 + [0.9] * 9, [(0.1, 0, 19)], id="no window"),
        pytest.param("paper-5", [0.1] * 19 + [0.9] * 11, [(0.9, 0, 19)], id="earliest"),
        pytest.param("paper-5", [np.nan] * 20 + [0.9], [], id="none within"),
    ],
)
def test_the_value_of_a_window_is_that_of_its_rule(style, values, found):
    windows = render_face(style=style).windows(track(values, hz=1.0))

    assert [tuple(window)[:3] for window in windows] == [
        (start, end, pytest.approx(value)) for value, start, end in found
    ]


def test_windows_are_cut_in_whole_microseconds():
    """Windows of 0.2 s: 0.6 s is the fourth one's, though `0.6 // 0.2` is 2."""
    renderer = render_face(window_s=0.2)
    values = np.arange(10) / 10

    windows = list(renderer.windows(track(values, hz=10.0)))

    assert [round(window.start_s * 10) for window in windows] == [0, 2, 4, 6, 8]
    assert 0.6 // 0.2 == 2


@settings(max_examples=in_proof(500, 25), deadline=None)
@given(st.permutations(list(range(20))))
def test_frames_of_a_window_in_another_order_give_the_same_words(order):
    values = np.linspace(0, 1, 20)
    for style in STYLES:
        tracks = (track(values), track(1 - values, "AU04@pyfeat1"))
        other = (track(values[order]), track(1 - values[order], "AU04@pyfeat1"))
        assert said(*other, style=style) == said(*tracks, style=style)


# -- words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "value", "phrase"),
    [
        pytest.param(
            "AU12@pyfeat2", 0.51, "the lip corners are pulled up", id="likely"
        ),
        pytest.param("AU12@pyfeat2", 0.5, "", id="not above"),
        pytest.param("AU12@openface2", 1.01, "the lip corners are pulled up", id="A"),
        pytest.param("AU12@openface2", 0.99, "", id="below the least intensity"),
        pytest.param("AU28@openface2_c", 1.0, "the lips are sucked in", id="presence"),
        pytest.param("AU12@facet", 0.01, "the lip corners are pulled up", id="odds"),
        pytest.param("AU12@facet", -0.01, "", id="odds against it"),
        pytest.param("FE11@feafa", 0.6, "the left lip corner is pulled up", id="FEAFA"),
        pytest.param("happiness@pyfeat1_e", 0.6, "the face looks happy", id="happy"),
        pytest.param("neutral@pyfeat1_e", 0.9, "", id="neutral is nothing to say"),
        pytest.param("loudness", 0.9, "", id="no face"),
    ],
)
def test_each_instrument_has_its_own_level(channel, value, phrase):
    assert render_face().phrase(Window(0, 1, value, channel)) == phrase


def test_paper_5_says_what_its_authors_would():
    tracks = [
        track([0.7], "AU04@pyfeat1"),
        track([0.5], "AU12@pyfeat1"),
        track([0.6], "anger@pyfeat1_e"),
        track([0.1], "neutral@pyfeat1_e"),
        track([0.3], "sadness@pyfeat1_e"),
        track([0.01], "fear@pyfeat1_e"),
    ]

    assert said(*tracks, style="paper-5") == [
        *("Brow Lowerer", "anger", "sadness", "neutral")
    ]


def test_paper_14_says_names_and_values_and_no_emotion():
    tracks = [
        track([0.7], "AU04@pyfeat1"),
        track([2.345], "AU12@openface2"),
        track([0.75], "FE22@feafa"),
        track([0.9], "anger@pyfeat1_e"),
    ]

    assert said(*tracks, style="paper-14") == [
        *("brow lower 0.70", "lip corner pull 2.35", "cheek puff 0.75")
    ]


def test_plain_says_the_strongest_emotion_of_each_window():
    likely = track([0.6, 0.6, 0.1, 0.1], "anger@pyfeat1_e", hz=1.0)
    later = track([0.1, 0.1, 0.7, 0.7], "happiness@pyfeat1_e", hz=1.0)
    second = track([0.55] * 4, "fear@pyfeat1_e", hz=1.0)

    assert said(likely, later, second) == ["the face looks afraid"]
    assert said(likely, later, second, window_s=2.0) == [
        *("the face looks happy", "the face looks angry")
    ]


def test_every_style_has_words_for_every_unit():
    for style in STYLES:
        renderer = render_face(style=style)
        for scale in scales().values():
            units = [
                c for c in names() if c[:2] == scale.columns[:2] and c[2:].isdigit()
            ]
            said = [
                renderer.phrase(Window(0, 1, 4.9, channel_of(c, scale))) for c in units
            ]
            assert len(set(said) - {""}) == len(units)


# -- and back --------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("scale", scales())
def test_a_cue_leads_to_its_value_window_and_instrument_and_says_itself_again(
    style, scale
):
    renderer = render_face(style=style)
    cues = [cue for cue in names() if cue[:2].isupper()]
    channel = channel_of(
        "happiness" if scale.endswith("_e") else cues[3], scales()[scale]
    )
    values = [0.9, 0.95, 0.91] if scale != "openface2" else [1.1, 4.0, 2.0]

    rows = list(renderer.rows("u", track(values, channel)))

    for row in rows:
        assert renderer.phrase(renderer.window_of(row)) == row["phrase"]
        assert row["value"] in values
        assert (row["start_s"], row["end_s"]) == (0.0, 0.08)
        assert row["unit"] == scales()[scale].unit
        assert row["renderer_id"] == renderer.id
    assert rows or (style, scale[-2:]) == ("paper-14", "_e")


# -- options ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"fps": -1.0}, "`fps` must be at least 0", id="fps"),
        pytest.param(
            {"window_s": float("nan")}, "`window_s` must be at least 0", id="window"
        ),
        pytest.param({"style": "paper-55"}, "did you mean 'paper-5'", id="style"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(options, message):
    with pytest.raises(UsageError, match=message):
        render_face(**options)


@pytest.mark.parametrize(
    ("style", "line", "message"),
    [
        pytest.param(
            "mean", 'rule = "mean"', "line 3: `rule` must be `median` or", id="rule"
        ),
        pytest.param(
            "rules", "rules = 1", "unknown key 'rules'; did you mean", id="key"
        ),
        pytest.param(
            "numbers", "names = {AU12 = 1}", "`names` must be a table", id="name"
        ),
    ],
)
def test_a_style_that_makes_no_sense_names_its_line(
    style, line, message, tmp_path, monkeypatch
):
    text = f'version = "1"\n[face]\n{line}\n'
    install_data(tmp_path, monkeypatch, {f"styles/{style}.toml": text})

    with pytest.raises(UsageError, match=message):
        render_face(style=style)


def test_a_style_of_ones_own_says_what_it_says(tmp_path, monkeypatch):
    text = '[face]\nrule = "max"\nphrase = "{name} ({value})"\n'
    install_data(tmp_path, monkeypatch, {"styles/terse.toml": text})

    assert said(track([0.1, 0.9]), style="terse") == ["Lip Corner Puller (0.90)"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, "RenderFace .*context"),
        ({"context": "workplace", "purpose": "to see who smiles"}, "workplace"),
    ],
)
def test_nobody_measures_faces_without_saying_why_or_at_work(said, message):
    from affectflow import people

    with people.using(**said), pytest.raises(UsageError, match=message):
        registry.make("renderers", "RenderFace", {"tracks": "a.csv"})


def test_it_keeps_what_renderers_promise():
    testing.check_renderer(render_face())
    assert RenderFace.card.touches == ("biometric",)
