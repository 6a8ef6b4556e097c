import json
from collections import Counter
from pathlib import Path

import pytest

import affectflow
from affectflow.errors import UsageError
from affectflow_connectors.github.rest import ReadGithub

COMMENT = {
    "id": 9,
    "html_url": "https://github.com/o/r/issues/12#issuecomment-9",
    "issue_url": "https://api.github.com/repos/o/r/issues/12",
    "user": {"login": "ann", "type": "User"},
    "created_at": "2024-05-01T10:00:00Z",
    "updated_at": "2024-05-01T10:00:00Z",
    "author_association": "MEMBER",
    "body": "good",
}
ISSUE = {
    "number": 12,
    "title": "it breaks",
    "body": None,
    "html_url": "https://github.com/o/r/issues/12",
    "state": "closed",
    "state_reason": "not_planned",
    "closed_at": "2024-05-02T00:00:00Z",
    "active_lock_reason": "too heated",
    "labels": [{"name": "bug"}, {"name": "ui"}],
    "reactions": {"+1": 2, "heart": 0, "total_count": 2},
    "user": {"login": "renovate[bot]", "type": "Bot"},
    "created_at": "2024-05-01T09:00:00Z",
    "updated_at": "2024-05-02T00:00:00Z",
}


def read(path, **options):
    source = ReadGithub(paths=str(path), **options)
    found = [b for s in source.splits(str(path)) for b in source.read(s)]
    for batch in found:
        batch.validate(full=True)
    return [row for batch in found for row in batch.to_pylist()]


def read_text(folder, text, name="a.json"):
    path = folder / name
    path.write_text(text)
    return read(path)


def error_types(found):
    return [row["errors"][0]["error_type"] if row["errors"] else "" for row in found]


HELLO = "github:Codertocat/Hello-World"
SHA = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"


IDS = {
    "webhook_commit_comment.created.json": [f"{HELLO}@{SHA}/commitcomment-33548674"],
    "webhook_discussion.created.json": [f"{HELLO}/discussions/4"],
    "webhook_issue_comment.created.json": [
        f"{HELLO}#1",
        f"{HELLO}#1/issuecomment-492700400",
    ],
    "webhook_issues.edited.json": [f"{HELLO}#1"],
    "webhook_issues.opened.json": [f"{HELLO}#1"],
    "webhook_issues.opened.with-empty-body.json": [f"{HELLO}#1"],
    "webhook_pull_request_review.submitted.json": [f"{HELLO}#2", None],
    "webhook_pull_request_review_comment.created.json": [
        f"{HELLO}#2",
        f"{HELLO}#2/discussion_r284312630",
    ],
    "gpl_github_request_pull_request_1_reviews.json": [
        "github:zhquan_example/repo#88/pullrequestreview-205729182",
        "github:zhquan_example/repo#88/pullrequestreview-205729156",
    ],
    "gpl_github_issue_comment_1_reactions.json": [None, None, None],
    "rest_paginate_issues.fixture.json": [
        f"github:octokit-fixture-org/paginate-issues#{n}" for n in range(13, 0, -1)
    ],
}


