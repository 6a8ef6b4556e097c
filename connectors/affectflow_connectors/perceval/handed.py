"""Items whose site has a source of its own, as that source reads them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from affectflow.sources.fields import Record, inner, objects, prose, word
from affectflow.sources.servers import host_of

Records = Iterator[Record]


class Handed(NamedTuple):
    """The source that reads a backend's items, and with which options.

    `options` are those of the source; `named` is whether messages that name no
    container are of that which their origin names.
    """

    source: str
    records: Callable[[Record], Records]
    options: Callable[[str], dict[str, str]] = lambda origin: {}
    named: bool = False


def _itself(data: Record) -> Records:
    yield data


def _github(data: Record) -> Records:
    yield data
    for name in ("comments_data", "review_comments_data", "reviews_data"):
        yield from objects(data, name)


def _gitlab(data: Record) -> Records:
    yield {**data, "notes": list(objects(data, "notes_data"))}


def _jira(data: Record) -> Records:
    comments = {"comments": list(objects(data, "comments_data"))}
    fields = inner(data, "fields")
    yield {**data, "fields": {**fields, **({"comment": comments} if fields else {})}}


def _rocket_chat(data: Record) -> Records:
    yield {"channel": inner(data, "channel_info"), "messages": [data]}


_CHATS = {
    "private": "personal_chat",
    "group": "private_group",
    "supergroup": "private_supergroup",
    "channel": "private_channel",
}


def _telegram(data: Record) -> Records:
    """Yields an update of a bot as the chat that Telegram Desktop would export."""
    update = next((v for k, v in data.items() if k != "update_id"), None)
    message = update if isinstance(update, Mapping) else {}
    chat = inner(message, "chat")
    number = (word(chat, "id") or "").removeprefix("-100").removeprefix("-")
    kind = _CHATS.get(word(chat, "type") or "", "private_group")
    if word(chat, "username") and kind not in ("personal_chat", "private_group"):
        kind = kind.replace("private", "public")
    forwarded = inner(message, "forward_from") or inner(message, "forward_from_chat")
    entry: dict[str, Any] = {
        "id": message.get("message_id"),
        "type": "message" if _says(message) else "service",
        "date_unixtime": message.get("date"),
        "edited_unixtime": message.get("edit_date"),
        "from_id": word(inner(message, "from"), "id"),
        "reply_to_message_id": word(inner(message, "reply_to_message"), "message_id"),
        "text": prose(message, "text", "caption") or "",
        "sticker_emoji": word(inner(message, "sticker"), "emoji"),
    }
    if forwarded:
        entry["forwarded_from"] = "[USER]"
    yield {
        "id": number,
        "type": kind,
        "name": word(chat, "title"),
        "messages": [entry],
    }


def _says(message: Record) -> bool:
    service = ("new_chat", "left_chat", "delete_chat", "group_chat", "pinned_message")
    return not any(str(name).startswith(service) for name in message)


def _of_server(origin: str) -> dict[str, str]:
    """Returns the host of the server, which its ids have in them, if it is named."""
    host = host_of(origin) or ""
    return {"host": host} if "." in host else {}


_MAIL = Handed("eml", _itself, named=True)
HANDED = {
    "discourse": Handed("discourse", _itself, _of_server),
    "git": Handed("git", _itself, named=True),
    "github": Handed("github", _github),
    "gitlab": Handed("gitlab", _gitlab, _of_server),
    "gitter": Handed("gitter", _itself, named=True),
    "gmane": _MAIL,
    "groupsio": _MAIL,
    "hyperkitty": _MAIL,
    "jira": Handed("jira", _jira),
    "mattermost": Handed("mattermost", _itself),
    "mbox": _MAIL,
    "nntp": _MAIL,
    "pipermail": _MAIL,
    "rocketchat": Handed("rocket-chat", _rocket_chat),
    "slack": Handed("slack", _itself),
    "stackexchange": Handed("stack-exchange", _itself),
    "telegram": Handed("telegram", _telegram),
    "twitter": Handed("twitter", _itself),
}
"""By the name of the backend, in lower case."""
