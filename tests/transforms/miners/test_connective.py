"""The rule of connectives: what follows `because`, what stands before `so that`."""

import pytest

from affectflow.testing import check_miner
from affectflow_transforms.miners.connective import ConnectiveMiner
from tests.given.mined_turns import mine, turn


def causes(text, *labels, **given):
    (found,) = mine(turn(1, "ann", text, *labels), miner=ConnectiveMiner(**given))
    return found


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("I am sad because the build takes two hours.", "the build takes two hours"),
        ("Because the API changed, I am furious.", "the API changed"),
        ("Because of CI, I wait.", "CI"),
        ("Angry, due to constant merge conflicts", "constant merge conflicts"),
        ("It runs thanks to the new cache!", "the new cache"),
        ("Upset, since the installer ate my files.", "the installer ate my files"),
        ("The docs moved again, so that nobody finds them.", "The docs moved again"),
        ("The tests pass, so I'm happy.", "The tests pass"),
        ("I ran it, but the nightly is red, so I am lost.", "the nightly is red"),
        ("Nobody replied, which is why I leave.", "Nobody replied"),
        ("They closed it. Therefore I am angry.", "They closed it"),
        ("Hm. I am sad because it broke; it is ugly, too.", "it broke"),
    ],
)
def test_a_connective_points_at_the_cause(text, cause):
    (found,) = causes(text, "sadness")

    assert (found["status"], found["cause_text"]) == ("ok", cause)
    assert text[found["start"] : found["end"]] == cause


@pytest.mark.parametrize(
    "text",
    [
        "I hate this build.",
        "I have waited since Monday.",
        "Rename it so that we can find it.",
        "Thanks to you!",
        "so good",
        "",
    ],
)
def test_without_a_connective_nothing_is_found(text):
    assert [each["status"] for each in causes(text, "sadness")] == ["none_found"]


def test_what_somebody_else_wrote_names_no_cause():
    text = "> sad because it broke\nSo am I."
    quote = {"type": "quote", "start": 0, "end": 23}
    row = turn(1, "ann", text, "sadness", segments=[quote])

    ((cause,),) = mine(row, miner=ConnectiveMiner())

    assert cause["status"] == "none_found"


def test_the_first_connective_is_taken_for_all_labels():
    found = causes("Bad due to spam. Sad because it broke.", "anger", "sadness")

    assert [(c["label"], c["cause_text"]) for c in found] == [
        ("anger", "spam"),
        ("sadness", "spam"),
    ]


def test_labels_that_nobody_asked_for_are_left_alone():
    text = "It broke because of you, Bob"

    assert causes(text, "neutral") == []
    assert [c["label"] for c in causes(text, "anger", "joy", labels=("joy",))] == [
        "joy"
    ]


def test_it_keeps_what_every_miner_owes():
    check_miner(ConnectiveMiner())
