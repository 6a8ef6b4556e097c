"""Makes the tables follow the parts: results of merged parts and of removed ones.

Every commit here is of one table, and readers see the same rows before and after it.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from affectflow.lake import Lake
from affectflow.lake.commits import Change, commit_serially, retry
from affectflow.lake.tables import FileEntry
from affectflow.stages.ingest.store import follow
from affectflow.stages.runs.committing import carry_over, labels_first
from affectflow.stages.runs.results import (
    RESULTS,
    Receipts,
    Record,
    Work,
    records,
    result_part,
)


def settle(lake: Lake, fresh: Sequence[Record] = ()) -> None:
    """Makes all tables follow the parts that were merged.

    A compact that was killed between two tables is completed.

    Args:
      lake: to settle.
      fresh: records of merges that were committed just now: their results are merged
        again if a source's result was replaced in the meantime.
    """
    retry(lambda: follow(lake))  # an ingest may be doing the same right now
    receipts = Receipts(lake)
    for work in labels_first(receipts.finished):
        carry_over(receipts, work, fresh)
    known = functools.cache(lambda: records(lake))
    for table in RESULTS:
        _swap(receipts, table, known)


# -- commits -----------------------------------------------------------------------


def _swap(
    receipts: Receipts, table: str, known: Callable[[], dict[str, Record]]
) -> None:
    """Replaces the results of source parts by those of the merged parts."""

    def change(present: Mapping[str, FileEntry], live: set[str]) -> Change:
        parts = {found[1] for p in present if (found := result_part(table, p))}
        gone = parts - live
        if not gone:
            return [], []
        return _Exchange(receipts, known(), table, set(present)).of(live, gone)

    commit_serially(receipts.lake, table, change)


class _Exchange(NamedTuple):
    """Which files of a table are replaced."""

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
        # Results that sources have not made visible stay invisible: no answer changes.
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
