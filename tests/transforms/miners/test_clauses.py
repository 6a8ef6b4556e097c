"""Utterances as masked text, sentences and clauses, in code points of the text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow_transforms.miners.clauses import MASK, MAX_WORDS, Reading, mask


def sentences(text: str) -> list[str]:
    reading = Reading(text, [])
    return [text[s.start : s.end].strip() for s in reading.sentences]


def clauses(text: str) -> list[str]:
    reading = Reading(text, [])
    return [text[c.start : c.end].strip() for each in reading.clauses for c in each]


def trimmed(text: str) -> str | None:
    span = Reading(text, []).trim(0, len(text))
    return None if span is None else text[span.start : span.end]


SENTENCES = {
    "stops": ("It broke. Why? Fix it!", ["It broke", "Why", "Fix it"]),
    "version": ("Use v1.2 now. Or not.", ["Use v1.2 now", "Or not"]),
    "latin": ("Say e.g. this one. Done.", ["Say e.g. this one", "Done"]),
    "bullets": ("Bad:\n- it hangs\n- it leaks", ["Bad:", "it hangs", "it leaks"]),
    "numbers": ("1. hangs\n2. leaks", ["1", "hangs", "leaks"]),
    "dash": ("It hangs - always", ["It hangs", "always"]),
    "punctuation": ("!!! ... ???", []),
    "wrap": ("x" * 62 + "\ngoes on", ["x" * 62 + "\ngoes on"]),
    "short_line": ("short\ngoes on", ["short", "goes on"]),
}


@pytest.mark.parametrize(("text", "expected"), SENTENCES.values(), ids=SENTENCES.keys())
def test_sentences_end_where_writers_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


CLAUSES = {
    "comma_and": ("it hangs, and I wait", ["it hangs", "and I wait"]),
    "list": ("red, green and blue", ["red, green and blue"]),
    "but": ("it runs but it leaks", ["it runs", "but it leaks"]),
    "because": ("I wait because it hangs", ["I wait", "because it hangs"]),
    "brackets": ("it hangs (not always) here", ["it hangs", "not always", "here"]),
}


@pytest.mark.parametrize(("text", "expected"), CLAUSES.values(), ids=CLAUSES.keys())
def test_clauses_end_at_conjunctions(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


TRIMMED = {
    "connective": ("and because the build fails.", "the build fails"),
    "comma": (" , well , it leaks !", "it leaks"),
    "placeholder": ("[USER] the build fails", "the build fails"),
    "address": ("gwydion: the build fails", "the build fails"),
    "addresses": ("[USER], gwydion: the build fails", "the build fails"),
    "an interjection": ("gwydion, ok, the build fails", "the build fails"),
    "a list is none": ("Windows, Linux and Mac hang", "Windows, Linux and Mac hang"),
    "a topic is none": ("Docs: the build fails", "Docs: the build fails"),
    "a word is none": ("Note: the build fails", "Note: the build fails"),
    "an address alone": ("gwydion: ", None),
    "quotation": ('they say "no"', 'they say "no"'),
    "nothing": (" ... ", None),
    "long": ("word " * 50, ("word " * MAX_WORDS).strip()),
}


@pytest.mark.parametrize(("text", "expected"), TRIMMED.values(), ids=TRIMMED.keys())
def test_trimming_leaves_the_clause_alone(text: str, expected: str | None) -> None:
    assert trimmed(text) == expected


MASKED = {
    "inline_code": ("use foo now", "code", 4, 7, f"use {MASK * 3} now"),
    "code_line": ("see\nfoo\nnow", "code", 4, 7, "see\n   \nnow"),
    "code_block": ("a foo\nbar b", "code", 2, 9, "a \n\n\n\n\n\n\n b"),
    "quote": ("> no\nyes", "quote", 0, 4, "\n\n\n\n\nyes"),
    "link": ("see abc now", "link", 4, 7, "see     now"),
    "mention": ("hi bob now", "mention", 3, 6, "hi ___ now"),
}


@pytest.mark.parametrize(
    ("text", "type_", "start", "end", "expected"), MASKED.values(), ids=MASKED.keys()
)
def test_segments_are_masked_in_their_place(
    text: str, type_: str, start: int, end: int, expected: str
) -> None:
    assert mask(text, [{"type": type_, "start": start, "end": end}]) == expected


def test_code_alone_has_no_content() -> None:
    reading = Reading("foo bar", [{"type": "code", "start": 0, "end": 3}])
    (sentence,) = reading.sentences
    assert reading.count(sentence) == (2, 2)
    alone = Reading("foo", [{"type": "code", "start": 0, "end": 3}])
    assert alone.sentences == []


@given(
    text=st.text(max_size=60),
    segments=st.none()
    | st.lists(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["code", "quote", "link", "pii"]),
                "start": st.integers(0, 60),
                "end": st.integers(0, 60),
            }
        ),
        max_size=3,
    ),
)
def test_masking_keeps_every_position(text: str, segments: Any) -> None:
    masked = mask(text, segments)
    assert len(masked) == len(text)
