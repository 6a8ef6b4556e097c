"""RuleMiner: whose words are a cause, and what holds for every one."""

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.errors import UsageError
from affectflow_transforms.miners.rules import RuleMiner
from tests.given.mined_turns import SCHEMA, SENTENCES, emotion, mine, only_cause, turn


@pytest.mark.parametrize("type_", ["code", "quote", "log", "link", "signature", "bot"])
def test_a_cause_is_never_what_somebody_else_wrote(type_: str) -> None:
    theirs = "I hate that the installer deletes my files\n"
    text = theirs + "What a joke."
    segment = {"type": type_, "start": 0, "end": len(theirs)}
    cause = only_cause(text, "anger", segments=[segment])
    assert cause["cause_text"] is None or cause["start"] >= len(theirs)


def test_inline_code_may_stand_inside_a_cause() -> None:
    text = "I'm annoyed that `rm -rf` deletes hidden folders."
    segment = {"type": "code", "start": 17, "end": 25}
    cause = only_cause(text, "annoyance", segments=[segment])
    assert cause["cause_text"] == "`rm -rf` deletes hidden folders"
    assert cause["summary"] == "deletes hidden folders"


def test_a_mark_up_without_segments_is_masked_all_the_same() -> None:
    text = "> I hate that the installer deletes my files\nWhat a joke."
    assert only_cause(text, "anger", segments=None)["status"] == "none_found"


def test_a_mere_reaction_points_at_the_other_speaker() -> None:
    mined = mine(
        turn(1, "ann", "The release pipeline deleted all our backups yesterday."),
        turn(2, "bob", "That's terrible!", "anger"),
    )
    ((cause,),) = mined[1:]
    assert cause["cause_utterance_id"] == "u1"
    assert cause["cause_type"] == "inter_personal"
    assert cause["cause_text"] == (
        "The release pipeline deleted all our backups yesterday"
    )


def test_ones_own_earlier_words_are_self_contagion() -> None:
    mined = mine(
        turn(1, "ann", "The release pipeline deleted all our backups."),
        turn(2, "ann", "Aaargh!", "anger"),
    )
    assert mined[1][0]["cause_type"] == "self_contagion"


def test_the_answered_utterance_goes_before_the_latest() -> None:
    mined = mine(
        turn(1, "ann", "The release pipeline deleted all our backups."),
        turn(2, "cy", "The nightly job failed with a timeout again."),
        turn(3, "bob", "That's terrible!", "anger", reply_to="u1"),
    )
    assert mined[2][0]["cause_utterance_id"] == "u1"


def test_a_quote_tells_which_utterance_is_answered() -> None:
    quote = {"type": "quote", "start": 0, "end": 9, "ref_utterance_id": "u1"}
    mined = mine(
        turn(1, "ann", "The release pipeline deleted all our backups."),
        turn(2, "cy", "The nightly job failed with a timeout again."),
        turn(3, "bob", "> deleted\nTerrible!", "anger", segments=[quote]),
    )
    assert mined[2][0]["cause_utterance_id"] == "u1"


def doubted(label: str, **given: Any) -> dict[str, Any]:
    """Annotations with one label that a model chose."""
    return {"annotations": [emotion(label, score=0.9)], **given}


BROKEN = turn(1, "ann", "The release pipeline deleted all our backups yesterday.")
ANSWERS = {
    "a mere reaction": ("bob", "That's terrible!", "anger", {}, "u1"),
    "bare thanks": ("bob", "Ok, I'll try that. Thanks!", "gratitude", {}, "u1"),
    "bare thanks at the end": ("bob", "gonna look at that, thx", "gratitude", {}, "u1"),
    "something of its own": ("bob", "My tests hang, not good", "sadness", {}, "u2"),
    "no answer": ("bob", "Hm. Oh dear.", "sadness", {}, None),
    "ones own words": ("ann", "That's terrible!", "anger", {}, None),
    "ones own, quoted": ("ann", "That's terrible!", "anger", {"reply_to": "u1"}, "u1"),
}


