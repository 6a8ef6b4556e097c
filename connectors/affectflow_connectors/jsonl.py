"""ReadJsonl: one JSON object per line, with a mapping of fields to columns."""

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.kinds.source import File, Split
from affectflow.registry import Card
from affectflow.sources.files import MappedSource, is_plain, ranges
from affectflow.sources.json_columns import columns_of, parse_lines, record_of
from affectflow.sources.json_stream import Found, values
from affectflow.sources.lines import Block, Offsets, blocks, spans
from affectflow.sources.listing import bare_name, open_binary
from affectflow.sources.mapping import Field, check_named, value_at
from affectflow.sources.rows import (
    Defaults,
    RawColumns,
    RefusedError,
    batch_of_rows,
    errors_of,
    grouped,
    too_large_row,
    utterances,
)
from affectflow.sources.streams import (
    CHUNK_BYTES,
    DamagedFileError,
    decompressed_head,
    read_chunks,
)

BOM = b"\xef\xbb\xbf"
# Beyond its end, a byte range holds the rest of its last line: so much is read with it.
_OVERHANG = 64 << 10


@dataclass(kw_only=True)
class ReadJsonl(MappedSource):
    """Reads JSON Lines: one object per line, plain or compressed.

    Files that hold one JSON array of objects work as well, in one piece. A damaged
    line is a dead row; its neighbours live.
    """

    card: ClassVar[Card] = Card(summary="JSON Lines, with a mapping of your fields")
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")

    def split_file(self, file: File) -> list[Split]:
        if is_plain(file) and not _is_array(file):
            return ranges(file)
        return super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        size = CHUNK_BYTES if split.end < 0 else split.end - split.start + _OVERHANG
        chunks = read_chunks(split.uri, max(split.start - 1, 0), size)
        first = next(chunks, b"")
        chunks = itertools.chain([first], chunks)
        defaults = self.defaults(split.uri)
        if split.start == 0 and starts_array(first):
            yield from read_array(chunks, split.uri, self.fields, defaults)
            return
        for block in blocks(chunks, start=split.start, end=split.end):
            yield from read_block(block, split.uri, self.fields, defaults)

    def check_head(self, uri: str, head: bytes) -> None:
        records = [found for found in _first_records(head) if found]
        if not records:
            return
        present = list(dict.fromkeys(key for record in records for key in record))
        given = [
            f for f in self.fields if any(value_at(r, f) is not None for r in records)
        ]
        # A mapped field may come later in the file; one that nobody named may not.
        mapped = [f for f in self.fields if f.target in (self.mapping or {})]
        check_named([*given, *mapped], present, uri)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        head = decompressed_head(head)
        named = bare_name(name).endswith((".jsonl", ".ndjson"))
        if not head.strip():
            return 0.5 if named else 0.0
        if starts_array(head):
            return 0.5 if _first_records(head) else 0.0
        good = len(_first_records(head))
        if not good:
            return 0.3 if named and head.lstrip(BOM).lstrip()[:1] == b"{" else 0.0
        return 0.8 if named else 0.7


def starts_array(data: bytes) -> bool:
    """Returns whether a JSON text starts with an array."""
    return data.removeprefix(BOM).lstrip()[:1] == b"["


def _is_array(file: File) -> bool:
    with open_binary(file.uri) as opened:
        return starts_array(opened.read(4096))


def _first_records(head: bytes, most: int = 20) -> list[dict[str, Any]]:
    """Returns the first objects of a file that are whole."""
    if starts_array(head):
        return list(itertools.islice(_records_before_the_cut(head), most))
    records = []
    for line in head.removeprefix(BOM).splitlines()[:most]:
        try:
            records.append(record_of(line))
        except RefusedError:
            continue
    return records


def _records_before_the_cut(head: bytes) -> Iterator[dict[str, Any]]:
    with contextlib.suppress(DamagedFileError):  # a head need not hold the whole array
        for found in values([head], bool):
            if isinstance(found.value, dict):
                yield found.value


def read_block(
    block: Block, uri: str, fields: Sequence[Field], defaults: Defaults
) -> Iterator[pa.RecordBatch]:
    """Yields the rows of a block of lines; damaged lines are dead rows."""
    if block.too_large:
        row = too_large_row(block, uri, defaults.step, defaults.source)
        yield batch_of_rows([row])
        return
    data = block.data
    if block.offset == 0 and data.startswith(BOM):
        data = b"   " + data[len(BOM) :]
    starts, ends = without_blanks(data, *spans(data))
    if not len(starts):
        return
    parsed = parse_lines(data, (starts, ends), fields, defaults.step)
    raw = RawColumns(
        parsed.columns,
        origins(uri, starts + block.offset),
        parsed.errors,
        lambda row: data[int(starts[row]) : int(ends[row])],
    )
    yield from utterances(raw, defaults)


def without_blanks(
    data: bytes, starts: Offsets, ends: Offsets
) -> tuple[Offsets, Offsets]:
    """Returns the spans without those of white space only."""
    import numpy as np

    keep = np.ones(len(starts), bool)
    first = np.frombuffer(data, np.uint8)[starts]
    for row in np.flatnonzero(first <= ord(" ")):
        keep[row] = bool(data[int(starts[row]) : int(ends[row])].strip(b" \t\r"))
    return starts[keep], ends[keep]


def origins(uri: str, places: Any) -> pa.Array:
    """Returns `<uri>#<place>` for each place."""
    numbers = pa.array(places).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar(uri), numbers, "#")


# -- arrays ------------------------------------------------------------------------


def read_array(
    chunks: Iterable[bytes], uri: str, fields: Sequence[Field], defaults: Defaults
) -> Iterator[pa.RecordBatch]:
    """Yields the objects of a JSON array as rows."""
    needed = next((f for f in fields if f.target == "utterance_id"), None)

    def looks_whole(record: dict[str, Any]) -> bool:
        return needed is not None and value_at(record, needed) is not None

    for group in grouped(values(chunks, looks_whole), lambda found: 3 * found.size):
        yield from utterances(_raw_of(group, uri, fields, defaults), defaults)


def _raw_of(
    group: list[Found], uri: str, fields: Sequence[Field], defaults: Defaults
) -> RawColumns:
    errors = [
        errors_of(defaults.step, *found.refused(), found.raw)
        if not isinstance(found.value, dict)
        else None
        for found in group
    ]
    records = [found.value if isinstance(found.value, dict) else {} for found in group]
    columns = columns_of(records, [error is not None for error in errors], fields)
    places = [found.number for found in group]
    return RawColumns(columns, origins(uri, places), errors, lambda r: group[r].raw)
