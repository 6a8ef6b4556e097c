"""FileSource: what all sources that read files have in common."""

import abc
import contextlib
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar

import pyarrow as pa

from affectflow.batches.batch import TARGET_BYTES
from affectflow.errors import UsageError
from affectflow.kinds.source import TO_THE_END, File, Source, Split, recognised
from affectflow.registry import kebab
from affectflow.sources.archives import is_archive, is_member, member_uri, members
from affectflow.sources.decompress import compression
from affectflow.sources.listing import (
    bare_name,
    list_files,
    open_binary,
    plain_bytes,
)
from affectflow.sources.magic import binary_kind, why_not_text
from affectflow.sources.mapping import Field, parse_mapping
from affectflow.sources.rows import LISTENED_TO, Defaults, batch_of_rows, dead_row
from affectflow.sources.streams import (
    DamagedFileError,
    plain_head,
    wide_encoding,
)
from affectflow.sources.whole_columns import FileColumns, Listener
from affectflow.sources.withheld import without_deleted, without_private
from affectflow.storage import COMPRESSED


@dataclass(kw_only=True)
class FileSource(Source, abc.ABC):
    """Reads files; every row becomes an utterance, or a dead row with the reason.

    It works without Beam, too: `for split in source.splits(path)`, then
    `source.read(split)` yields batches of `schemas.SOURCE_BATCH`.

    Args:
      paths: paths, globs, folders or fsspec URLs; one, or several.
      source_name: prefix of all ids, and the column `source`. Empty: the plugin's
        name on the command line (`jsonl`).
      include_private: private and direct messages are read, too; without it they are
        counted and left out.
      keep_deleted: the text of deleted messages is kept; without it it is empty.
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    """Endings of the names that are taken from a folder, compressed or not."""

    paths: Sequence[str] | str
    source_name: str = ""
    include_private: bool = False
    keep_deleted: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.source_name = self.source_name or kebab(type(self).__name__)
        if not self.patterns:
            raise UsageError("no path given; give a path, a glob or an fsspec URL")
        if not all(map(str.strip, self.patterns)):
            raise UsageError("a path is empty; is a shell variable unset?")

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
        """Returns the files that one of the paths means; an archive is a folder.

        Raises:
          UsageError: nothing matches.
        """
        listed = self.stored(pattern)
        found = [each for file in listed for each in self._unpacked(file)]
        if not found:
            wanted, archive = ", ".join(self.suffixes), listed[0].uri
            raise UsageError(
                f"no {wanted} file in archive {archive!r}; name its files as "
                f"{member_uri('NAME', archive)!r}"
            )
        return [file for file in found if self.has_messages(file.uri)] or found

    def stored(self, pattern: str) -> list[File]:
        """Returns the files of a path as they are stored: no archive is opened.

        Raises:
          UsageError: nothing matches.
        """
        listed = list_files(pattern, self.suffixes)
        return [
            file
            for file in listed
            if is_archive(file.uri) or self.has_messages(file.uri)
        ] or listed

    def unread(self, pattern: str) -> list[File]:
        if not self.skipped:
            return self.files(pattern)
        left = [file for file in self.stored(pattern) if file.uri not in self.skipped]
        found = (each for file in left for each in self._unpacked(file))
        return [file for file in found if self.has_messages(file.uri)]

    def has_messages(self, name: str) -> bool:
        """Returns whether a file of an export may hold messages, by its name.

        Args:
          name: of the file, with the folders that it is in.
        """
        return True

    def _unpacked(self, file: File) -> list[File]:
        """Returns the files of an archive that this source takes, or the file itself.

        An archive that does not open is a file, whose reading says why.
        """
        if not is_archive(file.uri):
            return [file]
        try:
            found = members(file.uri, self._takes)
        except DamagedFileError:
            return [file]
        return [File(uri, size, plain_bytes(uri, size)) for uri, size in found]

    def _takes(self, name: str) -> bool:
        return bare_name(name).endswith(self.suffixes)

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        """Yields the rows of one piece, in order.

        A file that cannot be read to the end gives the rows before the damage, and
        one dead row that says so.
        """
        try:
            if is_archive(split.uri):
                members(split.uri, self._takes)  # says what is wrong with it
            yield from map(self._handed_on, self.read_split(split))
        except DamagedFileError as error:
            row = dead_row(
                self.step, self.source_name, split.uri, (error.error_type, str(error))
            )
            yield batch_of_rows([row])

    def _handed_on(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if not self.include_private:
            batch = without_private(batch, self.step)
        return batch if self.keep_deleted else without_deleted(batch)

    @abc.abstractmethod
    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        """Yields the rows of one piece; may raise `DamagedFileError` at its end."""

    def check(self) -> None:
        """Checks, cheaply, that the files are there and belong to this source.

        Raises:
          UsageError: a path matches nothing, or its first file looks like another
            source; says what to do.
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


