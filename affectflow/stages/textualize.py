"""The stage textualize: finds the cues of a renderer in a lake, part by part."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import registry
from affectflow.batches.batch import apply_to_living, halfway, with_column
from affectflow.batches.nesting import rows_of
from affectflow.errors import UsageError
from affectflow.kinds.renderer import Renderer, TextRenderer, TrackRenderer
from affectflow.lake import Lake
from affectflow.schemas import CUES_COLUMN
from affectflow.stages.runs.answers import TEXTUALIZE, folder_of
from affectflow.stages.runs.parts import (
    Compute,
    Part,
    PartTask,
    RunParts,
    run_parts,
    work,
)
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import BUDGET, Request, new_request
from affectflow.stages.runs.results import OUTSIDE
from affectflow.stages.runs.run import Row
from affectflow.steps.textualize import textualize
from affectflow.steps.tracks import (
    check_columns,
    cues_of,
    digest_of_files,
    version_met,
)
from affectflow.storage import in_threads


def textualize_lake(
    lake_uri: str,
    *,
    renderer: str,
    options: Mapping[str, Any] | None = None,
    run_id: str = "",
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
) -> Row:
    """Finds the cues of one renderer in a lake; parts that have them are left as is.

    Where new cues were found, the next `annotate` annotates again what was annotated
    before.

    Args:
      lake_uri: folder or URL.
      renderer: name of a plugin.
      options: of the renderer.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`; its counters say which cues were found, and what gave none.

    Raises:
      UsageError: the lake or the renderer cannot be opened, there are no tracks, or
        none has the columns that an option names.
    """
    lake = Lake.open(lake_uri)
    made: Renderer = registry.make("renderers", renderer, options)
    check_columns(made)
    config = textualize_config(renderer, made)
    request = new_request(lake, TEXTUALIZE, config, run_id=run_id, budget=budget)
    task = TextualizeTask(request, made)
    build = partial(textualize_parts, task=task, compute=task.compute)
    return run_parts(lake, task, build, beam_options)


def textualize_config(name: str, made: Renderer) -> dict[str, Any]:
    """Returns what distinguishes runs of a renderer.

    Args:
      name: of the plugin.
      made: with its options.
    """
    options: dict[str, Any] = asdict(made) if is_dataclass(made) else {}
    return {"renderer": name, "renderer_id": made.id, "options": options}


class TextualizeTask(PartTask):
    """Finds the cues of a part.

    Args:
      request: the run.
      renderer: what finds them.
    """

    stage = TEXTUALIZE
    tables = ("cues",)

    def __init__(self, request: Request, renderer: Renderer):
        super().__init__(request)
        self.renderer = renderer
        self._files = digest_of_files(renderer)

    @property
    def folder(self) -> str:
        """One for each renderer and its options."""
        return folder_of(self.renderer.id)

    def part(self, lake: Lake, name: str) -> Part:
        """Returns the descriptor of a part, which changes if its files change."""
        outside = f"{OUTSIDE}{self._files}/{name}.parquet"
        return Part(name, 0, (outside,) if self._files else ())

    def ready(self, lake: Lake, parts: list[Part]) -> list[Part]:
        """Returns all parts, with the files that they are made from."""
        return [p._replace(inputs=self.part(lake, p.name).inputs) for p in parts]

    def stale(self, lake: Lake, receipts: Sequence[Receipt]) -> set[str]:
        """Returns the parts with a file that gave no cue and has changed since.

        Files that an option names are inputs of every part.
        """
        if self._files:
            return set()
        uris = sorted({uri for each in receipts for uri in each.faults})
        now = dict(zip(uris, in_threads(version_met, uris), strict=True))
        return {
            each.unit
            for each in receipts
            if any(now[uri] != fault.version for uri, fault in each.faults.items())
        }

    def compute(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Returns a batch with the cues of the renderer, and no others."""
        return apply_to_living(
            self._rendered,
            batch,
            provided=pa.schema([CUES_COLUMN]),
            step=type(self.renderer).__name__,
            cut=halfway,
        )

    def _rendered(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        found = found_by(self.renderer, batch, self._files)
        return with_column(batch, CUES_COLUMN, _but_known(batch, found, self.renderer))

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of `cues`."""
        return {"cues": pa.Table.from_batches([rows_of(batch, "cues")])}

    def counted(
        self, batch: pa.RecordBatch, tallied: Mapping[str, int]
    ) -> dict[str, int]:
        """Returns how many cues of each name were found, and what gave none."""
        names = batch.column(CUES_COLUMN.name).flatten().field("cue")
        found = pc.value_counts(names).to_pylist()
        cues = {f"cue_{each['values']}": each["counts"] for each in found}
        return cues | dict(tallied)


def found_by(
    renderer: Renderer, batch: pa.RecordBatch, files: str = ""
) -> pa.ListArray:
    """Returns the cues that a renderer finds in each utterance of a batch.

    Args:
      renderer: of text, or of tracks.
      batch: of utterances.
      files: distinguishes the renderer's files from others.
    """
    if isinstance(renderer, TrackRenderer):
        return cues_of(batch, renderer, files)
    if isinstance(renderer, TextRenderer):
        others = [name for name in batch.schema.names if name != CUES_COLUMN.name]
        bare = batch.select(others)
        return textualize(bare, [renderer]).column(CUES_COLUMN.name)
    raise UsageError(
        f"{type(renderer).__name__} renders neither text nor tracks: derive it from "
        "TextRenderer or TrackRenderer of affectflow.kinds.renderer"
    )


def _but_known(
    batch: pa.RecordBatch, found: pa.ListArray, renderer: Renderer
) -> pa.ListArray:
    """Returns cues without those of utterances that came in with cues of its own."""
    if CUES_COLUMN.name not in batch.schema.names:
        return found
    came = batch.column(CUES_COLUMN.name)
    own = pc.equal(came.flatten().field("renderer_id"), renderer.id)
    rows = pc.unique(pc.list_parent_indices(came).filter(own))
    known = pc.is_in(pa.array(range(batch.num_rows), rows.type), value_set=rows)
    return pc.if_else(known, pa.scalar([], found.type), found)


class _RenderFn(beam.DoFn):
    def __init__(self, task: PartTask, compute: Compute):
        self._task = task
        self._compute = compute

    def process(self, element: Part) -> Iterator[str]:
        lake = self._task.request.open_lake()
        progress = Progress(lake, self._task.request)
        receipt = work(self._task, lake, Part(*element), self._compute, progress)
        receipt.model_calls, receipt.model_seconds = 0, 0.0
        yield receipt.to_json()


def textualize_parts(pipeline: beam.Pipeline, task: PartTask, compute: Compute) -> Any:
    """Adds the stage textualize to a pipeline.

    Args:
      pipeline: to add to.
      task: what to do with a part.
      compute: that of a `TextualizeTask`.
    """
    worker = beam.ParDo(_RenderFn(task, compute)).with_output_types(str)
    return pipeline | "Textualize" >> RunParts(task, worker)
