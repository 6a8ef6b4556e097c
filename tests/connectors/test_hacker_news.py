import json

import pytest

from affectflow_connectors.hacker_news import ReadHackerNews
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

STORY = {
    "id": 1,
    "type": "story",
    "by": "ann",
    "time": 1714557600,
    "title": "Eggs &amp; ovens",
    "url": "https://e.org",
    "score": 5,
    "kids": [2],
    "descendants": 1,
}
COMMENT = {
    "id": 2,
    "type": "comment",
    "by": "bob",
    "time": 1714561200,
    "parent": 1,
    "text": "I don&#x27;t<p>مرحبا 😂 <pre><code>a &lt; b</code></pre>",
}
TREE = {
    "id": 1,
    "type": "story",
    "author": "ann",
    "created_at_i": 1714557600,
    "title": "Eggs &amp; ovens",
    "points": 5,
    "children": [
        {
            "id": 2,
            "type": "comment",
            "author": "bob",
            "created_at_i": 1714561200,
            "parent_id": 1,
            "story_id": 1,
            "text": COMMENT["text"],
            "children": [],
        }
    ],
}
HITS = {
    "hits": [
        {
            "objectID": "1",
            "_tags": ["story", "author_ann"],
            "author": "ann",
            "created_at": "2024-05-01T10:00:00Z",
            "title": "Eggs &amp; ovens",
            "points": 5,
        },
        {
            "objectID": "2",
            "_tags": ["comment", "story_1"],
            "author": "bob",
            "created_at": "2024-05-01T11:00:00Z",
            "parent_id": 1,
            "story_id": 1,
            "comment_text": COMMENT["text"],
        },
    ]
}
SHAPES = {
    "firebase.ndjson": [COMMENT, STORY],
    "array.json": [STORY, COMMENT],
    "tree.json": TREE,
    "search.json": HITS,
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadHackerNews, tmp_path, SHAPES[name], name)

    story, comment = sorted(rows, key=lambda row: row["timestamp"])
    assert (story["utterance_id"], story["text"]) == ("hacker-news:1", "Eggs & ovens")
    assert comment["utterance_id"] == "hacker-news:2"
    assert comment["text"] == "I don't\n\nمرحبا 😂\n\n```\na < b\n```"
    assert comment["reply_to"] == comment["conversation_id"] == "hacker-news:1"
    assert [row["speaker_id"] for row in (story, comment)] == ["ann", "bob"]
    assert ReadHackerNews.recognises(name, json.dumps(SHAPES[name]).encode()) > 0.8


def test_deleted_and_dead_items_are_marked(tmp_path):
    gone = {"id": 3, "type": "comment", "deleted": True, "parent": 1, "time": 1}
    dead = COMMENT | {"dead": True}

    rows = rows_of_text(ReadHackerNews, tmp_path, [gone, dead], "a.json")

    assert [(row["deleted"], row["text"][:1]) for row in rows] == [
        *((True, ""), (None, "I"))
    ]
    assert ("dead", "true") in rows[1]["attrs"]


def test_what_is_no_item_is_counted_or_refused(tmp_path):
    records = [
        *({"id": "ann", "karma": 3}, {"a": 1}, 3, None),
        *(COMMENT | {"id": None}, COMMENT | {"text": None}),
    ]

    rows = rows_of_text(ReadHackerNews, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        "not_an_utterance",
        *["unknown_shape"] * 3,
        *("no_id", "no_text"),
    ]


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["firebase.ndjson"], "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadHackerNews, path, cuts) == rows_of(ReadHackerNews, path)


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    rows = rows_of_text(
        ReadHackerNews, tmp_path, json.dumps([STORY, COMMENT])[:-20], "a.json"
    )

    assert ids(rows) == ["hacker-news:1"]
    assert error_types(rows)[-1]
