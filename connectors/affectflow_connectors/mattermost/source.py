"""ReadMattermost: bulk exports, pages of the API, and events."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.errors import StorageError, UsageError
from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.archives import is_member, name_of
from affectflow.sources.fields import Record, inner, word
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.records import rows_of
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import (
    DamagedFileError,
    json_head,
    read_chunks,
)
from affectflow_connectors.mattermost.bulk import Export, bulk_rows, export_of, is_line
from affectflow_connectors.mattermost.posts import (
    SITE,
    Place,
    place_of,
    post_row,
    user_of,
)

# Folders of an export's archive with what people attached, which may be JSON.
_ATTACHED = ("data/", "bulk-export-attachments/")
_VERSION = re.compile(rb'\{\s*"type"\s*:\s*"version"\s*,\s*"version"\s*:\s*\d')
_POST_LINE = re.compile(rb'"type"\s*:\s*"((?:direct_)?post)"\s*,\s*"\1"\s*:')
_POST = (b'"create_at"', b'"channel_id"', b'"root_id"', b'"user_id"', b'"message"')
_CHANNEL = (b'"total_msg_count"', b'"creator_id"', b'"team_id"')
_EVENT = (b'"posted"', b'"channel_type"', b'"post"', b'"broadcast"')


@dataclass(kw_only=True)
class ReadMattermost(JsonSource):
    """Reads bulk exports, pages of posts as the API answers, and events with a post.

    A thread is a conversation; a post outside threads is one of its own. A bulk
    export seldom has ids; without them its posts get ids that differ from the API's.
    Joins, headers and the like are of the kind `system`.
    """

    card: ClassVar[Card] = Card(
        summary="Mattermost: bulk exports, API pages, events",
        example="affectflow ingest export.zip --source mattermost --to lake",
        terms="the export belongs to the operator of the server, posts to their "
        "authors; no attribution is required; quote only with the author's consent",
        misleads="a bulk export without ids and the API give the same post different "
        "ids: read a channel from one of them only",
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def __post_init__(self) -> None:
        super().__post_init__()
        self._export: tuple[str, Export] = ("", Export({}, {}))

    def has_messages(self, name: str) -> bool:
        return not (is_member(name) and name_of(name).startswith(_ATTACHED))

    def rows(self, record: Record, where: str) -> Iterator[Row | RefusedError]:
        if is_line(record):
            return bulk_rows(record, self._export_of(where.rpartition("#")[0]))
        return _api_rows(record)

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        is_post = "id" in record and "create_at" in record
        return is_line(record) or is_post or "posts" in record

    def _export_of(self, uri: str) -> Export:
        """Returns the head of a file; files come one after the other."""
        if self._export[0] != uri:
            self._export = uri, export_of(_head(uri))
        return self._export[1]

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        if head.startswith(b"PK"):
            return 0.9 if re.search(rb"import\.jsonl|[^/]export\.jsonl", head) else 0.0
        head = json_head(head)
        if _VERSION.match(head.lstrip(b"\xef\xbb\xbf \r\n")) or (
            _POST_LINE.search(head) and _POST[0] in head
        ):
            return 0.95
        known = (all(mark in head for mark in marks) for marks in (_POST, _EVENT))
        return 0.95 if any(known) else 0.8 if all(m in head for m in _CHANNEL) else 0.0


def _head(uri: str) -> Iterator[bytes]:
    """Yields a file from its beginning; nothing if it cannot be read again."""
    try:
        yield from read_chunks(uri)
    except (StorageError, UsageError, DamagedFileError):
        return


# -- the API --------------------------------------------------------------------------


def _api_rows(record: Record) -> Iterator[Row | RefusedError]:
    posts = record.get("posts")
    if isinstance(posts, dict | list):
        held = list(posts.values()) if isinstance(posts, dict) else posts
        yield from rows_of(held, lambda post: [_post(post, Place())])
    elif "event" in record and "broadcast" in record:
        yield from _event(record)
    else:
        yield _post(record, Place())


def _event(record: Record) -> Iterator[Row | RefusedError]:
    """Yields the post of an event, which is JSON in a text."""
    about, name = inner(record, "data"), word(record, "event")
    if not isinstance(about.get("post"), str):
        raise RefusedError(f"{name}: no post in this event", NOT_AN_UTTERANCE)
    try:
        post = json.loads(about["post"])
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"not JSON: {error}", "invalid_json") from error
    channel = {"type": about.get("channel_type"), "name": about.get("channel_name")}
    gone = {"deleted": True} if name == "post_deleted" else {}
    yield from rows_of(post, lambda each: [_post(each, place_of(channel)) | gone])


def _post(post: Record, place: Place) -> Row:
    own = word(post, "id")
    if not own or "create_at" not in post or "message" not in post:
        raise _not_a_post(post)
    if word(post, "original_id"):
        raise RefusedError("an earlier version of a post", NOT_AN_UTTERANCE)
    if channel := inner(post, "channel_data"):
        place = place_of(channel)
    row = post_row(post, place, user_of(inner(post, "user_data")))
    root = word(post, "root_id") or word(post, "parent_id")
    parent = word(post, "parent_id") or root
    container = row["container"]
    if not container and row["visibility"] != "direct":
        container = word(post, "channel_id")
    return row | {
        "utterance_id": f"{SITE}:{own}",
        "conversation_id": f"{SITE}:{root or own}",
        "reply_to": f"{SITE}:{parent}" if parent else None,
        "speaker_id": word(post, "user_id"),
        "container": container,
    }


def _not_a_post(record: Record) -> RefusedError:
    if "status_code" in record and "message" in record:
        return RefusedError(
            f"an error returned by Mattermost: {word(record, 'message')}"
        )
    if "username" in record or "total_msg_count" in record or "display_name" in record:
        return RefusedError("a user, a channel or a team", NOT_AN_UTTERANCE)
    names = ", ".join(list(record)[:8]) or "none"
    return RefusedError(
        f"it has no `id`, `create_at` and `message`; its fields: {names}",
        "missing_field",
    )
