"""What the lake holds of a bucket, before an ingest adds to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.lake.tables import by_bucket, stem
from affectflow.lake.tombstones import Tombstones, tombstones
from affectflow.schemas import UTTERANCES, fields
from affectflow.storage import in_threads


@dataclass(frozen=True)
class Known:
    """What a worker asks a lake once, before it writes buckets.

    If the lake changes in the meantime, the commit merges the bucket again.
    """

    paths: Mapping[int, list[str]]
    """Paths of the parts of each bucket."""
    stones: Tombstones
    skipped: frozenset[str] = frozenset()
    """Addresses of files that are not read again."""

    @classmethod
    def read(cls, lake: Lake, skipped: frozenset[str] = frozenset()) -> "Known":
        paths = by_bucket(list(lake.committed("utterances")))
        return cls(paths, tombstones(lake), skipped)


@dataclass
class Held:
    """What the lake holds of a bucket: paths of its parts, and a row an utterance."""

    paths: list[str]
    rows: pa.Table

    @classmethod
    def read(cls, lake: Lake, paths: list[str]) -> "Held":
        columns = ["utterance_id", "conversation_id", "content_hash", "edited_at"]
        read = in_threads(
            lambda path: read_file(lake.storage, "utterances", path, columns), paths
        )
        rows = pa.concat_tables([fields(UTTERANCES, *columns).empty_table(), *read])
        named = [pa.repeat(path, len(of)) for path, of in zip(paths, read, strict=True)]
        rows = rows.append_column("path", pa.chunked_array(named, pa.string()))
        return cls(paths, rows.combine_chunks())


def compare(new: pa.RecordBatch, old: Held) -> pa.Array:
    """Returns for each new row: fresh, changed or unchanged.

    One of another conversation than the lake's is fresh: `find_twins` tells which of
    the two stays.
    """
    where = pc.index_in(
        new.column("utterance_id"), value_set=old.rows.column("utterance_id")
    )
    known = old.rows.take(pc.fill_null(where, 0)) if old.rows.num_rows else None
    if known is None:
        return pa.array(["fresh"] * new.num_rows, pa.string())
    same = pc.equal(new.column("content_hash"), _array(known, "content_hash"))
    stays = pc.or_(same, _older(new.column("edited_at"), _array(known, "edited_at")))
    judged = pc.if_else(stays, "unchanged", "changed")
    placed = pc.equal(new.column("conversation_id"), _array(known, "conversation_id"))
    return pc.if_else(pc.and_(pc.is_valid(where), placed), judged, "fresh")


def _older(edited: pa.Array, known: pa.Array) -> pa.Array:
    """Returns which versions are older than the known; unedited ones are oldest."""
    never = pc.and_(pc.is_null(edited), pc.is_valid(known))
    return pc.or_(never, pc.fill_null(pc.less(edited, known), False))


def _array(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name).combine_chunks()
    return pa.concat_arrays(column.chunks) if hasattr(column, "chunks") else column


def said_as_before(rows: pa.RecordBatch, old: Held) -> pa.RecordBatch:
    """Returns the rows that say what the lake has: an older version may be unlike."""
    place = pc.index_in(rows.column("utterance_id"), old.rows.column("utterance_id"))
    known = _array(old.rows.take(place), "content_hash")
    return rows.filter(pc.equal(rows.column("content_hash"), known))


def unchanged_parts(
    same: pa.RecordBatch, old: Held, replaced: list[str]
) -> Iterator[tuple[str, pa.RecordBatch, int]]:
    """Yields the parts that stay, with the rows of each that came in, and its size."""
    for path in old.paths if same.num_rows else ():
        if path not in replaced:
            held = old.rows.filter(pc.equal(old.rows.column("path"), path))
            ids = _array(held, "utterance_id")
            place = pc.index_in(ids, same.column("utterance_id")).drop_null()
            if len(place):
                yield stem(path), same.take(place), held.num_rows


def places(
    pieces: Mapping[str, pa.RecordBatch], old: Held, replaced: list[str]
) -> pa.Table:
    """Returns which part each message of a bucket is in after the ingest."""
    schema = pa.schema([("utterance_id", pa.string()), ("part", pa.string())])
    gone = pc.is_in(old.rows.column("path"), pa.array(replaced, pa.string()))
    stays = old.rows.filter(pc.invert(gone)).select(["utterance_id", "path"])
    names = pc.replace_substring_regex(stays.column("path"), r"\.parquet$", "")
    there = pa.table([stays.column("utterance_id"), names], schema=schema)
    new = [
        pa.table([p.column("utterance_id"), pa.repeat(name, p.num_rows)], schema=schema)
        for name, p in pieces.items()
    ]
    return pa.concat_tables([there, *new])
