"""From a sample to a plan: what annotate and mine would still do in a lake."""

import time
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from affectflow.errors import LakeError
from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry, stem
from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.measure import (
    Measured,
    fit,
    measure,
    rss_bytes,
    tokens_per_row,
)
from affectflow.stages.annotate import AnnotateTask, config_of
from affectflow.stages.mine import MineTask, annotator_ids, mine_config
from affectflow.stages.runs.context import with_context
from affectflow.stages.runs.parts import Part, PartTask
from affectflow.stages.runs.request import new_request
from affectflow.storage import Storage

SAMPLE_ROWS = 2_000
SAMPLE_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Terms:
    """On what terms a plan is made.

    Args:
      workers: that would share the work.
      price_per_hour: of one worker.
      sample: about so many rows are measured, in each stage.
      seconds: about so long is measured, without the loading of models.
    """

    workers: int = 1
    price_per_hour: float = 0.0
    sample: int = SAMPLE_ROWS
    seconds: float = SAMPLE_SECONDS


@dataclass(kw_only=True)
class Load:
    """How much there is for a stage over parts.

    Args:
      todo: parts to be done.
      done: parts that would be skipped.
      read: gives a part by its name, as the stage needs it.
      sampled: where `read` finds only some of the parts, their names.
    """

    todo: list[FileEntry]
    done: list[FileEntry] = field(default_factory=list)
    read: Callable[[str], pa.RecordBatch]
    sampled: list[str] | None = None

    @property
    def rows(self) -> int:
        """Rows to be done."""
        return sum(entry.rows for entry in self.todo)

    @property
    def names(self) -> list[str]:
        """Parts for the sample."""
        todo = [stem(entry.path) for entry in self.todo]
        return todo if self.sampled is None else self.sampled


class _Reading:
    """Reads parts for the sample, and knows what that took."""

    def __init__(self, load: Load):
        self._load = load
        self._seconds, self._rows = 0.0, 0

    def __len__(self) -> int:
        return len(self._load.names)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for name in self._load.names:
            begun = time.perf_counter()
            batch = self._load.read(name)
            self._seconds += time.perf_counter() - begun
            self._rows += batch.num_rows
            yield batch

    @property
    def per_row(self) -> float:
        """Seconds to read a row."""
        return self._seconds / self._rows if self._rows else 0.0


@dataclass
class Sampled:
    """The plan of a stage, and what its sample made of the rows."""

    plan: StagePlan
    answered: list[pa.RecordBatch] = field(default_factory=list)


def estimate(
    task: PartTask,
    load: Load,
    compute: Callable[[pa.RecordBatch], pa.RecordBatch],
    folder: Storage,
    terms: Terms,
    seconds: float,
) -> Sampled:
    """Returns what a stage over parts would take, without loading and starting.

    Args:
      task: of the stage.
      load: of the stage.
      compute: the model or the miner.
      folder: for results that are thrown away.
      terms: of the plan.
      seconds: for the measuring.
    """
    before, parts, measured = rss_bytes(), _Reading(load), Measured()
    if load.todo:
        measured = measure(
            task, parts, compute, folder, sample=terms.sample, seconds=seconds
        )
    plan = _scaled(task, load, measured, parts.per_row, terms.workers)
    largest = max((entry.rows for entry in load.todo), default=0)
    peak = before + measured.bytes_per_row * largest if load.todo else 0.0
    plan = replace(
        plan, peak_rss_bytes=round(peak), price_per_hour=terms.price_per_hour
    )
    return Sampled(plan, measured.answered)


def _scaled(
    task: PartTask, load: Load, measured: Measured, read: float, workers: int
) -> StagePlan:
    rows, units = load.rows, len(load.todo)
    largest = max((entry.rows for entry in load.todo), default=0)
    each = fit(measured.seconds)
    work = each.at(rows, units) + read * rows
    slowest = each.at(largest) + read * largest
    return StagePlan(
        stage=task.request.stage,
        config_digest=task.request.digest,
        units=units,
        units_done=len(load.done),
        rows=rows,
        rows_done=sum(entry.rows for entry in load.done),
        bytes_in=sum(entry.size for entry in load.todo),
        bytes_out=round(fit(measured.bytes_out).at(rows, units)),
        load_seconds=measured.cold_seconds,
        model_seconds=fit(measured.model_seconds).at(rows, units),
        work_seconds=work,
        wall_seconds=measured.cold_seconds + wall(work, slowest, units, workers),
        workers=workers,
        sample_rows=measured.rows,
    )


