"""Exports of chats, and pages of their servers."""

import io
import json
import zipfile

from tests.given.unseen import Unseen


def _json(source, name, value, indent=None):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return Unseen(source, name, text.encode())


def _lines(source, name, values):
    text = "".join(json.dumps(value) + "\n" for value in values)
    return Unseen(source, name, text.encode())


_SLACK_DAY = [
    {
        "client_msg_id": "7e0f6c1a-5d0b-4f6e-9a1c-3f0e7b6a2c11",
        "type": "message",
        "text": "Could somebody look at <https://ci.example/77|the build>?",
        "user": "U02AB3CDE",
        "ts": "1700000001.000200",
        "team": "T0001",
    },
    {
        "subtype": "channel_join",
        "user": "U02AB3CDF",
        "text": "<@U02AB3CDF> has joined the channel",
        "type": "message",
        "ts": "1700000002.000300",
    },
]


def _slack_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("channels.json", json.dumps([{"id": "C1", "name": "ops"}]))
        archive.writestr("users.json", json.dumps([{"id": "U02AB3CDE", "name": "kim"}]))
        archive.writestr("integration_logs.json", "[]")
        archive.writestr("ops/2023-11-14.json", json.dumps(_SLACK_DAY))
    return buffer.getvalue()


_DCE = {
    "guild": {"id": "0", "name": "Direct Messages", "iconUrl": "https://cdn/0.png"},
    "channel": {
        "id": "901",
        "type": "DirectTextChat",
        "categoryId": None,
        "category": "Private",
        "name": "lena",
        "topic": None,
    },
    "dateRange": {"after": None, "before": None},
    "exportedAt": "2024-02-03T10:11:12.131+00:00",
    "messages": [
        {
            "id": "1180000000000000001",
            "type": "Default",
            "timestamp": "2024-01-02T03:04:05.678+00:00",
            "timestampEdited": None,
            "callEndedTimestamp": None,
            "isPinned": False,
            "content": "did the patch land?",
            "author": {"id": "77", "name": "lena", "discriminator": "0000"},
            "attachments": [],
            "embeds": [],
            "stickers": [],
            "reactions": [],
            "mentions": [],
        }
    ],
    "messageCount": 1,
}
_DISCORD_API = [
    {
        "id": "1180000000000000009",
        "type": 0,
        "content": "it did",
        "channel_id": "901",
        "author": {"id": "78", "username": "omar", "discriminator": "0"},
        "attachments": [],
        "embeds": [],
        "mentions": [],
        "mention_roles": [],
        "pinned": False,
        "mention_everyone": False,
        "tts": False,
        "timestamp": "2024-01-02T03:05:05.678000+00:00",
        "edited_timestamp": None,
        "flags": 0,
        "components": [],
    }
]

_MATTERMOST_BULK = [
    {"type": "version", "version": 1},
    {"type": "team", "team": {"name": "core", "display_name": "Core", "type": "O"}},
    {
        "type": "post",
        "post": {
            "team": "core",
            "channel": "ops",
            "user": "ines",
            "message": "The disk is full again.",
            "create_at": 1700000000000,
            "replies": [
                {"user": "tom", "message": "On it.", "create_at": 1700000060000}
            ],
        },
    },
]
_MATTERMOST_PAGE = {
    "order": ["p2"],
    "posts": {
        "p2": {
            "id": "p2",
            "create_at": 1700000000000,
            "update_at": 1700000000000,
            "edit_at": 0,
            "delete_at": 0,
            "is_pinned": False,
            "user_id": "u1",
            "channel_id": "c1",
            "root_id": "",
            "original_id": "",
            "message": "The disk is full again.",
            "type": "",
            "props": {},
            "hashtags": "",
            "pending_post_id": "",
            "metadata": {},
        }
    },
    "next_post_id": "",
    "prev_post_id": "",
}
_ROCKET = {
    "messages": [
        {
            "_id": "AkzpHAvZpdnuchw2a",
            "rid": "ByehQjC44FwMeiLbX",
            "msg": "hi, is the mirror slow?",
            "ts": "2023-11-14T22:13:20.000Z",
            "u": {"_id": "y65tAmHs93aDChMWu", "username": "ada", "name": "Ada"},
            "_updatedAt": "2023-11-14T22:13:20.100Z",
            "mentions": [],
            "channels": [],
        }
    ],
    "success": True,
}
_GITTER = [
    {
        "id": "53316dc47bfc1a000000000f",
        "text": "Hi @suprememoocow !",
        "html": "Hi <span>@suprememoocow</span> !",
        "sent": "2014-03-25T11:51:32.289Z",
        "fromUser": {"id": "53307734c3599d1de448e192", "username": "malditogeek"},
        "unread": False,
        "readBy": 0,
        "urls": [],
        "mentions": [{"screenName": "suprememoocow"}],
        "issues": [],
        "meta": [],
        "v": 1,
    }
]
_MATRIX_EVENT = {
    "type": "m.room.message",
    "sender": "@bo:example.org",
    "content": {"msgtype": "m.text", "body": "it works now, thanks"},
    "origin_server_ts": 1700000000000,
    "event_id": "$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg",
    "room_id": "!jEsUZKDJdhlrceRyVU:example.org",
    "unsigned": {"age": 1234},
}
_ELEMENT = {
    "room_name": "Ops",
    "room_creator": "@bo:example.org",
    "topic": "",
    "export_date": "11/14/2023",
    "exported_by": "@bo:example.org",
    "messages": [_MATRIX_EVENT],
}
_MATRIX_PAGE = {"start": "t1-2", "end": "t3-4", "chunk": [_MATRIX_EVENT], "state": []}

