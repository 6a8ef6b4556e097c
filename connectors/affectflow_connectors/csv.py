"""ReadCsv: comma, semicolon or tab separated values, with a mapping of columns."""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa

from affectflow.batches.batch import MAX_ROW_BYTES, TARGET_BYTES, Rows
from affectflow.errors import UsageError
from affectflow.kinds.source import Split
from affectflow.registry import Card
from affectflow.sources.coerce import strings
from affectflow.sources.files import MappedSource
from affectflow.sources.lines import blocks
from affectflow.sources.listing import bare_name
from affectflow.sources.mapping import Field, check_fields
from affectflow.sources.rows import Defaults, RawColumns, errors_of, grouped, utterances
from affectflow.sources.streams import decompressed_head, read_chunks
from affectflow_connectors.jsonl import BOM, origins

_DELIMITERS = ",\t;|"
_MAGIC_BYTES = 512
_NO_HEADER = (
    "; that seems to be a row, not names: without a row of names, map to positions, "
    "from 0, as in --map text=0,utterance_id=2"
)


class TooLong(NamedTuple):
    """A line too large to be held; its start."""

    start: str


class Record(NamedTuple):
    """One row of a table, counted from 1; or the reason why it is none."""

    number: int
    cells: list[str]
    raw: str
    error_type: str = ""
    message: str = ""


@dataclass(kw_only=True)
class ReadCsv(MappedSource):
    """Reads tables, UTF-8, plain or compressed, whose first row names the columns.

    A mapping to numbers only (`text=0,utterance_id=2`) means a table without such a
    row: the numbers count columns from 0.

    A file is read in one piece, because a quoted cell may hold line feeds. Empty
    cells are null, but an empty text is a text. A quote that is never closed costs
    its own line only.

    Args:
      delimiter: one character; empty: comma, semicolon, tab or bar, whichever the
        first row has most of.
    """

    delimiter: str = ""

    card: ClassVar[Card] = Card(summary="CSV and TSV, with a mapping of your columns")
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.delimiter) > 1:
            raise UsageError(f"delimiter is one character, not {self.delimiter!r}")

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        defaults = self.defaults(split.uri)
        found = records(lines(read_chunks(split.uri)), self.delimiter)
        header = next(found, None)
        if header is None:
            return
        names, is_row = self._names(header)
        if is_row:
            found = itertools.chain([header], found)
        for group in grouped(found, lambda record: sum(map(len, record.cells))):
            raw = _raw_of(group, split.uri, names, self.fields, defaults)
            yield from utterances(raw, defaults)

    def check_head(self, uri: str, head: bytes) -> None:
        if b"\0" in head[:_MAGIC_BYTES]:
            raise UsageError(
                f"{uri!r} is no text: is it a spreadsheet or an archive? Save it as CSV"
            )
        header = next(records(lines(iter([head])), self.delimiter), None)
        if header is None:
            return
        names, _ = self._names(header)
        try:
            check_fields(self.fields, self.mapping or {}, names, uri)
        except UsageError as error:
            hint = _NO_HEADER if any(map(_is_no_name, names)) else ""
            raise UsageError(f"{error}{hint}") from error

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
    return len(name) > 60 or re.fullmatch(r"[+-]?\d+(?:[.,]\d+)*", name) is not None


