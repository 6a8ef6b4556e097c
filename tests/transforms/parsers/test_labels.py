"""What parsers read as labels."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from affectflow.kinds.prompt import is_closed, parser_of
from affectflow_transforms.parsers.labels import render_open_set
from tests.given.answers_read import (
    EMOTIONS,
    YES_NO,
    parsed,
    said,
    step,
)
from tests.given.proving import in_proof


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("joy", "joy", id="a label"),
        pytest.param(">> **Joy**.\n", "joy", id="a label in markup"),
        pytest.param("Joy, because it works again", "joy", id="a label, then why"),
        pytest.param("The author is full of joy", "joy", id="a label in prose"),
        pytest.param("It is not anger but fear", "fear", id="a label that is denied"),
        pytest.param("<think>anger?</think>fear", "fear", id="after thinking"),
        pytest.param("anger, joy", "unparsed", id="two at the head"),
        pytest.param("anger or joy", "unparsed", id="two"),
        pytest.param("jealousy", "out_of_vocabulary", id="another label"),
        pytest.param("I am only a language model here", "unparsed", id="prose"),
        pytest.param("enjoyment", "out_of_vocabulary", id="a label inside a word"),
        pytest.param("<think>joy, surely", "empty", id="thinking that never ended"),
        pytest.param("", "empty", id="nothing"),
    ],
)
def test_one_label_is_read(raw, expected):
    assert said(raw, step("label", *EMOTIONS)) == [(expected,)]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Yes, there is no doubt.", "yes"),
        ("No. The post is calm.", "no"),
        ("No, yes", "unparsed"),
        ("not sure", "out_of_vocabulary"),
    ],
)
def test_an_answer_that_begins_with_a_label_is_that_label(raw, expected):
    assert said(raw, step("label", *YES_NO)) == [(expected,)]


def test_the_longest_label_and_other_spellings_count():
    labels = ("suicide or self-harm", "suicide", "none")
    asked = step("label", *labels, aliases={"no disorder": "none"})

    assert said("It shows suicide or self-harm", asked) == [("suicide or self-harm",)]
    assert said("There is no disorder here", asked) == [("none",)]


def test_every_label_parses_to_itself_and_can_be_asked_by_likelihood():
    for labels in (EMOTIONS, YES_NO, ("self-harm", "all-or-nothing", "AC/DC")):
        asked = step("label", *labels)
        assert [said(each, asked) for each in labels] == [[(each,)] for each in labels]
        assert is_closed(asked, parser_of(asked))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(">>joy, fear", [("joy",), ("fear",)], id="a list"),
        pytest.param("Joy and fear.", [("joy",), ("fear",)], id="and"),
        pytest.param("neutral or no emotion", [("neutral",)], id="or in a name"),
        pytest.param("- joy\n- joy", [("joy",)], id="twice"),
        pytest.param(
            "There is joy and some fear in it, though little",
            [("joy",), ("fear",)],
            id="prose",
        ),
        pytest.param("joy, envy", [("joy",), ("out_of_vocabulary",)], id="one of two"),
        pytest.param(
            "This text contains emotions: joy, fear, and anger.",
            [("joy",), ("fear",), ("anger",)],
            id="led in by a colon",
        ),
        pytest.param(
            "The author feels joy, fear", [("joy",), ("fear",)], id="led in by words"
        ),
        pytest.param(
            "The author does not express joy, fear, anger.",
            [("unparsed",)],
            id="a list that is denied",
        ),
        pytest.param("It is not joy, but fear", [("fear",)], id="one that is denied"),
        pytest.param("envy", [("out_of_vocabulary",)], id="another"),
        pytest.param("none", [("abstained",)], id="none"),
        pytest.param("[]", [("abstained",)], id="an empty list"),
        pytest.param(
            "As an AI, I do not know what people feel", [("unparsed",)], id="x"
        ),
        pytest.param("", [("empty",)], id="nothing"),
    ],
)
def test_several_labels_are_read(raw, expected):
    aliases = {"neutral or no emotion": "neutral"}

    assert said(raw, step("label_set", *EMOTIONS, aliases=aliases)) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param("[]", [("abstained",)], id="no label"),
        pytest.param(
            "[happy, sad, and angry]", [("happy",), ("sad",), ("angry",)], id="and"
        ),
        pytest.param("""['a', "b"]""", [("a",), ("b",)], id="quotes"),
        pytest.param("happy.", [("happy",)], id="a dot"),
        pytest.param("['a' 'b'\n 'c']", [("a",), ("b",), ("c",)], id="as numpy prints"),
        pytest.param("array(['a', 'b'], dtype='<U1')", [("a",), ("b",)], id="an array"),
        pytest.param("Output: [Happy]", [("happy",)], id="a title"),
        pytest.param("don't care", [("don't care",)], id="an apostrophe"),
        pytest.param("none", [("abstained",)], id="none"),
        pytest.param("The person seems to be happy", [("unparsed",)], id="prose"),
        pytest.param("", [("empty",)], id="nothing"),
    ],
)
def test_any_labels_are_read(raw, expected):
    assert said(raw, step("open_set")) == expected


@settings(max_examples=in_proof(2000, 30), deadline=None)
@given(st.text("ab,;[]'\".&\n (){}-_*<>`|and", max_size=40) | st.text())
@example("[and, and]")
@example("[[a]]")
def test_any_labels_written_out_are_read_as_the_same(raw):
    asked = step("open_set")
    once = [a for a in parsed(raw, asked) if a.label]

    again = [a for a in parsed(render_open_set(once), asked) if a.label]

    assert again == once
