"""ReadTelegram: exports of our own, of one chat and of an account."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.telegram import ReadTelegram, written
from tests.given.reading import living, rows_of, why_dead

GROUP = {"name": "Boats", "type": "public_supergroup", "id": 1700000001}
PERSON = {"name": "Bob", "type": "personal_chat", "id": 700000000}


def said(id_, text="hi", **more):
    return {
        "id": id_,
        "type": "message",
        "date": "2024-05-01T10:00:00",
        "date_unixtime": "1714550400",
        "from": "Ann",
        "from_id": "user300000000",
        "text": text,
        "text_entities": [{"type": "plain", "text": "hi"}],
        **more,
    }


def chat(*messages, around=GROUP):
    return {**around, "messages": list(messages)}


def read(tmp_path, value, **options):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(value))
    return rows_of(ReadTelegram, path, **options)


def one(tmp_path, message, around=GROUP):
    (row,) = read(tmp_path, chat(message, around=around))
    return row


MESSAGES = [said(1), said(2, "No!", reply_to_message_id=1)]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(chat(*MESSAGES), id="one chat"),
        pytest.param(
            {"about": "x", "chats": {"about": "y", "list": [chat(*MESSAGES)]}},
            id="an account",
        ),
        pytest.param(
            {"left_chats": {"list": [chat(), chat(*MESSAGES)]}},
            id="chats that were left",
        ),
    ],
)
def test_every_shape_gives_the_same_messages(tmp_path, value):
    rows = living(read(tmp_path, value))

    ids = ["telegram:1700000001/1", "telegram:1700000001/2"]
    assert [row["utterance_id"] for row in rows] == ids
    assert [row["conversation_id"] for row in rows] == [ids[0], ids[0]]
    assert [row["reply_to"] for row in rows] == [None, ids[0]]
    assert {str(row["timestamp"]) for row in rows} == {"2024-05-01 08:00:00+00:00"}
    assert rows[0]["url"] == "https://t.me/c/1700000001/1"


@pytest.mark.parametrize(
    ("chat_type", "expected"),
    [
        ("public_channel", ("public", "Boats")),
        ("private_group", ("private", "Boats")),
        ("personal_chat", ("direct", None)),
        ("bot_chat", ("direct", None)),
        ("saved_messages", ("direct", None)),
        ("of_tomorrow", ("unknown", "Boats")),
    ],
)
def test_a_chat_says_for_whom_it_is(tmp_path, chat_type, expected):
    row = one(tmp_path, said(1), around=GROUP | {"type": chat_type})

    assert (row["visibility"], row["container"]) == expected
    assert (str(GROUP["id"]) in row["utterance_id"]) == (expected[0] != "direct")


def test_direct_messages_are_left_out_unless_asked_for(tmp_path):
    rows = read(tmp_path, chat(said(1), around=PERSON), include_private=False)

    assert why_dead(rows) == ["private_left_out"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param(["a", {"type": "bold", "text": "b"}, "c"], "abc", id="parts"),
        pytest.param(
            [{"type": "mention", "text": "@ann"}, " hi"], "[USER] hi", id="at"
        ),
        pytest.param(
            [{"type": "mention_name", "text": "Ann Lee", "user_id": 3}, "!"],
            "[USER]!",
            id="mention by name",
        ),
        pytest.param(
            [{"type": "text_link", "text": "it", "href": "http://x"}],
            "[it](http://x)",
            id="link with a label",
        ),
        pytest.param([{"type": "link", "text": "http://x"}], "http://x", id="link"),
        pytest.param(
            [{"type": "pre", "text": "a = 1", "language": "python"}],
            "```python\na = 1\n```",
            id="code block",
        ),
        pytest.param(
            [{"type": "blockquote", "text": "I hate it\nyes"}, "no"],
            "> I hate it\n> yes\nno",
            id="quote",
        ),
        pytest.param(
            [
                {"type": "phone", "text": "+1 202 555 0143"},
                {"type": "email", "text": "a@b.c"},
            ],
            "[PHONE][EMAIL]",
            id="personal data",
        ),
        pytest.param(
            [
                "\u05e9\u05dc\u05d5\u05dd ",
                {"type": "custom_emoji", "text": "\U0001f389"},
            ],
            "\u05e9\u05dc\u05d5\u05dd \U0001f389",
            id="right to left",
        ),
        pytest.param([7, None, {}, []], "", id="parts of other types"),
        pytest.param(None, "", id="none"),
    ],
)
def test_parts_of_a_text_are_put_together(text, expected):
    assert written(text) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param(
            {"forwarded_from": "Cy", "text": "a\nb"}, "> a\n> b", id="forwarded"
        ),
        pytest.param(
            {"forwarded_from": None, "text": "a"}, "> a", id="forwarded by nobody"
        ),
        pytest.param({"text": "", "poll": {"question": "Tea?"}}, "Tea?", id="poll"),
        pytest.param({"text": "", "photo": "(File not included.)"}, "", id="photo"),
    ],
)
def test_what_is_not_in_the_authors_text(tmp_path, more, expected):
    assert one(tmp_path, said(1) | more)["text"] == expected


def test_what_telegram_says_itself_is_of_the_kind_system(tmp_path):
    service = {
        "id": 3,
        "type": "service",
        "date": "2019-07-05T16:55:32",
        "actor": "Bob",
        "actor_id": "user700000000",
        "action": "pin_message",
        "text": "",
    }

    row = one(tmp_path, service)

    assert (row["kind"], row["text"]) == ("system", "pin message")
    assert row["speaker_id"] == "user700000000"
    assert str(row["timestamp"]) == "2019-07-05 16:55:32+00:00"
    assert "Bob" not in str(row)


def test_people_bots_edits_and_attributes(tmp_path):
    bot = GROUP | {"type": "bot_chat", "id": 5}
    message = said(
        1,
        from_id="user5",
        edited="2024-05-01T10:05:00",
        edited_unixtime="1714550700",
        media_type="sticker",
        sticker_emoji="\U0001f44d",
        file_name="s.webp",
        reactions=[
            {
                "type": "emoji",
                "count": 2,
                "emoji": "\u2764",
                "recent": [{"from": "Al"}],
            },
            {"type": "paid", "count": 1},
        ],
    )

    row = one(tmp_path, message, around=bot)

    assert row["is_bot"]
    assert row["edited_at"].minute == 5
    assert dict(row["attrs"]) == {
        "media": "sticker",
        "files": "s.webp",
        "sticker": "\U0001f44d",
        "reaction.\u2764": "2",
        "reaction.paid": "1",
    }
    assert not one(tmp_path, said(1))["is_bot"]
    old = one(tmp_path, said(1, from_id=300000000, edited="1970-01-01T01:00:00"))
    assert (old["speaker_id"], old["edited_at"]) == ("user300000000", None)


VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]
FIELDS = (
    "text type date from_id reply_to_message_id reactions poll forwarded_from photo"
)


@pytest.mark.parametrize("field", FIELDS.split())
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said(n) | {field: value} for n, value in enumerate(VALUES)]

    rows = read(tmp_path, chat(*odd, said(99)))

    assert len(rows) == len(odd) + 1
    assert not rows[-1]["errors"]


def test_what_is_no_message_is_dead_with_a_reason(tmp_path):
    assert why_dead(read(tmp_path, chat({"type": "message"}, 7))) == [
        "missing_field",
        "unknown_shape",
    ]
    assert why_dead(read(tmp_path, {"about": "me"})) == ["not_an_utterance"]


def test_an_export_is_recognised():
    source, sure = recognised("result.json", json.dumps(chat(*MESSAGES)).encode())

    assert source is ReadTelegram
    assert sure >= 0.9


def test_a_real_export_is_read_whole(shared_data):
    path = shared_data / "raw_chat_misc" / "telegram_desktop_export.json"

    rows = rows_of(ReadTelegram, path)

    assert len(rows) == 8
    assert not why_dead(rows)
    assert [row["kind"] for row in rows].count("system") == 2
    assert rows[1]["text"] == "https://google.com \U0001f440"
