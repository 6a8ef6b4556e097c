"""ReadBluesky: posts of Bluesky, of its API, of a repository and of Jetstream."""

import hashlib
import re
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
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "bluesky"
_POST = "app.bsky.feed.post"
_REPOST = "app.bsky.feed.repost"
_LINK = "app.bsky.richtext.facet#link"
_URI = re.compile(r"at://(?P<did>[^/]+)/(?P<collection>[^/]+)/(?P<key>[^/]+)$")
_LISTS = ("posts", "feed", "records", "notifications")
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?")


@dataclass(kw_only=True)
class ReadBluesky(JsonSource):
    """Reads posts: timelines, threads and records of the API, lines of Jetstream.

    An id is a digest of the post's address, which holds the account. A shortened
    link is expanded; a repost has no text of its own.
    """

    card: ClassVar[Card] = Card(
        summary="Bluesky: timelines, threads, records; lines of Jetstream",
        terms="Bluesky's terms; posts are public and their writers' own: quote with a "
        "link, but nothing that was deleted since",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        for uri, each, author in _records(record):
            yield attempt(_row, uri, each, author)

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        known = any(name in record for name in (*_LISTS, "thread", "post", "commit"))
        return known or ("uri" in record and ("record" in record or "value" in record))

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        address = b"at://" in head or (b'"did"' in head and b'"rkey"' in head)
        return 0.95 if b"app.bsky." in head and address else 0.0


def _records(record: Record) -> Iterator[tuple[str, Record, Record]]:
    """Yields address, record and author of all posts in an answer, in its order."""
    pending: list[Any] = [record]
    while pending:
        each = pending.pop()
        if not isinstance(each, dict):
            continue
        held = [x for name in _LISTS for x in objects(each, name)]
        if held or any(isinstance(each.get(name), list) for name in _LISTS):
            pending += reversed(held)
        elif inner(each, "thread"):
            pending.append(inner(each, "thread"))
        elif inner(each, "post"):
            yield from _reposted(each)
            pending += reversed(list(objects(each, "replies")))
            reply = inner(each, "reply")
            pending += [each.get("parent"), reply.get("parent"), reply.get("root")]
            pending.append(inner(each, "post"))
        elif inner(each, "commit"):
            yield _address_of(each), _commit(inner(each, "commit")), {}
        else:
            given = inner(each, "record") or inner(each, "value")
            yield word(each, "uri") or "", given or each, inner(each, "author")
            quoted = inner(each, "embed", "record")
            pending.append(inner(quoted, "record") or quoted or None)


def _address_of(event: Record) -> str:
    commit = inner(event, "commit")
    parts = [word(event, "did"), word(commit, "collection"), word(commit, "rkey")]
    return f"at://{'/'.join(part or '' for part in parts)}"


def _commit(commit: Record) -> Record:
    return inner(commit, "record") or {
        "$type": f"{word(commit, 'operation')} of a post"
    }


def _reposted(item: Record) -> Iterator[tuple[str, Record, Record]]:
    reason = inner(item, "reason")
    if word(reason, "$type") != "app.bsky.feed.defs#reasonRepost":
        return
    did, subject = word(inner(reason, "by"), "did"), word(inner(item, "post"), "uri")
    key = hashlib.blake2b((subject or "").encode(), digest_size=8).hexdigest()
    uri = word(reason, "uri") or f"at://{did}/{_REPOST}/{key}"
    said = {"createdAt": reason.get("indexedAt"), "subject": {"uri": subject}}
    yield uri, said | {"$type": _REPOST}, inner(reason, "by")


def _row(uri: str, record: Record, author: Record) -> Row:
    """Returns a post or a repost as a row.

    Raises:
      RefusedError: it is neither, or has no address.
    """
    place, type_ = _URI.match(uri), word(record, "$type") or ""
    if "defs#" in type_ or (type_ and type_ not in (_POST, _REPOST)):
        what = type_.rpartition(".")[2].rpartition("#")[2]
        raise RefusedError(f"{what}: not a message", NOT_AN_UTTERANCE)
    if not type_ and "text" not in record:
        names = ", ".join(list(record)[:8]) or "none"
        raise RefusedError(f"not a post; its fields: {names}")
    if place is None:
        raise RefusedError("it has no address (at://...)", "no_id")
    subject = word(inner(record, "subject"), "uri")
    row = _common(uri, place["did"], record, author)
    if type_ == _REPOST:
        attrs = attrs_of({"repost_of": _id(subject)})
        return row | {"kind": "repost", "text": "", "attrs": attrs}
    if (text := _text(record)) is None:
        raise RefusedError("a post without text", "no_text", row)
    return row | {"kind": "post", "text": text}


def _common(uri: str, did: str, record: Record, author: Record) -> Row:
    reply = inner(record, "reply")
    root, parent = (word(inner(reply, name), "uri") for name in ("root", "parent"))
    langs = record.get("langs")
    marks = [word(label, "val") for label in objects(author, "labels")]
    quoted = inner(record, "embed", "record")
    quote = word(quoted, "uri") or word(inner(quoted, "record"), "uri")
    return {
        "utterance_id": _id(uri),
        "conversation_id": _id(root or parent or uri),
        "reply_to": _id(parent),
        "speaker_id": did,
        "is_bot": "bot" in marks or is_bot_name(word(author, "handle")),
        "timestamp": time_of(record, "createdAt"),
        "source": SITE,
        "lang": next((x for x in langs if isinstance(x, str)), None)
        if isinstance(langs, list)
        else None,
        "visibility": "public",
        "attrs": attrs_of({"quote_of": _id(quote)} | unread_time(record, "createdAt")),
    }


def _id(uri: str | None) -> str | None:
    if not uri:
        return None
    return f"{SITE}:{hashlib.blake2b(uri.encode(), digest_size=12).hexdigest()}"


def _text(record: Record) -> str | None:
    """Returns the text of a post, with its shortened links expanded."""
    text = prose(record, "text")
    if not text or "facets" not in record:
        return text
    data = text.encode()
    for start, end, address in sorted(_links(record), reverse=True):
        shown = data[start:end].decode("utf-8", "replace")
        bare = _SCHEME.sub("", shown).rstrip(".\u2026")
        if bare and _SCHEME.sub("", address).startswith(bare):
            data = data[:start] + address.encode() + data[end:]
    return data.decode("utf-8", "replace")


def _links(record: Record) -> Iterator[tuple[int, int, str]]:
    for facet in objects(record, "facets"):
        place = inner(facet, "index")
        start, end = place.get("byteStart"), place.get("byteEnd")
        for feature in objects(facet, "features"):
            address = word(feature, "uri")
            if word(feature, "$type") != _LINK or not address:
                continue
            if isinstance(start, int) and isinstance(end, int):
                yield start, end, address
