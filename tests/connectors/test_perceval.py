"""ReadPerceval: what other sources read has their ids; of the rest, the fields."""

import json

import pytest

from affectflow import registry
from affectflow.kinds.source import recognised
from affectflow_connectors.perceval.places import path_of
from affectflow_connectors.perceval.source import ReadPerceval
from tests.given import commits
from tests.given.reading import error_types, rows_of, rows_of_ranges, written


def item(backend, data, category="item", origin="https://bot:key@x.example/door"):
    return {
        "backend_name": backend,
        "backend_version": "0.12.0",
        "category": category,
        "classified_fields_filtered": None,
        "data": data,
        "origin": origin,
        "perceval_version": "0.17.0",
        "search_fields": {"item_id": "1"},
        "tag": origin,
        "timestamp": 1589042739.25,
        "updated_on": 1569952131.0,
        "uuid": "e03a0d94104f7591313946c1d6d9a7468c2e8fa9",
    }


def living(tmp_path, *items, name="a.ndjson"):
    rows = rows_of(ReadPerceval, written(tmp_path, list(items), name))
    return [row for row in rows if not row["errors"]]


# -- what has a source of its own -----------------------------------------------------

API = "https://api.github.com/repos/door/hinge"
GITHUB = {
    "number": 3,
    "title": "It squeaks",
    "body": "I hate it.",
    "user": {"login": "ann"},
    "created_at": "2024-05-01T10:00:00Z",
    "url": f"{API}/issues/3",
    "html_url": "https://github.com/door/hinge/issues/3",
}
COMMENT = {
    "id": 7,
    "body": "Oil it.",
    "user": {"login": "bob"},
    "created_at": "2024-05-01T11:00:00Z",
    "issue_url": f"{API}/issues/3",
    "html_url": "https://github.com/door/hinge/issues/3#issuecomment-7",
}
GITLAB = {
    "id": 900,
    "iid": 3,
    "title": "It squeaks",
    "description": "I hate it.",
    "author": {"username": "ann"},
    "created_at": "2024-05-01T10:00:00.000Z",
}
NOTE = {
    "id": 7,
    "noteable_type": "Issue",
    "noteable_id": 900,
    "body": "Oil it.",
    "author": {"username": "bob"},
    "created_at": "2024-05-01T11:00:00.000Z",
}
JIRA = {
    "id": "9",
    "key": "DOOR-1",
    "self": "https://x.example/rest/api/2/issue/9",
    "fields": {"summary": "It squeaks", "created": "2024-05-01T10:00:00Z"},
}
JIRA_COMMENT = {
    "id": "4",
    "body": "Oil it.",
    "author": {"name": "bob"},
    "self": "https://x.example/rest/api/2/issue/9/comment/4",
}
MAIL = {
    "From": "Ann Größe <ann@x.example>",
    "Subject": "The door",
    "Date": "Wed, 1 May 2024 10:00:00 +0200",
    "Message-ID": "<1@x.example>",
    "In-Reply-To": "<0@x.example>",
    "unixfrom": "ann@x.example Wed May  1 10:00:00 2024",
    "body": {"plain": "It squeaks. مرحبا\n", "html": "<p>It squeaks.</p>"},
}
RAW_MAIL = (
    "From: =?utf-8?q?Ann_Gr=C3=B6=C3=9Fe?= <ann@x.example>\nSubject: The door\n"
    "Date: Wed, 1 May 2024 10:00:00 +0200\nMessage-ID: <1@x.example>\n"
    "In-Reply-To: <0@x.example>\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\nIt squeaks. مرحبا\n"
)
SLACK = {"ts": "1427799888.000000", "text": "hi", "user": "U1", "type": "message"}
CHANNEL = {"id": "C1", "name": "door", "is_private": False}
ROCKET = {
    "_id": "a",
    "rid": "GENERAL",
    "msg": "hi",
    "ts": "2024-05-01T08:00:00.000Z",
    "u": {"_id": "u1"},
}
GITTER = {
    "id": "g1",
    "text": "hi",
    "sent": "2024-05-01T08:00:00Z",
    "fromUser": {"id": "u"},
}
TELEGRAM = {
    "update_id": 5,
    "message": {
        "message_id": 31,
        "date": 1467289325,
        "text": "hi",
        "from": {"id": 8, "username": "sdd"},
        "chat": {"id": -1001234, "title": "door", "type": "supergroup"},
        "reply_to_message": {"message_id": 30},
    },
}
TELEGRAM_DESKTOP = {
    "name": "door",
    "type": "private_supergroup",
    "id": 1234,
    "messages": [
        {
            "id": 31,
            "type": "message",
            "date_unixtime": "1467289325",
            "from_id": "user8",
            "text": "hi",
            "reply_to_message_id": 30,
        }
    ],
}
POST = {
    "id": 5,
    "topic_id": 2,
    "post_number": 1,
    "cooked": "<p>hi</p>",
    "username": "ann",
    "created_at": "2024-05-01T08:00:00Z",
}
TOPIC = {"id": 2, "title": "Door", "post_stream": {"posts": [POST]}}
QUESTION = {
    "question_id": 3,
    "title": "Door?",
    "body": "<p>Why?</p>",
    "creation_date": 1467289325,
    "link": "https://stackoverflow.com/questions/3/door",
    "owner": {"user_id": 1},
}
MATTERMOST = {
    "id": "p1",
    "create_at": 1714550400000,
    "message": "hi",
    "user_id": "u1",
    "channel_id": "c1",
}
TWEET = {
    "id_str": "123456789012",
    "text": "hi",
    "created_at": "Wed May 01 08:00:00 +0000 2024",
    "user": {"id_str": "1"},
}
SAME = {
    "Git": ("git", commits.PERCEVAL, commits.FULLER, {}),
    "GitHub": (
        "github",
        GITHUB | {"comments_data": [COMMENT], "user_data": {"login": "ann"}},
        [GITHUB, COMMENT],
        {},
    ),
    "GitLab": (
        "gitlab",
        GITLAB | {"notes_data": [NOTE]},
        [GITLAB, NOTE],
        {"host": "x.example"},
    ),
    "Jira": (
        "jira",
        JIRA | {"comments_data": [JIRA_COMMENT]},
        [JIRA, JIRA_COMMENT],
        {},
    ),
    "Pipermail": ("eml", MAIL, RAW_MAIL, {}),
    "MBox": ("mbox", MAIL, f"From ann Wed May  1 10:00:00 2024\n{RAW_MAIL}", {}),
    "Slack": (
        "slack",
        SLACK | {"channel_info": CHANNEL, "user_data": {"id": "U1"}},
        {"channel": CHANNEL, "messages": [SLACK]},
        {},
    ),
    "RocketChat": (
        "rocket-chat",
        ROCKET | {"channel_info": {"t": "c", "name": "door"}},
        {"channel": {"t": "c", "name": "door"}, "messages": [ROCKET]},
        {},
    ),
    "Gitter": ("gitter", GITTER, [GITTER], {}),
    "Telegram": ("telegram", TELEGRAM, TELEGRAM_DESKTOP, {}),
    "Discourse": ("discourse", TOPIC, TOPIC, {"host": "x.example"}),
    "StackExchange": ("stack-exchange", QUESTION, {"items": [QUESTION]}, {}),
    "Mattermost": ("mattermost", MATTERMOST, [MATTERMOST], {}),
    "Twitter": ("twitter", TWEET, [TWEET], {}),
}
KEYS = (
    *("utterance_id", "conversation_id", "reply_to", "text", "timestamp"),
    *("speaker_id", "kind", "source", "visibility"),
)


