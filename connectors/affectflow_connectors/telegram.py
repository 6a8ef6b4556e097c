"""ReadTelegram: what Telegram Desktop exports as JSON, one chat or all of them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.coerce import text_of
from affectflow.sources.envelopes import EnvelopeSource
from affectflow.sources.fields import (
    attrs_of,
    inner,
    objects,
    prose,
    time_of,
    unread_time,
    word,
)
from affectflow.sources.json_source import LINES
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head

SITE = "telegram"
_DIRECT = ("personal_chat", "bot_chat", "saved_messages", "verify_codes", "replies")
_VISIBILITY = {
    **dict.fromkeys(_DIRECT, "direct"),
    **dict.fromkeys(
        ("private_group", "private_supergroup", "private_channel"), "private"
    ),
    **dict.fromkeys(("public_supergroup", "public_channel"), "public"),
}
_TIME = ("date_unixtime", "date")
_EDITED = ("edited_unixtime", "edited")
_NO_EDIT = "1970-01-01T"
_MASKS = {
    "mention": "[USER]",
    "mention_name": "[USER]",
    "email": "[EMAIL]",
    "phone": "[PHONE]",
    "bank_card": "[SECRET]",
}
_PEER = re.compile(r"(?:user|channel|chat)?(\d+)", re.ASCII)
_CHAT_TYPE = re.compile(
    rb'"type"\s*:\s*"(?:(?:personal|bot)_chat|saved_messages'
    rb'|p(?:rivate|ublic)_(?:group|supergroup|channel))"'
)

Record = Mapping[str, Any]


@dataclass(kw_only=True)
class ReadTelegram(EnvelopeSource):
    """Reads `result.json` of Telegram Desktop: one chat, or an account's chats.

    A message belongs to the conversation of the message that it answers, or opens one.
    A forwarded message is a quote. Times with a zone are used where the export has
    them; older exports have only local times, which are taken as UTC.
    """

    card: ClassVar[Card] = Card(
        summary="Telegram: the JSON that Telegram Desktop exports",
        example="affectflow ingest result.json --source telegram --to lake",
        terms="an export is for the account holder's own use, and contains other "
        "people's messages; no attribution is required; quote only with the author's "
        "consent",
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE
    within: ClassVar[tuple[str, ...]] = ("chats", "left_chats", "list")

    def rows_within(self, record: Any, around: Record, where: str) -> list[Row]:
        return [message(record, around)]

    def looks_whole(self, record: Any) -> bool:
        return isinstance(record, dict) and "id" in record and "type" in record

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        if _CHAT_TYPE.search(head) and b'"messages"' in head:
            return 0.97
        if b'"personal_information"' in head and b'"user_id"' in head:
            return 0.8
        return 0.6 if b'"text_entities"' in head and b'"from_id"' in head else 0.0


def message(record: Record, around: Record) -> Row:
    """Returns one message of a chat as a row.

    Raises:
      RefusedError: it is not a message, or has no id.
    """
    own, kind = word(record, "id"), word(record, "type")
    if not around and kind not in ("message", "service"):
        raise RefusedError("neither a chat nor a message", NOT_AN_UTTERANCE)
    if not own:
        raise RefusedError("it has no `id`", "missing_field")
    chat = _chat_key(around)
    answered = _answered(record, chat)
    speaker = _account(record, "from_id", "actor_id")
    chat_type = word(around, "type") or ""
    is_direct = chat_type in _DIRECT
    edited = (word(record, *_EDITED) or _NO_EDIT).startswith(_NO_EDIT)
    return {
        "utterance_id": f"{SITE}:{chat}/{own}",
        "conversation_id": answered or f"{SITE}:{chat}/{own}",
        "reply_to": answered,
        "speaker_id": speaker,
        "is_bot": chat_type == "bot_chat" and speaker == f"user{word(around, 'id')}",
        "timestamp": time_of(record, *_TIME),
        "edited_at": None if edited else time_of(record, *_EDITED),
        "source": SITE,
        "container": None if is_direct else word(around, "name"),
        "kind": "system" if kind == "service" else "message",
        "text": _text(record, kind),
        "visibility": _VISIBILITY.get(chat_type, "unknown"),
        "url": _url(chat_type, chat, own),
        "attrs": _attrs(record),
    }


def _chat_key(around: Record) -> str:
    """Returns what stands for a chat in ids; that of a person is not shown."""
    own = word(around, "id") or ""
    if word(around, "type") not in _DIRECT:
        return own
    return hashlib.blake2b(own.encode(), digest_size=8).hexdigest()


def _answered(record: Record, chat: str) -> str | None:
    own = word(record, "reply_to_message_id")
    peer = _PEER.fullmatch(word(record, "reply_to_peer_id") or "")
    return f"{SITE}:{peer[1] if peer else chat}/{own}" if own else None


def _account(record: Record, *names: str) -> str | None:
    """Returns an account as newer exports write it: older ones leave `user` out."""
    account = word(record, *names)
    return f"user{account}" if account and account.isdecimal() else account


def _url(chat_type: str, chat: str, own: str) -> str | None:
    known = chat_type.endswith(("supergroup", "channel")) and chat.isdecimal()
    return f"https://t.me/c/{chat}/{own}" if known else None


# -- texts ---------------------------------------------------------------------------


def _text(record: Record, kind: str | None) -> str:
    """Returns the words of a message; those of a service message say what was done."""
    text = written(record.get("text"))
    if not text and kind == "service":
        return (word(record, "action") or "").replace("_", " ")
    if not text:
        text = prose(inner(record, "poll"), "question") or ""
    if word(record, "forwarded_from", "forwarded_from_id") or _is_saved(record):
        return "\n".join(f"> {line}" for line in text.splitlines())
    return text


def _is_saved(record: Record) -> bool:
    return "forwarded_from" in record or bool(word(record, "saved_from"))


def written(text: Any) -> str:
    """Returns a text, or a list of its parts, with its formatting in Markdown.

    >>> written(["run ", {"type": "code", "text": "make"}, " again"])
    'run `make` again'
    """
    if isinstance(text, str):
        return text_of(text) or ""
    if not isinstance(text, list):
        return ""
    return "".join(map(_part, text))


def _part(part: Any) -> str:
    if not isinstance(part, Mapping):
        return text_of(part) or "" if isinstance(part, str) else ""
    kind, text = word(part, "type") or "", prose(part, "text") or ""
    if kind in _MASKS:
        return _MASKS[kind]
    if kind == "code":
        return f"`{text}`"
    if kind == "pre":
        return f"```{word(part, 'language') or ''}\n{text}\n```"
    if kind == "blockquote":
        return "".join(f"> {line}\n" for line in text.splitlines())
    if kind == "text_link" and (href := word(part, "href")):
        return f"[{text}]({href})"
    return text


def _attrs(record: Record) -> dict[str, str] | None:
    media = word(record, "media_type") or next(
        (name for name in ("photo", "file", "poll") if record.get(name)), ""
    )
    return attrs_of(
        {
            "action": word(record, "action"),
            "media": media,
            "files": word(record, "file_name"),
            "sticker": word(record, "sticker_emoji"),
            "forwarded": "true" if _is_saved(record) else "",
            **_reactions(record),
            **unread_time(record, *_TIME),
        }
    )


def _reactions(record: Record) -> dict[str, str]:
    counts: dict[str, int] = {}
    for each in objects(record, "reactions"):
        name, count = word(each, "emoji", "type"), each.get("count")
        if name and isinstance(count, int) and 0 < count < 1 << 31:
            counts[name] = counts.get(name, 0) + count
    return {f"reaction.{name}": str(count) for name, count in counts.items()}
