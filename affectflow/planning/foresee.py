"""Whole plans: of what is left in a lake, and of an analysis from the first file."""

import math
import random
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults, registry
from affectflow.batches.batch import concat, concat_unlike, conform_like
from affectflow.batches.grouping import whole_conversations
from affectflow.batches.nesting import nest, unnest
from affectflow.lake import Lake
from affectflow.lake.layout import SETTINGS
from affectflow.lake.tables import stem
from affectflow.planning.forecast import Line, Load, Terms, plan_stage
from affectflow.planning.ledger import StagePlan, wall
from affectflow.planning.rehearse import Analysis, Rehearsal, labels_in, rehearse
from affectflow.planning.sample import SourceSample, sample_source
from affectflow.schemas import ANNOTATIONS_COLUMN, SOURCE_BATCH
from affectflow.stages.annotate import AnnotateTask, config_of
from affectflow.stages.ingest.buckets import PART_BYTES, PART_ROWS
from affectflow.stages.ingest.ingest import expected_buckets, ingest_config
from affectflow.stages.mine import MineTask, mine_config
from affectflow.stages.runs.parts import PartTask, all_parts
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.request import config_digest, new_request
from affectflow.stages.themes.pipeline import themes_config
from affectflow.stages.themes.unchanged import unchanged_causes
from affectflow.storage import Storage

_PARTS = 3
"""A sample is of so many parts at least: one alone may be unlike all others."""


# -- a lake ------------------------------------------------------------------------


def plan_lake(
    lake_uri: str, terms: Terms, analysis: Analysis | None = None
) -> list[StagePlan]:
    """Returns what annotate, mine and themes would still do; writes nothing there.

    Args:
      lake_uri: folder or URL.
      terms: of the plan.
      analysis: what would be run; the defaults if None.

    Raises:
      LakeError: there is no lake.
      UsageError: no such model or miner, or one that refuses its options.
    """
    lake, analysis = Lake.open(lake_uri), analysis or Analysis()
    tasks = _Tasks(lake, analysis)
    found = tasks.rehearsed(terms)
    plans = [
        plan_stage(
            task.stage, task.request.digest, _load(lake, task, left), found, terms
        )
        for task, left in tasks.left
    ]
    return [*plans, _themes(lake, plans[1:], found, terms)]


class _Tasks:
    """What annotate and mine would do in a lake: their tasks, and the parts of each."""

    def __init__(self, lake: Lake, analysis: Analysis):
        self._lake, self._analysis = lake, analysis
        handler, step = analysis.handler(), analysis.step()
        request, own = (
            new_request(lake, "annotate", config_of(handler)),
            handler.annotator(),
        )
        annotate = AnnotateTask(request, own)
        coming = _todo(lake, annotate)
        self.left: list[tuple[PartTask, Set[str]]] = [(annotate, coming)]
        self._labelled = []
        for annotator_id in sorted({*labels_in(lake), own["annotator_id"]}):
            request = new_request(lake, "mine", mine_config(step, annotator_id))
            task = MineTask(request, step.annotator(), annotator_id)
            is_own = annotator_id == own["annotator_id"]
            self.left.append((task, _todo(lake, task, coming if is_own else set())))
            if not (is_own and coming):
                self._labelled.append(task)

    def rehearsed(self, terms: Terms) -> Rehearsal | None:
        """Returns what the stages took for a sample of the parts that are left.

        Labels that are there are mined in the rehearsal as they are.
        """
        every = self._lake.parts()
        names = sorted(set().union(*(left for _, left in self.left))) or every
        if not names:
            return None
        rows = concat(list(self._sampled(names, terms.sample)))
        entries = self._lake.committed("utterances").values()
        of_a_part = sum(entry.rows for entry in entries) / len(every)
        return rehearse(
            rows,
            self._analysis,
            of_a_part=of_a_part,
            seconds=terms.seconds,
            model=bool(self.left[0][1]),
        )

    def _sampled(self, names: Sequence[str], rows: int) -> Iterator[pa.RecordBatch]:
        share = math.ceil(rows / min(_PARTS, len(names)))
        for name in random.Random(0).sample(names, len(names)):
            batch = _head(self._with_labels(name), share)
            yield batch.slice(0, rows)
            rows -= batch.num_rows
            if rows <= 0:
                return

    def _with_labels(self, name: str) -> pa.RecordBatch:
        batch = conform_like(read_part(self._lake, name), SOURCE_BATCH)
        labels = ANNOTATIONS_COLUMN.name
        found = [
            unnest(task.read(self._lake, task.part(self._lake, name)), labels)
            for task in self._labelled
        ]
        if not found:
            return batch
        lists = nest(pa.Table.from_batches(found), labels, batch["utterance_id"])
        return batch.append_column(ANNOTATIONS_COLUMN, lists)


