"""Whole plans: for the remaining work in a lake, and for an analysis of files."""

import math
import random
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches.batch import concat, concat_unlike, conform_like
from affectflow.batches.grouping import whole_conversations
from affectflow.batches.nesting import nest, unnest
from affectflow.errors import UsageError
from affectflow.kinds.model import BatchModelHandler
from affectflow.kinds.renderer import Renderer
from affectflow.lake import Lake
from affectflow.lake.layout import SETTINGS
from affectflow.planning.forecast import Line, costed
from affectflow.planning.known import share_new, surveyed
from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.rehearse import (
    SAMPLE_ROWS,
    SECONDS,
    Analysis,
    Rehearsal,
    labels_in,
    rehearse,
)
from affectflow.planning.sample import SourceSample, sample_source
from affectflow.planning.settings import check_reads_no_answers, digests_of
from affectflow.schemas import FINDINGS, SOURCE_BATCH
from affectflow.stages.annotate import OverTask, config_of, handler_in, task_for
from affectflow.stages.cascade import LEARN
from affectflow.stages.ingest.buckets import PART_BYTES, PART_ROWS
from affectflow.stages.ingest.files_read import Survey
from affectflow.stages.ingest.ingest import expected_buckets, without
from affectflow.stages.mine import MineTask, mine_config
from affectflow.stages.runs.answers import TEXTUALIZE
from affectflow.stages.runs.labelled import LabelledTask
from affectflow.stages.runs.parts import Part, PartTask, all_parts
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.request import new_request
from affectflow.stages.textualize import TextualizeTask, textualize_config
from affectflow.stages.themes.pipeline import themes_config, vectors_wanted
from affectflow.stages.themes.unchanged import unchanged_causes
from affectflow.steps.tracks import files_of
from affectflow.storage import Storage

_PARTS = 3
"""A sample has at least this many parts, since a single one may be unlike the rest."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of a plan.

    Args:
      workers: that would share the work.
      price_per_hour: of one worker.
      sample: about this many rows are measured.
      seconds: measuring takes at most about this long.
    """

    workers: int = 1
    price_per_hour: float = 0.0
    sample: int = SAMPLE_ROWS
    seconds: float = SECONDS

    def plan(self, stage: str, digest: str, **load: Any) -> StagePlan:
        """Returns the plan of a stage that only says how much there is to do."""
        return StagePlan(
            stage=stage,
            config_digest=digest,
            workers=self.workers,
            price_per_hour=self.price_per_hour,
            **load,
        )


# -- a lake ------------------------------------------------------------------------


def plan_lake(
    lake_uri: str, terms: Terms, analysis: Analysis | None = None
) -> list[StagePlan]:
    """Returns what textualize, annotate, mine and themes still have to do.

    Writes nothing there.

    Args:
      lake_uri: folder or URL.
      terms: of the plan.
      analysis: what would be run; the defaults if None.

    Raises:
      LakeError: there is no lake.
      UsageError: no such model, miner or clusterer, or one that refuses its options.
    """
    lake, analysis = Lake.open(lake_uri), analysis or Analysis()
    left, clusterer = _Left(lake, analysis), analysis.grouping()
    request = new_request(lake, "themes", themes_config(clusterer))
    known = None
    if not any(left.todo.values()):
        read = vectors_wanted(lake, clusterer)
        known = unchanged_causes(lake, request, clusterer, read)
    found = left.rehearsed(terms) if known is None else None
    plans = [left.plan(task, found, terms) for task in left.todo]
    if known is not None:
        return [*plans, terms.plan("themes", request.digest, rows_done=known)]
    there = sum(each.rows for each in lake.committed("causes").values())
    return [*plans, _themes(request.digest, there, plans, found, terms)]


def _handler_in(lake: Lake, analysis: Analysis) -> BatchModelHandler[Any]:
    """Returns the handler that `annotate` would take in a lake.

    Raises:
      UsageError: as `annotate` raises it, or a threshold is to be learned.
    """
    if analysis.only_below == LEARN:
        raise UsageError(
            "a plan does not call the model, so it cannot learn --only-below: give a "
            "number"
        )
    return handler_in(
        lake,
        analysis.model,
        analysis.revision,
        analysis.options,
        analysis.over,
        analysis.only_below,
        is_asked=False,
    )


