"""A server of Discord of our own, as exports, and as its API and gateway send it."""

import json

from affectflow_connectors.discord import ReadDiscord
from tests.given.reading import rows_of

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
    (row,) = read(tmp_path, export(message, **around))
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
