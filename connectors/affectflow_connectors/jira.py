"""ReadJira: issues and comments of Jira's REST API, versions 2 and 3."""

import re
from collections.abc import Iterator, Mapping
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

SITE = "jira"
_SELF = re.compile(
    r"https?://(?P<base>[^\s?#]+?)/rest/api/[^/]+/issue/(?P<issue>[^/?#]+)"
)
_MARKS = (b'"fields"', b'"summary"', b'"issuetype"', b'"reporter"', b'"project"')
_REST = re.compile(rb'"self"\s*:\s*"[^"]{0,200}?/rest/api/[^/"]{1,10}/issue/')
_DONE = ("fixed", "done", "resolved", "implemented", "completed", "complete")
_NOT_DONE = ("won't", "wont", "duplicate", "invalid", "cannot", "not a", "declined")
_BLOCKS = ("paragraph", "heading", "codeBlock", "listItem", "tableRow", "rule")


@dataclass(kw_only=True)
class ReadJira(JsonSource):
    """Reads issues and comments as Jira's REST API returns them.

    An issue is named by its number, which its comments know, not by its key, which
    changes when it moves. Texts of version 3, which are trees, become plain text.
    """

    card: ClassVar[Card] = Card(
        summary="Jira: issues and comments of the REST API",
        terms="the terms of the server it came from; authors keep their rights: "
        "quote with a link to the issue",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        if any(isinstance(record.get(n), list) for n in ("issues", "comments")):
            for issue in objects(record, "issues"):
                yield from _thread(issue)
            for comment in objects(record, "comments"):
                yield attempt(_row, comment, {})
        elif "webhookEvent" in record:
            yield from _of_hook(record)
        else:
            yield from _thread(record)

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        known = any(name in record for name in ("issues", "comments", "webhookEvent"))
        return known or "fields" in record or ("body" in record and "author" in record)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        marks = sum(mark in head for mark in _MARKS)
        if _REST.search(head):
            return 0.97
        return 0.85 if marks >= 4 else 0.0


def _of_hook(record: Record) -> Iterator[Row | RefusedError]:
    issue, comment = inner(record, "issue"), inner(record, "comment")
    event = word(record, "webhookEvent") or "this"
    if comment:
        found = attempt(_row, comment, issue)
        gone = event == "comment_deleted" and isinstance(found, dict)
        yield found | {"deleted": True} if gone and isinstance(found, dict) else found
    elif issue:
        yield from _thread(issue)
    else:
        yield RefusedError(f"{event}: not a message", NOT_AN_UTTERANCE)


def _thread(issue: Record) -> Iterator[Row | RefusedError]:
    yield attempt(_row, issue, {})
    for comment in objects(inner(issue, "fields", "comment"), "comments"):
        yield attempt(_row, comment, issue)


def _row(record: Record, issue: Record) -> Row:
    return _issue(record) if "fields" in record else _comment(record, issue)


def _issue(issue: Record) -> Row:
    fields, (base, number) = inner(issue, "fields"), _place(issue)
    number = word(issue, "id") or number
    if number is None:
        raise RefusedError("it has no id", "no_id")
    title = prose(fields, "summary")
    row = _common(fields, inner(fields, "reporter") or inner(fields, "creator"), base)
    key = word(issue, "key")
    row |= {
        "utterance_id": _id(base, number),
        "conversation_id": _id(base, number),
        "kind": "issue",
        "title": title,
        "text": _text(fields.get("description")) or title,
        "container": _project(key, fields),
        "url": f"https://{base}/browse/{key}" if base and key else None,
        "visibility": "private" if inner(fields, "security") else "unknown",
        "attrs": _issue_attrs(fields, key),
    }
    if row["text"] is None:
        raise RefusedError("an issue with neither title nor text", "no_text", row)
    return row


def _comment(comment: Record, issue: Record) -> Row:
    own = word(comment, "id")
    if own is None or "body" not in comment:
        names = ", ".join(list(comment)[:8]) or "none"
        raise RefusedError(f"neither an issue nor a comment; its fields: {names}")
    base, number = _place(comment)
    around, known = _place(issue)
    base, number = base or around, word(issue, "id") or number or known
    if number is None:
        raise RefusedError("a comment that names no issue", "no_id")
    row = _common(comment, inner(comment, "author"), base)
    updated, key = time_of(comment, "updated"), word(issue, "key")
    restricted = inner(comment, "visibility") or comment.get("jsdPublic") is False
    row |= {
        "utterance_id": _id(base, f"{number}/comment-{own}"),
        "conversation_id": _id(base, number),
        "reply_to": _id(base, number),
        "edited_at": updated if updated != row["timestamp"] else None,
        "kind": "comment",
        "title": prose(inner(issue, "fields"), "summary"),
        "text": _text(comment.get("body")),
        "container": _project(key, inner(issue, "fields")),
        "visibility": "private" if restricted else "unknown",
        "url": f"https://{base}/browse/{key}?focusedId={own}" if base and key else None,
        "attrs": attrs_of(unread_time(comment, "created")),
    }
    if row["text"] is None:
        raise RefusedError("a comment without text", "no_text", row)
    return row


def _place(record: Record) -> tuple[str | None, str | None]:
    """Returns the server and the issue that a record's own address names."""
    found = _SELF.match(word(record, "self") or "")
    return (found["base"].lower(), found["issue"]) if found else (None, None)


def _id(base: str | None, native: str) -> str:
    return f"{SITE}:{base}/{native}" if base else f"{SITE}:{native}"


def _project(key: str | None, fields: Record) -> str | None:
    named = key.rpartition("-")[0] if key else None
    return named or word(inner(fields, "project"), "key")


def _common(record: Record, person: Record, base: str | None) -> Row:
    account = word(person, "accountId", "name", "key", "displayName")
    app = word(person, "accountType") == "app"
    return {
        "speaker_id": f"{base}/{account}" if base and account else account,
        "is_bot": app or is_bot_name(word(person, "name", "displayName")),
        "timestamp": time_of(record, "created"),
        "source": SITE,
    }


def _issue_attrs(fields: Record, key: str | None) -> dict[str, str] | None:
    labels = fields.get("labels")
    done = word(inner(fields, "resolution"), "name")
    return attrs_of(
        {
            "key": key,
            "state": word(inner(fields, "status"), "name"),
            "type": word(inner(fields, "issuetype"), "name"),
            "priority": word(inner(fields, "priority"), "name"),
            "resolution": done,
            "closed_at": word(fields, "resolutiondate"),
            "outcome": _outcome(done),
            "labels": ",".join(each for each in labels if isinstance(each, str))
            if isinstance(labels, list)
            else None,
        }
        | unread_time(fields, "created")
    )


def _outcome(resolution: str | None) -> str:
    if resolution is None:
        return "open"
    said = resolution.lower()
    if said in _DONE:
        return "completed"
    return "not_planned" if said.startswith(_NOT_DONE) else "closed"


# -- texts ---------------------------------------------------------------------------


def _text(body: Any) -> str | None:
    """Returns a text; one of version 3 is a tree of nodes, written as lines."""
    if isinstance(body, str):
        return prose({"body": body}, "body")
    return _told(body) if isinstance(body, Mapping) else None


def _told(document: Record) -> str:
    parts: list[str] = []
    pending: list[tuple[Any, str]] = [(document, "")]
    while pending:
        node, before = pending.pop()
        if isinstance(node, str):
            parts.append(node)
        if not isinstance(node, dict):
            continue
        type_ = word(node, "type") or ""
        before = f"{before}> " if type_ == "blockquote" else before
        opens, closes = _around(type_, before)
        parts += [opens, _said(node, type_).replace("\n", f"\n{before}")]
        children = node.get("content")
        pending.append((closes, before))
        pending += (
            [(c, before) for c in reversed(children or [])]
            if isinstance(children, list)
            else []
        )
    lines = re.sub(r"\n(?:[> ]*\n)+", "\n\n", "".join(parts))
    return lines.strip()


def _around(type_: str, before: str) -> tuple[str, str]:
    if type_ == "codeBlock":
        return f"\n{before}```\n{before}", f"\n{before}```\n"
    if type_ == "listItem":
        return f"\n{before}- ", ""
    if type_ == "paragraph":
        return f"\n{before}" if before else "", "\n\n"
    return ("", "\n") if type_ in _BLOCKS else ("", "")


def _said(node: Record, type_: str) -> str:
    attrs = inner(node, "attrs")
    if type_ == "text":
        text = prose(node, "text") or ""
        marks = [word(mark, "type") for mark in objects(node, "marks")]
        return f"`{text}`" if "code" in marks else text
    if type_ == "hardBreak":
        return "\n"
    if type_ in ("mention", "emoji", "status"):
        return word(attrs, "text", "shortName") or ""
    return word(attrs, "url") or "" if type_ == "inlineCard" else ""
