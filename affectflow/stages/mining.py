"""The stage mine: the causes of emotions, part by part."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow.batches import check_columns, concat, conform_like
from affectflow.lake import Lake
from affectflow.lake.tables import bucket_of_path, stem
from affectflow.nesting import nest, unnest
from affectflow.schemas import ANNOTATIONS_COLUMN, CAUSES_COLUMN, TABLES
from affectflow.shuffle import in_time_order
from affectflow.stages.annotating import folder_of
from affectflow.stages.buckets import INLINE, read_part
from affectflow.stages.parts import Part, PartTask, RunParts, side_row, work
from affectflow.stages.progress import Progress
from affectflow.stages.runs import Request
from affectflow.transform import ConversationTransform

_EMPTY_ANNOTATIONS = TABLES["annotations"].empty_table()


class MineTask(PartTask):
    """Mines the causes of one annotator's emotions in a part.

    Args:
      request: the run.
      miner: the annotator's row of the miner.
      annotator_id: whose emotions are mined.
    """

    def __init__(self, request: Request, miner: dict[str, Any], annotator_id: str):
        super().__init__(request)
        self.miner = miner
        self.annotator_id = annotator_id

    @property
    def tables(self) -> tuple[str, ...]:
        """Only `causes`."""
        return ("causes",)

    @property
    def folder(self) -> str:
        """One for each miner and annotator."""
        return folder_of(f"{self.miner['annotator_id']} on {self.annotator_id}")

    def waiting(self, lake: Lake, names: list[str]) -> set[str]:
        """Returns the parts that the annotator has not labelled yet.

        Mined now, they would count as done, and their causes would never be found.
        """
        folders = (folder_of(self.annotator_id), INLINE)
        found = (lake.storage.names("annotations", folder) for folder in folders)
        labelled = {stem(name) for names_in in found for name in names_in}
        return set(names) - labelled

    def read(self, lake: Lake, name: str) -> pa.RecordBatch:
        """Returns the part with the annotator's labels."""
        batch = read_part(lake, name)
        return batch.append_column(ANNOTATIONS_COLUMN, self._labels(lake, name, batch))

    def _labels(self, lake: Lake, name: str, batch: pa.RecordBatch) -> pa.Array:
        file = f"{name}.parquet"
        rows = _EMPTY_ANNOTATIONS
        for folder in (folder_of(self.annotator_id), INLINE):
            if lake.storage.exists("annotations", folder, file):
                found = lake.storage.read_parquet("annotations", folder, file)
                mine = pc.equal(found.column("annotator_id"), self.annotator_id)
                rows = pa.concat_tables([rows, found.filter(mine).cast(rows.schema)])
        return nest(rows, "annotations", batch.column("utterance_id"))

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of `causes`."""
        rows = unnest(batch, CAUSES_COLUMN.name)
        return {"causes": pa.Table.from_batches([rows])}

    def side_tables(self) -> dict[str, pa.Table]:
        """Returns the miner's row of `annotators`."""
        return {"annotators": side_row("annotators", self.miner)}


def with_context(
    task: MineTask, lake: Lake, name: str, batch: pa.RecordBatch
) -> tuple[pa.RecordBatch, pa.Array]:
    """Returns a part with the rest of its conversations, and which rows are its own.

    A conversation that went on after an earlier ingest lies in two parts of one
    bucket; the other part's rows are context, and are not mined again.
    """
    own = batch.column("utterance_id")
    wanted = pc.unique(batch.column("conversation_id"))
    more = [batch]
    for path in sorted(lake.committed("utterances")):
        other = stem(path)
        if other == name or bucket_of_path(path) != bucket_of_path(name):
            continue
        ids = lake.storage.read_parquet("utterances", path, columns=["conversation_id"])
        if pc.any(pc.is_in(ids.column(0), value_set=wanted)).as_py():
            rows = task.read(lake, other)
            same = pc.is_in(rows.column("conversation_id"), value_set=wanted)
            more.append(conform_like(rows.filter(same), batch.schema))
    together = in_time_order(concat(more)) if len(more) > 1 else batch
    return together, pc.is_in(together.column("utterance_id"), value_set=own)


class _MineFn(beam.DoFn):
    def __init__(self, task: MineTask, step: ConversationTransform):
        self._task = task
        self._step = step

    def setup(self) -> None:
        self._lake = Lake.open(self._task.request.lake_uri)
        request = self._task.request
        self._progress = Progress(self._lake, request.run_id, request.stage)
        self._step.setup()

    def process(self, element: Part) -> Iterator[str]:
        part = Part(*element)

        def compute(batch: pa.RecordBatch) -> pa.RecordBatch:
            name = self._step.default_label()
            check_columns(name, batch.schema, self._step.columns_required)
            rows, own = with_context(self._task, self._lake, part.name, batch)
            return self._step.apply(rows).filter(own)

        receipt = work(self._task, self._lake, part, compute, self._progress)
        receipt.model_calls, receipt.model_seconds = 0, 0.0
        yield receipt.to_json()


class _Mine(beam.PTransform):
    def __init__(self, task: MineTask, step: ConversationTransform):
        super().__init__()
        self._fn = _MineFn(task, step)

    def expand(self, pcoll: beam.PCollection) -> beam.PCollection:
        return pcoll | "Part" >> beam.ParDo(self._fn).with_output_types(str)


def mine_parts(
    pipeline: beam.Pipeline, task: MineTask, step: ConversationTransform
) -> Any:
    """Adds the stage mine to a pipeline."""
    return pipeline | "Mine" >> RunParts(task, _Mine(task, step))
