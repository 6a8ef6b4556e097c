"""Whole plans: of what is left in a lake, and of an analysis from the first file."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow import defaults, runners
from affectflow.lake import Lake
from affectflow.lake.layout import SETTINGS
from affectflow.lake.tables import stem
from affectflow.planning.estimate import (
    Load,
    Model,
    Sampled,
    Terms,
    annotate_task,
    answered_load,
    emotion_annotators,
    estimate,
    estimate_annotate,
    left_and_done,
    mine_load,
    mine_tasks,
    started,
)
from affectflow.planning.ledger import StagePlan
from affectflow.planning.rehearse import IngestSample
from affectflow.planning.themes import estimate_themes
from affectflow.stages.ingest.ingest import expected_buckets
from affectflow.stages.runs.parts import PartTask
from affectflow.steps.annotate import handler_for
from affectflow.steps.mine import MineCauses
from affectflow.storage import Storage


@contextmanager
def scratch() -> Iterator[Storage]:
    """Gives a folder on this machine that is removed with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="affectflow-plan-") as folder:
        yield Storage(folder)


def start_seconds(beam_options: Sequence[str] = ()) -> tuple[float, float]:
    """Returns what an empty pipeline takes here: the first, and any later one.

    On a cluster, where it would hold machines, nothing is run and both are 0.
    """
    if not runners.is_local(runners.options(beam_options)):
        return 0.0, 0.0

    def empty(pipeline: beam.Pipeline) -> Any:
        created = pipeline | beam.Create([""], reshuffle=False)
        return created | beam.Reshuffle() | "Again" >> beam.Reshuffle()

    seconds = []
    for _ in range(2):
        begun = time.perf_counter()
        runners.run(empty, beam_options)
        seconds.append(time.perf_counter() - begun)
    return seconds[0], seconds[1]


def _with_starts(
    plans: list[StagePlan], beam_options: Sequence[str]
) -> list[StagePlan]:
    first, later = start_seconds(beam_options)
    return [
        started(plan, later if number else first) for number, plan in enumerate(plans)
    ]


def _read_part(task: PartTask, lake: Lake, name: str) -> pa.RecordBatch:
    return task.read(lake, task.part(lake, name))


def handler_of(model: str, revision: str, options: dict[str, Any] | None) -> Any:
    """Returns the handler that `annotate` would take; loads no weights."""
    return handler_for(model, revision, options)


# -- a lake ------------------------------------------------------------------------


def plan_lake(
    lake_uri: str,
    terms: Terms,
    *,
    model: str = defaults.MODEL,
    revision: str = "",
    options: dict[str, Any] | None = None,
    miner: str = defaults.MINER,
    beam_options: Sequence[str] = (),
) -> list[StagePlan]:
    """Returns what annotate, mine and themes would still do; writes nothing there.

    Raises:
      LakeError: there is no lake.
      UsageError: no such model or miner.
    """
    lake = Lake.open(lake_uri)
    wanted = Model(handler_of(model, revision, options))
    with scratch() as folder:
        task = annotate_task(lake, wanted)
        todo, done = left_and_done(lake, task)
        load = Load(todo=todo, done=done, read=partial(_read_part, task, lake))
        labelled = estimate_annotate(task, load, wanted, folder, terms)
        coming = {stem(entry.path) for entry in todo}
        mined = list(_mined(lake, wanted, miner, coming, labelled, folder, terms))
    themes = _themes(lake, mined, terms)
    plans = [labelled.plan, *(each.plan for each in mined), themes]
    return _with_starts(plans, beam_options)


def _mined(
    lake: Lake,
    model: Model,
    miner: str,
    coming: set[str],
    labelled: Sampled,
    folder: Storage,
    terms: Terms,
) -> Iterator[Sampled]:
    step = miner_of(miner)
    tasks = list(mine_tasks(lake, step, emotion_annotators(lake, model)))
    for task, annotator_id in tasks:
        own = annotator_id == model.annotator_id
        answered = labelled.answered if own else []
        load = mine_load(lake, task, coming if own else set(), answered)
        seconds = terms.seconds / 4 / len(tasks)
        yield estimate(task, load, step.apply, folder, terms, seconds)


def miner_of(name: str) -> Any:
    """Returns the step that `mine` would take, ready to work."""
    step = MineCauses(miner=name)
    step.setup()
    return step


def _themes(lake: Lake, mined: list[Sampled], terms: Terms) -> StagePlan:
    batches = [batch for each in mined for batch in each.answered]
    coming = sum(each.plan.rows for each in mined)
    parts = max((each.plan.units + each.plan.units_done for each in mined), default=1)
    return estimate_themes(lake, batches, coming, parts, terms)


# -- from the first file -----------------------------------------------------------


def plan_analysis(
    source: Any,
    lake_uri: str,
    terms: Terms,
    *,
    model: str = defaults.MODEL,
    revision: str = "",
    options: dict[str, Any] | None = None,
    miner: str = defaults.MINER,
    beam_options: Sequence[str] = (),
) -> list[StagePlan]:
    """Returns what ingest, annotate, mine and themes would take; writes nothing there.

    The sample goes through all stages, in a lake in a temporary folder that is removed
    afterwards. Messages that the lake has already are not known before they are read:
    they are counted as new.

    Raises:
      UsageError: the source cannot be opened, or there is no such model or miner.
    """
    source.check()
    wanted, step = Model(handler_of(model, revision, options)), miner_of(miner)
    with scratch() as folder:
        trial = Lake.create(folder.url("lake"), speaker_key_uri=folder.url("key"))
        ingest = IngestSample.take(source, trial, folder, terms)
        buckets = _buckets(source, lake_uri)
        plan, parts = ingest.plan(buckets, terms), ingest.expected_parts(buckets)
        names = ingest.part_names
        task = annotate_task(trial, wanted)
        read = partial(_read_part, task, trial)
        load = Load(todo=parts, read=read, sampled=names)
        labelled = estimate_annotate(task, load, wanted, folder, terms)
        mining, _ = next(mine_tasks(trial, step, [wanted.annotator_id]))
        work = answered_load(parts, [], labelled.answered)
        mined = estimate(mining, work, step.apply, folder, terms, terms.seconds / 4)
        themes = _themes(trial, [mined], terms)
    plans = [plan, labelled.plan, mined.plan, themes]
    plans = [replace(each, ingest_digest=plan.config_digest) for each in plans]
    return _with_starts(plans, beam_options)


def _buckets(source: Any, lake_uri: str) -> int:
    """Returns the buckets of a lake, or those that a new one would have."""
    there = Storage(lake_uri).exists(SETTINGS)
    return Lake.open(lake_uri).buckets if there else expected_buckets(source)
