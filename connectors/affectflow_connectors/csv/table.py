"""ReadCsv: comma, semicolon or tab separated values, with a mapping of columns."""

import codecs
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.source import Split
from affectflow.registry import Card
from affectflow.sources.encodings import (
    UnknownEncodingError,
    encoding_of_file,
    in_utf8,
    read_as,
)
from affectflow.sources.files import MappedSource
from affectflow.sources.listing import bare_name
from affectflow.sources.magic import binary_kind
from affectflow.sources.mapping import check_fields
from affectflow.sources.rows import grouped, utterances
from affectflow.sources.streams import (
    DamagedFileError,
    decompressed_head,
    plain_head,
    text_chunks,
    unmarked_encoding,
)
from affectflow_connectors.csv.columns import Table
from affectflow_connectors.csv.parsing import Record, lines, records
from affectflow_connectors.jsonl import BOM

_MAGIC_BYTES = 512
_NAME_IT = "read it with --set encoding={}"
_NO_HEADER = (
    "; the first row looks like data, not column names: without a header, map to "
    "positions, counted from 0, such as --map text=0,utterance_id=2"
)
# A number, a date, an address: rarely the name of a column.
_VALUE = re.compile(r"[+-]?\d+(?:[.,]\d+)*|\d{4}-\d\d-\d\d.*|https?://.*|\S+@\S+\.\w+")


@dataclass(kw_only=True)
class ReadCsv(MappedSource):
    """Reads tables, plain or compressed, whose first row names the columns.

    A mapping to numbers only (`text=0,utterance_id=2`) means a table without such a
    row: the numbers count columns from 0.

    Encodings are UTF-8, UTF-16 with a byte order mark, and Windows-1252, which is
    recognised from the whole file. A file is read in one piece, because a quoted cell
    may hold line feeds. Empty cells are null, but an empty text is a text. A quote that
    is never closed costs its own line only.

    If several columns are named as the text, or as Jira's `Comment`, each cell is an
    utterance of its own, `<id>#comment-<place>`.

    Args:
      delimiter: one character; empty: comma, semicolon, tab or bar, whichever cuts
        most rows to as many cells as the first.
      encoding: of the files, as Python names it; detected if empty.
    """

    delimiter: str = ""
    encoding: str = ""

    card: ClassVar[Card] = Card(summary="CSV and TSV, with a mapping of your columns")
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._encodings: dict[str, str] = {}
        if len(self.delimiter) > 1:
            raise UsageError(f"delimiter must be one character, got {self.delimiter!r}")
        try:
            codecs.lookup(self.encoding or "utf-8")
        except LookupError as error:
            raise UsageError(
                f"unknown encoding {self.encoding!r}; use a name that Python knows, "
                "such as 'cp1251'"
            ) from error

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        defaults = self.defaults(split.uri)
        encoding = self.encoding or self._encodings.get(split.uri, "")
        chunks = in_utf8(partial(text_chunks, split.uri), split.uri, encoding)
        found = records(lines(chunks), self.delimiter)
        header = next(found, None)
        if header is None:
            return
        if header.error_type:
            raise DamagedFileError(
                f"{split.uri!r} has no column names: {header.message}"
            )
        names, is_row = self._names(header)
        if is_row:
            found = itertools.chain([header], found)
        table = Table(names, self.fields)
        for group in grouped(found, lambda record: sum(map(len, record.cells))):
            yield from utterances(table.raw(group, split.uri, defaults), defaults)

    def check_head(self, uri: str, head: bytes) -> None:
        if b"\0" in head[:_MAGIC_BYTES] and not self.encoding:
            raise UsageError(_no_text(uri, head))
        try:
            encoding = self._encoding(uri)
        except UnknownEncodingError as error:
            raise UsageError(str(error)) from error
        header = self._header(head, encoding)
        if header is None:
            return
        names, _ = self._names(header)
        try:
            check_fields(self.fields, self.mapping or {}, names, uri)
        except UsageError as error:
            hint = _NO_HEADER if any(map(_is_no_name, names)) else ""
            raise UsageError(f"{error}{hint}") from error

    def notices(self) -> list[str]:
        """Returns warnings about surprising ways in which the first files are read."""
        said: list[str] = []
        for pattern in self.patterns:
            uri = self.files(pattern)[0].uri
            try:
                encoding = self._encoding(uri)
            except UnknownEncodingError:
                continue  # `check` says it
            if encoding and not self.encoding:
                said.append(read_as(uri))
            header = self._header(plain_head(uri), encoding)
            ignored = (
                Table(self._names(header)[0], self.fields).ignored() if header else {}
            )
            if ignored:
                said.append(_said_of(ignored, uri))
        return said

    def _encoding(self, uri: str) -> str:
        """Returns the encoding of a file, looked for once; empty for UTF-8.

        Raises:
          UnknownEncodingError: it cannot be determined.
        """
        if self.encoding:
            return self.encoding
        if uri not in self._encodings:
            self._encodings[uri] = encoding_of_file(uri, _NAME_IT)
        return self._encodings[uri]

    def _header(self, head: bytes, encoding: str) -> Record | None:
        text = head.decode(encoding, "replace").encode() if encoding else head
        return next(records(lines(iter([text])), self.delimiter), None)

    def _names(self, first: Record) -> tuple[list[str], bool]:
        """Returns the names of the columns, and whether the first row is a row."""
        names = [name.strip() for name in first.cells]
        mapped = [f.path for f in self.fields if f.target in (self.mapping or {})]
        mapped = [path for path in mapped if path]
        numbered = bool(mapped) and all(path.isdecimal() for path in mapped)
        if numbered and not set(mapped) & set(names):
            return [str(number) for number in range(len(names))], True
        return names, False

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        named = bare_name(name).endswith((".csv", ".tsv"))
        if binary_kind(head):
            return 0.0
        text = head.removeprefix(BOM).decode("utf-8", "replace")
        if not text.strip():
            return 0.5 if named else 0.0
        if text.lstrip()[:1] in "{[<" or text.startswith("PAR1") or "\0" in text[:512]:
            return 0.0
        rows = list(itertools.islice(records(lines(iter([head]))), 10))
        widths = {len(row.cells) for row in rows[:-1] or rows}
        regular = len(widths) == 1 and widths != {1}
        return (0.9 if regular else 0.5) if named else (0.6 if regular else 0.0)


def _is_no_name(name: str) -> bool:
    return len(name) > 60 or name.count(" ") > 6 or _VALUE.fullmatch(name) is not None


def _no_text(uri: str, head: bytes) -> str:
    if encoding := unmarked_encoding(head):
        return (
            f"{uri!r} is UTF-16 without a byte order mark; {_NAME_IT.format(encoding)}"
        )
    return f"{uri!r} is not text; save a spreadsheet as CSV, and unpack an archive"


def _said_of(ignored: dict[str, int], uri: str) -> str:
    named = ", ".join(f"{name!r} ({count})" for name, count in ignored.items())
    return (
        f"{uri!r} has several columns with the same name, which are not read: {named}; "
        "keep one with --map attrs.NAME=COLUMN, which joins its values"
    )
