"""ReadGitlab: issues, merge requests and notes of GitLab's REST API."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
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
from affectflow.sources.json_source import LINES
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.servers import ServerSource, first_host
from affectflow.sources.streams import json_head

SITE = "gitlab"
_FAMILIES = {"Issue": "issues", "MergeRequest": "merge_requests"}
_PROJECT = re.compile(r"https?://[^/]+/(.+?)/(?:-/)?(?:issues|merge_requests)/\d+")
_WEB = re.compile(rb'"(?:web_url|self|project)"\s*:\s*"https?://([^/"]+)/')
_BOT = re.compile(r"^(?:project|group)_\d+_bot|^ghost$", re.I)
_THREAD = (b'"iid"', b'"project_id"', b'"description"', b'"web_url"', b'"references"')
_NOTE = (b'"noteable_type"', b'"noteable_id"', b'"body"', b'"system"')


@dataclass(kw_only=True)
class ReadGitlab(ServerSource):
    """Reads issues, merge requests, notes and discussions, as GitLab answers.

    An id is `gitlab:HOST/issues/NUMBER`, `.../merge_requests/NUMBER` or
    `.../note-NUMBER`, with the numbers that the server counts, which notes know of
    their thread as well. Notes that GitLab writes itself are of the kind `system`.

    Args:
      host: of the server, such as `gitlab.com`. Empty: taken from a folder named after
        a host, or the addresses in a record; else ids go without it, and files of two
        servers must not go into one lake.
    """

    card: ClassVar[Card] = Card(
        summary="GitLab: issues, merge requests, notes and discussions",
        terms="the terms of the server it came from; authors keep their rights: "
        "quote public projects only, with a link to the thread",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        first: str | None = None
        notes = list(objects(record, "notes"))
        threaded = bool(notes) and record.get("individual_note") is not True
        if not (notes and "individual_note" in record):
            yield attempt(_row, record, None, self._host(record, where))
        for note in notes:
            answered = first if "individual_note" in record else None
            found = attempt(_row, note, answered, self._host(note, where))
            if threaded and first is None and isinstance(found, dict):
                first = found["utterance_id"]
            yield found

    def _host(self, record: Record, where: str) -> str:
        return self.host_at(where) or _host(record) or self.host_in(where)

    def told(self, head: bytes) -> str:
        found = _WEB.search(head)
        return found[1].decode("ascii", "replace").lower() if found else ""

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and any(
            name in record for name in ("iid", "noteable_type", "individual_note")
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        sure = max(sum(m in head for m in marks) for marks in (_THREAD, _NOTE))
        return 0.95 if sure >= 4 else 0.0


def _row(record: Record, first: str | None, host: str) -> Row:
    if "noteable_type" in record:
        return _note(record, first, host)
    return _thread(record, host)


def _host(record: Record) -> str:
    """Returns the host that the addresses of a record name; empty if none does."""
    links = inner(record, "_links")
    author = inner(record, "author")
    own = (word(each, "web_url") for each in (record, author))
    return first_host([*own, word(links, "self"), word(links, "project")])


def _thread(record: Record, host: str) -> Row:
    own = word(record, "id")
    if "iid" not in record or "title" not in record:
        said = word(record, "message", "error")
        if said:
            raise RefusedError(f"an error returned by GitLab: {said}")
        names = ", ".join(list(record)[:8]) or "none"
        raise RefusedError(
            f"not an issue, a merge request or a note; its fields: {names}"
        )
    if own is None:
        raise RefusedError("it has no id", "no_id")
    merge = "merge_status" in record or "source_branch" in record
    id_ = _id(host, "merge_requests" if merge else "issues", own)
    title = prose(record, "title")
    row = _common(record) | {
        "utterance_id": id_,
        "conversation_id": id_,
        "container": _container(record),
        "kind": "merge_request" if merge else "issue",
        "title": title,
        "text": prose(record, "description") or title,
        "url": word(record, "web_url"),
    }
    if row["text"] is None:
        raise RefusedError("a thread with neither title nor text", "no_text", row)
    return row | {"attrs": _attrs(record)}


def _note(record: Record, first: str | None, host: str) -> Row:
    own, type_ = word(record, "id"), word(record, "noteable_type") or ""
    about = word(record, "noteable_id", "commit_id")
    if own is None or about is None:
        raise RefusedError("a note without a thread or an id of its own", "no_id")
    thread = _id(host, _FAMILIES.get(type_, type_.lower() or "threads"), about)
    row = _common(record) | {
        "utterance_id": f"{_prefix(host)}note-{own}",
        "conversation_id": thread,
        "reply_to": first or thread,
        "container": word(record, "project_id"),
        "kind": "system" if record.get("system") is True else "comment",
    }
    updated, text = time_of(record, "updated_at"), prose(record, "body")
    if text is None:
        raise RefusedError("a note without text", "no_text", row)
    edited = updated if updated != row["timestamp"] else None
    return row | {"text": text, "edited_at": edited}


def _id(host: str, family: str, number: str) -> str:
    return f"{_prefix(host)}{family}/{number}"


def _prefix(host: str) -> str:
    return f"{SITE}:{host}/" if host else f"{SITE}:"


def _container(record: Record) -> str | None:
    found = _PROJECT.match(word(record, "web_url") or "")
    return found[1] if found else word(record, "project_id")


def _common(record: Record) -> Row:
    name = word(inner(record, "author"), "username", "name")
    hidden = any(record.get(n) is True for n in ("confidential", "internal"))
    bot = inner(record, "author").get("bot") is True
    return {
        "speaker_id": name,
        "is_bot": bot or is_bot_name(name) or _BOT.match(name or "") is not None,
        "timestamp": time_of(record, "created_at"),
        "source": SITE,
        "visibility": "private" if hidden else "unknown",
        "attrs": attrs_of(unread_time(record, "created_at")),
    }


def _attrs(record: Record) -> dict[str, str] | None:
    labels, state = record.get("labels"), word(record, "state")
    outcome = "open" if state == "opened" else state
    return attrs_of(
        {
            "state": state,
            "outcome": outcome if outcome in ("open", "closed", "merged") else None,
            "closed_at": word(record, "merged_at", "closed_at"),
            "labels": ",".join(each for each in labels if isinstance(each, str))
            if isinstance(labels, list)
            else None,
            "upvotes": word(record, "upvotes"),
            "downvotes": word(record, "downvotes"),
        }
        | unread_time(record, "created_at")
    )
