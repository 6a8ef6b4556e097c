"""The tables follow the parts: results of parts that were merged, and of parts gone.

Every commit here is of one table, and readers see the same rows before and after it.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from affectflow.lake import Lake
from affectflow.lake.tables import ConflictError, FileEntry, bucket_of_path
from affectflow.stages.receipts import Receipt
from affectflow.stages.serial import MAX_ATTEMPTS, Change, commit_serially
from affectflow.stages.storing import follow
from affectflow.stages.upkeep.moving import (
    RECORDS,
    RESULTS,
    Receipts,
    Record,
    Work,
    base_folders,
    merge_results,
    parts_in,
    records,
    result_part,
)


def settle(lake: Lake, fresh: Sequence[Record] = ()) -> None:
    """Makes all tables follow the parts that were merged.

    What a compact that was killed left between two tables is made up for.

    Args:
      lake: to settle.
      fresh: records of merges that were committed just now: their results are merged
        again if a source's result was replaced meanwhile.
    """
    _follow(lake)
    receipts = Receipts(lake)
    for work in labels_first(receipts.finished):
        carry_over(receipts, work, fresh)
    known = functools.cache(lambda: records(lake))
    for table in RESULTS:
        _swap(receipts, table, known)


def _follow(lake: Lake) -> None:
    for attempt in range(MAX_ATTEMPTS):
        try:
            follow(lake)
            return
        except ConflictError:  # an ingest does the same at this moment
            if attempt == MAX_ATTEMPTS - 1:
                raise


def labels_first(works: Iterable[Work]) -> list[Work]:
    """Returns stages and folders in the order in which their results can move."""
    # What was mined from labels names their files, so it moves after them.
    return sorted(works, key=lambda work: (work.stage != "annotate", work))


# -- results that came late --------------------------------------------------------


def carry_over(receipts: Receipts, work: Work, fresh: Sequence[Record] = ()) -> None:
    """Merges results that came after their parts were merged.

    A run that had planned two parts gave receipts for them; if they are one part now,
    their results become its own, and nothing is computed again.
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
    ids = receipts.lake.storage.read_parquet(
        "utterances", f"{record.name}.parquet", columns=["utterance_id"]
    )
    column = ids.column(0).combine_chunks()
    return merge_results(receipts, work, sources, record.name, column)


# -- commits -----------------------------------------------------------------------


def commit_results(
    lake: Lake, work: Work, table: str, receipts: Iterable[Receipt]
) -> None:
    """Makes the results of the live parts of a stage visible, and no others of it.

    Args:
      lake: to commit to.
      work: the stage and its folder.
      table: one of `RESULTS`.
      receipts: of this run. What counts is the receipts on the disk, which others may
        have renewed meanwhile; those of this run, where their parts are gone.
    """
    own = {receipt.unit: receipt for receipt in receipts}

    def change(present: Mapping[str, FileEntry], live: set[str]) -> Change:
        # A receipt on the disk is as new as ours or newer: a replay may have ended.
        done = Receipts(lake).of(work, live)
        late = [own[unit] for unit in sorted(own.keys() - live)]
        shown = [*done.values(), *_overtaken(lake, late, live - done.keys())]
        adds = [f for receipt in shown for f in receipt.files if f.table == table]
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
    took their place are done. A part of which any message is done again is left out.

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
        if _messages(lake, [receipt.unit]) <= _messages(lake, rivals):
            yield receipt


def _messages(lake: Lake, names: Iterable[str]) -> set[str]:
    """Returns the ids of the utterances of parts."""
    tables = [
        lake.storage.read_parquet(
            "utterances", f"{name}.parquet", columns=["utterance_id"]
        )
        for name in names
    ]
    return {each for table in tables for each in table.column(0).to_pylist()}


def _swap(
    receipts: Receipts, table: str, known: Callable[[], dict[str, Record]]
) -> None:
    """Puts the results of merged parts in the place of those of their sources."""

    def change(present: Mapping[str, FileEntry], live: set[str]) -> Change:
        parts = {found[1] for p in present if (found := result_part(table, p))}
        gone = parts - live
        if not gone:
            return [], []
        return _Exchange(receipts, known(), table, set(present)).of(live, gone)

    commit_serially(receipts.lake, table, change)


class _Exchange(NamedTuple):
    """Which files of a table change hands."""

    receipts: Receipts
    known: dict[str, Record]
    table: str
    present: set[str]

    def of(self, live: set[str], gone: set[str]) -> Change:
        """Returns the files to add and those to remove."""
        adds: list[FileEntry] = []
        removes: list[str] = []
        for name in sorted(live.intersection(self.known)):
            parts = self._ancestors(name)
            if parts.isdisjoint(gone):
                continue
            for work in self.receipts.finished:
                self.receipts.of(work, parts)  # all at once, not one by one
                more, fewer = self._one(work, name, parts)
                adds += more
                removes += fewer
        return adds, removes

    def _one(self, work: Work, name: str, parts: set[str]) -> Change:
        new = self._files(work, name)
        if new is None:
            return [], []
        if new and self.present.issuperset(f.path for f in new):
            old = [f.path for p in parts for f in self._files(work, p) or ()]
            return [], [path for path in old if path in self.present]
        covered = [self._covered(work, s) for s in self.known[name].sources]
        there = [paths for paths in covered if paths is not None]
        # What the sources have not made visible yet stays so: no answer changes.
        if len(there) < len(covered):
            return [], []
        return new, [path for paths in there for path in paths]

    def _covered(self, work: Work, part: str) -> list[str] | None:
        """Returns the visible files that hold a part's rows, or None."""
        files = self._files(work, part)
        if files is not None and self.present.issuperset(f.path for f in files):
            return [f.path for f in files]
        if part not in self.known:
            return None
        deeper = [self._covered(work, s) for s in self.known[part].sources]
        if any(paths is None for paths in deeper):
            return None
        return [path for paths in deeper for path in paths or ()]

    def _files(self, work: Work, part: str) -> list[FileEntry] | None:
        receipt = self.receipts.one(work, part)
        if receipt is None:
            return None
        return [f for f in receipt.files if f.table == self.table and f.rows]

    def _ancestors(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self.known[name].sources)
        while waiting:
            part = waiting.pop()
            if part not in found:
                found.add(part)
                waiting += self.known[part].sources if part in self.known else ()
        return found
