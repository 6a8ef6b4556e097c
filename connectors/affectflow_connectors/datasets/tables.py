"""Research sets that are published as tables, and what these have in common."""

import abc
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pyarrow as pa

from affectflow.errors import UsageError
from affectflow.kinds.source import Split
from affectflow.sources.encodings import UnknownEncodingError, encoding_of_file, in_utf8
from affectflow.sources.labels import LabelledSource
from affectflow.sources.listing import bare_name
from affectflow.sources.records import attempt
from affectflow.sources.rows import RefusedError, Row, errors_of
from affectflow.sources.streams import decompressed_head, text_chunks
from affectflow_connectors.csv.parsing import Record, lines, records

_SPLITS = re.compile(
    r"(?:^|[^a-z])(train|dev|valid(?:ation)?|val|test|trial)(?:[^a-z]|$)"
)
Cells = Mapping[str, str]


def split_of(uri: str) -> str | None:
    """Returns the part of a set that a file is, by its name: train, dev or test.

    >>> split_of("dailydialog_valid.json")
    'dev'
    """
    found = _SPLITS.search(bare_name(uri))
    if not found:
        return None
    return "dev" if found[1].startswith("val") else found[1]


def header_of(head: bytes) -> list[str]:
    """Returns the cells of the first row of a file, of which `head` is the start."""
    data = decompressed_head(head).partition(b"\n")[0] + b"\n"
    first = next(records(lines(iter([data]))), None)
    return [cell.strip() for cell in first.cells] if first else []


@dataclass(kw_only=True)
class LabelledTable(LabelledSource, abc.ABC):
    """Reads tables whose rows are messages with their labels."""

    names: ClassVar[tuple[str, ...]] = ()
    """Names of the columns, if the files do not name them."""
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    @abc.abstractmethod
    def row(self, cells: Cells, uri: str) -> Row:
        """Returns one row of a table.

        Raises:
          RefusedError: it is not a message.
        """

    def names_of(self, first: Record) -> tuple[str, ...]:
        """Returns the names of the columns; empty if the first row is data."""
        return tuple(cell.strip() for cell in first.cells)

    def check_head(self, uri: str, head: bytes) -> None:
        try:
            encoding_of_file(uri)
        except UnknownEncodingError as error:
            raise UsageError(str(error)) from error

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        chunks = in_utf8(partial(text_chunks, split.uri), split.uri)
        found = records(lines(chunks))
        first = next(found, None)
        if first is None:
            return
        names = self.names_of(first)
        if not names:
            found, names = itertools.chain([first], found), self.names
        yield from self.labelled(self._rows(found, names, split.uri))

    def _rows(
        self, found: Iterator[Record], names: tuple[str, ...], uri: str
    ) -> Iterator[Row]:
        for record in found:
            made = attempt(self._row, record, names, uri)
            if isinstance(made, RefusedError):
                error = (made.error_type, str(made))
                known = {"source": self.source_name, "text": None}
                errors = errors_of(self.step, *error, record.raw)
                made = {**known, **made.row, "errors": errors}
            yield {**made, "origin": f"{uri}#{record.number}"}

    def _row(self, record: Record, names: tuple[str, ...], uri: str) -> Row:
        if record.error_type:
            raise RefusedError(record.message, record.error_type)
        if record.has_bad_bytes():
            raise RefusedError("not UTF-8; convert the file with iconv", "invalid_utf8")
        if len(record.cells) < len(names):
            raise RefusedError(
                f"{len(record.cells)} cells where {len(names)} were expected",
                "invalid_csv",
            )
        return self.row(dict(zip(names, record.cells, strict=False)), uri)


def needed(cells: Cells, name: str) -> str:
    """Returns a cell that every row must have.

    Raises:
      RefusedError: it is empty, or there is no such column.
    """
    value = cells.get(name, "").strip()
    if not value:
        raise RefusedError(f"it has no `{name}`", "missing_field")
    return value
