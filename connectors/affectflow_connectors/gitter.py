"""ReadGitter: messages of Gitter's API."""

from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.fields import Record, inner, prose, time_of, unread_time, word
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "gitter"
_MARKS = (b'"fromUser"', b'"sent"', b'"readBy"', b'"text"')


@dataclass(kw_only=True)
class ReadGitter(JsonSource):
    """Reads pages of messages that Gitter's API gave, as it was before Matrix.

    A thread is a conversation, and a message outside threads is one of its own.
    Messages do not name their room.
    """

    card: ClassVar[Card] = Card(
        summary="Gitter: messages of its API",
        example="affectflow ingest room.json --source gitter --to lake",
        terms="messages belong to their authors; no attribution is required; quote "
        "only with the author's consent",
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def rows(self, record: Any, where: str) -> list[Row]:
        return [message(record)]

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and "sent" in record and "id" in record

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        if all(mark in head for mark in _MARKS):
            return 0.95
        return 0.8 if b'"oneToOne"' in head and b'"userCount"' in head else 0.0


def message(record: Record) -> Row:
    """Returns one message as a row.

    Raises:
      RefusedError: it is not a message, or has no id.
    """
    if "oneToOne" in record or "githubType" in record:
        raise RefusedError("a room", NOT_AN_UTTERANCE)
    own = word(record, "id")
    if not own or "text" not in record:
        names = ", ".join(list(record)[:8]) or "none"
        raise RefusedError(
            f"it has no `id` and `text`; its fields: {names}", "missing_field"
        )
    parent, user = word(record, "parentId"), inner(record, "fromUser")
    text = prose(record, "text") or ""
    return {
        "utterance_id": f"{SITE}:{own}",
        "conversation_id": f"{SITE}:{parent or own}",
        "reply_to": f"{SITE}:{parent}" if parent else None,
        "speaker_id": word(user, "id", "username"),
        "timestamp": time_of(record, "sent"),
        "edited_at": time_of(record, "editedAt"),
        "source": SITE,
        "kind": "message",
        "text": text,
        # Deleting a message leaves an empty one.
        "deleted": None if text else True,
        "visibility": "unknown",
        "attrs": unread_time(record, "sent") or None,
    }
