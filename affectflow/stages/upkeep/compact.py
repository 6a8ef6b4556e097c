"""The stage compact: merges the small parts of a bucket; no answer changes.

Parts answered by the same stages are merged together with the results of those stages,
so that no model has to answer again. All files and receipts are written first; then
comes one commit of `utterances` for each bucket; then the other tables follow. Wherever
it is killed, readers see the same rows, and the next run continues.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from affectflow.batches.grouping import in_time_order
from affectflow.lake import Lake
from affectflow.lake.commits import commit, retry
from affectflow.lake.tables import (
    FileEntry,
    bucket_of_path,
    part_of,
    stem,
    table_if_made,
)
from affectflow.schemas import TABLES
from affectflow.stages.ingest import buckets
from affectflow.stages.ingest.buckets import identity, name_of, together, write_part
from affectflow.stages.runs.committing import files_now, labels_first
from affectflow.stages.runs.progress import Progress, clear
from affectflow.stages.runs.reading import INLINE, read_part
from affectflow.stages.runs.receipts import Receipt, peak_rss_bytes
from affectflow.stages.runs.request import Request, new_request
from affectflow.stages.runs.results import (
    RESULTS,
    Keep,
    Receipts,
    Record,
    Work,
    all_rows,
    base_folders,
    inputs_now,
    merge_results,
    works_read,
)
from affectflow.stages.runs.run import note_failure, write_run
from affectflow.stages.upkeep.settle import settle
from affectflow.storage import in_threads, storage_errors

STAGE = "compact"
TURN_PARTS = 1_000
"""Roughly how many small parts one commit removes."""

# In memory a row has offsets, and values that a file stores once: 120 to 130 bytes more
# were measured, for texts of 5 to 1,000 words.
_ROW_BYTES = 256


def compact(lake_uri: str, *, run_id: str = "") -> dict[str, Any]:
    """Merges small parts of a lake, and returns the row of `runs`.

    A part is small below half of `PART_ROWS` and half of `PART_BYTES`. Parts of one
    bucket are merged if the same annotators and miners have answered them, up to the
    full size. One merged part is in memory at a time.

    Args:
      lake_uri: folder or URL.
      run_id: of the command.

    Returns:
      The row of `runs`; its counters are `parts_before` and `parts_after`.

    Raises:
      LakeError: it is not a lake, or a receipt in it is damaged.
      ConflictError: other runs kept committing first.
    """
    lake = Lake.open(lake_uri)
    limits = {"part_rows": buckets.PART_ROWS, "part_bytes": buckets.PART_BYTES}
    request = new_request(lake, STAGE, limits, run_id=run_id)
    try:
        return _compact_lake(lake, request)
    except Exception as error:
        note_failure(lake, request, error)
        raise


def _compact_lake(lake: Lake, request: Request) -> dict[str, Any]:
    progress = Progress(lake, request)
    summed = Receipt(counters={"parts_before": len(lake.parts())})
    settle(lake)
    progress.planned(rows=_rows_of_small(lake), estimated=True)
    merges = [m for some in _in_turn(lake) for m in _compact(lake, some, progress)]
    settle(lake, [merge.record for merge in merges])
    rows = sum(merge.entry.rows for merge in merges)
    summed.rows = {"rows_in": rows, "rows_out": rows}
    summed.counters["parts_after"] = len(lake.parts())
    summed.peak_rss_bytes = peak_rss_bytes()
    row = write_run(lake, request, summed)
    checkpoint(lake)
    clear(lake, request)
    return row


def checkpoint(lake: Lake) -> None:
    """Writes a checkpoint of each table that has changed since its last one."""
    for name in TABLES:
        delta = table_if_made(lake.storage, name)
        if delta is None:
            continue
        last = f"{delta.version():020d}.checkpoint.parquet"
        if delta.version() and last not in lake.storage.names(name, "_delta_log"):
            with storage_errors(lake.storage.uri):
                delta.create_checkpoint()


# -- plan --------------------------------------------------------------------------


class _Small(NamedTuple):
    """A small part: rows, bytes in memory, time of its first utterance."""

    name: str
    rows: int
    size: int
    first: datetime | None


def _in_turn(lake: Lake) -> Iterator[list[int]]:
    """Yields buckets for one commit each, so that a kill costs little work."""
    found = Counter(
        bucket_of_path(e.path) for e in _few_rows(lake.committed("utterances"))
    )
    turn: list[int] = []
    for bucket in sorted(bucket for bucket, parts in found.items() if parts > 1):
        turn.append(bucket)
        if sum(found[each] for each in turn) >= TURN_PARTS:
            yield turn
            turn = []
    if turn:
        yield turn


def _few_rows(present: Mapping[str, FileEntry]) -> Iterator[FileEntry]:
    limit = buckets.PART_ROWS // 2
    return (entry for _, entry in sorted(present.items()) if entry.rows < limit)


def _rows_of_small(lake: Lake) -> int:
    return sum(entry.rows for entry in _few_rows(lake.committed("utterances")))


def plan(
    receipts: Receipts, present: Mapping[str, FileEntry], wanted: Collection[int]
) -> list[tuple[int, list[str]]]:
    """Returns buckets, and which of their parts to merge with one another.

    Args:
      receipts: of the lake.
      present: the files of `utterances`.
      wanted: the buckets to plan.
    """
    few = [e for e in _few_rows(present) if bucket_of_path(e.path) in wanted]
    looked = in_threads(lambda entry: _look_at(receipts.lake, entry), few)
    small = [part for part in looked if part.size < buckets.PART_BYTES // 2]
    for work in receipts.finished:
        receipts.of(work, [part.name for part in small])  # all at once
    signatures = _Signatures(receipts)
    alike: dict[tuple[int, Hashable], list[_Small]] = {}
    for part in sorted(small, key=_age):
        if (signature := signatures.of(part.name)) is not None:
            bucket = bucket_of_path(part.name)
            alike.setdefault((bucket, signature), []).append(part)
    return [(key[0], each) for key, parts in alike.items() for each in _fill(parts)]


def _age(part: _Small) -> tuple[bool, float, str]:
    # Conversations last a while, so parts from the same time share most of them.
    first = part.first
    return first is None, first.timestamp() if first else 0.0, part.name


def _look_at(lake: Lake, entry: FileEntry) -> _Small:
    with (
        storage_errors(lake.storage.uri),
        lake.storage.fs.open(lake.storage.path("utterances", entry.path), "rb") as file,
    ):
        footer = pq.ParquetFile(file).metadata
    groups = [footer.row_group(n) for n in range(footer.num_row_groups)]
    times = footer.schema.names.index("timestamp")
    known = [g.column(times).statistics for g in groups]
    firsts = [s.min for s in known if s is not None and s.has_min_max]
    size = sum(group.total_byte_size for group in groups) + entry.rows * _ROW_BYTES
    return _Small(stem(entry.path), entry.rows, size, min(firsts, default=None))


def _fill(parts: Sequence[_Small]) -> Iterator[list[str]]:
    """Yields groups of two or more neighbours that one part can hold."""
    group: list[_Small] = []
    for part in parts:
        rows = part.rows + sum(each.rows for each in group)
        size = part.size + sum(each.size for each in group)
        if rows > buckets.PART_ROWS or size > buckets.PART_BYTES:
            if len(group) > 1:
                yield [each.name for each in group]
            group = []
        group.append(part)
    if len(group) > 1:
        yield [each.name for each in group]


class _Signatures:
    """What was done with parts; those with equal signatures may be merged."""

    def __init__(self, receipts: Receipts):
        lake, self._receipts = receipts.lake, receipts
        self._visible = {name: set(lake.committed(name)) for name in RESULTS}
        self._labelled = {part_of(n) for n in lake.storage.names("annotations", INLINE)}

    def of(self, part: str) -> Hashable | None:
        """Returns the signature of a part; None if it must be left as it is."""
        works = [w for w in self._receipts.finished if self._receipts.one(w, part)]
        states = [self._state(work, part) for work in sorted(works)]
        return None if None in states else (part in self._labelled, tuple(states))

    def _state(self, work: Work, part: str) -> Hashable | None:
        receipt = self._receipts.of(work, [part])[part]
        folders = base_folders(receipt)
        if folders is None or not self._is_current(receipt, folders):
            return None  # it will be redone from labels of its own part
        seen = {f.path in self._visible[f.table] for f in receipt.files if f.rows}
        # Done but not committed yet; merging it with a visible one would make it
        # visible.
        return None if len(seen) > 1 else (work, folders, seen != {False})

    def _is_current(self, receipt: Receipt, folders: Iterable[str]) -> bool:
        now = inputs_now(self._receipts, folders, receipt.unit)
        return set(now.values()) == set(receipt.base)


# -- merge -------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Merge:
    """A merged part that is written, and not visible yet."""

    record: Record
    entry: FileEntry

    @property
    def removes(self) -> set[str]:
        return {f"{name}.parquet" for name in self.record.sources}


def _compact(lake: Lake, wanted: list[int], progress: Progress) -> list[_Merge]:
    """Merges the small parts of some buckets, and returns what was merged."""
    known: dict[str, _Merge] = {}

    def attempt() -> list[_Merge]:
        present = lake.committed("utterances")
        receipts = Receipts(lake)
        merges = []
        for bucket, group in plan(receipts, present, wanted):
            key = " ".join(group)
            if key not in known:
                known[key] = _merge(receipts, bucket, group, progress)
            merges.append(known[key])
        _commit(lake, merges, present)
        return merges

    return retry(attempt)


def _commit(
    lake: Lake, merges: Sequence[_Merge], present: dict[str, FileEntry]
) -> None:
    commit(
        lake.storage,
        "utterances",
        [merge.entry for merge in merges],
        [path for merge in merges for path in merge.removes],
        serial="affectflow-ingest",  # as one: neither overwrites what the other read
        expected=present,
    )


def _merge(
    receipts: Receipts, bucket: int, group: Sequence[str], progress: Progress
) -> _Merge:
    """Writes a merged part, its results, its receipts, its record."""
    # In the order of their names, as all readers read them: texts without a time keep
    # their order.
    sources = sorted(group)
    with progress.unit(sources[0]) as unit:
        batches = [read_part(receipts.lake, name, inline=True) for name in sources]
        batch = in_time_order(together(batches))
        record = Record(name=f"b{bucket:05d}-{identity(batch)}", sources=sources)
        ids = batch.column("utterance_id")
        done: set[Work] = set()
        for work in labels_first(receipts.finished):
            merge_work(receipts, work, record, ids, done)
        record.write(receipts.lake)
        entry = write_part(receipts.lake, name_of(bucket, batch), batch)[-1]
        unit.rows = {"rows_in": batch.num_rows, "rows_out": batch.num_rows}
    return _Merge(record=record, entry=entry)


def merge_work(
    receipts: Receipts,
    work: Work,
    record: Record,
    ids: pa.Array,
    done: set[Work],
    keep: Keep = all_rows,
) -> None:
    """Merges the results of a stage, those that they were made from before them.

    Args:
      receipts: of the lake.
      work: the stage and its folder.
      record: of the merge; it notes the files that were merged.
      ids: `utterance_id`s of the merged part, in its order.
      done: the stages that are merged already; it grows.
      keep: the rows that are merged.
    """
    files = files_now(receipts, work, record.sources)
    if files is None or work in done:
        return
    done.add(work)
    found = receipts.of(work, record.sources)
    for base in works_read(receipts, found[record.sources[0]]):
        merge_work(receipts, base, record, ids, done, keep)
    merge_results(receipts, work, list(found.values()), record.name, ids, keep)
    record.merged["/".join(work)] = files
