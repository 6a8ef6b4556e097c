"""What parsers read as quotes and texts, and where those stand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.kinds.prompt import Answer
from affectflow.schemas import Status
from affectflow_transforms.parsers.spans import place_of
from tests.given.answers_read import (
    QUOTED_TEXT,
    READING,
    parsed,
    said,
    step,
)
from tests.given.proving import in_proof


@pytest.mark.parametrize(
    ("raw", "span"),
    [
        (
            'It says "the build \U0001f4a5 broke", so it is',
            "the build \U0001f4a5 broke",
        ),
        ("\u201cfailed\u201d", "failed"),
        ("The \u00dcbung", "The \u00dcbung"),
        ('"again and again"', "Again and  again"),
    ],
)
def test_a_quoted_span_is_found_where_it_stands(raw, span):
    (found,) = parsed(raw, step("quoted"), READING)

    assert found.status == Status.OK
    assert found.text == READING[found.start : found.end] == span


@pytest.mark.parametrize(
    ("raw", "status"),
    [('"the tests"', "unaligned"), ("none", "abstained"), ("", "empty")],
)
def test_a_span_that_does_not_stand_there_has_no_place(raw, status):
    (found,) = parsed(raw, step("quoted"), READING)

    assert (found.start, found.end, found.status.word) == (None, None, status)


@settings(max_examples=in_proof(2000, 20), deadline=None)
@given(st.text(), st.text())
def test_a_place_is_that_of_the_span_but_for_case_and_blanks(span, reading):
    place = place_of(span, reading)

    if place is not None:
        found = reading[slice(*place)]
        assert found == span or found.lower().split() == span.lower().split()
    assert place is not None or span not in reading or not span


@pytest.mark.parametrize(
    ("raw", "place", "reply"),
    [
        ('"the build"\nIt can be mended.', (36, 45), "It can be mended."),
        ('"the tests" - Calm down.', None, "Calm down."),
        ("It can be mended.", None, "It can be mended."),
        ('"failed"', (10, 16), None),
        ("", None, None),
    ],
)
def test_a_quote_and_the_words_after_it_are_read_apart(raw, place, reply):
    span, text = parsed(raw, QUOTED_TEXT, READING)

    assert (span.label, text.label) == ("evidence", "reframe")
    assert (text.text or None) == reply
    assert ((span.start, span.end) if span.status == Status.OK else None) == place
    assert (text.status == Status.OK) == (reply is not None)


def test_a_text_is_kept_as_it_is():
    (found,) = parsed(" a reply\nof two lines ", step("text", name="reply"))

    assert found == Answer("reply", text="a reply\nof two lines")
    assert said("  ", step("text")) == [("empty",)]
