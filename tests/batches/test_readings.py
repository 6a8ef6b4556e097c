import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.batches.readings import read
from affectflow.errors import UsageError
from affectflow.schemas import CUES_COLUMN, UTTERANCES

SEGMENTS = UTTERANCES.field("segments").type


def batch_of(text, segments=(), cues=()) -> pa.RecordBatch:
    """Finds each (type, part) in `text`; each cue is (cue, phrase, part)."""

    def place(part):
        start = text.index(part)
        return {"start": start, "end": start + len(part)}

    spans = [{"type": type_, **place(part)} for type_, part in segments]
    said = [{"cue": c, "phrase": p, **place(part)} for c, p, part in cues]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([text], pa.string()),
            pa.array([spans], SEGMENTS),
            pa.array([said], CUES_COLUMN.type),
        ],
        names=["text", "segments", "cues"],
    )


@pytest.mark.parametrize(
    ("text", "segments", "cues", "reading", "silent"),
    [
        ("plain", [], [], "plain", False),
        ("", [], [], "", True),
        (" \n", [], [], " \n", True),
        ("use `f` now", [("code", "`f`")], [], "use [CODE] now", False),
        ("a\n```\nx\n```", [("code", "```\nx\n```")], [], "a\n", False),
        ("> q\nno", [("quote", "> q")], [], "\nno", False),
        ("> q", [("quote", "> q")], [], "", True),
        ("https://x", [("link", "https://x")], [], "[LINK]", True),
        ("[t](u) ok", [("link", "u")], [], "[t] ok", False),
        ("[USER] hi", [("mention", "[USER]")], [], "[NAME] hi", False),
        ("[USER] ???", [("mention", "[USER]")], [], "[NAME] ???", False),
        ("[EMAIL]", [("pii", "[EMAIL]")], [], "[EMAIL]", True),
        ("a<br>b", [("html", "<br>")], [], "a b", False),
        ("ok😂!", [], [("emoji", "joy", "😂")], "ok joy!", False),
        ("😂", [], [("emoji", "joy", "😂")], "joy", False),
        (
            "😂❤x",
            [],
            [("emoji", "joy", "😂"), ("emoji", "heart", "❤")],
            "joy heart x",
            0,
        ),
        ("`f` 😂", [("code", "`f`")], [("emoji", "joy", "😂")], "[CODE] joy", False),
        ("SO BAD", [], [("shouting", "shouting", "SO BAD")], "SO BAD", False),
    ],
)
def test_a_reading_masks_segments_and_says_cues(text, segments, cues, reading, silent):
    readings = read(batch_of(text, segments, cues))

    assert readings.texts.to_pylist() == [reading]
    assert readings.silent.tolist() == [bool(silent)]


def test_cues_can_stay_as_written():
    readings = read(batch_of("ok 😂", cues=[("emoji", "joy", "😂")]), cues="as_written")

    assert readings.texts.to_pylist() == ["ok 😂"]


def test_cues_can_stand_between_marks():
    batch = batch_of("done :)!", cues=[("emoticon", "smiles", ":)")])

    assert read(batch, apart=True).texts[0].as_py() == "done \x1esmiles \x1f!"


def test_another_word_for_cues_is_the_callers_mistake():
    with pytest.raises(UsageError, match="got 'no'"):
        read(batch_of("a"), cues="no")


def test_masks_can_be_chosen():
    readings = read(batch_of("> q\nno", [("quote", "> q")]), masked={})

    assert readings.texts.to_pylist() == ["> q\nno"]


def test_batches_without_segments_or_cues_are_read_as_they_are():
    readings = read(pa.record_batch({"text": pa.array(["a", None])}))

    assert readings.texts.to_pylist() == ["a", ""]
    assert readings.silent.tolist() == [False, True]
    assert readings.to_text(0, 0, 1) == (0, 1)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        pytest.param("ok", "ok", id="before"),
        pytest.param("yes", "yes", id="behind"),
        pytest.param("with", "😂", id="within the phrase"),
        pytest.param("ok face", "ok 😂", id="across"),
        pytest.param("[CODE]", "`f`", id="mask"),
    ],
)
def test_spans_lead_back_to_the_text(part, expected):
    text = "ok 😂 `f` yes"
    cues = [("emoji", "face with joy", "😂")]
    readings = read(batch_of(text, [("code", "`f`")], cues))
    start = readings.texts[0].as_py().index(part)

    first, last = readings.to_text(0, start, start + len(part))

    assert text[first:last] == expected


PARTS = st.lists(
    st.tuples(
        st.sampled_from(["", "code", "quote", "mention", "emoji", "html"]),
        st.text(st.sampled_from("ab é\n😂"), min_size=1, max_size=6),
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(PARTS, st.data())
def test_what_is_not_masked_leads_back_to_itself(parts, data):
    segments, cues, text, kept = [], [], "", []
    for kind, part in parts:
        place = {"start": len(text), "end": len(text) + len(part)}
        text += part
        if kind == "emoji":
            cues.append({"cue": kind, "phrase": "x y", **place})
        elif kind:
            segments.append({"type": kind, **place})
        else:
            kept.append(place)
    batch = pa.RecordBatch.from_arrays(
        [
            pa.array([text], pa.string()),
            pa.array([segments], SEGMENTS),
            pa.array([cues], CUES_COLUMN.type),
        ],
        names=["text", "segments", "cues"],
    )

    readings = read(batch)
    reading = readings.texts[0].as_py()

    start = data.draw(st.integers(0, len(reading)))
    end = data.draw(st.integers(start, len(reading)))
    first, last = readings.to_text(0, start, end)
    assert 0 <= first <= last <= len(text)
    if any(k["start"] <= first and last <= k["end"] for k in kept):
        assert text[first:last] == reading[start:end]
