"""ReadGharchive: the public events of GitHub, one JSON object per line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from affectflow.registry import Card
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.rows import RefusedError, Row
from affectflow.sources.streams import decompressed_head
from affectflow_connectors.github.rest import SITE
from affectflow_connectors.github.shapes import messages

MESSAGE_EVENTS = frozenset(
    {
        b"CommitCommentEvent",
        b"DiscussionCommentEvent",
        b"DiscussionEvent",
        b"IssueCommentEvent",
        b"IssuesEvent",
        b"PullRequestEvent",
        b"PullRequestReviewCommentEvent",
        b"PullRequestReviewEvent",
        b"ReleaseEvent",
    }
)
"""Events that contain a message; all others are counted, not read."""

# Quotes inside a JSON string are escaped, so this cannot match text by a person.
_TYPE = re.compile(rb'"type"\s*:\s*"(\w+Event)"')


@dataclass(kw_only=True)
class ReadGharchive(JsonSource):
    """Reads the hourly files of GH Archive, compressed or not.

    Ids are those of ReadGithub: one comment is one message, whether it comes from
    the archive or from the REST API. Stars, forks and pushes carry no message.
    """

    card: ClassVar[Card] = Card(summary="GH Archive: the public events of GitHub")
    lines: ClassVar[tuple[str, ...]] = (".json", *LINES)
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True

    def rows(self, record: Any, where: str) -> Iterator[Row | RefusedError]:
        yield from messages(record)

    def passed_over(self, line: bytes) -> str:
        # All of them, because a damaged line end joins a line to the next.
        types = _TYPE.findall(line)
        if types and MESSAGE_EVENTS.isdisjoint(types):
            return f"{types[0].decode()}: not a message"
        return ""

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        line = decompressed_head(head).lstrip().partition(b"\n")[0]
        if not line.startswith(b"{") or not _TYPE.search(line):
            return 0.0
        parts = (b'"actor"', b'"payload"', b'"repo')
        return 0.98 if all(part in line for part in parts) else 0.4
