"""The stage annotate: a model over the parts of a lake."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from functools import partial
from typing import Any, Literal

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults
from affectflow.batches.nesting import rows_of
from affectflow.kinds.cascade import Cascade
from affectflow.kinds.model import BatchModelHandler
from affectflow.lake import Lake
from affectflow.runners.engines import model_hints
from affectflow.stages.cascade import cascade_of
from affectflow.stages.over import annotator_meant, check_handler, with_over
from affectflow.stages.runs.answers import (
    ANNOTATE,
    ANNOTATED,
    came_in,
    check_cues,
    cue_files,
    folder_of,
    note_renderers,
    renderers_read,
    tables_of,
    visible_cues,
)
from affectflow.stages.runs.context import conversations_with, with_context
from affectflow.stages.runs.journal import journalled
from affectflow.stages.runs.labelled import LabelledTask
from affectflow.stages.runs.loaded import LoadedOnce
from affectflow.stages.runs.parts import (
    Part,
    PartTask,
    RunParts,
    run_parts,
    work,
)
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.request import BUDGET, Request, new_request
from affectflow.stages.runs.run import Row
from affectflow.stages.runs.statuses import counted
from affectflow.stages.runs.wordings import Wordings, wordings
from affectflow.steps.annotate import handler_for


def annotate_lake(
    lake_uri: str,
    *,
    model: str = defaults.MODEL,
    revision: str = "",
    options: dict[str, Any] | None = None,
    over: str = "",
    only_below: float | Literal["learn"] | None = None,
    accelerator: str = "",
    min_ram: str = "",
    run_id: str = "",
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
) -> Row:
    """Labels the utterances of a lake with a model; parts with labels are left as is.

    Args:
      lake_uri: folder or URL.
      model: name of a plugin, folder, or hub id.
      revision: pinned revision of a hub id.
      options: arguments of the handler.
      over: the annotator whose answers the model reads: its id, or the beginning of it
        that no other has; for a model that reads several, theirs with commas between
        them. Only parts that all of them have labelled are answered.
      only_below: the model is asked only where that annotator gives no label such a
        score; `learn` learns the threshold from a sample that both label.
      accelerator: accelerator that the model's workers need, as Dataflow spells it:
        `type:nvidia-l4;count:1;install-nvidia-driver`. Other engines ignore it.
      min_ram: memory that the model's workers need, such as `30GB`. Other engines
        ignore it.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`.

    Raises:
      UsageError: the lake or the model cannot be opened, a hint is malformed, or
        `over` is not an annotator of the lake, or several.
    """
    hints = model_hints(accelerator, min_ram)
    lake = Lake.open(lake_uri)
    handler = handler_in(lake, model, revision, options, over, only_below)
    columns = handler.columns if isinstance(handler, Cascade) else {}
    config = config_of(handler)
    request = new_request(
        lake, "annotate", config, run_id=run_id, budget=budget, cascade=columns
    )
    task = task_for(request, handler)
    build = partial(annotate_parts, task=task, handler=handler, hints=hints)
    return run_parts(lake, task, build, beam_options)


def handler_in(
    lake: Lake,
    model: str,
    revision: str = "",
    options: Mapping[str, Any] | None = None,
    over: str = "",
    only_below: float | Literal["learn"] | None = None,
    *,
    is_asked: bool = True,
) -> BatchModelHandler[Any]:
    """Returns the handler of a model for a lake that has all it reads.

    Args, Raises: as `annotate_lake`; `is_asked` as `handler_for` takes it.
    """
    is_read = only_below is None
    given = with_over(lake, model, options, over, revision=revision, is_read=is_read)
    handler = handler_for(model, revision, given, is_asked=is_asked)
    check_handler(lake, model, handler)
    if only_below is None:
        return handler
    return cascade_of(lake, handler, annotator_meant(lake, over), only_below)


def config_of(handler: BatchModelHandler[Any]) -> dict[str, Any]:
    """Returns the settings that determine a handler's answers, as plain data."""
    inner = handler.inner if isinstance(handler, Cascade) else handler
    arguments: dict[str, Any] = asdict(inner) if is_dataclass(inner) else {}
    return {
        "handler": type(inner).__name__,
        "arguments": arguments,
        "annotator_id": handler.annotator()["annotator_id"],
        **({"cascade": handler.config()} if isinstance(handler, Cascade) else {}),
    }


class AnnotateTask(PartTask):
    """Labels a part with a handler, and again once a renderer has found new cues in it.

    Args:
      request: the run.
      handler: what labels.

    Raises:
      UsageError: it reads cues that must not be read for the purpose and context given,
        or that exist in several styles while none was named.
    """

    stage = ANNOTATE
    tables = ANNOTATED

    def __init__(self, request: Request, handler: BatchModelHandler[Any]):
        PartTask.__init__(self, request)
        self.annotator = handler.annotator()
        self.unit = handler.unit
        self.cues_read = handler.cues_read
        self.style_read = handler.style_read
        if self.cues_read == "all":
            check_cues(request.open_lake())

    @functools.cached_property
    def wordings(self) -> Wordings:
        """Which cues are read; asked of the lake when the first part is."""
        lake = self.request.open_lake()
        return wordings(lake, self.cues_read, self.style_read)

    def part(self, lake: Lake, name: str) -> Part:
        """Returns the descriptor of a part, with the files of its cues."""
        found = cue_files(lake, name, self.cues_read, self.wordings.unread)
        part = super().part(lake, name)
        return part._replace(inputs=(*part.inputs, *found))

    def ready(self, lake: Lake, parts: list[Part]) -> list[Part]:
        """Returns the parts that may be labelled, with the files of their cues."""
        there = visible_cues(lake, self.cues_read, self.wordings.unread)
        return [
            part._replace(inputs=(*part.inputs, *there.get(part.name, ())))
            for part in super().ready(lake, parts)
        ]

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the part with all its cues."""
        return read_part(lake, part.name, cues=part.inputs, only=self.wordings.of)

    @property
    def folder(self) -> str:
        """One for each annotator."""
        return folder_of(self.annotator["annotator_id"])

    def came_in(self, lake: Lake, name: str) -> pa.Array:
        """Returns the parts with answers by this annotator that no step has signed."""
        own_id = self.annotator["annotator_id"]
        found = [
            came_in(lake, table, name, annotator_id=own_id)
            for table in ("annotations", "vectors")
        ]
        return pa.concat_arrays(found)

    def again(self, batch: pa.RecordBatch, ids: pa.Array) -> pa.RecordBatch:
        """Returns the rows, or the whole conversations that hold them."""
        if self.unit == "conversation":
            return conversations_with(batch, ids)
        return super().again(batch, ids)

    def rows(self, batch: pa.RecordBatch, table: str) -> pa.RecordBatch:
        """Returns the rows of a table that an answered batch contains."""
        return rows_of(batch, table)

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of `annotations` and `rollups`, of `vectors`, or of all."""
        return tables_of(batch, lambda name: self.rows(batch, name))

    def counted(
        self, batch: pa.RecordBatch, tallied: Mapping[str, int]
    ) -> dict[str, int]:
        """Returns how many utterances got each status, and what was tallied."""
        return counted(batch, self.annotator["annotator_id"], tallied, self.unit)

    def annotators(self) -> list[Mapping[str, Any]]:
        """Returns the annotator's row."""
        return [self.annotator]

    def committed(self, lake: Lake) -> None:
        """Records whose cues were read, if any came after the ingest."""
        if read := renderers_read(lake, self.cues_read, self.wordings.unread):
            note_renderers(lake, self.annotator["annotator_id"], read)


class OverTask(AnnotateTask, LabelledTask):
    """Labels a part with a handler that reads other annotators' answers about it.

    Args:
      request: the run.
      handler: what reads them.
    """

    def __init__(self, request: Request, handler: BatchModelHandler[Any]):
        AnnotateTask.__init__(self, request, handler)
        self.labels_of = self.annotator["over"]
        self._read = handler.annotators_read
        self.reads = handler.answers_read
        self._gives = {*handler.columns_provided.names, "rollups"}

    @property
    def annotators_read(self) -> tuple[str, ...]:
        """The annotators whose answers the handler reads."""
        return self._read

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the part with all its cues, and the other annotators' answers."""
        return LabelledTask.read(self, lake, part)

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of the tables that the handler writes."""
        found = super().results(batch).items()
        return {table: rows for table, rows in found if table in self._gives}

    def rows(self, batch: pa.RecordBatch, table: str) -> pa.RecordBatch:
        """Returns the handler's own rows; those it read are already in the lake."""
        rows = super().rows(batch, table)
        own = pc.equal(rows.column("annotator_id"), self.annotator["annotator_id"])
        return rows.filter(own)


def task_for(request: Request, handler: BatchModelHandler[Any]) -> AnnotateTask:
    """Returns what a handler does with a part."""
    if handler.reads_answers:
        return OverTask(request, handler)
    return AnnotateTask(request, handler)


class _PartHandler(BatchModelHandler[Any]):
    """The handler of a stage: its element is the descriptor of a part.

    It reads the part, so that model calls are planned over all its rows, and answers
    with a receipt.
    """

    def __init__(self, inner: BatchModelHandler[Any], task: PartTask):
        super().__init__()
        self._inner = inner
        self._task = task

    def load_model(self) -> Any:
        return LoadedOnce(self._inner, self._task.request)

    def predict(self, batch: pa.RecordBatch, model: Any) -> pa.RecordBatch:
        return self._inner.predict(batch, model)

    def run_inference(
        self, batch: Any, model: Any, inference_args: dict[str, Any] | None = None
    ) -> Sequence[Any]:
        request = self._task.request
        lake = request.open_lake()
        part, progress = Part(*batch), Progress(lake, request)

        def compute(rows: pa.RecordBatch) -> pa.RecordBatch:
            if self._inner.unit == "utterance":
                return self._inner.apply(rows, model.loaded())
            together, own = with_context(self._task, lake, part.name, rows)
            return self._inner.apply(together, model.loaded()).filter(own)

        with journalled(lake, self._inner, request.run_id):
            receipt = work(self._task, lake, part, compute, progress)
        return [receipt.to_json()]

    def get_num_bytes(self, batch: Any) -> int:
        return 0

    def get_metrics_namespace(self) -> str:
        return self._inner.get_metrics_namespace()


def _receipts(answers: Any) -> Iterator[str]:
    yield from [answers] if isinstance(answers, str) else answers


def annotate_parts(
    pipeline: beam.Pipeline,
    task: PartTask,
    handler: BatchModelHandler[Any],
    hints: Mapping[str, str] | None = None,
) -> Any:
    """Adds a task over parts that a model answers to a pipeline.

    Args:
      pipeline: to add to.
      task: what to do with a part.
      handler: the model.
      hints: Beam's resource hints, only for the step of the model.
    """
    from affectflow.kinds.beam_ml import RunInference

    inference = RunInference(
        _PartHandler(handler, task).with_no_batching(),
        model_identifier=handler.annotator()["annotator_id"],
    )
    worker = "RunInference" >> inference.with_output_types(str).with_resource_hints(
        **hints or {}
    ) | "Receipt" >> beam.FlatMap(_receipts).with_output_types(str)
    return pipeline | "Annotate" >> RunParts(task, worker)
