import json

import pytest

from affectflow_connectors.youtube import ReadYoutube
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)


def comment(own, text, **more):
    said = {
        "authorChannelId": {"value": "UCann"},
        "authorDisplayName": "Ann",
        "textDisplay": text,
        "publishedAt": "2024-05-01T10:00:00Z",
        "updatedAt": "2024-05-01T10:00:00Z",
        "likeCount": 1,
    }
    return {"kind": "youtube#comment", "id": own, "snippet": said | more}


TOP = comment("U1", "I don&#39;t<br>know &lt;3 مرحبا 😂", videoId="V")
REPLY = comment("U1.r2", "Why?", parentId="U1", videoId="V")
THREAD = {
    "kind": "youtube#commentThread",
    "id": "U1",
    "snippet": {"videoId": "V", "topLevelComment": TOP, "totalReplyCount": 1},
    "replies": {"comments": [REPLY]},
}
SHAPES = {
    "threads.json": {"kind": "youtube#commentThreadListResponse", "items": [THREAD]},
    "comments.json": {"kind": "youtube#commentListResponse", "items": [REPLY, TOP]},
    "lines.ndjson": [THREAD],
    "array.json": [TOP, REPLY],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadYoutube, tmp_path, SHAPES[name], name)

    assert sorted((r["utterance_id"], r["reply_to"], r["text"]) for r in rows) == [
        ("youtube:U1", None, "I don't\nknow <3 مرحبا 😂"),
        ("youtube:U1.r2", "youtube:U1", "Why?"),
    ]
    assert {r["conversation_id"] for r in rows} == {"youtube:U1"}
    assert {r["container"] for r in rows} == {"V"}


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"channelId": "UCann"}, "speaker_role", "owner"),
        ({"moderationStatus": "rejected"}, "deleted", True),
        ({"textOriginal": "a <b> &amp;"}, "text", "a <b> &amp;"),
        ({"authorChannelId": None}, "speaker_id", "Ann"),
        ({}, "url", "https://www.youtube.com/watch?v=V&lc=U1"),
        ({"updatedAt": "2024-05-01T10:00:00Z"}, "edited_at", None),
    ],
)
def test_what_a_comment_says_of_itself(tmp_path, changes, column, expected):
    said = TOP | {"snippet": TOP["snippet"] | changes}

    (row,) = rows_of_text(ReadYoutube, tmp_path, [said], "a.json")

    assert row[column] == expected


def test_what_is_no_comment_is_counted_or_refused(tmp_path):
    more = THREAD | {"snippet": THREAD["snippet"] | {"totalReplyCount": 9}}
    records = [
        *({"kind": "youtube#video", "id": "V"}, {"a": 1}, 3),
        *(TOP | {"id": None}, more),
    ]

    rows = rows_of_text(ReadYoutube, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *("not_an_utterance", "unknown_shape", "unknown_shape", "no_id"),
        *("", "", "not_an_utterance"),
    ]
    assert rows[-1]["errors"][0]["message"] == "8 replies left out of a page"


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["lines.ndjson"] * 3, "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadYoutube, path, cuts) == rows_of(ReadYoutube, path)


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    rows = rows_of_text(ReadYoutube, tmp_path, json.dumps([TOP, REPLY])[:-50], "a.json")

    assert ids(rows) == ["youtube:U1"]
    assert error_types(rows)[-1]


@pytest.mark.parametrize(
    ("name", "living"),
    [
        ("comment_threads_by_video_paged_1.json", 5),
        ("comment_threads_with_search.json", 1),
        ("comments_by_parent_paged_1.json", 2),
        ("comments_by_parent_paged_2.json", 1),
    ],
)
def test_real_files_are_read_whole(shared_data, name, living):
    path = shared_data / "raw_youtube" / name
    kinds = error_types(rows_of(ReadYoutube, path))

    assert kinds.count("") == living
    assert set(kinds) <= {"", "not_an_utterance"}
    assert ReadYoutube.recognises(name, path.read_bytes()) > 0.9
