"""ReadGithub: issues, pull requests, reviews, discussions and their comments."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.registry import Card
from affectflow.sources.files import FileSource, Split, is_plain, ranges
from affectflow.sources.json_stream import values
from affectflow.sources.lines import Block, blocks
from affectflow.sources.listing import File, bare_name
from affectflow.sources.rows import RefusedError, dead_row, errors_of, in_batches
from affectflow.sources.streams import decompressed_head, read_chunks
from affectflow_connectors.github.shapes import NoTextError, Row, kind_of, messages
from affectflow_connectors.jsonl import too_large_row

LINE_SUFFIXES = (".jsonl", ".ndjson")
SOURCE = "github"

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
class ReadGithub(FileSource):
    """Reads what GitHub's REST API and web hooks say, as files of JSON.

    Lists of issues, comments, reviews, review comments, discussions and commit
    comments; one array, pages one after the other, JSON Lines, recorded requests, or
    single objects. Web hooks and events give the comment and the thread it stands
    in. One message has the same id in every shape.
    """

    card: ClassVar[Card] = Card(summary="GitHub: REST lists, web hooks, events")
    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINE_SUFFIXES)

    source_name: str = SOURCE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_source_name(self.source_name)

    def split_file(self, file: File) -> list[Split]:
        if bare_name(file.uri).endswith(LINE_SUFFIXES) and is_plain(file):
            return ranges(file)
        return super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        by_lines = bare_name(split.uri).endswith(LINE_SUFFIXES)
        rows = self._lines(split) if by_lines else self._values(split)
        yield from in_batches(rows)

    def _lines(self, split: Split) -> Iterator[Row]:
        chunks = read_chunks(split.uri, max(split.start - 1, 0))
        for block in blocks(chunks, start=split.start, end=split.end):
            if block.too_large:
                yield too_large_row(block, split.uri, self.step, SOURCE)
                continue
            for line, origin in origin_lines(block, split.uri):
                yield from line_rows(line, origin, self.step)

    def _values(self, split: Split) -> Iterator[Row]:
        for found in values(read_chunks(split.uri), looks_whole):
            origin = f"{split.uri}#{found.number}"
            if found.error_type:
                error = found.refused()
                yield dead_row(self.step, SOURCE, origin, error, found.raw)
            else:
                yield from rows_of(found.value, origin, self.step, found.raw)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
            return 0.0
        marks = sum(mark in head for mark in _MARKS)
        if not _ADDRESS.search(head) or not marks:
            return 0.0
        return 0.95 if marks >= 2 else 0.85


def check_source_name(given: str) -> None:
    """Checks that nobody renames a source whose ids must stay the same.

    Raises:
      UsageError: `given` is not the name.
    """
    if given != SOURCE:
        raise UsageError(
            f"source_name is {given!r}, but messages of GitHub are always "
            f"{SOURCE!r}: they have the same id in every shape; leave it out"
        )


def looks_whole(record: Any) -> bool:
    """Returns whether an object is a message or an event, not a part of one."""
    if not isinstance(record, dict):
        return False
    if "payload" in record or "response" in record:
        return True
    return "action" in record or kind_of(record) not in ("", "reaction")


def origin_lines(block: Block, uri: str) -> Iterator[tuple[bytes, str]]:
    """Yields the lines of a block that are not blank, and where they stand."""
    at = block.offset
    for line in block.data.split(b"\n"):
        stripped = line.strip(b" \t\r")
        if at == 0:
            stripped = stripped.removeprefix(b"\xef\xbb\xbf")
        if stripped:
            yield stripped, f"{uri}#{at}"
        at += len(line) + 1


def line_rows(line: bytes, origin: str, step: str) -> Iterator[Row]:
    """Yields the messages of one line of JSON, or one dead row."""
    try:
        record = json.loads(line.decode(), strict=False)
    except UnicodeDecodeError as error:
        message = f"not UTF-8 at byte {error.start} of the line"
        yield dead_row(step, SOURCE, origin, ("invalid_utf8", message), line)
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        yield dead_row(step, SOURCE, origin, ("invalid_json", message), line)
    else:
        yield from rows_of(record, origin, step, line)


def rows_of(record: Any, origin: str, step: str, raw: bytes | str) -> Iterator[Row]:
    """Yields the messages of one object of any shape, living or dead, at least one."""
    for message in messages(record):
        if isinstance(message, NoTextError):
            errors = errors_of(step, message.error_type, str(message), raw)
            yield message.row | {"text": None, "origin": origin, "errors": errors}
        elif isinstance(message, RefusedError):
            error = (message.error_type, str(message))
            yield dead_row(step, SOURCE, origin, error, raw)
        else:
            yield message | {"origin": origin}
