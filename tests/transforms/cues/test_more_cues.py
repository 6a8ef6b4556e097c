"""Statuses, statements and brackets are no cues; a heart between words is."""

import pytest

from affectflow_transforms.cues.emoticons import RenderEmoticons
from affectflow_transforms.cues.typography import RenderTypography


@pytest.mark.parametrize(
    "text",
    [
        "HTTP 500 INTERNAL SERVER ERROR",
        "got 403 FORBIDDEN",
        "PUT /users/3 returns 404 NOT FOUND",
        "status: BAD GATEWAY",
        "BEGIN TRANSACTION; COMMIT;",
        "ALTER TABLE x ADD COLUMN y INT",
    ],
)
def test_statuses_and_statements_are_not_shouted(text):
    assert not RenderTypography().render(text)


@pytest.mark.parametrize(
    "text", ["NOT AGAIN", "IT IS FORBIDDEN, STOP", "BAD BAD BUILD"]
)
def test_words_in_capitals_are_shouted(text):
    assert [cue.cue for cue in RenderTypography().render(text)] == ["shouting"]


@pytest.mark.parametrize("text", ["map {k:P, v:D}", "see [a:D]", "((a) b):c", "i <3 j"])
def test_code_has_no_face(text):
    assert not RenderEmoticons().render(text)


@pytest.mark.parametrize("text", ["I <3 you all", "we <3 Python", "thanks! <3"])
def test_a_heart_is_one(text):
    assert [cue.phrase for cue in RenderEmoticons().render(text)] == ["heart"]
