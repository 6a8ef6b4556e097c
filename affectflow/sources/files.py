"""FileSource: what all sources that read files have in common."""

import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import apache_beam as beam
import pyarrow as pa

from affectflow.batches.batch import TARGET_BYTES
from affectflow.errors import UsageError
from affectflow.kinds.transform import Transform
from affectflow.registry import kebab, surest_source
from affectflow.schemas import SOURCE_BATCH
from affectflow.sources.listing import (
    COMPRESSED,
    File,
    joined,
    list_files,
    open_binary,
    plain_bytes,
    together,
)
from affectflow.sources.mapping import Field, parse_mapping
from affectflow.sources.rows import batch_of_rows, dead_row
from affectflow.sources.streams import DamagedFileError, compression, plain_head

TO_THE_END = -1


class Split(NamedTuple):
    """A piece of one file that is read on its own; what is shuffled.

    `start` and `end` are bytes of a line file, or row groups of a Parquet file; an
    `end` of -1 is the end of the file. `size` is that of the file, in bytes.
    """

    uri: str
    start: int
    end: int
    size: int


FileTuple = tuple[str, int]
SplitTuple = tuple[str, int, int, int]


@dataclass(kw_only=True)
class FileSource(Transform, abc.ABC):
    """Reads files; every row becomes an utterance, or a dead row with the reason.

    Works without Beam, too: `for split in source.splits(path)`, then
    `source.read(split)` yields batches of `schemas.SOURCE_BATCH`.

    Args:
      paths: paths, globs, folders or fsspec URLs; one, or several.
      source_name: prefix of all ids, and the column `source`. Empty: the plugin's
        name on the command line (`jsonl`).
    """

    provides: ClassVar[pa.Schema] = SOURCE_BATCH
    suffixes: ClassVar[tuple[str, ...]] = ()
    """Endings of the names that are taken from a folder, compressed or not."""

    paths: Sequence[str] | str
    source_name: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.source_name = self.source_name or kebab(type(self).__name__)
        if not self.patterns:
            raise UsageError("no path given; give a path, a glob or an fsspec URL")

    @property
    def patterns(self) -> list[str]:
        """The paths, always as a list."""
        paths = [self.paths] if isinstance(self.paths, str) else self.paths
        return [str(path) for path in paths]

    @property
    def step(self) -> str:
        """The name under which this source refuses rows."""
        return type(self).__name__

    def files(self, pattern: str) -> list[File]:
        """Returns the files that one of the paths means.

        Raises:
          UsageError: nothing matches.
        """
        return list_files(pattern, self.suffixes)

    def input_bytes(self) -> int:
        """Returns about how many bytes there are to read, decompressed.

        Files are listed, not opened. A lake is sized for this before its first ingest.

        Raises:
          UsageError: a path matches nothing.
        """
        files = {file for pattern in self.patterns for file in self.files(pattern)}
        return sum(map(plain_bytes, files))

    def splits(self, path: str) -> list[Split]:
        """Returns the pieces of all files that `path` means, in order."""
        return [split for file in self.files(path) for split in self.split_file(file)]

    def split_file(self, file: File) -> list[Split]:
        """Returns the pieces of one file, in order."""
        return [Split(file.uri, 0, TO_THE_END, file.size)]

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        """Yields the rows of one piece, in order.

        A file that cannot be read to its end gives the rows before the damage, and
        one dead row that says so.
        """
        try:
            yield from self.read_split(split)
        except DamagedFileError as error:
            row = dead_row(
                self.step, self.source_name, split.uri, (error.error_type, str(error))
            )
            yield batch_of_rows([row])

    @abc.abstractmethod
    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        """Yields the rows of one piece; may raise `DamagedFileError` at its end."""

    @classmethod
    @abc.abstractmethod
    def recognises(cls, name: str, head: bytes) -> float:
        """Returns how sure it is, 0 to 1, that a file is of this source.

        Args:
          name: the name of the file, or its URI.
          head: its first bytes, 64 KB of them or all; compressed or not.
        """

    def check(self) -> None:
        """Looks, cheaply, whether the files are there and of this source.

        Raises:
          UsageError: a path matches nothing, or its first file looks like another
            source; names the cure.
        """
        for pattern in self.patterns:
            files = self.files(pattern)
            first = next((file for file in files if file.size), files[0])
            head = plain_head(first.uri)
            if head:
                check_looks(type(self), first.uri, head)
                self.check_head(first.uri, head)

    def check_head(self, uri: str, head: bytes) -> None:
        """Looks at the first bytes of a file, for what only this source knows."""

    def expand(self, pbegin: Any) -> Any:
        return (
            pbegin
            | "Paths" >> beam.Create(self.patterns).with_output_types(str)
            | "List" >> beam.ParDo(_ListFn(self)).with_output_types(list[FileTuple])
            | "SpreadFiles" >> beam.Reshuffle()
            | "Split" >> beam.ParDo(_SplitFn(self)).with_output_types(list[SplitTuple])
            | "SpreadSplits" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(_ReadFn(self)).with_output_types(pa.RecordBatch)
        )


