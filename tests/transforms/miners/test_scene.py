"""RuleMiner in long comments: which clause complains, and where there is none."""

from typing import Any

import pyarrow as pa
import pytest

from affectflow.schemas import ANNOTATIONS_COLUMN, UTTERANCES, fields
from affectflow_transforms.miners.clauses import Reading
from affectflow_transforms.miners.rules import RuleMiner
from affectflow_transforms.miners.scene import look, room

NAMES = ("utterance_id", "conversation_id", "speaker_id", "reply_to", "text")
SCHEMA = pa.schema([*fields(UTTERANCES, *NAMES, "segments"), ANNOTATIONS_COLUMN])


def only_cause(
    text: str, label: str = "annoyance", score: float | None = None
) -> dict[str, Any]:
    emotion = {"annotator_id": "hand", "vocabulary": "goemotions", "label": label}
    emotion |= {"score": score}
    emotion |= {"chosen": True, "status": "ok", "experiencer": "self"}
    row = {"utterance_id": "u1", "conversation_id": "c", "text": text}
    row |= {"speaker_id": "ann", "segments": [], "annotations": [emotion]}
    batch = pa.RecordBatch.from_pylist([row], schema=SCHEMA)
    ((cause,),) = RuleMiner().mine(batch)["causes"].to_pylist()
    return dict(cause)


FOUND = {
    "subject_of_the_verdict": (
        "Wanted to chime in so that this stays open, because the topic matters to our"
        " team. We are happy with the editor otherwise, but the cursor jumps to the top"
        " dozens of times per day and gets really frustrating. Keep up the good work.",
        "the cursor jumps to the top dozens of times per day",
    ),
    "the_sentence_before_a_verdict": (
        "I followed the guide. The importer drops every second row of the table."
        " Rather annoying on the evening before a release.",
        "The importer drops every second row of the table",
    ),
    "which_is_in_a_later_sentence": (
        "Hello all. The dialog steals keyboard focus, which is really annoying.",
        "The dialog steals keyboard focus",
    ),
    "after_a_greeting": (
        "Hello, the export button is not working. I looked around and there was no"
        " other topic about it.",
        "the export button is not working",
    ),
    "somebody_blamed": (
        "So somebody who never helped is telling me what I do wrong.",
        "somebody who never helped is telling me what I do wrong",
    ),
    "leading_discourse": (
        "But at this point the updater keeps deleting my settings.",
        "the updater keeps deleting my settings",
    ),
    "closed_bracket": (
        "The mirror keeps dropping connections (even with `wget`). It has been so since"
        " the move.",
        "The mirror keeps dropping connections (even with `wget`)",
    ),
}


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND.keys())
def test_the_complaint_wins_over_what_surrounds_it(text: str, expected: str) -> None:
    cause = only_cause(text)
    assert cause["status"] == "ok"
    assert cause["cause_text"].removesuffix(" and gets really frustrating") == expected


CALM = {
    "proposal": "The present helpers assume that a key has one type. I took this from"
    " the first draft of the proposal, and the diffs are small. One could add a second"
    " parameter and derive its default from the header of the file. For me the choice"
    " between the two is a matter of taste. What does everybody think about it for the"
    " next minor release of the library?",
    "conceded": "I know that it can be infuriating if a game does not start. Please add"
    " a trace and the version of the driver to the first comment. Then we look at it"
    " together.",
    "courtesy": "Thank you for your response and the links. I'm sorry if my comment"
    " sounded harsh to you and to the others in the group. If that does the job for"
    " everybody, we can merge the branch on Monday, and I will write to the list about"
    " the date of the meeting after that.",
}


@pytest.mark.parametrize("text", CALM.values(), ids=CALM.keys())
def test_calm_talk_has_no_cause_of_annoyance(text: str) -> None:
    assert only_cause(text, score=0.4)["status"] == "none_found"


def test_a_label_that_is_given_has_a_cause_if_a_clause_qualifies() -> None:
    assert only_cause(CALM["courtesy"])["status"] == "ok"
    assert only_cause("Oh no!")["status"] == "none_found"


def test_a_stated_problem_scores_above_a_calm_sentence_of_the_same_length() -> None:
    problem = only_cause("The installer crashes on every start of the machine.")
    calm = only_cause("The installer asks on every start of the machine.")
    assert problem["score"] > 0.6 > (calm["score"] or 0.0)


def test_a_span_that_is_too_long_ends_at_a_turn_of_the_sentence() -> None:
    text = (
        "The scheduler keeps losing the jobs that were put into the queue of the second"
        " worker by the nightly import of the old archive, which the other team runs"
        " from a machine that nobody has the password of"
    )
    cause = only_cause(text)["cause_text"]
    assert len(cause.split()) <= 30
    assert cause.endswith("of the old archive")


def test_room_grows_with_the_length_of_a_comment() -> None:
    short, long = Reading("It fails. " * 10), Reading("It fails. " * 60)
    assert (room(short), room(long)) == (0.0, 1.0)


def test_a_scene_knows_which_sentence_is_judged_by_the_next() -> None:
    reading = Reading("The menu moved. This is really annoying. I like the colours.")
    scene = look(reading, "annoyance", in_talk=False)
    assert (scene.strong, scene.judged) == (frozenset({1}), frozenset({0}))
