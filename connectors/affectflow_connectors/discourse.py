"""ReadDiscourse: topics and posts of Discourse forums."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.bots import is_bot_name
from affectflow.sources.fields import (
    Record,
    attrs_of,
    inner,
    objects,
    prose,
    time_of,
    unread_time,
    word,
)
from affectflow.sources.html import text_of_html
from affectflow.sources.json_source import LINES
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.servers import ServerSource
from affectflow.sources.streams import json_head

SITE = "discourse"
_SYSTEM_TYPES = ("2", "3")  # moderators' notices; topics closed, pinned, split
_WHISPER = "4"
_LIKE = "2"
_POST = (b'"cooked"', b'"post_number"', b'"topic_id"', b'"topic_slug"')
_LIST = (b'"topic_list"', b'"highest_post_number"', b'"posters"')


@dataclass(kw_only=True)
class ReadDiscourse(ServerSource):
    """Reads topics and posts of Discourse's API, as JSON.

    An id is `discourse:HOST/TOPIC/NUMBER`, as replies name a post. The HTML
    of posts becomes text, with quotes as `> `; topics without posts are counted.

    Args:
      host: of the forum, such as `meta.discourse.org`: part of every id, and the
        container.
        Empty: taken from a folder named after a host; else ids go without it, and files
        of two forums must not go into one lake.
    """

    card: ClassVar[Card] = Card(
        summary="Discourse: topics and posts of the API",
        terms="the terms of the forum (by default CC BY-NC-SA 3.0): quote with a link "
        "to the post and its author's name",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        forum = self.host_at(where)
        for post, topic in _posts(record):
            yield attempt(_row, post, topic, forum)

    def told(self, head: bytes) -> str:
        return ""

    def looks_whole(self, record: Any) -> bool:
        names = ("post_stream", "latest_posts", "post_number", "topic_list", "posts")
        return isinstance(record, dict) and any(name in record for name in names)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        if sum(mark in head for mark in _POST) >= 3:
            return 0.95
        return 0.9 if all(mark in head for mark in _LIST) else 0.0


def _posts(record: Record) -> Iterator[tuple[Record, Record]]:
    """Yields the posts of an answer, each with information about its topic."""
    stream = inner(record, "post_stream")
    if stream or "latest_posts" in record or "posts" in record:
        topics = {word(each, "id"): each for each in objects(record, "topics")}
        posts = list(objects(stream or record, "latest_posts", "posts"))
        for post in posts:
            yield post, topics.get(word(post, "topic_id"), record if stream else {})
    elif topic_list := list(objects(inner(record, "topic_list") or record, "topics")):
        for topic in topic_list:
            yield topic, topic
    elif inner(record, "post"):
        yield inner(record, "post"), inner(record, "topic")
    else:
        yield record, {}


def _row(post: Record, topic: Record, forum: str) -> Row:
    """Returns a post as a row.

    Raises:
      RefusedError: it holds no words, or does not name itself.
    """
    number, thread = (
        word(post, "post_number"),
        word(post, "topic_id") or word(topic, "id"),
    )
    if number is None:
        if "posts_count" in post:
            message = "a topic in a list, without its posts"
            raise RefusedError(message, NOT_AN_UTTERANCE)
        said = ", ".join(list(post)[:8]) or "none"
        raise RefusedError(f"neither a post nor a topic; its fields: {said}")
    if thread is None:
        raise RefusedError("it has no topic_id", "no_id")
    row = _common(post, topic, forum) | _place(post, forum, thread, number)
    text = _text(post)
    if text is None:
        raise RefusedError("a post without text", "no_text", row)
    return row | {"text": text}


def _place(post: Record, forum: str, thread: str, number: str) -> Row:
    prefix = f"{SITE}:{forum}/{thread}" if forum else f"{SITE}:{thread}"
    answered = word(post, "reply_to_post_number") or "1"
    return {
        "utterance_id": f"{prefix}/{number}",
        "conversation_id": prefix,
        "reply_to": f"{prefix}/{answered}" if answered != number else None,
        "url": f"https://{forum}/t/{thread}/{number}" if forum else None,
    }


def _common(post: Record, topic: Record, forum: str) -> Row:
    name, type_ = word(post, "username"), word(post, "post_type")
    created, updated = time_of(post, "created_at"), time_of(post, "updated_at")
    edited = word(post, "version") not in (None, "1") and updated != created
    gone = word(post, "deleted_at") is not None or post.get("user_deleted") is True
    private = word(topic, "archetype") == "private_message" or type_ == _WHISPER
    return {
        "speaker_id": f"{forum}/{name}" if forum and name else name,
        "speaker_role": _role(post),
        "is_bot": (word(post, "user_id") or "").startswith("-") or is_bot_name(name),
        "timestamp": created,
        "edited_at": updated if edited else None,
        "source": SITE,
        "container": forum or None,
        "kind": "system" if type_ in _SYSTEM_TYPES else "post",
        "title": prose(post, "topic_title") or prose(topic, "title"),
        "deleted": gone or None,
        "visibility": "private" if private else "public",
        "attrs": _attrs(post, topic),
    }


def _role(post: Record) -> str | None:
    names = ("admin", "moderator", "staff")
    return next((name for name in names if post.get(name) is True), None)


def _attrs(post: Record, topic: Record) -> dict[str, str] | None:
    likes = (a for a in objects(post, "actions_summary") if word(a, "id") == _LIKE)
    tags = topic.get("tags")
    return attrs_of(
        {
            "likes": next((word(each, "count") for each in likes), None),
            "category": word(post, "category_id") or word(topic, "category_id"),
            "tags": ",".join(t for t in tags if isinstance(t, str))
            if isinstance(tags, list)
            else None,
            "accepted": "true" if post.get("accepted_answer") is True else None,
            "action": word(post, "action_code"),
        }
        | unread_time(post, "created_at")
    )


def _text(post: Record) -> str | None:
    cooked = prose(post, "cooked")
    return prose(post, "raw") if cooked is None else text_of_html(cooked)
