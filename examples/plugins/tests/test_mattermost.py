import json

import pytest
from affectflow_examples.mattermost import ReadMattermost

from affectflow.testing import check_source

LINES = [
    {"type": "version", "version": 1},
    {
        "type": "post",
        "post": {
            "team": "harbour",
            "channel": "boats",
            "user": "ann",
            "message": "the build broke AGAIN",
            "create_at": 1772366400000,
            "replies": [
                {"user": "bob", "message": "sorry!", "create_at": 1772366460000}
            ],
        },
    },
    {"type": "post", "post": {"team": "harbour", "message": "who said this?"}},
]


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    path = tmp_path_factory.mktemp("mattermost") / "export.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in LINES))
    return path


@pytest.fixture(scope="module")
def rows(export):
    """What is read, once it has kept what every source promises."""
    source = ReadMattermost(paths=str(export), include_private=True)
    return check_source(source, expected_rows=4).to_pylist()


def test_a_post_and_its_replies_are_one_conversation(rows):
    post = {
        "utterance_id": "mattermost:harbour/boats/1772366400000",
        "conversation_id": "mattermost:harbour/boats/1772366400000",
        "reply_to": None,
        "container": "harbour/boats",
        "text": "the build broke AGAIN",
    }
    reply = post | {
        "utterance_id": "mattermost:harbour/boats/1772366460000",
        "reply_to": post["utterance_id"],
        "text": "sorry!",
    }
    living = [{name: row[name] for name in post} for row in rows if row["text"]]
    assert sorted(living, key=lambda row: row["utterance_id"]) == [post, reply]


def test_a_line_that_is_no_post_is_counted_and_a_broken_post_refused(rows):
    errors = [row["errors"][0]["error_type"] for row in rows if row["errors"]]

    assert sorted(errors) == ["not_an_utterance", "unknown_shape"]


def test_an_export_is_recognised(export):
    assert ReadMattermost.recognises("export.jsonl", export.read_bytes()) > 0.5
    assert ReadMattermost.recognises("posts.csv", b"id,text\n") == 0
