"""Commits a stage's results, including those that came after their parts merged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.lake.commits import Change, commit_serially
from affectflow.lake.files import read_files
from affectflow.lake.tables import FileEntry, bucket_of_path, part_of
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.results import (
    READ_BY_OTHERS,
    RECORDS,
    Receipts,
    Record,
    Work,
    base_folders,
    merge_results,
    parts_in,
    records,
    result_part,
    works_read,
)


def labels_first(works: Iterable[Work]) -> list[Work]:
    """Returns stages and folders in the order in which their results can move."""
    # Results made from cues or labels name their files, so they move after them.
    order = {stage: place for place, stage in enumerate(READ_BY_OTHERS)}
    return sorted(works, key=lambda work: (order.get(work.stage, len(order)), work))


def carry_over(receipts: Receipts, work: Work, fresh: Sequence[Record] = ()) -> None:
    """Merges results that came after their parts were merged.

    A run that planned two parts wrote receipts for them; if they are now one part, it
    takes over their results, and nothing is computed again.
    """
    for record in fresh:
        now = files_now(receipts, work, record.sources)
        if now is not None and now != record.merged.get("/".join(work)):
            _merge(receipts, work, record, {})
    merged = parts_in(receipts.lake, RECORDS).intersection(receipts.lake.parts())
    lacking = merged - receipts.finished.get(work, set())
    known = records(receipts.lake) if lacking else {}
    for name in sorted(lacking):
        _carry(receipts, work, name, known)


def files_now(
    receipts: Receipts, work: Work, sources: Sequence[str]
) -> list[str] | None:
    """Returns the result files of parts; None unless all have a receipt."""
    found = receipts.of(work, sources)
    if len(found) < len(sources):
        return None
    return sorted(f"{f.table}/{f.path}" for r in found.values() for f in r.files)


def _carry(
    receipts: Receipts, work: Work, name: str, known: Mapping[str, Record]
) -> Receipt | None:
    receipt = receipts.one(work, name)
    if receipt is None and name in known:
        return _merge(receipts, work, known[name], known)
    return receipt


def _merge(
    receipts: Receipts, work: Work, record: Record, known: Mapping[str, Record]
) -> Receipt | None:
    found = [_carry(receipts, work, name, known) for name in record.sources]
    sources = [receipt for receipt in found if receipt is not None]
    if len(sources) < len(found) or len(set(map(base_folders, sources))) > 1:
        return None
    for base in works_read(receipts, sources[0]):
        _carry(receipts, base, record.name, known)
    ids = _messages(receipts.lake, [record.name]).combine_chunks()
    return merge_results(receipts, work, sources, record.name, ids)


def settle(
    lake: Lake,
    work: Work,
    tables: Iterable[str],
    receipts: Sequence[Receipt],
    partial: Sequence[FileEntry] = (),
) -> None:
    """Makes all results of a stage visible; see `commit_results`."""
    carry_over(Receipts(lake), work)
    for table in (*tables, "dead_letters"):
        commit_results(lake, work, table, receipts, partial)


def commit_results(
    lake: Lake,
    work: Work,
    table: str,
    receipts: Iterable[Receipt],
    partial: Sequence[FileEntry] = (),
) -> None:
    """Makes the results of the live parts of a stage visible, and no others of it.

    Args:
      lake: to commit to.
      work: the stage and its folder.
      table: one of `RESULTS`.
      receipts: of this run. What counts is the receipts on the disk, which others may
        have renewed in the meantime; those of this run, where their parts are gone.
      partial: answers for some messages of a part, which stand until all are answered.
    """
    own = {receipt.unit: receipt for receipt in receipts}

    def change(present: Mapping[str, FileEntry], live: set[str]) -> Change:
        # A receipt on the disk is as new as ours or newer: a replay may have ended.
        done = Receipts(lake).of(work, live)
        late = [own[unit] for unit in sorted(own.keys() - live)]
        shown = [*done.values(), *_overtaken(lake, late, live - done.keys())]
        adds = [f for receipt in shown for f in receipt.files if f.table == table]
        left = live - done.keys()
        adds += [f for f in partial if f.table == table and part_of(f.path) in left]
        wanted = {file.path for file in adds}

        def is_stale(path: str) -> bool:
            folder, part = result_part(table, path) or ("", "")
            if folder != work.folder or path in wanted:
                return False
            return part not in live or part in done

        return [f for f in adds if f.rows], [p for p in present if is_stale(p)]

    commit_serially(lake, table, change)


def _overtaken(
    lake: Lake, receipts: Sequence[Receipt], undone: set[str]
) -> Iterator[Receipt]:
    """Yields receipts of parts that an ingest replaced while the run was at work.

    Their results stay visible, as if the run had ended before, until the parts that
    replaced them are done. A part with any message done again is left out.

    Args:
      lake: that holds the parts.
      receipts: of parts that are no longer live.
      undone: the live parts that have no receipt yet.
    """
    for receipt in receipts:
        if not receipt.files:
            continue
        bucket = bucket_of_path(receipt.unit)
        rivals = [name for name in undone if bucket_of_path(name) == bucket]
        theirs = _messages(lake, rivals)
        again = pc.is_in(_messages(lake, [receipt.unit]), value_set=theirs)
        if pc.all(again, min_count=0).as_py():
            yield receipt


def _messages(lake: Lake, names: Iterable[str]) -> pa.ChunkedArray:
    """Returns the ids of the utterances of parts."""
    paths = [f"{name}.parquet" for name in names]
    return read_files(lake.storage, "utterances", paths, ["utterance_id"]).column(0)
