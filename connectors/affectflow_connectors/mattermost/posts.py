"""Mattermost's posts as utterances: what bulk exports and the API have in common."""

import re
from typing import NamedTuple

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
from affectflow.sources.rows import RefusedError, Row

SITE = "mattermost"
_VISIBILITY = {"O": "public", "P": "private", "D": "direct", "G": "direct"}
_FROM_PROGRAMS = ("from_bot", "from_webhook", "from_plugin")
_NAMES_SAID = re.compile(r"user_?name$", re.I)


class User(NamedTuple):
    """What is known about an account."""

    role: str | None = None
    is_bot: bool = False


class Place(NamedTuple):
    """Where posts are: the name of the channel, and who may read it."""

    container: str | None = None
    visibility: str = "unknown"


def user_of(record: Record) -> User:
    """Returns the account described by a user of the API, or by a line of an export."""
    roles = (word(record, "roles") or "").split()
    role = next((r for r in ("admin", "guest", "user") if f"system_{r}" in roles), None)
    name = word(record, "username")
    said = record.get("is_bot") is True or record.get("auth_service") == "bot"
    return User("member" if role == "user" else role, said or is_bot_name(name))


def place_of(channel: Record) -> Place:
    """Returns where the posts of a channel are; a direct channel has no name."""
    visibility = _VISIBILITY.get(word(channel, "type") or "", "unknown")
    name = word(channel, "name", "display_name")
    return Place(None if visibility == "direct" else name, visibility)


def post_row(post: Record, place: Place, user: User) -> Row:
    """Returns the content of a post, without its ids and author.

    Raises:
      RefusedError: it says neither a text nor that it has none.
    """
    if not isinstance(post.get("message"), str | None) or "create_at" not in post:
        names = ", ".join(list(post)[:8]) or "none"
        raise RefusedError(
            f"a post without `message` and `create_at`; its fields: {names}",
            "missing_field",
        )
    type_, props = word(post, "type") or "", inner(post, "props")
    program = any(word_or_true(props, name) for name in _FROM_PROGRAMS)
    return {
        "is_bot": program or type_ == "slack_attachment" or user.is_bot,
        "speaker_role": user.role,
        "timestamp": time_of(post, "create_at"),
        "edited_at": time_of(post, "edit_at"),
        "source": SITE,
        "container": place.container,
        "kind": "system" if type_.startswith("system_") else "message",
        "text": _text(post, props, type_),
        "deleted": True if time_of(post, "delete_at") else None,
        "visibility": place.visibility,
        "attrs": _attrs(post, type_),
    }


def word_or_true(props: Record, name: str) -> bool:
    """Returns whether a property is set: as true, or as a text that says so."""
    value = props.get(name)
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _text(post: Record, props: Record, type_: str) -> str:
    """Returns a post's words; a system message without its accounts."""
    text = prose(post, "message") or ""
    if type_.startswith("system_"):
        return _without_names(text, props)
    if text.strip():
        return text
    return "\n".join(filter(None, map(_card, objects(props, "attachments"))))


def _without_names(text: str, props: Record) -> str:
    said = {word(props, key) or "" for key in props if _NAMES_SAID.search(str(key))}
    names = sorted((re.escape(name) for name in said if name), key=len, reverse=True)
    if not names:
        return text
    return re.sub(rf"(?<![\w.-])@?(?:{'|'.join(names)})(?![\w-])", "[USER]", text)


def _card(card: Record) -> str:
    """Returns the words of an attachment, in which integrations speak."""
    fields = [
        f"{word(f, 'title')}: {word(f, 'value')}" for f in objects(card, "fields")
    ]
    said = [prose(card, name) or "" for name in ("pretext", "title", "text")]
    found = [part for part in (*said, *fields) if part.strip()]
    return "\n".join(found) or prose(card, "fallback") or ""


def _attrs(post: Record, type_: str) -> dict[str, str] | None:
    files = [*objects(post, "attachments"), *objects(inner(post, "metadata"), "files")]
    names = [(word(each, "name", "path") or "").rpartition("/")[2] for each in files]
    return attrs_of(
        {
            "message_type": type_,
            "files": ", ".join(filter(None, names)),
            "pinned": "true" if post.get("is_pinned") is True else "",
            **_reactions(post),
            **unread_time(post, "create_at"),
        }
    )


def _reactions(post: Record) -> dict[str, str]:
    counts: dict[str, int] = {}
    for holder in (post, inner(post, "metadata")):
        for each in objects(holder, "reactions"):
            if name := word(each, "emoji_name"):
                counts[name] = counts.get(name, 0) + 1
    return {f"reaction.{name}": str(count) for name, count in counts.items()}
