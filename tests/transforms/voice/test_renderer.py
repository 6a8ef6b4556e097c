"""RenderVoice: from numbers to phrases and back, and through a lake."""

import contextlib
import re
import shlex

import numpy as np
import pytest

from affectflow import people, registry, testing
from affectflow.errors import MissingExtraError, UsageError
from affectflow.kinds.renderer import Track
from affectflow.kinds.style import PLAIN, section
from affectflow_transforms.voice.measures import BY_CUE, MEASURES, UNITS, long_pauses
from affectflow_transforms.voice.renderer import RenderVoice
from affectflow_transforms.voice.wording import Usual, in_words, phrase_of, usual_of
from tests.given.command_line import affectflow
from tests.given.docs_tables import ROOT
from tests.given.stage_runs import ask
from tests.given.voices import silence, voice, write

WORDS = section("voice", PLAIN)


def renderer(**options) -> RenderVoice:
    with people.using(context="research", purpose="a test"):
        return registry.make("renderers", "RenderVoice", options)


def row(number, value, cue="loudness"):
    return {"utterance_id": f"u{number}", "cue": cue, "phrase": "", "value": value}


def phrases(values, cue="loudness", speaker="ann"):
    rows = [row(number, value, cue) for number, value in enumerate(values)]
    speakers = {each["utterance_id"]: speaker for each in rows}
    return [each["phrase"] for each in in_words(rows, speakers, WORDS)]


@pytest.mark.parametrize(
    ("cue", "value", "phrase"),
    [
        pytest.param("loudness", 9.0, "voice much louder than usual", id="far above"),
        pytest.param("loudness", 3.0, "voice louder than usual", id="above"),
        pytest.param("loudness", 1.9, "", id="a step that nobody hears"),
        pytest.param("loudness", -3.0, "voice quieter than usual", id="below"),
        pytest.param("pitch", 110.0, "voice higher than usual", id="1.7 semitones"),
        pytest.param("pitch", 105.0, "", id="0.8 semitones"),
        pytest.param("rate", 110.0, "", id="less than a spread"),
        pytest.param("rate", 130.0, "speech faster than usual", id="a third faster"),
        pytest.param("jitter", 40.0, "", id="there is no word for a smooth voice"),
    ],
)
def test_a_number_becomes_the_phrase_of_its_distance_from_usual(cue, value, phrase):
    measure = BY_CUE[cue]
    middle = 0.0 if cue == "loudness" else float(measure.scale(np.array([100.0]))[0])
    usual = Usual(middle, 0.5 if cue == "pitch" else 2.0 if cue == "loudness" else 0.2)

    assert phrase_of(measure, value, usual, WORDS) == phrase


def test_usual_is_what_the_other_turns_are():
    usual = usual_of(BY_CUE["loudness"], np.array([0.0, -10.0, -11.0, -12.0, -13.0]))

    assert usual[0] is not None
    # The median deviation of the others is 1: of four turns, beside five typical ones.
    assert usual[0].middle == -11.5
    assert usual[0].spread == pytest.approx((4 * 1.4826 + 5 * 2.0) / 9)


@pytest.mark.parametrize("n", [4, 5, 49, 50, 51, 500])
def test_one_turn_among_any_number_stands_out(n):
    values = [-20.0 + 0.1 * (k % 5) for k in range(n - 1)]

    assert phrases([*values, -10.0]) == [""] * (n - 1) + [
        "voice much louder than usual"
    ]


def test_of_a_stranger_only_what_has_a_norm_is_said():
    assert phrases([-20.0, -10.0, -20.0]) == ["", "", ""]
    assert phrases([100.0, 300.0, 100.0], "pitch") == ["", "", ""]
    assert phrases([2.0, 4.6, 7.0], "rate") == ["slow speech", "", "fast speech"]
    unnamed = phrases([2.0, 4.6, 4.6, 4.6, 4.6], "rate", speaker=None)
    assert unnamed == ["slow speech", "", "", "", ""]


def test_usual_is_said_of_each_speaker_apart():
    rows = [row(number, -20.0 - 10 * (number % 2)) for number in range(10)]
    speakers = {f"u{number}": "ab"[number % 2] for number in range(10)}

    assert {each["phrase"] for each in in_words(rows, speakers, WORDS)} == {""}


