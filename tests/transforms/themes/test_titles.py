"""Titles of themes: words that name a concern, never a person or a feeling."""

import json

import pytest

from tests.given.theme_causes import FLAKY, causes, cluster


def test_words_of_no_concern_can_make_a_theme() -> None:
    texts = [
        "the gamma ray plotter draws nothing",
        "gamma ray spectra overlap",
        "a gamma ray source vanished",
        "gamma ray units are unknown",
    ]
    (theme,), _ = cluster(causes(texts))
    assert theme["title"].startswith("gamma ray")
    assert "gamma ray" in theme["keywords"]


def test_whom_messages_address_names_no_theme() -> None:
    addressed = [f"gwydion{sign} {text}" for sign in ":," for text in FLAKY]

    themes, _ = cluster(causes(addressed))

    assert themes
    named = json.dumps([[theme["title"], theme["keywords"]] for theme in themes])
    assert "gwydion" not in named


NEVER = {
    "a person": ["thanks mike", "mike said so", "hi mike", "as mike says"],
    "somebody who is thanked": ["thanks zorg", "hey zorg", "@zorg", "ask zorg"],
    "a name that no list has": ["so Zorgan left", "and Zorgan is", "tell Zorgan"] * 2,
    "a stutter": ["the zo-zo thing", "a zo-zo", "that zo-zo", "zo-zo's"],
    "an adverb": ["extremely so", "it is extremely", "extremely!", "how extremely"],
    "an emoji": ["slightly_smiling_face", "no slightly_smiling_face", ":tada:"] * 2,
    "a placeholder": ["[URL] it", "the [<-LINK->]", "<code> it", "[NAME] did"] * 2,
    "an adverb of another ending": ["far off", "so far", "far", "far far"],
    "a preposition": ["unless so", "unless", "unless it is", "unless they do"],
    "an act in -ing": ["adding it", "adding", "they are adding", "adding that"],
    "a function word": ["without it", "without him", "without", "without that"],
    "a feeling": ["so annoying", "annoying!", "how annoying", "it is annoying"],
    "what somebody does": ["i zorg", "to zorg", "we zorg it", "can you zorg"],
}


@pytest.mark.parametrize("texts", NEVER.values(), ids=NEVER.keys())
def test_a_title_is_never(texts: list[str]) -> None:
    assert cluster(causes(texts)) == ([], [])


LICENCES = [
    "his driving licence",
    "a licence for the gun",
    "a fishing licence again",
    "the licence of this pub",
]


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        pytest.param(LICENCES, "licence", id="of anybody"),
        pytest.param(
            [f"{text} of the library" for text in LICENCES],
            "licence and governance",
            id="of developers",
        ),
    ],
)
def test_a_title_of_developers_stands_over_their_talk_only(
    texts: list[str], title: str
) -> None:
    (theme,), _ = cluster(causes(texts))
    assert theme["title"].split(" / ")[0] == title


def test_a_thing_with_a_capital_can_be_a_title() -> None:
    texts = ["so the Zorgan image", "in Zorgan again", "a Zorgan of mine", "My Zorgan"]
    (theme,), _ = cluster(causes(texts))
    assert theme["title"] == "zorgan"


def test_one_word_alone_does_not_speak_of_a_concern() -> None:
    texts = ["a broken button", "the button", "buttons of the api", "this button"]
    (theme,), _ = cluster(causes(texts))
    assert theme["title"] == "button"
