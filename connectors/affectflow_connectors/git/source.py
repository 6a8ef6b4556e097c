"""ReadGit: commit messages."""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import pyarrow as pa

from affectflow.kinds.source import TO_THE_END, File, Split
from affectflow.registry import Card
from affectflow.sources.archives import is_archive
from affectflow.sources.chat_text import decoded
from affectflow.sources.fields import Record
from affectflow.sources.files import is_plain, ranges
from affectflow.sources.json_source import LINES, JsonSource
from affectflow.sources.line_records import records
from affectflow.sources.rows import RefusedError, Row, dead_row, in_batches
from affectflow.sources.streams import (
    DamagedFileError,
    decompressed_head,
    json_head,
    plain_head,
    read_chunks,
)
from affectflow_connectors.git import log, patches
from affectflow_connectors.git.commits import SITE, Commit, commit_row
from affectflow_connectors.git.log import begins_commit, is_drawn
from affectflow_connectors.git.patches import START, begins_patch
from affectflow_connectors.git.records import commit_of
from affectflow_connectors.git.repository import (
    check_dulwich,
    commits_of_repository,
    is_repository,
    packed_bytes,
)
from affectflow_connectors.git.stream import commits_of_stream

# Messages are a small part of the objects of a repository.
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
    """Reads commit messages; each is a conversation, and its author the speaker.

    Reads what `git log` writes, in any of its own formats except `oneline`, with or
    without file lists and diffs; streams of `git fast-export --show-original-ids`;
    files of `git format-patch`; commits as JSON, from Perceval and the APIs of GitHub
    and GitLab; and the folder of a repository, for which it needs the extra `git`. No
    command is run.

    Trailers (`Signed-off-by`) are attributes; what git writes itself (`Revert "..."`,
    `Merge branch ...`) is a quote.
    """

    card: ClassVar[Card] = Card(
        summary="git: commit messages from logs, patches and repositories",
        example="affectflow ingest log.txt --source git --to lake  "
        "# git log --all --format=fuller --numstat > log.txt",
        terms="a message belongs to its author, usually under the repository's "
        "licence: name the repository and commit when you quote",
    )
    suffixes: ClassVar[tuple[str, ...]] = (
        *(".log", ".txt", ".gitlog", ".patch", ".mbox", ".json", *LINES, ".zip"),
    )
    site: ClassVar[str] = SITE

    def stored(self, pattern: str) -> list[File]:
        if not is_repository(pattern):
            return super().stored(pattern)
        size = packed_bytes(pattern)
        return [File(pattern, size, size // _MESSAGES_SHARE)]

    def split_file(self, file: File) -> list[Split]:
        kind = _kind_of(file.uri)
        if kind == "json":
            return super().split_file(file)
        if kind in ("log", "patches") and is_plain(file):
            return ranges(file)
        return [Split(file.uri, 0, TO_THE_END, file.size)]

    def check(self) -> None:
        files = [path for path in self.patterns if not is_repository(path)]
        if len(files) < len(self.patterns):
            check_dulwich()
            if files:
                replace(self, paths=files).check()
        else:
            super().check()

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        kind = _kind_of(split.uri)
        if kind == "json":
            yield from super().read_split(split)
        else:
            yield from in_batches(self._commits(_read(split, kind), split.uri))

    def rows(self, record: Record, where: str) -> Iterator[Row]:
        yield commit_row(commit_of(record))

    def looks_whole(self, record: object) -> bool:
        return isinstance(record, dict) and ("commit" in record or "short_id" in record)

    def _commits(self, commits: Iterable[_Found], uri: str) -> Iterator[Row]:
        for found, place in commits:
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


def _kind_of(uri: str) -> str:
    """Returns what kind of git input a file or folder is; empty if it is none."""
    if is_repository(uri):
        return "repository"
    if is_archive(uri):
        return "json"
    head = plain_head(uri)
    return "json" if json_head(head) else _kind(head)


def _kind(head: bytes) -> str:
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if START.match(head.partition(b"\n")[0]):
        return "patches"
    if _STREAM.match(head):
        return "stream"
    return "log" if _LOG.match(head) else ""


def _read(split: Split, kind: str) -> Iterator[_Found]:
    """Yields the commits of a piece, and their positions."""
    uri = split.uri
    if kind == "repository":
        yield from zip(commits_of_repository(uri), itertools.count(1), strict=False)
    elif kind == "stream":
        yield from commits_of_stream(read_chunks(uri))
    elif kind == "patches":
        for record in records(split, begins_patch):
            if record.begun:
                yield patches.commit_of(record.lines), record.offset
    elif kind == "log":
        drawn = is_drawn(plain_head(uri))
        for record in records(split, lambda line, _: begins_commit(line, drawn)):
            if record.begun:
                lines = [decoded(line.rstrip(b"\r\n")) for line in record.lines]
                yield log.commit_of(lines), record.offset
    else:
        # Raises the error of a file that does not open.
        next(iter(read_chunks(uri)), b"")
        raise DamagedFileError(
            f"{uri!r} is not a git log, a fast-export stream or a patch; write a log "
            "with: git log --all --format=fuller --numstat > log.txt"
        )
