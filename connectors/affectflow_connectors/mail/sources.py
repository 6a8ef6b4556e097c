"""ReadMbox and ReadEml: mailboxes, and files with one email each."""

import abc
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pyarrow as pa

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.kinds.source import File, Split
from affectflow.registry import Card
from affectflow.sources.damage import DamagedFileError
from affectflow.sources.fields import Record
from affectflow.sources.files import FileSource, is_plain, ranges
from affectflow.sources.line_records import LOOK_BACK, records
from affectflow.sources.rows import RefusedError, Row, dead_row, in_batches
from affectflow.sources.streams import decompressed_head, read_chunks
from affectflow_connectors.mail.message import SITE, row_of
from affectflow_connectors.mail.records import bytes_of

_TERMS = (
    "those of the list or mailbox; an email belongs to its author: quote public lists "
    "only, with a link to the archive"
)
# `From ` alone begins sentences, too: a separator ends with a time and a year.
_SEPARATOR = re.compile(rb"From \S.*\d\d:\d\d.*\b\d{4}\b.*$")
# The next mail of a mailbox: its separator, and a header.
_ANOTHER = re.compile(
    rb"\n\r?\nFrom \S[^\n]*\d\d:\d\d[^\n]*\b\d{4}\b[^\n]*\n[A-Za-z-]{1,60}:"
)
_MANGLED = re.compile(rb"(?m)^>(>*From )")
_HEADERS = re.compile(
    rb"(?mi)^(?:from|to|cc|subject|date|message-id|received|return-path|mime-version"
    rb"|content-type|delivered-to|in-reply-to|references|sender):"
)


class _Mail(NamedTuple):
    offset: int
    separator: str
    data: bytes
    too_large: bool = False


@dataclass(kw_only=True)
class _ReadMail(FileSource, abc.ABC):
    """Reads emails; an id is the same in a mailbox and in a file of its own."""

    def __post_init__(self) -> None:
        self.source_name = self.source_name or SITE
        super().__post_init__()

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches(self._rows(split))

    def _rows(self, split: Split) -> Iterator[Row]:
        for mail in self.mails(split):
            origin = f"{split.uri}#{mail.offset}"
            try:
                if mail.too_large:
                    message = "an email larger than 64 MB; remove its attachments"
                    raise RefusedError(message, "too_large")
                yield row_of(mail.data, mail.separator) | {"origin": origin}
            except RefusedError as error:
                why = (error.error_type, str(error))
                yield dead_row(self.step, self.source_name, origin, why, mail.data)

    def rows(self, record: Record, where: str) -> Iterator[Row]:
        """Yields an email that is a JSON object; it has the id of the email itself.

        Raises:
          RefusedError: it is something else.
        """
        yield row_of(bytes_of(record))

    @abc.abstractmethod
    def mails(self, split: Split) -> Iterator[_Mail]:
        """Yields the mails of a piece; of one too large for memory, the beginning."""


@dataclass(kw_only=True)
class ReadMbox(_ReadMail):
    """Reads mailboxes in the mbox format, as of list archives; plain or compressed.

    Replies are found by `In-Reply-To` and `References`; a conversation is named by
    the first mail that it refers to. Attachments and forwarded mails are left out.
    """

    card: ClassVar[Card] = Card(
        summary="mbox: mailboxes and archives of mailing lists", terms=_TERMS
    )
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".mbox", ".mbx")

    def split_file(self, file: File) -> list[Split]:
        return ranges(file) if is_plain(file) else super().split_file(file)

    def mails(self, split: Split) -> Iterator[_Mail]:
        for record in records(split, _begins_mail):
            first, rest = (b"", record.lines)
            if record.begun:
                first, rest = record.lines[0], record.lines[1:]
            if rest:
                yield _mail(record.offset, first, rest, too_large=record.too_large)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        first = head.partition(b"\n")[0].rstrip(b"\r")
        known = _SEPARATOR.match(first) and len(_HEADERS.findall(head[:16384])) >= 2
        if not known:
            return 0.0
        return 0.8 if name.lower().endswith(".eml") else 0.95  # saved with its line


@dataclass(kw_only=True)
class ReadEml(_ReadMail):
    """Reads files with one email each, as mail programs save them."""

    card: ClassVar[Card] = Card(summary="eml: files with one email each", terms=_TERMS)
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".eml",)

    def mails(self, split: Split) -> Iterator[_Mail]:
        data, size = bytearray(), 0
        for chunk in read_chunks(split.uri):
            data += chunk[: MAX_ROW_BYTES - len(data)]
            size += len(chunk)
        large = size >= MAX_ROW_BYTES
        lines = bytes(data).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        first, _, rest = lines.partition(b"\n")
        if _SEPARATOR.match(first.rstrip(b"\r")):
            if _ANOTHER.search(rest):
                raise DamagedFileError(
                    f"{split.uri!r} contains more than one email; read it with "
                    "--source mbox"
                )
            yield _mail(0, first, [rest], too_large=large)
        elif lines:
            yield _Mail(0, "", lines, large)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        if not re.match(rb"(?:From \S|[!-9;-~]{1,60}:)", head):
            return 0.0
        if head.startswith(b"From ") and _ANOTHER.search(head):
            return 0.0
        headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
        found = len({each.lower() for each in _HEADERS.findall(headers)})
        named = name.lower().endswith(".eml")
        if named and found:
            return 0.95
        return 0.75 if found >= 3 else 0.0


def _mail(
    start: int, separator: bytes, lines: list[bytes], *, too_large: bool
) -> _Mail:
    data = _MANGLED.sub(rb"\1", b"".join(lines))
    return _Mail(start, separator.decode("utf-8", "replace").strip(), data, too_large)


def _begins_mail(line: bytes, before: bytes) -> bool:
    if not line.startswith(b"From "):
        return False
    # Where a piece begins, more of the line before it is not known.
    is_blank = len(before) <= LOOK_BACK // 2 and not before.strip()
    return is_blank and _SEPARATOR.match(line) is not None
