"""Context: rows of a part's conversations that are in other parts of its bucket.

A conversation that continued after an earlier ingest is in two parts of one bucket.
"""

import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import concat, conform_like
from affectflow.batches.grouping import in_time_order
from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.lake.tables import bucket_of_path, by_bucket
from affectflow.stages.runs.parts import PartTask
from affectflow.storage import in_threads

CONTEXT = 256
"""Number of turns of another part read before and after those of a part."""


def with_context(
    task: PartTask, lake: Lake, name: str, batch: pa.RecordBatch
) -> tuple[pa.RecordBatch, pa.Array]:
    """Returns a part with the rest of its conversations, and which rows are its own.

    The nearest of the other parts' rows are context, and not mined again.
    """
    own = batch.column("utterance_id")
    wanted = pc.unique(batch.column("conversation_id"))
    more = [batch]
    parts = siblings(lake, task.request.run_id, name, wanted)
    # Messages of the part that came in with their causes are context, too.
    parts += [name] if len(task.came_in(lake, name)) else []
    for other in parts:
        rows = task.read(lake, task.part(lake, other))
        same = pc.is_in(rows.column("conversation_id"), value_set=wanted)
        # A part merged in the meantime contains the same rows.
        again = pc.is_in(rows.column("utterance_id"), value_set=own)
        others = rows.filter(pc.and_(same, pc.invert(again)))
        more.append(_near(batch, conform_like(others, batch.schema)))
    together = in_time_order(concat(more)) if len(more) > 1 else batch
    return together, pc.is_in(together.column("utterance_id"), value_set=own)


def conversations_with(batch: pa.RecordBatch, ids: pa.Array) -> pa.RecordBatch:
    """Returns the whole conversations of a part that hold some of `ids`."""
    asked = pc.is_in(batch.column("utterance_id"), value_set=ids)
    wanted = pc.unique(batch.column("conversation_id").filter(asked))
    return batch.filter(pc.is_in(batch.column("conversation_id"), value_set=wanted))


def _near(batch: pa.RecordBatch, context: pa.RecordBatch) -> pa.RecordBatch:
    """Returns the rows of `context` at most `CONTEXT` turns from a row of `batch`.

    Otherwise each part of a long conversation would be mined with all the others.
    """
    both = in_time_order(concat([batch, context]))
    ids = both.column("utterance_id")
    own = np.asarray(pc.is_in(ids, value_set=batch.column("utterance_id")))
    place = np.arange(len(own))
    last = np.maximum.accumulate(np.where(own, place, -CONTEXT - 1))
    following = np.where(own, place, len(own) + CONTEXT)[::-1]
    next_one = np.minimum.accumulate(following)[::-1]
    near = (place - last <= CONTEXT) | (next_one - place <= CONTEXT)
    return both.filter(pa.array(near & ~own))


# -- which parts -------------------------------------------------------------------


def siblings(lake: Lake, run_id: str, name: str, conversations: pa.Array) -> list[str]:
    """Returns the other parts of a part's bucket that hold some of its conversations.

    All the others if the part was merged in the meantime.
    """
    return _parts(lake.uri, run_id).siblings(name, conversations)


def holders(
    lake: Lake, run_id: str, name: str, batch: pa.RecordBatch, ids: pa.Array
) -> list[str]:
    """Returns the parts that hold those messages of a part's context."""
    if not len(ids):
        return []
    wanted = pc.unique(batch.column("conversation_id"))

    def holds(part: str) -> bool:
        found = _column(lake, part, "utterance_id")
        return bool(pc.any(pc.is_in(found, value_set=ids)).as_py())

    return [part for part in siblings(lake, run_id, name, wanted) if holds(part)]


@functools.lru_cache(maxsize=1)
def _parts(lake_uri: str, run_id: str) -> "_Parts":
    # Listing a table of 100,000 files takes a second, so not once per part.
    return _Parts(Lake.open(lake_uri))


class _Parts:
    """The parts of a lake, as a run saw them first in this process."""

    def __init__(self, lake: Lake):
        self._lake = lake
        self._by_bucket = by_bucket(lake.parts())
        self._shared: dict[int, dict[str, list[str]]] = {}

    def siblings(self, name: str, conversations: pa.Array) -> list[str]:
        bucket = bucket_of_path(name)
        names = self._by_bucket.get(bucket, [])
        held = set(names)
        if name in held:
            shared = self._shared_in(bucket)
            parts = (shared.get(each, ()) for each in conversations.to_pylist())
            held = {part for some in parts for part in some}
        return [other for other in names if other in held and other != name]

    def _shared_in(self, bucket: int) -> dict[str, list[str]]:
        # Once per bucket, or each part would read all the others.
        if bucket not in self._shared:
            self._shared[bucket] = _shared(self._lake, self._by_bucket[bucket])
        return self._shared[bucket]


def _shared(lake: Lake, names: list[str]) -> dict[str, list[str]]:
    """Returns the conversations that lie in several parts, with these."""
    if len(names) < 2:
        return {}

    def read(name: str) -> pa.Table:
        ids = _column(lake, name, "conversation_id").unique()
        return pa.table({"id": ids, "part": pa.repeat(name, len(ids))})

    rows = pa.concat_tables(in_threads(read, names))
    grouped = rows.group_by("id", use_threads=False).aggregate([("part", "list")])
    several = pc.greater(pc.list_value_length(grouped["part_list"]), 1)
    found = grouped.filter(several)
    ids, parts = found["id"].to_pylist(), found["part_list"].to_pylist()
    return dict(zip(ids, parts, strict=True))


def _column(lake: Lake, part: str, name: str) -> pa.ChunkedArray:
    path = f"{part}.parquet"
    return read_file(lake.storage, "utterances", path, [name]).column(0)
