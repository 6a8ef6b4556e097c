"""A sample of what a source would read, and its share of the whole."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import pyarrow as pa
from fsspec import AbstractFileSystem, register_implementation
from fsspec.core import url_to_fs

from affectflow.errors import UsageError
from affectflow.kinds.source import Source

COUNTED = "affectflow-counted"
"""A file system protocol that wraps another and counts the bytes read."""


class _CountedFile:
    """A file that adds the bytes read from it to a count."""

    def __init__(self, inner: Any):
        self._inner = inner

    def read(self, size: int = -1) -> bytes:
        found = bytes(self._inner.read(size))
        CountedFileSystem.bytes_read += len(found)
        CountedFileSystem.last_read = len(found)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __enter__(self) -> "_CountedFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()


class CountedFileSystem(AbstractFileSystem):
    """Passes calls to the underlying file system; for one thread at a time."""

    protocol = COUNTED
    cachable = False
    bytes_read: ClassVar[int] = 0
    last_read: ClassVar[int] = 0

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return path.removeprefix(f"{COUNTED}://")

    def _open(self, path: str, mode: str = "rb", **rest: Any) -> Any:
        fs, inner = url_to_fs(path)
        return _CountedFile(fs.open(inner, mode))


@dataclass
class SourceSample:
    """Batches that a source read, and their share of its input.

    Args:
      files: of the whole input.
      splits: of the whole input, about.
      size: of the whole input, bytes.
      seconds: that reading the sample took.
      cold_seconds: that the very first batch took beyond that.
      bytes_read: of the input that the sample stands for.
      batches: as the source gives them.
    """

    files: int = 0
    splits: int = 0
    size: int = 0
    seconds: float = 0.0
    cold_seconds: float = 0.0
    bytes_read: float = 0.0
    batches: list[pa.RecordBatch] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows of the sample, refused ones among them."""
        return sum(batch.num_rows for batch in self.batches)

    @property
    def scale(self) -> float:
        """How many times larger than the sample the whole input is; at least 1."""
        return max(1.0, self.size / self.bytes_read) if self.bytes_read else 0.0


class _Piece(NamedTuple):
    """A split, and the number of bytes of its file that it represents."""

    split: Any
    size: float


def sample_source(source: Any, *, rows: int, seconds: float) -> SourceSample:
    """Returns roughly a number of rows, spread over a source's files.

    Args:
      source: lists files and splits, as all that read files do.
      rows: wanted; a piece that can only be read whole may give more.
      seconds: after which no further piece is begun, and this one is left.

    Raises:
      UsageError: the source does not read files, or finds none.
    """
    if not isinstance(source, Source):
        raise UsageError(
            f"{type(source).__name__} does not read files, so it cannot be planned; "
            "`affectflow plan` works for sources that read files"
        )
    files = [file for each in source.patterns for file in source.unread(each)]
    found = SourceSample(files=len(files), size=sum(file.size for file in files))
    until = time.perf_counter() + seconds
    pieces: list[int] = []
    first, cold = 0, 0.0
    for piece in _pieces(source, files, pieces):
        if not found.batches:
            first, cold = _first_batch(source, piece)
        _read(source, piece, found, rows, until)
        if found.rows >= rows or time.perf_counter() > until:
            break
    found.cold_seconds = max(0.0, cold - found.seconds * first / max(1, found.rows))
    found.splits = max(len(files), round(sum(pieces) / len(pieces) * len(files)))
    return found


def _pieces(source: Any, files: list[Any], counts: list[int]) -> Iterator[_Piece]:
    """Yields one piece of each file, then the rest, in random order."""
    chance, later = random.Random(0), []
    for file in chance.sample(files, len(files)):
        splits = source.split_file(file)
        counts.append(len(splits))
        lengths = [max(0, split.end - split.start) or 1 for split in splits]
        whole = sum(lengths)
        pieces = [
            _Piece(split, file.size * length / whole)
            for split, length in zip(splits, lengths, strict=True)
        ]
        chance.shuffle(pieces)
        yield from pieces[:1]
        later += pieces[1:]
    yield from later


def _first_batch(source: Any, piece: _Piece) -> tuple[int, float]:
    """Returns the rows of the first batch, and its seconds, imports included."""
    begun = time.perf_counter()
    batch = next(iter(source.read(piece.split)), None)
    return batch.num_rows if batch else 0, time.perf_counter() - begun


def _read(
    source: Any, piece: _Piece, found: SourceSample, rows: int, until: float
) -> None:
    """Reads a piece to its end, unless it is the only piece of a long file."""
    split, is_counted = _counted(piece.split)
    begun, pace = time.perf_counter(), _Pace()
    CountedFileSystem.bytes_read = 0
    taken: list[pa.RecordBatch] = []
    for batch in source.read(split):
        taken.append(batch)
        pace.note(CountedFileSystem.bytes_read)
        enough = found.rows + sum(b.num_rows for b in taken) >= rows
        # If a file has several pieces, they are short and always read to the end.
        late = piece.split.end < 0 and time.perf_counter() > until
        if late or (is_counted and enough and pace.is_steady):
            # Nothing can be counted in an archive; columns are about as long as the
            # text.
            done = pace.bytes_done if is_counted else sum(b.nbytes for b in taken)
            found.bytes_read += min(done, piece.size)
            break
    else:
        found.bytes_read += piece.size
    found.batches += taken
    found.seconds += time.perf_counter() - begun


class _Pace:
    """How many of the bytes read have come out as rows.

    Files are read in chunks: one chunk may give many batches, or several chunks one.
    """

    def __init__(self) -> None:
        self._read = 0
        self._of_each: list[int] = []

    def note(self, bytes_read: int) -> None:
        """Records how much was read when a batch came out."""
        if bytes_read > self._read or not self._of_each:
            self._of_each.append(0)
        self._of_each[-1] += 1
        self._read = bytes_read

    @property
    def is_steady(self) -> bool:
        """Whether at least two chunks have produced rows."""
        return len(self._of_each) > 2

    @property
    def bytes_done(self) -> float:
        """Roughly how many bytes came out as rows; the last chunk only did in part."""
        *before, now = self._of_each
        usual = max(now, sum(before) / len(before) if before else now)
        return self._read - CountedFileSystem.last_read * (1 - (now - 0.5) / usual)


def _counted(split: Any) -> tuple[Any, bool]:
    """Returns a split whose bytes are counted; one of several of a file is not."""
    if split.end >= 0 or "::" in split.uri:
        return split, False
    register_implementation(COUNTED, CountedFileSystem, clobber=True)
    return split._replace(uri=f"{COUNTED}://{split.uri}"), True
