"""ReadRocketChat: pages of Rocket.Chat's API, and its collection of messages."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.envelopes import EnvelopeSource
from affectflow.sources.fields import attrs_of, inner, objects, prose, time_of, word
from affectflow.sources.json_source import LINES
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "rocket-chat"
_ROOMS = {"c": "public", "p": "private", "d": "direct"}
# The room of two people is named by their two accounts, of 17 characters each.
_DIRECT_ID_LENGTH = 34
_REMOVED = "rm"
_NO_TEXT = ("e2e", "otr")
_QUOTE = re.compile(r"\[ ?\]\(\S*?[?&]msg=([A-Za-z0-9]+)\S*\)[ \n]?")
_MARKS = (b'"rid"', b'"_updatedAt"', b'"u"', b'"ts"', b'"msg"')

Record = Mapping[str, Any]


@dataclass(kw_only=True)
class ReadRocketChat(EnvelopeSource):
    """Reads messages of Rocket.Chat: pages of its API, and MongoDB's exports.

    A thread is a conversation. A message that quotes another is a reply to it.
    """

    card: ClassVar[Card] = Card(
        summary="Rocket.Chat: API pages, and exports of its messages",
        example="affectflow ingest messages.json --source rocket-chat --to lake",
        terms="messages belong to the operator of the server and to their authors; no "
        "attribution is required; quote only with the author's consent",
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def rows_within(self, record: Any, around: Record, where: str) -> list[Row]:
        return [message(record, around)]

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and "rid" in record and "_id" in record

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        if all(mark in head for mark in _MARKS):
            return 0.95
        return 0.7 if b'"_updatedAt"' in head and b'"usersCount"' in head else 0.0


def message(record: Record, around: Record) -> Row:
    """Returns one message as a row.

    Raises:
      RefusedError: it is not a message, or has no id.
    """
    own, room = word(record, "_id"), word(record, "rid")
    if not own or not room:
        raise _no_message(record)
    kind = word(record, "t") or ""
    if kind in _NO_TEXT:
        raise RefusedError(f"{kind}: an encrypted message", NOT_AN_UTTERANCE)
    thread, quoted = word(record, "tmid"), _QUOTE.match(prose(record, "msg") or "")
    answered = (quoted[1] if quoted else None) or thread
    user = inner(record, "u")
    return {
        "utterance_id": f"{SITE}:{own}",
        "conversation_id": f"{SITE}:{thread or answered or own}",
        "reply_to": f"{SITE}:{answered}" if answered else None,
        "speaker_id": word(user, "_id", "username"),
        "is_bot": bool(inner(record, "bot")) or record.get("bot") is True,
        "timestamp": _time(record, "ts"),
        "edited_at": _time(record, "editedAt"),
        "source": SITE,
        "kind": "system" if kind and kind != _REMOVED else "message",
        "text": "" if kind == _REMOVED else _text(record, kind),
        "deleted": True if kind == _REMOVED else None,
        "attrs": _attrs(record, kind),
        **_room(room, around),
    }


def _no_message(record: Record) -> RefusedError:
    if record.get("success") is False:
        why = word(record, "error", "errorType")
        return RefusedError(f"an error returned by Rocket.Chat: {why}")
    if "usersCount" in record or "username" in record or "success" in record:
        return RefusedError("a room, a user, or another answer", NOT_AN_UTTERANCE)
    names = ", ".join(list(record)[:8]) or "none"
    return RefusedError(
        f"it has no `_id` and `rid`; its fields: {names}", "missing_field"
    )


def _room(room: str, around: Record) -> Row:
    """Returns where a message is, and who may read it."""
    told = inner(around, "channel") or inner(around, "group") or inner(around, "room")
    visibility = _ROOMS.get(word(told, "t") or "", "unknown")
    if len(room) == _DIRECT_ID_LENGTH:
        visibility = "direct"
        room = hashlib.blake2b(room.encode(), digest_size=8).hexdigest()
    name = word(told, "fname", "name") or room
    container = None if visibility == "direct" else name
    return {"container": container, "visibility": visibility}


def _time(record: Record, name: str) -> datetime | None:
    """Returns a time of the API, or of an export of MongoDB."""
    return time_of(record, name) or time_of(inner(record, name), "$date")


def _text(record: Record, kind: str) -> str:
    """Returns the words of a message; those of a system message without accounts."""
    if kind:
        return kind.replace("_", " ").replace("-", " ")
    text = _QUOTE.sub("", prose(record, "msg") or "")
    shown = objects(record, "attachments")
    return text or "\n".join(filter(None, (prose(a, "description") for a in shown)))


def _attrs(record: Record, kind: str) -> dict[str, str] | None:
    files = [*objects(record, "files"), inner(record, "file")]
    names = dict.fromkeys(filter(None, (word(each, "name") for each in files)))
    return attrs_of(
        {
            "message_type": kind,
            "files": ", ".join(names),
            "pinned": "true" if record.get("pinned") is True else "",
            **_reactions(record),
        }
    )


def _reactions(record: Record) -> dict[str, str]:
    reactions = inner(record, "reactions")
    people = {name: inner(each).get("usernames") for name, each in reactions.items()}
    return {
        f"reaction.{name.strip(':')}": str(len(who))
        for name, who in people.items()
        if isinstance(who, list) and who
    }
