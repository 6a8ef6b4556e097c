"""Source and Sink: where messages come from, and where they go.

Most sources read files: see `affectflow.sources` for `FileSource` and `JsonSource`. The
check of a source is `affectflow.testing.check_source`.
"""

import abc
import warnings
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, NamedTuple

import apache_beam as beam
import pyarrow as pa

from affectflow import registry
from affectflow.batches.batch import joined
from affectflow.errors import LeftOutWarning, PluginImportError, UnknownPluginError
from affectflow.kinds.transform import Transform
from affectflow.schemas import SOURCE_BATCH

TO_THE_END = -1
TOGETHER_FILES = 64
TOGETHER_BYTES = 1 << 20
"""Size below which a file is small, decompressed; the most that is read together."""


class File(NamedTuple):
    """One file, or what a source treats as one: its address, and its size in bytes.

    `plain_size` is its approximate size in bytes, decompressed; 0 if unknown.
    """

    uri: str
    size: int
    plain_size: int = 0


class Split(NamedTuple):
    """A piece of one file that is read on its own; what is shuffled.

    `start` and `end` are bytes of a line file, or row groups of a Parquet file; an
    `end` of -1 is the end of the file. `size` is that of the file, in bytes.
    """

    uri: str
    start: int
    end: int
    size: int


FileTuple = tuple[str, int, int]
SplitTuple = tuple[str, int, int, int]


class Source(Transform, abc.ABC):
    """Reads something in pieces; every row becomes an utterance, or a dead row.

    Files matching `patterns` are listed on a worker, cut into splits, and read. A
    source that reads no files gives one pattern and implements only `read`. Its class
    name starts with `Read`; the rest, in kebab case, is what `--source` takes.
    """

    provides: ClassVar[pa.Schema] = SOURCE_BATCH
    files_stand_alone: ClassVar[bool] = False
    """Whether each file is read independently of all others, whatever its name."""
    skipped: frozenset[str] = frozenset()
    """Addresses of stored files that are not read: they have not changed since."""

    @property
    @abc.abstractmethod
    def patterns(self) -> list[str]:
        """What is read: paths, globs or URLs; a lake must not lie in one of them."""

    @abc.abstractmethod
    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        """Yields the rows of one piece, in order, as batches of `SOURCE_BATCH`."""

    def files(self, pattern: str) -> list[File]:
        """Returns the files that match one of the patterns.

        Raises:
          UsageError: nothing matches.
        """
        return [File(pattern, 0)]

    def unread(self, pattern: str) -> list[File]:
        """Returns the files of a pattern except those that are skipped."""
        return self.files(pattern)

    def stands_alone(self, uri: str) -> bool:
        """Returns whether a stored file is read independently of all others.

        Only such a file can be skipped while others are read again: if this
        is false, as it is unless a source says otherwise, all are skipped or none.

        Args:
          uri: of the file; an archive is one.
        """
        return self.files_stand_alone

    def split_file(self, file: File) -> list[Split]:
        """Returns the pieces of one file, in order."""
        return [Split(file.uri, 0, TO_THE_END, file.size)]

    def splits(self, pattern: str) -> list[Split]:
        """Returns the pieces of all files that a pattern means, in order."""
        return [s for file in self.files(pattern) for s in self.split_file(file)]

    def check(self) -> None:
        """Checks cheaply whether there is something to read.

        Raises:
          UsageError: there is not; the message says how to fix it.
        """

    def notices(self) -> list[str]:
        """Returns, cheaply, what is read differently from expected, one line each."""
        return []

    def reads_beside(self, name: str) -> bool:
        """Returns whether a file without messages is read for what it says about them.

        Args:
          name: of the file, without its folders: `channels.json`.
        """
        return False

    def input_bytes(self) -> int:
        """Returns roughly how many bytes there are to read, decompressed; 0 if unknown.

        Files are listed, not opened. A lake is sized for this before its first ingest.
        """
        files = {file for pattern in self.patterns for file in self.files(pattern)}
        return sum(file.plain_size for file in files)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        """Returns how certain it is, 0 to 1, that a file belongs to this source.

        Args:
          name: the name of the file, or its URI.
          head: its first bytes, 64 KB of them or all; compressed or not.
        """
        return 0.0

    @classmethod
    def takes_folder(cls, path: str) -> bool:
        """Returns whether a folder is a single input, such as a repository.

        The files of other folders are examined one by one.
        """
        return False

    def expand(self, pbegin: Any) -> Any:
        """Wires: list, spread, split, spread, read."""
        return (
            pbegin
            | "Paths" >> beam.Create(self.patterns).with_output_types(str)
            | "List" >> beam.ParDo(_ListFn(self)).with_output_types(list[FileTuple])
            | "SpreadFiles" >> beam.Reshuffle()
            | "Split" >> beam.ParDo(_SplitFn(self)).with_output_types(list[SplitTuple])
            | "SpreadSplits" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadFn(self)).with_output_types(pa.RecordBatch)
        )


