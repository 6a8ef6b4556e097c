"""The shapes of sites that have no source of their own, as Perceval fetches them."""

from typing import NamedTuple

from affectflow_connectors.perceval.plain import Shape


class Site(NamedTuple):
    """What ids of a site start with, its messages, and in what ids are unique."""

    source: str
    shape: Shape
    by_path: bool = False


_BUGZILLA = Shape(
    kind="issue",
    id=("bug_id.__text__",),
    title=("short_desc.__text__",),
    author=("reporter.__text__",),
    created=("creation_ts.__text__",),
    container=("product.__text__",),
    state=("bug_status.__text__",),
    first="text",
    replies=(
        (
            "long_desc",
            Shape(
                kind="comment",
                id=("commentid.__text__",),
                text=("thetext.__text__",),
                author=("who.__text__",),
                created=("bug_when.__text__",),
                private=("isprivate",),
            ),
        ),
    ),
)
_BUGZILLA_REST = Shape(
    kind="issue",
    title=("summary",),
    author=("creator", "creator_detail.email"),
    created=("creation_time",),
    container=("product",),
    state=("status",),
    first="text",
    replies=(
        (
            "comments",
            Shape(
                kind="comment",
                text=("text",),
                author=("creator", "author"),
                created=("creation_time", "time"),
                private=("is_private",),
            ),
        ),
    ),
)
_LAUNCHPAD = Shape(
    kind="issue",
    id=("bug_data.id",),
    title=("bug_data.title",),
    text=("bug_data.description",),
    author=("bug_data.owner_link", "owner_link"),
    created=("bug_data.date_created",),
    url=("bug_data.web_link",),
    container=("bug_target_name",),
    private=("bug_data.private",),
    state=("status",),
    first="again",
    replies=(
        (
            "messages_data",
            Shape(
                kind="comment",
                id=("self_link", "web_link"),
                text=("content",),
                author=("owner_data.self_link", "owner_link"),
                created=("date_created",),
                url=("web_link",),
            ),
        ),
    ),
)
_REDMINE = Shape(
    kind="issue",
    title=("subject",),
    text=("description",),
    author=("author.id",),
    created=("created_on",),
    container=("project.name",),
    private=("is_private",),
    state=("status.name",),
    replies=(
        (
            "journals",
            Shape(
                kind="comment",
                text=("notes",),
                author=("user.id",),
                created=("created_on",),
                private=("private_notes",),
            ),
        ),
    ),
)
_PHABRICATOR = Shape(
    kind="issue",
    title=("fields.name", "fields.title"),
    text=("fields.description.raw", "fields.description"),
    author=("fields.authorPHID", "fields.authorData.phid"),
    created=("fields.dateCreated",),
    state=("fields.status.value",),
    replies=(
        (
            "transactions",
            Shape(
                kind="comment",
                id=("transactionID", "transactionPHID"),
                text=("comments",),
                author=("authorPHID", "authorData.phid"),
                created=("dateCreated",),
            ),
        ),
    ),
)
_ASKBOT_COMMENT = Shape(
    kind="comment",
    text=("html", "text"),
    author=("user_id", "user_display_name"),
    created=("comment_added_at",),
)
_ASKBOT = Shape(
    kind="question",
    title=("title",),
    text=("text", "body", "summary"),
    author=("author.id",),
    created=("added_at",),
    url=("url",),
    replies=(
        ("comments", _ASKBOT_COMMENT),
        (
            "answers",
            Shape(
                kind="answer",
                text=("text", "body", "summary"),
                author=("answered_by.id",),
                created=("added_at",),
                replies=(("comments", _ASKBOT_COMMENT),),
            ),
        ),
    ),
)
_KITSUNE = Shape(
    kind="question",
    title=("title",),
    text=("content",),
    author=("creator.username",),
    created=("created",),
    edited=("updated",),
    replies=(
        (
            "answers_data",
            Shape(
                kind="answer",
                text=("content",),
                author=("creator.username",),
                created=("created",),
                edited=("updated",),
            ),
        ),
    ),
)
_PAGURE = Shape(
    kind="issue",
    title=("title",),
    text=("content",),
    author=("user.name",),
    created=("date_created",),
    url=("full_url",),
    container=("project.fullname",),
    private=("private",),
    state=("status",),
    replies=(
        (
            "comments",
            Shape(
                kind="comment",
                text=("comment",),
                author=("user.name",),
                created=("date_created",),
                edited=("edited_on",),
            ),
        ),
    ),
)
_GITEE_COMMENT = Shape(
    kind="comment",
    text=("body",),
    author=("user.login",),
    created=("created_at",),
    url=("html_url",),
)
_GITEE = Shape(
    kind="issue",
    title=("title",),
    text=("body",),
    author=("user.login",),
    created=("created_at",),
    url=("html_url",),
    container=("repository.full_name",),
    state=("state",),
    replies=(
        ("comments_data", _GITEE_COMMENT),
        ("review_comments_data", _GITEE_COMMENT),
    ),
)
_MEETUP = Shape(
    kind="event",
    title=("name",),
    text=("plain_text_description", "description"),
    author=("group.id",),
    created=("created",),
    url=("link",),
    container=("group.urlname",),
    replies=(
        (
            "comments",
            Shape(
                kind="comment",
                text=("comment",),
                author=("member.id", "member.member_id"),
                created=("created",),
                replies=(
                    (
                        "replies",
                        Shape(
                            kind="comment",
                            text=("comment",),
                            author=("member.id",),
                            created=("created",),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
_CONFLUENCE = Shape(
    kind="page",
    title=("title",),
    text=("body.storage.value", "body.view.value"),
    author=("version.by.accountId", "version.by.userKey", "version.by.username"),
    created=("history.createdDate", "version.when"),
    edited=("version.when",),
    version=("version.number",),
    url=("content_url",),
    container=("space.name", "space.key"),
)
_RSS = Shape(
    kind="post",
    id=("id", "link"),
    title=("title",),
    text=("content.value", "summary", "description"),
    author=("author",),
    created=("published", "updated"),
    edited=("updated",),
    url=("link",),
)
_ZULIP = Shape(
    kind="message",
    title=("subject",),
    text=("content",),
    author=("sender_id", "sender_email"),
    created=("timestamp",),
    edited=("last_edit_timestamp",),
    container=("display_recipient",),
)
_MEDIAWIKI = Shape(
    kind="",
    id=("pageid",),
    title=("title",),
    replies=(
        (
            "revisions",
            Shape(
                kind="revision",
                id=("revid",),
                text=("comment",),
                author=("user",),
                created=("timestamp",),
            ),
        ),
    ),
)

SITES = {
    "askbot": Site("askbot", _ASKBOT),
    "bugzilla": Site("bugzilla", _BUGZILLA),
    "bugzillarest": Site("bugzilla", _BUGZILLA_REST),
    "confluence": Site("confluence", _CONFLUENCE),
    "gitee": Site("gitee", _GITEE),
    "kitsune": Site("kitsune", _KITSUNE),
    "launchpad": Site("launchpad", _LAUNCHPAD),
    "mediawiki": Site("mediawiki", _MEDIAWIKI),
    "meetup": Site("meetup", _MEETUP),
    "pagure": Site("pagure", _PAGURE, by_path=True),
    "phabricator": Site("phabricator", _PHABRICATOR),
    "phorge": Site("phabricator", _PHABRICATOR),
    "redmine": Site("redmine", _REDMINE),
    "rss": Site("rss", _RSS),
    "zulip": Site("zulip", _ZULIP),
}
"""By the name of the backend, in lower case."""
