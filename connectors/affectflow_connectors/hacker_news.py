"""ReadHackerNews: stories and comments, of Firebase, of Algolia and of tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.fields import (
    Record,
    attrs_of,
    objects,
    prose,
    time_of,
    unread_time,
    word,
)
from affectflow.sources.html import text_of_html, unescaped
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "hacker-news"
_URL = "https://news.ycombinator.com/item?id="
_KINDS = ("story", "comment", "job", "poll", "pollopt")
_TIMES = ("time", "created_at_i", "created_at", "timestamp")
_FIREBASE = (b'"by"', b'"descendants"', b'"kids"', b'"parent"', b'"time"')
_ALGOLIA = (b'"objectID"', b'"_tags"', b'"story_id"', b'"created_at_i"', b'"points"')


@dataclass(kw_only=True)
class ReadHackerNews(JsonSource):
    """Reads items of Hacker News: Firebase's, Algolia's pages and trees, tables' rows.

    Only Algolia says which story a comment belongs to; else a conversation is named
    by the item that is answered.
    """

    card: ClassVar[Card] = Card(
        summary="Hacker News: items of Firebase and Algolia",
        terms="Y Combinator's terms; authors keep their rights: quote with a link "
        "to the item",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        pending: list[Record] = [record]
        while pending:
            item = pending.pop()
            if isinstance(item.get("hits"), list):
                pending += reversed(list(objects(item, "hits")))
            else:
                yield attempt(_row, item)
                pending += reversed(list(objects(item, "children")))

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        return (
            "hits" in record or "objectID" in record or word(record, "id") is not None
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        typed = any(f'"{kind}"'.encode() in head for kind in _KINDS)
        for marks in (_FIREBASE, _ALGOLIA):
            if typed and sum(mark in head for mark in marks) >= 3:
                return 0.9
        return 0.0


def _row(item: Record) -> Row:
    own, kind = word(item, "objectID", "id"), _kind(item)
    if kind == "":
        if word(item, "username") or "karma" in item:
            raise RefusedError("an account: not a message", NOT_AN_UTTERANCE)
        names = ", ".join(list(item)[:8]) or "none"
        raise RefusedError(f"not an item; its fields: {names}")
    if own is None:
        raise RefusedError("it has no id", "no_id")
    row = _common(item, own, kind)
    title = prose(item, "title")
    title = unescaped(title) if title else None
    html = prose(item, "text", "comment_text", "story_text")
    text = text_of_html(html) if html else title
    if row["deleted"]:
        text = ""
    if text is None:
        raise RefusedError("an item with neither title nor text", "no_text", row)
    return row | {"title": title or prose(item, "story_title"), "text": text}


def _kind(item: Record) -> str:
    tags = item.get("_tags")
    said = [word(item, "type"), *(tags if isinstance(tags, list) else ())]
    named = next((kind for kind in _KINDS if kind in said), "")
    if named or not any(name in item for name in ("by", "author", "deleted")):
        return named
    return "comment" if "comment_text" in item or "parent" in item else "story"


def _common(item: Record, own: str, kind: str) -> Row:
    parent = word(item, "parent", "parent_id", "poll") if kind != "story" else None
    story = word(item, "story_id") if parent else None
    gone = item.get("deleted") is True
    return {
        "utterance_id": f"{SITE}:{own}",
        "conversation_id": f"{SITE}:{story or parent or own}",
        "reply_to": f"{SITE}:{parent}" if parent else None,
        "speaker_id": word(item, "by", "author"),
        "timestamp": time_of(item, *_TIMES),
        "source": SITE,
        "kind": kind,
        "deleted": gone or None,
        "visibility": "public",
        "url": _URL + own,
        "attrs": attrs_of(
            {
                "score": word(item, "score", "points"),
                "link": word(item, "url"),
                "dead": "true" if item.get("dead") is True else None,
            }
            | unread_time(item, *_TIMES)
        ),
    }
