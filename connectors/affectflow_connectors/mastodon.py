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
from affectflow.sources.json_source import LINES
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.servers import ServerSource, first_host, host_of
from affectflow.sources.streams import json_head

SITE = "mastodon"
_PUBLIC = ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")
_NOTES = ("Note", "Question", "Article", "Page")
# What the server that answered links to itself: tags, and its own accounts.
_TOLD = re.compile(
    rb'"url"\s*:\s*"https?://([^/"]+)/tags/'
    rb'|"acct"\s*:\s*"[^"@]+".{0,2000}?"url"\s*:\s*"https?://([^/"]+)/',
    re.S,
)
_LISTS = ("ancestors", "statuses", "descendants", "orderedItems")
_API = (b'"reblogs_count"', b'"spoiler_text"', b'"in_reply_to_id"', b'"visibility"')


@dataclass(kw_only=True)
class ReadMastodon(ServerSource):
    """Reads statuses of Mastodon's API, and `outbox.json` of an account's export.

    An id is `mastodon:HOST/NUMBER`, with the number that a status has on the server
    it came from, as replies name it there: a status shown by two servers is two
    messages. A content warning is the title; a boost has no text of its own.

    Args:
      host: of the server it came from, such as `mastodon.social`. Empty: taken from a
        folder named after a host, or from tags, mentions or an account of that server;
        else ids go without it, and files of two servers must not go into one lake.
    """

    card: ClassVar[Card] = Card(
        summary="Mastodon: statuses and timelines of the API, outbox of an export",
        terms="the terms of the server it came from; authors keep their rights: "
        "quote with a link, and only what was public",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        for status, host in _statuses(record, self.host_at(where)):
            yield attempt(_row, status, host or self.host_in(where))

    def told(self, head: bytes) -> str:
        found = _TOLD.search(head)
        return (
            (found[1] or found[2]).decode("ascii", "replace").lower() if found else ""
        )

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


def _statuses(record: Record, host: str) -> Iterator[tuple[Record, str]]:
    """Yields all statuses and activities in a record, outer ones first, and the server.

    Args:
      record: of a file.
      host: of the server it came from; empty if it is not named.
    """
    pending: list[tuple[Any, str]] = [(record, host)]
    while pending:
        each, around = pending.pop()
        if not isinstance(each, dict):
            continue
        held = [s for name in _LISTS for s in objects(each, name)]
        wrapped = inner(each, "status") or inner(each, "last_status")
        if held:
            pending += [(status, around) for status in reversed(held)]
        elif wrapped and "content" not in each:
            pending.append((wrapped, around))
        else:
            host = around or _asked(each)
            yield each, host
            pending.append((inner(each, "quote", "quoted_status") or None, host))
            pending.append((inner(each, "reblog") or None, host))


def _asked(status: Record) -> str:
    """Returns the host of the server that answered with a status, if it shows.

    The server links tags to itself, and gives its own accounts no host.
    """
    tags = (word(tag, "url") for tag in objects(status, "tags"))
    mentioned = (m for m in objects(status, "mentions") if _is_local(m))
    author = inner(status, "account")
    own = [word(status, "uri"), word(author, "url")] if _is_local(author) else []
    mentions = [word(each, "url") for each in mentioned]
    boosted = inner(status, "reblog")
    found = first_host([*(tag for tag in tags if tag and "/tags/" in tag), *own])
    return found or first_host(mentions) or (_asked(boosted) if boosted else "")


def _is_local(account: Record) -> bool:
    name = word(account, "acct")
    return name is not None and "@" not in name


def _row(record: Record, host: str) -> Row:
    """Returns a status or an activity as a row.

    Raises:
      RefusedError: it holds no words, or does not name itself.
    """
    type_ = word(record, "type")
    if "content" in record and "account" in record:
        return _of_api(record, host)
    if type_ in ("Create", "Update") and inner(record, "object"):
        return _of_note(inner(record, "object"), record)
    if type_ == "Announce":
        return _boost(record)
    if type_ in _NOTES:
        return _of_note(record, record)
    if type_ or "acct" in record:
        what = type_ or "an account"
        raise RefusedError(f"{what}: not a message", NOT_AN_UTTERANCE)
    if "error" in record:
        raise RefusedError(f"an error returned by the server: {word(record, 'error')}")
    names = ", ".join(list(record)[:8]) or "none"
    raise RefusedError(f"neither a status nor an activity; its fields: {names}")


# -- the API -------------------------------------------------------------------------


def _of_api(status: Record, host: str) -> Row:
    id_ = word(status, "id")
    if id_ is None:
        message = "a version of a status that does not say which status"
        raise RefusedError(message, NOT_AN_UTTERANCE)
    account, boosted = inner(status, "account"), inner(status, "reblog")
    quoted = inner(status, "quote", "quoted_status")
    at = word(status, "uri", "url") or ""
    row = _said(_id(host, id_), _id(host, word(status, "in_reply_to_id")))
    visibility = word(status, "visibility")
    return row | {
        "speaker_id": _account(account, at),
        "is_bot": account.get("bot") is True or is_bot_name(word(account, "username")),
        "timestamp": time_of(status, "created_at"),
        "edited_at": time_of(status, "edited_at"),
        "container": host_of(word(account, "url") or at),
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
                "repost_of": _id(host, word(boosted, "id")),
                "quote_of": _id(host, word(quoted, "id")),
            }
            | unread_time(status, "created_at")
        ),
    }


