import json

import pytest

from affectflow_connectors.bluesky import ReadBluesky
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

ROOT_URI = "at://did:plc:ann/app.bsky.feed.post/1"
REPLY_URI = "at://did:plc:bob/app.bsky.feed.post/2"
AUTHOR = {"did": "did:plc:ann", "handle": "ann.example", "labels": []}
# The link stands behind signs of two and four bytes: facets count bytes.
ROOT = {
    "$type": "app.bsky.feed.post",
    "text": "مرحبا 😂 e.org/a...",
    "createdAt": "2024-05-01T10:00:00.000Z",
    "langs": ["en"],
    "facets": [
        {
            "index": {"byteStart": 16, "byteEnd": 26},
            "features": [
                {
                    "$type": "app.bsky.richtext.facet#link",
                    "uri": "https://e.org/abc",
                }
            ],
        }
    ],
}
REPLY = {
    "$type": "app.bsky.feed.post",
    "text": "No.",
    "createdAt": "2024-05-01T11:00:00.000Z",
    "reply": {"root": {"uri": ROOT_URI}, "parent": {"uri": ROOT_URI}},
}
POST = {"uri": ROOT_URI, "author": AUTHOR, "record": ROOT}
ANSWER = {"uri": REPLY_URI, "author": {"did": "did:plc:bob"}, "record": REPLY}


def event(uri, record):
    did, collection, key = uri.removeprefix("at://").split("/")
    commit = {"operation": "create", "collection": collection, "rkey": key}
    return {"did": did, "kind": "commit", "commit": commit | {"record": record}}


SHAPES = {
    "posts.json": {"posts": [POST, ANSWER]},
    "timeline.json": {"feed": [{"post": ANSWER, "reply": {"parent": POST}}]},
    "thread.json": {"thread": {"post": POST, "replies": [{"post": ANSWER}]}},
    "records.json": {
        "records": [
            {"uri": ROOT_URI, "value": ROOT},
            {"uri": REPLY_URI, "value": REPLY},
        ]
    },
    "jetstream.ndjson": [event(ROOT_URI, ROOT), event(REPLY_URI, REPLY)],
    "array.json": [ANSWER, POST],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadBluesky, tmp_path, SHAPES[name], name)

    root, reply = sorted(rows, key=lambda row: row["timestamp"])
    assert root["text"] == "مرحبا 😂 https://e.org/abc"
    assert root["utterance_id"] == root["conversation_id"]
    assert reply["text"] == "No."
    assert reply["reply_to"] == reply["conversation_id"] == root["utterance_id"]
    assert "plc" not in root["utterance_id"]


def test_ids_are_equal_over_all_shapes(tmp_path):
    found = {
        tuple(ids(rows_of_text(ReadBluesky, tmp_path, said, name)))
        for name, said in SHAPES.items()
    }

    assert len(found) == 1


def test_a_repost_has_no_words_of_its_own(tmp_path):
    item = {
        "post": POST,
        "reason": {
            "$type": "app.bsky.feed.defs#reasonRepost",
            "by": {"did": "did:plc:eve"},
            "indexedAt": "2024-05-02T10:00:00Z",
        },
    }

    repost, post = rows_of_text(ReadBluesky, tmp_path, {"feed": [item]}, "a.json")

    assert (repost["kind"], repost["text"]) == ("repost", "")
    assert dict(repost["attrs"])["repost_of"] == post["utterance_id"]
    assert (repost["speaker_id"], post["speaker_id"]) == ("did:plc:eve", "did:plc:ann")


def test_a_quoted_post_stands_for_itself(tmp_path):
    view = {"uri": ROOT_URI, "author": AUTHOR, "value": ROOT}
    quoting = ANSWER | {
        "record": REPLY | {"embed": {"record": {"uri": ROOT_URI}}},
        "embed": {"$type": "app.bsky.embed.record#view", "record": view},
    }

    reply, quoted = rows_of_text(ReadBluesky, tmp_path, quoting, "a.json")

    assert reply["text"] == "No."
    assert dict(reply["attrs"])["quote_of"] == quoted["utterance_id"]


@pytest.mark.parametrize(
    ("record", "error_type"),
    [
        ({"uri": "at://a/b/c", "value": {"$type": "app.bsky.feed.like"}},
         "not_an_utterance"),
        ({"$type": "app.bsky.feed.defs#notFoundPost", "uri": ROOT_URI},
         "not_an_utterance"),
        ({"did": "x", "commit": {"operation": "delete", "collection": "y",
                                 "rkey": "1"}}, "not_an_utterance"),
        ({"uri": None, "value": ROOT}, "no_id"),
        ({"uri": ROOT_URI, "value": ROOT | {"text": 3}}, "no_text"),
        ({"a": 1}, "unknown_shape"),
        (3, "unknown_shape"),
    ],
)  # fmt: skip
def test_what_is_no_post_is_counted_or_refused(tmp_path, record, error_type):
    rows = rows_of_text(ReadBluesky, tmp_path, [record], "a.ndjson")

    assert error_types(rows) == [error_type]


@pytest.mark.parametrize("place", [(-5, 900), (3, 1), (None, 2), (17, 25)])
def test_facets_that_point_nowhere_leave_the_text_as_it_is(tmp_path, place):
    start, end = place
    facet = ROOT["facets"][0] | {"index": {"byteStart": start, "byteEnd": end}}
    record = ROOT | {"facets": [facet, 3]}

    (row,) = rows_of_text(
        ReadBluesky, tmp_path, {"uri": ROOT_URI, "value": record}, "a.json"
    )

    assert row["text"] == ROOT["text"]


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["jetstream.ndjson"], "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadBluesky, path, cuts) == rows_of(ReadBluesky, path)


def test_its_files_are_recognised():
    for said in SHAPES.values():
        assert ReadBluesky.recognises("a.json", json.dumps(said).encode()) > 0.9
    assert ReadBluesky.recognises("a.json", b'{"uri": "at://x"}') == 0


@pytest.mark.parametrize(
    ("name", "living", "counted"),
    [
        ("get_post_thread.json", 1, 0),
        ("get_posts.json", 1, 0),
        ("get_timeline.json", 60, 0),
        ("record_extended_post.json", 1, 0),
        ("record_like.json", 0, 1),
        ("record_post.json", 1, 0),
    ],
)
def test_real_files_are_read_whole(shared_data, name, living, counted):
    kinds = error_types(rows_of(ReadBluesky, shared_data / "raw_bluesky" / name))

    assert kinds.count("") == living
    assert kinds.count("not_an_utterance") == len(kinds) - living == counted
