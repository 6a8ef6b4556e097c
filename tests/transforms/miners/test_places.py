"""Where causes may lie in a sentence, whatever the emotion."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow_transforms.miners.clauses import Reading
from affectflow_transforms.miners.phrases.connectives import WORDINGS
from affectflow_transforms.miners.places import places

HINTED = [wording for wording in WORDINGS if wording.hints]


@pytest.mark.parametrize("wording", HINTED, ids=lambda wording: wording.name)
@given(data=st.data())
def test_what_a_wording_matches_holds_one_of_its_hints(wording, data):
    ascii_only = re.compile(wording.pattern, re.ASCII)
    sentence = data.draw(
        st.from_regex(ascii_only, alphabet=st.characters(codec="ascii"))
    )

    assert wording.may_be_in(sentence)


def test_a_wording_clauses_and_the_sentence_point_at_spans():
    text = "I am annoyed, because the build fails again."
    reading = Reading(text, [])

    found = places(reading, 0)

    worded = {w.name: text[s.start : s.end] for w, s in found.worded}
    assert worded["because"] == "the build fails again"
    assert [text[s.start : s.end] for s in found.clauses] == [
        "I am annoyed",
        "the build fails again",
    ]
    assert found.whole is not None
    assert text[found.whole.start : found.whole.end] == text[:-1]
    assert found.is_short


def test_a_long_sentence_is_not_short():
    assert not places(Reading("word after word " * 20, []), 0).is_short


def test_a_reading_keeps_its_places():
    one, same = Reading("It fails.", []), Reading("It fails.", [])

    assert places(one, 0) is places(one, 0)
    assert places(one, 0) is not places(same, 0)
    assert places(one, 0) == places(same, 0)
