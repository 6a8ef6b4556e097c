"""ReadMattermost: bulk exports, pages of the API, events."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.mattermost.source import ReadMattermost
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    write_zip,
    written,
)

AT = 1714550400000
"""2024-05-01 08:00, in milliseconds."""


def said(text, after=0, **more):
    return {"user": "ann", "message": text, "create_at": AT + after, **more}


def line(type_, value):
    return {"type": type_, type_: value}


BULK = [
    line("version", 1),
    line("team", {"name": "harbour", "type": "O"}),
    line("channel", {"team": "harbour", "name": "boats", "type": "O"}),
    line("channel", {"team": "harbour", "name": "ops", "type": "P"}),
    line("user", {"username": "ann", "roles": "system_user system_admin"}),
    line("bot", {"username": "tide", "owner": "ann"}),
    line(
        "post",
        {
            "team": "harbour",
            "channel": "boats",
            **said("the build broke AGAIN مرحبا 😂", edit_at=AT + 9000),
            "reactions": [{"user": "bob", "emoji_name": "cry"}] * 2,
            "replies": [said("sorry!", 1000, user="bob")],
        },
    ),
    line("post", {"team": "harbour", "channel": "ops", **said("x", user="tide")}),
    line("direct_channel", {"members": ["ann", "bob"]}),
    line("direct_post", {"channel_members": ["bob", "ann"], **said("psst")}),
]


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    return written(tmp_path_factory.mktemp("bulk"), BULK, "import.ndjson")


@pytest.fixture(scope="module")
def rows(export):
    return [row for row in rows_of(ReadMattermost, export) if not row["errors"]]


def test_a_post_and_its_replies_are_one_conversation(rows):
    first = f"mattermost:harbour/boats/{AT}"
    assert [(r["utterance_id"], r["conversation_id"], r["reply_to"]) for r in rows][
        :2
    ] == [(first, first, None), (f"mattermost:harbour/boats/{AT + 1000}", first, first)]
    assert rows[0]["text"] == "the build broke AGAIN مرحبا 😂"
    assert str(rows[0]["edited_at"]) == "2024-05-01 08:00:09+00:00"
    assert dict(rows[0]["attrs"]) == {"reaction.cry": "2"}


def test_channels_and_accounts_are_taken_from_the_head_of_the_export(rows):
    assert [row["visibility"] for row in rows] == [
        *("public", "public", "private", "direct")
    ]
    assert [row["container"] for row in rows] == [
        *("harbour/boats", "harbour/boats", "harbour/ops", None)
    ]
    assert [row["is_bot"] for row in rows] == [False, False, True, False]
    assert rows[0]["speaker_role"] == "admin"
    assert "ann" not in rows[3]["utterance_id"]


def test_the_members_of_a_direct_channel_have_no_order(tmp_path):
    posts = [{"channel_members": m, **said("a")} for m in (["a", "b"], ["b", "a"])]

    found = rows_of(
        ReadMattermost,
        written(tmp_path, [line("direct_post", p) for p in posts], "a.ndjson"),
    )

    assert len(set(ids(found))) == 1


def test_an_archive_gives_what_its_lines_give(export, rows, tmp_path):
    files = {"import.jsonl": export.read_bytes(), "data/x/notes.json": [1, 2]}
    path = write_zip(tmp_path / "a.zip", files)

    found = rows_of(ReadMattermost, path)

    assert recognised("a.zip", path.read_bytes())[0] is ReadMattermost
    drop = {"origin": None}
    living = [row | drop for row in found if not row["errors"]]
    assert living == [row | drop for row in rows]
    assert len(found) == len(BULK) + 1


@pytest.mark.parametrize("every", [50, 333])
def test_any_cut_into_byte_ranges_gives_the_same_rows(export, every):
    cuts = list(range(0, export.stat().st_size, every))

    found = rows_of_ranges(ReadMattermost, export, cuts)

    assert found == rows_of(ReadMattermost, export, include_private=False)


def api(id_, text="hi", **more):
    return {
        "id": id_,
        "create_at": AT,
        "update_at": AT,
        "edit_at": 0,
        "delete_at": 0,
        "user_id": "u1",
        "channel_id": "c1",
        "root_id": "",
        "message": text,
        "type": "",
        "props": {},
        **more,
    }


POSTS = [api("p1"), api("p2", "No!", root_id="p1")]
EVENT = {"event": "posted", "broadcast": {}, "data": {"channel_type": "O"}}
SHAPES = {
    "page.json": {"order": ["p2"], "posts": {p["id"]: p for p in POSTS}},
    "array.json": POSTS,
    "lines.jsonl": lines(*POSTS),
    "events.jsonl": lines(
        *(EVENT | {"data": {"post": json.dumps(p)}} for p in POSTS),
        {"event": "typing", "broadcast": {}, "data": {}},
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_api_gives_the_same_posts(tmp_path, name):
    found = rows_of(ReadMattermost, written(tmp_path, SHAPES[name], name))

    living = [row for row in found if not row["errors"]]
    assert [
        (r["utterance_id"], r["conversation_id"], r["reply_to"]) for r in living
    ] == [
        ("mattermost:p1", "mattermost:p1", None),
        ("mattermost:p2", "mattermost:p1", "mattermost:p1"),
    ]
    assert {row["container"] for row in living} == {"c1"}
    assert {str(row["timestamp"]) for row in living} == {"2024-05-01 08:00:00+00:00"}


CARD = {"title": "Build 7", "text": "failed", "fields": [{"title": "on", "value": 3}]}


@pytest.mark.parametrize(
    ("post", "column", "expected"),
    [
        ({"type": "system_join_team"}, "kind", "system"),
        (
            {
                "type": "system_add_to_team",
                "message": "@a.lee added to the team by bo.",
                "props": {"username": "bo", "addedUsername": "a.lee"},
            },
            "text",
            "[USER] added to the team by [USER].",
        ),
        ({"props": {"from_webhook": "true"}}, "is_bot", True),
        ({"user_data": {"is_bot": True}}, "is_bot", True),
        ({"props": {"from_bot": "false"}}, "is_bot", False),
        ({"delete_at": AT}, "deleted", True),
        (
            {"message": "", "props": {"attachments": [CARD]}},
            *("text", "Build 7\nfailed\non: 3"),
        ),
        ({"channel_data": {"type": "D"}}, "visibility", "direct"),
        ({"channel_data": {"type": "D"}}, "container", None),
        ({"channel_data": {"type": "O", "name": "boats"}}, "container", "boats"),
        ({"root_id": "", "parent_id": "p0"}, "conversation_id", "mattermost:p0"),
        ({"metadata": {"files": [{"name": "a.png"}]}}, "attrs", [("files", "a.png")]),
    ],
)  # fmt: skip
def test_what_a_post_says_of_itself(tmp_path, post, column, expected):
    (row,) = rows_of(
        ReadMattermost,
        written(tmp_path, [api("p1") | post], "a.ndjson"),
        keep_deleted=True,
    )

    assert row[column] == expected


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (api("p1", original_id="p0"), "not_an_utterance"),
        ({"username": "ann", "id": "u1"}, "not_an_utterance"),
        ({"status_code": 403, "message": "no", "id": "api.x"}, "unknown_shape"),
        ({"posts": {"p1": {"message": "no id"}}}, "missing_field"),
        (line("post", {"message": "where?"}), "missing_field"),
        (line("post", 7), "unknown_shape"),
        (line("post", {"team": "t", "channel": "c", "create_at": AT, "message": []}),
         "missing_field"),
        (line("emoji", {}), "not_an_utterance"),
        (EVENT | {"data": {"post": "{"}}, "invalid_json"),
        (7, "unknown_shape"),
    ],
)  # fmt: skip
def test_what_is_no_post_is_dead_with_a_reason(tmp_path, record, error):
    path = written(tmp_path, [record], "a.ndjson")

    assert error_types(rows_of(ReadMattermost, path)) == [error]


@pytest.mark.parametrize("field", ["props", "type", "root_id", "metadata", "delete_at"])
@pytest.mark.parametrize("value", [{}, [], 7, None, True, "\ud800", {"a": [{}]}])
def test_fields_of_another_type_end_nothing(tmp_path, field, value):
    path = written(tmp_path, [api("p1") | {field: value}, api("p2")], "a.ndjson")

    assert error_types(rows_of(ReadMattermost, path)) == ["", ""]


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("mattermost_mattermost_posts.json", [""] * 5),
        ("mattermost_mattermost_channel.json", ["not_an_utterance"]),
    ],
)
def test_real_files_are_recognised_and_read(shared_data, name, errors):
    path = shared_data / "raw_chat_misc" / name

    assert recognised(name, path.read_bytes())[0] is ReadMattermost
    assert error_types(rows_of(ReadMattermost, path)) == errors


def test_exports_are_recognised(export):
    assert recognised("export.jsonl", export.read_bytes())[0] is ReadMattermost
    assert ReadMattermost.recognises("a.csv", b"id,text\n") == 0


def test_a_bulk_export_with_ids_gives_those_of_the_api(tmp_path):
    reply = said("On it.", 60_000, id="r1")
    post = said("The disk is full.", id="p1", team="harbour", channel="ops")
    bulk = [line("version", 1), line("post", post | {"replies": [reply]})]
    more = {"user_id": "u1", "channel_id": "c1", "root_id": ""}
    page = {
        "order": ["p1", "r1"],
        "posts": {"p1": post | more, "r1": reply | more | {"root_id": "p1"}},
    }

    found = rows_of(ReadMattermost, written(tmp_path, bulk, "import.jsonl"))

    (tmp_path / "page.json").write_text(json.dumps(page))
    assert ids(found) == ids(rows_of(ReadMattermost, tmp_path / "page.json"))
    assert {row["reply_to"] for row in found} == {None, "mattermost:p1"}
