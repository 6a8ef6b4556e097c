"""Askers that show history, or ask about conversations and roles."""

import time

import pytest

from affectflow.batches.readings import read
from affectflow.kinds.questions import questions_of
from affectflow.schemas import Status
from tests.given.moods import MOOD, asked, said
from tests.given.scripted import (
    install_scripted,
    marked,
    prompt_file,
    scripted,
    utterances,
)


@pytest.fixture(autouse=True)
def parsers(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


def test_history_shows_who_said_what_before(tmp_path):
    text = MOOD.replace("[[steps]]", "history = 2\n[[steps]]")
    text = text.replace("How is it?", "{history}")
    batch = utterances("a", "b", "c", "d", speaker_role=["x", None, "x", None])

    _, _, model = asked(tmp_path, text, lambda q, r: {"good": 1}, batch)

    assert marked(model.questions[3]) == "B: b\nA (x): c"
    assert marked(model.questions[0]) == "a"


def test_history_of_a_long_conversation_takes_no_longer_for_each_turn(tmp_path):
    text = MOOD.replace("[[steps]]", "history = 2\n[[steps]]")
    handler = scripted(prompt_file(tmp_path, text), str)
    batch = utterances(*(f"turn {n}" for n in range(6_000)))
    begun = time.process_time()

    questions = questions_of(batch, handler.asked, read(batch), {})

    assert time.process_time() - begun < 3
    assert questions[-1].history == "B: turn 5997\nA: turn 5998"


def test_an_answer_about_a_conversation_stands_at_its_last_utterance(tmp_path):
    text = MOOD.replace("[[steps]]", 'unit = "conversation"\nroles = ["x"]\n[[steps]]')
    batch = utterances(
        *("a", "b", "c", "d", "e"),
        conversation_id=["1", "1", "1", "1", "2"],
        speaker_role=["x", "y", "x", "y", "y"],
    )

    _, rows, model = asked(tmp_path, text, lambda q, r: {"good": 1}, batch)

    assert said(rows, "label") == [[], [], [("good",)], [], []]
    assert [marked(each) for each in model.questions] == ["A (x): a\nA (x): c"]


def test_roles_can_be_said_in_place_of_the_prompts(tmp_path):
    text = MOOD.replace("[[steps]]", 'roles = ["x"]\n[[steps]]')
    batch = utterances("a", "b", speaker_role=["x", "y"])

    _, some, _ = asked(tmp_path, text, lambda q, r: {"good": 1}, batch)
    _, every, _ = asked(tmp_path, text, lambda q, r: {"good": 1}, batch, roles=())

    assert said(some, "label") == [[("good",)], []]
    assert said(every, "label") == [[("good",)], [("good",)]]


def test_what_is_held_back_is_neither_asked_about_nor_shown(tmp_path):
    text = MOOD.replace("[[steps]]", "history = 9\n[[steps]]")
    text = text.replace("How is it?", "{history}")
    handler = scripted(prompt_file(tmp_path, text), lambda q, r: {"good": 1})
    type(handler).held_back = lambda self, batch: {1: Status.WITHHELD}
    model = handler.load_model()

    rows = handler.apply(utterances("a", "b", "c"), model)["annotations"].to_pylist()

    assert said(rows, "status", "label")[1] == [("withheld", None)]
    assert marked(model.questions[1]) == "A: a"
