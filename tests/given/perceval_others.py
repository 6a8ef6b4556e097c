"""Items of sites that no other source reads, and what is read of them."""

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
