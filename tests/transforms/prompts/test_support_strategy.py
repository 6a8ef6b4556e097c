"""Row 35 of the literature: a strategy of support, then a reply by it."""

import pytest

from affectflow import vocabularies
from affectflow.kinds.prompt import Prompt
from tests.given.asked import asked
from tests.given.scripted import utterances

STRATEGIES = (
    *("question", "restatement or paraphrasing", "reflection of feelings"),
    *("self-disclosure", "affirmation and reassurance", "providing suggestions"),
    *("information", "others"),
)


def test_the_strategies_are_the_published_eight_in_their_order():
    known = vocabularies.get("esconv_strategies")

    assert known.labels == STRATEGIES
    assert set(known.definitions) == set(STRATEGIES)


def test_the_question_says_what_each_strategy_is():
    strategy, _ = Prompt.load("support_strategy").steps

    described = [line.split(": ")[0] for line in strategy.text.splitlines()]
    assert [each for each in described if each in STRATEGIES] == list(STRATEGIES)


@pytest.mark.parametrize(
    ("said", "label", "status"),
    [
        ("Providing Suggestions", "providing suggestions", "ok"),
        ("reflection of feelings", "reflection of feelings", "ok"),
        ("Interpretation", None, "out_of_vocabulary"),
    ],
)
def test_a_strategy_is_one_of_the_eight_and_a_reply_follows_it(said, label, status):
    def script(question, request):
        return "You sound tired." if "Write the supporter's" in question else said

    rows, model = asked("support_strategy", script, utterances("I can not sleep"))

    found = [(row["label"], row["status"]) for row in rows[0]]
    assert found[0] == (label, status)
    assert found[1:] == ([("response", "ok")] if label else [])
    if label:
        assert f"Its strategy is: {label}\n" in model.questions[-1]