@pytest.mark.parametrize(
    ("speaker", "text", "label", "given", "where"), ANSWERS.values(), ids=ANSWERS.keys()
)
def test_a_label_of_a_model_looks_back_only_if_the_message_answers(
    speaker: str, text: str, label: str, given: dict[str, Any], where: str | None
) -> None:
    _, (cause,) = mine(BROKEN, turn(2, speaker, text, **doubted(label, **given)))

    assert cause["cause_utterance_id"] == where


def test_what_nobody_points_at_is_no_answer_if_others_spoke_since() -> None:
    between = turn(2, "cy", "Did you see the match?")
    thanks = turn(3, "bob", "That's terrible!", **doubted("anger"))

    *_, (cause,) = mine(BROKEN, between, thanks)

    assert cause["cause_utterance_id"] != "u1"


MEANT = {
    "hope this helps": ("Use the cache instead. Hope this helps!", "optimism", False),
    "hope": ("I hope that the release in May fixes the login", "optimism", True),
    "afraid I cannot": ("I'm afraid I can't help you with drivers", "fear", False),
    "afraid": ("I'm afraid you break the login, which scares me", "fear", True),
    "hate to say": ("I hate to say it, but polling is the usual way", "anger", False),
    "hate": ("I hate to say it, but I hate this slow polling", "anger", True),
    "love to hear": ("If the test fails on ARM too, I'd love to hear", "love", False),
    "love": ("I'd love to hear why. I love the new test runner", "love", True),
    "rhetorical": ("How can this be a duplicate of a new one?", "curiosity", False),
    "asked": ("How can this test pass on a new machine?", "curiosity", True),
    "both": ("Why on earth a new flag? Which one is it?", "curiosity", True),
}


@pytest.mark.parametrize(("text", "label", "expected"), MEANT.values(), ids=MEANT)
def test_a_label_of_a_model_that_rests_on_a_stock_phrase_has_no_cause(
    text: str, label: str, expected: bool
) -> None:
    ((cause,),) = mine(turn(1, "ann", text, **doubted(label)))
    assert (cause["status"] == "ok") is expected
    assert only_cause(text, label)["status"] == "ok"


def test_history_bounds_how_far_back_it_looks() -> None:
    rows = (
        turn(1, "ann", "The release pipeline deleted all our backups."),
        turn(2, "cy", "Hm."),
        turn(3, "bob", "Terrible!", "anger"),
    )
    assert mine(*rows)[2][0]["cause_utterance_id"] == "u1"
    assert mine(*rows, history=1)[2][0]["status"] == "none_found"


def test_another_conversation_is_no_history() -> None:
    mined = mine(
        turn(1, "ann", "The release pipeline deleted all our backups."),
        turn(2, "bob", "Terrible!", "anger", conversation_id="other"),
    )
    assert mined[1][0]["status"] == "none_found"


def test_unknown_speakers_have_no_cause_type() -> None:
    mined = mine(
        turn(1, "ann", "The release pipeline deleted all our backups."),
        turn(2, "bob", "Terrible!", "anger", speaker_id=None),
    )
    assert (mined[1][0]["status"], mined[1][0]["cause_type"]) == ("ok", None)


def test_a_cue_marks_the_sentence_that_feels() -> None:
    text = "The parser uses two passes. The lexer drops all comments \N{POUTING FACE}"
    cue = {"cue": "emoji", "phrase": "angry face", "start": len(text) - 1}
    cause = only_cause(text, "anger", cues=[cue])
    assert cause["cause_text"].startswith("The lexer drops all comments")


NOT_MINED = {
    "not_chosen": emotion("anger", chosen=False),
    "abstained": emotion("anger", status="abstained"),
    "neutral": emotion("neutral"),
    "approval": emotion("approval", score=0.6),
    "unknown": emotion("valence"),
}


@pytest.mark.parametrize("annotation", NOT_MINED.values(), ids=NOT_MINED.keys())
def test_only_chosen_emotions_with_words_are_mined(annotation: Any) -> None:
    text = "Frustrated that nobody reviews pull requests."
    assert mine(turn(1, "ann", text, annotations=[annotation])) == [[]]


