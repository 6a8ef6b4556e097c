"""ReadTwitter: posts of Twitter, of its API and of an account's archive."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
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
from affectflow.sources.html import unescaped
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head, json_head

SITE = "twitter"
_STATUS = "https://twitter.com/i/web/status/"
_PREFIX = re.compile(rb"^\s*window\.YTD\.\w+\.part\d+\s*=")
_REPOSTED = re.compile(r"RT @\w{1,20}: ")
# Addresses of posts hold an account's name; without it they lead to the same place.
_OWN = re.compile(r"https?://(?:www\.)?(?:twitter|x)\.com/\w+/status/(\d+)[\w/]*")
_ARCHIVES = (
    *("tweets.js", "tweet.js"),
    *(f"tweets-part{number}.js" for number in range(1, 100)),
)
_VERSION_2 = (b'"edit_history_tweet_ids"', b'"author_id"', b'"public_metrics"')
_PAGE = (b'"result_count"', b'"newest_id"', b'"includes"', *_VERSION_2)
_OLDER = (b'"id_str"', b'"in_reply_to_status_id"', b'"full_text"', b'"retweeted"')


@dataclass(kw_only=True)
class ReadTwitter(JsonSource):
    """Reads posts of the API (version 2, and 1.1) and `tweets.js` of an archive.

    Shortened links are expanded; a repost has no text of its own. `tweets.js` does not
    name its account: its posts have no speaker.
    """

    card: ClassVar[Card] = Card(
        summary="Twitter: pages and lines of the API, tweets.js of an archive",
        terms="the Developer Agreement: share only ids, and delete what was deleted "
        "since; quote with a link to the post",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *_ARCHIVES, *LINES)

    def unwrapped(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        found = iter(chunks)
        return itertools.chain([_PREFIX.sub(b"", next(found, b""))], found)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        for post in _posts(record):
            yield attempt(_row, post)

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        known = ("data", "tweet", "full_text")
        return any(name in record for name in known) or (
            "id" in record and "text" in record
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        if _PREFIX.match(head):
            return 0.97 if b"tweet" in head[:60] else 0.0
        head = json_head(head)
        text = b'"text"' in head or b'"full_text"' in head
        if text and sum(mark in head for mark in _OLDER) >= 2:
            return 0.9
        page = b'"data"' in head and any(mark in head for mark in _PAGE)
        return 0.85 if page and text and _snowflake(head) else 0.0


def _snowflake(head: bytes) -> bool:
    return re.search(rb'"id"\s*:\s*"\d{9,20}"', head) is not None


def _posts(record: Record) -> Iterator[Record]:
    """Yields all posts in a record, those that it refers to after it."""
    data = record.get("data")
    if isinstance(data, dict | list):
        posts = list(objects(record, "data")) if isinstance(data, list) else [data]
        yield from posts
        known = {word(post, "id") for post in posts}
        referred = objects(inner(record, "includes"), "tweets")
        yield from (each for each in referred if word(each, "id") not in known)
    elif "data" not in record and "meta" in record:
        yield {"event": "a page without posts"}
    else:
        post = inner(record, "tweet") or record
        yield post
        for name in ("retweeted_status", "quoted_status"):
            if inner(post, name):
                yield inner(post, name)


def _row(post: Record) -> Row:
    """Returns a post as a row.

    Raises:
      RefusedError: it is something else, or has no id or no text.
    """
    gone = next((n for n in ("delete", "limit", "scrub_geo") if n in post), None)
    if what := word(post, "event") or gone:
        raise RefusedError(f"{what}: not a message", NOT_AN_UTTERANCE)
    if "text" not in post and "full_text" not in post:
        if word(post, "username", "screen_name"):
            raise RefusedError("an account: not a message", NOT_AN_UTTERANCE)
        if word(post, "title", "detail"):
            said = word(post, "detail", "title")
            raise RefusedError(f"an error returned by the API: {said}")
        names = ", ".join(list(post)[:8]) or "none"
        raise RefusedError(f"not a post; its fields: {names}")
    own = word(post, "id_str", "id")
    if own is None:
        raise RefusedError("it has no id", "no_id")
    refers = _references(post)
    row = _common(post, own, refers)
    if (text := _text(post)) is None:
        raise RefusedError("a post without text", "no_text", row)
    if refers["repost_of"] or _REPOSTED.match(text):
        return row | {"kind": "repost", "text": ""}
    return row | {"text": text}


def _references(post: Record) -> dict[str, str | None]:
    named = {word(r, "type"): word(r, "id") for r in objects(post, "referenced_tweets")}
    repeated, quoted = inner(post, "retweeted_status"), inner(post, "quoted_status")
    return {
        "reply_to": named.get("replied_to")
        or word(post, "in_reply_to_status_id_str", "in_reply_to_status_id"),
        "repost_of": named.get("retweeted") or word(repeated, "id_str", "id"),
        "quote_of": named.get("quoted")
        or word(quoted, "id_str", "id")
        or word(post, "quoted_status_id_str"),
    }


def _common(post: Record, own: str, refers: dict[str, str | None]) -> Row:
    counts, user = inner(post, "public_metrics"), inner(post, "user")
    answered = _id(refers["reply_to"])
    protected = user.get("protected") is True
    edits = post.get("edit_history_tweet_ids")
    return {
        "utterance_id": _id(own),
        "conversation_id": _id(word(post, "conversation_id")) or answered or _id(own),
        "reply_to": answered,
        "speaker_id": word(post, "author_id") or word(user, "id_str", "id"),
        "timestamp": time_of(post, "created_at"),
        "source": SITE,
        "kind": "post",
        "lang": word(post, "lang"),
        "deleted": True if word(post, "deleted_at") else None,
        "visibility": "private" if protected else "public",
        "url": f"{_STATUS}{own}",
        "attrs": attrs_of(
            {
                "likes": word(counts, "like_count") or word(post, "favorite_count"),
                "reposts": word(counts, "retweet_count") or word(post, "retweet_count"),
                "repost_of": _id(refers["repost_of"]),
                "quote_of": _id(refers["quote_of"]),
                # Each edit of a post is a post of its own.
                "edit_of": _id(str(edits[0]))
                if isinstance(edits, list) and edits and str(edits[0]) != own
                else None,
            }
            | unread_time(post, "created_at")
        ),
    }


def _id(native: str | None) -> str | None:
    return f"{SITE}:{native}" if native else None


def _text(post: Record) -> str | None:
    """Returns the whole text of a post, with its links expanded."""
    long, extended = inner(post, "note_tweet"), inner(post, "extended_tweet")
    text = prose(long, "text") or prose(extended, "full_text")
    text = text or prose(post, "full_text", "text")
    if text is None:
        return None
    for holder in (post, long, extended):
        for link in objects(inner(holder, "entities"), "urls"):
            short, full = word(link, "url"), word(link, "expanded_url")
            if short and full:
                full = _OWN.sub(rf"{_STATUS}\1", full)
                text = text.replace(short, full)
    return unescaped(text)
