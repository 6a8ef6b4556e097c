"""Replay of an ingest: reads refused rows again from their files."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import conform
from affectflow.lake import Lake
from affectflow.lake.commits import Change, commit_serially
from affectflow.lake.files import read_files
from affectflow.lake.tables import FileEntry, bucket_of_path
from affectflow.schemas import TABLES, UTTERANCES, fields
from affectflow.stages.ingest.store import commit_ingest
from affectflow.stages.runs.deadletters import (
    OF_INGEST,
    is_open,
    read_letters,
    replayed,
    write_letters,
)
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import Request, staging
from affectflow.storage import Storage, in_threads

LEFT = "letters_left_open"
"""Counter of the letters whose row is no longer in its place."""
# A row that clashed with another of its dump would now pass for a later edit of it.
NOT_AGAIN = "duplicate_id"
_PLACE = r"#[0-9]{1,18}$"
_SEEN = "seen"
_ROW = fields(UTTERANCES, "origin", "utterance_id")


def refused_origins(lake: Lake, run_ids: Sequence[str]) -> list[str]:
    """Returns the origins of the letters of ingests that may be replayed."""
    found = read_letters(lake, lake.committed("dead_letters")).values()
    letters = pa.concat_tables([TABLES["dead_letters"].empty_table(), *found])
    wanted = letters.filter(_may_replay(letters, run_ids))
    return sorted(set(wanted.column("origin").to_pylist()))


def file_of(origin: str) -> str:
    """Returns the file that a row was read from."""
    return re.sub(_PLACE, "", origin)


def _may_replay(letters: pa.Table, run_ids: Sequence[str]) -> pa.ChunkedArray:
    known = pc.is_valid(letters.column("origin"))
    clash = pc.equal(pc.fill_null(letters.column("error_type"), ""), NOT_AGAIN)
    ours = pc.is_in(letters.column("run_id"), pa.array(run_ids, pa.string()))
    return pc.and_(pc.and_(is_open(letters), known), pc.and_not(ours, clash))


class OnlyRefused(beam.DoFn):
    """Passes only rows that ingests had refused; their list stays in the lake.

    Args:
      request: the replay.
      run_ids: of the ingests.
    """

    def __init__(self, request: Request, run_ids: Sequence[str]):
        self._request = request
        self._run_ids = list(run_ids)
        self._origins: pa.Array | None = None

    def process(self, element: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        if self._origins is None:
            lake = self._request.open_lake()
            self._seen = Storage(staging(lake, self._request))
            self._origins = pa.array(refused_origins(lake, self._run_ids), pa.string())
        rows = element.filter(pc.is_in(element.column("origin"), self._origins))
        if rows.num_rows:
            _note(rows, self._seen)
            yield rows


def _note(rows: pa.RecordBatch, folder: Storage) -> None:
    """Records which rows were read, named after the content: retries are harmless."""
    seen = conform(rows, _ROW).select(_ROW.names)
    name = hashlib.blake2b(str(seen.to_pydict()).encode(), digest_size=8).hexdigest()
    folder.write_parquet(pa.Table.from_batches([seen]), _SEEN, f"{name}.parquet")


# -- commit ------------------------------------------------------------------------


class SettleLetters:
    """Commits the replay of an ingest; a class, so that it can be pickled.

    Args:
      run_ids: of the ingests.
    """

    def __init__(self, run_ids: Sequence[str]):
        self._run_ids = list(run_ids)

    def __call__(self, request: Request, receipts: Sequence[Receipt]) -> dict[str, Any]:
        return commit_ingest(request, receipts, partial(self._settle, request))

    def _settle(
        self, request: Request, lake: Lake, receipts: Sequence[Receipt]
    ) -> Receipt:
        """Marks the letters that work now; the others stay, and are counted if lost."""
        rows = _Rows.of(lake, request, receipts)

        def change(present: Mapping[str, FileEntry], _: set[str]) -> Change:
            adds: list[FileEntry] = []
            removes: list[str] = []
            for path, letters in read_letters(lake, present).items():
                works = pc.and_(_may_replay(letters, self._run_ids), rows.work(letters))
                if pc.any(works).as_py():
                    adds += write_letters(lake, replayed(letters, works), OF_INGEST)
                    removes.append(path)
            return adds, removes

        commit_serially(lake, "dead_letters", change)
        left = self._left(lake, rows)
        return Receipt(counters={LEFT: left} if left else {})

    def _left(self, lake: Lake, rows: "_Rows") -> int:
        found = read_letters(lake, lake.committed("dead_letters")).values()
        return sum(
            pc.and_not(_may_replay(each, self._run_ids), _are_of(each, rows.seen))
            .cast("int64")
            .to_numpy()
            .sum()
            for each in found
        )


class _Rows(NamedTuple):
    """The rows that a replay read in the places of letters, and those refused again."""

    seen: pa.Table
    refused: pa.Table

    @classmethod
    def of(cls, lake: Lake, request: Request, receipts: Sequence[Receipt]) -> "_Rows":
        files = [f.path for r in receipts for f in r.files if f.table == "dead_letters"]
        refused = read_letters(lake, files).values()
        seen = _in_place(lake, receipts, _seen(lake, request))
        return cls(seen, _together([each.select(_ROW.names) for each in refused]))

    def work(self, letters: pa.Table) -> pa.ChunkedArray:
        """Returns of which letters the row was read, and was not refused again."""
        return pc.and_not(_are_of(letters, self.seen), _are_of(letters, self.refused))


def _are_of(letters: pa.Table, rows: pa.Table) -> pa.ChunkedArray:
    """Returns which letters belong to one of the rows: by place, and by id if given.

    A place may hold several messages, or a different one now.
    """
    here = pc.is_in(letters.column("origin"), value_set=rows.column("origin"))
    same = pc.is_in(_keys(letters), value_set=_keys(rows), skip_nulls=True)
    return pc.if_else(pc.is_null(letters.column("utterance_id")), here, same)


def _keys(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(*rows.select(_ROW.names).columns, "\n")


def _together(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables([_ROW.empty_table(), *(t.cast(_ROW) for t in tables)])


def _seen(lake: Lake, request: Request) -> pa.Table:
    folder = Storage(staging(lake, request))
    names = folder.names(_SEEN)
    return _together(in_threads(lambda name: folder.read_parquet(_SEEN, name), names))


def _in_place(lake: Lake, receipts: Sequence[Receipt], seen: pa.Table) -> pa.Table:
    """Returns rows without those the lake already has from elsewhere in the same file.

    Such a row has moved; the row refused in its present place has not.
    """
    buckets = {receipt.unit for receipt in receipts}
    paths = [
        path
        for path in lake.committed("utterances")
        if f"bucket {bucket_of_path(path)}" in buckets
    ]
    known = read_files(lake.storage, "utterances", paths, _ROW.names)
    place = pc.index_in(seen.column("utterance_id"), value_set=known["utterance_id"])
    there, here = known.column("origin").take(place), seen.column("origin")
    moved = pc.and_(pc.equal(_files(there), _files(here)), pc.not_equal(there, here))
    return seen.filter(pc.invert(pc.fill_null(moved, False)))


def _files(origins: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring_regex(origins, pattern=_PLACE, replacement="")
