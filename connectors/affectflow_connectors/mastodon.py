"""ReadMastodon: statuses, of the API and of an account's own export."""

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
from affectflow.sources.html import text_of_html
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "mastodon"
_PUBLIC = ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")
_NOTES = ("Note", "Question", "Article", "Page")
_HOST = re.compile(r"https?://([^/\s]+)/")
_LISTS = ("ancestors", "statuses", "descendants", "orderedItems")
_API = (b'"reblogs_count"', b'"spoiler_text"', b'"in_reply_to_id"', b'"visibility"')


@dataclass(kw_only=True)
class ReadMastodon(JsonSource):
    """Reads statuses of Mastodon's API, and `outbox.json` of an account's export.

    An id is the one that a status has on the server that was asked, as replies name
    it. A content warning is the title; a boost has no text of its own.
    """

    card: ClassVar[Card] = Card(
        summary="Mastodon: statuses and timelines of the API, outbox of an export",
        terms="the terms of the server that was asked; the writers keep their rights: "
        "quote with a link, and nothing that was not public",
    )
    site: ClassVar[str] = SITE
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        for each in _statuses(record):
            yield attempt(_row, each)

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and (
            ("content" in record and "account" in record)
            or ("type" in record and "object" in record)
            or any(name in record for name in _LISTS)
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        if sum(mark in head for mark in _API) >= 3 and b'"account"' in head:
            return 0.97
        if b'"spoiler_text"' in head and b'"content"' in head:
            return 0.8  # versions of a status
        outbox = b"activitystreams" in head and b'"orderedItems"' in head
        return 0.95 if outbox else 0.0


def _statuses(record: Record) -> Iterator[Record]:
    """Yields all statuses and activities in a record, outer ones first."""
    pending: list[Any] = [record]
    while pending:
        each = pending.pop()
        if not isinstance(each, dict):
            continue
        held = [s for name in _LISTS for s in objects(each, name)]
        wrapped = inner(each, "status") or inner(each, "last_status")
        if held:
            pending += reversed(held)
        elif wrapped and "content" not in each:
            pending.append(wrapped)
        else:
            yield each
            pending += [inner(each, "quote", "quoted_status") or None]
            pending += [inner(each, "reblog") or None]


def _row(record: Record) -> Row:
    """Returns a status or an activity as a row.

    Raises:
      RefusedError: it holds no words, or does not name itself.
    """
    type_ = word(record, "type")
    if "content" in record and "account" in record:
        return _of_api(record)
    if type_ in ("Create", "Update") and inner(record, "object"):
        return _of_note(inner(record, "object"), record)
    if type_ == "Announce":
        return _boost(record)
    if type_ in _NOTES:
        return _of_note(record, record)
    if type_ or "acct" in record:
        what = type_ or "an account"
        raise RefusedError(f"{what}: no message in it", NOT_AN_UTTERANCE)
    if "error" in record:
        raise RefusedError(
            f"an error that the server answered: {word(record, 'error')}"
        )
    names = ", ".join(list(record)[:8]) or "none"
    raise RefusedError(f"no status and no activity; its fields: {names}")


# -- the API -------------------------------------------------------------------------


def _of_api(status: Record) -> Row:
    id_ = word(status, "id")
    if id_ is None:
        message = "a version of a status, which says not of which"
        raise RefusedError(message, NOT_AN_UTTERANCE)
    account, boosted = inner(status, "account"), inner(status, "reblog")
    at = word(status, "uri", "url") or ""
    row = _said(status, id_, word(status, "in_reply_to_id"))
    visibility = word(status, "visibility")
    return row | {
        "speaker_id": _account(account, at),
        "is_bot": account.get("bot") is True or is_bot_name(word(account, "username")),
        "timestamp": time_of(status, "created_at"),
        "edited_at": time_of(status, "edited_at"),
        "container": _host(word(account, "url") or at),
        "kind": "repost" if boosted else "status",
        "title": None if boosted else prose(status, "spoiler_text") or None,
        "text": "" if boosted else _text(status, "content", _poll(status)),
        "lang": word(status, "language"),
        "visibility": "private" if visibility in ("private", "direct") else "public",
        "url": _address(at),
        "attrs": attrs_of(
            {
                "favourites": word(status, "favourites_count"),
                "boosts": word(status, "reblogs_count"),
                "media": str(len(list(objects(status, "media_attachments"))) or ""),
                "repost_of": _id(word(boosted, "id")),
                "quote_of": _id(word(inner(status, "quote", "quoted_status"), "id")),
            }
            | unread_time(status, "created_at")
        ),
    }


def _account(account: Record, at: str) -> str | None:
    name = word(account, "acct", "username")
    if name is None or "@" in name:
        return name
    host = _host(word(account, "url", "uri") or at)
    return f"{name}@{host}" if host else name


def _poll(status: Record) -> list[str]:
    options = objects(inner(status, "poll"), "options")
    return [title for each in options if (title := word(each, "title"))]


# -- an export -----------------------------------------------------------------------


def _of_note(note: Record, activity: Record) -> Row:
    at = word(note, "id") or ""
    if not (id_ := _last(at)):
        raise RefusedError("no id in it", "no_id")
    options = [*objects(note, "oneOf"), *objects(note, "anyOf")]
    return _said(note, id_, _last(word(note, "inReplyTo"))) | {
        "speaker_id": _actor(word(note, "attributedTo") or word(activity, "actor")),
        "timestamp": time_of(note, "published") or time_of(activity, "published"),
        "edited_at": time_of(note, "updated"),
        "container": _host(at),
        "kind": "status",
        "title": prose(note, "summary") or None,
        "text": _text(note, "content", [o for x in options if (o := word(x, "name"))]),
        "lang": next(iter(inner(note, "contentMap")), None),
        "visibility": _visibility(note, activity),
        "url": _address(at),
        "attrs": attrs_of(
            {"media": str(len(list(objects(note, "attachment"))) or "")}
            | unread_time(note, "published")
        ),
    }


def _boost(activity: Record) -> Row:
    at = (word(activity, "id") or "").removesuffix("/activity")
    boosted = activity.get("object")
    of = boosted if isinstance(boosted, str) else word(boosted, "id")
    if not (id_ := _last(at)):
        raise RefusedError("no id in it", "no_id")
    return _said(activity, id_, None) | {
        "speaker_id": _actor(word(activity, "actor")),
        "timestamp": time_of(activity, "published"),
        "container": _host(at),
        "kind": "repost",
        "text": "",
        "visibility": _visibility(activity, activity),
        "url": _address(at),
        "attrs": attrs_of({"repost_of": _id(_last(of))}),
    }


def _actor(address: str | None) -> str | None:
    host, name = _host(address or ""), _last(address)
    return f"{(name or '').lstrip('@')}@{host}" if host and name else address


def _visibility(*records: Record) -> str:
    to: list[Any] = []
    for record in records:
        for name in ("to", "cc"):
            given = record.get(name)
            to += given if isinstance(given, list) else [given]
    return "public" if any(each in _PUBLIC for each in to) else "private"


# -- both ----------------------------------------------------------------------------


def _said(record: Record, id_: str, answered: str | None) -> Row:
    return {
        "utterance_id": _id(id_),
        "conversation_id": _id(answered or id_),
        "reply_to": _id(answered),
        "source": SITE,
    }


def _text(record: Record, name: str, options: list[str]) -> str:
    html = prose(record, name)
    if html is None:
        raise RefusedError("a status without a text", "no_text")
    choices = "\n".join(f"- {each}" for each in options)
    return "\n\n".join(part for part in (text_of_html(html), choices) if part)


def _id(native: str | None) -> str | None:
    return f"{SITE}:{native}" if native else None


def _last(address: str | None) -> str | None:
    """Returns the last part of an address: accounts' names stand before it."""
    return (address or "").rstrip("/").rpartition("/")[2] or None


def _host(address: str) -> str | None:
    found = _HOST.match(address)
    return found[1].lower() if found else None


def _address(at: str) -> str | None:
    """Returns where a status can be read, without the name of its account."""
    found = re.fullmatch(
        r"(https?://[^/]+)/(?:ap/)?(?:users/[^/]+/statuses|@[^/]+)/(\d+)", at
    )
    return f"{found[1]}/statuses/{found[2]}" if found else None
