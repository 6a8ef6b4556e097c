"""The terms of causes: words, pairs of words, concerns."""

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow_transforms.themes.taxonomy import load
from affectflow_transforms.themes.terms import (
    find_concerns,
    find_terms,
    stem,
    without_addresses,
)

TAXONOMY = load(["developers", "everyday", "common"])


def concerns_of(texts: list[str]) -> list[set[str]]:
    found: list[set[str]] = [set() for _ in texts]
    for name, rows, _ in find_concerns(pa.array(texts, pa.string()), TAXONOMY):
        for row in rows:
            found[row].add(name)
    return found


def terms_of(text: str) -> set[tuple[str, str]]:
    found = find_terms(pa.array(["other words before", text]))
    return {
        (found.terms[form], found.surfaces[form])
        for row, form in zip(found.rows, found.forms, strict=True)
        if row == 1
    }


STEMS = {
    "dependencies": "dependency",
    "crashes": "crash",
    "dropped": "drop",
    "merging": "merg",
    "docs": "documentation",
    "class": "class",
}


@pytest.mark.parametrize(("word", "expected"), STEMS.items(), ids=STEMS.keys())
def test_stems_leave_inflection_out(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_whom_a_message_addresses_is_no_term() -> None:
    texts = pa.array(["gwydion: driver leaks", "windows, linux and mac leak", None])

    said = without_addresses(texts)

    assert said.to_pylist() == ["driver leaks", "windows, linux and mac leak", None]


def test_terms_are_content_words_and_adjacent_pairs() -> None:
    assert terms_of("The memory leak of our GPU driver") == {
        ("memory", "memory"),
        ("leak", "leak"),
        ("memory leak", "memory leak"),
        ("gpu", "GPU"),
        ("driver", "driver"),
        ("gpu driver", "GPU driver"),
    }


SPOKEN = {
    "three flaky tests": ["tests", "flaky tests"],
    "this was closed as a duplicate": "issues closed or locked",
    "nobody answered for weeks": "unanswered issues",
    "I lost two hours of work": "wasted time",
    "such a condescending reply": "rudeness and insults",
    "it segfaults": "crashes",
}


@pytest.mark.parametrize(("text", "expected"), SPOKEN.items(), ids=SPOKEN.keys())
def test_concerns_are_recognised(text: str, expected: str | list[str]) -> None:
    wanted = [expected] if isinstance(expected, str) else expected
    assert set(wanted) <= concerns_of([text])[0]


@pytest.mark.parametrize("text", ["I don't know", "I don’t know", "they didn’t"])
def test_a_contraction_is_no_term_however_its_apostrophe_is_written(text: str) -> None:
    terms = {term for term, _ in terms_of(text)}

    assert not {"don", "didn", "don't", "didn't"} & terms


PAIR = {"memory", "leak", "memory leak"}
APART = {
    "a comma": ("memory, leak", {"memory", "leak"}),
    "a word of no content": ("memory of leak", {"memory", "leak"}),
    "a number": ("memory 3 leak", {"memory", "leak"}),
    "a link between is none": ("memory `leak`", PAIR),
    "a placeholder between": ("memory [NAME] [<-LINK->] leak :smile:", PAIR),
    "an emoji by its name": ("memory slightly_smiling_face", {"memory"}),
    "nothing": ("", set()),
    "signs only": ("?! 42", set()),
    "letters of other scripts": ("fünf Café", {"fünf", "café", "fünf café"}),
}


@pytest.mark.parametrize(("text", "expected"), APART.values(), ids=APART.keys())
def test_pairs_stand_next_to_each_other(text: str, expected: set[str]) -> None:
    assert {term for term, _ in terms_of(text)} == expected


def test_texts_do_not_run_into_each_other() -> None:
    found = find_terms(pa.array(["memory", "leak", "", "memory leak"]))
    entries = [
        (row, found.terms[form])
        for row, form in zip(found.rows, found.forms, strict=True)
    ]
    assert sorted(entries) == [
        (0, "memory"),
        (1, "leak"),
        (3, "leak"),
        (3, "memory"),
        (3, "memory leak"),
    ]


def concerns_by_re(text: str) -> set[str]:
    """The definition: wordings at word boundaries, one text at a time."""
    lower = text.lower().replace("’", "'")
    return {
        name
        for name, theme in TAXONOMY.themes.items()
        if re.search(rf"(?<![\w-])(?:{'|'.join(theme.wordings)})(?![\w-])", lower)
    }


_PIECES = (
    *("merging", "merge", "merged", "conflict", "conflicts", "flaky", "tests", "a pr"),
    *("the build", "failed", "naïve", "é", "release", "no response", "docs", "-", "'"),
    *(
        "waited for",
        "two",
        "years",
        "x86",
        "_",
        "’",
        ".",
        ",",
        "won’t fix",
        "\n",
        "日本",
    ),
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(_PIECES), st.sampled_from(["", " "])), max_size=8
    ).map(lambda pairs: "".join(piece + gap for piece, gap in pairs))
)
def test_a_column_of_texts_has_the_concerns_of_each(text: str) -> None:
    assert concerns_of([text, "flaky tests"])[0] == concerns_by_re(text)


def test_a_concern_with_a_word_that_must_not_follow() -> None:
    said = ["stop merging this", "a merge conflict", "merged conflict, not merged"]
    spoken = ["pull requests and review" in each for each in concerns_of(said)]
    assert spoken == [True, False, True]
