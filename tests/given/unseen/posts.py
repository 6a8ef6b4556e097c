"""Posts, comments and answers of forums and networks."""

import gzip
import json

import zstandard

from tests.given.unseen import Unseen
from tests.given.unseen.chats import _json, _lines

_REDDIT_COMMENT = {
    "author": "kim_b",
    "author_flair_text": None,
    "body": "This release finally fixed it for me.",
    "controversiality": 0,
    "created_utc": "1420070400",
    "distinguished": None,
    "edited": False,
    "gilded": 0,
    "id": "cnas8zv",
    "link_id": "t3_2qyr1a",
    "parent_id": "t1_cnas8zu",
    "retrieved_on": 1425124282,
    "score": 14,
    "subreddit": "programming",
    "subreddit_id": "t5_2fwo",
}
_REDDIT_POST = {
    "id": "2qyr1a",
    "title": "What broke your build this year?",
    "selftext": "For me it was a certificate.",
    "author": "rui_p",
    "created_utc": 1420070000,
    "subreddit": "programming",
    "subreddit_id": "t5_2fwo",
    "permalink": "/r/programming/comments/2qyr1a/x/",
    "num_comments": 2,
    "is_self": True,
    "over_18": False,
    "score": 3,
    "_meta": {"retrieved_2nd_on": 1420160000},
}
_LISTINGS = [
    {
        "kind": "Listing",
        "data": {
            "after": None,
            "dist": 1,
            "modhash": "",
            "children": [{"kind": "t3", "data": _REDDIT_POST}],
        },
    },
    {
        "kind": "Listing",
        "data": {
            "after": None,
            "children": [{"kind": "t1", "data": {**_REDDIT_COMMENT, "replies": ""}}],
        },
    },
]
_COMMENTS_XML = """\
\ufeff<?xml version="1.0" encoding="utf-8"?>
<comments>
  <row Id="12" PostId="7" Score="1" Text="Did you try &quot;make clean&quot;?" \
CreationDate="2012-05-01T10:00:00.123" UserId="3" ContentLicense="CC BY-SA 3.0" />
</comments>
"""
_SE_PAGE = {
    "items": [
        {
            "owner": {"account_id": 9, "user_id": 3, "display_name": "Kim"},
            "is_accepted": False,
            "score": 4,
            "last_activity_date": 1700000000,
            "creation_date": 1699990000,
            "answer_id": 8,
            "question_id": 7,
            "content_license": "CC BY-SA 4.0",
            "body": "<p>Use a lock.</p>",
        }
    ],
    "has_more": False,
    "quota_max": 300,
    "quota_remaining": 297,
}
_NOTE = {
    "id": "https://social.example/users/kim/statuses/1110/activity",
    "type": "Create",
    "actor": "https://social.example/users/kim",
    "published": "2023-11-14T22:13:20Z",
    "to": ["https://www.w3.org/ns/activitystreams#Public"],
    "object": {
        "id": "https://social.example/users/kim/statuses/1110",
        "type": "Note",
        "inReplyTo": None,
        "published": "2023-11-14T22:13:20Z",
        "attributedTo": "https://social.example/users/kim",
        "content": "<p>The garden is <b>white</b> today</p>",
    },
}
_OUTBOX = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "outbox.json",
    "type": "OrderedCollection",
    "totalItems": 1,
    "orderedItems": [_NOTE],
}
_STATUS = {
    "id": "1111",
    "created_at": "2023-11-14T22:15:20.000Z",
    "in_reply_to_id": "1110",
    "in_reply_to_account_id": "5",
    "sensitive": False,
    "spoiler_text": "",
    "visibility": "public",
    "language": "en",
    "uri": "https://social.example/users/rui/statuses/1111",
    "content": "<p>lovely</p>",
    "account": {"id": "6", "username": "rui", "acct": "rui"},
    "media_attachments": [],
    "mentions": [],
    "tags": [],
    "emojis": [],
}
_TOPIC = {
    "post_stream": {
        "posts": [
            {
                "id": 5,
                "username": "kim",
                "created_at": "2023-11-14T22:15:20.000Z",
                "cooked": "<p>How do I migrate?</p>",
                "post_number": 1,
                "post_type": 1,
                "reply_to_post_number": None,
                "topic_id": 3,
                "topic_slug": "how-do-i-migrate",
                "user_id": 2,
                "trust_level": 1,
            }
        ],
        "stream": [5],
    },
    "timeline_lookup": [[1, 0]],
    "id": 3,
    "title": "How do I migrate?",
}
_FEED = {
    "feed": [
        {
            "post": {
                "uri": "at://did:plc:abc/app.bsky.feed.post/3kabc",
                "cid": "bafyreib",
                "author": {"did": "did:plc:abc", "handle": "kim.bsky.social"},
                "record": {
                    "$type": "app.bsky.feed.post",
                    "createdAt": "2023-11-14T22:13:20.000Z",
                    "langs": ["en"],
                    "text": "first snow",
                },
                "replyCount": 0,
                "repostCount": 0,
                "likeCount": 1,
                "indexedAt": "2023-11-14T22:13:21.000Z",
            }
        }
    ],
    "cursor": "x",
}
_JETSTREAM = [
    {
        "did": "did:plc:abc",
        "time_us": 1700000000000000,
        "kind": "commit",
        "commit": {
            "rev": "3l3",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": "3kabd",
            "record": {
                "$type": "app.bsky.feed.post",
                "createdAt": "2023-11-14T22:13:20.000Z",
                "text": "second snow",
            },
            "cid": "bafyreic",
        },
    },
    {
        "did": "did:plc:abd",
        "time_us": 1700000000000001,
        "kind": "account",
        "account": {"active": True, "did": "did:plc:abd", "seq": 1},
    },
]
_TWEETS = {
    "data": [
        {
            "id": "1724550000000000001",
            "text": "the queue is stuck again",
            "author_id": "33",
            "conversation_id": "1724550000000000001",
            "created_at": "2023-11-14T22:13:20.000Z",
            "edit_history_tweet_ids": ["1724550000000000001"],
        }
    ],
    "includes": {"users": [{"id": "33", "name": "Kim", "username": "kim"}]},
    "meta": {"newest_id": "1", "oldest_id": "1", "result_count": 1},
}
_ARCHIVE = (
    "window.YTD.tweets.part0 = [\n"
    + json.dumps(
        {
            "tweet": {
                "edit_info": {"initial": {"editTweetIds": ["17"]}},
                "retweeted": False,
                "entities": {"hashtags": [], "urls": []},
                "id_str": "17",
                "id": "17",
                "created_at": "Tue Nov 14 22:13:20 +0000 2023",
                "full_text": "stuck again",
                "lang": "en",
            }
        },
        indent=2,
    )
    + "\n]"
)
_THREADS = {
    "kind": "youtube#commentThreadListResponse",
    "etag": "x",
    "pageInfo": {"totalResults": 1, "resultsPerPage": 20},
    "items": [
        {
            "kind": "youtube#commentThread",
            "etag": "y",
            "id": "Ugw1",
            "snippet": {
                "channelId": "UC1",
                "videoId": "v1",
                "topLevelComment": {
                    "kind": "youtube#comment",
                    "etag": "z",
                    "id": "Ugw1",
                    "snippet": {
                        "textDisplay": "great talk",
                        "textOriginal": "great talk",
                        "authorDisplayName": "@kim",
                        "authorChannelId": {"value": "UC2"},
                        "likeCount": 0,
                        "publishedAt": "2023-11-14T22:13:20Z",
                        "updatedAt": "2023-11-14T22:13:20Z",
                    },
                },
                "canReply": True,
                "totalReplyCount": 0,
                "isPublic": True,
            },
        }
    ],
}
_ALGOLIA = {
    "id": 38270000,
    "created_at": "2023-11-14T22:13:20.000Z",
    "created_at_i": 1700000000,
    "type": "story",
    "author": "kim",
    "title": "Show HN: a small queue",
    "url": "https://a.example",
    "text": None,
    "points": 12,
    "parent_id": None,
    "story_id": 38270000,
    "children": [
        {
            "id": 38270001,
            "created_at": "2023-11-14T22:20:00.000Z",
            "type": "comment",
            "author": "rui",
            "text": "<p>Neat.",
            "parent_id": 38270000,
            "story_id": 38270000,
            "children": [],
            "options": [],
        }
    ],
    "options": [],
}
_FIREBASE = [
    {
        "by": "kim",
        "descendants": 1,
        "id": 38270000,
        "kids": [38270001],
        "score": 12,
        "time": 1700000000,
        "title": "Show HN: a small queue",
        "type": "story",
        "url": "https://a.example",
    },
    {
        "by": "rui",
        "id": 38270001,
        "parent": 38270000,
        "text": "Neat.",
        "time": 1700000400,
        "type": "comment",
    },
]
_POST = _TOPIC["post_stream"]["posts"][0]

