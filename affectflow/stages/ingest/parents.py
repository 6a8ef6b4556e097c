"""Replies whose message is nowhere: neither in what came in, nor in the lake."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.stages.runs.receipts import Receipt
from affectflow.storage import Storage

NOT_FOUND = "reply_to_not_found"
_REPLIES = "replies"
_COLUMN = "reply_to"


def sought(new: list[pa.RecordBatch], held: pa.ChunkedArray) -> pa.Array:
    """Returns what new rows of a bucket answer that is not in the bucket, each time."""
    own = [batch.column("utterance_id") for batch in new]
    ids = pa.concat_arrays([*held.chunks, *own])
    replies = pa.concat_arrays([batch.column(_COLUMN) for batch in new]).drop_null()
    return replies.filter(pc.invert(pc.is_in(replies, value_set=ids)))


def keep_sought(folder: Storage, bucket: int, replies: pa.Array) -> None:
    """Writes what a bucket seeks into staging, if it seeks anything."""
    if len(replies):
        table = pa.table({_COLUMN: replies})
        folder.write_parquet(table, _REPLIES, f"{bucket}.parquet")


def not_found(lake: Lake, folder: Storage) -> Receipt:
    """Returns how many of the replies in staging answer nothing, and one of them.

    Ids of the lake are read only if replies leave their bucket.
    """
    # In files, not in receipts, which are one element at the commit.
    names = [name for name in folder.names(_REPLIES) if name.endswith(".parquet")]
    if not names:
        return Receipt()
    tables = [folder.read_parquet(_REPLIES, name) for name in names]
    replies = pa.concat_tables(tables).column(_COLUMN)
    missing = pc.unique(replies)
    for ids in _ids(lake):
        missing = missing.filter(pc.invert(pc.is_in(missing, value_set=ids)))
        if not len(missing):
            return Receipt()
    return Receipt(
        counters={NOT_FOUND: pc.sum(pc.is_in(replies, value_set=missing)).as_py()},
        examples={NOT_FOUND: pc.min(missing).as_py()},
    )


def _ids(lake: Lake) -> Iterator[pa.ChunkedArray]:
    for path in sorted(lake.committed("utterances")):
        rows = read_file(lake.storage, "utterances", path, ["utterance_id"])
        yield rows.column("utterance_id")