class Sink(Transform, abc.ABC):
    """The end of a pipeline: writes its rows."""


class _ListFn(beam.DoFn):
    def __init__(self, source: Source):
        self._source = source

    def process(self, element: str) -> Iterator[list[FileTuple]]:
        for files in together(self._source.unread(element)):
            yield [(file.uri, file.size, file.plain_size) for file in files]


class _SplitFn(beam.DoFn):
    def __init__(self, source: Source):
        self._source = source

    def process(self, element: list[FileTuple]) -> Iterator[list[SplitTuple]]:
        files = (File(*each) for each in element)
        splits: list[SplitTuple] = [
            (split.uri, split.start, split.end, split.size)
            for file in files
            for split in self._source.split_file(file)
        ]
        yield from [splits] if len(element) > 1 else ([split] for split in splits)


class _ReadFn(beam.DoFn):
    def __init__(self, source: Source):
        self._source = source

    def process(self, element: list[SplitTuple]) -> Iterator[pa.RecordBatch]:
        splits = (Split(*each) for each in element)
        batches = (batch for split in splits for batch in self._source.read(split))
        yield from joined(batches) if len(element) > 1 else batches


def together(files: Iterable[File]) -> Iterator[list[File]]:
    """Yields neighbouring small files together, large ones and unknown sizes alone.

    >>> small, large = File("a", 10, 10), File("b", 5 << 20, 5 << 20)
    >>> [len(group) for group in together([small, small, large, small])]
    [2, 1, 1]
    """
    pending: list[File] = []
    size = 0
    for file in files:
        more = file.plain_size or TOGETHER_BYTES
        if pending and (size + more > TOGETHER_BYTES or len(pending) == TOGETHER_FILES):
            yield pending
            pending, size = [], 0
        pending.append(file)
        size += more
    if pending:
        yield pending


def recognised(name: str, head: bytes) -> tuple[type[Source] | None, float]:
    """Returns the installed source most certain of a file, and its certainty, 0..1.

    The source is None if none can read it.

    Args:
      name: of the file.
      head: its first 64 KB, or all of it.
    """
    sure = candidates(name, head)
    return sure[0] if sure and sure[0][1] > 0 else (None, 0.0)


def candidates(name: str, head: bytes) -> list[tuple[type[Source], float]]:
    """Returns the installed sources and their certainty about a file, highest first.

    Sources that do not import, or whose name two distributions claim, are left out;
    `affectflow plugins` lists them. A source that fails on this file has certainty 0; a
    warning names it.

    Args:
      name: of the file.
      head: its first 64 KB, or all of it.
    """
    sure = [
        (_sureness(plugin, name, head), each, plugin) for each, plugin in _installed()
    ]
    ranked = sorted(sure, key=lambda found: found[:2], reverse=True)
    return [(plugin, confidence) for confidence, _, plugin in ranked]


def folder_source(path: str) -> type[Source] | None:
    """Returns the installed source that treats a folder as a single input, if any."""
    return next((each for _, each in _installed() if each.takes_folder(path)), None)


def _installed() -> Iterator[tuple[str, type[Source]]]:
    """Yields names and classes of the sources that import."""
    for each in registry.names("connectors"):
        try:
            plugin = registry.load("connectors", each)
        except (PluginImportError, UnknownPluginError):
            continue
        if isinstance(plugin, type) and issubclass(plugin, Source):
            yield each, plugin


def _sureness(plugin: type[Source], name: str, head: bytes) -> float:
    try:
        return plugin.recognises(name, head)
    except Exception as error:  # a plugin may fail in any way
        own = plugin.__name__
        warnings.warn(
            f"source left out: {own} failed to look at {name!r}: {error!r}; try it "
            f"with: affectflow plugins test {own} --set paths=FILE",
            LeftOutWarning,
            stacklevel=2,
        )
        return 0.0