def _account(account: Record, at: str) -> str | None:
    name = word(account, "acct", "username")
    if name is None or "@" in name:
        return name
    host = host_of(word(account, "url", "uri") or at)
    return f"{name}@{host}" if host else name


def _poll(status: Record) -> list[str]:
    options = objects(inner(status, "poll"), "options")
    return [title for each in options if (title := word(each, "title"))]


# -- an export -----------------------------------------------------------------------


def _of_note(note: Record, activity: Record) -> Row:
    at = word(note, "id") or ""
    if not (id_ := _named(at)):
        raise RefusedError("it has no id", "no_id")
    options = [*objects(note, "oneOf"), *objects(note, "anyOf")]
    return _said(id_, _named(word(note, "inReplyTo"))) | {
        "speaker_id": _actor(word(note, "attributedTo") or word(activity, "actor")),
        "timestamp": time_of(note, "published") or time_of(activity, "published"),
        "edited_at": time_of(note, "updated"),
        "container": host_of(at),
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
    if not (id_ := _named(at)):
        raise RefusedError("it has no id", "no_id")
    return _said(id_, None) | {
        "speaker_id": _actor(word(activity, "actor")),
        "timestamp": time_of(activity, "published"),
        "container": host_of(at),
        "kind": "repost",
        "text": "",
        "visibility": _visibility(activity, activity),
        "url": _address(at),
        "attrs": attrs_of({"repost_of": _named(of)}),
    }


def _actor(address: str | None) -> str | None:
    host, name = host_of(address or ""), _last(address)
    return f"{(name or '').lstrip('@')}@{host}" if host and name else address


def _visibility(*records: Record) -> str:
    to: list[Any] = []
    for record in records:
        for name in ("to", "cc"):
            given = record.get(name)
            to += given if isinstance(given, list) else [given]
    return "public" if any(each in _PUBLIC for each in to) else "private"


# -- both ----------------------------------------------------------------------------


def _said(id_: str | None, answered: str | None) -> Row:
    return {
        "utterance_id": id_,
        "conversation_id": answered or id_,
        "reply_to": answered,
        "source": SITE,
    }


def _text(record: Record, name: str, options: list[str]) -> str:
    html = prose(record, name)
    if html is None:
        raise RefusedError("a status without text", "no_text")
    choices = "\n".join(f"- {each}" for each in options)
    return "\n\n".join(part for part in (text_of_html(html), choices) if part)


def _id(host: str, native: str | None) -> str | None:
    if not native:
        return None
    return f"{SITE}:{host}/{native}" if host else f"{SITE}:{native}"


def _named(address: str | None) -> str | None:
    """Returns the id of the object at an address."""
    return _id(host_of(address) or "", _last(address))


def _last(address: str | None) -> str | None:
    """Returns the last part of an address: accounts' names stand before it."""
    return (address or "").rstrip("/").rpartition("/")[2] or None


def _address(at: str) -> str | None:
    """Returns the address of a status, without the name of its account."""
    found = re.fullmatch(
        r"(https?://[^/]+)/(?:ap/)?(?:users/[^/]+/statuses|@[^/]+)/(\d+)", at
    )
    return f"{found[1]}/statuses/{found[2]}" if found else None
