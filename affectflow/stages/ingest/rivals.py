"""Rivals: messages in the lake, from files not read again, that also come in elsewhere.

If no edit time distinguishes two texts with one id, the first file of an input counts.
To make this independent of which files were read before, a message from an unchanged
file competes with the incoming one as if its file had been read.
"""

from collections.abc import Set

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform_like
from affectflow.lake import Lake
from affectflow.lake.files import read_files
from affectflow.stages.ingest.file_order import file_of
from affectflow.stages.ingest.held import Held
from affectflow.stages.ingest.repeats import keys_of

_READ = (
    *("utterance_id", "conversation_id", "source", "text"),
    *("edited_at", "content_hash", "origin"),
)


def rivals(
    lake: Lake, new: pa.RecordBatch, old: Held, skipped: Set[str]
) -> pa.RecordBatch:
    """Returns the rows of the lake that compete with new ones.

    These are rows of skipped files that differ from a new row with the same id and were
    not edited at another time.

    Args:
      lake: that an ingest writes to.
      new: rows of a bucket.
      old: what the lake holds of the bucket.
      skipped: addresses of stored files that the ingest does not read.
    """
    none = new.slice(0, 0)
    if not skipped or not old.rows.num_rows:
        return none
    held = old.rows.filter(_differ(new, old.rows))
    if not held.num_rows:
        return none
    paths = sorted(set(held.column("path").to_pylist()))
    rows = read_files(lake.storage, "utterances", paths, _READ)
    rows = rows.filter(pc.is_in(keys_of(rows), value_set=keys_of(held)))
    rows = rows.filter(_are_of(rows.column("origin"), skipped))
    (batch,) = rows.combine_chunks().to_batches() or [none]
    return conform_like(batch, new.schema) if batch.num_rows else none


def _differ(new: pa.RecordBatch, held: pa.Table) -> pa.Array:
    """Returns which held rows a new one of the same id and edit time differs from."""
    place = pc.index_in(keys_of(new), value_set=keys_of(held))
    known = pc.is_valid(place)
    new, at = new.filter(known), place.filter(known)
    other = held.take(at)
    edits = new.column("edited_at"), other.column("edited_at").combine_chunks()
    never = pc.and_(*map(pc.is_null, edits))
    same_edit = pc.or_(never, pc.fill_null(pc.equal(*edits), False))
    hashes = new.column("content_hash"), other.column("content_hash").combine_chunks()
    differs = pc.and_(same_edit, pc.not_equal(*hashes))
    return pc.is_in(pa.array(range(held.num_rows), pa.int32()), at.filter(differs))


def _are_of(origins: pa.ChunkedArray, stored: Set[str]) -> pa.Array:
    """Returns which origins are in one of the stored files, or in such an archive."""
    files = file_of(origins).to_pylist()
    return pa.array([_is_of(file or "", stored) for file in files], pa.bool_())


def _is_of(file: str, stored: Set[str]) -> bool:
    # A 7z archive names its tables after a `#`, others their files before `::`.
    return not stored.isdisjoint(
        (file, file.partition("::")[2], file.rpartition("#")[0])
    )
