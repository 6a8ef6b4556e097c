"""ReadMatrix: rooms that Element exports, pages of messages, syncs, lines of events."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.matrix.source import ReadMatrix
from tests.given.reading import error_types, rows_of, write_zip, written

AT = 1714550400000
"""2024-05-01 08:00, in milliseconds."""
ROOM = "!door:x.example"


def event(id_, content, after=0, **more):
    return {
        "type": "m.room.message",
        "event_id": id_,
        "sender": "@ann:x.example",
        "origin_server_ts": AT + after,
        "room_id": ROOM,
        "content": {"msgtype": "m.text", **content} if content else {},
        **more,
    }


def said(id_, text, after=0, about=None, **more):
    relation = {"m.relates_to": about} if about else {}
    return event(id_, {"body": text, **relation}, after, **more)


def answering(id_):
    return {"m.in_reply_to": {"event_id": id_}}


def threaded(root, last, falling_back=True):
    relation = {"rel_type": "m.thread", "event_id": root}
    return relation | answering(last) | {"is_falling_back": falling_back}


def edited(id_, target, text, after, **more):
    about = {"rel_type": "m.replace", "event_id": target}
    new = {"m.new_content": {"msgtype": "m.text", "body": text}}
    return event(
        id_, {"body": f"* {text}", **new, "m.relates_to": about}, after, **more
    )


def reacted(id_, target, key):
    about = {"rel_type": "m.annotation", "event_id": target, "key": key}
    return event(id_, None, type="m.reaction") | {"content": {"m.relates_to": about}}


def state(id_, kind, content, **more):
    return event(id_, None, type=kind, state_key="") | {"content": content} | more


FIRST = said("$a", "the door squeaks مرحبا 😂")
REPLY = said("$b", "> <@ann:x.example> the door squeaks\n\nNo!", 1000, answering("$a"))
ROOT = said("$c", "in a thread", 2000, threaded("$a", "$b"))
EVENTS = [FIRST, REPLY, ROOT]
SYNC = {"next_batch": "s1", "rooms": {"join": {ROOM: {"timeline": {"events": EVENTS}}}}}
SHAPES = {
    "export.json": {"room_name": "door", "exported_by": "Ann", "messages": EVENTS},
    "page.json": {"start": "t1", "end": "t2", "chunk": EVENTS[::-1]},
    "sync.json": SYNC,
    "around.json": {"event": REPLY, "events_before": [FIRST], "events_after": [ROOT]},
    "array.json": EVENTS,
    "lines.ndjson": EVENTS,
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    path = written(tmp_path, SHAPES[name], name)

    rows = sorted(rows_of(ReadMatrix, path), key=lambda row: row["utterance_id"])

    keys = ("utterance_id", "conversation_id", "reply_to", "text")
    assert [tuple(row[key] for key in keys) for row in rows] == [
        ("matrix:$a", "matrix:$a", None, "the door squeaks مرحبا 😂"),
        ("matrix:$b", "matrix:$a", "matrix:$a", "> the door squeaks\n\nNo!"),
        ("matrix:$c", "matrix:$a", "matrix:$a", "in a thread"),
    ]
    assert str(rows[0]["timestamp"]) == "2024-05-01 08:00:00+00:00"
    assert rows[0]["container"] == ("door" if name == "export.json" else ROOM)
    assert recognised(name, path.read_bytes())[0] is ReadMatrix


def test_an_archive_gives_what_its_export_gives(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"x/export.json": SHAPES["export.json"]})

    assert error_types(rows_of(ReadMatrix, path)) == ["", "", ""]


@pytest.mark.parametrize("turn", [1, -1], ids=["in order", "newest first"])
def test_edits_reactions_and_redactions_are_of_their_message(tmp_path, turn):
    events = [
        FIRST,
        edited("$e1", "$a", "the door SQUEAKS", 5000),
        edited("$e2", "$a", "the door is quiet", 9000),
        edited("$e3", "$a", "I am a thief", 9500, sender="@eve:x.example"),
        reacted("$r1", "$a", "👍️"),
        reacted("$r2", "$a", "👍"),
        reacted("$r3", "$a", "👎"),
        event("$g1", None, type="m.room.redaction", redacts="$r3"),
        said("$d", "sorry", 7000),
        event("$g2", None, type="m.room.redaction") | {"content": {"redacts": "$d"}},
    ][::turn]

    rows = rows_of(ReadMatrix, written(tmp_path, events, "a.ndjson"))

    first, gone = [row for row in rows if not row["errors"]][::turn]
    assert first["text"] == "the door is quiet"
    assert str(first["edited_at"]) == "2024-05-01 08:00:09+00:00"
    assert dict(first["attrs"]) == {"reaction.👍": "2"}
    assert (gone["text"], gone["deleted"]) == ("", True)
    assert set(error_types(rows)) == {"", "not_an_utterance"}


def test_an_edit_of_a_message_of_another_file_is_its_new_version(tmp_path):
    (row,) = rows_of(
        ReadMatrix, written(tmp_path, [edited("$e", "$a", "no", 5)], "a.json")
    )

    assert (row["utterance_id"], row["text"]) == ("matrix:$a", "no")
    assert row["edited_at"] is not None


def test_an_edit_that_the_server_bundles_is_applied(tmp_path):
    edit = edited("$e", "$a", "quiet", 9000)
    bundled = FIRST | {"unsigned": {"m.relations": {"m.replace": edit}}}

    (row,) = rows_of(ReadMatrix, written(tmp_path, [bundled], "a.json"))

    assert (row["text"], row["edited_at"].second) == ("quiet", 9)


PILL = (
    "<mx-reply>x</mx-reply>"
    '<a href="https://matrix.to/#/@bob:x.example">Bob &amp; Co</a>: see <a href="https://matrix.to/#/#door:x.example">#door</a>'
)
HTML = {"format": "org.matrix.custom.html"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(
            {"body": "Bob & Co: see #door", **HTML, "formatted_body": PILL},
            "[USER]: see #door",
            id="mention",
        ),
        pytest.param(
            {"body": "run make", **HTML, "formatted_body": "run <code>make</code>"},
            "run `make`",
            id="code that only the HTML shows",
        ),
        pytest.param({"msgtype": "m.image", "body": "a.png"}, "", id="picture"),
        pytest.param(
            {"msgtype": "m.image", "body": "look!", "filename": "a.png"},
            "look!",
            id="picture with words",
        ),
        pytest.param({"msgtype": "m.emote", "body": "waves"}, "waves", id="emote"),
        pytest.param({"body": "> I said\n\nNo"}, "> I said\n\nNo", id="own quote"),
    ],
)
def test_what_a_message_says(tmp_path, content, text):
    (row,) = rows_of(ReadMatrix, written(tmp_path, [event("$a", content)], "a.json"))

    assert row["text"] == text


def test_a_reply_in_a_thread_answers_what_it_names(tmp_path):
    reply = said("$d", "Why?", about=threaded("$a", "$c", falling_back=False))

    (row,) = rows_of(ReadMatrix, written(tmp_path, [reply], "a.json"))

    assert (row["conversation_id"], row["reply_to"]) == ("matrix:$a", "matrix:$c")


@pytest.mark.parametrize(
    ("event_", "column", "expected"),
    [
        (event("$a", {"msgtype": "m.notice", "body": "x"}), "is_bot", True),
        (said("$a", "x", sender="@release-bot:x.example"), "is_bot", True),
        (said("$a", "x", unsigned={"redacted_because": {"a": 1}}), "deleted", True),
        (event("$a", None), "deleted", True),
        (state("$a", "m.room.topic", {"topic": "no noise"}), "text", "no noise"),
        (state("$a", "m.room.member", {"membership": "ban", "reason": "noise"}),
         "text", "ban: noise"),
        (state("$a", "m.room.create", {}), "kind", "system"),
        (event("$a", {"body": "a.txt", "msgtype": "m.file"}), "attrs",
         [("message_type", "m.file"), ("files", "a.txt")]),
        ({"decrypted": FIRST, "encrypted": {}}, "text", FIRST["content"]["body"]),
    ],
)  # fmt: skip
def test_what_an_event_says_of_itself(tmp_path, event_, column, expected):
    (row,) = rows_of(ReadMatrix, written(tmp_path, [event_], "a.json"))

    assert row[column] == expected


@pytest.mark.parametrize(
    ("about", "visibility"),
    [
        (state("$s", "m.room.join_rules", {"join_rule": "public"}), "public"),
        (state("$s", "m.room.join_rules", {"join_rule": "invite"}), "private"),
        (state("$s", "m.room.member", {"is_direct": True}), "direct"),
        (state("$s", "m.room.name", {"name": "door"}), "unknown"),
    ],
)
def test_a_room_says_for_whom_it_is(tmp_path, about, visibility):
    rows = rows_of(ReadMatrix, written(tmp_path, [FIRST, about], "a.ndjson"))

    assert {row["visibility"] for row in rows} == {visibility}


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (event("$a", {"algorithm": "m.megolm"}, type="m.room.encrypted"), "encrypted"),
        (event("$a", {"msgtype": "m.bad.encrypted", "body": "** Unable"}), "encrypted"),
        (event("$a", {"x": 1}, type="m.call.invite"), "not_an_utterance"),
        ({"errcode": "M_FORBIDDEN", "error": "no"}, "unknown_shape"),
        ({"next_batch": "s1", "rooms": {}}, "not_an_utterance"),
        ({"sender": "@a:b", "content": {}}, "missing_field"),
        ({"a": 1}, "missing_field"),
        (7, "unknown_shape"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    path = written(tmp_path, [record], "a.ndjson")

    assert error_types(rows_of(ReadMatrix, path)) == [error]


@pytest.mark.parametrize("field", ["content", "unsigned", "sender", "origin_server_ts"])
@pytest.mark.parametrize("value", [{}, [], 7, None, True, "\ud800", {"a": [{}]}])
def test_fields_of_another_type_end_nothing(tmp_path, field, value):
    path = written(tmp_path, [FIRST | {field: value}, REPLY], "a.ndjson")

    assert error_types(rows_of(ReadMatrix, path)) == ["", ""]


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    text = json.dumps(SHAPES["export.json"])[:-40]

    assert error_types(rows_of(ReadMatrix, written(tmp_path, text, "a.json")))[:2] == [
        *("", "")
    ]
