import json

import pytest

from affectflow_connectors.mastodon import ReadMastodon
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

HOST = "https://toot.example"
IDS = "mastodon:toot.example"
ACCOUNT = {"acct": "ann", "username": "ann", "url": f"{HOST}/@ann", "bot": False}
STATUS = {
    "id": "12",
    "uri": f"{HOST}/users/ann/statuses/12",
    "created_at": "2024-05-01T10:00:00.000Z",
    "edited_at": None,
    "in_reply_to_id": "11",
    "spoiler_text": "",
    "visibility": "public",
    "language": "en",
    "account": ACCOUNT,
    "content": '<p><a class="u-url mention" href="x">@<span>bob</span></a> I don&#39;t '
    "know<br>مرحبا 😂</p>",
    "media_attachments": [],
    "reblogs_count": 0,
    "reblog": None,
    "poll": None,
}
PARENT = STATUS | {"id": "11", "in_reply_to_id": None, "content": "<p>So?</p>"}
PARENT |= {"uri": f"{HOST}/users/ann/statuses/11"}


def activity(status):
    to = "https://www.w3.org/ns/activitystreams#Public"
    parent = status["in_reply_to_id"]
    note = {
        "id": status["uri"],
        "type": "Note",
        "content": status["content"],
        "published": status["created_at"],
        "inReplyTo": parent and f"{HOST}/users/ann/statuses/{parent}",
        "attributedTo": f"{HOST}/users/ann",
        "to": [to],
    }
    return {"type": "Create", "actor": f"{HOST}/users/ann", "object": note}


SHAPES = {
    "timeline.json": [STATUS, PARENT],
    "lines.ndjson": [PARENT, STATUS],
    "context.json": {"ancestors": [PARENT], "descendants": [STATUS]},
    "search.json": {"accounts": [], "statuses": [PARENT, STATUS], "hashtags": []},
    "outbox.json": {
        "@context": "https://www.w3.org/ns/activitystreams",
        "type": "OrderedCollection",
        "orderedItems": [activity(PARENT), activity(STATUS)],
    },
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadMastodon, tmp_path, SHAPES[name], name)

    assert sorted((r["utterance_id"], r["reply_to"], r["text"]) for r in rows) == [
        ("mastodon:toot.example/11", None, "So?"),
        (
            "mastodon:toot.example/12",
            "mastodon:toot.example/11",
            "@bob I don't know\nمرحبا 😂",
        ),
    ]
    assert {r["speaker_id"] for r in rows} == {"ann@toot.example"}
    assert {r["container"] for r in rows} == {"toot.example"}
    assert {r["visibility"] for r in rows} == {"public"}
    assert {r["url"] for r in rows} == {f"{HOST}/statuses/11", f"{HOST}/statuses/12"}


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"spoiler_text": "food"}, "title", "food"),
        ({"visibility": "direct"}, "visibility", "private"),
        ({"visibility": "unlisted"}, "visibility", "public"),
        ({"account": ACCOUNT | {"bot": True}}, "is_bot", True),
        ({"account": ACCOUNT | {"acct": "a@b.org"}}, "speaker_id", "a@b.org"),
        ({"content": ""}, "text", ""),
        (
            {"content": "<p>Which?</p>", "poll": {"options": [{"title": "tea"}]}},
            "text",
            "Which?\n\n- tea",
        ),
    ],
)
def test_what_a_status_says_of_itself(tmp_path, changes, column, expected):
    (row,) = rows_of_text(ReadMastodon, tmp_path, [STATUS | changes], "a.json")

    assert row[column] == expected


def test_a_boost_is_marked_and_what_it_repeats_stands_for_itself(tmp_path):
    boost = STATUS | {"id": "13", "content": "<p>So?</p>", "reblog": PARENT}

    rows = rows_of_text(ReadMastodon, tmp_path, [boost], "a.json")

    assert [(r["utterance_id"], r["kind"], r["text"]) for r in rows] == [
        ("mastodon:toot.example/13", "repost", ""),
        ("mastodon:toot.example/11", "status", "So?"),
    ]
    assert dict(rows[0]["attrs"])["repost_of"] == "mastodon:toot.example/11"


