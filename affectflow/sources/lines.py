"""Lines of a file, in blocks: by byte range, or along a stream."""

import io
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from affectflow.batches.batch import MAX_ROW_BYTES, TARGET_BYTES
from affectflow.sources.streams import DamagedFileError

Offsets = npt.NDArray[np.int64]


class Block(NamedTuple):
    """Consecutive whole lines.

    `offset` is the place of the first byte in the (decompressed) file. A block with
    `too_large` holds only the first bytes of one line above `MAX_ROW_BYTES`.
    """

    data: bytes
    offset: int
    too_large: bool = False


_PAYLOAD_BYTES = 1200


def blocks(
    chunks: Iterable[bytes],
    *,
    start: int = 0,
    end: int = -1,
    block_bytes: int = TARGET_BYTES,
    max_line_bytes: int = MAX_ROW_BYTES,
) -> Iterator[Block]:
    """Yields the lines that start in the bytes [start, end), in blocks.

    A block has about `block_bytes`, or one line. No more is held than a block, a
    chunk and the longest line allowed.

    `chunks` are the file's bytes, from 0, or from `start` - 1 if `start` is not 0: a
    line starts at `start` only if a line feed stands before it. An `end` of -1 is the
    end of the file.
    """
    pending = bytearray()
    offset = max(start - 1, 0)
    skipping = start > 0
    chunks = iter(chunks)
    first = next(chunks, b"")
    if (whole := _in_one(first, start, end)) is not None:
        if whole.data:
            yield whole
        return
    source = _UntilDamage(itertools.chain([first], chunks))
    for chunk in source:
        if skipping:
            cut = chunk.find(b"\n") + 1
            if not cut:
                offset += len(chunk)
                if 0 <= end <= offset:
                    return
                continue
            chunk, offset, skipping = chunk[cut:], offset + cut, False
        if 0 <= end <= offset:
            return
        pending += chunk
        last = _last_cut(pending, offset, end, len(chunk), block_bytes)
        if last:
            yield from _cut(pending, last, offset, max_line_bytes)
            offset += last
            del pending[:last]
        elif len(pending) > max_line_bytes and b"\n" not in pending:
            yield Block(bytes(pending[:_PAYLOAD_BYTES]), offset, too_large=True)
            offset += len(pending)
            pending.clear()
            skipping = True
    # Of a file that ends in damage, the last line is not whole.
    rest = pending.rfind(b"\n") + 1 if source.damage else len(pending)
    if rest and not (0 <= end <= offset):
        yield from _cut(pending, rest, offset, max_line_bytes)
    if source.damage:
        raise source.damage


def _in_one(chunk: bytes, start: int, end: int) -> Block | None:
    """Returns the range as one block, if the first chunk holds it whole.

    The usual case of a byte range, with one copy of the bytes instead of three.
    """
    offset = max(start - 1, 0)
    if end < 0 or offset + len(chunk) < end:
        return None
    first = chunk.find(b"\n") + 1 if start else 0
    last = chunk.find(b"\n", max(end - 1 - offset, 0)) + 1
    if not last or (start and not first):
        return None
    if offset + first >= end:
        return Block(b"", offset)
    return Block(chunk[first:last], offset + first)


class _UntilDamage:
    """Chunks up to where a file cannot be read; what came before is used first."""

    def __init__(self, chunks: Iterable[bytes]):
        self._chunks = chunks
        self.damage: DamagedFileError | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except DamagedFileError as error:
            self.damage = error


def _last_cut(
    pending: bytearray, offset: int, end: int, fresh: int, block_bytes: int
) -> int:
    """Returns how many bytes of `pending` are lines to yield now; 0 to read on."""
    if 0 <= end <= offset + len(pending):
        return pending.find(b"\n", max(end - 1 - offset, 0)) + 1
    if len(pending) < block_bytes:
        return 0
    return pending.rfind(b"\n", max(len(pending) - fresh, 0)) + 1


def _cut(
    pending: bytearray, last: int, offset: int, max_line_bytes: int
) -> Iterator[Block]:
    data = bytes(memoryview(pending)[:last])
    if last <= max_line_bytes:
        yield Block(data, offset)
        return
    for line in io.BytesIO(data):
        too_large = len(line) > max_line_bytes
        yield Block(line[:_PAYLOAD_BYTES] if too_large else line, offset, too_large)
        offset += len(line)


def spans(data: bytes) -> tuple[Offsets, Offsets]:
    """Returns where each line of `data` starts and ends, without blank lines.

    Ends are exclusive and come before the line feed. Lines are blank if they hold
    nothing, or one carriage return.
    """
    feeds = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.int64)
    unended = bool(data) and not data.endswith(b"\n")
    ends = np.append(feeds, len(data)) if unended else feeds
    starts = np.empty_like(ends)
    starts[:1] = 0
    starts[1:] = ends[:-1] + 1
    keep = ends > starts
    array = np.frombuffer(data, np.uint8)
    lone = np.flatnonzero(ends - starts == 1)
    keep[lone] = array[starts[lone]] != ord("\r")
    return starts[keep], ends[keep]
