"""ReadJsonl: one JSON object per line, with a mapping of fields to columns."""

import contextlib
import difflib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.errors import UsageError
from affectflow.kinds.source import File, Split
from affectflow.registry import Card
from affectflow.sources.encodings import (
    encoding_of_json,
    json_in_utf8,
    json_notices,
)
from affectflow.sources.files import MappedSource, is_plain, ranges
from affectflow.sources.json_columns import (
    Parsed,
    columns_of,
    parse_lines,
    record_of,
)
from affectflow.sources.json_path import EACH, parts_of, shape_of, values_at
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
    HEAD_BYTES,
    DamagedFileError,
    decompressed_head,
    plain_head,
    read_chunks,
    text_chunks,
    unmarked_encoding,
    why_unmarked,
)

BOM = b"\xef\xbb\xbf"
# Beyond its end, a byte range holds the rest of its last line: so much is read with it.
_OVERHANG = 64 << 10
_LOOKED_AT = 20
_BRACKETS = (b"[", b"]", b",")


@dataclass(kw_only=True)
class ReadJsonl(MappedSource):
    """Reads JSON Lines: one object per line, plain or compressed.

    Lines may end in commas, and stand between brackets. Files that hold one JSON array
    of objects, or objects over several lines, work as well, in one piece. A damaged
    line is a dead row; the lines around it are read.

    Args:
      records: the path to the list of messages, if it is inside an object:
        names with dots between them, `*` for every member (`data.items`, `posts.*`).
    """

    records: str = ""

    card: ClassVar[Card] = Card(summary="JSON Lines, with a mapping of your fields")
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")

    def __post_init__(self) -> None:
        super().__post_init__()
        parts_of(self.records)

    def split_file(self, file: File) -> list[Split]:
        if not self.records and is_plain(file) and _is_lines(file):
            return ranges(file)
        return super().split_file(file)

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        size = CHUNK_BYTES if split.end < 0 else split.end - split.start + _OVERHANG
        chunks = text_chunks(split.uri, max(split.start - 1, 0), size)
        first = next(chunks, b"")
        chunks = itertools.chain([first], chunks)
        defaults = self.defaults(split.uri)
        if self.records or (split.start == 0 and not by_lines(first)):
            found = self._values(json_in_utf8(chunks, split.uri))
            yield from read_values(found, split.uri, self.fields, defaults)
            return
        for block in blocks(chunks, start=split.start, end=split.end):
            yield from read_block(block, split.uri, self.fields, defaults)

    def _values(self, chunks: Iterable[bytes]) -> Iterator[Found]:
        needed = next((f for f in self.fields if f.target == "utterance_id"), None)

        def looks_whole(record: Any) -> bool:
            if needed is None or not isinstance(record, dict):
                return False
            return value_at(record, needed) is not None

        if self.records:
            return values_at(chunks, parts_of(self.records), looks_whole)
        return values(chunks, looks_whole)

    def check_head(self, uri: str, head: bytes) -> None:
        if encoding := unmarked_encoding(head):
            raise UsageError(why_unmarked(encoding, uri))
        if self.records:
            records = self._records_of(uri)
        else:
            self._check_not_inside(uri, head)
            records = [found for found in _first_records(head) if found]
        if not records:
            return
        present = list(dict.fromkeys(key for record in records for key in record))
        given = [
            f for f in self.fields if any(value_at(r, f) is not None for r in records)
        ]
        # A mapped field may come later in the file; one that no mapping names may not.
        mapped = [f for f in self.fields if f.target in (self.mapping or {})]
        check_named([*given, *mapped], present, uri)

    def notices(self) -> list[str]:
        """Returns which of the first files of the paths are read as Windows-1252."""
        return json_notices(self.files(pattern)[0].uri for pattern in self.patterns)

    def _check_not_inside(self, uri: str, head: bytes) -> None:
        """Raises UsageError if the messages are in a list inside of an object."""
        if starts_array(head):
            return
        names, lists = shape_of(head)
        lists = [path for path in lists if EACH not in path]
        wanted = [f for f in self.fields if f.target in ("utterance_id", "text")]
        if lists and not any(f.path in names or f.parts[0] in names for f in wanted):
            there = f"; lists here: {', '.join(lists[:5])}" if len(lists) > 1 else ""
            raise UsageError(
                f"{uri!r} holds its messages in a list inside an object; type --source "
                f"jsonl --records {lists[0]}{there}"
            )

    def _records_of(self, uri: str) -> list[dict[str, Any]]:
        """Returns the first records that `records` leads to.

        Raises:
          UsageError: it leads nowhere; names the lists that are there.
        """
        found = []
        with contextlib.suppress(DamagedFileError):
            for each in itertools.islice(self._values(read_chunks(uri)), _LOOKED_AT):
                found.append(each.value)
        if found:
            return [value for value in found if isinstance(value, dict)]
        lists = shape_of(plain_head(uri)).lists
        near = difflib.get_close_matches(self.records, lists, n=1)
        hint = f"did you mean --records {near[0]}? " if near else ""
        there = ", ".join(lists[:5]) or "none"
        raise UsageError(
            f"--records {self.records} matches nothing in {uri!r}; {hint}lists at the "
            f"beginning of the file: {there}"
        )

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        # The signs of JSON are the same in all encodings; its texts do not matter.
        head = _as_utf8(decompressed_head(head), "latin-1")
        named = bare_name(name).endswith((".jsonl", ".ndjson"))
        if not head.strip():
            return 0.5 if named else 0.0
        if starts_array(head):
            return 0.5 if _first_records(head) else 0.0
        good = len(_first_records(head))
        if not good:
            is_object = head.removeprefix(BOM).lstrip()[:1] == b"{"
            inside = 0.4 if is_object and shape_of(head).lists else 0.0
            return 0.3 if named and is_object else inside
        if not by_lines(head):
            return 0.5
        return 0.8 if named else 0.7


