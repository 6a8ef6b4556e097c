"""Rows of erased utterances and speakers, taken out of the files of a lake.

Files never change: each is written again without those rows, and a commit replaces the
older one, which `gc` removes from the disk.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import with_column
from affectflow.batches.nesting import nest, rows_of
from affectflow.lake import Lake
from affectflow.lake.commits import Change, commit, commit_serially, retry
from affectflow.lake.files import read_file, write_file
from affectflow.lake.tables import FileEntry, bucket_of_path, stem
from affectflow.lake.tombstones import SPEAKER, Tombstones
from affectflow.schemas import FINDINGS, RULES
from affectflow.stages.ingest.buckets import identity, name_of, write_part
from affectflow.stages.runs.committing import labels_first
from affectflow.stages.runs.deadletters import OF_INGEST, write_letters
from affectflow.stages.runs.reading import INLINE, read_part
from affectflow.stages.runs.receipts import receipt_path
from affectflow.stages.runs.results import (
    RESULTS,
    Receipts,
    Record,
    Work,
    free_path,
    result_part,
)
from affectflow.stages.upkeep.compact import merge_work
from affectflow.stages.upkeep.settle import settle


class Erased(NamedTuple):
    """What no row may refer to any more.

    Args:
      utterances: ids.
      origins: files and places that they were read from.
      stones: all tombstones of the lake.
    """

    utterances: pa.Array
    origins: pa.Array
    stones: Tombstones

    def names(self, table: str, rows: pa.Table) -> pa.ChunkedArray | pa.Array:
        """Returns which rows of a table name an erased utterance or speaker."""
        gone = pa.repeat(pa.scalar(False), rows.num_rows)
        for column in RULES[table].erase:
            ids = rows.column(column)
            if column != "speaker_id":
                gone = pc.or_(gone, pc.is_in(ids, value_set=self.utterances))
            if column in ("speaker_id", "unit_id"):
                gone = pc.or_(gone, self.stones.of(SPEAKER, ids))
        if table == "dead_letters":
            origins = pc.is_in(rows.column("origin"), value_set=self.origins)
            gone = pc.or_(gone, origins)
        return gone

    def keep(self, table: str, rows: pa.Table) -> pa.Table:
        """Returns the rows of a table that stay."""
        return rows.filter(pc.invert(self.names(table, rows)))


# -- parts, with what hangs on them ------------------------------------------------


def sweep_parts(lake: Lake, erased: Erased) -> int:
    """Rewrites the parts that contain erased utterances; returns how many there were.

    Labels, causes and counts of the other messages move to the new part: no model is
    asked again.
    """

    def attempt() -> tuple[list[str], list[Record]]:
        present = lake.committed("utterances")
        hit = [path for path in sorted(present) if _holds(lake, path, erased)]
        receipts = Receipts(lake)
        found = [_without(receipts, stem(path), erased) for path in hit]
        there = [each for each in found if each is not None]
        adds = [entry for _, entry in there]
        serial = "affectflow-ingest"
        commit(lake.storage, "utterances", adds, hit, serial=serial, expected=present)
        return hit, [record for record, _ in there]

    hit, merged = retry(attempt)
    settle(lake, merged)
    _drop_results(lake, {stem(path) for path in hit})
    return len(hit)


def _holds(lake: Lake, path: str, erased: Erased) -> bool:
    columns = ["utterance_id", "speaker_id"]
    rows = read_file(lake.storage, "utterances", path, columns)
    return bool(pc.any(erased.names("utterances", rows), min_count=0).as_py())


def _without(
    receipts: Receipts, name: str, erased: Erased
) -> tuple[Record, FileEntry] | None:
    """Writes a part without erased rows, and its results; None if no row is left."""
    lake = receipts.lake
    batch = read_part(lake, name, inline=True)
    gone = erased.names("utterances", pa.Table.from_batches([batch]))
    batch = _causes_kept(batch.filter(pc.invert(gone)), erased)
    if not batch.num_rows:
        return None
    bucket = bucket_of_path(name)
    record = Record(name=f"b{bucket:05d}-{identity(batch)}", sources=[name])
    ids, done = batch.column("utterance_id"), set[Work]()
    for work in labels_first(receipts.finished):
        merge_work(receipts, work, record, ids, done, erased.keep)
    record.write(lake)
    return record, write_part(lake, name_of(bucket, batch), batch)[-1]


def _causes_kept(batch: pa.RecordBatch, erased: Erased) -> pa.RecordBatch:
    """Returns a part without the causes that came in with it and name erased rows."""
    if "causes" not in batch.schema.names:
        return batch
    rows = erased.keep("causes", pa.Table.from_batches([rows_of(batch, "causes")]))
    lists = nest(rows, "causes", batch.column("utterance_id"))
    return with_column(batch, FINDINGS["causes"], lists)


def _drop_results(lake: Lake, parts: set[str]) -> None:
    """Removes results of removed parts if they could not move to another."""

    def change(table: str, present: Mapping[str, FileEntry], _: set[str]) -> Change:
        found = {path: result_part(table, path) for path in present}
        return [], [path for path, of in found.items() if of and of[1] in parts]

    for table in RESULTS:
        commit_serially(lake, table, partial(change, table))


# -- causes of other parts ---------------------------------------------------------


def sweep_causes(lake: Lake, erased: Erased) -> None:
    """Removes causes that point into erased utterances from results of other parts."""
    receipts = Receipts(lake)
    swapped: dict[str, FileEntry] = {}
    for work in receipts.finished:
        for part in sorted(receipts.finished[work]):
            swapped |= _sweep_receipt(receipts, work, part, erased)

    def change(present: Mapping[str, FileEntry], _: set[str]) -> Change:
        there = {old: new for old, new in swapped.items() if old in present}
        return list(there.values()), list(there)

    if swapped:
        commit_serially(lake, "causes", change)


def _sweep_receipt(
    receipts: Receipts, work: Work, part: str, erased: Erased
) -> dict[str, FileEntry]:
    """Returns the new files of a receipt by the paths of those that they replace."""
    lake, receipt = receipts.lake, receipts.one(work, part)
    swapped: dict[str, FileEntry] = {}
    for file in receipt.files if receipt else ():
        if file.table == "causes":
            rows = read_file(lake.storage, "causes", file.path)
            kept = erased.keep("causes", rows)
            if kept.num_rows < rows.num_rows:
                path = free_path(lake, "causes", file.path)
                swapped[file.path] = write_file(lake.storage, "causes", path, kept)
    if receipt and swapped:
        receipt.files = [swapped.get(f.path, f) for f in receipt.files]
        lake.storage.write(receipt.to_json().encode(), *receipt_path(*work, part))
    return swapped


# -- files that belong to no part --------------------------------------------------


def sweep_plain(lake: Lake, table: str, erased: Erased) -> None:
    """Removes rows from the files of a table that belong to no part.

    These are people's answers, measures, and dead letters of an ingest.
    """

    def change(present: Mapping[str, FileEntry], _: set[str]) -> Change:
        paths = [path for path in sorted(present) if _is_plain(table, path)]
        return _rewritten(lake, table, paths, erased)

    commit_serially(lake, table, change)


def _is_plain(table: str, path: str) -> bool:
    return result_part(table, path) is None and not path.startswith(f"{INLINE}/")


def _rewritten(lake: Lake, table: str, paths: Sequence[str], erased: Erased) -> Change:
    adds: list[FileEntry] = []
    removes: list[str] = []
    for path in paths:
        rows = read_file(lake.storage, table, path)
        kept = erased.keep(table, rows)
        if kept.num_rows < rows.num_rows:
            adds += write_again(lake, table, path, kept)
            removes.append(path)
    return adds, removes


def write_again(lake: Lake, table: str, path: str, rows: pa.Table) -> list[FileEntry]:
    """Writes the remaining rows of a file beside it; nothing if none remain."""
    if not rows.num_rows:
        return []
    if table == "dead_letters":
        return write_letters(lake, rows, OF_INGEST)
    return [write_file(lake.storage, table, free_path(lake, table, path), rows)]
