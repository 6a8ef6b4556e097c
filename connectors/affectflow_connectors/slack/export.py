"""ReadSlack: the export of a workspace, as a zip or a folder, and API pages."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.errors import StorageError, UsageError
from affectflow.registry import Card
from affectflow.sources.archives import is_archive, member_uri, name_of
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import (
    json_head,
    plain_head,
)
from affectflow_connectors.slack.places import (
    LISTS,
    NO_MESSAGES,
    USERS,
    Channel,
    Workspace,
    channel_by_path,
    channels_of,
    listed,
    root_of,
    users_of,
)
from affectflow_connectors.slack.shapes import SITE, Setting, messages

_LIST_BYTES = 256 << 20
_DAY_FILE = re.compile(rb"[^/\\\x00]+/\d{4}-\d\d-\d\d\.json")
_LISTED = re.compile(rb"(?:channels|users|groups|dms|mpims|integration_logs)\.json")
_TS = re.compile(rb'"(?:ts|thread_ts|deleted_ts)"\s*:\s*"?\d{9,10}\.\d{1,6}\b')
# Of a channel, a person, a conversation or a team.
_OWN_ID = re.compile(rb'"(?:id|user_id)"\s*:\s*"[CDGTUW][A-Z0-9]{8,12}"')
_MEMBER = re.compile(rb'"user"\s*:\s*"[UW][A-Z0-9]{7,}"')
_MARKS = (
    b'"subtype"',
    b'"client_msg_id"',
    b'"user_profile"',
    b'"bot_id"',
    b'"thread_ts"',
    b'"source_team"',
    b'"has_more"',
    b'"user"',
)


@dataclass(kw_only=True)
class ReadSlack(JsonSource):
    """Reads the export of a workspace, and what Slack's Web API and events say.

    An export is a zip, or the folder that it was unpacked to: one folder per channel,
    one file per day, and lists of channels and users beside them. Pages of
    `conversations.history` and `conversations.replies` are files of JSON; where they
    do not name their channel, their file may: `C0123ABCD.json`, `general.json`.

    A thread is a conversation; a message outside threads is one of its own.
    Mentions become `[USER]`. Joins, topics and the like are of the kind `system`.
    """

    card: ClassVar[Card] = Card(
        summary="Slack: exports of a workspace, API pages, events",
        example="affectflow ingest export.zip --source slack --to lake",
        terms="an export belongs to the workspace, whose owners decide how it may be "
        "used; Slack's API terms forbid training language models on API data; no "
        "attribution is required; quote only with the author's consent",
    )
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES, ".zip")
    site: ClassVar[str] = SITE

    def __post_init__(self) -> None:
        super().__post_init__()
        self._workspaces: dict[tuple[str, str], Workspace] = {}
        self._setting: tuple[str, Setting] = ("", Setting())

    def has_messages(self, name: str) -> bool:
        return _may_hold(name)

    def stands_alone(self, uri: str) -> bool:
        return is_archive(uri)  # the lists of a folder say more of its days

    def reads_beside(self, name: str) -> bool:
        return name in LISTS or name == USERS

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        yield from messages(record, self._setting_of(where.rpartition("#")[0]))

    def looks_whole(self, record: Any) -> bool:
        if not isinstance(record, dict):
            return False
        held = ("messages", "event", "deleted_ts")
        is_message = "ts" in record and ("type" in record or "text" in record)
        return is_message or any(name in record for name in held)

    def _setting_of(self, uri: str) -> Setting:
        """Returns what the place of a file says; files come one after the other."""
        if self._setting[0] != uri:
            name, _, archive = uri.partition("::")
            name = name_of(uri) if archive else name.replace("\\", "/")
            workspace = self._workspace(archive, root_of(name))
            channel = channel_by_path(name, workspace)
            self._setting = uri, Setting(channel, workspace)
        return self._setting[1]

    def _workspace(self, archive: str, root: str) -> Workspace:
        key = (archive, root)
        if key not in self._workspaces:
            channels: dict[str, Channel] = {}
            for file, visibility in LISTS.items():
                channels |= channels_of(_listed(archive, root, file), visibility)
            users = users_of(_listed(archive, root, USERS))
            self._workspaces[key] = Workspace(channels, users)
        return self._workspaces[key]

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        if head.startswith(b"PK"):
            days, lists = _DAY_FILE.search(head), _LISTED.search(head)
            return 0.95 if days and lists else 0.6 if days else 0.4 if lists else 0.0
        head = json_head(head)
        if not _TS.search(head):
            return 0.0 if _may_hold(name) else 0.6 * bool(_OWN_ID.search(head))
        # Old exports have no more than the type, the text, the time and a member.
        marks = sum(mark in head for mark in _MARKS) + bool(_MEMBER.search(head))
        typed = re.search(rb'"type"\s*:\s*"message"', head) is not None
        return 0.95 if typed and marks else 0.8 if typed or marks > 1 else 0.4


def _may_hold(name: str) -> bool:
    """Returns whether a file of an export may hold messages, by its name."""
    return re.split(r"[/\\]", name.partition("::")[0])[-1] not in NO_MESSAGES


def _listed(archive: str, root: str, file: str) -> list[Any]:
    """Returns the content of a list beside the messages; empty if it is missing.

    A list that cannot be read costs names and roles, and no message.
    """
    uri = member_uri(root + file, archive) if archive else root + file
    try:
        found = plain_head(uri, _LIST_BYTES)
        return listed(json.loads(found)) if found else []
    except (StorageError, UsageError, ValueError, RecursionError):
        return []
