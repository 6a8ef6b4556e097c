"""ReadGharchive: the public events of GitHub, one JSON object per line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow.registry import Card
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.files import FileSource, Split, is_plain, ranges
from affectflow.sources.lines import Block, blocks
from affectflow.sources.listing import File
from affectflow.sources.rows import dead_row, in_batches
from affectflow.sources.streams import decompressed_head, read_chunks
from affectflow_connectors.github.rest import (
    SOURCE,
    check_source_name,
    line_rows,
    origin_lines,
)
from affectflow_connectors.github.shapes import Row
from affectflow_connectors.jsonl import too_large_row

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
"""Events in which somebody said something; all others are counted, not read."""

# Inside a JSON string quotes are escaped, so that this matches no text of a person.
_TYPE = re.compile(rb'"type"\s*:\s*"(\w+Event)"')


@dataclass(kw_only=True)
class ReadGharchive(FileSource):
    """Reads the hourly files of GH Archive, compressed or not.

    Ids are those of ReadGithub: one comment is one message, whether it comes from
    the archive or from the REST API. Stars, forks and pushes carry no message.
    """

    card: ClassVar[Card] = Card(summary="GH Archive: the public events of GitHub")
    suffixes: ClassVar[tuple[str, ...]] = (".json", ".jsonl", ".ndjson")

    source_name: str = SOURCE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_source_name(self.source_name)

    def split_file(self, file: File) -> list[Split]:
        return ranges(file) if is_plain(file) else super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        rows = self._rows(split)
        yield from in_batches(rows)

    def _rows(self, split: Split) -> Iterator[Row]:
        chunks = read_chunks(split.uri, max(split.start - 1, 0))
        for block in blocks(chunks, start=split.start, end=split.end):
            yield from block_rows(block, split.uri, self.step)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        line = decompressed_head(head).lstrip().partition(b"\n")[0]
        if not line.startswith(b"{") or not _TYPE.search(line):
            return 0.0
        parts = (b'"actor"', b'"payload"', b'"repo')
        return 0.98 if all(part in line for part in parts) else 0.4


def block_rows(block: Block, uri: str, step: str) -> Iterator[Row]:
    """Yields the messages of a block of event lines, living or dead."""
    if block.too_large:
        yield too_large_row(block, uri, step, SOURCE)
        return
    for line, origin in origin_lines(block, uri):
        match = _TYPE.search(line)
        if match and match[1] not in MESSAGE_EVENTS:
            message = f"{match[1].decode()}: no message in it"
            yield dead_row(step, SOURCE, origin, (NOT_AN_UTTERANCE, message))
        else:
            yield from line_rows(line, origin, step)
