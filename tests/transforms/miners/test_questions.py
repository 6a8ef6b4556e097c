"""RuleMiner: what is asked causes curiosity and confusion, not what is said first."""

import pytest

from affectflow_transforms.miners.clauses import Reading
from affectflow_transforms.miners.questions import asked
from tests.given.mined_turns import only_cause

FOUND = {
    "after_statements": (
        "We moved to Porto in May. The tram stops near the bakery. Does anybody know"
        " when the last one leaves?",
        "curiosity",
        "Does anybody know when the last one leaves",
    ),
    "in_one_sentence": (
        "The museum reopened this spring, how much is a ticket for students?",
        "curiosity",
        "how much is a ticket for students",
    ),
    "of_one_word_with_content": (
        "I set the clock to winter time and the heating turned off. Is that normal?",
        "confusion",
        "Is that normal",
    ),
    "said_not_to_be_understood": (
        "I don't understand why the dough stays liquid. Intentional?",
        "confusion",
        "I don't understand why the dough stays liquid",
    ),
    "only_an_appeal": (
        "The dough stays liquid after an hour. Any ideas?",
        "confusion",
        "The dough stays liquid after an hour",
    ),
}


@pytest.mark.parametrize(
    ("text", "label", "expected"), FOUND.values(), ids=FOUND.keys()
)
def test_the_question_wins(text: str, label: str, expected: str) -> None:
    cause = only_cause(text, label)["cause_text"]
    assert cause.removeprefix("I ") == expected.removeprefix("I ")


def test_other_emotions_are_not_about_what_is_asked() -> None:
    text = "I love the new tram to Porto. Does anybody know when the last one leaves?"
    assert only_cause(text, "love")["cause_text"] == "the new tram to Porto"


@pytest.mark.parametrize("text", ["The tram is late.", "Any suggestions?", "Help?"])
def test_no_question_is_asked(text: str) -> None:
    assert asked(Reading(text, []), 0) is None
