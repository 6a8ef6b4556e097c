"""Mail, issues, commits, transcripts, and the sets that research shares."""

import io
import json
import zipfile

from tests.given.unseen import Unseen
from tests.given.unseen.chats import _json, _lines

_MBOX = """\
From kim at a.example  Tue Nov 14 22:13:20 2023
From: kim at a.example (Kim B)
Date: Tue, 14 Nov 2023 22:13:20 +0000
Subject: [devel] The build is red
Message-ID: <one@a.example>

Hello all,
the build has been red since noon.
>From here it looks like the mirror.

"""
_EML = (
    "Received: from mx.a.example by b.example; Tue, 14 Nov 2023 22:13:25 +0000\r\n"
    "Return-Path: <kim@a.example>\r\n"
    "MIME-Version: 1.0\r\n"
    "Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    "From: Kim <kim@a.example>\r\nTo: list@b.example\r\n"
    "Subject: =?utf-8?q?B=C3=A4ume?=\r\nMessage-ID: <two@a.example>\r\n"
    'Content-Type: text/plain; charset="utf-8"\r\n\r\nThe trees are white.\r\n'
)
_NOTE = {
    "id": 301,
    "type": None,
    "body": "The spinner never stops.",
    "attachment": None,
    "author": {
        "id": 1,
        "username": "pip",
        "name": "Pip",
        "state": "active",
        "web_url": "https://gitlab.example.com/pip",
    },
    "created_at": "2013-10-02T09:22:45Z",
    "updated_at": "2013-10-02T10:22:45Z",
    "system": False,
    "noteable_id": 377,
    "noteable_type": "Issue",
    "project_id": 5,
    "noteable_iid": 377,
    "resolvable": False,
    "confidential": False,
    "internal": False,
}
_JIRA = {
    "expand": "schema,names",
    "startAt": 0,
    "maxResults": 50,
    "total": 1,
    "issues": [
        {
            "expand": "operations,changelog",
            "id": "10002",
            "self": "https://a.example/rest/api/3/issue/10002",
            "key": "ED-1",
            "fields": {
                "summary": "Login hangs",
                "description": {
                    "type": "doc",
                    "version": 1,
                    "content": [
                        {
                            "type": "paragraph",
                            "content": [{"type": "text", "text": "It hangs."}],
                        }
                    ],
                },
                "created": "2023-11-14T22:13:20.000+0000",
                "reporter": {"accountId": "5b1", "displayName": "Kim"},
            },
        }
    ],
}
_JIRA_COMMENTS = {
    "startAt": 0,
    "maxResults": 50,
    "total": 1,
    "comments": [
        {
            "self": "https://a.example/rest/api/2/issue/10002/comment/10000",
            "id": "10000",
            "author": {"name": "kim", "displayName": "Kim", "active": True},
            "body": "Same here.",
            "updateAuthor": {"name": "kim"},
            "created": "2023-11-14T23:13:20.000+0000",
            "updated": "2023-11-14T23:13:20.000+0000",
        }
    ],
}
_GIT_LOG = """\
commit 3f786850e387550fdab836ed7e6dc881de23001b (HEAD -> main, origin/main)
Merge: 1a2b3c4 5d6e7f8
Author:     Kim B <kim@a.example>
AuthorDate: Tue Nov 14 22:13:20 2023 +0100
Commit:     Rui P <rui@a.example>
CommitDate: Tue Nov 14 22:20:00 2023 +0100

    Merge branch 'queue'

    At last.

"""
_PATCH = """\
From 3f786850e387550fdab836ed7e6dc881de23001b Mon Sep 17 00:00:00 2001
From: Kim B <kim@a.example>
Date: Tue, 14 Nov 2023 22:13:20 +0100
Subject: [PATCH 1/2] queue: drop the lock

It was never needed.
---
 queue.c | 2 --
 1 file changed, 2 deletions(-)

diff --git a/queue.c b/queue.c
--- a/queue.c
+++ b/queue.c
@@ -1,3 +1,1 @@
-lock();
"""
_BUGZILLA = {
    "backend_name": "BugzillaREST",
    "backend_version": "0.10.0",
    "category": "bug",
    "classified_fields_filtered": None,
    "data": {
        "id": 1273442,
        "summary": "crash on start",
        "comments": [
            {
                "id": 1,
                "bug_id": 1273442,
                "text": "It crashes.",
                "creator": "kim@a.example",
                "creation_time": "2016-05-16T19:02:31Z",
                "count": 0,
            }
        ],
        "creator": "kim@a.example",
        "creation_time": "2016-05-16T19:02:31Z",
    },
    "origin": "https://bugs.a.example",
    "perceval_version": "0.17.0",
    "search_fields": {"item_id": "1273442"},
    "tag": "https://bugs.a.example",
    "timestamp": 1700000000.1,
    "updated_on": 1463425351.0,
    "uuid": "c7c3f4e1b6ea8d6d1ad6c0fd7ec5d1f1d2a7f3e1",
}
_PIPERMAIL = {
    "backend_name": "Pipermail",
    "backend_version": "0.11.0",
    "category": "message",
    "data": {
        "From": "kim at a.example (Kim)",
        "Date": "Tue, 14 Nov 2023 22:13:20 +0000",
        "Subject": "red build",
        "Message-ID": "<one@a.example>",
        "body": {"plain": "The build is red.\n"},
        "unixfrom": "kim at a.example  Tue Nov 14 22:13:20 2023",
    },
    "origin": "https://lists.a.example",
    "perceval_version": "0.17.0",
    "tag": "x",
    "timestamp": 1700000000.1,
    "updated_on": 1700000000.0,
    "uuid": "d7c3f4e1b6ea8d6d1ad6c0fd7ec5d1f1d2a7f3e1",
}
_VTT = """\
\ufeffWEBVTT - Weekly meeting

NOTE recorded on Tuesday

1
00:00:03.120 --> 00:00:05.000 align:start position:0%
<v Kim B>Can you hear me?</v>

2
00:05.200 --> 00:07.000
<v Rui>Yes.
"""
_SRT = (
    "\ufeff1\r\n00:00:01,600 --> 00:00:04,200\r\n<i>You are late.</i>\r\n\r\n"
    "2\r\n00:00:05,900 --> 00:00:07,999\r\n- I know.\r\n- Again!\r\n\r\n"
)
_TEXTGRID = """\
File type = "ooTextFile"
Object class = "TextGrid"

0
2.5
<exists>
1
"IntervalTier"
"Kim"
0
2.5
2
0
1.2
"well"
1.2
2.5
""
"""
_GO = "That game hurt.\t25\teew5j0j\nThanks, that helps\t15,0\teezlygj\n"
_GO_RAW = (
    "text,id,author,subreddit,link_id,parent_id,created_utc,rater_id,"
    "example_very_unclear,admiration,amusement,anger,neutral\n"
    "That game hurt.,eew5j0j,Brdd9,nrl,t3_ajis4z,t1_eew18eq,1548381039.0,1,False,0,0,"
    "0,1\n"
)
_MELD = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,"
    "Episode,StartTime,EndTime\n"
    '1,"Oh my God, it is late!",Ann,surprise,negative,0,0,8,21,"00:16:16,059",'
    '"00:16:21,731"\n'
)
_RECCON = {
    "tr_1": [
        [
            {
                "turn": 1,
                "speaker": "A",
                "utterance": "I lost my keys.",
                "emotion": "sadness",
                "expanded emotion cause evidence": [1],
                "expanded emotion cause span": ["lost my keys"],
                "type": ["no-context"],
            }
        ]
    ]
}
_ECF = [
    {
        "conversation_ID": 1,
        "conversation": [
            {
                "utterance_ID": 1,
                "text": "It is late!",
                "speaker": "Ann",
                "emotion": "joy",
            }
        ],
        "emotion-cause_pairs": [["1_joy", "1_It is late!"]],
    }
]
_UTTERANCE = {
    "id": "u1",
    "conversation_id": "u1",
    "text": "I lost my keys.",
    "speaker": "ann",
    "meta": {"score": 1},
    "reply-to": None,
    "timestamp": 1700000000,
    "vectors": [],
}


