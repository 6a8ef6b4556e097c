"""Row 1 of the literature: the five prompts of EmoLLMs, byte for byte."""

import pytest

from affectflow.kinds.prompt import Prompt
from tests.given.asked import asked, first
from tests.given.scripted import utterances

# The examples of the README of lzw108/EmoLLMs (MIT), and what it gives as answers. It
# prints a blank after `Human:` in the first only; src/inference.py has it in all.
JOY = """Human: 
Task: Assign a numerical value between 0 (least E) and 1 (most E) to represent the intensity of emotion E expressed in the text.
Text: @CScheiwiller can't stop smiling 😆😆😆
Emotion: joy
Intensity Score:

Assistant:
"""  # noqa: E501, W291
STRENGTH = """Human: 
Task: Evaluate the valence intensity of the writer's mental state based on the text, assigning it a real-valued score from 0 (most negative) to 1 (most positive).
Text: Happy Birthday shorty. Stay fine stay breezy stay wavy @daviistuart 😘
Intensity Score:

Assistant:
"""  # noqa: E501, W291
CLASS = """Human: 
Task: Categorize the text into an ordinal class that best characterizes the writer's mental state, considering various degrees of positive and negative sentiment intensity. 3: very positive mental state can be inferred. 2: moderately positive mental state can be inferred. 1: slightly positive mental state can be inferred. 0: neutral or mixed mental state can be inferred. -1: slightly negative mental state can be inferred. -2: moderately negative mental state can be inferred. -3: very negative mental state can be inferred
Text: Beyoncé resentment gets me in my feelings every time. 😩
Intensity Class:

Assistant:
"""  # noqa: E501, W291
EMOTIONS = """Human: 
Task: Categorize the text's emotional tone as either 'neutral or no emotion' or identify the presence of one or more of the given emotions (anger, anticipation, disgust, fear, joy, love, optimism, pessimism, sadness, surprise, trust).
Text: Whatever you decide to do make sure it makes you #happy.
This text contains emotions:

Assistant:
"""  # noqa: E501, W291
GOLDEN = {
    "emollm_ei_reg": (JOY, ">>0.896"),
    "emollm_v_reg": (STRENGTH, ">>0.879"),
    "emollm_v_oc": (CLASS, ">>-3: very negative emotional state can be inferred"),
    "emollm_e_c": (EMOTIONS, ">>joy, love, optimism"),
}


def text_of(golden: str) -> str:
    return golden.split("\nText: ")[1].split("\n")[0]


def answers(name: str, said: str, text: str = "x") -> list[tuple]:
    """Returns the rows of a text: task, label, value, status."""
    rows, _ = asked(name, lambda question, request: said, utterances(text))
    return [(r["task"], r["label"], r["value"], r["status"]) for r in rows[0]]


@pytest.mark.parametrize("name", GOLDEN)
def test_what_the_model_reads_is_the_published_form_byte_for_byte(name):
    golden, _ = GOLDEN[name]

    _, model = asked(name, lambda question, request: "", utterances(text_of(golden)))

    assert golden in model.questions
    assert all(len(request.messages) == 1 for call in model.calls for request in call)


def test_the_published_answers_are_read():
    def of(name):
        return answers(name, GOLDEN[name][1])

    assert ("joy_intensity", "joy_intensity", pytest.approx(0.896), "ok") in of(
        "emollm_ei_reg"
    )
    assert of("emollm_v_reg") == [
        ("valence", "valence_score", pytest.approx(0.879), "ok")
    ]
    assert of("emollm_v_oc") == [("valence_class", "valence_class", -3.0, "ok")]
    assert of("emollm_e_c") == [
        ("emotion", label, None, "ok") for label in ("joy", "love", "optimism")
    ]


@pytest.mark.parametrize(
    ("said", "status"),
    [("1.7", "out_of_range"), ("four", "unparsed"), ("", "empty")],
)
def test_an_answer_that_is_no_score_has_a_status_and_no_value(said, status):
    assert answers("emollm_v_reg", said) == [("valence", None, None, status)]


def test_one_of_eleven_emotions_or_none():
    assert answers("emollm_e_c", "neutral or no emotion") == [
        ("emotion", "neutral", None, "ok")
    ]
    assert answers("emollm_e_c", "schadenfreude") == [
        ("emotion", None, None, "out_of_vocabulary")
    ]


def test_intensity_is_asked_of_four_emotions_and_its_range_stands_in_the_file():
    reg, oc = Prompt.load("emollm_ei_reg"), Prompt.load("emollm_ei_oc")

    for prompt, high in ((reg, 1), (oc, 3)):
        assert [s.name for s in prompt.steps] == ["anger", "fear", "joy", "sadness"]
        assert all(s.options["name"] == s.labels[0] == s.task for s in prompt.steps)
        assert {s.options["high"] for s in prompt.steps} == {high}
    assert "unverified" in oc.source
    assert ("joy_intensity_class", "joy_intensity_class", 3.0, "ok") in answers(
        "emollm_ei_oc", ">>3: x"
    )
    assert "\nEmotion: anger\nIntensity Class:\n" in first("emollm_ei_oc", "x")
