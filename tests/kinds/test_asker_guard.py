"""Askers with a guard: what it matches is asked of no model."""

import json

import pytest

from affectflow import people
from affectflow.errors import UsageError
from affectflow.kinds.account import open_account
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


def with_rule(folder, text):
    rule = folder / "rule.toml"
    rule.write_text('phrases = ["kill myself"]\nnotice = "To the analyst: read it."\n')
    return f"guard = '{rule}'\n{text}"


def with_guard(folder):
    return scripted(prompt_file(folder, with_rule(folder, MOOD)), str)


def guarded(folder, text, batch, **options):
    text = with_rule(folder, text)
    with open_account() as opened:
        found = asked(folder, text, lambda q, r: {"good": 1}, batch, **options)
    return *found, opened.tallied


def test_what_a_guard_matches_is_asked_of_no_model_and_only_counted(tmp_path):
    batch = utterances("hi", "I could kill myself", "thanks")

    _, rows, model, counts = guarded(tmp_path, MOOD, batch)

    assert [marked(each) for each in model.questions] == ["hi", "thanks"]
    assert said(rows, "label") == [[("good",)], [], [("good",)]]
    assert counts == {"guarded": 1}


def test_which_rows_a_guard_matched_is_stored_if_persons_are_allowed(tmp_path):
    batch = utterances("hi", "I could kill myself")

    with people.using(purpose="a study", allow_person_level=True):
        _, rows, _, counts = guarded(tmp_path, MOOD, batch)

    assert said(rows, "status", "label")[1] == [("guarded", None)]
    assert counts == {}  # the rows are counted


def test_a_prompt_with_a_guard_touches_health(tmp_path):
    assert with_guard(tmp_path).annotator()["touches"] == ["health"]
    why = "the prompt 'asked' may reveal a person's health, which is refused"
    refused = pytest.raises(UsageError, match=why)
    with people.using(context="insurance"), refused:
        with_guard(tmp_path)


def test_a_conversation_with_a_guarded_turn_has_no_answer(tmp_path):
    batch = utterances("hi", "I could kill myself", "ok", conversation_id=["1"] * 3)
    text = MOOD.replace("[[steps]]", 'unit = "conversation"\n[[steps]]')

    _, rows, model, counts = guarded(tmp_path, text, batch)

    assert model.questions == []
    assert rows == [[], [], []]
    assert counts == {"guarded": 1}


def test_the_notice_of_a_guard_stands_with_the_annotator(tmp_path):
    said = with_guard(tmp_path).annotator()

    assert said["notice"] == "To the analyst: read it."
    assert json.loads(said["parameters"])["guard"].startswith("rule@")
