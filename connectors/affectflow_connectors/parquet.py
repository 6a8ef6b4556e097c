"""ReadParquet: Parquet files by row groups, with a mapping of columns."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import MAX_ROWS, TARGET_BYTES
from affectflow.kinds.source import TO_THE_END, File, Split
from affectflow.registry import Card
from affectflow.sources.coerce import strings
from affectflow.sources.files import MappedSource
from affectflow.sources.listing import open_binary
from affectflow.sources.mapping import Field, check_fields
from affectflow.sources.rows import RawColumns, utterances
from affectflow.sources.streams import DamagedFileError
from affectflow_connectors.jsonl import origins

_SPLIT_BYTES = 64 << 20
_TIMES = ("timestamp", "edited_at")


@dataclass(kw_only=True)
class ReadParquet(MappedSource):
    """Reads Parquet files, a few row groups at a time."""

    card: ClassVar[Card] = Card(summary="Parquet, with a mapping of your columns")
    files_stand_alone: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def split_file(self, file: File) -> list[Split]:
        try:
            sizes = _row_group_sizes(file.uri)
        except DamagedFileError:
            # Reading it will fail as well, and report it in a row.
            return super().split_file(file)
        return [
            Split(file.uri, start, end, file.size) for start, end in _grouped(sizes)
        ]

    def read_split(self, split: Split) -> Iterator[pa.RecordBatch]:
        defaults = self.defaults(split.uri)
        with open_binary(split.uri) as opened:
            file = _opened(opened, split.uri)
            end = file.num_row_groups if split.end == TO_THE_END else split.end
            for group in range(split.start, end):
                for place, batch in _batches(file, group, self.fields, split.uri):
                    raw = _raw_of(batch, place, split.uri, self.fields)
                    yield from utterances(raw, defaults)

    def check_head(self, uri: str, head: bytes) -> None:
        with open_binary(uri) as opened:
            try:
                names = _opened(opened, uri).schema_arrow.names
            except DamagedFileError:
                return
        check_fields(self.fields, self.mapping or {}, names, uri)

    @classmethod
    def recognises(cls, name: str, head: bytes) -> float:
        return 1.0 if head.startswith(b"PAR1") else 0.0


def _opened(opened: Any, uri: str) -> Any:
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(opened, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _damaged(error, uri) from error


def _damaged(error: Exception, uri: str) -> Exception:
    if isinstance(error, OSError) and error.errno is not None:
        return error  # the disk or the network, not the file
    return DamagedFileError(f"{uri!r} is damaged: {error}; fetch the file again")


def _row_group_sizes(uri: str) -> list[int]:
    with open_binary(uri) as opened:
        meta = _opened(opened, uri).metadata
        return [meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)]


def _grouped(sizes: list[int]) -> Iterator[tuple[int, int]]:
    """Yields ranges of row groups of about `_SPLIT_BYTES`, at least one each."""
    start, total = 0, 0
    for number, size in enumerate(sizes):
        if number > start and total + size > _SPLIT_BYTES:
            yield start, number
            start, total = number, 0
        total += size
    if sizes:
        yield start, len(sizes)


def _batches(
    file: Any, group: int, fields: Sequence[Field], uri: str
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yields batches of a row group, and the number of their first row, from 1."""
    meta = file.metadata
    sizes = [meta.row_group(i).num_rows for i in range(group)]
    place = sum(sizes) + 1
    rows = meta.row_group(group).num_rows
    width = max(meta.row_group(group).total_byte_size // max(rows, 1), 1)
    names = set(file.schema_arrow.names)
    wanted = {f.path if f.path in names else f.parts[0] for f in fields} & names
    batches = file.iter_batches(
        batch_size=max(min(TARGET_BYTES // width, MAX_ROWS), 1),
        row_groups=[group],
        columns=sorted(wanted),
    )
    for batch in _guarded(batches, uri):
        yield place, batch
        place += batch.num_rows


def _guarded(batches: Iterator[Any], uri: str) -> Iterator[Any]:
    while True:
        try:
            batch = next(batches, None)
            if batch is not None:
                batch.validate(full=True)  # its texts may not be UTF-8
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _damaged(error, uri) from error
        if batch is None:
            return
        yield batch


def _raw_of(
    batch: pa.RecordBatch, place: int, uri: str, fields: Sequence[Field]
) -> RawColumns:
    count = batch.num_rows
    columns = {}
    for field in fields:
        column = _at(batch, field)
        if column is not None:
            columns[field.target] = _readable(column, field.target)
    numbers = list(itertools.islice(itertools.count(place), count))

    def payload(row: int) -> str:
        return str(batch.slice(row, 1).to_pylist()[0])

    return RawColumns(columns, origins(uri, numbers), [], payload)


def _at(batch: pa.RecordBatch, field: Field) -> pa.Array | None:
    if field.constant is not None:
        return strings([field.constant] * batch.num_rows)
    if field.path in batch.schema.names:
        return batch.column(field.path)
    column = None
    for part in field.parts:
        if column is None:
            names = batch.schema.names
            column = batch.column(part) if part in names else None
        elif pa.types.is_struct(column.type) and column.type.get_field_index(part) >= 0:
            column = pc.struct_field(column, part)
        else:
            return None
        if column is None:
            return None
    return column


def _readable(column: pa.Array, target: str) -> pa.Array:
    """Returns a column as text; times stay times where a time is wanted."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    type_ = column.type
    if target in _TIMES and (pa.types.is_timestamp(type_) or pa.types.is_date(type_)):
        return column
    if pa.types.is_string(type_):
        return column
    if pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        return column.cast(pa.string())
    if pa.types.is_integer(type_) or pa.types.is_boolean(type_):
        return column.cast(pa.string())
    if pa.types.is_temporal(type_) or pa.types.is_decimal(type_):
        return column.cast(pa.string())
    return strings(column.to_pylist())