FILES = [
    Unseen(
        "reddit",
        "RC_2015-01.zst",
        zstandard.compress(json.dumps(_REDDIT_COMMENT).encode() + b"\n"),
    ),
    _lines("reddit", "r_programming_posts.jsonl", [_REDDIT_POST]),
    _json("reddit", "2qyr1a.json", _LISTINGS),
    Unseen("stack-exchange", "Comments.xml", _COMMENTS_XML.encode()),
    Unseen(
        "stack-exchange",
        "answers.json.gz",
        gzip.compress(json.dumps(_SE_PAGE).encode()),
    ),
    _json("mastodon", "outbox.json", _OUTBOX),
    _json("mastodon", "context.json", {"ancestors": [], "descendants": [_STATUS]}, 2),
    _json("discourse", "3.json", _TOPIC),
    _json("discourse", "posts.json", {"latest_posts": [{**_POST, "raw": "How do I?"}]}),
    _json("bluesky", "getAuthorFeed.json", _FEED, 2),
    _lines("bluesky", "jetstream.ndjson", _JETSTREAM),
    _json("twitter", "recent.json", _TWEETS),
    Unseen("twitter", "tweets.js", _ARCHIVE.encode()),
    _json("youtube", "commentThreads.json", _THREADS, 2),
    _json("hacker-news", "items-38270000.json", _ALGOLIA),
    _lines("hacker-news", "hn-items.ndjson", _FIREBASE),
]