def test_what_an_export_repeats_or_keeps_private(tmp_path):
    boost = {
        "id": f"{HOST}/users/ann/statuses/14/activity",
        "type": "Announce",
        "actor": f"{HOST}/users/ann",
        "object": "https://other.example/users/bob/statuses/9",
    }
    private = activity(STATUS)
    private["object"] = private["object"] | {"to": [f"{HOST}/users/bob"]}

    rows = rows_of_text(
        ReadMastodon, tmp_path, {"orderedItems": [boost, private]}, "outbox.json"
    )

    assert [(r["utterance_id"], r["kind"], r["visibility"]) for r in rows] == [
        ("mastodon:toot.example/14", "repost", "private"),
        ("mastodon:toot.example/12", "status", "private"),
    ]


REMOTE = STATUS | {
    "id": "70",
    "uri": "https://other.example/users/cy/statuses/9",
    "in_reply_to_id": "12",
    "account": {"acct": "cy@other.example", "url": "https://other.example/@cy"},
}
TAG = {"name": "eggs", "url": f"{HOST}/tags/eggs"}


@pytest.mark.parametrize(
    ("page", "options", "expected"),
    [
        pytest.param([REMOTE | {"tags": [TAG]}], {}, f"{IDS}/70", id="a tag"),
        pytest.param([STATUS, REMOTE], {}, f"{IDS}/70", id="another of the page"),
        pytest.param([REMOTE], {"host": "toot.example"}, f"{IDS}/70", id="named"),
        pytest.param([REMOTE], {}, "mastodon:70", id="nobody says"),
    ],
)
def test_the_server_that_was_asked_is_in_the_id(tmp_path, page, options, expected):
    """Another server's status has a number of the server that shows it."""
    path = written(tmp_path, page, "a.json")

    row = rows_of(ReadMastodon, path, **options)[-1]

    assert row["utterance_id"] == expected
    assert row["reply_to"] == expected.replace("70", "12")


def test_two_servers_count_alone_and_a_file_that_names_none_is_said(tmp_path):
    elsewhere = STATUS | {"uri": "https://b.example/users/ann/statuses/12"}
    path = written(tmp_path, [REMOTE], "a.json")

    rows = rows_of_text(ReadMastodon, tmp_path, [STATUS, elsewhere], "b.json")

    assert ids(rows) == ["mastodon:b.example/12", f"{IDS}/12"]
    (said,) = ReadMastodon(paths=str(path)).notices()
    assert "name it with --set host=HOST" in said
    assert ReadMastodon(paths=str(path), host="toot.example").notices() == []


def test_what_is_no_message_is_counted_or_refused(tmp_path):
    records = [
        *({"type": "Person", "id": "x"}, ACCOUNT, {"content": "v", "account": {}}),
        *({"error": "slow down"}, 3, {"a": 1}, STATUS | {"content": 3}),
    ]

    rows = rows_of_text(ReadMastodon, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *["not_an_utterance"] * 3, *["unknown_shape"] * 3, "no_text",
    ]  # fmt: skip


@pytest.mark.parametrize("step", [100, 331])
def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path, step):
    path = written(tmp_path, SHAPES["lines.ndjson"], "a.ndjson")

    assert rows_of_ranges(
        ReadMastodon, path, list(range(0, path.stat().st_size, step))
    ) == rows_of(ReadMastodon, path)


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    whole = json.dumps([PARENT, STATUS])

    rows = rows_of_text(ReadMastodon, tmp_path, whole[:-200], "a.json")

    assert ids(rows) == ["mastodon:toot.example/11"]
    assert error_types(rows)[-1]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("status_content_warning.json", [""]),
        ("status_edit_history.json", ["not_an_utterance"] * 2),
        ("status_edited.json", [""]),
        ("status_reply.json", [""]),
        ("status_with_poll.json", [""]),
        ("timeline_hashtag.json", [""] * 5),
        ("timeline_public_local.json", [""] * 20),
    ],
)
def test_real_files_are_read_whole(shared_data, name, kinds):
    path = shared_data / "raw_mastodon" / name
    rows = rows_of(ReadMastodon, path)

    assert error_types(rows) == kinds
    assert all(row["text"] and row["timestamp"] for row in rows if not row["errors"])
    assert ReadMastodon.recognises(name, path.read_bytes()[:65536]) >= 0.8
