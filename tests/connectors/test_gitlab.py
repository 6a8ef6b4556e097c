import json

import pytest

from affectflow.errors import UsageError
from affectflow_connectors.gitlab import ReadGitlab
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

ISSUE = {
    "id": 900,
    "iid": 3,
    "project_id": 42,
    "title": "Eggs burn",
    "description": "They *burn* مرحبا 😂",
    "state": "closed",
    "author": {"username": "ann"},
    "created_at": "2024-05-01T10:00:00.000Z",
    "updated_at": "2024-05-03T10:00:00.000Z",
    "web_url": "https://gitlab.example/group/eggs/-/issues/3",
    "labels": ["bug"],
}
NOTE = {
    "id": 7,
    "project_id": 42,
    "noteable_type": "Issue",
    "noteable_id": 900,
    "noteable_iid": 3,
    "body": "Turn it down.",
    "system": False,
    "author": {"username": "bob", "web_url": "https://gitlab.example/bob"},
    "created_at": "2024-05-01T11:00:00.000Z",
    "updated_at": "2024-05-01T11:00:00.000Z",
}
SECOND = NOTE | {"id": 8, "body": "I did."}
BARE = SECOND | {"author": {"username": "bob"}}
SHAPES = {
    "array.json": [NOTE, SECOND, ISSUE],
    "lines.ndjson": [ISSUE, NOTE, SECOND],
    "apart.ndjson": [ISSUE, {"individual_note": False, "notes": [NOTE, SECOND]}],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadGitlab, tmp_path, SHAPES[name], name)

    thread = "gitlab:gitlab.example/issues/900"
    assert sorted((r["utterance_id"], r["text"]) for r in rows) == [
        (thread, "They *burn* مرحبا 😂"),
        ("gitlab:gitlab.example/note-7", "Turn it down."),
        ("gitlab:gitlab.example/note-8", "I did."),
    ]
    assert {r["conversation_id"] for r in rows} == {thread}
    replies = {r["utterance_id"]: r["reply_to"] for r in rows}
    assert replies["gitlab:gitlab.example/note-7"] == thread
    # Only a discussion says which note is answered.
    first = "gitlab:gitlab.example/note-7" if name == "apart.ndjson" else thread
    assert replies["gitlab:gitlab.example/note-8"] == first


@pytest.mark.parametrize(
    ("record", "column", "expected"),
    [
        (NOTE | {"system": True}, "kind", "system"),
        (NOTE | {"internal": True}, "visibility", "private"),
        (NOTE | {"author": {"username": "project_42_bot_ab"}}, "is_bot", True),
        (NOTE, "edited_at", None),
        (ISSUE | {"source_branch": "x"}, "kind", "merge_request"),
        (ISSUE | {"confidential": True}, "visibility", "private"),
        (ISSUE, "container", "group/eggs"),
        (ISSUE | {"description": None}, "text", "Eggs burn"),
    ],
)
def test_what_a_message_says_of_itself(tmp_path, record, column, expected):
    (row,) = rows_of_text(ReadGitlab, tmp_path, [record], "a.json")

    assert row[column] == expected


@pytest.mark.parametrize(
    ("records", "options", "expected"),
    [
        pytest.param([SECOND], {}, "gitlab.example/note-8", id="its author"),
        pytest.param([NOTE, BARE], {}, "gitlab.example/note-8", id="another's"),
        pytest.param([BARE], {"host": "b.example"}, "b.example/note-8", id="named"),
        pytest.param([BARE], {}, "note-8", id="nobody says"),
    ],
)
def test_the_server_is_in_the_id(tmp_path, records, options, expected):
    path = written(tmp_path, records, "a.json")

    row = rows_of(ReadGitlab, path, **options)[-1]

    assert row["utterance_id"] == f"gitlab:{expected}"
    assert row["reply_to"] == f"gitlab:{expected.replace('note-8', 'issues/900')}"


def test_a_host_is_the_name_of_a_server(tmp_path):
    with pytest.raises(UsageError, match=r"host must be .* got 'my server'"):
        ReadGitlab(paths=str(tmp_path), host="my server")


def test_what_is_no_message_is_refused(tmp_path):
    records = [
        *({"message": "401 Unauthorized"}, {"a": 1}, 3),
        *(ISSUE | {"id": None}, NOTE | {"id": None}, NOTE | {"body": None}),
    ]

    rows = rows_of_text(ReadGitlab, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *["unknown_shape"] * 3,
        *("no_id", "no_id", "no_text"),
    ]


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["lines.ndjson"], "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadGitlab, path, cuts) == rows_of(ReadGitlab, path)


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    rows = rows_of_text(ReadGitlab, tmp_path, json.dumps([ISSUE, NOTE])[:-20], "a.json")

    assert ids(rows) == ["gitlab:gitlab.example/issues/900"]
    assert error_types(rows)[-1]


def test_its_files_are_recognised():
    for said in ([ISSUE], [NOTE]):
        assert ReadGitlab.recognises("a.json", json.dumps(said).encode()) > 0.9
    assert ReadGitlab.recognises("a.json", b'{"iid": 3, "title": "x"}') == 0


@pytest.mark.parametrize("name", ["gitlab_issue_page_1.json", "gitlab_notes_1.json"])
def test_real_files_are_read_whole(shared_data, name):
    path = shared_data / "raw_chat_misc" / name

    assert error_types(rows_of(ReadGitlab, path)) == ["", ""]
    assert ReadGitlab.recognises(name, path.read_bytes()) > 0.9
