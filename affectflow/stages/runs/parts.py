"""A stage over the parts of a lake: plan, work, commit. Resumable by part.

Plan lists, on a worker, the parts that have no receipt yet; work reads one part,
computes, writes its files and then its receipt; commit makes all files visible. The
receipt under `_work` says that a part is done; the Delta log says what is visible.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import runners
from affectflow.batches.batch import is_dead
from affectflow.kinds.account import Fault, account, at_hand
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.files import write_file
from affectflow.lake.tables import stem
from affectflow.stages.runs.answers import write_annotator
from affectflow.stages.runs.committing import settle
from affectflow.stages.runs.deadletters import write_dead_letters
from affectflow.stages.runs.once import CommitOnce, commit_all
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.receipts import (
    MOST_FAULTS,
    WORK,
    Receipt,
    peak_rss_bytes,
    read_receipt,
    receipt_path,
    total,
)
from affectflow.stages.runs.request import Request, mark_of
from affectflow.stages.runs.results import Work
from affectflow.stages.runs.run import Build, Row, run_stage, write_run
from affectflow.storage import in_threads

WAITING = "parts_waiting_for_labels"


class Part(NamedTuple):
    """The descriptor of one part of `utterances`, and of its other inputs."""

    name: str
    rows: int
    inputs: tuple[str, ...] = ()


Compute = Callable[[pa.RecordBatch], pa.RecordBatch]


class PartTask(ABC):
    """What a stage does with one part; plain data, sent to workers.

    Args:
      request: the run.
    """

    def __init__(self, request: Request):
        self.request = request

    stage: str
    """The stage that owns the receipts, whatever command works on them."""

    tables: tuple[str, ...]
    """The tables that this stage writes, with one file per part in each."""

    @property
    @abstractmethod
    def folder(self) -> str:
        """The folder in each table: one for each annotator and its settings."""

    def part(self, lake: Lake, name: str) -> Part:
        """Returns the descriptor of a part, with its current inputs."""
        return Part(name, 0)

    def ready(self, lake: Lake, parts: list[Part]) -> list[Part]:
        """Returns the parts that earlier stages have done, with their inputs."""
        return parts

    def plan(self, lake: Lake, parts: list[Part]) -> tuple[list[Part], list[Receipt]]:
        """Returns the parts to do, and receipts of the others."""
        ready = self.ready(lake, parts)
        waiting = len(parts) - len(ready)
        held = Receipt(unit="waiting", counters={WAITING: waiting})
        done = self.done(lake, ready)
        todo = [part for part in ready if part.name not in done]
        unchanged = [self._unchanged(done[name]) for name in sorted(done)]
        return todo, [*unchanged, held] if waiting else unchanged

    def _unchanged(self, receipt: Receipt) -> Receipt:
        """Returns a part's receipt of an earlier run, its rows counted as unchanged."""
        if receipt.run_id == self.request.run_id:
            return receipt  # the engine plans a second time because a worker was lost
        was = receipt.rows
        rows = {
            "rows_in": was["rows_in"],
            "rows_unchanged": was["rows_in"] - was["rows_dead"],
            "rows_dead": was["rows_dead"],
        }
        fresh = replace(receipt, rows=rows, counters={})
        fresh = replace(fresh, model_calls=0, model_seconds=0.0, asked={}, sent_to="")
        return replace(fresh, faults={})

    def done(self, lake: Lake, parts: list[Part]) -> dict[str, Receipt]:
        """Returns the receipts of those parts that need no work, by part.

        A part whose inputs have changed is computed again, and so is a stale one.
        """
        there = set(lake.storage.names(WORK, self.stage, self.folder))
        known = [part for part in parts if f"{part.name}.json" in there]
        found = in_threads(lambda part: receipt_of(self, lake, part.name), known)
        done = [
            receipt
            for part, receipt in zip(known, found, strict=True)
            if receipt is not None and receipt.base == list(part.inputs)
        ]
        stale = self.stale(lake, done)
        return {r.unit: r for r in done if r.unit not in stale}

    def stale(self, lake: Lake, receipts: Sequence[Receipt]) -> set[str]:
        """Returns the parts with outdated results although inputs are unchanged.

        Their results refer to other parts that are gone, or to files that have changed.
        """
        return set()

    def points_into(self, lake: Lake, name: str, batch: pa.RecordBatch) -> list[str]:
        """Returns the other parts that the results of an answered part refer to."""
        return []

    def pauses(self, lake: Lake, batch: pa.RecordBatch) -> dict[str, float]:
        """Returns the pause of each source whose windows decide an answered part."""
        return {}

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the part as the stage needs it."""
        return read_part(lake, part.name)

    def came_in(self, lake: Lake, name: str) -> pa.Array:
        """Returns the ids of a part's utterances that were answered at ingest."""
        return pa.array([], pa.string())

    def again(self, batch: pa.RecordBatch, ids: pa.Array) -> pa.RecordBatch:
        """Returns the rows needed to answer `ids` again."""
        return batch.filter(pc.is_in(batch.column("utterance_id"), value_set=ids))

    @abstractmethod
    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows for each table that an answered batch holds."""

    def counted(
        self, batch: pa.RecordBatch, tallied: Mapping[str, int]
    ) -> dict[str, int]:
        """Returns what a receipt counts besides the rows.

        Args:
          batch: an answered one.
          tallied: what was counted while it was answered.
        """
        return dict(tallied)

    def annotators(self) -> list[Mapping[str, Any]]:
        """Returns the rows of `annotators` that the results name."""
        return []

    def committed(self, lake: Lake) -> None:  # noqa: B027 (most have nothing to do)
        """Runs after the results are committed."""

    def work(self, lake: Lake, part: Part, compute: Compute) -> Receipt:
        """Does one part, unless another worker has just done it."""
        before = receipt_of(self, lake, part.name)
        same = before is not None and before.base == list(part.inputs)
        if before is not None and same and not self.stale(lake, [before]):
            return before
        batch = self.read(lake, part)
        known = pc.is_in(batch.column("utterance_id"), self.came_in(lake, part.name))
        receipt = Receipt(unit=part.name, base=list(part.inputs))
        receipt.rows = {
            "rows_in": batch.num_rows,
            "rows_out": 0,
            "rows_dead": 0,
            "rows_unchanged": known.true_count,
        }
        if known.true_count < batch.num_rows:
            rest = batch.filter(pc.invert(known)) if known.true_count else batch
            self._answer(lake, receipt, before, answer(rest, compute))
        write_receipt(self, lake, receipt)
        return receipt

    def _answer(
        self, lake: Lake, receipt: Receipt, before: Receipt | None, answers: "Answers"
    ) -> None:
        """Writes a stage's answers for a part, and records them in its receipt."""
        receipt.model_calls = 1
        receipt.model_seconds = answers.seconds
        receipt.points_into = self.points_into(lake, receipt.unit, answers.living)
        receipt.pauses = self.pauses(lake, answers.living)
        receipt.counters = self.counted(answers.living, answers.tallied)
        receipt.faults = dict(islice(answers.faults.items(), MOST_FAULTS))
        note_asked(receipt)
        path = f"{self.folder}/{next_generation(receipt.unit, before)}.parquet"
        for table, rows in self.results(answers.living).items():
            receipt.files.append(write_file(lake.storage, table, path, rows))
        folder, run_id = f"{self.folder}/{receipt.unit}", self.request.run_id
        receipt.files += write_dead_letters(lake, answers.dead, folder, run_id)
        counts = answers.counts()
        receipt.rows |= {name: counts[name] for name in ("rows_out", "rows_dead")}


