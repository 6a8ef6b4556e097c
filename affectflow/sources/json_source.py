"""JsonSource: files of JSON whose objects are messages or events of one site."""

import abc
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.source import File, Split
from affectflow.schemas import NOT_AN_UTTERANCE
from affectflow.sources.encodings import (
    encoding_of_json,
    json_in_utf8,
    json_notices,
)
from affectflow.sources.fields import Record
from affectflow.sources.files import FileSource, is_plain, ranges
from affectflow.sources.json_stream import values
from affectflow.sources.lines import Block, blocks
from affectflow.sources.listing import bare_name
from affectflow.sources.records import rows_of
from affectflow.sources.rows import (
    RefusedError,
    Row,
    dead_row,
    errors_of,
    in_batches,
    too_large_row,
)
from affectflow.sources.streams import read_chunks

LINES = (".jsonl", ".ndjson")


@dataclass(kw_only=True)
class JsonSource(FileSource, abc.ABC):
    """Reads files of JSON: an array, pages of arrays, JSON Lines, or single objects.

    A subclass says in `rows` which messages an object holds; the rest is done here:
    compression, byte ranges of lines, damaged values, refused rows, batches.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".json", *LINES)
    lines: ClassVar[tuple[str, ...]] = LINES
    """Endings of files that hold one object a line; others may hold any JSON."""
    site: ClassVar[str] = ""
    """What all ids start with, if it cannot be changed."""

    def __post_init__(self) -> None:
        self.source_name = self.source_name or self.site
        super().__post_init__()
        if self.site and self.source_name != self.site:
            raise UsageError(
                f"source_name is {self.source_name!r}, but ids of {self.step} always "
                f"start with {self.site!r}: a message has the same id in every shape; "
                "leave it out"
            )

    @abc.abstractmethod
    def rows(self, record: Record, where: str) -> Iterable[Row | RefusedError]:
        """Returns the messages that a JSON object holds, and what it refuses.

        A row has values of the columns' types; `origin` is added. A `RefusedError`,
        returned or raised, becomes a dead row with its reason, and with what else is
        known of the message; so does a `KeyError`, `TypeError` or the like. What is
        raised ends the object: where it holds several messages, make each with
        `attempt`.

        Args:
          record: a JSON object, of a line or of an array; lists are taken apart, and
            other values refused, before.
          where: file and place of it, for sources that read something off the path.
        """

    def looks_whole(self, record: Any) -> bool:
        """Returns whether an object is a record, not a part of one.

        Asked after a damaged value, where reading goes on at the next whole record.
        """
        return isinstance(record, dict)

    def passed_over(self, line: bytes) -> str:
        """Returns why a line holds no message, if that is known before parsing."""
        return ""

    def unwrapped(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        """Returns the bytes of a JSON file, without anything around the JSON."""
        return chunks

    def split_file(self, file: File) -> list[Split]:
        if bare_name(file.uri).endswith(self.lines) and is_plain(file):
            return ranges(file)
        return super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches(self._rows_of(split))

    def _rows_of(self, split: Split) -> Iterator[Row]:
        if bare_name(split.uri).endswith(self.lines):
            yield from self._of_lines(split)
        else:
            yield from self._of_values(read_chunks(split.uri), split.uri)

    def _of_lines(self, split: Split) -> Iterator[Row]:
        chunks = read_chunks(split.uri, max(split.start - 1, 0))
        found = blocks(chunks, start=split.start, end=split.end)
        yield from self._of_blocks(found, split.uri)

    def _of_blocks(self, found: Iterable[Block], uri: str) -> Iterator[Row]:
        for block in found:
            if block.too_large:
                yield too_large_row(block, uri, self.step, self.source_name)
                continue
            for line, origin in lines_of(block, uri):
                yield from self._of_line(line, origin)

    def _of_line(self, line: bytes, origin: str) -> Iterator[Row]:
        # A truncated line might hold a message: it is refused below.
        if line.endswith(b"}") and (why := self.passed_over(line)):
            error = (NOT_AN_UTTERANCE, why)
            yield dead_row(self.step, self.source_name, origin, error)
            return
        try:
            record = json.loads(self._text_of(line, origin), strict=False)
        except UnicodeDecodeError as error:
            message = f"not UTF-8 at byte {error.start} of the line"
            yield self._refused(RefusedError(message, "invalid_utf8"), origin, line)
        except (ValueError, RecursionError) as error:
            deep = isinstance(error, RecursionError)
            why = "nested too deeply" if deep else str(error)
            refused = RefusedError(f"not JSON: {why}", "invalid_json")
            yield self._refused(refused, origin, line)
        else:
            yield from self._of_record(record, origin, line)

    def _text_of(self, line: bytes, origin: str) -> str:
        try:
            return line.decode()
        except UnicodeDecodeError:
            encoding = encoding_of_json(origin.rpartition("#")[0])
            if not encoding:
                raise
            return line.decode(encoding, "replace")

    def notices(self) -> list[str]:
        """Returns which of the first files of the paths are read as Windows-1252."""
        return json_notices(self.files(pattern)[0].uri for pattern in self.patterns)

    def _of_values(self, chunks: Iterable[bytes], uri: str) -> Iterator[Row]:
        chunks = json_in_utf8(chunks, uri)
        for found in values(self.unwrapped(chunks), self.looks_whole):
            origin = f"{uri}#{found.number}"
            if found.error_type:
                refused = RefusedError(found.message, found.error_type)
                yield self._refused(refused, origin, found.raw)
            else:
                yield from self._of_record(found.value, origin, found.raw)

    def _of_record(self, record: Any, origin: str, raw: bytes | str) -> Iterator[Row]:
        found = rows_of(record, lambda each: self.rows(each, origin))
        yield from self._placed(found, origin, raw)

    def _placed(
        self, found: Iterable[Row | RefusedError], origin: str, raw: bytes | str
    ) -> Iterator[Row]:
        for each in found:
            if isinstance(each, RefusedError):
                yield self._refused(each, origin, raw)
            else:
                yield each | {"origin": origin}

    def _refused(self, error: RefusedError, origin: str, raw: bytes | str) -> Row:
        errors = errors_of(self.step, error.error_type, str(error), raw)
        known = (
            error.row | {"text": None} if error.row else {"source": self.source_name}
        )
        return known | {"origin": origin, "errors": errors}


def lines_of(block: Block, uri: str) -> Iterator[tuple[bytes, str]]:
    """Yields the lines of a block that are not blank, and where they stand."""
    at = block.offset
    for line in block.data.split(b"\n"):
        stripped = line.strip(b" \t\r")
        if at == 0:
            stripped = stripped.removeprefix(b"\xef\xbb\xbf")
        if stripped:
            yield stripped, f"{uri}#{at}"
        at += len(line) + 1
