"""TextLog: sources that read chats from plain text, one or more lines per message."""

import abc
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow.kinds.source import Split
from affectflow.nouns import count
from affectflow.sources.damage import DamagedFileError
from affectflow.sources.files import FileSource
from affectflow.sources.lines import blocks
from affectflow.sources.rows import RefusedError, Row, dead_row, in_batches
from affectflow.sources.streams import CHUNK_BYTES, read_chunks


class TextLines:
    """The lines of a text file; they are read again each time they are asked for.

    After that, `damage` is what ended them too early, and `too_large` how many lines
    were left out, since nothing holds them.
    """

    def __init__(self, uri: str):
        self.uri = uri
        self.damage: DamagedFileError | None = None
        self.too_large = 0

    def __iter__(self) -> Iterator[str]:
        self.damage, self.too_large = None, 0
        found = blocks(read_chunks(self.uri), block_bytes=CHUNK_BYTES)
        try:
            for block in found:
                if block.too_large:
                    self.too_large += 1
                    continue
                for line in io.BytesIO(block.data):
                    yield decoded(line.rstrip(b"\r\n"))
        except DamagedFileError as error:
            self.damage = error


@dataclass(kw_only=True)
class TextLog(FileSource, abc.ABC):
    """Reads text files whose lines are in order of time.

    What a line means depends on those before it, so a file is one piece.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".log", ".zip")

    @abc.abstractmethod
    def rows_of_lines(
        self, lines: Iterable[str], uri: str
    ) -> Iterable[Row | RefusedError]:
        """Yields the messages of a file; rows have all columns but `origin`.

        The place of a message among the lines is its `line`, from 1.

        Args:
          lines: of the file, which may be larger than memory. To go through them again
            is to read it again.
          uri: of the file.
        """

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches(self._rows_of(split.uri))

    def _rows_of(self, uri: str) -> Iterator[Row]:
        lines = TextLines(uri)
        for found in self.rows_of_lines(lines, uri):
            if isinstance(found, RefusedError):
                error = (found.error_type, str(found))
                yield dead_row(self.step, self.source_name, uri, error)
            else:
                yield found | {"origin": f"{uri}#{found.pop('line')}"}
        if lines.too_large:
            error = ("too_large", f"{count(lines.too_large, 'line')} above 64 MB")
            yield dead_row(self.step, self.source_name, uri, error)
        if lines.damage:
            raise lines.damage


def lines_of_text(data: bytes) -> list[str]:
    """Returns the lines of a text; those that are not UTF-8 are Windows-1252."""
    return [decoded(line.rstrip(b"\r")) for line in data.split(b"\n")]


def decoded(line: bytes) -> str:
    """Returns a line as text; one that is not UTF-8 is Windows-1252."""
    try:
        return line.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


class Digests:
    """Ids for messages without one: their text, and their place among equal ones.

    It remembers 8 bytes of each message, so a long chat has one for each day.

    Args:
      key: of the chat, or of its day.
      run: how often the day was there before, and the chat went on to another.
    """

    def __init__(self, key: str, run: int = 0):
        self._key = [key, str(run)] if run else [key]
        self._seen: Counter[int] = Counter()

    def of(self, *said: str | None) -> str:
        """Returns 16 hexadecimal digits that stand for a message."""
        first = digest(*self._key, *said)
        number = int(first, 16)
        self._seen[number] += 1
        times = self._seen[number]
        return first if times == 1 else digest(first, str(times))


def digest(*parts: str | None) -> str:
    """Returns 16 hexadecimal digits that stand for some texts."""
    whole = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(whole.encode("utf-8", "replace"), digest_size=8).hexdigest()