class _Left:
    """What textualize, annotate and mine still have to do: the parts of each task."""

    def __init__(self, lake: Lake, analysis: Analysis):
        self.lake, self._analysis = lake, analysis
        self._parts, self._ready = all_parts(lake), dict[PartTask, list[Part]]()
        handler, step = _handler_in(lake, analysis), analysis.step()
        request = new_request(lake, "annotate", config_of(handler))
        self._own = task_for(request, handler)
        own_id = handler.annotator()["annotator_id"]
        self.todo: dict[PartTask, Set[str]] = {}
        cues = self._cues_to_come()
        # New cues are read, so what was annotated before is annotated again.
        coming = self.todo[self._own] = self._open(self._own) | cues
        self._labelled: list[LabelledTask] = []
        for annotator_id in sorted({*labels_in(lake), own_id}):
            request = new_request(lake, "mine", mine_config(step, annotator_id))
            task = MineTask(request, step.annotator(), annotator_id)
            more = coming if annotator_id == own_id else set()
            self.todo[task] = self._open(task) | more
            self._labelled += [] if more else [task]
        own, read = self._own, {task.labels_of for task in self._labelled}
        if isinstance(own, OverTask) and own.labels_of not in read:
            self._labelled.append(own)

    def _cues_to_come(self) -> Set[str]:
        """Returns the parts that textualize would do."""
        renderer = self._analysis.rendering()
        if renderer is None:
            return frozenset()
        config = textualize_config(self._analysis.renderer, renderer)
        request = new_request(self.lake, TEXTUALIZE, config)
        task = TextualizeTask(request, renderer)
        self.todo[task] = self._open(task)
        return self.todo[task]

    def _open(self, task: PartTask) -> Set[str]:
        """Returns the parts that a task could do now but has not done yet."""
        ready = self._ready[task] = task.ready(self.lake, self._parts)
        return {part.name for part in ready} - set(task.done(self.lake, ready))

    def plan(self, task: PartTask, found: Rehearsal | None, terms: Terms) -> StagePlan:
        """Returns the plan of one of the tasks."""
        todo, files = self.todo[task], self.lake.committed("utterances")
        rows = [part.rows for part in self._parts if part.name in todo]
        done = [part.rows for part in self._ready[task] if part.name not in todo]
        plan = terms.plan(
            task.stage,
            task.request.digest,
            rows=sum(rows),
            units=len(rows),
            rows_done=sum(done),
            units_done=len(done),
            bytes_in=sum(files[f"{name}.parquet"].size for name in todo),
            labels_of=task.labels_of if isinstance(task, MineTask) else "",
        )
        if isinstance(task, TextualizeTask) and todo:
            plan = _with_files(plan, task.renderer)
        return costed(plan, max(rows, default=0), found)

    def rehearsed(self, terms: Terms) -> Rehearsal | None:
        """Returns what the stages took for a sample of the remaining parts.

        Existing labels are mined in the rehearsal as they are.
        """
        parts = self._parts
        names = sorted(set().union(*self.todo.values())) or [p.name for p in parts]
        if not names:
            return None
        return rehearse(
            concat(list(self._sampled(names, terms.sample))),
            self._analysis,
            of_a_part=sum(part.rows for part in parts) / len(parts),
            seconds=terms.seconds,
            model=bool(self.todo[self._own]),
            lake=self.lake,
        )

    def _sampled(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        share = math.ceil(rows / min(_PARTS, len(names)))
        for name in random.Random(0).sample(names, len(names)):
            head = _head(self._with_labels(name), min(share, rows))
            yield head
            rows -= head.num_rows
            if not rows:
                return

    def _with_labels(self, name: str) -> pa.RecordBatch:
        batch = conform_like(read_part(self.lake, name), SOURCE_BATCH)
        read = [t.read(self.lake, t.part(self.lake, name)) for t in self._labelled]
        for table in ("annotations", "vectors"):
            found = [unnest(r, table) for r in read if table in r.schema.names]
            if found:
                rows = pa.Table.from_batches(found)
                lists = nest(rows, table, batch["utterance_id"])
                batch = batch.append_column(FINDINGS[table], lists)
        return batch


def _head(part: pa.RecordBatch, rows: int) -> pa.RecordBatch:
    """Returns the first conversations of a part; a long one is truncated."""
    return next(whole_conversations(part, rows), part).slice(0, rows)


# -- from the first file -----------------------------------------------------------


def plan_analysis(
    source: Any,
    lake_uri: str,
    terms: Terms,
    analysis: Analysis | None = None,
    *,
    reread: bool = False,
) -> list[StagePlan]:
    """Returns what ingest, annotate, mine and themes would take; writes nothing there.

    Files that an ingest would leave closed, because the lake has read them, are left
    out. Of the others, messages whose ids the lake has are read, and nothing more is
    done with them; how many that are is told by the sample.

    Args:
      source: that reads files.
      lake_uri: folder or URL of the lake, which need not be there yet.
      terms: of the plan.
      analysis: what would be run; the defaults if None.
      reread: files are read whether they have changed or not.

    Raises:
      UsageError: the source cannot be opened; or as `plan_lake`.
    """
    source.check()
    analysis = analysis or Analysis()
    check_reads_no_answers(analysis)
    digests = digests_of(source, analysis)
    lake = Lake.open(lake_uri) if Storage(lake_uri).exists(SETTINGS) else None
    unread = Survey() if reread or lake is None else surveyed(lake, source)
    if unread.is_all:
        done = terms.plan("ingest", digests["ingest"], units_done=len(unread.unchanged))
        plans = [done, *plan_lake(lake_uri, terms, analysis)]
        return [replace(each, ingest_digest=done.config_digest) for each in plans]
    source = without(source, unread.unchanged)
    sample = sample_source(source, rows=terms.sample, seconds=terms.seconds / 8)
    buckets = lake.buckets if lake else expected_buckets(source)
    coming = _Coming(sample, buckets, share_new(lake, sample) if lake else 1.0)
    found = coming.rehearsed(analysis, terms)
    first = coming.ingest(digests["ingest"], found, terms)
    plans = [replace(first, units_done=len(unread.unchanged))]
    if (renderer := analysis.rendering()) is not None:
        plan = coming.plan(TEXTUALIZE, digests[TEXTUALIZE], found, terms)
        plans.append(_with_files(plan, renderer))
    for stage in ("annotate", "mine"):
        plans.append(coming.plan(stage, digests[stage], found, terms))
    plans.append(_themes(digests["themes"], 0, plans, found, terms))
    return [replace(each, ingest_digest=plans[0].config_digest) for each in plans]


def _with_files(plan: StagePlan, renderer: Renderer) -> StagePlan:
    """Returns a plan of textualize with the files that the renderer reads."""
    files = files_of(renderer)
    size = sum(file.size for file in files)
    return replace(plan, files=len(files), bytes_in=plan.bytes_in + size)


class _Coming:
    """What an ingest of a source is expected to produce, from a sample."""

    def __init__(self, sample: SourceSample, buckets: int, new: float = 1.0):
        """Takes a sample, the lake's buckets, and which share of it is new, 0..1."""
        self._sample, self._new = sample, new
        empty = pa.RecordBatch.from_pylist([], schema=SOURCE_BATCH)
        self._rows = concat_unlike([*sample.batches, empty])
        distinct = pc.count_distinct(self._rows["conversation_id"]).as_py()
        # The expected number of non-empty buckets if conversations fall at random.
        missed = (1 - 1 / buckets) ** (distinct * sample.scale)
        self._used = max(1, round(buckets * (1 - missed)))

    def _parts(self, rows: float) -> int:
        """Returns the number of parts that a number of rows is written as."""
        of_a_row = max(1.0, self._rows.nbytes / max(1, self._rows.num_rows))
        most = max(1.0, min(PART_ROWS, PART_BYTES / of_a_row))
        return self._used * math.ceil(rows / self._used / most)

    def rehearsed(self, analysis: Analysis, terms: Terms) -> Rehearsal | None:
        """Returns what the stages took for the sample; None if it has no row."""
        if not (rows := self._sample.rows * self._sample.scale):
            return None
        return rehearse(
            self._rows.slice(0, terms.sample),
            analysis,
            of_a_part=rows / self._parts(rows),
            seconds=terms.seconds,
        )

    def _whole(self, found: Rehearsal | None, rows: int) -> int:
        """Returns rows of the largest trial, scaled up to the whole source."""
        scale = self._sample.scale * self._sample.rows
        return round(rows / found.large.rows * scale) if found else 0

    def ingest(self, digest: str, found: Rehearsal | None, terms: Terms) -> StagePlan:
        """Returns the plan of the ingest with the reading, which was not rehearsed."""
        sample = self._sample
        rows = self._whole(found, found.large.took["ingest"].rows if found else 0)
        load = {"files": sample.files, "units": sample.splits, "bytes_in": sample.size}
        plan = terms.plan("ingest", digest, rows=rows, **load)
        plan = costed(plan, rows / self._used, found)
        reading = sample.seconds * sample.scale
        shared = wall(reading, 0.0, sample.splits, terms.workers)
        return replace(
            plan,
            load_seconds=plan.load_seconds + sample.cold_seconds,
            work_seconds=plan.work_seconds + reading,
            wall_seconds=plan.wall_seconds + sample.cold_seconds + shared,
        )

    def plan(
        self, stage: str, digest: str, found: Rehearsal | None, terms: Terms
    ) -> StagePlan:
        """Returns the plan of a stage over the parts that there will be."""
        all_ = self._whole(found, found.large.utterances if found else 0)
        rows = round(all_ * self._new)
        units, size = self._parts(rows), _part_bytes(found, rows)
        plan = terms.plan(stage, digest, rows=rows, units=units, bytes_in=size)
        return costed(plan, rows / max(1, units), found)


def _part_bytes(found: Rehearsal | None, rows: int) -> int:
    """Returns the size in bytes of parts with a number of rows."""
    if found is None:
        return 0
    points = [
        (trial.utterances, float(sum(part.size for part in trial.parts)))
        for trial in (found.small, found.large)
    ]
    return round(Line.through(*points).at(rows))


# -- themes ------------------------------------------------------------------------


def _themes(
    digest: str,
    there: int,
    plans: Sequence[StagePlan],
    found: Rehearsal | None,
    terms: Terms,
) -> StagePlan:
    """Returns what themes would take.

    Args:
      digest: of its settings.
      there: causes that the lake has.
      plans: of the stages before, those of mine among them.
      found: what the rehearsal took.
      terms: of the plan.
    """
    mined = [plan for plan in plans if plan.stage == "mine"]
    units = max((plan.units + plan.units_done for plan in mined), default=0)
    coming = sum(plan.rows for plan in mined)
    rows = found.causes(there, coming) if found else 0
    plan = terms.plan("themes", digest, rows=rows, units=max(1, units))
    return costed(plan, 0.0, found)
