import json

import pytest

from affectflow_connectors.twitter import ReadTwitter
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

FIRST = {
    "id": "1500000001",
    "author_id": "7",
    "text": "I can&#39;t &lt;3 مرحبا 😂 https://t.co/a",
    "created_at": "2024-05-01T10:00:00.000Z",
    "entities": {
        "urls": [{"url": "https://t.co/a", "expanded_url": "https://e.org/b"}]
    },
    "public_metrics": {"like_count": 2, "retweet_count": 0},
}
REPLY = {
    "id": "1500000002",
    "author_id": "8",
    "text": "Why?",
    "created_at": "2024-05-01T11:00:00.000Z",
    "conversation_id": "1500000001",
    "referenced_tweets": [{"type": "replied_to", "id": "1500000001"}],
}


def older(post):
    """Returns a post as version 1.1 and archives spell it."""
    made = {
        "id_str": post["id"],
        "id": int(post["id"]),
        "full_text": post["text"],
        "entities": post.get("entities", {}),
        "created_at": "Wed May 01 10:00:00 +0000 2024",
        "retweeted": False,
    }
    answered = post.get("referenced_tweets")
    return made | ({"in_reply_to_status_id_str": answered[0]["id"]} if answered else {})


ARCHIVE = "window.YTD.tweets.part0 = " + json.dumps(
    [{"tweet": older(FIRST)}, {"tweet": older(REPLY)}]
)
SHAPES = {
    "page.json": {"data": [FIRST, REPLY], "meta": {"result_count": 2}},
    "included.json": {"data": REPLY, "includes": {"tweets": [FIRST]}},
    "stream.ndjson": [{"data": REPLY}, {"data": FIRST}],
    "old.ndjson": [older(FIRST), older(REPLY)],
    "tweets.js": ARCHIVE,
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadTwitter, tmp_path, SHAPES[name], name)

    assert sorted((r["utterance_id"], r["reply_to"], r["text"]) for r in rows) == [
        ("twitter:1500000001", None, "I can't <3 مرحبا 😂 https://e.org/b"),
        ("twitter:1500000002", "twitter:1500000001", "Why?"),
    ]
    assert {r["conversation_id"] for r in rows} == {"twitter:1500000001"}
    assert min(r["timestamp"] for r in rows).isoformat() == "2024-05-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("changes", "kind", "text", "attr"),
    [
        pytest.param({"referenced_tweets": [{"type": "retweeted", "id": "9"}]},
                     "repost", "", ("repost_of", "twitter:9"), id="repost"),
        pytest.param({"text": "RT @bob: hi"}, "repost", "", ("likes", "2"),
                     id="repost in words"),
        pytest.param({"referenced_tweets": [{"type": "quoted", "id": "9"}],
                      "text": "no"}, "post", "no", ("quote_of", "twitter:9"),
                     id="quote"),
        pytest.param({"note_tweet": {"text": "long"}}, "post", "long", ("likes", "2"),
                     id="long post"),
        pytest.param({"edit_history_tweet_ids": ["1", "1500000001"], "text": "b"},
                     "post", "b", ("edit_of", "twitter:1"), id="edit"),
    ],
)  # fmt: skip
def test_reposts_quotes_and_edits_are_marked(tmp_path, changes, kind, text, attr):
    (row,) = rows_of_text(ReadTwitter, tmp_path, {"data": FIRST | changes}, "a.json")

    assert (row["kind"], row["text"]) == (kind, text)
    assert attr in row["attrs"]


def test_links_to_posts_name_no_account(tmp_path):
    link = {
        "url": "https://t.co/a",
        "expanded_url": "https://x.com/ann/status/9/photo/1",
    }
    post = FIRST | {"text": "https://t.co/a", "entities": {"urls": [link]}}

    (row,) = rows_of_text(ReadTwitter, tmp_path, {"data": post}, "a.json")

    assert row["text"] == "https://twitter.com/i/web/status/9"


def test_what_is_no_post_is_counted_or_refused(tmp_path):
    records = [
        *({"meta": {"result_count": 0}}, {"delete": {"status": {}}}),
        *({"data": {"id": "7", "username": "ann"}}, {"title": "Unauthorized"}),
        *({"a": 1}, 3, {"text": "x"}, FIRST | {"text": 3}),
    ]

    rows = rows_of_text(ReadTwitter, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *["not_an_utterance"] * 3,
        *["unknown_shape"] * 3,
        *("no_id", "no_text"),
    ]


def test_deleted_and_protected_posts_are_marked(tmp_path):
    gone = older(FIRST) | {"deleted_at": "Wed May 01 10:00:00 +0000 2024"}
    closed = older(REPLY) | {"user": {"id_str": "7", "protected": True}}

    rows = rows_of_text(ReadTwitter, tmp_path, [gone, closed], "a.json")

    assert [row["deleted"] for row in rows] == [True, None]
    assert [row["visibility"] for row in rows] == ["public", "private"]


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["stream.ndjson"], "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadTwitter, path, cuts) == rows_of(ReadTwitter, path)


def test_an_archive_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    rows = rows_of_text(ReadTwitter, tmp_path, ARCHIVE[:-20], "tweets.js")

    assert ids(rows) == ["twitter:1500000001"]
    assert error_types(rows)[-1]


def test_its_files_are_recognised():
    for name, said in SHAPES.items():
        head = said if isinstance(said, str) else json.dumps(said)
        assert ReadTwitter.recognises(name, head.encode()) > 0.8
    assert ReadTwitter.recognises("a.js", b"window.YTD.account.part0 = [{}]") == 0
    assert ReadTwitter.recognises("a.json", b'{"data": [{"text": "x"}]}') == 0


@pytest.mark.parametrize(
    ("name", "living"),
    [
        ("search_tweets_query.json", 6),
        ("timeline_mentions.json", 5),
        ("timeline_tweets.json", 5),
        ("tweet_resp.json", 1),
        ("tweets_resp.json", 2),
    ],
)
def test_real_files_are_read_whole(shared_data, name, living):
    path = shared_data / "raw_twitter" / name

    assert error_types(rows_of(ReadTwitter, path)) == [""] * living
    assert ReadTwitter.recognises(name, path.read_bytes()) > 0.8
