"""What parsers read as parts of an answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow.kinds.prompt import Answer
from affectflow.schemas import Status
from affectflow_transforms.parsers.parts import render_steps
from tests.given.answers_read import (
    EMPATHY,
    TITLES,
    YES_NO,
    parsed,
    step,
)
from tests.given.proving import in_proof


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(
            "Observation: brows: up\nReasoning: so\nConclusion: joy",
            {"Observation": "brows: up", "Reasoning": "so", "Conclusion": "joy"},
            id="a colon inside",
        ),
        pytest.param(
            "**Observation**: a\n\n2. **Reasoning:** b\n## Conclusion\nc\nd",
            {"Observation": "a", "Reasoning": "b", "Conclusion": "c\nd"},
            id="a colon outside, a number, and a heading",
        ),
        pytest.param(
            "Observation: a\nConclusion: c",
            {"Observation": "a", "Reasoning": None, "Conclusion": "c"},
            id="the middle is missing",
        ),
        pytest.param(
            "Observation:\nReasoning: b",
            {"Observation": None, "Reasoning": "b", "Conclusion": None},
            id="an empty one",
        ),
        pytest.param("", dict.fromkeys(TITLES), id="nothing"),
    ],
)
def test_sections_are_read_by_their_titles(raw, expected):
    found = parsed(raw, step("sections", parts=TITLES))

    assert {each.label: each.text or None for each in found} == expected
    assert all((not a.text) == (a.status == Status.UNPARSED) for a in found)


NAMES = [each["name"] for each in EMPATHY.options["parts"]]
PARTS = st.text("abS \n:,<>emo/" + "\u00e9\U0001f4a5") | st.sampled_from(
    ["a\nSecondly, b", "Secondly", "Firstly,\n\n Thirdly, x", "1.\n2.", "a\n b"]
)
FIELDS = PARTS.map(str.strip).filter(bool)


@settings(max_examples=in_proof(2000, 30), deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, FIELDS)))
def test_steps_written_out_are_read_as_the_same(values):
    found = parsed(render_steps(values, EMPATHY), EMPATHY)

    assert [each.text for each in found] == [values[name] for name in NAMES]


WHOLE = {
    "event": "the dog\nSecondly, and this is still the event, died",
    "emotion": "sad",
    "cause": "a loss",
    "goal": "comfort",
    "response": "I am sorry.",
}


@pytest.mark.parametrize("missing", NAMES)
def test_a_step_that_is_missing_is_named_and_the_others_keep_their_places(missing):
    lines = render_steps(WHOLE, EMPATHY).split("\n")
    marks = {each["name"]: each["mark"] for each in EMPATHY.options["parts"]}
    kept = "\n".join(x for x in lines if not x.startswith(marks[missing]))

    found = dict(zip(NAMES, parsed(kept, EMPATHY), strict=True))

    assert found[missing].status == Status.UNPARSED
    assert found[missing].label == missing
    others = [name for name in NAMES if name not in (missing, "event")]
    assert all(found[name].text == WHOLE[name] for name in others)


def test_a_model_that_does_not_indent_is_read_too():
    raw = (
        "Firstly, a\nSecondly, still a\nSecondly, <emo>Sad</emo>\nThirdly, b\n"
        "Fourthly, c\nFinally, d</response> and more"
    )

    found = parsed(raw, EMPATHY)

    assert [each.text for each in found] == ["a\nSecondly, still a", "Sad", *"bcd"]
    assert [each.label for each in found][:2] == ["event", "sad"]


def test_an_emotion_that_is_no_label_is_kept_as_text():
    raw = render_steps(WHOLE | {"emotion": "melancholy"}, EMPATHY)

    emotion = parsed(raw, EMPATHY)[1]

    assert emotion == Answer(
        "emotion", text="melancholy", status=Status.OUT_OF_VOCABULARY
    )


@pytest.mark.parametrize(
    ("raw", "label", "why"),
    [
        ("No. Reasoning: it is calm.", "no", "it is calm."),
        ("Yes, it does.\n\nReasoning:\nIt hurts.", "yes", "It hurts."),
        ("Yes. \n\nThe words are dark.", "yes", "The words are dark."),
        ("Yes", "yes", None),
        ("It is hard to say. Reasoning: who knows?", None, "who knows?"),
        ("Reasoning: no idea.", None, "no idea."),
        ("", None, None),
    ],
)
def test_a_label_and_its_reason_are_read_apart(raw, label, why):
    first, second = parsed(raw, step("reasoned", *YES_NO, parts=("explanation",)))

    assert (first.label, second.text or None) == (label, why)
    assert second.label == "explanation"
    assert (first.status == Status.OK) == (label is not None)
