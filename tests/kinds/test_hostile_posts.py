"""Hostile posts are text. The models here are scripted and as bad as can be: they prove
that the host keeps its word whatever a model says, and not what a real model says.
"""

import re

import pytest

from tests.given.hostile_posts import POSTS
from tests.given.scripted import (
    install_scripted,
    marked,
    prompt_file,
    scripted,
    utterances,
)

CALM = tuple(f"ordinary post number {n}" for n in range(10))
LABELS = {"good", "bad"}
PROMPT = """
task = "mood"
[[steps]]
name = "mood"
text = "How is it? {text} Say {labels}. {{text}} is no slot, nor is {} or {\\"a\\": 1}."
parser = "any_label"
labels = ["good", "bad"]
[[steps]]
name = "why"
text = "Why {mood}? {text}"
parser = "whole"
[[steps]]
name = "check"
text = "Is it so? {why} {text}"
parser = "one_label"
labels = ["yes", "no"]
"""


def echoed(question, request):
    """Answers what the post says, or nothing but what its last line says."""
    post = marked(question)
    return post if question.startswith("How") else post.splitlines()[-1:][0]


def ruled(question, request):
    """Gives every label that a closed question has what the post would like."""
    shout = re.search("good|superb", marked(question)) is not None
    return {label: 1.0 if shout == (label == "good") else 0.0 for label in LABELS}


@pytest.fixture(autouse=True)
def parsers(tmp_path_factory, monkeypatch):
    install_scripted(tmp_path_factory.mktemp("site"), monkeypatch)


def answers(folder, texts, script, text=PROMPT, decode="text"):
    """Returns annotations by text, the whole result, and what was asked."""
    handler = scripted(prompt_file(folder, text), script, decode=decode)
    model = handler.load_model()
    result = handler.apply(utterances(*texts), model)
    rows = dict(zip(texts, result["annotations"].to_pylist(), strict=True))
    return rows, result, model


def test_there_are_sixty_all_different():
    assert len(POSTS) == len(set(POSTS)) == 60


def test_hostile_posts_change_no_other_row(tmp_path):
    mixed = [*CALM[:5], *POSTS, *CALM[5:]]

    alone, before, calm = answers(tmp_path, CALM, echoed)
    among, _, model = answers(tmp_path, mixed, echoed)

    assert "errors" not in before.schema.names
    assert {text: among[text] for text in CALM} == alone
    assert set(calm.questions) <= set(model.questions)


def test_no_answer_of_a_model_that_obeys_adds_a_label(tmp_path):
    rows, result, _ = answers(tmp_path, POSTS, echoed)

    assert result.num_rows == 60
    assert "errors" not in result.schema.names
    assert all(rows.values())
    closed = [
        each
        for found in rows.values()
        for each in found
        if each["vocabulary"] != "asked.why"
    ]
    labels = {each["label"] for each in closed if each["label"] is not None}
    assert labels == LABELS
    for each in closed:
        said = each["status"] == "ok"
        assert said == (each["label"] is not None)
        assert said or each["raw"] is not None


def test_a_closed_question_has_no_other_answer(tmp_path):
    text = PROMPT.split('[[steps]]\nname = "why"')[0].replace("any_label", "one_label")

    rows, _, _ = answers(tmp_path, POSTS, ruled, text, decode="choice")

    assert {each["label"] for found in rows.values() for each in found} == LABELS
    assert {each["status"] for found in rows.values() for each in found} == {"ok"}


def test_each_post_stands_whole_between_marks_that_it_does_not_have(tmp_path):
    _, _, model = answers(tmp_path, POSTS, echoed)

    (first, *_) = model.calls
    for request, post in zip(first, POSTS, strict=True):
        question = request.messages[-1].content
        number = re.search(r"\[text (\w{16})\]\n", question)[1]
        fenced = f"[text {number}]\n{post}\n[end {number}]"
        assert question == (
            f"How is it? {fenced} Say good, bad. "
            '{text} is no slot, nor is {} or {"a": 1}.'
        )
        assert number not in post


def test_what_a_model_said_of_a_post_is_fenced_too(tmp_path):
    _, _, model = answers(tmp_path, POSTS, echoed)

    (*_, last) = model.calls
    for request in last:
        question = request.messages[-1].content
        assert len(re.findall(r"\[text \w{16}\]\n", question)) >= 2
        assert question.startswith("Is it so? [text ")
