"""ReadMbox and ReadEml: mailboxes, and files of one mail each."""

import abc
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import pyarrow as pa

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.kinds.source import Split
from affectflow.registry import Card
from affectflow.sources.files import FileSource
from affectflow.sources.rows import RefusedError, Row, dead_row, in_batches
from affectflow.sources.streams import decompressed_head, read_chunks
from affectflow_connectors.mail.message import SITE, row_of

_TERMS = (
    "those of the list or the mailbox; a mail is its writer's: quote public lists "
    "only, with a link to the archive"
)
# `From ` alone begins sentences, too: a separator ends with a time and a year.
_SEPARATOR = re.compile(rb"From \S.*\d\d:\d\d.*\b\d{4}\b.*$")
_MANGLED = re.compile(rb"(?m)^>(>*From )")
_HEADERS = re.compile(
    rb"(?mi)^(?:from|to|cc|subject|date|message-id|received|return-path|mime-version"
    rb"|content-type|delivered-to|in-reply-to|references|sender):"
)


class _Mail(NamedTuple):
    offset: int
    separator: str
    data: bytes


@dataclass(kw_only=True)
class _ReadMail(FileSource, abc.ABC):
    """Reads mails; an id is the same in a mailbox and in a file of its own."""

    def __post_init__(self) -> None:
        self.source_name = self.source_name or SITE
        super().__post_init__()

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches(self._rows(split.uri))

    def _rows(self, uri: str) -> Iterator[Row]:
        for mail in self.mails(read_chunks(uri)):
            origin = f"{uri}#{mail.offset}"
            try:
                if len(mail.data) >= MAX_ROW_BYTES:
                    message = "a mail above 64 MB; leave out its attachments"
                    raise RefusedError(message, "too_large")
                yield row_of(mail.data, mail.separator) | {"origin": origin}
            except RefusedError as error:
                why = (error.error_type, str(error))
                yield dead_row(self.step, self.source_name, origin, why, mail.data)

    @abc.abstractmethod
    def mails(self, chunks: Iterable[bytes]) -> Iterator[_Mail]:
        """Yields the mails of a file; of one too large to be held, the beginning."""


@dataclass(kw_only=True)
class ReadMbox(_ReadMail):
    """Reads mailboxes in the mbox format, as of list archives; plain or compressed.

    Replies are found by `In-Reply-To` and `References`; a conversation is named by
    the first mail that it refers to. Attachments and forwarded mails are left out.
    """

    card: ClassVar[Card] = Card(
        summary="mbox: mailboxes and archives of mailing lists", terms=_TERMS
    )
    suffixes: ClassVar[tuple[str, ...]] = (".mbox", ".mbx")

    def mails(self, chunks: Iterable[bytes]) -> Iterator[_Mail]:
        start, at, separator, size = 0, 0, b"", 0
        lines: list[bytes] = []
        blank = True
        for line in _lines(chunks):
            if blank and _SEPARATOR.match(line):
                if size:
                    yield _mail(start, separator, lines)
                start, separator, lines, size = at, line, [], 0
            elif size < MAX_ROW_BYTES:
                lines.append(line)
                size += len(line)
            blank = not line.strip()
            at += len(line)
        if size:
            yield _mail(start, separator, lines)

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
    """Reads files of one mail each, as programs for mail save them."""

    card: ClassVar[Card] = Card(summary="eml: files of one mail each", terms=_TERMS)
    suffixes: ClassVar[tuple[str, ...]] = (".eml",)

    def mails(self, chunks: Iterable[bytes]) -> Iterator[_Mail]:
        data = bytearray()
        for chunk in chunks:
            data += chunk[: MAX_ROW_BYTES - len(data)]
        lines = bytes(data).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        first, _, rest = lines.partition(b"\n")
        if _SEPARATOR.match(first.rstrip(b"\r")):
            yield _mail(0, first, [rest])
        elif lines:
            yield _Mail(0, "", lines)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head).removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
        if not re.match(rb"(?:From \S|[!-9;-~]{1,60}:)", head):
            return 0.0
        headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
        found = len({each.lower() for each in _HEADERS.findall(headers)})
        named = name.lower().endswith(".eml")
        if named and found:
            return 0.95
        return 0.75 if found >= 3 else 0.0


def _mail(start: int, separator: bytes, lines: list[bytes]) -> _Mail:
    data = _MANGLED.sub(rb"\1", b"".join(lines))
    return _Mail(start, separator.decode("utf-8", "replace").strip(), data)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yields lines with their ends; one that is very long in pieces."""
    rest = b""
    for chunk in chunks:
        lines = (rest + chunk).splitlines(keepends=True)
        whole = lines[-1:] and lines[-1].endswith(b"\n")
        rest = b"" if whole or not lines else lines.pop()
        yield from lines
        if len(rest) > MAX_ROW_BYTES // 64:
            yield rest
            rest = b""
    if rest:
        yield rest