class _ListFn(beam.DoFn):
    def __init__(self, source: FileSource):
        self._source = source

    def process(self, element: str) -> Iterator[list[FileTuple]]:
        for files in together(self._source.files(element)):
            yield [(file.uri, file.size) for file in files]


class _SplitFn(beam.DoFn):
    def __init__(self, source: FileSource):
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
    def __init__(self, source: FileSource):
        self._source = source

    def process(self, element: list[SplitTuple]) -> Iterator[pa.RecordBatch]:
        splits = (Split(*each) for each in element)
        batches = (batch for split in splits for batch in self._source.read(split))
        yield from joined(batches) if len(element) > 1 else batches


@dataclass(kw_only=True)
class MappedSource(FileSource, abc.ABC):
    """Reads files whose fields are mapped to columns by the caller.

    Args:
      mapping: column of `utterances` to field: `{"text": "body", "utterance_id":
        "id"}`. A field is a name, a dotted way into nested objects (`user.login`),
        or a constant in single quotes (`'reddit'`). `attrs.NAME` keeps a field under
        that name. Fields named as a column are taken without being mapped; others
        are left out.

    Without `conversation_id`, a message belongs to the conversation named after the
    message that it answers (`reply_to`), or after itself.
    """

    mapping: dict[str, str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mapping = dict(self.mapping or {})
        parse_mapping(self.mapping)

    @cached_property
    def fields(self) -> list[Field]:
        """The mapping, read."""
        return parse_mapping(self.mapping or {})


def ranges(file: File, size: int = TARGET_BYTES) -> list[Split]:
    """Returns byte ranges of about `size` that make up a file of lines."""
    return [
        Split(file.uri, start, min(start + size, file.size), file.size)
        for start in range(0, file.size, size)
    ]


def is_plain(file: File) -> bool:
    """Returns whether a file can be read from its middle.

    Files of one range are read whole anyway; their first bytes tell then.
    """
    if file.size == 0 or file.uri.partition("::")[0].lower().endswith(COMPRESSED):
        return False
    if file.size <= TARGET_BYTES:
        return True
    with open_binary(file.uri) as opened:
        return not compression(opened.read(8))


def check_looks(source: type[FileSource], uri: str, head: bytes) -> None:
    """Checks that a file does not look like one of another source.

    Raises:
      UsageError: it does; names the other source.
    """
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(
            f"{uri!r} is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 IN > OUT"
        )
    if source.recognises(uri, head) >= 0.3:
        return
    other, confidence = surest_source(uri, head)
    if confidence >= 0.6 and other is not source:
        own, name = kebab(source.__name__), kebab(other.__name__)
        raise UsageError(f"{uri!r} looks like {name}, not {own}; type --source {name}")
