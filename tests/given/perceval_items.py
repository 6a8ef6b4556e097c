"""Items as Perceval's backends of sites write them that have a source of their own."""

from affectflow_connectors.perceval.source import ReadPerceval
from tests.given import commits
from tests.given.reading import rows_of, written


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
