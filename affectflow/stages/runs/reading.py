"""Reads parts of a lake with what came in with them and with later cues."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from affectflow.batches.nesting import nest
from affectflow.lake import Lake
from affectflow.lake.files import read_file, read_files
from affectflow.schemas import FINDINGS

INLINE = "inline"
"""Folder, in a table, of what came in with the utterances: one file per part."""


def read_part(
    lake: Lake,
    name: str,
    *,
    inline: bool = False,
    cues: Sequence[str] = (),
    only: Callable[[pa.Table], pa.Table] | None = None,
) -> pa.RecordBatch:
    """Returns a part of `utterances`, with `cues` as a list column.

    Args:
      lake: that holds it.
      name: of the part, without folder and ending.
      inline: also labels, vectors and causes that came in with the utterances.
      cues: paths of what renderers found later, in the order in which they are read.
      only: returns those rows of `cues` that are read; all of them if left out.
    """
    from affectflow.batches.batch import one_batch

    batch = one_batch(read_file(lake.storage, "utterances", f"{name}.parquet"))
    for finding in FINDINGS if inline else ("cues",):
        paths = [f"{INLINE}/{name}.parquet", *(cues if finding == "cues" else ())]
        there = [p for p in paths if lake.storage.exists(finding, *p.split("/"))]
        if there:
            rows = read_files(lake.storage, finding, there)
            if finding == "cues" and only:
                rows = only(rows)
            lists = nest(rows, finding, batch.column("utterance_id"))
            batch = batch.append_column(FINDINGS[finding], lists)
    return batch
