import json

import pytest

from affectflow_connectors.jira import ReadJira
from tests.given.reading import (
    error_types,
    ids,
    rows_of,
    rows_of_ranges,
    rows_of_text,
    written,
)

BASE = "https://jira.example/rest/api/2/issue/7"
COMMENT = {
    "id": "9",
    "self": f"{BASE}/comment/9",
    "author": {"name": "bob"},
    "body": "{quote}It breaks{quote}\nNo. مرحبا 😂",
    "created": "2024-05-01T12:00:00.000+0200",
    "updated": "2024-05-01T12:00:00.000+0200",
}
ISSUE = {
    "id": "7",
    "key": "EGG-3",
    "self": BASE,
    "fields": {
        "summary": "docker-compose: up hangs",
        "description": None,
        "reporter": {"name": "ann"},
        "created": "2024-05-01T11:00:00.000+0200",
        "issuetype": {"name": "Bug"},
        "project": {"key": "EGG"},
        "labels": ["a", "b"],
        "resolution": {"name": "Won't Fix"},
        "resolutiondate": "2024-05-02T11:00:00.000+0200",
        "comment": {"comments": [COMMENT]},
    },
}
ALONE = ISSUE | {"fields": ISSUE["fields"] | {"comment": {"comments": []}}}
SHAPES = {
    "search.json": {"issues": [ISSUE], "total": 1},
    "issue.json": ISSUE,
    "lines.ndjson": [ALONE, {"comments": [COMMENT], "total": 1}],
    "apart.json": [COMMENT, ALONE],
    "hook.ndjson": [
        {"webhookEvent": "jira:issue_created", "issue": ALONE},
        {"webhookEvent": "comment_created", "issue": ALONE, "comment": COMMENT},
    ],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_same_messages(tmp_path, name):
    rows = rows_of_text(ReadJira, tmp_path, SHAPES[name], name)

    issue = "jira:jira.example/7"
    assert sorted((r["utterance_id"], r["reply_to"], r["text"]) for r in rows) == [
        (issue, None, "docker-compose: up hangs"),
        (f"{issue}/comment-9", issue, "{quote}It breaks{quote}\nNo. مرحبا 😂"),
    ]
    assert {r["conversation_id"] for r in rows} == {issue}
    assert max(r["timestamp"] for r in rows).isoformat() == "2024-05-01T10:00:00+00:00"


def test_what_an_issue_says_of_itself(tmp_path):
    (row,) = rows_of_text(ReadJira, tmp_path, ALONE, "a.json")

    attrs = dict(row["attrs"])
    assert attrs["outcome"] == "not_planned"
    assert attrs["labels"] == "a,b"
    assert row["url"] == "https://jira.example/browse/EGG-3"
    assert row["container"] == "EGG"


@pytest.mark.parametrize(
    ("changes", "column", "expected"),
    [
        ({"jsdPublic": False}, "visibility", "private"),
        ({"visibility": {"type": "role", "value": "x"}}, "visibility", "private"),
        ({"author": {"accountType": "app", "accountId": "1"}}, "is_bot", True),
        ({"author": {"accountId": "1:2"}}, "speaker_id", "jira.example/1:2"),
        ({"author": None}, "speaker_id", None),
    ],
)
def test_what_a_comment_says_of_itself(tmp_path, changes, column, expected):
    (row,) = rows_of_text(ReadJira, tmp_path, [COMMENT | changes], "a.json")

    assert row[column] == expected


def text(words, *marks):
    return {"type": "text", "text": words, "marks": [{"type": m} for m in marks]}


def node(type_, *content, **attrs):
    return {"type": type_, "content": list(content), "attrs": attrs}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param([node("paragraph", text("a "), text("b()", "code"))], "a `b()`",
                     id="code in a line"),
        pytest.param([node("codeBlock", text("a\nb"))], "```\na\nb\n```", id="code"),
        pytest.param([node("blockquote", node("paragraph", text("a\nb"))),
                      node("paragraph", text("no"))], "> a\n> b\n\nno", id="quote"),
        pytest.param([node("bulletList", node("listItem", text("a")))], "- a",
                     id="list"),
        pytest.param([node("paragraph", node("mention", text="@Ann"))], "@Ann",
                     id="mention"),
        pytest.param([3, None, {"content": 3}], "", id="damaged"),
    ],
)  # fmt: skip
def test_a_text_of_version_3_becomes_lines(tmp_path, document, expected):
    body = {"type": "doc", "version": 1, "content": document}

    (row,) = rows_of_text(ReadJira, tmp_path, [COMMENT | {"body": body}], "a.json")

    assert row["text"] == expected


def test_what_is_no_message_is_counted_or_refused(tmp_path):
    records = [
        *({"webhookEvent": "sprint_started"}, {"id": "1"}, 3),
        *(COMMENT | {"self": None}, COMMENT | {"body": None}, {"fields": {}}),
    ]

    rows = rows_of_text(ReadJira, tmp_path, records, "a.ndjson")

    assert error_types(rows) == [
        *("not_an_utterance", "unknown_shape", "unknown_shape"),
        *("no_id", "no_text", "no_id"),
    ]


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    path = written(tmp_path, SHAPES["lines.ndjson"], "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 97))

    assert rows_of_ranges(ReadJira, path, cuts) == rows_of(ReadJira, path)


def test_a_file_that_is_cut_off_gives_the_rows_before_the_end(tmp_path):
    rows = rows_of_text(
        ReadJira, tmp_path, json.dumps([COMMENT, ISSUE])[:-50], "a.json"
    )

    assert ids(rows) == ["jira:jira.example/7/comment-9"]
    assert error_types(rows)[-1]


@pytest.mark.parametrize(
    ("name", "living"),
    [("issue.json", 11), ("issue_10002.json", 1), ("issue_10002_comment.json", 2)],
)
def test_real_files_are_read_whole(shared_data, name, living):
    path = shared_data / "raw_jira" / name

    assert error_types(rows_of(ReadJira, path)) == [""] * living
    assert ReadJira.recognises(name, path.read_bytes()[:65536]) > 0.9