@pytest.mark.parametrize(("name", "ids"), IDS.items(), ids=IDS)
def test_every_shape_gives_the_ids_of_its_messages(shared_data, name, ids):
    path = shared_data / "raw_github" / name
    ReadGithub(paths=str(path)).check()

    found = read(path)

    assert [row["utterance_id"] for row in found] == ids
    silent = ["not_an_utterance" if id_ is None else "" for id_ in ids]
    assert error_types(found) == silent


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("rest_list_issues.json", {"issue": 24, "pull_request": 6}),
        ("rest_repo_issue_comments.json", {"comment": 30}),
        ("rest_issue_comments.json", {"comment": 3}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lists_of_real_messages_are_all_alive(shared_data, name, kinds):
    found = read(shared_data / "raw_github" / name)

    assert Counter(row["kind"] for row in found) == kinds
    assert not any(row["errors"] for row in found)
    assert all(row["visibility"] == "public" for row in found)


SHAPES = {
    "an array": lambda r: (json.dumps(r), "a.json"),
    "a pretty array": lambda r: (json.dumps(r, indent=2), "a.json"),
    "pages": lambda r: ("".join(json.dumps([each]) for each in r), "a.json"),
    "an array of pages": lambda r: (json.dumps([r[:1], r[1:]]), "a.json"),
    "lines": lambda r: ("\n".join(map(json.dumps, r)) + "\n", "a.jsonl"),
    "lines under another name": lambda r: ("\n".join(map(json.dumps, r)), "a.json"),
    "recorded": lambda r: (json.dumps([{"path": "/", "response": r}]), "a.json"),
    "a search": lambda r: (json.dumps({"total_count": 2, "items": r}), "a.json"),
    "a web hook": lambda r: (
        json.dumps({"action": "created", "issue": r[0], "comment": r[1]}),
        "a.json",
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_message_is_the_same_in_every_shape(tmp_path, shape):
    issue, comment = read_text(tmp_path, *SHAPES[shape]([ISSUE, COMMENT]))

    assert issue["utterance_id"] == issue["conversation_id"] == "github:o/r#12"
    assert issue["text"] == issue["title"] == "it breaks"
    assert issue["is_bot"] is True
    assert issue["edited_at"] is not None
    assert dict(issue["attrs"]) == {
        "state": "closed",
        "closed_at": "2024-05-02T00:00:00Z",
        "outcome": "not_planned",
        "locked_reason": "too heated",
        "labels": "bug,ui",
        "reaction.+1": "2",
    }
    assert comment["utterance_id"] == "github:o/r#12/issuecomment-9"
    assert comment["reply_to"] == comment["conversation_id"] == "github:o/r#12"
    assert (comment["speaker_id"], comment["speaker_role"]) == ("ann", "member")
    assert comment["container"] == "o/r"
    assert (comment["edited_at"], comment["is_bot"]) == (None, False)


@pytest.mark.parametrize(
    ("change", "error_type"),
    [
        pytest.param({"body": None}, "no_text", id="no body"),
        pytest.param({"html_url": None, "issue_url": None}, "missing_field", id="url"),
        pytest.param({"id": None}, "missing_field", id="no id"),
    ],
)
def test_a_comment_that_lacks_something_is_dead(tmp_path, change, error_type):
    (row,) = read_text(tmp_path, json.dumps(COMMENT | change) + "\n", "a.jsonl")

    assert error_types([row]) == [error_type]
    if error_type == "no_text":
        assert row["utterance_id"] == "github:o/r#12/issuecomment-9"


def test_review_comments_answer_one_another():
    from affectflow_connectors.github.shapes import messages

    record = {
        "id": 5,
        "in_reply_to_id": 4,
        "body": "no",
        "path": "a.py",
        "diff_hunk": "@@",
        "pull_request_url": "https://api.github.com/repos/o/r/pulls/3",
    }

    (row,) = messages(record)

    assert row["utterance_id"] == "github:o/r#3/discussion_r5"
    assert row["reply_to"] == "github:o/r#3/discussion_r4"
    assert row["attrs"] == {"path": "a.py"}


def test_a_private_repository_stays_private(tmp_path):
    hook = {
        "action": "deleted",
        "comment": COMMENT,
        "repository": {"full_name": "o/r", "private": True},
    }

    path = tmp_path / "hook.json"
    path.write_text(json.dumps(hook))
    (row,) = read(path, include_private=True)

    assert (row["visibility"], row["deleted"]) == ("private", True)


@pytest.mark.parametrize("indent", [None, 2], ids=["compact", "pretty"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"id": 103,', '"id": 103', id="a comma lacks"),
        pytest.param('"id": 103,', '"id: 103,', id="a quote lacks"),
        pytest.param('"id": 103,', '"id": 1x3,', id="a broken number"),
    ],
)
def test_a_damaged_object_does_not_lose_those_around_it(tmp_path, old, new, indent):
    records = [
        COMMENT | {"id": 100 + i, "html_url": f"https://github.com/o/r/issues/{i}"}
        for i in range(7)
    ]
    text = json.dumps(records, indent=indent)
    assert old in text

    found = read_text(tmp_path, text.replace(old, new))

    living = [r["utterance_id"] for r in found if not r["errors"]]
    assert living == [
        f"github:o/r#{i}/issuecomment-{100 + i}" for i in range(7) if i != 3
    ]
    assert error_types(found).count("invalid_json") == 1


def test_a_cut_array_gives_the_objects_before_the_cut(tmp_path):
    text = json.dumps([COMMENT, COMMENT, COMMENT])

    found = read_text(tmp_path, text[:-30])

    assert error_types(found) == ["", "", "invalid_json", "truncated_file"]


def test_bytes_that_are_no_text_kill_their_object_only(tmp_path):
    path = tmp_path / "a.json"
    good = json.dumps(COMMENT).encode()
    path.write_bytes(b"[" + good + b"," + good.replace(b"good", b"b\xff") + b"]")

    assert error_types(read(path)) == ["", "invalid_utf8"]


def test_an_array_is_read_in_small_chunks_as_in_one():
    from affectflow.sources.json_stream import values
    from affectflow_connectors.github.rest import looks_whole

    data = json.dumps([ISSUE, COMMENT, 12, [COMMENT]]).encode()

    def read_by(size):
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        return [found.value for found in values(chunks, looks_whole)]

    assert read_by(7) == read_by(1 << 20) == [ISSUE, COMMENT, 12, COMMENT]


def test_an_error_page_is_no_message(tmp_path):
    text = '{"message": "Not Found", "documentation_url": "https://x"}'

    (row,) = read_text(tmp_path, text)

    assert error_types([row]) == ["unknown_shape"]
    assert "Not Found" in row["errors"][0]["message"]


def test_the_source_cannot_be_renamed():
    with pytest.raises(UsageError, match="always start with 'github'"):
        ReadGithub(paths="a.json", source_name="gh")


@pytest.mark.parametrize(
    ("name", "living", "refused"),
    [
        ("issues.json", 61, {}),
        ("comments.jsonl", 370, {"no_text", "invalid_json", "invalid_utf8"}),
        ("review_comments.json", 32, {}),
        ("reviews.json", 21, {"not_an_utterance"}),
    ],
)
def test_the_bundled_conversations_are_read(name, living, refused):
    found = read(Path(affectflow.__file__).parent / "demo" / name)

    types = error_types(found)
    assert types.count("") == living
    assert set(refused) <= set(types)
