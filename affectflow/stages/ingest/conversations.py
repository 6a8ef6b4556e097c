"""The table `conversations`: one file per bucket, rewritten when the bucket changes."""

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import one_batch
from affectflow.batches.grouping import whole_conversations
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import entry_of, read_files, write_file
from affectflow.lake.tables import FileEntry, by_bucket, stem
from affectflow.schemas import CONVERSATIONS
from affectflow.stages.runs.receipts import Receipt

_READ = (
    "utterance_id",
    "conversation_id",
    "container",
    "title",
    "timestamp",
    "speaker_id",
    "attrs",
)


def write_conversations(
    lake: Lake, bucket: int, receipt: Receipt, pieces: Mapping[str, pa.RecordBatch]
) -> list[FileEntry]:
    """Writes the conversations of a bucket as it will be after this commit.

    `pieces` are the parts that were just written, by name: they are not read again.
    """
    stay = [path for path in receipt.base if path not in receipt.removes]
    added = [f.path for f in receipt.files if f.table == "utterances"]
    paths = sorted({*stay, *added})
    return [_write(lake, bucket, paths, pieces)] if paths else []


def follow_conversations(lake: Lake) -> None:
    """Makes `conversations` follow the parts that are visible.

    A bucket's file is named after its parts, so a commit interrupted between two tables
    is noticed and completed.
    """
    present = lake.committed("conversations")
    wanted: dict[str, tuple[int, list[str]]] = {}
    for bucket, paths in by_bucket(sorted(lake.committed("utterances"))).items():
        wanted[_path(bucket, paths)] = bucket, paths
    missing = sorted(set(wanted) - set(present))
    adds = [_write(lake, *wanted[path]) for path in missing]
    commit(lake.storage, "conversations", adds, sorted(set(present) - set(wanted)))


def _path(bucket: int, paths: list[str]) -> str:
    name = hashlib.blake2b("\n".join(paths).encode(), digest_size=8).hexdigest()
    return f"b{bucket:05d}-{name}.parquet"


def _write(
    lake: Lake,
    bucket: int,
    paths: list[str],
    pieces: Mapping[str, pa.RecordBatch] = MappingProxyType({}),
) -> FileEntry:
    path = _path(bucket, paths)
    if lake.storage.exists("conversations", path):
        return entry_of(lake.storage, "conversations", path)
    written = [
        pieces[stem(each)].select(_READ) for each in paths if stem(each) in pieces
    ]
    others = [each for each in paths if stem(each) not in pieces]
    read = read_files(lake.storage, "utterances", others, _READ)
    rows = pa.concat_tables([read, *(pa.Table.from_batches([b]) for b in written)])
    return write_file(lake.storage, "conversations", path, conversations(rows))


def conversations(utterances: pa.Table) -> pa.Table:
    """Returns one row of `conversations` for each conversation of `utterances`."""
    # Grouping takes ten times the bytes of what it groups: a few rows at once.
    found = [_told(rows) for rows in _in_order(utterances)]
    return pa.concat_tables([CONVERSATIONS.empty_table(), *found])


def _in_order(utterances: pa.Table) -> Iterator[pa.Table]:
    """Yields whole conversations by their ids, each in time order."""
    names = ("conversation_id", "timestamp", "utterance_id")
    keys = [(name, "ascending") for name in names]
    order = pc.sort_indices(utterances.select(names), sort_keys=keys)
    rows = one_batch(utterances)
    start = 0
    for piece in whole_conversations(rows.select(names[:1]).take(order)):
        taken = rows.take(order.slice(start, piece.num_rows))
        yield pa.Table.from_batches([taken])
        start += piece.num_rows


def _told(ordered: pa.Table) -> pa.Table:
    """Returns what the turns of each conversation tell together."""
    attrs = ordered.column("attrs")
    for name in ("closed_at", "outcome", "locked_reason"):
        found = [pc.map_lookup(c, name, "first") for c in attrs.chunks]
        ordered = ordered.append_column(name, pa.chunked_array(found, pa.string()))
    grouped = ordered.group_by("conversation_id", use_threads=False).aggregate(
        [
            ("container", "first"),
            ("title", "first"),
            ("timestamp", "min"),
            ("closed_at", "max"),
            ("outcome", "last"),
            ("locked_reason", "last"),
            ("utterance_id", "count_distinct"),
            ("speaker_id", "count_distinct"),
        ]
    )
    columns = {
        "conversation_id": grouped["conversation_id"],
        "container": grouped["container_first"],
        "title": grouped["title_first"],
        "opened_at": grouped["timestamp_min"],
        "closed_at": _times(grouped["closed_at_max"]),
        "outcome": grouped["outcome_last"],
        "locked_reason": grouped["locked_reason_last"],
        "n_utterances": grouped["utterance_id_count_distinct"],
        "n_speakers": _or_unknown(grouped["speaker_id_count_distinct"]),
    }
    return pa.table(columns).cast(CONVERSATIONS)


def _or_unknown(speakers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Returns null for 0, since somebody must have written the messages."""
    return pc.if_else(pc.equal(speakers, 0), pa.scalar(None, pa.int64()), speakers)


def _times(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    if texts.null_count == len(texts):
        return pa.chunked_array([pa.nulls(len(texts), pa.timestamp("us", "UTC"))])
    import polars as pl

    parsed = pl.Series(texts.to_pylist(), dtype=pl.String).str.to_datetime(
        time_unit="us", time_zone="UTC", strict=False
    )
    return pa.chunked_array([parsed.to_arrow()])
