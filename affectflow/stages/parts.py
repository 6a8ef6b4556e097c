"""A stage over the parts of a lake: plan, work, commit. Resumable by part.

Plan lists, on a worker, the parts that have no receipt yet; work reads one part,
computes, writes its files and then its receipt; commit makes all files visible. The
receipt under `_work` says that a part is done; the Delta log says what is visible.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import is_dead
from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry, commit, stem
from affectflow.schemas import TABLES
from affectflow.stages.buckets import read_part
from affectflow.stages.deadletters import write_dead_letters
from affectflow.stages.progress import Progress
from affectflow.stages.receipts import Receipt, peak_rss_bytes, total
from affectflow.stages.runs import Request, write_run
from affectflow.stages.storing import CommitOnce

WORK = "_work"
WAITING = "parts_waiting_for_labels"


class Part(NamedTuple):
    """The descriptor of one part of `utterances`."""

    name: str
    rows: int


class PartTask(ABC):
    """What a stage does with one part; plain data, sent to workers.

    Args:
      request: the run.
    """

    def __init__(self, request: Request):
        self.request = request

    @property
    @abstractmethod
    def tables(self) -> tuple[str, ...]:
        """The tables that this stage writes, one file a part in each."""

    @property
    @abstractmethod
    def folder(self) -> str:
        """The folder in each table: one for each annotator and its settings."""

    def waiting(self, lake: Lake, names: list[str]) -> set[str]:
        """Returns the parts that an earlier stage has not done yet: left undone."""
        return set()

    def read(self, lake: Lake, name: str) -> pa.RecordBatch:
        """Returns the part as the stage needs it."""
        return read_part(lake, name)

    @abstractmethod
    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows for each table that an answered batch holds."""

    def side_tables(self) -> dict[str, pa.Table]:
        """Returns small tables to be committed once, such as the annotator's row."""
        return {}


def work(
    task: PartTask, lake: Lake, part: Part, compute: Any, progress: Progress
) -> Receipt:
    """Does one part: reads it, computes, writes the results, then the receipt."""
    batch = task.read(lake, part.name)
    begun = time.perf_counter()
    answered = compute(batch)
    seconds = time.perf_counter() - begun
    dead = is_dead(answered)
    receipt = Receipt(unit=part.name, model_calls=1, model_seconds=seconds)
    living = answered.filter(pc.invert(dead)) if dead.true_count else answered
    for table, rows in task.results(living).items():
        receipt.files.append(_write(lake, table, task.folder, part.name, rows))
    receipt.files += write_dead_letters(
        lake, answered.filter(dead), f"{task.folder}/{part.name}", task.request.run_id
    )
    receipt.rows = {
        "rows_in": answered.num_rows,
        "rows_out": living.num_rows,
        "rows_dead": dead.true_count,
    }
    receipt.peak_rss_bytes = peak_rss_bytes()
    lake.storage.write(receipt.to_json().encode(), *_receipt_path(task, part.name))
    progress.add(answered.num_rows)
    return receipt


def _write(lake: Lake, table: str, folder: str, name: str, rows: pa.Table) -> FileEntry:
    rows = rows.cast(TABLES[table])
    path = f"{folder}/{name}.parquet"
    size = lake.storage.write_parquet(rows, table, folder, f"{name}.parquet")
    return FileEntry(table, path, size, rows.num_rows)


def _receipt_path(task: PartTask, name: str) -> tuple[str, ...]:
    return (WORK, task.request.stage, task.folder, f"{name}.json")


# -- wiring ------------------------------------------------------------------------


class RunParts(beam.PTransform):
    """The pipeline of a stage over parts.

    Args:
      task: what to do with a part.
      worker: a PTransform from `Part` to receipts as JSON.
    """

    def __init__(self, task: PartTask, worker: beam.PTransform):
        super().__init__()
        self.task = task
        self.worker = worker

    def expand(self, pbegin: Any) -> beam.PCollection:
        """Wires plan, work and commit."""
        planned = (
            pbegin
            | "Request" >> beam.Create([""], reshuffle=False).with_output_types(str)
            | "Plan"
            >> beam.FlatMap(_plan, self.task)
            .with_output_types(Part, done=str)
            .with_outputs("done", main="todo")
        )
        worked = planned.todo | "Spread" >> beam.Reshuffle() | "Work" >> self.worker
        return (
            (planned.done, worked)
            | "Receipts" >> beam.Flatten()
            | "Commit" >> CommitOnce(self.task.request, _Commit(self.task))
        )


def _plan(_: str, task: PartTask) -> Iterator[Any]:
    lake = Lake.open(task.request.lake_uri)
    done = set(lake.storage.names(WORK, task.request.stage, task.folder))
    parts = {stem(path): e for path, e in lake.committed("utterances").items()}
    waiting = task.waiting(lake, sorted(parts))
    if waiting:
        held = Receipt(unit="waiting", counters={WAITING: len(waiting)})
        yield beam.pvalue.TaggedOutput("done", held.to_json())
    for name, entry in sorted(parts.items()):
        if name in waiting:
            continue
        if f"{name}.json" in done:
            yield beam.pvalue.TaggedOutput("done", _done_before(lake, task, name))
        else:
            yield Part(name, entry.rows)


def _done_before(lake: Lake, task: PartTask, name: str) -> str:
    """Returns a part's receipt of an earlier run: its rows are unchanged now."""
    receipt = Receipt.from_json(lake.storage.read(*_receipt_path(task, name)).decode())
    was = receipt.rows
    receipt.rows = {
        "rows_in": was["rows_in"],
        "rows_unchanged": was["rows_out"],
        "rows_dead": was["rows_dead"],
    }
    receipt.model_calls, receipt.model_seconds = 0, 0.0
    return receipt.to_json()


class _Commit:
    """Commits a stage over parts; a class, so that it can be pickled with its task."""

    def __init__(self, task: PartTask):
        self._task = task

    def __call__(self, request: Request, receipts: Sequence[Receipt]) -> dict[str, Any]:
        lake = Lake.open(request.lake_uri)
        for table in (*self._task.tables, "dead_letters"):
            self._commit_table(lake, table, receipts)
        for table, rows in self._task.side_tables().items():
            entry = _write(lake, table, self._task.folder, "row", rows)
            commit(lake.storage, table, [entry])
        return write_run(lake, request, total(receipts))

    def _commit_table(
        self, lake: Lake, table: str, receipts: Iterable[Receipt]
    ) -> None:
        adds = [f for r in receipts for f in r.files if f.table == table and f.rows]
        live = set(lake.parts())
        folder = f"{self._task.folder}/"
        stale = [
            path
            for path in lake.committed(table)
            if path.startswith(folder) and _part_of(path, table) not in live
        ]
        commit(lake.storage, table, adds, stale)


def _part_of(path: str, table: str) -> str:
    return path.split("/")[-2] if table == "dead_letters" else stem(path)


def side_row(table: str, row: dict[str, Any]) -> pa.Table:
    """Returns one row as a table of the lake."""
    return pa.Table.from_pylist([row], schema=TABLES[table])
