import pyarrow as pa
import pytest

from affectflow.batches.frames import HEAD, Frame, Placeless, Slot
from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.schemas import CUES_COLUMN

VOICE = [Placeless("voice", "loudness", "loud"), Placeless("voice", "rate", "fast")]
SPOKEN = Frame(
    template="Said: {text}; AUs: {units}; voice: {voice}",
    slots={
        "units": Slot(cues=("AU*",), none="no face"),
        "voice": Slot(modality="voice", join=" and "),
    },
)


def batch_of(text, *cues):
    """Each cue is (modality, cue, phrase, start, end)."""
    names = ("modality", "cue", "phrase", "start", "end")
    said = [dict(zip(names, cue, strict=True)) for cue in cues]
    return pa.RecordBatch.from_arrays(
        [pa.array([text], pa.string()), pa.array([said], CUES_COLUMN.type)],
        names=["text", "cues"],
    )


LOUD = ("voice", "loudness", "loud", None, None)
SMILE = ("face", "AU12", "Lip Corner Puller", None, None)
EMOJI = ("text", "emoji", "joy", 3, 4)


@pytest.mark.parametrize(
    ("frame", "cues", "around"),
    [
        pytest.param(HEAD, VOICE, ("[loud; fast] ", ""), id="at the head"),
        pytest.param(HEAD, [], ("", ""), id="nothing to say"),
        pytest.param(
            SPOKEN,
            VOICE,
            ("Said: ", "; AUs: no face; voice: loud and fast"),
            id="a slot for each modality",
        ),
        pytest.param(
            SPOKEN,
            [Placeless("face", "AU04", "Brow Lowerer")] * 2,
            ("Said: ", "; AUs: Brow Lowerer; voice: "),
            id="each phrase once",
        ),
        pytest.param(
            Frame(template="{a}{text}", slots={"a": Slot(most=1)}),
            VOICE,
            ("loud", ""),
            id="the first ones only",
        ),
        pytest.param(
            Frame(template="{a}|{text} {0}", slots={"a": Slot()}),
            [Placeless("voice", "words", r"{text} \1 {a}")],
            (r"{text} \1 {a}|", " {0}"),
            id="a phrase is data, other braces stay",
        ),
    ],
)
def test_a_frame_stands_around_a_text(frame, cues, around):
    assert frame.around(cues) == around


def test_a_reading_has_its_frame_and_its_cues_in_place():
    readings = read(batch_of("ok 😂", LOUD, SMILE, EMOJI), frame=SPOKEN)

    assert readings.texts.to_pylist() == [
        "Said: ok joy; AUs: Lip Corner Puller; voice: loud"
    ]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param("ok", "ok", id="in the text"),
        pytest.param("joy", "😂", id="a cue in the text"),
        pytest.param("loud", "", id="within the frame"),
        pytest.param("Said: ok", "ok", id="across its beginning"),
        pytest.param("joy; AUs", "😂", id="across its end"),
    ],
)
def test_spans_lead_back_to_the_text_and_the_frame_is_none_of_it(part, expected):
    text = "ok 😂"
    readings = read(batch_of(text, LOUD, EMOJI), frame=SPOKEN)
    start = readings.texts[0].as_py().index(part)

    first, last = readings.to_text(0, start, start + len(part))

    assert text[first:last] == expected


def test_an_empty_text_stands_between_the_words_of_its_frame():
    readings = read(batch_of("", SMILE, LOUD), frame=SPOKEN)

    assert readings.texts.to_pylist() == ["Said: ; AUs: Lip Corner Puller; voice: loud"]
    assert readings.to_text(0, 0, len(readings.texts[0].as_py())) == (0, 0)


def test_a_cue_of_a_voice_is_no_silence():
    assert read(batch_of("", LOUD)).silent.tolist() == [False]
    assert read(batch_of("")).silent.tolist() == [True]


def test_a_text_as_written_has_no_frame():
    readings = read(batch_of("ok", LOUD), cues="as_written")

    assert readings.texts.to_pylist() == ["ok"]


def test_cues_in_the_text_are_read_without_those_around_it():
    readings = read(batch_of("ok 😂", LOUD, EMOJI), cues="in_text")

    assert readings.texts.to_pylist() == ["ok joy"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param({"template": "{text}{text}"}, "{text} once", id="text twice"),
        pytest.param({"template": "{voice}"}, "{text} once", id="no text"),
        pytest.param({"template": "{text}{x}"}, "no slot 'x'", id="unknown slot"),
        pytest.param({}, "'template'", id="no template"),
        pytest.param(
            {"template": "{text}", "slots": {"a": {"joined": 1}}}, "joined", id="key"
        ),
    ],
)
def test_a_frame_that_makes_no_sense_says_why(table, said):
    with pytest.raises(UsageError, match=said.replace("{", r"\{")):
        Frame.of(table)
