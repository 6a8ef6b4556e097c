"""Records of several lines, whose first line is recognisable: emails, messages.

A record belongs to the byte range in which its first line starts, and is read to its
end. So any cut of a file gives the same records, and no more than one is held.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from affectflow.batches.batch import MAX_ROW_BYTES
from affectflow.kinds.source import Split
from affectflow.sources.damage import DamagedFileError
from affectflow.sources.lines import blocks
from affectflow.sources.streams import CHUNK_BYTES, read_chunks

LOOK_BACK = 256
"""Bytes before a range that are read, to know the line before it."""

Begins = Callable[[bytes, bytes], bool]
"""Returns whether a line begins a record, given the line before it.

Lines come with their ends. Of a line before of `LOOK_BACK` bytes or more, the last ones
may be all that is there; before the first line of a file there is an empty one.
"""


@dataclass
class Record:
    """Lines that belong together, with their ends.

    Args:
      offset: place of the first byte in the (decompressed) file.
      begun: whether the first line begins it; else it stands at the start of a file,
        before any that does.
    """

    offset: int
    begun: bool
    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, line: bytes, size: int) -> None:
        """Adds a line; beyond `MAX_ROW_BYTES` the record is only measured."""
        if self.size < MAX_ROW_BYTES:
            self.lines.append(line)
        self.size += size

    @property
    def too_large(self) -> bool:
        """Whether some of its lines are left out."""
        return self.size >= MAX_ROW_BYTES

    @property
    def data(self) -> bytes:
        """Its lines in one."""
        return b"".join(self.lines)


def records(split: Split, begins: Begins) -> Iterator[Record]:
    """Yields the records whose first line starts in a byte range of a file.

    Raises:
      DamagedFileError: after all that could be read; the last record may be incomplete.
    """
    record = None if split.start else Record(0, begun=False)
    damage: DamagedFileError | None = None
    before = b"-" if split.start else b""
    lines = _lines(split.uri, max(split.start - LOOK_BACK, 0))
    while True:
        try:
            offset, line, size = next(lines)
        except StopIteration:
            break
        except DamagedFileError as error:
            damage = error
            break
        if offset >= split.start and begins(line, before):
            if record and record.size:
                yield record
                record = None
            if 0 <= split.end <= offset:
                return
            record = Record(offset, begun=True)
        elif record is None and 0 <= split.end <= offset:
            return
        if record:
            record.add(line, size)
        before = line
    if record and record.size:
        yield record
    if damage:
        raise damage


def _lines(uri: str, start: int) -> Iterator[tuple[int, bytes, int]]:
    """Yields the lines that start at `start` or later: place, bytes, size.

    Of one above `MAX_ROW_BYTES` the bytes are the first ones.
    """
    chunks = read_chunks(uri, max(start - 1, 0))
    offset = start
    for block in blocks(chunks, start=start, block_bytes=CHUNK_BYTES):
        if block.too_large:
            yield block.offset, block.data, MAX_ROW_BYTES
            continue
        offset = block.offset
        for line in io.BytesIO(block.data):
            yield offset, line, len(line)
            offset += len(line)
