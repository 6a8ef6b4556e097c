"""ReadDiscord: every shape gives the same messages, and is recognised."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.discord import ReadDiscord
from tests.given.discord_exports import (
    ANN,
    CHANNEL,
    FIRST,
    GUILD,
    SECOND,
    SHAPES,
    THREAD,
    api,
    export,
    one,
    read,
    said,
)
from tests.given.reading import living, rows_of, why_dead


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

    assert why_dead(rows) == ["not_an_utterance"]
    assert {row["conversation_id"] for row in [root, *living(rows)]} == {
        f"discord:{THREAD['id']}"
    }
    assert living(rows)[1]["reply_to"] == f"discord:{SECOND}"


def test_direct_messages_are_left_out_unless_asked_for(tmp_path):
    value = export(said(FIRST), channel={"type": "DirectTextChat"}, guild={"id": "0"})

    assert why_dead(read(tmp_path, value, include_private=False)) == [
        "private_left_out"
    ]


def test_an_address_is_made_of_server_channel_and_message(tmp_path):
    row = one(tmp_path, said(FIRST))

    assert row["url"].endswith(f"/{GUILD['id']}/{CHANNEL['id']}/{FIRST}")


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
    rows = rows_of(ReadDiscord, shared_data / "raw_discord" / name)

    assert len(rows) == count
    assert not why_dead(rows)
