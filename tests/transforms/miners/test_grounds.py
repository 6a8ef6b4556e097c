"""RuleMiner: what speaks against an emotion that a model chose, clause by clause."""

import pytest

from affectflow_transforms.miners.clauses import Reading, Span
from affectflow_transforms.miners.grounds import is_grounded
from tests.given.mined_turns import emotion, mine, only_cause, turn

WITHOUT = {
    "praise_denied": ("The new menu is not a great idea", "admiration"),
    "praise_asked_for": ("What is the best tent for winter?", "admiration"),
    "ones_own_trouble": ("We have the same problem with the oven", "caring"),
    "who_cares": ("Who cares what colour the shed is", "caring"),
    "others_confused": ("Many visitors were confused by the signs", "confusion"),
    "a_calm_answer": ("I don't know if the bus runs today", "confusion"),
    "what_the_other_did": ("Did you water the plants on Monday?", "curiosity"),
    "impatience": ("Any news on the parcel?", "curiosity"),
    "two_marks": ("You painted the whole fence pink??", "curiosity"),
    "an_angry_question": ("Why is this stupid door locked again?", "curiosity"),
    "a_short_no": ("Nope, we don't have a spare key", "disapproval"),
    "a_judgement_as_fear": ("The painful part is the second stair", "fear"),
    "a_judgement_as_sadness": ("The lift is horribly slow today", "sadness"),
    "thanks_but": ("Thanks for the offer but the tickets are sold", "gratitude"),
    "thanks_that_close": ("Thank you for understanding", "gratitude"),
    "a_polite_hope": ("I hope you see why the pool stays shut", "optimism"),
    "a_polite_sorry": ("Sorry, but the pool stays shut", "remorse"),
    "nobody_surprised": ("I would not be surprised if it rained", "surprise"),
}


def _is_grounded(text: str, label: str) -> bool:
    return is_grounded(Reading(text, None, {}), Span(0, len(text)), label)


@pytest.mark.parametrize(("text", "label"), WITHOUT.values(), ids=WITHOUT.keys())
def test_a_clause_without_ground(text: str, label: str) -> None:
    assert not _is_grounded(text, label)


WITH = {
    "praise": ("The new menu is a great idea", "admiration"),
    "ones_own_confusion": ("I'm confused by the signs", "confusion"),
    "a_question": ("How does the tide clock work?", "curiosity"),
    "what_the_other_thinks": ("Do you know why the sea is salty?", "curiosity"),
    "disapproval": ("No, they felled the old oak without asking us", "disapproval"),
    "sadness_said_too": ("So sad, the garden looks horrible now", "sadness"),
    "thanks": ("Thanks for the offer", "gratitude"),
    "hope": ("I hope the snow stays until Sunday", "optimism"),
    "a_label_without_doubts": ("The lift is horribly slow today", "annoyance"),
}


@pytest.mark.parametrize(("text", "label"), WITH.values(), ids=WITH.keys())
def test_a_clause_with_ground(text: str, label: str) -> None:
    assert _is_grounded(text, label)


def test_people_are_believed_and_a_score_is_doubted() -> None:
    text = "Did you water the plants on Monday?"
    scored = [emotion("curiosity", score=0.9)]
    ((doubted,),) = mine(turn(1, "ann", text, annotations=scored))

    assert doubted["status"] == "none_found"
    assert only_cause(text, "curiosity")["status"] == "ok"
