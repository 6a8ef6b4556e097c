"""ReadGit: messages of commits."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from affectflow.kinds.source import TO_THE_END, File, Split
from affectflow.registry import Card
from affectflow.sources.chat_text import lines_of_text
from affectflow.sources.fields import Record
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.lines import blocks
from affectflow.sources.rows import RefusedError, Row, dead_row, in_batches
from affectflow.sources.streams import (
    DamagedFileError,
    decompressed_head,
    json_head,
    plain_head,
    text_chunks,
)
from affectflow.sources.zipped import is_zip
from affectflow_connectors.git.commits import SITE, Commit, commit_row
from affectflow_connectors.git.log import commits_of_log
from affectflow_connectors.git.patches import START, commits_of_patches
from affectflow_connectors.git.records import commit_of
from affectflow_connectors.git.repository import (
    check_dulwich,
    commits_of_repository,
    is_repository,
    packed_bytes,
)
from affectflow_connectors.git.stream import commits_of_stream

# Of the objects of a repository, messages are a small part.
_MESSAGES_SHARE = 32
_LOG = re.compile(
    rb"(?:\x1b\[[0-9;]*m|[*|\\/_ .-])*commit [0-9a-f]{7,64}\b[^\n]*\n"
    rb"(?:[^\n]*\n){0,40}?(?:\x1b\[[0-9;]*m|[*|\\/_ .-])*(?:Author: |author )"
)
_STREAM = re.compile(rb"(?:feature done\n)?(?:blob|reset refs/\S+|commit refs/\S+)\n")
_RECORDS = (
    (b'"AuthorDate"', b'"CommitDate"', b'"commit"', b'"parents"'),
    (b'"sha"', b'"commit"', b'"committer"', b'"tree"', b'"parents"', b'"comments_url"'),
    (b'"short_id"', b'"authored_date"', b'"parent_ids"', b'"message"'),
)
_BEGINS_RECORD = re.compile(
    rb'\s*\[?\s*\{\s*"(?:sha|commit|id|Author|AuthorDate|url|node_id|short_id)"'
)
_Found = tuple[Commit | RefusedError, int]


@dataclass(kw_only=True)
class ReadGit(JsonSource):
    """Reads messages of commits; each is a conversation, and its author the speaker.

    Reads what `git log` writes, in any of its own formats but `oneline`, with lists of
    files and differences or without; streams of `git fast-export --show-original-ids`;
    files of `git format-patch`; commits as JSON, of Perceval and of the interfaces of
    GitHub and GitLab; and the folder of a repository, for which it needs the extra
    `git`. No command is run.

    Trailers (`Signed-off-by`) are attributes; what git writes itself (`Revert "..."`,
    `Merge branch ...`) is a quote.
    """

    card: ClassVar[Card] = Card(
        summary="git: messages of commits, out of logs, patches and repositories",
        example="affectflow ingest log.txt --source git --to lake  "
        "# git log --all --format=fuller --numstat > log.txt",
        terms="a message is its author's, mostly under the repository's licence: name "
        "repository and commit where you quote",
    )
    suffixes: ClassVar[tuple[str, ...]] = (
        *(".log", ".txt", ".gitlog", ".patch", ".mbox", ".json", *LINES, ".zip"),
    )
    site: ClassVar[str] = SITE

    def files(self, pattern: str) -> list[File]:
        if not is_repository(pattern):
            return super().files(pattern)
        size = packed_bytes(pattern)
        return [File(pattern, size, size // _MESSAGES_SHARE)]

    def split_file(self, file: File) -> list[Split]:
        if _is_read_whole(file.uri):
            return [Split(file.uri, 0, TO_THE_END, file.size)]
        return super().split_file(file)

    def check(self) -> None:
        files = [path for path in self.patterns if not is_repository(path)]
        if len(files) < len(self.patterns):
            check_dulwich()
            if files:
                replace(self, paths=files).check()
        else:
            super().check()

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        if _is_read_whole(split.uri):
            yield from in_batches(self._commits(split.uri))
        else:
            yield from super().read_split(split)

    def rows(self, record: Record, where: str) -> Iterator[Row]:
        yield commit_row(commit_of(record))

    def looks_whole(self, record: object) -> bool:
        return isinstance(record, dict) and ("commit" in record or "short_id" in record)

    def _commits(self, uri: str) -> Iterator[Row]:
        """Yields the commits of a file that is not JSON, or of a repository."""
        for found, place in _read(uri):
            origin = f"{uri}#{place}"
            try:
                if isinstance(found, RefusedError):
                    raise found
                yield commit_row(found) | {"origin": origin}
            except RefusedError as error:
                why = (error.error_type, str(error))
                dead = dead_row(self.step, self.source_name, origin, why)
                yield error.row | {"text": None} | dead

    @classmethod
    def takes_folder(cls, path: str) -> bool:
        return is_repository(path)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        if records := json_head(head):
            begins = _BEGINS_RECORD.match(records.removeprefix(b"\xef\xbb\xbf"))
            known = any(all(m in records for m in marks) for marks in _RECORDS)
            return 0.96 if begins and known else 0.0
        kind = _kind(decompressed_head(head))
        return {"patches": 0.98, "": 0.0}.get(kind, 0.96)


def _is_read_whole(uri: str) -> bool:
    """Returns whether it is a repository, or a file of anything but JSON."""
    return is_repository(uri) or not (is_zip(uri) or json_head(plain_head(uri)))


def _kind(head: bytes) -> str:
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if START.match(head.partition(b"\n")[0]):
        return "patches"
    if _STREAM.match(head):
        return "stream"
    return "log" if _LOG.match(head) else ""


def _read(uri: str) -> Iterator[_Found]:
    if is_repository(uri):
        commits = commits_of_repository(uri)
        yield from zip(commits, itertools.count(1), strict=False)
        return
    kind = _kind(plain_head(uri))
    chunks = text_chunks(uri)
    if kind == "stream":
        yield from commits_of_stream(chunks)
    elif kind == "patches":
        yield from commits_of_patches(_lines(chunks))
    elif kind == "log":
        yield from commits_of_log(_texts(chunks))
    else:
        next(chunks, b"")  # raises what is wrong with a file that does not open
        raise DamagedFileError(
            f"{uri!r} is neither a log of git, nor a stream or patch of it; write one "
            "with: git log --all --format=fuller --numstat > log.txt"
        )


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks(chunks):
        yield from block.data.splitlines(keepends=True)


def _texts(chunks: Iterable[bytes]) -> Iterator[str]:
    for block in blocks(chunks):
        yield from lines_of_text(block.data.removesuffix(b"\n"))