def _convokit_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("my-corpus/utterances.jsonl", json.dumps(_UTTERANCE) + "\n")
        archive.writestr("my-corpus/speakers.json", '{"ann": {"meta": {}}}')
        archive.writestr("my-corpus/conversations.json", '{"u1": {"meta": {}}}')
        archive.writestr("my-corpus/index.json", '{"utterances-index": {}}')
        archive.writestr("my-corpus/corpus.json", "{}")
    return buffer.getvalue()


FILES = [
    Unseen("mbox", "2023-November.txt", _MBOX.encode()),
    Unseen("eml", "Bäume.eml", _EML.encode()),
    _json("gitlab", "notes.json", [_NOTE], 2),
    _json("jira", "search.json", _JIRA),
    _json("jira", "comment.json", _JIRA_COMMENTS),
    Unseen("git", "log.txt", _GIT_LOG.encode()),
    Unseen("git", "0001-queue-drop-the-lock.patch", _PATCH.encode()),
    _lines("perceval", "bugzilla.json", [_BUGZILLA]),
    _json("perceval", "pipermail.json", _PIPERMAIL, 4),
    Unseen("webvtt", "GMT20231114_Recording.transcript.vtt", _VTT.encode()),
    Unseen("srt", "s01e01.en.srt", _SRT.encode()),
    Unseen("textgrid", "kim.TextGrid", _TEXTGRID.encode("utf-16")),
    Unseen("goemotions", "dev.tsv", _GO.encode()),
    Unseen("goemotions", "goemotions_1.csv", _GO_RAW.encode()),
    Unseen("meld", "dev_sent_emo.csv", _MELD.encode()),
    _json("reccon", "dailydialog_dev.json", _RECCON),
    _json("ecf", "Subtask_1_train.json", _ECF, 4),
    _lines("convokit", "utterances.jsonl", [_UTTERANCE]),
    Unseen("convokit", "my-corpus.zip", _convokit_zip()),
]
