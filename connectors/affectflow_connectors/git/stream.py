"""Streams of `git fast-export`: commands, each with its data counted in bytes."""

import re
from collections.abc import Iterable, Iterator

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.sources.rows import RefusedError
from affectflow.sources.streams import TruncatedFileError
from affectflow_connectors.git.commits import Change, Commit

_MOST_LINE = 1 << 16
_PERSON = re.compile(r"(.*?<.*?>) (.*)$")
_CHANGE = (b"M ", b"D ", b"C ", b"R ")
_NO_ID = (
    "a commit whose id is not in the stream; write it with "
    "git fast-export --show-original-ids --no-data"
)


class _Bytes:
    """A stream of bytes, read by the line or by the count."""

    def __init__(self, chunks: Iterable[bytes]):
        self._chunks = iter(chunks)
        self._window = b""
        self.at = 0

    def line(self) -> bytes | None:
        """Returns the next line without its end, or None after the last."""
        while b"\n" not in self._window and len(self._window) < _MOST_LINE:
            more = next(self._chunks, None)
            if more is None:
                break
            self._window += more
        if not self._window:
            return None
        line, feed, self._window = self._window.partition(b"\n")
        self.at += len(line) + len(feed)
        return line

    def take(self, size: int, kept: int) -> bytes:
        """Returns the first `kept` of the next `size` bytes, and skips the rest.

        Raises:
          TruncatedFileError: there are fewer.
        """
        found = bytearray()
        self.at += size
        while size:
            if not self._window:
                self._window = next(self._chunks, b"")
            if not self._window:
                raise TruncatedFileError(
                    "the stream ends in the middle of a command; the commits before "
                    "it were read; write the file again"
                )
            part, self._window = self._window[:size], self._window[size:]
            found += part[: max(kept - len(found), 0)]
            size -= len(part)
        return bytes(found)


def commits_of_stream(
    chunks: Iterable[bytes],
) -> Iterator[tuple[Commit | RefusedError, int]]:
    """Yields the commits of a stream, and the byte that each begins at.

    A commit whose id is not in the stream is refused, whatever it changes.

    Raises:
      DamagedFileError: after all commits that could be read.
    """
    read = _Bytes(chunks)
    entry: _Entry | None = None
    while (line := read.line()) is not None:
        start = read.at - len(line) - 1
        command, _, rest = line.partition(b" ")
        if command in (b"commit", b"blob", b"tag", b"reset", b"done", b"feature"):
            if entry:
                yield entry.commit(), entry.at
            entry = _Entry(start) if command == b"commit" else None
        elif command == b"data":
            data = _data(read, rest, entry)
            if entry:
                entry.data(data)
        elif entry:
            entry.add(command, rest, line)
    if entry:
        yield entry.commit(), entry.at


def _data(read: _Bytes, size: bytes, entry: "_Entry | None") -> bytes:
    if size.isdigit():
        return read.take(int(size), MAX_ROW_BYTES if entry else 0)
    end, lines = size.removeprefix(b"<<"), []
    while (line := read.line()) not in (None, end):
        lines.append(line or b"")
    return b"\n".join(lines)


class _Entry:
    """One commit, as its commands come."""

    def __init__(self, at: int):
        self.at = at
        self._words: dict[bytes, bytes] = {}
        self._parents = 0
        self._files = 0
        self._message: bytes | None = None
        self._signature = False

    def add(self, command: bytes, rest: bytes, line: bytes) -> None:
        if command in (b"from", b"merge"):
            self._parents += 1
        elif line.startswith(_CHANGE):
            self._files += 1
        elif command == b"gpgsig":
            self._signature = True  # its data precedes the message
        else:
            self._words.setdefault(command, rest)

    def data(self, data: bytes) -> None:
        if self._signature:
            self._signature = False
        elif self._message is None:
            self._message = data

    def commit(self) -> Commit | RefusedError:
        id_ = self._text(b"original-oid")
        if not id_:
            return RefusedError(_NO_ID, "no_id")
        author = self._text(b"author") or self._text(b"committer")
        found = _PERSON.match(author)
        committed = _PERSON.match(self._text(b"committer"))
        return Commit(
            id=id_,
            author=found[1] if found else author,
            message=decoded(self._message or b"", self._text(b"encoding")),
            authored=found[2] if found else "",
            committed=committed[2] if committed else "",
            parents=self._parents,
            change=Change(self._files) if self._files else None,
        )

    def _text(self, command: bytes) -> str:
        return self._words.get(command, b"").decode("utf-8", "replace")


def decoded(data: bytes, encoding: str = "") -> str:
    """Returns bytes in the encoding that a commit names, else UTF-8, else Windows'."""
    for each in (encoding or "utf-8", "utf-8", "cp1252"):
        try:
            return data.decode(each)
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1")