def test_a_turn_has_the_long_pause_before_it_and_the_longest_within():
    ends, lengths = np.array([5.0, 7.0, 9.0, 12.0]), np.array([2.0, 0.9, 1.1, 1.8])
    track = Track("pause", ends + 0.005, lengths, np.full(4, np.nan))

    found = long_pauses(track, begins_s=4.0)

    assert [(w.cue, w.start_s, w.end_s, w.value) for w in found] == [
        ("pause_before", 3.0, 5.0, 2.0),
        ("pause", 10.2, 12.0, 1.8),
    ]


def test_every_measure_has_a_unit_and_words():
    assert set(UNITS) == set(WORDS)
    assert all(UNITS[measure.cue] == measure.unit for measure in MEASURES)


def test_it_keeps_the_promises_of_renderers():
    testing.check_renderer(renderer())
    times = np.arange(0, 10, 0.01)
    for channel in ("loudness", "pitch", "syllables", "pause"):
        track = Track(channel, times, np.full(1000, 1.5), np.full(1000, np.nan))
        rows = list(renderer().rows("u", track))
        assert rows == list(renderer().rows("u", track))
        assert all(each["start_s"] < each["end_s"] <= 10 for each in rows)
        nothing = track._replace(values=np.full(1000, np.nan))
        assert not list(renderer().rows("u", nothing))


def test_without_a_context_no_voice_is_measured():
    with pytest.raises(UsageError, match="reads emotions from voice"):
        RenderVoice()
    with (
        people.using(context="workplace", purpose="a test"),
        pytest.raises(UsageError, match="workplace"),
    ):
        RenderVoice()


def test_without_a_decoder_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(MissingExtraError, match=r"affectflow\[audio\]"):
        renderer()


@pytest.fixture(scope="module")
def lake(tmp_path_factory, own_configuration):
    """A call of five turns: the fourth is loud and high, after a long pause.

    It is made by the commands of the page about voices.
    """
    folder = tmp_path_factory.mktemp("voice")
    (folder / "calls").mkdir()
    plain = [voice(120 + 2 * n, level=0.05) for n in range(4)]
    angry = voice(180, level=0.5)
    spoken = [*plain[:3], silence(2), angry, plain[3]]
    write(folder / "calls" / "call.wav", np.concatenate(spoken))
    turns = "".join(
        f"00:{at:02}.000 --> 00:{at + 3:02}.000\n<v Ann>So it is {at}.\n\n"
        for at in (0, 3, 6, 11, 14)
    )
    (folder / "calls" / "call.vtt").write_text(f"WEBVTT\n\n{turns}")
    for command in commands():
        with contextlib.chdir(folder):
            done = affectflow(*shlex.split(command)[1:])
        assert done.code == 0, f"{command}: {done.err}"
    return str(folder / "lake")


def commands():
    page = (ROOT / "docs" / "voice.md").read_text(encoding="utf-8")
    return re.findall("^affectflow .*$", page, re.MULTILINE)


def instrument():
    return renderer(tracks="calls/*.wav").id


@pytest.mark.rotated
def test_a_phrase_leads_back_to_its_number_its_window_and_the_instrument(lake):
    found = ask(
        lake,
        "SELECT cue, phrase, value, unit, c.start_s, c.end_s, c.renderer_id "
        "FROM cues c JOIN utterances USING (utterance_id) WHERE text = 'So it is 11.'",
    )

    said = {cue: rest for cue, *rest in found}
    assert {rest[-1] for rest in said.values()} == {instrument()}
    assert said["pitch"][:3] == [
        "voice much higher than usual",
        pytest.approx(180, abs=0.5),
        "Hz",
    ]
    assert said["loudness"][0] == "voice much louder than usual"
    assert said["loudness"][3:5] == pytest.approx([11.2, 13.8], abs=0.05)
    assert said["pause_before"][:3] == [
        "after a long pause",
        pytest.approx(2.5, abs=0.1),
        "s",
    ]
    assert said["pause_before"][3:5] == pytest.approx([8.7, 11.2], abs=0.05)
    assert ask(lake, "SELECT count(*) FROM cues WHERE cue = 'loudness'") == [(1,)]


def test_a_run_records_what_was_said(lake):
    query = "SELECT purpose, context FROM runs WHERE stage = 'textualize'"

    assert ask(lake, query) == [("a study of calls", "research")]