def _todo(lake: Lake, task: PartTask, coming: Set[str] = frozenset()) -> Set[str]:
    """Returns the parts that a stage would do, those among them that are coming."""
    ready = task.ready(lake, all_parts(lake))
    return ({part.name for part in ready} - set(task.done(lake, ready))) | coming


def _load(lake: Lake, task: PartTask, todo: Set[str]) -> Load:
    parts = {part.name: part for part in all_parts(lake)}
    sizes = {
        stem(path): each.size for path, each in lake.committed("utterances").items()
    }
    ready = {part.name for part in task.ready(lake, list(parts.values()))}
    done = ready - todo
    rows = [parts[name].rows for name in todo]
    return Load(
        rows=sum(rows),
        units=len(todo),
        largest=max(rows, default=0),
        rows_done=sum(parts[name].rows for name in done),
        units_done=len(done),
        bytes_in=sum(sizes[name] for name in todo),
    )


def _head(part: pa.RecordBatch, rows: int) -> pa.RecordBatch:
    """Returns the first conversations of a part; a long one is cut."""
    return next(whole_conversations(part, rows), part).slice(0, rows)


# -- from the first file -----------------------------------------------------------


def plan_analysis(
    source: Any, lake_uri: str, terms: Terms, analysis: Analysis | None = None
) -> list[StagePlan]:
    """Returns what ingest, annotate, mine and themes would take; writes nothing there.

    Messages that the lake has already are not known before they are read: they are
    counted as new.

    Args:
      source: that reads files.
      lake_uri: folder or URL of the lake, which need not be there yet.
      terms: of the plan.
      analysis: what would be run; the defaults if None.

    Raises:
      UsageError: the source cannot be opened, or there is no such model or miner, or
        one that refuses its options.
    """
    source.check()
    analysis = analysis or Analysis()
    settings = _settings(source, analysis)
    sample = sample_source(source, rows=terms.sample, seconds=terms.seconds / 8)
    there = Storage(lake_uri).exists(SETTINGS)
    buckets = Lake.open(lake_uri).buckets if there else expected_buckets(source)
    coming = _Coming(sample, buckets)
    found = coming.rehearsed(analysis, terms)
    load = coming.parts(found)
    loads = {"ingest": coming.input(found), "annotate": load, "mine": load}
    plans = [
        plan_stage(stage, settings[stage], loads[stage], found, terms)
        for stage in loads
    ]
    plans[0] = _with_reading(plans[0], sample)
    plans.append(_themes(None, plans[2:], found, terms))
    return [replace(each, ingest_digest=settings["ingest"]) for each in plans]


def _settings(source: Any, analysis: Analysis) -> dict[str, str]:
    """Returns the digests of the settings of each stage that has rows to read."""
    handler, step = analysis.handler(), analysis.step()
    configs = {
        "ingest": ingest_config(source),
        "annotate": config_of(handler),
        "mine": mine_config(step, handler.annotator()["annotator_id"]),
    }
    return {stage: config_digest(stage, config) for stage, config in configs.items()}