@pytest.mark.parametrize("backend", SAME)
def test_a_message_is_the_same_as_its_own_source_reads_it(tmp_path, backend):
    name, data, own, options = SAME[backend]
    path = written(tmp_path, own, "own")

    found = living(tmp_path, item(backend, data))

    source = registry.load("connectors", name)
    expected = [row for row in rows_of(source, path, **options) if not row["errors"]]
    assert found
    assert sorted([row[key] for key in KEYS] for row in found) == sorted(
        [row[key] for key in KEYS] for row in expected
    )


def test_a_repository_or_a_list_is_named_by_the_origin(tmp_path):
    origin = "https://bot:s3cret@x.example/door/hinge.git"

    rows = living(tmp_path, item("Git", commits.PERCEVAL, origin=origin))

    assert rows[0]["container"] == "hinge"
    assert "s3cret" not in str(rows)


# -- what has none ---------------------------------------------------------------------


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


AT = "2024-05-01T08:00:00Z"
OTHERS = {
    "Redmine": (
        {"id": 9, "subject": "Door", "description": "It squeaks.", "author": {"id": 3},
         "created_on": AT, "journals": [
             {"id": 28, "notes": "", "user": {"id": 3}, "created_on": AT},
             {"id": 29, "notes": "Oil it.", "user": {"id": 4}, "created_on": AT}]},
        [("redmine:x.example/9", "It squeaks."),
         ("redmine:x.example/9#29", "Oil it.")],
    ),
    "Launchpad": (
        {"bug_data": {"id": 1, "title": "Door", "description": "It squeaks.",
                      "date_created": AT, "owner_link": "https://x.example/~ann"},
         "messages_data": [
             {"content": "It squeaks.", "self_link": "https://x.example/bug/1/comments/0"},
             {"content": "Oil it.", "date_created": AT,
              "self_link": "https://x.example/bug/1/comments/1"}]},
        [("launchpad:x.example/1", "It squeaks."),
         ("launchpad:x.example/1#1", "Oil it.")],
    ),
    "Phabricator": (
        {"id": 69, "fields": {"name": "Door", "description": {"raw": "It squeaks."},
                              "authorPHID": "PHID-1", "dateCreated": 1714550400},
         "transactions": [
             {"transactionID": "4", "comments": "Oil it.", "authorPHID": "PHID-2",
              "dateCreated": "1714550400"},
             {"transactionID": "5", "comments": None, "dateCreated": "1714550400"}]},
        [("phabricator:x.example/69", "It squeaks."),
         ("phabricator:x.example/69#4", "Oil it.")],
    ),
    "Askbot": (
        {"id": 2, "title": "Door?", "summary": "Why?", "author": {"id": 1},
         "added_at": "1714550400", "answers": [
             {"id": 5, "summary": "Oil.", "answered_by": {"id": 2},
              "added_at": "1714550400.0",
              "comments": [{"id": 6, "html": "<p>No.</p>", "comment_added_at":
                            "2024-05-01 11:09:03 -0600"}]}]},
        [("askbot:x.example/2", "Why?"), ("askbot:x.example/2#5", "Oil."),
         ("askbot:x.example/2#6", "No.")],
    ),
    "MediaWiki": (
        {"pageid": 4, "title": "Door", "revisions": [
            {"revid": 7, "user": "ann", "timestamp": AT, "comment": "undo this mess"},
            {"revid": 8, "user": "bob", "timestamp": AT, "comment": ""}]},
        [("mediawiki:x.example/4#7", "undo this mess")],
    ),
    "Confluence": (
        {"id": "3", "title": "Door", "body": {"storage": {"value": "<p>Oil it.</p>"}},
         "version": {"number": 2, "when": AT, "by": {"username": "ann"}}},
        [("confluence:x.example/3", "Oil it.")],
    ),
    "RSS": (
        {"title": "Door", "summary": "<p>It squeaks.</p>", "link": "https://x.example/1",
         "author": "ann", "published": "Wed, 01 May 2024 08:00:00 GMT"},
        [("rss:x.example/https://x.example/1", "It squeaks.")],
    ),
    "Pagure": (
        {"id": 1, "title": "Door", "content": "It squeaks.", "user": {"name": "ann"},
         "date_created": "1714550400",
         "comments": [{"id": 2, "comment": "Oil it.", "user": {"name": "bob"}}]},
        [("pagure:x.example/door/1", "It squeaks."),
         ("pagure:x.example/door/1#2", "Oil it.")],
    ),
    "Kitsune": (
        {"id": 1, "title": "Door", "content": "<p>Why?</p>", "created": AT,
         "answers_data": [{"id": 2, "content": "<p>Oil.</p>", "created": AT}]},
        [("kitsune:x.example/1", "Why?"), ("kitsune:x.example/1#2", "Oil.")],
    ),
    "Meetup": (
        {"id": "1", "name": "Doors", "description": "<p>Come!</p>", "created":
         1714550400000, "comments": [{"id": 2, "comment": "No.", "created":
                                      1714550400000, "member": {"id": 3}}]},
        [("meetup:x.example/1", "Come!"), ("meetup:x.example/1#2", "No.")],
    ),
    "Zulip": (
        {"id": 1, "content": "<p>hi</p>", "sender_id": 3, "timestamp": 1714550400,
         "subject": "door", "display_recipient": "general"},
        [("zulip:x.example/1", "hi")],
    ),
    "Gitee": (
        {"id": 1, "title": "Door", "body": "It squeaks.", "user": {"login": "ann"},
         "created_at": AT, "comments_data": [{"id": 2, "body": "Oil it."}]},
        [("gitee:x.example/1", "It squeaks."), ("gitee:x.example/1#2", "Oil it.")],
    ),
    "Supybot": (
        {"nick": "ann", "body": "hi", "timestamp": AT, "type": "comment"},
        [("irc:e03a0d94104f7591313946c1d6d9a7468c2e8fa9", "hi")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", OTHERS)
def test_fields_of_other_sites_are_read(tmp_path, backend):
    data, expected = OTHERS[backend]

    rows = living(tmp_path, item(backend, data))

    assert [(row["utterance_id"], row["text"]) for row in rows] == expected
    assert rows[0]["timestamp"] is not None


def test_an_older_version_of_a_page_gives_way_to_the_newer(tmp_path):
    page, _ = OTHERS["Confluence"]
    first = page | {"version": {"number": 1, "when": "2024-04-01T08:00:00Z"}}

    rows = living(tmp_path, item("Confluence", first), item("Confluence", page))

    assert [row["edited_at"] is None for row in rows] == [True, False]


# -- the envelope ----------------------------------------------------------------------

ITEM = item("Git", commits.PERCEVAL)
SHAPES = {
    "lines.ndjson": [ITEM],
    "array.json": [ITEM],
    "printed.json": json.dumps(ITEM, indent=4) + "\n" + json.dumps(ITEM, indent=4),
    "dumped.ndjson": [{"_index": "git", "_id": "x", "_source": ITEM}],
    "found.json": {"took": 1, "hits": {"total": 1, "hits": [{"_source": ITEM}]}},
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_envelope_is_read_and_recognised(tmp_path, name):
    path = written(tmp_path, SHAPES[name], name)

    rows = rows_of(ReadPerceval, path)

    assert {row["utterance_id"] for row in rows} == {f"git:{commits.FIRST}"}
    assert recognised(name, path.read_bytes())[0] is ReadPerceval


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (item("Jenkins", {"url": "x"}), "not_an_utterance"),
        (item("GitHub", {"forks": 3}, category="repository"), "not_an_utterance"),
        (item("Git", {"message": "no id", "commit": "", "AuthorDate": ""}), "no_id"),
        (item("Redmine", {"subject": "x"}), "no_id"),
        (item("Redmine", {"id": 3}), "no_text"),
        (item("Pipermail", {"a": 1}), "unknown_shape"),
        (item("Git", None), "unknown_shape"),
        ({"a": 1}, "unknown_shape"),
        (7, "unknown_shape"),
    ],
)
def test_what_is_no_message_is_dead_with_a_reason(tmp_path, record, error):
    path = written(tmp_path, [record], "a.ndjson")

    assert error_types(rows_of(ReadPerceval, path)) == [error]


@pytest.mark.parametrize("backend", [*SAME, *OTHERS, "Bugzilla", "Gerrit"])
@pytest.mark.parametrize("value", [{"a": 1}, {"id": {}, "number": [], "ts": None}])
def test_items_of_another_shape_end_nothing(tmp_path, backend, value):
    rows = rows_of(ReadPerceval, written(tmp_path, [item(backend, value)], "a.json"))

    assert rows
    assert all(row["errors"] for row in rows)


def test_any_cut_into_byte_ranges_gives_the_same_rows(tmp_path):
    items = [item(name, data) for name, (_, data, _, _) in SAME.items()]
    path = written(tmp_path, items, "a.ndjson")
    cuts = list(range(0, path.stat().st_size, 997))

    whole = rows_of(ReadPerceval, path, include_private=False)
    assert rows_of_ranges(ReadPerceval, path, cuts) == whole


def test_an_origin_never_brings_a_key_along():
    assert path_of("https://ann:key@x.example/a/b/") == "x.example/a/b"