def starts_array(data: bytes) -> bool:
    """Returns whether a JSON text starts with an array."""
    return data.removeprefix(BOM).lstrip()[:1] == b"["


def by_lines(head: bytes) -> bool:
    """Returns whether a file holds one JSON value a line, by its first bytes.

    It does not if it is an array, or if a value of its first line goes on in the next.
    """
    if starts_array(head):
        return False
    lines = _clean(head[:HEAD_BYTES].removeprefix(BOM)).lstrip().split(b"\n", 1)
    if len(lines) == 1:
        return True
    try:
        json.loads(lines[0].decode("utf-8", "replace"), strict=False)
    except RecursionError:
        return True
    except ValueError as error:
        text = lines[0].decode("utf-8", "replace").rstrip()
        inside_a_string = getattr(error, "msg", "").startswith("Unterminated")
        return inside_a_string or getattr(error, "pos", 0) < len(text)
    return True


def _is_lines(file: File) -> bool:
    with open_binary(file.uri) as opened:
        return by_lines(opened.read(HEAD_BYTES))


def _first_records(head: bytes, most: int = _LOOKED_AT) -> list[dict[str, Any]]:
    """Returns the first objects of a file that are whole."""
    if not by_lines(head):
        return _first_values(head, most)
    records = []
    for line in _clean(head.removeprefix(BOM)).splitlines()[:most]:
        with contextlib.suppress(RefusedError):
            records.append(record_of(line))
    return records


def _first_values(head: bytes, most: int) -> list[dict[str, Any]]:
    found = []
    with contextlib.suppress(DamagedFileError):
        for each in itertools.islice(values(iter([head]), lambda record: True), most):
            if each.error_type:
                break  # the cut, or damage
            found.append(each.value)
    return [value for value in found if isinstance(value, dict)]


def _clean(data: bytes) -> bytes:
    """Returns lines without their final commas; nothing moves."""
    if data.endswith(b"},"):
        data = data[:-1] + b" "
    if b"},\n" not in data and b"},\r\n" not in data:
        return data
    return data.replace(b"},\n", b"} \n").replace(b"},\r\n", b"} \r\n")


def _have_commas(data: bytes, ends: Offsets) -> bool:
    """Returns whether any line ends in a comma: to search for one takes longer."""
    import numpy as np

    array = np.frombuffer(data, np.uint8)
    last = array[ends - 1]
    returns = ends[(last == ord("\r")) & (ends > 1)]
    return bool((last == ord(",")).any() or (array[returns - 2] == ord(",")).any())


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
    starts, ends = spans(data)
    if _have_commas(data, ends):
        data = _clean(data)
    starts, ends = without_blanks(data, starts, ends)
    if not len(starts):
        return
    places = starts + block.offset
    parsed = parse_lines(data, (starts, ends), fields, defaults.step)
    if _has_other_bytes(parsed) and (encoding := encoding_of_json(uri)):
        data, starts, ends = _recoded(data, starts, ends, encoding)
        parsed = parse_lines(data, (starts, ends), fields, defaults.step)
    raw = RawColumns(
        parsed.columns,
        origins(uri, places),
        parsed.errors,
        lambda row: data[int(starts[row]) : int(ends[row])],
    )
    yield from utterances(raw, defaults)


def _has_other_bytes(parsed: Parsed) -> bool:
    """Returns whether a line was refused because it is not UTF-8."""
    errors = (each[0]["error_type"] for each in parsed.errors if each)
    return "invalid_utf8" in errors


def _recoded(
    data: bytes, starts: Offsets, ends: Offsets, encoding: str
) -> tuple[bytes, Offsets, Offsets]:
    """Returns the lines with all of them as UTF-8, and where they are now."""
    import numpy as np

    pairs = zip(starts.tolist(), ends.tolist(), strict=True)
    lines = [_as_utf8(data[start:end], encoding) for start, end in pairs]
    after = np.cumsum([len(line) + 1 for line in lines], dtype=np.int64)
    sizes = np.array([len(line) for line in lines], np.int64)
    return b"\n".join(lines), after - 1 - sizes, after - 1


def _as_utf8(line: bytes, encoding: str) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode(encoding, "replace").encode()
    return line


def without_blanks(
    data: bytes, starts: Offsets, ends: Offsets
) -> tuple[Offsets, Offsets]:
    """Returns the spans without those of white space, or of one bracket, only."""
    import numpy as np

    keep = np.ones(len(starts), bool)
    first = np.frombuffer(data, np.uint8)[starts]
    for row in np.flatnonzero(first != ord("{")):
        line = data[int(starts[row]) : int(ends[row])].strip(b" \t\r")
        keep[row] = bool(line) and line not in _BRACKETS
    return starts[keep], ends[keep]


def origins(uri: str, places: Any) -> pa.Array:
    """Returns `<uri>#<place>` for each place."""
    numbers = pa.array(places).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar(uri), numbers, "#")


# -- arrays, and objects over several lines ------------------------------------------


def read_values(
    found: Iterable[Found], uri: str, fields: Sequence[Field], defaults: Defaults
) -> Iterator[pa.RecordBatch]:
    """Yields the objects of a stream of JSON values as rows."""
    for group in grouped(found, lambda each: 3 * each.size):
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