@dataclass(kw_only=True)
class MappedSource(FileSource, abc.ABC):
    """Reads files whose fields are mapped to columns by the caller.

    Args:
      mapping: column of `utterances` to field: `{"text": "body", "utterance_id":
        "id"}`. A field is a name, a dotted path into nested objects (`user.login`),
        or a constant in single quotes (`'reddit'`). `attrs.NAME` keeps a field under
        that name. Fields named as a column are taken without being mapped; others
        are left out.

      day_first: whether dates such as `03/04/2016` begin with their day. If none, the
        whole column of a file decides: one date such as `27/11/2016` decides for all.
        If nothing decides, or dates disagree, the doubtful ones are counted, not read.

    Without `conversation_id`, a message belongs to the conversation named after the
    message that it answers (`reply_to`), or after itself.
    """

    mapping: dict[str, str] | None = None
    day_first: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mapping = dict(self.mapping or {})
        parse_mapping(self.mapping)
        self._told: dict[str, Listener] = {}
        self._listener: Listener | None = None

    @cached_property
    def fields(self) -> list[Field]:
        """The mapping, read."""
        return parse_mapping(self.mapping or {})

    def defaults(self, uri: str) -> Defaults:
        """Returns what the rows of a file have in common; `read_split` starts with it.

        It knows the columns of the whole file, where a piece alone cannot tell.
        """
        columns = self._listener or FileColumns(
            partial(self._listened, uri), self.day_first
        )
        return Defaults(self.step, self.source_name, columns=columns)

    def _listened(self, uri: str) -> Listener:
        """Returns what the columns of a file tell, which is read whole, but once."""
        if uri not in self._told:
            reader = copy.copy(self)
            reader._listener = self._told[uri] = Listener()
            reader.fields = [f for f in self.fields if f.target in LISTENED_TO]
            with contextlib.suppress(DamagedFileError):
                for _ in reader.read_split(Split(uri, 0, TO_THE_END, 0)):
                    pass
        return self._told[uri]


def ranges(file: File, size: int = TARGET_BYTES) -> list[Split]:
    """Returns byte ranges of about `size` that make up a file of lines.

    A file of one range is read to its end: its bytes may be compressed, whatever its
    name says, and more will come out than go in.
    """
    if file.size <= size:
        return [Split(file.uri, 0, TO_THE_END, file.size)] if file.size else []
    return [
        Split(file.uri, start, min(start + size, file.size), file.size)
        for start in range(0, file.size, size)
    ]


def is_plain(file: File) -> bool:
    """Returns whether a file can be read from its middle.

    Files of one range are read whole anyway; their first bytes tell then.
    """
    if is_member(file.uri):
        return False
    if file.size == 0 or file.uri.partition("::")[0].lower().endswith(COMPRESSED):
        return False
    if file.size <= TARGET_BYTES:
        return True
    with open_binary(file.uri) as opened:
        head = opened.read(8)
    return not (compression(head) or wide_encoding(head))


def check_looks(source: type[FileSource], uri: str, head: bytes) -> None:
    """Checks that a file does not look like one of another source.

    Raises:
      UsageError: it does; names the other source.
    """
    if source.recognises(uri, head) >= 0.3:
        return
    other, confidence = recognised(uri, head)
    if other is not None and confidence >= 0.6 and other is not source:
        own, name = kebab(source.__name__), kebab(other.__name__)
        raise UsageError(f"{uri!r} looks like {name}, not {own}; type --source {name}")
    if kind := binary_kind(head):
        raise UsageError(why_not_text(kind, uri))
