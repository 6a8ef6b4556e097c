import json

import pytest
from affectflow_examples.lobsters import ReadLobsters

from affectflow.testing import check_source

STORY = {
    "short_id": "abc123",
    "short_id_url": "https://lobste.rs/s/abc123",
    "created_at": "2024-01-10T09:00:00.000-06:00",
    "title": "The build broke AGAIN",
    "description_plain": "",
    "comments_url": "https://lobste.rs/s/abc123/the_build_broke_again",
    "submitter_user": "ann",
    "comments": [
        {
            "short_id": "xyz001",
            "created_at": "2024-01-10T10:00:00.000-06:00",
            "parent_comment": None,
            "comment": "<p>sorry!</p>",
            "commenting_user": {"username": "bob"},
        },
        {
            "short_id": "xyz002",
            "created_at": "2024-01-10T11:00:00.000-06:00",
            "parent_comment": "xyz001",
            "comment_plain": "No harm done.",
            "commenting_user": "ann",
        },
        {"comment": "who said this?"},
    ],
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("lobsters") / "abc123.json"
    path.write_text(json.dumps([STORY, {"error": "not found"}]))
    return path


@pytest.fixture(scope="module")
def rows(page):
    """What is read, once it has kept what every source promises."""
    return check_source(ReadLobsters(paths=str(page)), expected_rows=5).to_pylist()


def test_a_story_and_its_comments_are_one_conversation(rows):
    wanted = ("utterance_id", "reply_to", "speaker_id", "text")
    living = [tuple(row[name] for name in wanted) for row in rows if not row["errors"]]

    assert sorted(living) == [
        ("lobsters:abc123", None, "ann", "The build broke AGAIN"),
        ("lobsters:xyz001", "lobsters:abc123", "bob", "sorry!"),
        ("lobsters:xyz002", "lobsters:xyz001", "ann", "No harm done."),
    ]
    assert {r["conversation_id"] for r in rows if r["text"]} == {"lobsters:abc123"}


def test_what_has_no_id_is_refused(rows):
    errors = [row["errors"][0]["error_type"] for row in rows if row["errors"]]

    assert sorted(errors) == ["no_id", "unknown_shape"]


def test_a_story_is_recognised(page):
    assert ReadLobsters.recognises("abc123.json", page.read_bytes()) > 0.5
    assert ReadLobsters.recognises("posts.csv", b"id,text\n") == 0
