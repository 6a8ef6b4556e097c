import json

import pytest

from affectflow_connectors.discourse import ReadDiscourse
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

FIRST = {
    "id": 70,
    "topic_id": 5,
    "topic_slug": "eggs",
    "post_number": 1,
    "post_type": 1,
    "username": "ann",
    "user_id": 4,
    "created_at": "2024-05-01T10:00:00.000Z",
    "updated_at": "2024-05-01T10:00:00.000Z",
    "version": 1,
    "cooked": "<p>How long? مرحبا 😂</p>",
}
SECOND = FIRST | {
    "id": 71,
    "post_number": 2,
    "username": "bob",
    "cooked": '<aside class="quote"><div class="title">ann:</div><blockquote><p>How '
    "long?</p></blockquote></aside><p>6 minutes</p>",
}
THIRD = SECOND | {"id": 72, "post_number": 3, "reply_to_post_number": 2}
POSTS = [FIRST, SECOND, THIRD]
SHAPES = {
    "topic.json": {"id": 5, "title": "Eggs", "post_stream": {"posts": POSTS}},
    "more.json": {"id": 5, "post_stream": {"posts": POSTS}},
    "latest.json": {"latest_posts": POSTS[::-1]},
    "lines.ndjson": POSTS,
    "array.json": POSTS,
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadDiscourse, tmp_path, SHAPES[name], name)

    assert sorted((r["utterance_id"], r["reply_to"], r["text"]) for r in rows) == [
        ("discourse:5/1", None, "How long? مرحبا 😂"),
        ("discourse:5/2", "discourse:5/1", "> How long?\n\n6 minutes"),
        ("discourse:5/3", "discourse:5/2", "> How long?\n\n6 minutes"),
    ]
    assert {r["conversation_id"] for r in rows} == {"discourse:5"}
    assert "ann:" not in str([r["text"] for r in rows])


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"moderator": True}, "speaker_role", "moderator"),
        ({"deleted_at": "2024-05-02T10:00:00Z"}, "deleted", True),
        ({"user_deleted": True}, "deleted", True),
        ({"post_type": 3}, "kind", "system"),
        ({"post_type": 4}, "visibility", "private"),
        ({"user_id": -2, "username": "helper"}, "is_bot", True),
        ({"version": 2}, "edited_at", None),  # at the same second
        ({"cooked": None, "raw": "as *typed*"}, "text", "as *typed*"),
    ],
)
def test_what_a_post_says_of_itself(tmp_path, changes, column, expected):
    (row,) = rows_of_text(ReadDiscourse, tmp_path, [FIRST | changes], "a.json")

    assert row[column] == expected


def test_private_topics_are_marked(tmp_path):
    topic = SHAPES["topic.json"] | {"archetype": "private_message"}

    rows = rows_of_text(ReadDiscourse, tmp_path, topic, "a.json")

    assert {row["visibility"] for row in rows} == {"private"}


def test_a_folder_or_an_option_names_the_forum(tmp_path):
    folder = tmp_path / "meta.discourse.example"
    folder.mkdir()
    path = written(folder, [SECOND], "a.json")

    (row,) = rows_of(ReadDiscourse, path)
    (named,) = rows_of(ReadDiscourse, path, host="https://Other.example/")

    assert row["utterance_id"] == "discourse:meta.discourse.example/5/2"
    assert row["url"] == "https://meta.discourse.example/t/5/2"
    assert named["container"] == "other.example"


def test_what_is_no_post_is_counted_or_refused(tmp_path):
    listed = {"topic_list": {"topics": [{"id": 5, "posts_count": 3}]}}
    records = [listed, {"errors": ["slow down"]}, 3, FIRST | {"cooked": None}]

    rows = rows_of_text(ReadDiscourse, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *("not_an_utterance", "unknown_shape", "unknown_shape", "no_text"),
    ]


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["lines.ndjson"], "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadDiscourse, path, cuts) == rows_of(ReadDiscourse, path)


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    rows = rows_of_text(ReadDiscourse, tmp_path, json.dumps(POSTS)[:-50], "a.json")

    assert ids(rows) == ["discourse:5/1", "discourse:5/2"]
    assert error_types(rows)[-1]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("latest.json", ["not_an_utterance"] * 3),
        ("posts_latest.json", [""] * 4),
        ("topic.json", [""] * 4),
        ("topic_posts.json", [""]),
    ],
)
def test_real_files_are_read_whole(shared_data, name, kinds):
    path = shared_data / "raw_discourse" / name

    assert error_types(rows_of(ReadDiscourse, path)) == kinds
    assert ReadDiscourse.recognises(name, path.read_bytes()) >= 0.9
