"""The stages calibrate and apply: probabilities from people's answers, no model call.

Calibrate fits on the local machine, from answers that fit into memory, and stores the
calibration in the lake. Apply goes over the annotator's parts: parts whose rows lack
the probabilities of the newest calibration get the next generation of their results.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa

from affectflow import runners
from affectflow.batches.batch import one_batch
from affectflow.errors import StorageError
from affectflow.gold.calibration.filling import filled, is_filled, same_labels
from affectflow.gold.calibration.kept import STAGE, Calibration, keep, kept, newest
from affectflow.gold.calibration.measuring import calibration_of
from affectflow.gold.calibration.reporting import keep_measures
from affectflow.gold.calibration.wanted import annotators, check_fit, nothing_to_apply
from affectflow.lake import Lake
from affectflow.lake.commits import ConflictError, retry
from affectflow.lake.files import read_file, read_files, write_file
from affectflow.lake.tables import FileEntry
from affectflow.stages.annotate import AnnotateTask
from affectflow.stages.mine import MineTask
from affectflow.stages.runs.answers import folder_of
from affectflow.stages.runs.parts import (
    Compute,
    Part,
    PartTask,
    RunParts,
    next_generation,
    receipt_of,
    work,
    write_receipt,
)
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.receipts import WORK, Receipt, read_receipt, receipt_path
from affectflow.stages.runs.request import Request, new_request, new_run_id
from affectflow.stages.runs.results import free_path
from affectflow.stages.runs.run import Row, run_stage, write_run

APPLY = "apply"
NO_BUDGET = 1.0
"""Nothing is refused here; refusals by annotate are counted there."""


class Calibrated(NamedTuple):
    """A calibration, and the rows of `runs` of its fit and of its application."""

    calibration: Calibration
    rows: list[Row]


def calibrate(
    lake_uri: str,
    *,
    annotator_id: str = "",
    run_id: str = "",
    beam_options: Sequence[str] = (),
) -> list[Calibrated]:
    """Fits a calibration for each annotator, stores it, and fills in probabilities.

    Args:
      lake_uri: folder or URL.
      annotator_id: whose scores; of every annotator that is not a person if empty.
      run_id: of the command.
      beam_options: as on Beam's command line, for filling.

    Returns:
      One calibration for each annotator with answers by people.

    Raises:
      LakeError: it is not a lake, no one answered, or no model annotated.
      UsageError: there is no such annotator, it is a person, or answers are too few.
    """
    lake = Lake.open(lake_uri)
    found = annotators(lake, annotator_id)
    fitted = [each for name in found if (each := calibration_of(lake, name))]
    check_fit(lake, found, fitted)
    run_id = run_id or new_run_id()
    done = [Calibrated(each, [_keep(lake, each, run_id)]) for each in fitted]
    for number, (calibration, rows) in enumerate(done, start=1):
        options = runners.named_after(beam_options, f"{APPLY}-{number}")
        rows.append(_apply(lake, calibration, run_id, options))
    return done


def apply(
    lake_uri: str,
    *,
    annotator_id: str = "",
    run_id: str = "",
    beam_options: Sequence[str] = (),
) -> list[Row]:
    """Fills missing probabilities from each annotator's newest calibration.

    Returns:
      The rows of `runs`, one for each annotator with a calibration.

    Raises:
      LakeError: it is not a lake, or no calibration in it.
      UsageError: there is no such annotator, or it is a person.
    """
    lake = Lake.open(lake_uri)
    found = [newest(lake, name) for name in annotators(lake, annotator_id)]
    calibrations = [each for each in found if each is not None]
    if not calibrations:
        raise nothing_to_apply(lake)
    run_id = run_id or new_run_id()
    return [
        _apply(
            lake, each, run_id, runners.named_after(beam_options, f"{APPLY}-{number}")
        )
        for number, each in enumerate(calibrations, start=1)
    ]


def _keep(lake: Lake, calibration: Calibration, run_id: str) -> Row:
    config = {
        "annotator_id": calibration.annotator_id,
        "calibration_id": calibration.calibration_id,
        "fitted_on": calibration.fitted_on,
    }
    request = new_request(lake, STAGE, config, run_id=run_id)
    keep(lake, calibration)
    keep_measures(lake, calibration)
    counters = {
        "labels": len(calibration.labels),
        "labels_with_probability": sum(bool(c.curve) for c in calibration.labels),
    }
    return write_run(lake, request, Receipt(counters=counters))


def _apply(
    lake: Lake, calibration: Calibration, run_id: str, beam_options: Sequence[str]
) -> Row:
    config = {
        "annotator_id": calibration.annotator_id,
        "calibration_id": calibration.calibration_id,
    }
    request = new_request(lake, APPLY, config, run_id=run_id, budget=NO_BUDGET)
    task = ApplyTask(request, calibration.annotator_id, calibration.calibration_id)
    return run_stage(lake, request, lambda p: apply_parts(p, task), beam_options)


# -- one part ----------------------------------------------------------------------


class ApplyTask(PartTask):
    """Fills the probabilities of one annotator's labels of a part.

    The calibration itself stays in the lake: workers read it there.

    Args:
      request: the run.
      annotator_id: whose labels.
      calibration_id: of the calibration.
    """

    stage = AnnotateTask.stage
    # Results of annotate that are not committed yet are included.
    tables = AnnotateTask.tables

    def __init__(self, request: Request, annotator_id: str, calibration_id: str):
        super().__init__(request)
        self.annotator_id = annotator_id
        self.calibration_id = calibration_id

    @property
    def folder(self) -> str:
        """That of the annotator."""
        return folder_of(self.annotator_id)

    def plan(self, lake: Lake, parts: list[Part]) -> tuple[list[Part], list[Receipt]]:
        """Returns the parts that the annotator has answered."""
        there = set(lake.storage.names(WORK, self.stage, self.folder))
        return [part for part in parts if f"{part.name}.json" in there], []

    def read(self, lake: Lake, part: Part) -> pa.RecordBatch:
        """Returns the annotator's labels of a part, as they are now."""
        return one_batch(_labels(lake, receipt_of(self, lake, part.name) or Receipt()))

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of `annotations`."""
        return {"annotations": pa.Table.from_batches([batch])}

    def work(self, lake: Lake, part: Part, compute: Compute) -> Receipt:
        """Writes a part's labels with their probabilities, unless they have them."""

        def fill() -> tuple[Receipt, Receipt] | None:
            before = receipt_of(self, lake, part.name)
            if before is None:
                return None
            after = self._filled(lake, part, before, compute)
            # A replay may have merged rows in the meantime; none must be lost.
            if receipt_of(self, lake, part.name) != before:
                raise ConflictError(f"part {part.name!r} keeps changing; run again")
            return before, after

        found = retry(fill)
        if found is None:
            return Receipt()  # compact has just merged it
        before, receipt = found
        if receipt is not before:
            write_receipt(self, lake, receipt)
        _let_others_follow(self, lake, receipt)
        return _counted(receipt, changed=receipt is not before)

    def _filled(
        self, lake: Lake, part: Part, before: Receipt, compute: Compute
    ) -> Receipt:
        """Returns the receipt of the next generation; `before` if it needs none."""
        rows = _labels(lake, before)
        after = self.results(compute(one_batch(rows)))["annotations"]
        if is_filled(rows, after):
            return before
        first = f"{self.folder}/{next_generation(part.name, before)}.parquet"
        path = free_path(lake, "annotations", first)
        written = write_file(lake.storage, "annotations", path, after)
        rest = [file for file in before.files if file.table != "annotations"]
        return replace(before, files=[written, *rest], replayed={})


