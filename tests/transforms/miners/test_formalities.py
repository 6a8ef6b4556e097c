"""RuleMiner: courtesies, wishes and mere judgements are no causes."""

import pytest

from affectflow_transforms.miners.clauses import Reading, Span
from affectflow_transforms.miners.formalities import (
    is_courtesy,
    says_the_feeling,
)
from tests.given.mined_turns import mine, only_cause, turn

NO_CAUSE = {
    "thanks_and_ones_own_doing": ("Thanks Olga, committed in revision 9", "gratitude"),
    "an_adverb_and_a_judgement": ("I'm genuinely impressed", "admiration"),
    "praise_of_work": ("Awesome work", "admiration"),
    "thanks_and_a_name": ("Thanks Olga", "gratitude"),
    "thanks_again": ("thanks again, Milos!", "gratitude"),
    "thanks_for_what_may_come": ("Thanks in advance", "gratitude"),
    "thanks_of_a_letter": (
        "Do you know the opening hours?\nThanks in advance,\nMilos",
        "gratitude",
    ),
    "a_sign_off": ("Kind regards, Henrietta Vale", "gratitude"),
    "ones_own_doing": ("I attached the form.\nMany thanks, Claire", "gratitude"),
    "thanks_for_what_is_asked": (
        "I think the doors would look better in green. What do you think? Thanks.",
        "gratitude",
    ),
    "thanks_at_the_end": (
        "I'm new to sailing, will read that book thanks",
        "gratitude",
    ),
    "sorry_and_a_name": ("So sorry mate", "sadness"),
    "sorry_for_ones_own_doing": ("Sorry for the late reply.", "sadness"),
    "sorry_if": ("Sorry if this was asked before.", "disappointment"),
    "two_words_that_judge": ("Incredibly annoying that.", "annoyance"),
    "more_words_that_judge": (
        "Really, really annoying, and it makes me angry",
        "anger",
    ),
    "a_wish_is_not_love": ("I would love to visit Lisbon in spring", "love"),
    "what_one_would_like": ("I'd like to book a table for two", "love"),
}


@pytest.mark.parametrize(("text", "label"), NO_CAUSE.values(), ids=NO_CAUSE.keys())
def test_what_says_no_cause_is_none(text: str, label: str) -> None:
    assert only_cause(text, label)["status"] == "none_found"


FOUND = {
    "thanks_to_somebody_first": (
        "Thanks Olga, the sauna works again",
        "gratitude",
        "the sauna works again",
    ),
    "thanks_to_somebody_last": (
        "The sauna works again, thank you Olga",
        "gratitude",
        "The sauna works again",
    ),
    "praised_not_thanked": (
        "Thanks for the quick answer. The mosaic in the hall is beautiful.",
        "admiration",
        "The mosaic in the hall is beautiful",
    ),
    "thanked_not_praised": (
        "The mosaic in the hall is beautiful. Thanks for the quick answer.",
        "gratitude",
        "the quick answer",
    ),
    "the_clause_that_hopes": (
        "The ferry ran all winter without a break. I hope it runs next year",
        "optimism",
        "it runs next year",
    ),
    "what_is_judged_after_the_judgement": (
        "We took the ferry for years, it's annoying that nobody answers the phone",
        "annoyance",
        "nobody answers the phone",
    ),
    "what_follows_but": (
        "The fee is fair, but your sign hides it from the guests",
        "disapproval",
        "your sign hides it from the guests",
    ),
    "thanked_for_one_word": ("Thanks for the lift", "gratitude", "the lift"),
    "who_is_thanked_last": (
        "Thanks for the spare key, Jo",
        "gratitude",
        "the spare key",
    ),
    "thanks_before_a_sign_off": (
        "Thanks for the spare key.\nCheers, Tom",
        "gratitude",
        "the spare key",
    ),
    "what_was_done_before": (
        "You repaired the boiler overnight, thanks Olga",
        "gratitude",
        "You repaired the boiler overnight",
    ),
    "what_was_done_after": (
        "Thank you Olga, you sent the keys so quickly",
        "gratitude",
        "you sent the keys so quickly",
    ),
    "sorry_for_one_word": ("So sorry about the noise.", "remorse", "the noise"),
    "sorry_that": (
        "I am sorry that I shouted at the referee",
        "remorse",
        "I shouted at the referee",
    ),
    "sorry_to": (
        "sorry to bother you on a holiday",
        "remorse",
        "bother you on a holiday",
    ),
    "sorry_for_others": ("So sorry to hear about your dog", "sadness", "your dog"),
    "beside_an_apology": (
        "Sorry for the late reply. My grandmother died on Tuesday.",
        "sadness",
        "My grandmother died on Tuesday",
    ),
    "beside_a_judgement": (
        "Really incredibly nice. We won the cup final.",
        "joy",
        "We won the cup final",
    ),
    "beside_what_only_says_the_feeling": (
        "This makes me a little sad. My father sang in that choir.",
        "sadness",
        "My father sang in that choir",
    ),
    "beside_a_wish": (
        "We would love to see recipes with rhubarb. I love the blue curtains.",
        "love",
        "the blue curtains",
    ),
    "what_is_wished": (
        "We'd really like to adopt a second cat",
        "desire",
        "adopt a second cat",
    ),
}


@pytest.mark.parametrize(
    ("text", "label", "expected"), FOUND.values(), ids=FOUND.keys()
)
def test_the_cause_stands_beside_the_courtesy(
    text: str, label: str, expected: str
) -> None:
    assert only_cause(text, label)["cause_text"] == expected


def test_mere_thanks_point_at_what_somebody_else_did() -> None:
    mined = mine(
        turn(1, "olga", "I fixed the leaking tap in the kitchen."),
        turn(2, "bob", "Thanks Olga", "gratitude"),
    )
    assert mined[1][0]["cause_utterance_id"] == "u1"


def whole(text: str) -> tuple[Reading, Span]:
    return Reading(text, []), Span(0, len(text))


def test_what_one_would_like_to_say_is_no_wish() -> None:
    assert is_courtesy(*whole("we would love to see recipes"), "love")
    assert not is_courtesy(*whole("i'd like to say that the soup was perfect"), "love")


@pytest.mark.parametrize(
    ("said", "label", "expected"),
    [
        ("absolutely wonderful", "joy", True),
        ("wonderful soup", "joy", False),
        ("it saddens me more than I'd have guessed", "sadness", True),
        ("it saddens me that the choir is gone", "sadness", False),
        ("the worst word", "joy", False),
    ],
)
def test_a_feeling_alone_says_nothing_else(said, label, expected) -> None:
    assert says_the_feeling(*whole(said), label) is expected