class _Coming:
    """What an ingest is expected to make of a source, from a sample of it."""

    def __init__(self, sample: SourceSample, buckets: int):
        self._sample, self._buckets = sample, buckets
        empty = pa.RecordBatch.from_pylist([], schema=SOURCE_BATCH)
        self._rows = concat_unlike([*sample.batches, empty])

    def rehearsed(self, analysis: Analysis, terms: Terms) -> Rehearsal | None:
        """Returns what the stages took for the sample; None if it has no row."""
        if not self._sample.rows:
            return None
        rows = self._sample.rows * self._sample.scale
        of_a_part = rows / max(1, self._parts(rows))
        return rehearse(
            self._rows.slice(0, terms.sample),
            analysis,
            of_a_part=of_a_part,
            seconds=terms.seconds,
        )

    def _used(self) -> int:
        """Returns how many buckets get a conversation, if each gets one by chance."""
        distinct = pc.count_distinct(self._rows["conversation_id"]).as_py()
        empty = (1 - 1 / self._buckets) ** (distinct * self._sample.scale)
        return round(self._buckets * (1 - empty))

    def _parts(self, rows: float) -> int:
        """Returns how many parts so many rows are written as."""
        if not (used := self._used()):
            return 0
        of_a_row = max(1.0, self._rows.nbytes / max(1, self._rows.num_rows))
        most = max(1.0, min(PART_ROWS, PART_BYTES / of_a_row))
        return used * math.ceil(rows / used / most)

    def input(self, found: Rehearsal | None) -> Load:
        """Returns how much there is for ingest."""
        sample = self._sample
        load = Load(files=sample.files, units=sample.splits, bytes_in=sample.size)
        if found is None:
            return load
        rows = self._whole(found, found.large.took["ingest"].rows)
        return replace(load, rows=rows, largest=rows / max(1, self._used()))

    def parts(self, found: Rehearsal | None) -> Load:
        """Returns how much there will be for the stages after it."""
        if found is None:
            return Load()
        rows = self._whole(found, found.large.utterances)
        units = self._parts(rows)
        return Load(
            rows=rows,
            units=units,
            largest=rows / max(1, units),
            bytes_in=round(_part_bytes(found).at(rows)),
        )

    def _whole(self, found: Rehearsal, rows: int) -> int:
        """Returns rows of the largest trial, scaled up to the whole source."""
        return round(rows / found.large.rows * self._sample.rows * self._sample.scale)


def _part_bytes(found: Rehearsal) -> Line:
    """Returns the bytes of parts of `utterances`."""
    points = [
        (trial.utterances, float(sum(part.size for part in trial.parts)))
        for trial in (found.small, found.large)
    ]
    return Line.through(*points)


def _with_reading(plan: StagePlan, sample: SourceSample) -> StagePlan:
    """Returns the plan of an ingest with the reading, which was not rehearsed."""
    seconds = sample.seconds * sample.scale
    return replace(
        plan,
        load_seconds=plan.load_seconds + sample.cold_seconds,
        work_seconds=plan.work_seconds + seconds,
        wall_seconds=plan.wall_seconds
        + sample.cold_seconds
        + wall(seconds, 0.0, plan.units, plan.workers),
    )


# -- themes ------------------------------------------------------------------------


def _themes(
    lake: Lake | None, mined: Sequence[StagePlan], found: Rehearsal | None, terms: Terms
) -> StagePlan:
    """Returns what themes would take: of all causes, those there and those to come."""
    clusterer = registry.make("clusterers", defaults.CLUSTERER)
    config = themes_config(clusterer)
    digest = config_digest("themes", config)
    coming = sum(plan.rows for plan in mined)
    parts = max((plan.units + plan.units_done for plan in mined), default=0)
    there = 0
    if lake is not None:
        request = new_request(lake, "themes", config)
        known = None if coming else unchanged_causes(lake, request, clusterer)
        if known is not None:
            load = Load(rows_done=known)
            return plan_stage("themes", digest, load, None, terms)
        there = sum(each.rows for each in lake.committed("causes").values())
    rows = 0 if found is None else found.causes(there, coming)
    load = Load(rows=rows, units=max(1, parts))
    return plan_stage("themes", digest, load, found, terms)
