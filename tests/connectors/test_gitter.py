"""ReadGitter: pages of messages."""

import json

import pytest

from affectflow.kinds.source import recognised
from affectflow_connectors.gitter import ReadGitter
from tests.given.reading import rows_of, why_dead


def said(id_, text="hi", **more):
    return {
        "id": id_,
        "text": text,
        "html": f"<p>{text}</p>",
        "sent": "2024-05-01T08:00:00.000Z",
        "fromUser": {"id": "u1", "username": "ann", "displayName": "Ann Lee"},
        "unread": False,
        "readBy": 3,
        **more,
    }


PAGE = [said("a"), said("b", "No!", parentId="a", editedAt="2024-05-01T08:05:00Z")]


def read(tmp_path, value, name="a.json"):
    path = tmp_path / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return rows_of(ReadGitter, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("a.json", PAGE, id="page"),
        pytest.param("a.jsonl", "\n".join(map(json.dumps, PAGE)), id="lines"),
        pytest.param("a.jsonl", json.dumps(PAGE), id="a page on a line"),
    ],
)
def test_every_shape_gives_the_same_messages(tmp_path, name, value):
    rows = read(tmp_path, value, name)

    assert [(r["utterance_id"], r["conversation_id"], r["reply_to"]) for r in rows] == [
        ("gitter:a", "gitter:a", None),
        ("gitter:b", "gitter:a", "gitter:a"),
    ]
    assert [row["text"] for row in rows] == ["hi", "No!"]
    assert rows[1]["edited_at"].minute == 5
    assert "Ann" not in str(rows)


def test_an_empty_text_is_what_a_deleted_message_leaves(tmp_path):
    (row,) = read(tmp_path, [said("a", "")])

    assert (row["text"], row["deleted"]) == ("", True)


VALUES = [{}, [], 7, None, True, "\ud800", {"a": [{}]}, [[[]]]]


@pytest.mark.parametrize("field", ["text", "sent", "fromUser", "parentId", "editedAt"])
def test_fields_of_another_type_end_nothing(tmp_path, field):
    odd = [said("a") | {field: value} for value in VALUES]

    rows = read(tmp_path, [*odd, said("b")])

    assert len(rows) == len(odd) + 1
    assert not rows[-1]["errors"]


@pytest.mark.parametrize(
    ("record", "error"),
    [
        ({"text": "no id"}, "missing_field"),
        ({"id": "r", "oneToOne": False}, "not_an_utterance"),
        (7, "unknown_shape"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    assert why_dead(read(tmp_path, [record])) == [error]


def test_real_files_are_read_and_recognised(shared_data):
    folder = shared_data / "raw_chat_misc"
    page, rooms = folder / "gitter_message_page_1.json", folder / "gitter_rooms.json"

    assert len(rows_of(ReadGitter, page)) == 1
    assert {*why_dead(rows_of(ReadGitter, rooms))} == {"not_an_utterance"}
    for path in (page, rooms):
        assert recognised(str(path), path.read_bytes())[0] is ReadGitter
