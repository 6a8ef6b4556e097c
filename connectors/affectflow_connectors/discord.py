"""ReadDiscord: exports of DiscordChatExporter, and messages of Discord's API."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
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
from affectflow.sources.times import parse_time

SITE = "discord"
# Kinds in which a person, or an application, says something: by name and by number.
_SAID = {
    *("default", "reply", "chatinputcommand", "applicationcommand"),
    *("contextmenucommand", "threadstartermessage"),
    *("0", "19", "20", "23", "21"),
}
_STARTERS = ("threadstartermessage", "21")
_DIRECT = ("directtextchat", "directgrouptextchat", "1", "3")
_THREADS = (
    *("guildnewsthread", "guildpublicthread", "guildprivatethread", "10", "11", "12"),
)
_PRIVATE = ("guildprivatethread", "12")
_GONE = "456226577798135808"
"""The one account that stands for all deleted accounts."""
_FIRST_MS = 1_420_070_400_000
_EMOJI = re.compile(r"<a?:([A-Za-z0-9_~]{1,64}):\d{5,25}>")
_MENTION = re.compile(r"<@[!&]?\d{5,25}>")
_CHANNEL = re.compile(r"<#\d{5,25}>")
_TIME = re.compile(r"<t:(-?\d{1,13})(?::[tTdDfFR])?>")
_COMMAND = re.compile(r"<(/[^:<>]{1,100}):\d{5,25}>")
_EXPORT = (b'"guild"', b'"channel"', b'"dateRange"', b'"messages"', b'"isPinned"')
_API = (
    *(b'"mention_everyone"', b'"edited_timestamp"', b'"mention_roles"'),
    *(b'"discriminator"', b'"channel_id"', b'"tts"', b'"pinned"'),
)

Record = Mapping[str, Any]


@dataclass(kw_only=True)
class ReadDiscord(EnvelopeSource):
    """Reads DiscordChatExporter's JSON, and what Discord's API and gateway send.

    A thread, and a post of a forum, is a conversation. In other channels a message
    belongs to the conversation of the message that it answers, or opens one. Joins,
    pins, calls and boosts are of the kind `system`.
    """

    card: ClassVar[Card] = Card(
        summary="Discord: exports of DiscordChatExporter, API and gateway messages",
        example="affectflow ingest general.json --source discord --to lake",
        terms="messages belong to their authors; Discord's terms forbid automated "
        "accounts of users and training models on API data; no attribution is "
        "required; quote only with the author's consent",
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def rows_within(self, record: Any, around: Record, where: str) -> list[Row]:
        return [message(record, around)]

    def looks_whole(self, record: Any) -> bool:
        return (
            isinstance(record, dict)
            and "content" in record
            and "author" in record
            and "id" in record
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        start = sum(mark in head for mark in _EXPORT)
        if b'"timestampEdited"' in head and start >= len(_EXPORT) - 1:
            return 0.97
        if b'"content"' not in head or b'"author"' not in head:
            return 0.7 if start >= 4 else 0.0
        marks = sum(mark in head for mark in _API)
        return 0.95 if marks >= 4 else 0.0


def message(record: Record, around: Record) -> Row:
    """Returns one message of an export, of the API or of the gateway as a row.

    Raises:
      RefusedError: it is not a message, or has no id.
    """
    if isinstance(record.get("d"), Mapping) and "op" in record:
        return _event(record, around)
    own = word(record, "id")
    if not own or "content" not in record:
        raise _no_message(record)
    channel = inner(around, "channel")
    kind = _kind_word(record)
    place = word(channel, "id") or word(record, "channel_id")
    is_thread = _kind_word(channel) in _THREADS
    answered = _answered(record)
    if kind in _STARTERS:
        raise RefusedError("the head of a thread, repeated", NOT_AN_UTTERANCE)
    root = place if is_thread else word(inner(record, "thread"), "id") or answered
    return {
        "utterance_id": f"{SITE}:{own}",
        "conversation_id": f"{SITE}:{root or own}",
        "reply_to": f"{SITE}:{answered}" if answered else None,
        "timestamp": time_of(record, "timestamp") or _time_in(own),
        "edited_at": time_of(record, "timestampEdited", "edited_timestamp"),
        "source": SITE,
        "container": _container(around),
        "title": word(channel, "name") if is_thread else None,
        "kind": "message" if _is_said(record) else "system",
        "text": _text(record),
        "visibility": _visibility(record, around),
        "url": _url(record, around, place, own),
        "attrs": _attrs(record, kind),
        **_speaker(record),
    }


def _event(record: Record, around: Record) -> Row:
    """Returns the message of a gateway's event; a deleted one is marked as such."""
    name = word(record, "t") or "an event"
    said = name in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and "content" in record["d"]
    if said:
        return message(record["d"], around)
    if name != "MESSAGE_DELETE":
        raise RefusedError(f"{name}: not a message", NOT_AN_UTTERANCE)
    gone = {"content": "", **record["d"]}
    return message(gone, around) | {"deleted": True}