def started(plan: StagePlan, seconds: float) -> StagePlan:
    """Returns a plan with the seconds that a pipeline takes to start and commit."""
    return replace(
        plan, fixed_seconds=seconds, wall_seconds=plan.wall_seconds + seconds
    )


# -- annotate and mine -------------------------------------------------------------


def left_and_done(
    lake: Lake, task: PartTask, without: Set[str] = frozenset()
) -> tuple[list[FileEntry], list[FileEntry]]:
    """Returns the parts that a stage would do, and those that it would skip.

    Args:
      lake: that holds them.
      task: of the stage.
      without: parts that it would leave for later.
    """
    entries = {stem(path): e for path, e in lake.committed("utterances").items()}
    parts = [Part(name, entry.rows) for name, entry in sorted(entries.items())]
    found = task.done(lake, task.ready(lake, parts))
    done = [entries[name] for name in sorted(found)]
    left = sorted(set(entries) - set(found) - without)
    return [entries[name] for name in left], done


@dataclass
class Model:
    """A model for the sample, loaded when it is first needed."""

    handler: Any
    loaded: Any = None
    load_seconds: float = 0.0

    @property
    def annotator_id(self) -> str:
        """Of the labels that it makes."""
        return str(self.handler.annotator()["annotator_id"])

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns `batch` with labels."""
        if self.loaded is None:
            begun = time.perf_counter()
            self.loaded = self.handler.load_model()
            self.load_seconds = time.perf_counter() - begun
        found: pa.RecordBatch = self.handler.apply(batch, self.loaded)
        return found


def annotate_task(lake: Lake, model: Model) -> AnnotateTask:
    """Returns the task that `annotate` would have."""
    request = new_request(lake, "annotate", config_of(model.handler))
    return AnnotateTask(request, model.handler.annotator())


def estimate_annotate(
    task: AnnotateTask, load: Load, model: Model, folder: Storage, terms: Terms
) -> Sampled:
    """Returns what annotate would take."""
    found = estimate(task, load, model, folder, terms, terms.seconds / 2)
    if not load.todo:
        return found
    # The first call of the sample loaded the model: cold seconds hold it.
    tokens = tokens_per_row(found.answered, model.loaded)
    found.plan = replace(found.plan, tokens=round(tokens * load.rows))
    return found


def mine_tasks(
    lake: Lake, step: Any, annotators: list[str]
) -> Iterator[tuple[MineTask, str]]:
    """Yields the tasks that `mine` would have, one for each annotator."""
    miner = step.annotator()
    for annotator_id in annotators:
        request = new_request(lake, "mine", mine_config(step, annotator_id))
        yield MineTask(request, miner, annotator_id), annotator_id


def emotion_annotators(lake: Lake, model: Model) -> list[str]:
    """Returns whose emotions `mine` would mine after `annotate` with a model."""
    try:
        known = annotator_ids(lake)
    except LakeError:
        known = []
    return sorted({*known, model.annotator_id})


def mine_load(
    lake: Lake, task: MineTask, coming: set[str], answered: list[pa.RecordBatch]
) -> Load:
    """Returns what mine would do once annotate has labelled the parts in `coming`.

    Measured on parts with labels if there are any, else on what the model has just
    answered.
    """
    names = [stem(path) for path in lake.committed("utterances")]
    ready_now = task.ready(lake, [Part(name, 0) for name in names])
    unlabelled = set(names) - {part.name for part in ready_now}
    todo, done = left_and_done(lake, task, unlabelled - coming)
    ready = [stem(e.path) for e in todo if stem(e.path) not in unlabelled]

    def read(name: str) -> pa.RecordBatch:
        batch = task.read(lake, task.part(lake, name))
        with_context(task, lake, name, batch)
        return batch

    if ready or not answered:
        return Load(todo=todo, done=done, read=read, sampled=ready)
    return answered_load(todo, done, answered)


def answered_load(
    todo: list[FileEntry], done: list[FileEntry], answered: list[pa.RecordBatch]
) -> Load:
    """Returns a load whose sample is what annotate has just answered."""
    batches = {str(number): batch for number, batch in enumerate(answered)}
    # The longest first: heads of it show how the cost grows.
    order = sorted(batches, key=lambda name: -batches[name].num_rows)
    return Load(todo=todo, done=done, read=batches.__getitem__, sampled=order)
