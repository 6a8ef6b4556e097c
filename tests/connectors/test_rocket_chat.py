"""ReadRocketChat: pages of the API, and lines as MongoDB exports them."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.rocket_chat import ReadRocketChat
from tests.given.reading import living, rows_of, why_dead

ROOM = "wyJHNAtuPGnQCT5xP"


def said(id_, text="hi", **more):
    return {
        "_id": id_,
        "rid": ROOM,
        "msg": text,
        "ts": "2024-05-01T08:00:00.000Z",
        "u": {"_id": "u1", "username": "ann", "name": "Ann Lee"},
        "_updatedAt": "2024-05-01T08:00:00.100Z",
        **more,
    }


def read(tmp_path, value, name="a.json", **options):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return rows_of(ReadRocketChat, path, **options)


def one(tmp_path, message, **around):
    (row,) = read(tmp_path, {**around, "messages": [message]})
    return row


MESSAGES = [said("a"), said("b", "No!", tmid="a")]
MONGO = [m | {"ts": {"$date": m["ts"]}} for m in MESSAGES]
SHAPES = {
    "page": {"messages": MESSAGES, "count": 2, "success": True},
    "array": MESSAGES,
    "lines": "\n".join(map(json.dumps, MONGO)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, shape):
    name = "a.jsonl" if shape == "lines" else "a.json"
    rows = read(tmp_path, SHAPES[shape], name)

    assert [(r["utterance_id"], r["conversation_id"], r["reply_to"]) for r in rows] == [
        ("rocket-chat:a", "rocket-chat:a", None),
        ("rocket-chat:b", "rocket-chat:a", "rocket-chat:a"),
    ]
    assert {str(row["timestamp"]) for row in rows} == {"2024-05-01 08:00:00+00:00"}
    assert {row["container"] for row in rows} == {ROOM}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param({"t": "uj", "msg": "ann"}, ("system", "uj", None), id="join"),
        pytest.param({"t": "rm", "msg": ""}, ("message", "", True), id="removed"),
        pytest.param(
            {"msg": "[ ](https://x.example/channel/general?msg=aB1) No"},
            ("message", "No", None),
            id="quote",
        ),
        pytest.param(
            {"msg": "", "attachments": [{"title": "a.png", "description": "look"}]},
            ("message", "look", None),
            id="picture with words",
        ),
    ],
)
def test_what_a_message_is(tmp_path, message, expected):
    row = one(tmp_path, said("a") | message)

    assert (row["kind"], row["text"], row["deleted"]) == expected


def test_a_quote_answers_what_it_quotes(tmp_path):
    row = one(tmp_path, said("b", "[ ](https://x.example/channel/g?msg=aB1) No"))

    assert row["reply_to"] == row["conversation_id"] == "rocket-chat:aB1"


@pytest.mark.parametrize(
    ("around", "rid", "visibility"),
    [
        ({"channel": {"t": "c", "name": "general"}}, ROOM, "public"),
        ({"group": {"t": "p", "name": "ops"}}, ROOM, "private"),
        ({}, ROOM * 2, "direct"),
        ({}, ROOM, "unknown"),
    ],
)
def test_a_room_says_for_whom_it_is(tmp_path, around, rid, visibility):
    row = one(tmp_path, said("a", rid=rid), **around)

    assert row["visibility"] == visibility
    assert (row["container"] is None) == (visibility == "direct")


def test_edits_bots_and_attributes(tmp_path):
    message = said(
        "a",
        editedAt="2024-05-01T08:05:00Z",
        bot={"i": "js.SDK"},
        file={"name": "log.txt"},
        reactions={":cool:": {"usernames": ["bo", "cy"]}, ":no:": 7},
    )

    row = one(tmp_path, message)

    assert row["is_bot"]
    assert row["edited_at"].minute == 5
    assert dict(row["attrs"]) == {"files": "log.txt", "reaction.cool": "2"}
    assert "Ann" not in str(row)


VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]


@pytest.mark.parametrize(
    "field", ["msg", "ts", "u", "t", "tmid", "attachments", "reactions", "file"]
)
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said("a") | {field: value} for value in VALUES]

    rows = read(tmp_path, [*odd, said("b")])

    assert len(rows) == len(odd) + 1
    assert not rows[-1]["errors"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"msg": "no id"}, "missing_field"),
        ({"success": False, "error": "no"}, "unknown_shape"),
        ({"channel": {}, "success": True}, "not_an_utterance"),
        (said("a", t="e2e"), "not_an_utterance"),
        (7, "unknown_shape"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    assert why_dead(read(tmp_path, [record])) == [error]


def test_a_real_page_is_read_whole_and_recognised(shared_data):
    path = shared_data / "raw_chat_misc" / "rocketchat_message_page_1.json"

    rows = rows_of(ReadRocketChat, path)

    assert recognised(str(path), path.read_bytes())[0] is ReadRocketChat
    assert [row["reply_to"] for row in living(rows)] == [None, rows[0]["utterance_id"]]
