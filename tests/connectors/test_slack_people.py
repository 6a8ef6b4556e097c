"""Who may read a message of Slack, who wrote it, and what Slack says itself."""

import json

import pytest

from affectflow_connectors.slack.export import ReadSlack
from tests.given.reading import (
    living,
    rows_of,
    why_dead,
    write_zip,
)
from tests.given.slack_exports import (
    DAY_TWO,
    EXPORT,
    GENERAL,
    IDS,
    LONE,
    one,
    said,
)


def test_private_and_direct_messages_are_marked_and_left_out(tmp_path):
    path = write_zip(tmp_path / "export.zip", EXPORT)

    assert (
        why_dead(rows_of(ReadSlack, path, include_private=False))
        == ["private_left_out"] * 3
    )
    rows = rows_of(ReadSlack, path)
    assert {row["text"]: (row["visibility"], row["container"]) for row in rows} == {
        "Build is *broken* :fire:": ("public", "general"),
        "On it": ("public", "general"),
        "All green again \U0001f389": ("public", "general"),
        "only for you": ("direct", None),
        "for three": ("direct", None),
        "for the team": ("private", "ops"),
    }
    assert "ann" not in "".join(row["utterance_id"] for row in rows)


@pytest.mark.parametrize(
    ("channel_type", "visibility"),
    [("channel", "public"), ("group", "private"), ("im", "direct"), ("mpim", "direct")],
)
def test_an_event_says_who_may_read_it(tmp_path, channel_type, visibility):
    event = {**DAY_TWO[0], "channel": "C0OTHER001", "channel_type": channel_type}

    row = one(tmp_path, event)

    assert row["visibility"] == visibility


def test_a_hit_of_the_search_is_a_message_with_an_address(tmp_path):
    hit = said(LONE) | {
        "channel": {"id": GENERAL, "name": "general", "is_private": True},
        "permalink": "https://x.slack.com/archives/C0GENERAL1/p1577959200000300",
    }
    path = tmp_path / "found.json"
    path.write_text(json.dumps({"ok": True, "messages": {"matches": [hit]}}))

    (row,) = rows_of(ReadSlack, path)

    assert (row["utterance_id"], row["visibility"]) == (IDS[2], "private")
    assert row["container"] == "general"
    assert row["url"] == hit["permalink"]


def test_roles_and_automatons_are_read_off_the_users(tmp_path):
    files = EXPORT | {
        "general/2020-01-02.json": [*DAY_TWO, said("1.5", user="U0BOT00001")]
    }
    rows = living(
        rows_of(ReadSlack, write_zip(tmp_path / "e.zip", files), include_private=False)
    )

    assert [(row["speaker_role"], row["is_bot"]) for row in rows] == [
        ("owner", False), ("member", False), ("owner", False), ("member", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kind", "is_bot", "text"),
    [
        pytest.param(
            {"subtype": "channel_join", "text": "<@U1|ann> has joined the channel"},
            "system",
            False,
            "[USER] has joined the channel",
            id="join",
        ),
        pytest.param(
            {
                "subtype": "channel_topic",
                "text": "<@U1> set the topic: beta &gt; alpha",
            },
            "system",
            False,
            "[USER] set the topic: beta > alpha",
            id="topic",
        ),
        pytest.param(
            {"subtype": "bot_add", "text": "added", "bot_id": "B1"},
            "system",
            True,
            "added",
            id="integration",
        ),
        pytest.param(
            {"subtype": "bot_message", "username": "CI", "user": None, "text": "red"},
            "message",
            True,
            "red",
            id="bot without an account",
        ),
        pytest.param(
            {"bot_id": "B1", "user": "U0APP00001", "text": "done"},
            "message",
            True,
            "done",
            id="app with an account",
        ),
        pytest.param(
            {"bot_id": None, "text": "me"}, "message", False, "me", id="no bot"
        ),
        pytest.param(
            {"user": "USLACKBOT", "text": "Reminder"},
            "message",
            True,
            "Reminder",
            id="slackbot",
        ),
        pytest.param(
            {"subtype": "me_message", "text": "waves"},
            "message",
            False,
            "waves",
            id="me",
        ),
        pytest.param(
            {"subtype": "thread_broadcast", "text": "fixed"},
            "message",
            False,
            "fixed",
            id="broadcast",
        ),
        pytest.param(
            {
                "subtype": "file_share",
                "text": "<@U1> uploaded a file: <http://x/f|log> and commented: ouch",
            },
            "message",
            False,
            "ouch",
            id="upload of old with a comment",
        ),
        pytest.param(
            {
                "subtype": "file_share",
                "text": "<@U1> uploaded a file: <https://x/f|log>",
            },
            "message",
            False,
            "",
            id="upload of old",
        ),
    ],
)
def test_what_slack_says_itself_is_told_from_what_people_say(
    tmp_path, message, kind, is_bot, text
):
    row = one(tmp_path, said(LONE) | message)

    assert (row["kind"], row["is_bot"], row["text"]) == (kind, is_bot, text)
