"""Parts of a lake, read with what came in with them."""

import pyarrow as pa

from affectflow.batches.nesting import nest
from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.schemas import FINDINGS

INLINE = "inline"
"""Folder, in a table, of what came in with the utterances: one file a part."""


def read_part(lake: Lake, name: str, *, inline: bool = False) -> pa.RecordBatch:
    """Returns a part of `utterances`, with `cues` as a list column.

    Args:
      lake: that holds it.
      name: of the part, without folder and ending.
      inline: also labels, vectors and causes that came in with the utterances.
    """
    from affectflow.batches.batch import one_batch

    batch = one_batch(read_file(lake.storage, "utterances", f"{name}.parquet"))
    for finding in FINDINGS if inline else ("cues",):
        if lake.storage.exists(finding, INLINE, f"{name}.parquet"):
            rows = read_file(lake.storage, finding, f"{INLINE}/{name}.parquet")
            lists = nest(rows, finding, batch.column("utterance_id"))
            batch = batch.append_column(FINDINGS[finding], lists)
    return batch