def note_asked(receipt: Receipt) -> None:
    """Records in a receipt what a model was asked for it."""
    opened = account()
    receipt.asked, receipt.sent_to = opened.asked(), opened.sent_to


class Answers(NamedTuple):
    """The rows of a part after a stage, how many seconds it took, what it counted.

    `faults` are those of files, by their addresses.
    """

    living: pa.RecordBatch
    dead: pa.RecordBatch
    seconds: float
    tallied: Mapping[str, int]
    faults: dict[str, Fault]

    def counts(self) -> dict[str, int]:
        """Returns the counts of a receipt."""
        living, dead = self.living.num_rows, self.dead.num_rows
        return {"rows_in": living + dead, "rows_out": living, "rows_dead": dead}


def answer(batch: pa.RecordBatch, compute: Compute) -> Answers:
    """Returns what a stage makes of rows, with the dead ones separate."""
    begun = time.perf_counter()
    with at_hand() as opened:
        answered = compute(batch)
    seconds = time.perf_counter() - begun
    dead = is_dead(answered)
    living = answered.filter(pc.invert(dead)) if dead.true_count else answered
    dead_rows = answered.filter(dead)
    return Answers(living, dead_rows, seconds, opened.tallied, opened.faults)


def work(
    task: PartTask, lake: Lake, part: Part, compute: Compute, progress: Progress
) -> Receipt:
    """Does one part: reads it, computes, writes the results, then the receipt."""
    with progress.unit(part.name, part.rows) as unit, at_hand() as opened:
        opened.watcher = unit.reached
        receipt = task.work(lake, part, compute)
        unit.rows = receipt.rows
    return receipt


