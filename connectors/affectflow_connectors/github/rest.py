"""ReadGithub: issues, pull requests, reviews, discussions and their comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.sources.json_source import JsonSource
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import json_head
from affectflow_connectors.github.shapes import kind_of, messages

SITE = "github"

_ADDRESS = re.compile(rb'"https?://[^"]*?github|"https?://[^"/]+/(?:api/v3/)?repos/')
_MARKS = (
    b'"issue_url"',
    b'"pull_request_url"',
    b'"repository_url"',
    b'"comments_url"',
    b'"diff_hunk"',
    b'"node_id"',
    b'"received_events_url"',
)


@dataclass(kw_only=True)
class ReadGithub(JsonSource):
    """Reads what GitHub's REST API and web hooks say, as files of JSON.

    Lists of issues, comments, reviews, review comments, discussions and commit
    comments; one array, pages one after the other, JSON Lines, recorded requests, or
    single objects. Web hooks and events give the comment and the thread it stands
    in. One message has the same id in every shape.
    """

    card: ClassVar[Card] = Card(summary="GitHub: REST lists, web hooks, events")
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        yield from messages(record)

    def looks_whole(self, record: Any) -> bool:
        return looks_whole(record)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = json_head(head)
        marks = sum(mark in head for mark in _MARKS)
        if not _ADDRESS.search(head) or not marks:
            return 0.0
        return 0.95 if marks >= 2 else 0.85


def looks_whole(record: Any) -> bool:
    """Returns whether an object is a message or an event, not a part of one."""
    if not isinstance(record, dict):
        return False
    if "payload" in record or "response" in record:
        return True
    return "action" in record or kind_of(record) not in ("", "reaction")
