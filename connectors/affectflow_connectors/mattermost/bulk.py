"""Bulk exports: JSON Lines, most often without ids, a post and its replies in each.

A message is known by its id, where an exporter writes one, as the API does; else by its
channel and its millisecond, as Mattermost's own import knows it. What is said of
channels and accounts stands before the first post.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.fields import Record, inner, objects, word
from affectflow.sources.lines import blocks
from affectflow.sources.records import attempt, rows_of
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import DamagedFileError
from affectflow_connectors.mattermost.posts import (
    SITE,
    Place,
    User,
    place_of,
    post_row,
    user_of,
)

TYPES = (
    *("version", "scheme", "role", "team", "channel", "user", "bot", "emoji"),
    *("direct_channel", "post", "direct_post"),
)
_POSTS = ("post", "direct_post")


class Export(NamedTuple):
    """Channels by `team/channel`, and accounts by name."""

    places: dict[str, Place]
    users: dict[str, User]


def export_of(chunks: Iterable[bytes]) -> Export:
    """Returns what an export contains before its first post."""
    export = Export({}, {})
    try:
        for block in blocks(chunks, block_bytes=1 << 16):
            for line in block.data.splitlines():
                if not _take(line, export):
                    return export
    except DamagedFileError:  # is said where the posts are read
        pass
    return export


def _take(line: bytes, export: Export) -> bool:
    """Records a channel or an account from a line; returns False for a post."""
    try:
        record = json.loads(line) if line.strip() else {}
    except (ValueError, RecursionError):
        return True
    type_ = word(record, "type")
    if type_ == "channel":
        channel = inner(record, "channel")
        key = f"{word(channel, 'team')}/{word(channel, 'name')}"
        export.places[key] = Place(key, place_of(channel).visibility)
    elif type_ in ("user", "bot") and (name := word(inner(record, type_), "username")):
        user = user_of(inner(record, type_))
        export.users[name] = user._replace(is_bot=user.is_bot or type_ == "bot")
    return type_ not in _POSTS


def bulk_rows(record: Record, export: Export) -> Iterator[Row | RefusedError]:
    """Yields the messages of a line.

    Raises:
      RefusedError: it holds none.
    """
    type_ = word(record, "type") or ""
    if type_ not in _POSTS:
        raise RefusedError(f"{type_}: no post in this line", NOT_AN_UTTERANCE)
    yield from rows_of(record.get(type_), lambda post: _thread(post, export))


def _thread(post: Record, export: Export) -> Iterator[Row | RefusedError]:
    place, key = _place(post, export)
    first = _row(post, key, place, export)
    yield first
    id_ = first["utterance_id"]
    for reply in objects(post, "replies"):
        found = attempt(_row, reply, key, place, export)
        thread = {"conversation_id": id_, "reply_to": id_}
        yield found | thread if isinstance(found, dict) else found


def _place(post: Record, export: Export) -> tuple[Place, str]:
    """Returns where a post is, and the form of that in its id."""
    members = post.get("channel_members")
    if isinstance(members, list):
        names = "\0".join(sorted({str(name) for name in members}))
        digest = hashlib.blake2b(names.encode("utf-8", "replace"), digest_size=8)
        return Place(None, "direct"), f"direct-{digest.hexdigest()}"
    team, channel = word(post, "team"), word(post, "channel")
    if not team or not channel:
        raise RefusedError("a post without a team and a channel", "missing_field")
    key = f"{team}/{channel}"
    return export.places.get(key, Place(key)), key


def _row(post: Record, key: str, place: Place, export: Export) -> Row:
    author = word(post, "user")
    row = post_row(post, place, export.users.get(author or "", User()))
    own, at = word(post, "id"), word(post, "create_at")
    if not own and not at:
        raise RefusedError("a post without a time", "no_id")
    id_ = f"{SITE}:{own or f'{key}/{at}'}"
    return row | {"utterance_id": id_, "conversation_id": id_, "speaker_id": author}


def is_line(record: Any) -> bool:
    """Returns whether a record is a line of a bulk export."""
    type_ = word(record, "type")
    return type_ in TYPES and (type_ in record or type_ == "version")
