"""Replay of an ingest: the rows that were refused are read again from their files."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.lake import Lake
from affectflow.lake.tables import commit
from affectflow.schemas import TABLES
from affectflow.stages.deadletters import is_open, mended, write_letters
from affectflow.stages.receipts import Receipt
from affectflow.stages.runs import Request
from affectflow.stages.storing import commit_ingest

FOLDER = "ingest"
# A row that clashed with another of its dump would now pass for a later edit of it.
NOT_AGAIN = "duplicate_id"
_PLACE = re.compile(r"#[0-9]{1,18}$")


def refused_origins(lake: Lake, run_ids: Sequence[str]) -> list[str]:
    """Returns the origins of the letters of ingests that a replay may mend."""
    tables = [letters for _, letters in _letters(lake)]
    if not tables:
        return []
    letters = pa.concat_tables(tables)
    wanted = pc.and_(_may_mend(letters), pc.is_in(letters["run_id"], pa.array(run_ids)))
    return sorted(set(letters.filter(wanted).column("origin").to_pylist()))


def file_of(origin: str) -> str:
    """Returns the file that a row was read from."""
    return _PLACE.sub("", origin)


def _letters(lake: Lake) -> Iterator[tuple[str, pa.Table]]:
    for path in sorted(lake.committed("dead_letters")):
        if path.startswith(f"{FOLDER}/"):
            table = lake.storage.read_parquet("dead_letters", *path.split("/"))
            yield path, table.cast(TABLES["dead_letters"])


def _may_mend(letters: pa.Table) -> pa.ChunkedArray:
    known = pc.is_valid(letters.column("origin"))
    clash = pc.equal(pc.fill_null(letters.column("error_type"), ""), NOT_AGAIN)
    return pc.and_(pc.and_(is_open(letters), known), pc.invert(clash))


class OnlyRefused(beam.DoFn):
    """Lets those rows pass that ingests had refused; their list stays in the lake.

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
            found = refused_origins(self._request.open_lake(), self._run_ids)
            self._origins = pa.array(found, pa.string())
        rows = element.filter(pc.is_in(element.column("origin"), self._origins))
        if rows.num_rows:
            yield rows


class SettleLetters:
    """Commits the replay of an ingest; a class, so that it can be pickled.

    Args:
      run_ids: of the ingests.
    """

    def __init__(self, run_ids: Sequence[str]):
        self._run_ids = list(run_ids)

    def __call__(self, request: Request, receipts: Sequence[Receipt]) -> dict[str, Any]:
        return commit_ingest(request, receipts, self._settle)

    def _settle(self, lake: Lake, receipts: Sequence[Receipt]) -> None:
        """Marks the letters that work now; those refused again stay as they were."""
        again = _origins(lake, receipts)
        for path, letters in list(_letters(lake)):
            ours = pc.is_in(letters.column("run_id"), pa.array(self._run_ids))
            refused = pc.is_in(letters.column("origin"), pa.array(again, pa.string()))
            works = pc.and_(pc.and_(_may_mend(letters), ours), pc.invert(refused))
            if pc.any(works).as_py():
                files = write_letters(lake, mended(letters, works), FOLDER)
                commit(lake.storage, "dead_letters", files, [path])


def _origins(lake: Lake, receipts: Sequence[Receipt]) -> list[str]:
    files = [f for r in receipts for f in r.files if f.table == "dead_letters"]
    return [
        origin
        for file in files
        for origin in lake.storage.read_parquet("dead_letters", *file.path.split("/"))
        .column("origin")
        .to_pylist()
    ]
