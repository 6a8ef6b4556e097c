"""Markup of Slack as text, and what became of texts: edits and deletions."""

import pytest

from affectflow_connectors.slack.markup import plain
from tests.given.slack_exports import DAY_ONE, IDS, LONE, REPLY, ROOT, one, said


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