def _labels(lake: Lake, receipt: Receipt) -> pa.Table:
    paths = [file.path for file in _label_files(receipt)]
    return read_files(lake.storage, "annotations", paths)


def _label_files(receipt: Receipt) -> list[FileEntry]:
    return [file for file in receipt.files if file.table == "annotations"]


def _counted(receipt: Receipt, *, changed: bool) -> Receipt:
    """Returns a receipt that counts, for this run, the utterances with an answer."""
    answered = receipt.rows.get("rows_out", 0)
    rows = {"rows_in": answered, "rows_out" if changed else "rows_unchanged": answered}
    return replace(receipt, rows=rows, counters={}, model_calls=0, model_seconds=0.0)


# -- what was made from the labels -------------------------------------------------


def _let_others_follow(task: ApplyTask, lake: Lake, receipt: Receipt) -> None:
    """Updates the receipts of results made from a part's labels to their new file.

    Miners read labels, and so do annotators over others. Their receipts name the file
    they read. If it had the same labels and differs only in probabilities, the answers
    are the same and are not computed again.
    """
    now = [file.path for file in _label_files(receipt)]
    for stage in (AnnotateTask.stage, MineTask.stage):
        for folder in lake.storage.names(WORK, stage):
            made = read_receipt(lake, stage, folder, receipt.unit)
            base = made.base if made else []
            old = [path for path in base if path.startswith(f"{task.folder}/")]
            if made is None or not old or old == now:
                continue
            if _same_labels(lake, old, now):
                made.base = [*now, *(path for path in base if path not in old)]
                path = receipt_path(stage, folder, receipt.unit)
                lake.storage.write(made.to_json().encode(), *path)


def _same_labels(lake: Lake, old: Sequence[str], now: Sequence[str]) -> bool:
    if len(old) != 1 or len(now) != 1:
        return False
    try:
        was, is_now = (
            read_file(lake.storage, "annotations", path) for path in (*old, *now)
        )
        return same_labels(was, is_now)
    except StorageError:  # gc has removed it, so the part is done again
        return False


# -- wiring ------------------------------------------------------------------------


class _ApplyFn(beam.DoFn):
    def __init__(self, task: ApplyTask):
        self._task = task

    def process(self, element: Part) -> Iterator[str]:
        part, lake = Part(*element), self._task.request.open_lake()
        calibration = kept(lake, self._task.calibration_id)

        def compute(batch: pa.RecordBatch) -> pa.RecordBatch:
            return one_batch(filled(pa.Table.from_batches([batch]), calibration))

        progress = Progress(lake, self._task.request)
        yield work(self._task, lake, part, compute, progress).to_json()


def apply_parts(pipeline: beam.Pipeline, task: ApplyTask) -> Any:
    """Adds the stage apply to a pipeline."""
    worker = beam.ParDo(_ApplyFn(task)).with_output_types(str)
    return pipeline | "Apply" >> RunParts(task, worker)
