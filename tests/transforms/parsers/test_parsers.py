"""What parsers make of nonsense."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from affectflow import registry
from affectflow.schemas import Status
from tests.given.answers_read import (
    COUNTED,
    EMOTIONS,
    EMPATHY,
    QUOTED_TEXT,
    TITLES,
    YES_NO,
    parsed,
    step,
)
from tests.given.proving import in_proof

ANY_STEP = [
    step("label", *EMOTIONS),
    step("label_set", *EMOTIONS),
    step("open_set"),
    step("score"),
    step("ordinal", low=-3, high=3),
    step("quoted"),
    step("text"),
    QUOTED_TEXT,
    step("sections", parts=TITLES),
    EMPATHY,
    step("reasoned", *YES_NO),
    COUNTED,
]
PIECES = st.sampled_from(
    ["joy", "yes", "no", "3", "-", "Firstly,", "Secondly, <emo>", "</emo>", "\n", '"',
     "Reasoning:", '{"a": ', "1e999", "9" * 400, "}", "[", "]", "<think>", ">>", "NaN"]
)  # fmt: skip
NONSENSE = st.text() | st.lists(PIECES | st.text(max_size=3)).map(" ".join)


@pytest.mark.parametrize("asked", ANY_STEP, ids=lambda asked: asked.parser)
@settings(max_examples=in_proof(2000, 12), deadline=None)
@given(raw=NONSENSE, reading=st.text())
@example(raw="\ud800", reading="\x00")
def test_a_parser_answers_whatever_the_model_said(asked, raw, reading):
    found = parsed(raw, asked, reading)

    assert found
    for each in found:
        assert isinstance(each.status, Status)
        assert each.value is None or each.value == each.value
        assert (each.start is None) == (each.end is None)
        if each.start is not None:
            assert reading[each.start : each.end] == each.text
        if asked.parser in ("label", "label_set"):
            assert each.label is None or each.label in asked.labels
            assert (each.label is None) == (each.status != Status.OK)


def test_every_parser_is_fuzzed_here():
    assert {each.parser for each in ANY_STEP} == set(registry.names("parsers"))
