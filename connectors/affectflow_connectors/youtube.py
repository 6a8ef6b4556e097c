"""ReadYoutube: comments and their replies, of YouTube's Data API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.nouns import count
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
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "youtube"
_MARKS = (b'"textDisplay"', b'"textOriginal"', b'"topLevelComment"')
_PLACE = ("videoId", "channelId")


@dataclass(kw_only=True)
class ReadYoutube(JsonSource):
    """Reads comment threads and comments of the Data API, version 3.

    A conversation is a comment and the replies to it, as YouTube keeps them; replies
    that a page leaves out are counted.
    """

    card: ClassVar[Card] = Card(
        summary="YouTube: comment threads and comments of the Data API",
        terms="YouTube API Services Terms: refresh or delete stored data after 30 "
        "days; quote with a link to the comment",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        many = isinstance(record.get("items"), list)
        for item in objects(record, "items") if many else [record]:
            for found in _comments(item):
                if isinstance(found, RefusedError):
                    yield found
                else:
                    yield attempt(_row, *found)

    def looks_whole(self, record: Any) -> bool:
        kind = word(record, "kind") or ""
        return kind.startswith("youtube#") and kind != "youtube#channel"

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        said = any(mark in head for mark in _MARKS)
        return 0.95 if b"youtube#comment" in head and said else 0.0


def _comments(item: Record) -> Iterator[tuple[Record, Record] | RefusedError]:
    """Yields the comments of an item, each with its context."""
    snippet = inner(item, "snippet")
    top = inner(snippet, "topLevelComment")
    if not top:
        yield item, {}
        return
    yield top, snippet
    replies = list(objects(inner(item, "replies"), "comments"))
    for reply in replies:
        yield reply, snippet
    left_out = _counted(snippet) - len(replies)
    if left_out > 0:
        message = f"{count(left_out, 'reply', 'replies')} left out of a page"
        yield RefusedError(message, NOT_AN_UTTERANCE)


def _counted(snippet: Record) -> int:
    """Returns how many replies a thread is said to have."""
    said = word(snippet, "totalReplyCount") or "0"
    return int(said) if said.isdecimal() and len(said) < 9 else 0


def _row(comment: Record, around: Record) -> Row:
    """Returns a comment as a row.

    Raises:
      RefusedError: it is something else, or has no id or no text.
    """
    said, own = inner(comment, "snippet"), word(comment, "id")
    if "textDisplay" not in said and "textOriginal" not in said:
        kind = word(comment, "kind") or ""
        if kind.startswith("youtube#") and not kind.startswith("youtube#comment"):
            raise RefusedError(f"{kind}: not a message", NOT_AN_UTTERANCE)
        names = ", ".join(list(comment)[:8]) or "none"
        raise RefusedError(f"not a comment with a text; its fields: {names}")
    if own is None:
        raise RefusedError("it has no id", "no_id")
    before, dot, _ = own.partition(".")
    parent = word(said, "parentId") or (before if dot else None)
    return _common(said, around) | {
        "utterance_id": f"{SITE}:{own}",
        "conversation_id": f"{SITE}:{parent or own}",
        "reply_to": f"{SITE}:{parent}" if parent else None,
        "text": _text(said),
        "url": _url(own, word(said, "videoId") or word(around, "videoId")),
    }


def _common(said: Record, around: Record) -> Row:
    account = word(inner(said, "authorChannelId"), "value")
    account = account or word(said, "authorChannelUrl", "authorDisplayName")
    owner = word(said, "channelId") or word(around, "channelId")
    published, updated = time_of(said, "publishedAt"), time_of(said, "updatedAt")
    rejected = word(said, "moderationStatus") == "rejected"
    return {
        "speaker_id": account,
        "speaker_role": "owner" if account and account == owner else None,
        "is_bot": is_bot_name(word(said, "authorDisplayName")),
        "timestamp": published,
        "edited_at": updated if updated != published else None,
        "source": SITE,
        "container": word(said, *_PLACE) or word(around, *_PLACE),
        "kind": "comment",
        "deleted": rejected or None,
        "visibility": "private" if around.get("isPublic") is False else "public",
        "attrs": attrs_of(
            {"likes": word(said, "likeCount")} | unread_time(said, "publishedAt")
        ),
    }


def _text(said: Record) -> str:
    shown = prose(said, "textDisplay")
    original = prose(said, "textOriginal")
    return original if original is not None else text_of_html(shown or "")


def _url(own: str, video: str | None) -> str | None:
    return f"https://www.youtube.com/watch?v={video}&lc={own}" if video else None
