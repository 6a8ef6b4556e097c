"""ReadSlack: a workspace of our own as zip, folder, pages and events."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow.sources.streams import plain_head
from affectflow_connectors.slack.export import ReadSlack
from affectflow_connectors.slack.markup import plain
from affectflow_connectors.slack.shapes import timestamp
from tests.given.chat_exports import (
    error_types,
    living,
    rows_of,
    write_folder,
    write_zip,
)

GENERAL, OPS, DIRECT, GROUP = "C0GENERAL1", "G0OPS00001", "D0ANNBOB01", "G0MANY0001"


def said(ts, text="hi", user="U0ANN00001", **more):
    return {"type": "message", "user": user, "text": text, "ts": ts, **more}


ROOT, REPLY, LONE = "1577872800.000100", "1577872860.000200", "1577959200.000300"
DAY_ONE = [
    said(ROOT, "Build is *broken* :fire:", thread_ts=ROOT, reply_count=1),
    said(REPLY, "On it", "U0BOB00001", thread_ts=ROOT, parent_user_id="U0ANN00001"),
]
DAY_TWO = [said(LONE, "All green again \U0001f389")]
EXPORT = {
    "channels.json": [{"id": GENERAL, "name": "general", "members": []}],
    "groups.json": [{"id": OPS, "name": "ops", "is_private": True}],
    "dms.json": [{"id": DIRECT, "members": ["U0ANN00001", "U0BOB00001"]}],
    "mpims.json": [{"id": GROUP, "name": "mpdm-ann--bob--cy-1"}],
    "users.json": [
        {"id": "U0ANN00001", "name": "ann", "is_owner": True},
        {"id": "U0BOB00001", "name": "bob"},
        {"id": "U0BOT00001", "name": "builder", "is_bot": True},
    ],
    "integration_logs.json": [{"user_id": "U0ANN00001", "date": "1577872800"}],
    "general/2020-01-01.json": DAY_ONE,
    "general/2020-01-02.json": DAY_TWO,
    f"{DIRECT}/2020-01-01.json": [said("1577872801.000100", "only for you")],
    "mpdm-ann--bob--cy-1/2020-01-01.json": [said("1577872802.000100", "for three")],
    "ops/2020-01-01.json": [said("1577872803.000100", "for the team")],
}
IDS = [f"slack:{GENERAL}/{ts}" for ts in (ROOT, REPLY, LONE)]


def page(tmp_path, *messages, name=f"{GENERAL}.json", **more):
    answer = {"ok": True, "messages": list(messages), "has_more": False, **more}
    path = tmp_path / name
    path.write_text(json.dumps(answer))
    return path


def one(tmp_path, message, **options):
    (row,) = rows_of(ReadSlack, page(tmp_path, message), **options)
    return row


# -- shapes --------------------------------------------------------------------------


def shapes(tmp_path):
    lines = "".join(json.dumps(m) + "\n" for m in DAY_ONE + DAY_TWO)
    events = [
        {"type": "event_callback", "event": {**m, "channel": GENERAL}}
        for m in DAY_ONE + DAY_TWO
    ]
    nested = {f"backup/{name}": content for name, content in EXPORT.items()}
    return {
        "zip": write_zip(tmp_path / "export.zip", EXPORT),
        "zip with a folder": write_zip(tmp_path / "nested.zip", nested),
        "folder": write_folder(tmp_path / "export", EXPORT),
        "page": page(tmp_path, *DAY_ONE, *DAY_TWO),
        "pages": write_folder(
            tmp_path / "pages",
            {
                f"{GENERAL}_2.json": {"ok": True, "messages": DAY_ONE},
                f"{GENERAL}_1.json": {"ok": True, "messages": DAY_TWO},
            },
        ),
        "lines": write_folder(tmp_path / "l", {f"{GENERAL}.jsonl": lines}),
        "events": write_folder(tmp_path / "e", {"events.json": events}),
        "dump": page(
            tmp_path, *DAY_ONE, *DAY_TWO, name="d.json", channel_id=GENERAL
        ),
    }  # fmt: skip


def test_every_shape_gives_the_same_ids_threads_and_texts(tmp_path):
    found = {
        shape: sorted(
            (r["utterance_id"], r["conversation_id"], r["reply_to"], r["text"])
            for r in living(rows_of(ReadSlack, path))
        )
        for shape, path in shapes(tmp_path).items()
    }

    assert [row[0] for row in found["zip"]] == IDS
    assert [row[1] for row in found["zip"]] == [IDS[0], IDS[0], IDS[2]]
    assert [row[2] for row in found["zip"]] == [None, IDS[0], None]
    assert {str(rows) for rows in found.values()} == {str(found["zip"])}


def test_pages_in_a_folder_of_the_channel_find_the_lists_beside_it(tmp_path):
    files = {"channels.json": EXPORT["channels.json"], "general.json": DAY_ONE}
    beside = rows_of(ReadSlack, write_folder(tmp_path / "x", files) / "general.json")

    assert [row["utterance_id"] for row in beside] == IDS[:2]
    assert {row["container"] for row in beside} == {"general"}
    assert {row["visibility"] for row in beside} == {"public"}


def test_a_page_of_an_unknown_channel_has_ids_of_its_times_alone(tmp_path):
    (row,) = rows_of(ReadSlack, page(tmp_path, DAY_TWO[0], name="history_2015.json"))

    assert (row["utterance_id"], row["container"]) == (f"slack:{LONE}", None)


# -- who may read it, and who wrote it -------------------------------------------------


def test_private_and_direct_messages_are_marked_and_left_out(tmp_path):
    path = write_zip(tmp_path / "export.zip", EXPORT)

    assert error_types(rows_of(ReadSlack, path)) == ["private_left_out"] * 3
    rows = rows_of(ReadSlack, path, include_private=True)
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

    row = one(tmp_path, event, include_private=True)

    assert row["visibility"] == visibility


def test_a_hit_of_the_search_is_a_message_with_an_address(tmp_path):
    hit = said(LONE) | {
        "channel": {"id": GENERAL, "name": "general", "is_private": True},
        "permalink": "https://x.slack.com/archives/C0GENERAL1/p1577959200000300",
    }
    path = tmp_path / "found.json"
    path.write_text(json.dumps({"ok": True, "messages": {"matches": [hit]}}))

    (row,) = rows_of(ReadSlack, path, include_private=True)

    assert (row["utterance_id"], row["visibility"]) == (IDS[2], "private")
    assert row["container"] == "general"
    assert row["url"] == hit["permalink"]


def test_roles_and_automatons_are_read_off_the_users(tmp_path):
    files = EXPORT | {
        "general/2020-01-02.json": [*DAY_TWO, said("1.5", user="U0BOT00001")]
    }
    rows = living(rows_of(ReadSlack, write_zip(tmp_path / "e.zip", files)))

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


# -- texts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "<@U123|ann> and <@W9>, hi", "[USER] and [USER], hi", id="mention"
        ),
        pytest.param("<@ann.lee>: hi", "[USER]: hi", id="mention of an old export"),
        pytest.param("<!subteam^S12|@devs> look", "[USER] look", id="group"),
        pytest.param("<!here> <!channel|channel>", "@here @channel", id="everybody"),
        pytest.param(
            "at <!date^1392734382^{date}|Feb 18>", "at Feb 18", id="date with fallback"
        ),
        pytest.param(
            "in <#C0GENERAL1>, <#C9|beta>", "in #general, #beta", id="channel"
        ),
        pytest.param("in <#C404>", "in #channel", id="channel that is not known"),
        pytest.param(
            "<https://x.example/a?b=1&amp;c=2|the docs>",
            "[the docs](https://x.example/a?b=1&c=2)",
            id="link with a label",
        ),
        pytest.param(
            "<http://x.example|x.example>", "http://x.example", id="bare link"
        ),
        pytest.param("<mailto:a@b.example|a@b.example>", "a@b.example", id="mail"),
        pytest.param("&gt; I hate it\nno", "> I hate it\nno", id="quote"),
        pytest.param("`a &amp;&amp; b &lt; c`", "`a && b < c`", id="code"),
        pytest.param("I can&#39;t &lt;3", "I can't <3", id="escapes of other programs"),
        pytest.param("&amp;lt; is &lt;", "&lt; is <", id="unescaped once"),
        pytest.param("std::vector&lt;@int&gt;", "std::vector<@int>", id="no mention"),
        pytest.param("a <b", "a <b", id="a lone sign"),
        pytest.param(
            "\u05e9\u05dc\u05d5\u05dd <@U1>",
            "\u05e9\u05dc\u05d5\u05dd [USER]",
            id="right to left",
        ),
        pytest.param("", "", id="empty"),
    ],
)
def test_markup_becomes_what_people_saw(text, expected):
    assert plain(text, {"C0GENERAL1": "general"}.get) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param(
            {
                "attachments": [
                    {"pretext": "1 commit", "text": "<http://x/1|1>: fix &amp; go"}
                ]
            },
            "1 commit\n[1](http://x/1): fix & go",
            id="card",
        ),
        pytest.param({"attachments": [{"fallback": "down"}]}, "down", id="fallback"),
        pytest.param(
            {"attachments": [{"from_url": "http://x", "text": "a page"}]},
            "",
            id="what a link unfolds to",
        ),
        pytest.param(
            {
                "attachments": [
                    {"is_share": True, "from_url": "http://x", "text": "a\nb"}
                ]
            },
            "> a\n> b",
            id="passed on",
        ),
        pytest.param(
            {
                "blocks": [
                    {"type": "section", "text": {"type": "mrkdwn", "text": "*Deploy*"}},
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "user", "user_id": "U1"},
                                    {"type": "text", "text": " ok "},
                                    {"type": "link", "url": "http://x", "text": "it"},
                                    {"type": "emoji", "name": "tada"},
                                ],
                            }
                        ],
                    },
                ]
            },
            "*Deploy*\n[USER] ok [it](http://x):tada:",
            id="blocks",
        ),
    ],
)
def test_words_are_found_where_a_message_has_no_text(tmp_path, more, expected):
    assert one(tmp_path, said(LONE, "") | more)["text"] == expected


def test_reactions_and_files_are_attributes(tmp_path):
    message = said(LONE) | {
        "reactions": [
            {"name": "+1", "users": ["U0BOB00001"], "count": 1},
            {"name": "+1::skin-tone-3", "users": ["U0CY000001"], "count": 2},
            {"name": "tada", "count": "many"},
        ],
        "files": [{"title": "trace", "mimetype": "text/plain"}, {"name": "b.png"}],
    }

    assert dict(one(tmp_path, message)["attrs"]) == {
        "files": "trace, b.png",
        "file_types": "text/plain",
        "reaction.+1": "3",
    }


# -- edits and deletions ---------------------------------------------------------------


def test_an_edit_has_its_time_in_every_shape(tmp_path):
    new = said(
        LONE, "Fixed it", edited={"user": "U0ANN00001", "ts": "1577959300.000000"}
    )
    event = {
        "type": "message", "subtype": "message_changed", "ts": "1577959300.000400",
        "message": new, "previous_message": said(LONE, "Fxied it"),
    }  # fmt: skip

    assert one(tmp_path, new) | {"origin": ""} == one(tmp_path, event) | {"origin": ""}
    assert one(tmp_path, event)["edited_at"].second == 40

    unfolded = event | {
        "message": said(LONE, "same"),
        "previous_message": said(LONE, "same"),
    }
    assert one(tmp_path, unfolded)["edited_at"] is None


DELETED = {
    "type": "message", "subtype": "message_deleted", "ts": "1577959400.000500",
    "deleted_ts": REPLY, "previous_message": DAY_ONE[1],
}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "keep", "expected"),
    [
        pytest.param(DELETED, False, ("", "U0BOB00001"), id="deleted"),
        pytest.param(DELETED, True, ("On it", "U0BOB00001"), id="deleted, kept"),
        pytest.param(
            DELETED
            | {
                "subtype": "message_changed",
                "message": said(
                    REPLY,
                    "This message was deleted.",
                    "USLACKBOT",
                    subtype="tombstone",
                    thread_ts=ROOT,
                ),
            },
            True,
            ("On it", "U0BOB00001"),
            id="changed to a tombstone",
        ),
        pytest.param(
            said(
                REPLY,
                "This message was deleted.",
                "USLACKBOT",
                subtype="tombstone",
                thread_ts=ROOT,
            ),
            True,
            ("", None),
            id="tombstone",
        ),
    ],
)
def test_what_was_deleted_stays_as_a_row(tmp_path, event, keep, expected):
    row = one(tmp_path, event, keep_deleted=keep)

    assert row["deleted"]
    assert (row["utterance_id"], row["reply_to"]) == (IDS[1], IDS[0])
    assert (row["text"], row["speaker_id"]) == expected


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "error"),
    [
        pytest.param(
            {"type": "message", "text": "no time"}, "missing_field", id="no ts"
        ),
        pytest.param(said("soon"), "missing_field", id="a ts that is no number"),
        pytest.param(
            {"type": "reaction_added", "ts": LONE}, "not_an_utterance", id="reaction"
        ),
        pytest.param(
            {"ok": False, "error": "ratelimited"}, "unknown_shape", id="error"
        ),
        pytest.param(7, "unknown_shape", id="number"),
        pytest.param({"messages": 7}, "unknown_shape", id="messages are no list"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([record, said(LONE)]))

    rows = rows_of(ReadSlack, path)

    assert error_types(rows) == [error]
    assert len(living(rows)) == 1


VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]
FIELDS = (
    "text user thread_ts subtype edited reactions files blocks attachments channel "
    "bot_id comment file permalink type"
)


@pytest.mark.parametrize("field", FIELDS.split())
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said(LONE) | {field: value} for value in VALUES]

    rows = rows_of(ReadSlack, page(tmp_path, *odd, *DAY_ONE))

    assert len(rows) == len(odd) + 2
    assert len(living(rows)) >= 2


def test_a_damaged_member_ends_no_other(tmp_path):
    files = EXPORT | {"general/2020-01-01.json": b'[{"type": "message", "ts'}
    rows = rows_of(ReadSlack, write_zip(tmp_path / "e.zip", files))

    assert [row["text"] for row in living(rows)] == [DAY_TWO[0]["text"]]
    assert "truncated_file" in error_types(rows)


def test_an_archive_that_ends_too_early_is_said_in_one_row(tmp_path):
    path = write_zip(tmp_path / "e.zip", EXPORT)
    path.write_bytes(path.read_bytes()[:-100])

    (row,) = rows_of(ReadSlack, path)

    assert error_types([row]) == ["damaged_file"]
    assert "damaged zip archive" in row["errors"][0]["message"]


def test_names_that_lead_out_and_bombs_are_refused(tmp_path):
    files = EXPORT | {
        "../general/2020-01-03.json": [said("1578000000.000000", "out")],
        "general/2020-01-04.json": b" " * (64 << 20) + b"[]",
    }
    rows = rows_of(ReadSlack, write_zip(tmp_path / "e.zip", files))

    messages = [r["errors"][0]["message"] for r in rows if r["errors"]]
    assert len([m for m in messages if "leads out" in m]) == 1
    assert len([m for m in messages if "would grow" in m]) == 1
    assert sorted(row["utterance_id"] for row in living(rows)) == IDS


def test_lines_are_the_same_however_they_are_cut(tmp_path, monkeypatch):
    lines = [json.dumps(said(f"157787280{n}.000000", "x" * n)) for n in range(9)]
    path = tmp_path / f"{GENERAL}.jsonl"
    path.write_text("\n".join(lines))
    whole = rows_of(ReadSlack, path)

    for size in (1, 7, 50, 333):
        source = ReadSlack(paths=str(path))
        ranges = [(n, min(n + size, path.stat().st_size))
                  for n in range(0, path.stat().st_size, size)]  # fmt: skip
        (first,) = source.splits(str(path))
        cut = [
            row
            for start, end in ranges
            for batch in source.read(first._replace(start=start, end=end))
            for row in batch.to_pylist()
        ]
        assert cut == whole


# -- looking -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["zip", "page", "events", "lines"])
def test_the_source_is_recognised(tmp_path, shape):
    path = shapes(tmp_path)[shape]
    path = next(path.glob("*")) if path.is_dir() else path

    source, sure = recognised(str(path), plain_head(str(path)))

    assert source is ReadSlack
    assert sure >= 0.6


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1577872800.000100", "1577872800.000100"),
        (1577872800.5, "1577872800.500000"),
        (1577872800, "1577872800.000000"),
        ("", ""),
        (None, ""),
        ("1e9", ""),
    ],
)
def test_a_timestamp_is_written_as_slack_does(value, expected):
    assert timestamp(value) == expected


# -- real files ------------------------------------------------------------------------


def test_a_real_export_and_a_real_page_are_read_whole(shared_data):
    folder = shared_data / "raw_slack"

    rows = rows_of(ReadSlack, folder / "workspace_export.zip")
    page = rows_of(ReadSlack, folder / "web_api_slack_history_20150323.json")

    assert (len(rows), len(page)) == (158, 5)
    assert not error_types(rows + page)
    assert {row["container"] for row in rows} == {"enrique", "traveling-sailor"}
    assert not [row for row in rows if "<@" in row["text"] or "&gt;" in row["text"]]
