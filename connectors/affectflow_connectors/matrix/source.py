"""ReadMatrix: rooms that Element exports, pages of messages, and syncs."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.kinds.source import TO_THE_END, File, Split
from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.archives import is_archive
from affectflow.sources.bots import is_bot_name
from affectflow.sources.envelopes import Around, EnvelopeSource
from affectflow.sources.fields import (
    Record,
    attrs_of,
    inner,
    time_of,
    unread_time,
    word,
)
from affectflow.sources.json_source import LINES
from affectflow.sources.records import attempt, not_an_object
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import DamagedFileError, json_head
from affectflow_connectors.matrix.later import Later
from affectflow_connectors.matrix.texts import file_of, text_of_message, text_of_state

SITE = "matrix"
_EVENT = (b'"event_id"', b'"origin_server_ts"', b'"sender"', b'"content"', b'"type"')
_EXPORT = (b'"room_name"', b'"messages"', b'"export')
_OF_EVENTS = ("event_id", "sender")
_LISTS = ("chunk", "events", "events_before", "events_after", "state", "event")
_SAID = re.compile(
    r"m\.room\.message|m\.sticker|(?:m|org\.matrix\.msc3381)\.poll\.start"
)
_NO_WORDS = re.compile(r"m\.key\.verification\.")
_UNREADABLE = "an encrypted message; export the room with a client that has its keys"


@dataclass(kw_only=True)
class ReadMatrix(EnvelopeSource):
    """Reads rooms as Element exports them, pages of `/messages`, syncs, and events.

    A thread is a conversation, and so are a message and its replies. Edits, reactions
    and redactions are added to the message that they are about, if it is in the same
    file. Changes of a room's state are of the kind `system`, notices are by bots.
    """

    card: ClassVar[Card] = Card(
        summary="Matrix: rooms that Element exports, pages of messages, syncs",
        example="affectflow ingest export.json --source matrix --to lake",
        terms="messages belong to their authors, on whichever server; no attribution "
        "is required; quote only with the author's consent",
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def __post_init__(self) -> None:
        super().__post_init__()
        self._later, self._listens = Later(), False

    def split_file(self, file: File) -> list[Split]:
        if is_archive(file.uri):
            return super().split_file(file)
        return [Split(file.uri, 0, TO_THE_END, file.size)]  # edits may be anywhere

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        self._later, self._listens = Later(), True
        with contextlib.suppress(DamagedFileError):  # is said the second time
            for _ in super().read_split(split):
                pass
        self._listens = False
        yield from super().read_split(split)

    def rows_within(
        self, record: Record, around: Around, where: str
    ) -> Iterator[Row | RefusedError]:
        found = False
        for event, place in _events(record, around):
            found = True
            if not self._listens:
                yield attempt(self._event, event, place)
            elif isinstance(event, dict):
                self._later.take(event, _room(event, place))
        if not found:
            yield _no_message(record)

    def _event(self, event: Any, around: Around) -> Row:
        """Returns one event as a row.

        Raises:
          RefusedError: it is not a message, or cannot be read.
        """
        if not isinstance(event, dict):
            raise not_an_object(event)
        own, kind = word(event, "event_id"), word(event, "type") or ""
        if not own or not kind:
            raise _no_message(event)
        row = self._row(event, own, {**around, "room_id": _room(event, around)})
        msgtype = word(inner(event, "content"), "msgtype")
        if kind == "m.room.encrypted" or msgtype == "m.bad.encrypted":
            if row["deleted"]:
                return row | {"text": ""}
            raise RefusedError(_UNREADABLE, "encrypted", row)
        return row | self._said(event, own, kind)

    def _row(self, event: Record, own: str, around: Around) -> Row:
        sender, room = word(event, "sender"), word(around, "room_id") or ""
        thread, answered = _relations(inner(event, "content"))
        because = inner(event, "unsigned", "redacted_because")
        gone = bool(because) or own in self._later.gone
        visibility = self._later.visibility.get(room, "unknown")
        name = word(around, "room_name") or self._later.names.get(room) or room
        return {
            "utterance_id": f"{SITE}:{own}",
            "conversation_id": f"{SITE}:{thread or answered or own}",
            "reply_to": f"{SITE}:{answered}" if answered else None,
            "speaker_id": sender,
            "is_bot": is_bot_name((sender or "").lstrip("@").partition(":")[0]),
            "timestamp": time_of(event, "origin_server_ts"),
            "source": SITE,
            "container": None if visibility == "direct" else name or None,
            "kind": "system" if "state_key" in event else "message",
            "deleted": True if gone else None,
            "visibility": visibility,
            "url": f"https://matrix.to/#/{room}/{own}" if room else None,
            "attrs": attrs_of(unread_time(event, "origin_server_ts")),
        }

    def _said(self, event: Record, own: str, kind: str) -> Row:
        content = inner(event, "content")
        if "state_key" in event:
            before = inner(event, "unsigned", "prev_content")
            return {"text": text_of_state(kind, content, before)}
        relation = word(inner(content, "m.relates_to"), "rel_type")
        if relation == "m.replace":
            return self._edit(event, content)
        msgtype = word(content, "msgtype") or ""
        if not _SAID.fullmatch(kind) or _NO_WORDS.match(msgtype):
            raise RefusedError(f"{kind}: not a message", NOT_AN_UTTERANCE)
        content, edited = self._newest(event, own, content)
        answers = bool(inner(inner(event, "content"), "m.relates_to", "m.in_reply_to"))
        kind_of = "" if msgtype in ("", "m.text", "m.notice") else msgtype
        bot = {"is_bot": True} if msgtype in ("m.notice", "m.server_notice") else {}
        gone = {} if content else {"deleted": True}
        return {
            "text": text_of_message(content, answers),
            "edited_at": edited,
            "attrs": attrs_of(
                {"message_type": kind_of, "files": file_of(content)}
                | self._later.reactions(own)
                | unread_time(event, "origin_server_ts")
            ),
            **bot,
            **gone,
        }

    def _newest(self, event: Record, own: str, content: Record) -> tuple[Record, Any]:
        """Returns the newest version of a message, and when it was made."""
        edit = self._later.edit(own, word(event, "sender"))
        if edit and edit.content:
            return edit.content, edit.at
        told = inner(event, "unsigned", "m.relations", "m.replace")
        new = inner(told, "content", "m.new_content")
        return new or content, time_of(told, "origin_server_ts")

    def _edit(self, event: Record, content: Record) -> Row:
        """Returns the content of an edit whose message is not in the same file.

        Raises:
          RefusedError: the message is in the file and already has the new words.
        """
        target = word(inner(content, "m.relates_to"), "event_id") or ""
        new = inner(content, "m.new_content")
        if target in self._later.events or not new or not target:
            raise RefusedError("an edit, kept with its message", NOT_AN_UTTERANCE)
        own = f"{SITE}:{target}"
        return {
            "utterance_id": own,
            "conversation_id": own,
            "timestamp": None,
            "text": text_of_message(new, answers=False),
            "edited_at": time_of(event, "origin_server_ts"),
        }

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        return "event_id" in record or "chunk" in record or "rooms" in record

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        if all(mark in head for mark in _EVENT):
            return 0.97 if all(mark in head for mark in _EXPORT) else 0.95
        if all(mark in head for mark in _EXPORT) and b'"exported_by"' in head:
            return 0.9
        return 0.8 if b'"next_batch"' in head and b'"rooms"' in head else 0.0


def _events(record: Record, around: Around) -> Iterator[tuple[Any, Around]]:
    """Yields the events of a page or of a sync, each with its context.

    An object that is an event is one.
    """
    if isinstance(record.get("decrypted"), dict):
        yield record["decrypted"], around
    elif any(name in record for name in _OF_EVENTS):
        yield record, around
    else:
        for how in ("join", "leave"):
            for room, held in inner(record, "rooms", how).items():
                for part in (inner(held, "state"), inner(held, "timeline")):
                    yield from _listed(part, {"room_id": room})
        yield from _listed(record, around)


def _listed(record: Record, around: Around) -> Iterator[tuple[Any, Around]]:
    for name in _LISTS:
        found = record.get(name)
        for each in found if isinstance(found, list) else [found] if found else []:
            decrypted = inner(each, "decrypted")
            yield decrypted or each, around


def _room(event: Record, around: Around) -> str:
    return word(event, "room_id") or word(around, "room_id") or ""


def _relations(content: Record) -> tuple[str | None, str | None]:
    """Returns the root of a message's thread, and the message that it answers.

    In a thread, clients name the message before as the one that is answered, for those
    that show no threads, and say so.
    """
    about = inner(content, "m.relates_to")
    answered = word(inner(about, "m.in_reply_to"), "event_id")
    if word(about, "rel_type") != "m.thread":
        return None, answered
    root = word(about, "event_id")
    falling_back = about.get("is_falling_back") is True
    return root, root if falling_back or not answered else answered


def _no_message(record: Record) -> RefusedError:
    if "errcode" in record:
        said = word(record, "error", "errcode")
        return RefusedError(f"an error returned by a Matrix server: {said}")
    if "next_batch" in record or "start" in record or "room_name" in record:
        return RefusedError("a page without events", NOT_AN_UTTERANCE)
    names = ", ".join(list(record)[:8]) or "none"
    return RefusedError(
        f"it has no `event_id` and `type`; its fields: {names}", "missing_field"
    )