def lines(chunks: Iterable[bytes]) -> Iterator[str | TooLong]:
    """Yields lines with their line feeds; of one too large to be held, its start.

    Bytes that are no UTF-8 become surrogates, to be found in their row.
    """
    for block in blocks(chunks, block_bytes=TARGET_BYTES // 8):
        if block.too_large:
            yield TooLong(block.data.decode("utf-8", "replace"))
            continue
        data = block.data
        if block.offset == 0:
            data = data.removeprefix(BOM)
        ended = data.endswith(b"\n")
        text = data.decode("utf-8", "surrogateescape")
        split = text.split("\n")
        last = split.pop()
        yield from (line + "\n" for line in split)
        if not ended and last:
            yield last


class _Lookback:
    """Lines on their way to the parser, kept until their row is whole."""

    def __init__(self, source: Iterator[str | TooLong]):
        self._source = source
        self._again: list[str | TooLong] = []
        self.too_long = ""
        self.taken: list[str] = []
        self.size = 0
        self.cut_off = False

    def __iter__(self) -> "_Lookback":
        return self

    def __next__(self) -> str:
        try:
            line = self._again.pop() if self._again else next(self._source)
        except StopIteration:
            # The parser asks for another line only inside a quoted cell.
            self.cut_off = bool(self.taken)
            raise
        if isinstance(line, TooLong):
            self.too_long = line.start
            if self.taken:
                self._again.append(line)
            raise csv.Error("a line above 64 MB")
        self.taken.append(line)
        self.size += len(line)
        if self.size > MAX_ROW_BYTES:
            raise csv.Error("a row above 64 MB")
        return line

    def start(self) -> None:
        """Forgets the last row; it was whole."""
        self.taken, self.size, self.cut_off = [], 0, False

    def give_back(self) -> str:
        """Puts all lines but the first back; returns the first."""
        first, *rest = self.taken
        self._again.extend(reversed(rest))
        return first


def records(source: Iterator[str | TooLong], delimiter: str = "") -> Iterator[Record]:
    """Yields the header, numbered 0, and the rows of a table, without blank lines.

    A row that does not parse is one refused record of one line; what it had
    swallowed is read again.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))
    first = next(source, None)
    if first is None:
        return
    head = first.start if isinstance(first, TooLong) else first
    sign = delimiter or max(_DELIMITERS, key=head.count)
    lookback = _Lookback(itertools.chain([first], source))
    number = 0
    while True:
        record = _one(lookback, sign, number)
        if record is None:
            return
        if record.cells or record.error_type:
            yield record
            number += 1


def _one(lookback: _Lookback, delimiter: str, number: int) -> Record | None:
    lookback.start()
    # A reader for each row: after an error the old one would still be in its quote.
    reader = csv.reader(lookback, delimiter=delimiter, strict=False)
    try:
        cells = next(reader)
    except StopIteration:
        return None
    except csv.Error as error:
        if not lookback.taken:
            message = "a line above 64 MB; split it, or leave it out"
            return Record(number, [], lookback.too_long, "too_large", message)
        return _refused(lookback, number, str(error))
    if lookback.cut_off:
        return _refused(lookback, number, "the file ends in a quoted cell")
    return Record(number, cells, lookback.taken[0])


def _refused(lookback: _Lookback, number: int, why: str) -> Record:
    raw = lookback.give_back()
    message = f"not a row of a table: {why}; look for a quote that is never closed"
    return Record(number, [], raw, "invalid_csv", message)


def _raw_of(
    group: list[Record],
    uri: str,
    names: list[str],
    fields: Sequence[Field],
    defaults: Defaults,
) -> RawColumns:
    errors = [_error(record, len(names), defaults.step) for record in group]
    columns = {}
    for field in fields:
        if field.constant is not None:
            columns[field.target] = strings([field.constant] * len(group))
        elif field.path in names:
            at = names.index(field.path)
            columns[field.target] = _column(group, errors, at, field.target)
    places = [record.number for record in group]
    return RawColumns(columns, origins(uri, places), errors, lambda r: group[r].raw)


def _column(
    group: list[Record], errors: list[Rows | None], at: int, target: str
) -> pa.Array:
    keep_empty = target == "text"
    cells: list[Any] = [
        record.cells[at]
        if error is None and at < len(record.cells) and (keep_empty or record.cells[at])
        else None
        for record, error in zip(group, errors, strict=True)
    ]
    return strings(cells)


def _error(record: Record, width: int, step: str) -> Rows | None:
    if record.error_type:
        return errors_of(step, record.error_type, record.message, record.raw)
    if len(record.cells) > width:
        message = (
            f"{len(record.cells)} cells under {width} names; quote the cells that hold "
            "the delimiter"
        )
        return errors_of(step, "unknown_shape", message, record.raw)
    if any(not cell.isascii() and _has_bad_bytes(cell) for cell in record.cells):
        message = "not UTF-8; convert the file with iconv"
        return errors_of(step, "invalid_utf8", message, record.raw)
    return None


def _has_bad_bytes(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return True
    return False