def test_each_annotator_and_label_has_one_row() -> None:
    annotations = [
        emotion("anger"),
        emotion("anger"),
        emotion("anger", annotator_id="other"),
        emotion("sadness"),
    ]
    (causes,) = mine(
        turn(1, "ann", "The update deleted my notes.", annotations=annotations)
    )
    assert [(c["label"], c["emotion_annotator_id"]) for c in causes] == [
        ("anger", "hand"),
        ("anger", "other"),
        ("sadness", "hand"),
    ]
    assert len({c["cause_id"] for c in causes}) == 3


def test_labels_narrow_what_is_mined() -> None:
    row = turn(1, "ann", "The update deleted my notes.", "anger", "sadness")
    (causes,) = mine(row, labels=["sadness"])
    assert [c["label"] for c in causes] == ["sadness"]


WRONG = {
    "label": ({"labels": ["hangry"]}, r"no words for \['hangry'\]"),
    "history": ({"history": -1}, "at least 0"),
    "min_score": ({"min_score": 1.5}, r"must be from 0 to 1"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_options_are_named(options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        RuleMiner(**options)


def test_the_annotator_changes_with_the_settings() -> None:
    one, other = RuleMiner().annotator(), RuleMiner(history=2).annotator()
    assert (one["kind"], one["licence"]) == ("rules", "Apache-2.0")
    assert one["annotator_id"] != other["annotator_id"]
    assert one == RuleMiner().annotator()


def test_an_empty_batch_stays_empty() -> None:
    batch = pa.RecordBatch.from_pylist([], schema=SCHEMA)
    assert RuleMiner().mine(batch)["causes"].to_pylist() == []


_PIECES = """because tests thanks for broken. I hate the 'build', İSTANBUL ﬁx \n >
when so ```x``` `y` very sorry! why does it fail? 😡 [USER] — and but\n\n- slow"""
_WORDS = st.sampled_from(_PIECES.split(" "))
_TEXTS = st.one_of(st.text(max_size=80), st.lists(_WORDS, max_size=25).map(" ".join))
_SEGMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["code", "quote", "link", "pii", "mention", None]),
            "start": st.one_of(st.none(), st.integers(-3, 90)),
            "end": st.one_of(st.none(), st.integers(-3, 90)),
        }
    ),
    max_size=4,
)
_TURNS = st.lists(
    st.tuples(_TEXTS, st.one_of(st.none(), _SEGMENTS)), min_size=1, max_size=3
)


@settings(max_examples=150, deadline=None)
@given(turns=_TURNS, label=st.sampled_from(["anger", "gratitude", "surprise"]))
def test_every_span_verifies_whatever_the_text(turns: Any, label: str) -> None:
    rows = [
        turn(number, "ab"[number % 2], text, label, segments=segments)
        for number, (text, segments) in enumerate(turns)
    ]
    texts = {row["utterance_id"]: row["text"] for row in rows}
    for cause in (cause for causes in mine(*rows) for cause in causes):
        start, end = cause["start"], cause["end"]
        assert (start is None) == (end is None) == (cause["status"] != "ok")
        if cause["status"] == "ok":
            assert start < end
            text = texts[cause["cause_utterance_id"]]
            assert text[start:end] == cause["cause_text"]


@settings(max_examples=50, deadline=None)
@given(text=_TEXTS, data=st.data())
def test_no_cause_lies_wholly_in_a_masked_segment(text: str, data: Any) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    segment = {"type": "code", "start": start, "end": end}
    cause = only_cause(text, "anger", segments=[segment])
    if cause["status"] == "ok":
        assert not (start <= cause["start"] and cause["end"] <= end)


def test_the_order_of_conversations_does_not_matter() -> None:
    rows = [
        turn(number, "ann", text, label, conversation_id=f"c{number}")
        for number, (text, label, _) in enumerate(SENTENCES.values())
    ]
    causes = {r["utterance_id"]: c for r, c in zip(rows, mine(*rows), strict=True)}
    random.Random(3).shuffle(rows)
    again = {r["utterance_id"]: c for r, c in zip(rows, mine(*rows), strict=True)}
    assert again == causes


def test_a_long_dump_takes_linear_time() -> None:
    # A quadratic rule would need minutes here; the test has no clock of its own.
    text = "I hate " + "error so the thing which is making, because " * 20_000
    assert only_cause(text, "anger")["status"] == "ok"