def next_generation(name: str, before: Receipt | None) -> str:
    """Returns the name of a part's next results: a committed file never changes."""
    if before is None:
        return name
    found = [stem(f.path).partition("~")[2] for f in before.files]
    newest = max((int(number) for number in found if number), default=0)
    return f"{name}~{newest + 1}"


# -- receipts ----------------------------------------------------------------------


def receipt_of(task: PartTask, lake: Lake, name: str) -> Receipt | None:
    """Returns a task's receipt of a part, or None if it is not done."""
    return read_receipt(lake, task.stage, task.folder, name)


def write_receipt(task: PartTask, lake: Lake, receipt: Receipt) -> None:
    """Writes a receipt, last of all, which marks the part as done."""
    receipt.run_id = task.request.run_id
    receipt.peak_rss_bytes = peak_rss_bytes()
    path = receipt_path(task.stage, task.folder, receipt.unit)
    lake.storage.write(receipt.to_json().encode(), *path)


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


def run_parts(
    lake: Lake, task: PartTask, build: Build, beam_options: Sequence[str]
) -> Row:
    """Runs a stage over parts, without a pipeline if no part needs work.

    Args:
      lake: that it works on.
      task: what to do with a part.
      build: adds the task to a pipeline.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`.
    """
    settled = None
    if runners.is_local(runners.options(beam_options)):
        settled = nothing_to_do(task, lake)
    if settled is None:
        return run_stage(lake, task.request, build, beam_options)

    def settle() -> Row:
        Progress(lake, task.request).planned(rows=0, parts=0)
        return commit_all(task.request, settled, _Commit(task))

    return run_stage(lake, task.request, build, beam_options, settled=settle)


def nothing_to_do(task: PartTask, lake: Lake) -> list[Receipt] | None:
    """Returns the receipts of a lake's parts, or None if a part needs work."""
    done = set(lake.storage.names(WORK, task.stage, task.folder))
    everything = all_parts(lake)
    names = {f"{part.name}.json" for part in everything}
    if not names or not names <= done:
        return None  # no need to read a receipt
    todo, settled = task.plan(lake, everything)
    return None if todo else settled


def all_parts(lake: Lake) -> list[Part]:
    """Returns the descriptors of all parts, in order."""
    parts = {stem(path): e for path, e in lake.committed("utterances").items()}
    return [Part(name, entry.rows) for name, entry in sorted(parts.items())]


def _plan(_: str, task: PartTask) -> Iterator[Any]:
    lake = task.request.open_lake()
    todo, settled = task.plan(lake, all_parts(lake))
    progress = Progress(lake, task.request)
    progress.planned(rows=sum(part.rows for part in todo), parts=len(todo))
    yield from todo
    for receipt in settled:
        yield beam.pvalue.TaggedOutput("done", receipt.to_json())


class _Commit:
    """Commits a stage over parts; a class, so that it can be pickled with its task."""

    def __init__(self, task: PartTask):
        self._task = task

    def __call__(self, request: Request, receipts: Sequence[Receipt]) -> dict[str, Any]:
        lake = request.open_lake()
        work = Work(self._task.stage, self._task.folder)
        settle(lake, work, self._task.tables, receipts)
        rows = [write_annotator(lake, row) for row in self._task.annotators()]
        commit(lake.storage, "annotators", rows)
        self._task.committed(lake)
        return write_run(lake, request, total(receipts), mark=mark_of(receipts))
