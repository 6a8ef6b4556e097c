"""ReadDiscord: channels, threads and direct messages of our own, in every shape."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.discord import ReadDiscord, plain
from tests.given.chat_exports import error_types, living, rows_of

GUILD = {"id": "900000000000000001", "name": "Harbour"}
CHANNEL = {
    "id": "900000000000000002",
    "type": "GuildTextChat",
    "categoryId": "900000000000000003",
    "category": "Text",
    "name": "boats",
}
THREAD = CHANNEL | {
    "id": "900000000000000020",
    "type": "GuildPublicThread",
    "category": "help",
    "name": "Engine dies",
}
ANN = {"id": "800000000000000001", "name": "ann", "nickname": "Ann Lee", "isBot": False}
FIRST, SECOND = "900000000000000010", "900000000000000011"


def said(id_, content="hi", **more):
    return {
        "id": id_,
        "type": "Default",
        "timestamp": "2024-05-01T10:00:00+02:00",
        "timestampEdited": None,
        "isPinned": False,
        "content": content,
        "author": ANN,
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        **more,
    }


def export(*messages, channel=CHANNEL, guild=GUILD):
    return {
        "guild": guild,
        "channel": channel,
        "dateRange": {"after": None, "before": None},
        "exportedAt": "2024-06-01T00:00:00+00:00",
        "messages": list(messages),
        "messageCount": len(messages),
    }


def api(id_, content="hi", **more):
    return {
        "id": id_,
        "type": 0,
        "channel_id": CHANNEL["id"],
        "timestamp": "2024-05-01T08:00:00.000000+00:00",
        "edited_timestamp": None,
        "content": content,
        "author": {"id": ANN["id"], "username": "ann", "discriminator": "0"},
        "mentions": [],
        "mention_roles": [],
        "mention_everyone": False,
        "pinned": False,
        "tts": False,
        **more,
    }


def read(tmp_path, value, name="a.json", **options):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return rows_of(ReadDiscord, path, **options)


def one(tmp_path, message, **around):
    (row,) = read(tmp_path, export(message, **around), include_private=True)
    return row


REPLY = {"reference": {"messageId": FIRST, "channelId": CHANNEL["id"]}, "type": "Reply"}
API_REPLY = {"message_reference": {"message_id": FIRST}, "type": 19}
SHAPES = {
    "export": export(said(FIRST), said(SECOND, "No!", **REPLY)),
    "lines": "\n".join(
        json.dumps(m) for m in [api(FIRST), api(SECOND, "No!", **API_REPLY)]
    ),
    "page": [api(SECOND, "No!", **API_REPLY), api(FIRST)],
    "gateway": [
        {"op": 0, "t": "MESSAGE_CREATE", "s": 1, "d": api(FIRST)},
        {"op": 0, "t": "MESSAGE_CREATE", "s": 2, "d": api(SECOND, "No!", **API_REPLY)},
    ],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, shape):
    name = "a.jsonl" if shape == "lines" else "a.json"
    rows = sorted(read(tmp_path, SHAPES[shape], name), key=lambda r: r["utterance_id"])

    assert [(r["utterance_id"], r["conversation_id"], r["reply_to"]) for r in rows] == [
        (f"discord:{FIRST}", f"discord:{FIRST}", None),
        (f"discord:{SECOND}", f"discord:{FIRST}", f"discord:{FIRST}"),
    ]
    assert [row["text"] for row in rows] == ["hi", "No!"]
    assert {str(row["timestamp"]) for row in rows} == {"2024-05-01 08:00:00+00:00"}
    assert {row["speaker_id"] for row in rows} == {ANN["id"]}


# -- places --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "guild", "expected"),
    [
        pytest.param(CHANNEL, GUILD, ("unknown", "Harbour/boats", None), id="channel"),
        pytest.param(
            THREAD, GUILD, ("unknown", "Harbour/help", "Engine dies"), id="thread"
        ),
        pytest.param(
            THREAD | {"type": "GuildPrivateThread"},
            GUILD,
            ("private", "Harbour/help", "Engine dies"),
            id="private thread",
        ),
        pytest.param(
            {"id": "7", "type": "DirectTextChat", "name": "Bob", "category": "Private"},
            {"id": "0", "name": "Direct Messages"},
            ("direct", None, None),
            id="direct",
        ),
        pytest.param(
            {"id": "7", "type": "DirectGroupTextChat", "name": "Bob, Cy"},
            {"id": "0", "name": "Direct Messages"},
            ("direct", None, None),
            id="group",
        ),
    ],
)
def test_a_channel_says_where_and_for_whom_it_is(tmp_path, channel, guild, expected):
    row = one(tmp_path, said(FIRST), channel=channel, guild=guild)

    assert (row["visibility"], row["container"], row["title"]) == expected


def test_a_thread_is_one_conversation_with_the_message_that_began_it(tmp_path):
    opened = api(THREAD["id"], thread={"id": THREAD["id"], "name": "Engine dies"})
    (root,) = read(tmp_path, [opened])
    rows = read(
        tmp_path,
        export(
            said(FIRST, "", type="ThreadStarterMessage"),
            said(SECOND, "Any smoke?"),
            said("900000000000000030", "Yes", reference={"messageId": SECOND}),
            channel=THREAD,
        ),
    )

    assert error_types(rows) == ["not_an_utterance"]
    assert {row["conversation_id"] for row in [root, *living(rows)]} == {
        f"discord:{THREAD['id']}"
    }
    assert living(rows)[1]["reply_to"] == f"discord:{SECOND}"


def test_direct_messages_are_left_out_unless_asked_for(tmp_path):
    value = export(said(FIRST), channel={"type": "DirectTextChat"}, guild={"id": "0"})

    assert error_types(read(tmp_path, value)) == ["private_left_out"]


def test_an_address_is_made_of_server_channel_and_message(tmp_path):
    row = one(tmp_path, said(FIRST))

    assert row["url"].endswith(f"/{GUILD['id']}/{CHANNEL['id']}/{FIRST}")


# -- kinds, people, texts --------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        pytest.param(
            {"type": "GuildMemberJoin", "content": "Joined the server."},
            "system",
            "Joined the server.",
            id="join",
        ),
        pytest.param(
            {"type": "RecipientAdd", "content": "Added Bo Ek to the group."}
            | {"mentions": [{"id": "5", "name": "bo", "nickname": "Bo Ek"}]},
            "system",
            "Added [USER] to the group.",
            id="name in a system message",
        ),
        pytest.param(
            {"type": "ChannelPinnedMessage", "content": "Pinned a message."}
            | {"reference": {"messageId": FIRST}},
            "system",
            "Pinned a message.",
            id="pin is no reply",
        ),
        pytest.param({"type": "8", "content": ""}, "system", "", id="boost"),
        pytest.param({"type": "20", "content": "ok"}, "message", "ok", id="command"),
        pytest.param(
            {"type": "Default", "content": "", "forwardedMessage": {"content": "a\nb"}}
            | {"reference": {"messageId": FIRST, "type": "Forward"}},
            "message",
            "> a\n> b",
            id="passed on",
        ),
        pytest.param(
            {"content": "", "author": ANN | {"isBot": True}}
            | {
                "embeds": [
                    {
                        "title": "Down",
                        "description": "db",
                        "fields": [{"name": "since", "value": "10:00"}],
                    }
                ]
            },
            "message",
            "Down\ndb\nsince: 10:00",
            id="card of a bot",
        ),
        pytest.param(
            {"content": "http://x", "embeds": [{"title": "A page"}]},
            "message",
            "http://x",
            id="what a link unfolds to",
        ),
        pytest.param(
            {"content": "", "poll": {"question": {"text": "Tea?"}}},
            "message",
            "Tea?",
            id="poll",
        ),
    ],
)
def test_what_discord_says_itself_is_told_from_what_people_say(
    tmp_path, message, kind, text
):
    row = one(tmp_path, said(SECOND) | message)

    assert (row["kind"], row["text"], row["reply_to"]) == (kind, text, None)


@pytest.mark.parametrize(
    ("author", "more", "expected"),
    [
        pytest.param(ANN, {}, (ANN["id"], False, None), id="member"),
        pytest.param(ANN | {"isBot": True}, {}, (ANN["id"], True, None), id="bot"),
        pytest.param(
            {"id": "5", "username": "CI"},
            {"webhook_id": "5"},
            ("5", True, None),
            id="web hook",
        ),
        pytest.param(
            {"id": "456226577798135808", "name": "Deleted User", "isBot": False},
            {},
            (None, False, "deleted"),
            id="all that were deleted",
        ),
        pytest.param(
            {"id": "55", "name": "Deleted User 7f3a", "discriminator": "0000"},
            {},
            ("55", False, "deleted"),
            id="one that was deleted",
        ),
        pytest.param(
            ANN
            | {
                "roles": [
                    {"name": "crew", "position": 1},
                    {"name": "mod", "position": 9},
                ]
            },
            {},
            (ANN["id"], False, "mod"),
            id="roles",
        ),
    ],
)
def test_who_wrote_it(tmp_path, author, more, expected):
    row = one(tmp_path, said(FIRST, author=author, **more))

    assert (row["speaker_id"], row["is_bot"], row["speaker_role"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@800000000000000001> and <@!800000000000000001>", "[USER] and [USER]"),
        ("<@&800000000000000009> up", "[USER] up"),
        (
            "lol <:pepe:123456789012345678><a:dance:123456789012345678>",
            "lol :pepe::dance:",
        ),
        ("see <#900000000000000002>", "see #channel"),
        ("at <t:1714550400:R>", "at 2024-05-01 08:00 UTC"),
        ("try </play song:123456789012345678>", "try /play song"),
        ("a < b > c &lt;", "a < b > c &lt;"),
        ("\u05e9\u05dc\u05d5\u05dd \U0001f389", "\u05e9\u05dc\u05d5\u05dd \U0001f389"),
        ("", ""),
    ],
)
def test_markup_becomes_what_people_saw(text, expected):
    assert plain(text) == expected


def test_names_that_the_exporter_wrote_for_mentions_are_masked(tmp_path):
    message = said(FIRST, "@Ann Lee, ask @ann! Mail ann@ann.example", mentions=[ANN])

    assert one(tmp_path, message)["text"] == (
        "[USER], ask [USER]! Mail ann@ann.example"
    )  # fmt: skip


def test_what_else_is_there_is_kept_as_attributes(tmp_path):
    message = said(
        FIRST,
        isPinned=True,
        attachments=[{"fileName": "log.txt"}, {"fileName": "b.png"}],
        stickers=[{"name": "Laugh"}],
        embeds=[{"title": "A page", "url": "http://x"}],
        reactions=[
            {"emoji": {"name": "\U0001f389"}, "count": 2, "users": [ANN]},
            {"emoji": {"name": "pepe", "id": "1"}, "count": 1},
        ],
    )

    row = one(tmp_path, message)

    assert dict(row["attrs"]) == {
        "files": "log.txt, b.png",
        "stickers": "Laugh",
        "embeds": "A page",
        "pinned": "true",
        "reaction.\U0001f389": "2",
        "reaction.pepe": "1",
    }
    assert "Ann" not in str(row)


def test_edits_and_deletions(tmp_path):
    edited = one(tmp_path, said(FIRST, timestampEdited="2024-05-01T10:05:00+02:00"))
    (gone,) = read(
        tmp_path,
        [{"op": 0, "t": "MESSAGE_DELETE", "d": {"id": FIRST}}],
    )

    assert edited["edited_at"].minute == 5
    assert (gone["utterance_id"], gone["deleted"]) == (f"discord:{FIRST}", True)
    assert gone["timestamp"].year == 2021  # an id begins with its time


# -- bad input -------------------------------------------------------------------------

VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]
FIELDS = "content type timestamp author reference reactions embeds mentions poll thread"


@pytest.mark.parametrize("field", FIELDS.split())
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said(FIRST) | {field: value} for value in VALUES]

    rows = read(tmp_path, export(*odd, said(SECOND)))

    assert len(rows) == len(odd) + 1
    assert not rows[-1]["errors"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        pytest.param({"content": "no id"}, "missing_field", id="no id"),
        pytest.param({"op": 0, "t": "TYPING", "d": {}}, "not_an_utterance", id="t"),
        pytest.param({"code": 50001, "message": "no"}, "unknown_shape", id="error"),
        pytest.param(7, "unknown_shape", id="number"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    assert error_types(read(tmp_path, [record])) == [error]


def test_an_export_that_is_cut_gives_what_came_before(tmp_path):
    text = json.dumps(export(said(FIRST), said(SECOND)))

    rows = read(tmp_path, text[: text.rindex('"author"')])

    assert [row["utterance_id"] for row in living(rows)] == [f"discord:{FIRST}"]
    assert error_types(rows)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_source_is_recognised(shape):
    value = SHAPES[shape]
    head = (value if isinstance(value, str) else json.dumps(value)).encode()

    source, sure = recognised("a.json", head[:2000])

    assert source is ReadDiscord
    assert sure >= 0.9


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("export_guild_channel.json", 5),
        ("export_direct_messages.json", 3),
        ("gateway_message.json", 1),
    ],
)
def test_real_files_are_read_whole(shared_data, name, count):
    rows = rows_of(
        ReadDiscord, shared_data / "raw_discord" / name, include_private=True
    )

    assert len(rows) == count
    assert not error_types(rows)
