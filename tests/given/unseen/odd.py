"""The same formats as they come now and then: first records that are odd, wrapped,
compressed, in other encodings, or of an older version."""

import bz2
import gzip
import json
import lzma

from tests.given.unseen import Unseen, chats, posts, work
from tests.given.unseen.chats import _json, _lines

_JOINS = [chats._SLACK_DAY[1]] * 3
_BOT = {
    "type": "message",
    "subtype": "bot_message",
    "text": "Build <https://ci.example/78|78> passed",
    "ts": "1700000005.000100",
    "username": "ci",
    "bot_id": "B01",
}
_LONG = {**posts._REDDIT_COMMENT, "body": "long " * 40_000}
_GONE = {**posts._REDDIT_COMMENT, "author": "[deleted]", "body": "[removed]"}
_V1_TWEET = {
    "created_at": "Tue Nov 14 22:13:20 +0000 2023",
    "id": 1724550000000000001,
    "id_str": "1724550000000000001",
    "full_text": "the queue is stuck again",
    "truncated": False,
    "user": {"id": 33, "id_str": "33", "screen_name": "kim", "name": "Kim"},
    "in_reply_to_status_id": None,
    "retweet_count": 0,
    "lang": "en",
}
_HITS = {
    "hits": [
        {
            "author": "rui",
            "comment_text": "Neat.",
            "created_at": "2023-11-14T22:20:00Z",
            "created_at_i": 1700000400,
            "objectID": "38270001",
            "parent_id": 38270000,
            "story_id": 38270000,
            "story_title": "Show HN: a small queue",
            "_tags": ["comment", "author_rui", "story_38270000"],
        }
    ],
    "nbHits": 1,
    "page": 0,
    "nbPages": 1,
    "hitsPerPage": 20,
}
_THREAD = {
    "thread": {
        "$type": "app.bsky.feed.defs#threadViewPost",
        "post": posts._FEED["feed"][0]["post"],
        "replies": [],
    }
}
_COMMENT = posts._THREADS["items"][0]["snippet"]["topLevelComment"]
_RAW_LOG = """\
commit 3f786850e387550fdab836ed7e6dc881de23001b
tree 89e6c98d92887913cadf06b2adb97f26cde4849b
parent 2b66fd261ee5c6cfc8de7fa466bab600bcfe4f69
author Kim B <kim@a.example> 1700000000 +0100
committer Kim B <kim@a.example> 1700000000 +0100

    queue: drop the lock

"""
_STAT_LOG = """\
commit 3f786850e387550fdab836ed7e6dc881de23001b
Author: Kim B <kim@a.example>
Date:   2023-11-14 22:13:20 +0100

    queue: drop the lock

 queue.c | 2 --
 1 file changed, 2 deletions(-)
"""
_IRC_JOINS = """\
[2023-11-14T21:58:01+0000] *** kim (~kim@host.example) joined
[2023-11-14T21:58:03+0000] *** rui sets mode: +v kim
[2023-11-14T21:59:11+0000] <kim> hello, is the mirror down?
[2023-11-14T21:59:40+0000] <rui> yes, since noon
"""
_HEXCHAT = """\
**** BEGIN LOGGING AT Tue Nov 14 21:50:00 2023

Nov 14 21:58:01 *\tNow talking on #ops
Nov 14 21:59:11 <kim>\thello, is the mirror down?
Nov 14 21:59:40 <rui>\tyes, since noon
**** ENDING LOGGING AT Tue Nov 14 22:50:00 2023
"""
_WHATSAPP_24 = """\
2023-11-14 21:58 - Les messages et les appels sont chiffrés de bout en bout.
2023-11-14 21:59 - Rui: qui vient dimanche ?
2023-11-14 22:02 - Mei: moi !
2023-11-14 22:04 - Rui: super
"""
_TEXTGRID_LONG = """\
File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 1.2
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "Kim"
        xmin = 0
        xmax = 1.2
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 1.2
            text = "well"
"""
_BARE_VTT = "WEBVTT\r\nKind: captions\r\nLanguage: en\r\n\r\n" + (
    "00:00:00.080 --> 00:00:02.000 align:start position:0%\r\n"
    "so<00:00:00.320><c> today</c><00:00:00.500><c> we</c>\r\n\r\n"
)
_POSTS_XML = (
    '<?xml version="1.0" encoding="utf-8"?>\r\n<posts>\r\n'
    '  <row Id="7" PostTypeId="1" CreationDate="2012-05-01T09:00:00.123" Score="2" '
    'ViewCount="9" Body="&lt;p&gt;Why?&lt;/p&gt;" OwnerUserId="3" Title="Why so slow" '
    'Tags="|queue|" AnswerCount="1" />\r\n</posts>\r\n'
)
_GL_ISSUE = {
    "id": 76,
    "iid": 6,
    "project_id": 8,
    "title": "Consequatur vero maxime",
    "description": "It hangs.",
    "state": "opened",
    "created_at": "2016-01-04T15:31:51.081Z",
    "updated_at": "2016-01-04T15:31:51.081Z",
    "closed_at": None,
    "labels": [],
    "author": {"id": 18, "username": "kim", "name": "Kim", "state": "active"},
    "user_notes_count": 1,
    "web_url": "https://gitlab.example.com/a/b/-/issues/6",
    "references": {"short": "#6", "full": "a/b#6"},
}
_DISCUSSION = {
    "id": "6a9c1750b37d513a43987b574953fceb50b03ce7",
    "individual_note": False,
    "notes": [work._NOTE],
}
_MATRIX_SYNC = {
    "next_batch": "s1",
    "rooms": {
        "join": {
            "!r:example.org": {
                "timeline": {
                    "events": [chats._MATRIX_EVENT],
                    "limited": False,
                    "prev_batch": "t1",
                },
                "state": {"events": []},
            }
        }
    },
}
_GERRIT = {
    "backend_name": "Gerrit",
    "backend_version": "0.13.0",
    "category": "review",
    "data": {
        "project": "core",
        "branch": "main",
        "id": "I1",
        "number": "28",
        "subject": "drop the lock",
        "owner": {"name": "Kim", "username": "kim"},
        "url": "https://review.a.example/28",
        "commitMessage": "drop the lock\n",
        "createdOn": 1700000000,
        "comments": [
            {
                "timestamp": 1700000100,
                "reviewer": {"name": "Rui", "username": "rui"},
                "message": "Patch Set 1: Code-Review+1",
            }
        ],
    },
    "origin": "review.a.example",
    "perceval_version": "0.17.0",
    "tag": "x",
    "timestamp": 1700000000.1,
    "updated_on": 1700000100.0,
    "uuid": "e7c3f4e1b6ea8d6d1ad6c0fd7ec5d1f1d2a7f3e1",
}
_PACKED_MBOX = work._MBOX.replace("kim at a.example (Kim B)", "Kim <kim@a.example>")
_ECF_1 = {**work._ECF[0], "emotion-cause_pairs": []}

