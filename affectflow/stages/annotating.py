"""The stage annotate: a model over the parts of a lake."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow.inference import BatchModelHandler
from affectflow.lake import Lake
from affectflow.nesting import unnest
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.stages.parts import Part, PartTask, RunParts, side_row, work
from affectflow.stages.progress import Progress
from affectflow.stages.rollups import rollups
from affectflow.stages.runs import Request


def folder_of(annotator_id: str) -> str:
    """Returns the folder of an annotator's results: one for each id."""
    import hashlib

    digest = hashlib.blake2b(annotator_id.encode(), digest_size=4).hexdigest()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", annotator_id)[:60] + "-" + digest


def config_of(handler: BatchModelHandler[Any]) -> dict[str, Any]:
    """Returns what decides a handler's answers, as plain data."""
    arguments: dict[str, Any] = asdict(handler) if is_dataclass(handler) else {}
    return {
        "handler": type(handler).__name__,
        "arguments": arguments,
        "annotator_id": handler.annotator()["annotator_id"],
    }


class AnnotateTask(PartTask):
    """Labels a part with a handler."""

    def __init__(self, request: Request, annotator: dict[str, Any]):
        super().__init__(request)
        self.annotator = annotator

    @property
    def tables(self) -> tuple[str, ...]:
        """`annotations`, and their counts in `rollups`."""
        return ("annotations", "rollups")

    @property
    def folder(self) -> str:
        """One for each annotator."""
        return folder_of(self.annotator["annotator_id"])

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of `annotations` and `rollups`."""
        rows = unnest(batch, ANNOTATIONS_COLUMN.name)
        return {
            "annotations": pa.Table.from_batches([rows]),
            "rollups": rollups(rows),
        }

    def side_tables(self) -> dict[str, pa.Table]:
        """Returns the annotator's row."""
        return {"annotators": side_row("annotators", self.annotator)}


class _PartHandler(BatchModelHandler[Any]):
    """The handler of a stage: its element is the descriptor of a part.

    It reads the part, so that model calls are planned over all its rows, and answers
    with a receipt.
    """

    def __init__(self, inner: BatchModelHandler[Any], task: AnnotateTask):
        super().__init__()
        self._inner = inner
        self._task = task

    def load_model(self) -> Any:
        return self._inner.load_model()

    def predict(self, batch: pa.RecordBatch, model: Any) -> pa.RecordBatch:
        return self._inner.predict(batch, model)

    def annotator(self) -> dict[str, Any]:
        return self._inner.annotator()

    def run_inference(
        self, batch: Any, model: Any, inference_args: dict[str, Any] | None = None
    ) -> Sequence[Any]:
        request = self._task.request
        lake = Lake.open(request.lake_uri)
        progress = Progress(lake, request.run_id, request.stage)
        receipt = work(
            self._task,
            lake,
            Part(*batch),
            lambda rows: self._inner.apply(rows, model),
            progress,
        )
        return [receipt.to_json()]

    def get_num_bytes(self, batch: Any) -> int:
        return 0

    def get_metrics_namespace(self) -> str:
        return self._inner.get_metrics_namespace()


class _Predict(beam.PTransform):
    def __init__(self, handler: _PartHandler, annotator_id: str):
        super().__init__()
        self._handler = handler
        self._annotator_id = annotator_id

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        from apache_beam.ml.inference.base import RunInference

        return (
            pcoll
            | "RunInference"
            >> RunInference(
                self._handler.with_no_batching(), model_identifier=self._annotator_id
            ).with_output_types(str)
            | "Receipt" >> beam.FlatMap(_receipts).with_output_types(str)
        )


def _receipts(answers: Any) -> Iterator[str]:
    yield from [answers] if isinstance(answers, str) else answers


def annotate_parts(
    pipeline: beam.Pipeline, request: Request, handler: BatchModelHandler[Any]
) -> Any:
    """Adds the stage annotate to a pipeline."""
    annotator = handler.annotator()
    task = AnnotateTask(request, annotator)
    worker = _Predict(_PartHandler(handler, task), annotator["annotator_id"])
    return pipeline | "Annotate" >> RunParts(task, worker)
