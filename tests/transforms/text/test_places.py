"""A pattern tried at some places finds what a search of the whole text finds."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow_transforms.text.segments.credentials import (
    _NAMED_SECRET,
    _PASSWORD,
    _SECRET_NAMES,
)
from affectflow_transforms.text.segments.places import at_words

PIECES = [
    *("token", "TOKEN", "api_key", "secret", "Passwort", "pwd", "--password", "pass"),
    *("paſſword", "İ", "K", "=", ": ", " is ", '"', " ", "\n", "-", "a1B2c3D4e5F6g7H8"),
]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [(_NAMED_SECRET, _SECRET_NAMES), (_PASSWORD, ("pass", "kennwort", "pwd"))],
    ids=["named secrets", "passwords"],
)
@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_words_are_where_a_match_begins(pattern, words, pieces):
    text = "".join(pieces)

    found = [match.span() for match in at_words(pattern, words, text)]

    assert found == [match.span() for match in pattern.finditer(text)]


def test_matches_do_not_overlap():
    found = at_words(re.compile("ab.b", re.I), ("ab",), "abAb ab.b")

    assert [match.span() for match in found] == [(0, 4), (5, 9)]
