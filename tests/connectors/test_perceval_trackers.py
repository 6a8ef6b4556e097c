"""ReadPerceval: bugs of Bugzilla, and reviews of Gerrit."""

import pytest

from tests.given.perceval_items import item, living


def text(value):
    return [{"__text__": value}]


def described(id_, said, by, when, private="0"):
    return {
        "commentid": text(id_),
        "thetext": text(said),
        "who": text(by),
        "bug_when": text(when),
        "isprivate": private,
    }


BUGZILLA = {
    "bug_id": text("15"),
    "short_desc": text("It squeaks"),
    "reporter": [{"__text__": "ann@x.example", "name": "Ann"}],
    "creation_ts": text("2009-06-10 16:55:32 +0200"),
    "product": text("door"),
    "long_desc": [
        described("80", "I hate it.", "ann@x.example", "2009-06-10 16:55:32 +0200"),
        described("81", "Oil it.", "bob@x.example", "2009-06-11 16:55:32 +0200"),
        described("82", "psst", "bob@x.example", "2009-06-11 16:55:32 +0200", "1"),
    ],
}
REST = {
    "id": 15,
    "summary": "It squeaks",
    "creator": "ann@x.example",
    "creation_time": "2009-06-10T14:55:32Z",
    "product": "door",
    "comments": [
        {"id": i, "text": said, "creator": by, "time": when, "is_private": i == 82}
        for i, said, by, when in (
            (80, "I hate it.", "ann@x.example", "2009-06-10T14:55:32Z"),
            (81, "Oil it.", "bob@x.example", "2009-06-11T14:55:32Z"),
            (82, "psst", "bob@x.example", "2009-06-11T14:55:32Z"),
        )
    ],
}


@pytest.mark.parametrize(
    ("backend", "data"), [("Bugzilla", BUGZILLA), ("BugzillaREST", REST)]
)
def test_a_bug_is_the_same_from_both_interfaces(tmp_path, backend, data):
    rows = living(tmp_path, item(backend, data))

    bug = "bugzilla:x.example/15"
    assert [(r["utterance_id"], r["reply_to"], r["text"]) for r in rows] == [
        (bug, None, "I hate it."),
        (f"{bug}#81", bug, "Oil it."),
        (f"{bug}#82", bug, "psst"),
    ]
    assert {row["conversation_id"] for row in rows} == {bug}
    assert [row["visibility"] for row in rows] == ["unknown", "unknown", "private"]
    assert str(rows[0]["timestamp"]) == "2009-06-10 14:55:32+00:00"
    assert (rows[0]["title"], rows[0]["container"]) == ("It squeaks", "door")


GERRIT = {
    "number": 12,
    "project": "door/hinge",
    "subject": "Oil it",
    "commitMessage": "Oil it\n\nI am sick of this noise.\n\nChange-Id: I0a\n",
    "owner": {"username": "ann"},
    "createdOn": 1452000000,
    "comments": [
        {"timestamp": 1452000001, "reviewer": {"username": "jenkins-bot"},
         "message": "Patch Set 1: Verified+1"},
        {"timestamp": 1452000001, "reviewer": {"username": "bob"},
         "message": "Patch Set 1: Code-Review-1\n\n(1 comment)\n\nNo!"},
    ],
    "patchSets": [
        {"number": 1, "comments": [
            {"file": "a.c", "line": 3, "reviewer": {"username": "bob"}, "message": "?"}
        ]}
    ],
}  # fmt: skip


def test_reviews_of_gerrit_say_what_reviewers_write(tmp_path):
    rows = living(tmp_path, item("Gerrit", GERRIT, origin="review.x.example"))

    change = "gerrit:review.x.example/12"
    assert [(row["utterance_id"], row["kind"], row["text"]) for row in rows] == [
        (change, "change", "Oil it\n\nI am sick of this noise."),
        (f"{change}#1452000001", "system", "Patch Set 1: Verified+1"),
        (f"{change}#1452000001-2", "comment", "No!"),
        (f"{change}#patch-1", "comment", "?"),
    ]
    assert rows[1]["is_bot"]
    assert dict(rows[2]["attrs"]) == {"vote": "Patch Set 1: Code-Review-1"}
