"""ReadStackExchange: questions, answers and comments of Stack Exchange's sites."""

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from affectflow.errors import MissingExtraError
from affectflow.kinds.source import File, Split
from affectflow.registry import Card
from affectflow.sources.decompress import bounded
from affectflow.sources.files import is_plain, ranges
from affectflow.sources.json_source import LINES, JsonSource, lines_of
from affectflow.sources.lines import blocks
from affectflow.sources.listing import bare_name, open_binary
from affectflow.sources.rows import (
    RefusedError,
    Row,
    dead_row,
    errors_of,
    in_batches,
    too_large_row,
)
from affectflow.sources.servers import host_of
from affectflow.sources.streams import (
    DamagedFileError,
    TruncatedFileError,
    decompressed_head,
    json_head,
    read_chunks,
)
from affectflow_connectors.stack_exchange.dump import ENDS, parse_line
from affectflow_connectors.stack_exchange.messages import (
    SITE,
    row_of_dump,
    rows_of_api,
    site_of,
)

_PACKED = b"7z\xbc\xaf\x27\x1c"
_TABLES = ("posts.xml", "comments.xml")
_ROOTS = re.compile(
    rb"<(?:posts|comments|posthistory|tags|users|votes|badges|postlinks)>\s*<row Id=\""
)
_API = (b'"quota_max"', b'"creation_date"', b'"owner"', b'"answer_count"', b'"post_id"')
_IDS = (b'"question_id"', b'"answer_id"', b'"comment_id"')


@dataclass(kw_only=True)
class ReadStackExchange(JsonSource):
    """Reads the data dump of Stack Exchange, and pages of its API.

    Takes `Posts.xml` and `Comments.xml`, also in the `.7z` they come in, which needs
    the extra `archives`; other tables are counted, not read. HTML becomes text with
    code, quotes and lists as Markdown.

    Args:
      site_name: which site it is, such as `stackoverflow.com`: part of every id, and
        the container. Empty: taken from the links in a page of the API, or from the
        name of a folder or archive; else the folder's name is used.
    """

    card: ClassVar[Card] = Card(
        summary="Stack Exchange: data dump (XML, 7z) and pages of the API",
        terms="CC BY-SA (version in attrs.licence): quote with a link to the post, its "
        "author's name and the licence, and share alike",
    )
    site: ClassVar[str] = SITE
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".xml", ".7z", ".json", *LINES)
    lines: ClassVar[tuple[str, ...]] = (".xml", *LINES)

    site_name: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.site_name.strip().lower()
        self.site_name = host_of(given) or given.strip("/")

    def rows(self, record: Any, where: str) -> Iterable[Row | RefusedError]:
        linked = not self.site_name
        return rows_of_api(record, self._site(where), linked=linked)

    def notices(self) -> list[str]:
        firsts = (self.files(pattern)[0].uri for pattern in self.patterns)
        dumps = [uri for uri in firsts if bare_name(uri).endswith((".xml", ".7z"))]
        sites = [site for uri in dumps if "." not in (site := self._site(uri))]
        if not sites or self.site_name:
            return []
        return [
            f"no folder or archive is named after a site, so ids contain {sites[0]!r}; "
            "name the site, such as --set site_name=stackoverflow.com"
        ]

    def looks_whole(self, record: Any) -> bool:
        known = ("items", "question_id", "answer_id", "comment_id")
        return isinstance(record, dict) and any(name in record for name in known)

    def split_file(self, file: File) -> list[Split]:
        if bare_name(file.uri).endswith(".xml") and is_plain(file):
            return ranges(file)
        return super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        name = bare_name(split.uri)
        if name.endswith(".7z"):
            yield from in_batches(self._of_archive(split.uri))
        elif name.endswith(".xml"):
            chunks = read_chunks(split.uri, max(split.start - 1, 0))
            yield from in_batches(self._of_dump(split, chunks))
        else:
            yield from super().read_split(split)

    def _site(self, where: str) -> str:
        return self.site_name or site_of(where.partition("#")[0]) or "unknown"

    def _of_dump(self, split: Split, chunks: Iterable[bytes]) -> Iterator[Row]:
        site, last = self._site(split.uri), b""
        for block in blocks(chunks, start=split.start, end=split.end):
            if block.too_large:
                yield too_large_row(block, split.uri, self.step, self.source_name)
                continue
            for line, origin in lines_of(block, split.uri):
                last = line
                yield from self._of_dump_line(line, origin, site)
        at_end = split.end < 0 or split.end == split.size
        if at_end and last and not ENDS.search(last):
            raise TruncatedFileError(
                f"{split.uri!r} ends before its table does; the rows before the end "
                "were read; fetch the file again"
            )

    def _of_dump_line(self, line: bytes, origin: str, site: str) -> Iterator[Row]:
        try:
            parsed = parse_line(line.decode())
        except UnicodeDecodeError as error:
            why = f"not UTF-8 at byte {error.start} of the line"
            yield self._dead(RefusedError(why, "invalid_utf8"), origin, line)
            return
        for given in parsed.rows:
            try:
                yield row_of_dump(given, site) | {"origin": origin}
            except RefusedError as error:
                yield self._dead(error, origin, line)
        if parsed.damage:
            yield self._dead(RefusedError(parsed.damage, "invalid_xml"), origin, line)

    def _dead(self, error: RefusedError, origin: str, line: bytes) -> Row:
        if not error.row:
            why = (error.error_type, str(error))
            return dead_row(self.step, self.source_name, origin, why, line)
        errors = errors_of(self.step, error.error_type, str(error), line)
        return error.row | {"text": None, "origin": origin, "errors": errors}

    def _of_archive(self, uri: str) -> Iterator[Row]:
        for name, chunks in _members(uri):
            if bare_name(name) in _TABLES:
                # The site is the archive's; a name inside is never a path.
                split = Split(f"{uri}#{bare_name(name)}", 0, -1, 0)
                yield from self._of_dump(split, chunks)
            elif bare_name(name).endswith(".xml"):
                why = ("not_an_utterance", f"{bare_name(name)}: it has no messages")
                yield dead_row(self.step, self.source_name, uri, why)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        if head.startswith(_PACKED):
            return 0.9 if "." in (site_of(name) or "") else 0.0
        if _ROOTS.search(head[:500]):
            return 0.97
        head = json_head(head)
        marks = sum(mark in head for mark in _API)
        return 0.95 if marks >= 2 and any(each in head for each in _IDS) else 0.0


def _members(uri: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yields names and bytes of the files in a 7z archive, in its order."""
    try:
        import libarchive
    except (ImportError, OSError, AttributeError, TypeError) as error:
        raise MissingExtraError(
            f"{uri!r} is a 7z archive: pip install 'affectflow[archives]' and the "
            "system's libarchive, or unpack it with 7z x"
        ) from error
    with open_binary(uri) as opened:
        size = opened.seek(0, io.SEEK_END)
        opened.seek(0)
        try:
            with libarchive.stream_reader(opened) as archive:
                for entry in archive:
                    if entry.isfile:
                        unpacked = bounded(entry.get_blocks(), uri, lambda: size)
                        yield entry.pathname, unpacked
        except libarchive.exception.ArchiveError as error:
            raise DamagedFileError(
                f"{uri!r} cannot be unpacked: {error}; fetch it again"
            ) from error
