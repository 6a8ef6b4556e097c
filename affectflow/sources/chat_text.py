"""TextLog: sources that read chats out of plain text, a message in a line or more."""

import abc
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from affectflow.kinds.source import Split
from affectflow.sources.files import FileSource
from affectflow.sources.rows import RefusedError, Row, dead_row, in_batches
from affectflow.sources.streams import DamagedFileError, read_chunks

MOST_BYTES = 512 << 20
"""A log is read twice, once to learn how it writes dates, and so it is held whole."""


@dataclass(kw_only=True)
class TextLog(FileSource, abc.ABC):
    """Reads text files, or archives of them, whose lines follow one another in time.

    What a line means depends on those before it, so a file is one piece.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".log", ".zip")

    @abc.abstractmethod
    def rows_of_lines(self, lines: list[str], uri: str) -> Iterable[Row | RefusedError]:
        """Returns the messages of a file; rows have all columns but `origin`.

        The place of a message among the lines is its `line`, from 1.
        """

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        yield from in_batches(self._rows_of(split))

    def _rows_of(self, split: Split) -> Iterator[Row]:
        yield from self._of_file(read_chunks(split.uri), split.uri)

    def _of_file(self, chunks: Iterable[bytes], uri: str) -> Iterator[Row]:
        held, damage = _held(chunks)
        for found in self.rows_of_lines(lines_of_text(held), uri):
            if isinstance(found, RefusedError):
                error = (found.error_type, str(found))
                yield dead_row(self.step, self.source_name, uri, error)
            else:
                yield found | {"origin": f"{uri}#{found.pop('line')}"}
        if damage:
            error = (damage.error_type, str(damage))
            yield dead_row(self.step, self.source_name, uri, error)


def _held(chunks: Iterable[bytes]) -> tuple[bytes, DamagedFileError | None]:
    """Returns the bytes of a file, and what is wrong with its end."""
    held = bytearray()
    try:
        for chunk in chunks:
            held += chunk
            if len(held) > MOST_BYTES:
                raise DamagedFileError(
                    f"a log above {MOST_BYTES >> 20} MB; split it, and read its parts"
                )
    except DamagedFileError as error:
        return bytes(held), error
    return bytes(held), None


def lines_of_text(data: bytes) -> list[str]:
    """Returns the lines of a text; those that are not UTF-8 are Windows-1252."""
    return [_decoded(line.rstrip(b"\r")) for line in data.split(b"\n")]


def _decoded(line: bytes) -> str:
    try:
        return line.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


class Digests:
    """Ids for messages that have none: what they say, and their place among equals."""

    def __init__(self, key: str):
        self._key = key
        self._seen: Counter[str] = Counter()

    def of(self, *said: str | None) -> str:
        """Returns 16 hexadecimal digits that stand for a message."""
        first = digest(self._key, *said)
        self._seen[first] += 1
        count = self._seen[first]
        return first if count == 1 else digest(first, str(count))


def digest(*parts: str | None) -> str:
    """Returns 16 hexadecimal digits that stand for some texts."""
    whole = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(whole.encode("utf-8", "replace"), digest_size=8).hexdigest()
