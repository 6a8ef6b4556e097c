"""Rows 22 and 42 of the literature: a chain of steps, and an intent that suits."""

import pytest

from affectflow import data, vocabularies
from affectflow.kinds.prompt import Prompt
from affectflow_transforms.parsers.parts import render_steps
from tests.given.asked import asked, nonsense
from tests.given.proving import in_proof
from tests.given.scripted import utterances

CHAIN = {
    "event": "the dog\nSecondly, still the event, died",
    "emotion": "sad",
    "cause": "a loss",
    "goal": "comfort",
    "response": "I am sorry.",
}


def chain(said: str) -> list[tuple]:
    """Returns the rows of one answer to the chain: label, text, status."""
    rows, _ = asked("chain_of_empathy", lambda question, request: said, utterances("x"))
    return [(row["label"], row["raw"], row["status"]) for row in rows[0]]


def test_each_step_of_the_chain_is_a_row():
    (step,) = Prompt.load("chain_of_empathy").steps

    found = chain(render_steps(CHAIN, step))

    assert found == [(name, value, "ok") for name, value in CHAIN.items()][:1] + [
        ("sad", "sad", "ok")
    ] + [(name, CHAIN[name], "ok") for name in ("cause", "goal", "response")]


def test_a_step_of_the_chain_that_is_missing_is_named():
    (step,) = Prompt.load("chain_of_empathy").steps
    said = render_steps(CHAIN, step).replace("Thirdly, a loss\n", "")

    found = chain(said)

    assert found[2] == ("cause", said, "unparsed")
    assert [status for _, _, status in found] == ["ok", "ok", "unparsed", "ok", "ok"]
    assert found[3][1] == "comfort"


# -- 42 --------------------------------------------------------------------------------

EMOTIONS = vocabularies.get("empathetic_dialogues").labels
INTENTS = vocabularies.get("empathetic_intents").labels
GROUPS = data.find("taxonomies", "empathetic_intents").table()["groups"]
LEGAL = {e: set(g["intents"]) for g in GROUPS.values() for e in g["emotions"]}


def test_the_table_of_intents_is_total_over_the_32_emotions():
    listed = [emotion for group in GROUPS.values() for emotion in group["emotions"]]

    assert len(EMOTIONS) == 32
    assert sorted(listed) == sorted(EMOTIONS)
    assert all(legal <= set(INTENTS) for legal in LEGAL.values())


def test_the_prompt_asks_what_the_table_says():
    steps = {step.name: step for step in Prompt.load("empathic_reply").steps}

    for name, group in GROUPS.items():
        first, again = steps[f"intent_{name}"], steps[f"again_{name}"]
        assert first.condition.labels == tuple(group["emotions"])
        assert first.labels == again.labels == tuple(group["intents"])


@pytest.mark.parametrize("seed", range(in_proof(200, 8)))
def test_every_intent_is_legal_after_one_reflection_whatever_the_model_says(seed):
    words = [*EMOTIONS, *INTENTS, "yes", "no", "no", "help", "x y z"]
    texts = [f"text {number}" for number in range(20)]

    rows, model = asked("empathic_reply", nonsense(seed, words), utterances(*texts))

    for row in rows:
        felt = [r["label"] for r in row if r["task"] == "emotion" and r["chosen"]]
        intents = [r for r in row if r["vocabulary"] == "empathetic_intents"]
        assert len(intents) <= 2
        assert felt or not intents
        for each in intents:
            assert each["chosen"] == (each["label"] is not None)
            if each["chosen"]:
                assert each["label"] in LEGAL[felt[0]]
            else:
                assert each["status"] in ("unparsed", "out_of_vocabulary", "empty")
    assert len(model.questions) <= 6 * len(texts)


def test_an_intent_that_does_not_suit_is_asked_once_more_and_the_reply_shows_both():
    says = {
        "Which of these": "sad",
        "feels sad. Quote": '"my dog died"',
        "because of": "suggesting",
        "Would suggesting": "no",
        "would not be right": "consoling",
        "Write a reply": "I am sorry.",
    }

    def script(question, request):
        (said,) = [answer for mark, answer in says.items() if mark in question]
        return said

    rows, model = asked("empathic_reply", script, utterances("today my dog died"))

    found = [(r["task"], r["label"], r["start"], r["end"]) for r in rows[0]]
    assert found == [
        ("emotion", "sad", None, None),
        ("empathic_reply", "reason", 6, 17),
        ("intent_low", "suggesting", None, None),
        ("empathic_reply", "no", None, None),
        ("intent_low_again", "consoling", None, None),
        ("empathic_reply", "reply", None, None),
    ]
    assert (
        "A first thought of what the reply should do: suggesting\n"
        in (model.questions[-1])
    )
    assert "where there is one: consoling\n" in model.questions[-1]