def _no_message(record: Record) -> RefusedError:
    if "code" in record and "message" in record:
        return RefusedError(f"an error returned by Discord: {word(record, 'message')}")
    names = ", ".join(list(record)[:8]) or "none"
    return RefusedError(
        f"it has no `id` and `content`; its fields: {names}", "missing_field"
    )


def _kind_word(record: Record) -> str:
    return (word(record, "type") or "").lower()


def _answered(record: Record) -> str | None:
    """Returns the id of the message answered; forwarding or pinning answers none."""
    reference = inner(record, "reference") or inner(record, "message_reference")
    if _kind_word(record) not in ("", "default", "reply", "0", "19"):
        return None
    if _kind_word(reference) in ("forward", "1"):
        return None
    if "forwardedMessage" in record or "message_snapshots" in record:
        return None
    return word(reference, "messageId", "message_id")


def _time_in(id_: str) -> datetime | None:
    """Returns the time that an id begins with: milliseconds since 2015."""
    if not re.fullmatch(r"\d{15,20}", id_, re.ASCII):
        return None
    return parse_time(str((int(id_) >> 22) + _FIRST_MS))[0]


def _speaker(record: Record) -> dict[str, Any]:
    author = inner(record, "author")
    account = word(author, "id") or word(author, "username", "name")
    webhook = bool(word(record, "webhook_id"))
    name = word(author, "name", "username") or ""
    is_gone = account == _GONE or name.startswith("Deleted User")
    said = author.get("isBot", author.get("bot"))
    return {
        "speaker_id": None if account == _GONE else account,
        "is_bot": said is True or webhook,
        "speaker_role": "deleted" if is_gone else _role(author),
    }


def _role(author: Record) -> str | None:
    """Returns the highest role that a member has in the server."""
    ranked = [
        (place, name)
        for role in objects(author, "roles")
        if isinstance(place := role.get("position"), int)
        and (name := word(role, "name"))
        and name != "@everyone"
    ]
    return max(ranked)[1] if ranked else None


def _container(around: Record) -> str | None:
    channel, guild = inner(around, "channel"), word(inner(around, "guild"), "name")
    if _kind_word(channel) in _DIRECT or not channel:
        return None
    parent = word(channel, "category") if _kind_word(channel) in _THREADS else ""
    name = parent or word(channel, "name")
    return "/".join(part for part in (guild, name) if part) or None


def _visibility(record: Record, around: Record) -> str:
    channel = inner(around, "channel")
    kind = _kind_word(channel)
    if kind in _DIRECT or word(inner(around, "guild"), "id") == "0":
        return "direct"
    if kind in _PRIVATE:
        return "private"
    return "unknown"


def _url(record: Record, around: Record, place: str | None, own: str) -> str | None:
    guild = word(inner(around, "guild"), "id") or word(record, "guild_id")
    if not place:
        return None
    guild = "@me" if guild == "0" else guild
    return f"https://discord.com/channels/{guild}/{place}/{own}" if guild else None