FILES = [
    _json("slack", "2023-11-15.json", _JOINS, 4),
    _json("slack", "2023-11-16.json", [_BOT], 4),
    Unseen("discord", "part.json.gz", gzip.compress(json.dumps(chats._DCE).encode())),
    _lines("reddit", "long.ndjson", [_LONG]),
    _lines("reddit", "gone.jsonl", [_GONE]),
    _json("reddit", "new.json", posts._LISTINGS[0]),
    _json("twitter", "timeline.json", [_V1_TWEET]),
    _json("hacker-news", "search.json", _HITS),
    _json("bluesky", "getPostThread.json", _THREAD),
    _json(
        "youtube",
        "comments.json",
        {"kind": "youtube#commentListResponse", "items": [_COMMENT]},
    ),
    _lines("youtube", "comments.jsonl", [_COMMENT]),
    _json("mastodon", "public.json", [posts._STATUS]),
    Unseen("git", "raw.txt", _RAW_LOG.encode()),
    Unseen("git", "stat.log", ("\n".join([_STAT_LOG] * 2)).encode()),
    Unseen("irc", "ops.2023-11-14.txt", _IRC_JOINS.encode()),
    Unseen("irc", "hexchat.log", _HEXCHAT.encode("cp1252")),
    Unseen("whatsapp", "Discussion WhatsApp.txt", _WHATSAPP_24.encode()),
    Unseen("textgrid", "long.TextGrid", _TEXTGRID_LONG.encode()),
    Unseen("webvtt", "talk.en.vtt", _BARE_VTT.encode()),
    Unseen("srt", "plain.srt", work._SRT.lstrip("\ufeff").encode("cp1252")),
    Unseen("stack-exchange", "Posts.xml", _POSTS_XML.encode()),
    _json("gitlab", "issues.json", [_GL_ISSUE]),
    _json("gitlab", "discussions.json", [_DISCUSSION]),
    _json("matrix", "sync.json", _MATRIX_SYNC),
    _lines("perceval", "gerrit.ndjson", [_GERRIT]),
    Unseen("mbox", "list.mbox.bz2", bz2.compress(_PACKED_MBOX.encode())),
    Unseen("mattermost", "data.jsonl.xz", lzma.compress(chats.FILES[5].data)),
    _json("mattermost", "thread.json", {**chats._MATTERMOST_PAGE, "order": ["p2"]}),
    _json("jira", "issue.json", work._JIRA["issues"][0], 2),
    _json("ecf", "train.json", [_ECF_1]),
    _json("telegram", "deleted.json", {**chats._TELEGRAM_CHAT, "name": None}),
    Unseen("jira", "utf16.json", json.dumps(work._JIRA).encode("utf-16")),
]
