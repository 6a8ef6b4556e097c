"""What Discord says itself, who wrote a message, and its text."""

import pytest

from affectflow_connectors.discord import plain
from tests.given.discord_exports import ANN, FIRST, SECOND, one, read, said


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
