"""From the lines of a table to its records: delimiters, quotes, damage."""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from affectflow.batches.batch import MAX_ROW_BYTES, TARGET_BYTES
from affectflow.sources.lines import blocks
from affectflow_connectors.jsonl import BOM

_DELIMITERS = ",\t;|"
_LOOKED_AT = 20
_HEAD_LINES = 1000
_HEAD_CHARS = 1 << 20
# Excel's first line, which names the delimiter.
_SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t|]*\r?\n?', re.IGNORECASE)
# Backslashes are escapes before a quote, and themselves anywhere else.
_SLASHES = re.compile(r'\\+("?)')


class TooLong(NamedTuple):
    """The start of a line too large for memory."""

    start: str


class Record(NamedTuple):
    """One row of a table, counted from 1; or the reason why it cannot be read."""

    number: int
    cells: list[str]
    raw: str
    error_type: str = ""
    message: str = ""

    def has_bad_bytes(self) -> bool:
        """Returns whether a cell holds bytes that are not UTF-8."""
        joined = "".join(self.cells)
        return not (joined.isascii() or _is_unicode(joined))


def _is_unicode(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True


class Dialect(NamedTuple):
    """How the cells of a table are separated and quoted.

    `skip_blanks`: blanks before a quote are not part of the cell. `escapes`: quotes
    within a cell are escaped by backslashes.
    """

    delimiter: str
    skip_blanks: bool = False
    escapes: bool = False


def lines(chunks: Iterable[bytes]) -> Iterator[str | TooLong]:
    """Yields lines with their line feeds; of one too large for memory, its start.

    Bytes that are not UTF-8 become surrogates, to be found in their row.
    """
    for block in blocks(_with_feeds(chunks), block_bytes=TARGET_BYTES // 8):
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


def _with_feeds(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields chunks; lone carriage returns, as on old Macs, become line feeds."""
    chunks = iter(chunks)
    first = next(chunks, b"")
    alone = b"\r" in first and b"\n" not in first
    for chunk in itertools.chain([first], chunks):
        yield chunk.replace(b"\r", b"\n") if alone else chunk


def records(source: Iterator[str | TooLong], delimiter: str = "") -> Iterator[Record]:
    """Yields the header, numbered 0, and the rows of a table, without blank lines.

    Quotes are doubled, or escaped by backslashes, or stand unescaped within a cell
    where that can be read in one way only. Any other row is one refused record of one
    line; what it had swallowed is read again.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_ROW_BYTES))
    head = _head(source)
    if not head:
        return
    first = head[0]
    if isinstance(first, str) and (said := _SEP_LINE.fullmatch(first)):
        head, delimiter = head[1:], delimiter or said[1]
    head = _without_comments(head, delimiter)
    dialect = _dialect([each for each in head if isinstance(each, str)], delimiter)
    lookback = _Lookback(itertools.chain(head, source))
    number, width = 0, 0
    while True:
        record = _plain(lookback, dialect, number, width)
        record = record or _one(lookback, dialect, number, width)
        if record is None:
            return
        if record.cells or record.error_type:
            yield record
            width = width or len(record.cells)
            number += 1


def _without_comments(head: list[str | TooLong], delimiter: str) -> list[str | TooLong]:
    """Returns lines without the remarks above a header: `# exported on Monday`."""
    said = itertools.takewhile(lambda each: str(each).startswith("#"), head)
    above = len(list(said))
    rows = [each for each in head[above : above + _LOOKED_AT] if isinstance(each, str)]
    if not above or not rows:
        return head
    sign = delimiter or _delimiter(rows)
    # `#,text` is a header: its row is cut as those below.
    cut = any(str(each).count(sign) == rows[0].count(sign) for each in head[:above])
    return head if cut else head[above:]


def _head(source: Iterator[str | TooLong]) -> list[str | TooLong]:
    head: list[str | TooLong] = []
    size = 0
    for line in source:
        head.append(line)
        size += len(line) if isinstance(line, str) else 0
        if len(head) >= _HEAD_LINES or size >= _HEAD_CHARS:
            break
    return head


def has_more(cells: Sequence[str], width: int) -> bool:
    """Returns whether a row has more cells than its header, apart from blanks."""
    return len(cells) > width and any(map(str.strip, cells[width:]))


def _dialect(head: list[str], delimiter: str) -> Dialect:
    head = [line for line in head if line.strip()]
    sign = delimiter or (_delimiter(head[:_LOOKED_AT]) if head else ",")
    escaped = re.escape(sign)
    blanks = re.compile(rf'{escaped} +"[^"]*"(?={escaped}|\s*$)')
    # A quote that closes a cell is followed by a delimiter or the end of the line.
    slashes = re.compile(rf'\\"(?=[^"{escaped}\s])')
    skip_blanks = sign != " " and any(map(blanks.search, head))
    return Dialect(sign, skip_blanks, any(map(slashes.search, head)))


def _delimiter(head: list[str]) -> str:
    """Returns the delimiter that cuts most rows to as many cells as the first row."""

    def score(sign: str) -> tuple[float, int]:
        rows = csv.reader(head, delimiter=sign, strict=False)
        try:
            widths = [len(cells) for cells in rows if cells]
        except csv.Error:
            widths = [head[0].count(sign) + 1]
        like_first = widths.count(widths[0]) / len(widths) if widths[0] > 1 else 0.0
        return like_first, widths[0]

    return max(_DELIMITERS, key=score)


class _Lookback:
    """Lines on their way to the parser, kept until their row is whole."""

    def __init__(self, source: Iterator[str | TooLong]):
        self._source = source
        self._again: list[str | TooLong] = []
        self.too_long = ""
        self.taken: list[str] = []
        self.size = 0
        self.cut_off = False
        self.escapes = False
        """Whether the parser takes a backslash as an escape."""

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
            raise csv.Error("a line longer than 64 MB")
        self.taken.append(line)
        self.size += len(line)
        if self.size > MAX_ROW_BYTES:
            raise csv.Error("a row larger than 64 MB")
        return _SLASHES.sub(_escapes, line) if self.escapes else line

    def start(self, *, escapes: bool = False) -> None:
        """Forgets the last row, which was complete."""
        self.taken, self.size, self.cut_off = [], 0, False
        self.escapes = escapes

    def put_back(self) -> list[str]:
        """Puts the lines of the row back, to be read again; returns them."""
        self._again.extend(reversed(self.taken))
        return self.taken

    def next_line(self) -> str | TooLong | None:
        """Returns the next line outside any row; None at the end."""
        return self._again.pop() if self._again else next(self._source, None)

    def put_line_back(self, line: str | TooLong) -> None:
        """Puts back what `next_line` returned."""
        self._again.append(line)


def _escapes(found: re.Match[str]) -> str:
    return found[0] if found[1] else found[0] * 2


def _plain(
    lookback: _Lookback, dialect: Dialect, number: int, width: int
) -> Record | None:
    """Returns a one-line row without quotes: the usual case, and fast.

    None if there is none; its line is then put back.
    """
    line = lookback.next_line() if width and not dialect.skip_blanks else None
    if line is None:
        return None
    if isinstance(line, str) and not ('"' in line or "\0" in line):
        body = line.removesuffix("\n").removesuffix("\r")
        cells = body.split(dialect.delimiter)
        if body and "\r" not in body and len(cells) == width:
            return Record(number, cells, line)
    lookback.put_line_back(line)
    return None


def _one(
    lookback: _Lookback, dialect: Dialect, number: int, width: int
) -> Record | None:
    if dialect.escapes and width:
        record = _escaped(lookback, dialect, number)
        if record and (record.error_type or len(record.cells) == width):
            return record
        lookback.put_back()
    lookback.start()
    try:
        cells = next(_reader(lookback, dialect))
    except StopIteration:
        return None
    except csv.Error as error:
        if not lookback.taken:
            return _too_long(lookback, number)
        why = "the file ends in a quoted cell" if lookback.cut_off else str(error)
        other = _otherwise(lookback, dialect, number, width)
        return other or _refused(lookback, number, why)
    record = Record(number, cells, lookback.taken[0])
    if width and has_more(cells, width):
        count = len(lookback.taken)
        other = _otherwise(lookback, dialect, number, width)
        return other or _taken_again(lookback, record, count)
    return record


def _escaped(lookback: _Lookback, dialect: Dialect, number: int) -> Record | None:
    """Returns a row whose quotes are escaped by backslashes; None if it is not one."""
    lookback.start(escapes=True)
    try:
        cells = next(_reader(lookback, dialect))
    except StopIteration:
        return None
    except csv.Error:
        return None if lookback.taken else _too_long(lookback, number)
    return None if lookback.cut_off else Record(number, cells, lookback.taken[0])


def _too_long(lookback: _Lookback, number: int) -> Record:
    message = "a line longer than 64 MB; split it, or leave it out"
    return Record(number, [], lookback.too_long, "too_large", message)


def _reader(source: Iterator[str], dialect: Dialect) -> Iterator[list[str]]:
    # A reader for each row: after an error the old one would still be in its quote.
    escapes = isinstance(source, _Lookback) and source.escapes
    return csv.reader(
        source,
        delimiter=dialect.delimiter,
        skipinitialspace=dialect.skip_blanks,
        escapechar="\\" if escapes else None,
        strict=True,
    )


def _otherwise(
    lookback: _Lookback, dialect: Dialect, number: int, width: int
) -> Record | None:
    """Returns a row that breaks the rules of quotes, if it can be read in only one way.

    None if it does not; its lines are then put back.
    """
    first = lookback.put_back()[0]
    if '\\"' in first:
        record = _escaped(lookback, dialect, number)
        if record and not (width and has_more(record.cells, width)):
            return record
        lookback.put_back()
    cells = _cells(_reader(iter([_requoted(first, dialect)]), dialect))
    if cells and width and len(cells) == width:
        lookback.start()
        next(lookback)
        return Record(number, cells, first)
    return None


def _cells(reader: Iterator[list[str]]) -> list[str]:
    try:
        return next(reader)
    except (StopIteration, csv.Error):
        return []


def _requoted(line: str, dialect: Dialect) -> str:
    """Returns a line with the quotes doubled that neither open nor close a cell."""
    sign = re.escape(dialect.delimiter)
    return re.sub(rf'(?<=[^"{sign}])"(?=[^"{sign}\r\n])', '""', line)


def _taken_again(lookback: _Lookback, record: Record, count: int) -> Record:
    """Returns a record whose lines were put back, and takes these out again."""
    lookback.start()
    for _ in range(count):
        next(lookback)
    return record


def _refused(lookback: _Lookback, number: int, why: str) -> Record:
    lookback.start()
    raw = next(lookback)
    message = f"not a row of a table: {why}; look for a quote that is never closed"
    return Record(number, [], raw, "invalid_csv", message)