_TELEGRAM_CHAT = {
    "name": "Garden",
    "type": "private_supergroup",
    "id": 1234567890,
    "messages": [
        {
            "id": 1,
            "type": "service",
            "date": "2023-11-14T22:13:20",
            "date_unixtime": "1700000000",
            "actor": "Eve",
            "actor_id": "user55",
            "action": "create_group",
            "title": "Garden",
            "members": ["Eve"],
            "text": "",
            "text_entities": [],
        },
        {
            "id": 2,
            "type": "message",
            "date": "2023-11-14T22:14:20",
            "date_unixtime": "1700000060",
            "from": "Eve",
            "from_id": "user55",
            "text": ["see ", {"type": "link", "text": "https://a.example"}],
            "text_entities": [{"type": "plain", "text": "see "}],
        },
    ],
}
_TELEGRAM_ALL = {
    "about": "Here is the data you requested.",
    "personal_information": {"user_id": 55, "first_name": "Eve"},
    "contacts": {"about": "", "list": []},
    "chats": {"about": "", "list": [_TELEGRAM_CHAT]},
}
_WHATSAPP_ANDROID = """\
11/14/23, 9:58 PM - Messages and calls are end-to-end encrypted. No one outside of \
this chat, not even WhatsApp, can read or listen to them. Tap to learn more.
11/14/23, 9:58 PM - Rui created group "Climbers"
11/14/23, 9:59 PM - Rui: who is in on Sunday?
bring chalk
11/14/23, 10:02 PM - Mei: <Media omitted>
11/14/23, 10:03 PM - Mei: me!
"""
_WHATSAPP_IOS = """\
\ufeff[14.11.23, 21:58:01] Kletterer: \u200eNachrichten und Anrufe sind \
Ende-zu-Ende-verschlüsselt.
[14.11.23, 21:59:11] Rui: wer kommt am Sonntag?
[14.11.23, 22:02:45] ~ Mei: ich!
\u200e[14.11.23, 22:03:10] Rui: \u200eBild weggelassen
"""
_WEECHAT = """\
2023-11-14 21:58:01\t-->\tkim (~kim@host.example) has joined #ops
2023-11-14 21:59:11\tkim\thello, is the mirror down?
2023-11-14 21:59:40\t@rui\tyes, since noon
2023-11-14 22:00:02\t *\tkim sighs
2023-11-14 22:01:00\t<--\tkim (~kim@host.example) has quit (Quit: bye)
"""
_IRSSI = """\
--- Log opened Tue Nov 14 21:50:00 2023
21:58 -!- kim [~kim@host.example] has joined #ops
21:59 < kim> hello, is the mirror down?
21:59 <@rui> kim: yes, since noon
22:00  * kim sighs
--- Day changed Wed Nov 15 2023
00:03 < kim> up again
--- Log closed Wed Nov 15 00:10:00 2023
"""
_ZNC = """\
[21:58:01] *** Joins: kim (~kim@host.example)
[21:59:11] <kim> hello, is the mirror down?
[21:59:40] <rui> yes, since noon
[22:00:02] * kim sighs
[22:01:00] *** Quits: kim (~kim@host.example) (Quit: bye)
"""

FILES = [
    _json("slack", "2023-11-14.json", _SLACK_DAY, 4),
    _json(
        "slack",
        "history.json",
        {"ok": True, "messages": _SLACK_DAY[:1], "has_more": False, "pin_count": 0},
    ),
    Unseen("slack", "Acme Slack export Nov 14 2023.zip", _slack_zip()),
    _json("discord", "Direct Messages - lena [901].json", _DCE, 2),
    _json("discord", "channel-901.json", _DISCORD_API),
    _lines("mattermost", "import.jsonl", _MATTERMOST_BULK),
    _json("mattermost", "posts-page-0.json", _MATTERMOST_PAGE, 2),
    _json("rocket-chat", "channels.history.json", _ROCKET, 2),
    _lines("rocket-chat", "rocketchat_message.json", _ROCKET["messages"]),
    _json("gitter", "chatMessages.json", _GITTER),
    _json("matrix", "matrix - Ops - Chat Export.json", _ELEMENT, 4),
    _json("matrix", "messages.json", _MATRIX_PAGE),
    _json("telegram", "result.json", _TELEGRAM_CHAT, 1),
    _json("telegram", "result-all.json", _TELEGRAM_ALL, 1),
    Unseen("whatsapp", "WhatsApp Chat with Climbers.txt", _WHATSAPP_ANDROID.encode()),
    Unseen("whatsapp", "_chat.txt", _WHATSAPP_IOS.encode()),
    Unseen("irc", "irc.libera.#ops.weechatlog", _WEECHAT.encode()),
    Unseen("irc", "#ops.log", _IRSSI.encode()),
    Unseen("irc", "2023-11-14.log", _ZNC.encode()),
]