# -- what it says ---------------------------------------------------------------------


def _text(record: Record) -> str:
    """Returns a message's words; those that it passes on are a quote.

    A card is what an application says in place of words. A link preview is left out.
    """
    text = prose(record, "content") or ""
    text = text or prose(inner(record, "poll", "question"), "text") or ""
    if not text.strip() and _speaker(record)["is_bot"]:
        text = "\n".join(filter(None, map(_card, objects(record, "embeds"))))
    passed_on = "\n".join(filter(None, map(_quoted, _passed_on(record))))
    whole = "\n".join(part for part in (passed_on, text) if part)
    return plain(without_names(whole, record))


def without_names(text: str, record: Record) -> str:
    """Returns a text without the names that an export wrote for accounts.

    `@Ann Lee` is one account: `mentions` says so. In what Discord says itself, names
    stand without the sign.
    """
    fields = ("name", "nickname", "username", "global_name")
    said = objects(record, "mentions")
    names = {name for each in said for f in fields if (name := word(each, f))}
    if not names or not text:
        return text
    longest = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    sign = "@" if _is_said(record) else "@?"
    return re.sub(rf"(?<!\w){sign}(?:{longest})(?!\w)", "[USER]", text)


def _is_said(record: Record) -> bool:
    kind = _kind_word(record)
    return not kind or kind in _SAID


def _passed_on(record: Record) -> Iterator[Record]:
    yield inner(record, "forwardedMessage")
    for each in objects(record, "message_snapshots"):
        yield inner(each, "message")


def _quoted(record: Record) -> str:
    lines = (prose(record, "content") or "").splitlines()
    return "\n".join(f"> {line}" for line in lines)


def _card(card: Record) -> str:
    fields = [f"{word(f, 'name')}: {word(f, 'value')}" for f in objects(card, "fields")]
    parts = [prose(card, "title") or "", prose(card, "description") or "", *fields]
    return "\n".join(part for part in parts if part.strip())


def plain(text: str) -> str:
    """Returns a text as people saw it: emoji by name, accounts as placeholders.

    >>> plain("<@!123456789> look <:pepe:123456789012345678>")
    '[USER] look :pepe:'
    """
    if "<" not in text:
        return text
    text = _EMOJI.sub(r":\1:", _MENTION.sub("[USER]", text))
    text = _COMMAND.sub(r"\1", _CHANNEL.sub("#channel", text))
    return _TIME.sub(_moment, text)


def _moment(match: re.Match[str]) -> str:
    when, _ = parse_time(match[1])
    return f"{when:%Y-%m-%d %H:%M} UTC" if when else match[0]


def _attrs(record: Record, kind: str) -> dict[str, str] | None:
    names = {
        "files": _names(record, "attachments", "fileName", "filename"),
        "stickers": _names(record, "stickers", "name")
        or _names(record, "sticker_items", "name"),
        "embeds": _names(record, "embeds", "title", "url"),
    }
    pinned = record.get("isPinned", record.get("pinned")) is True
    return attrs_of(
        {
            **names,
            "message_type": word(record, "type")
            if kind not in ("", "default", "0")
            else "",
            "pinned": "true" if pinned else "",
            "command": word(inner(record, "interaction"), "name"),
            **_reactions(record),
            **unread_time(record, "timestamp"),
        }
    )


def _names(record: Record, field: str, *names: str) -> str:
    found = (word(each, *names) for each in objects(record, field))
    return ", ".join(filter(None, found))


def _reactions(record: Record) -> dict[str, str]:
    counts: dict[str, int] = {}
    for each in objects(record, "reactions"):
        name, count = word(inner(each, "emoji"), "name"), each.get("count")
        if name and isinstance(count, int) and 0 < count < 1 << 31:
            counts[name] = counts.get(name, 0) + count
    return {f"reaction.{name}": str(count) for name, count in counts.items()}
