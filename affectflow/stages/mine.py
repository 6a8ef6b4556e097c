"""The stage mine: the causes of emotions, part by part."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from affectflow import defaults, runners
from affectflow.batches.batch import check_columns, with_column
from affectflow.batches.nesting import rows_of, unnest
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake, open_tables
from affectflow.lake.basis import Candidate, candidates
from affectflow.lake.naming import annotator_meant
from affectflow.options import convert
from affectflow.schemas import CAUSES_COLUMN, UTTERANCES
from affectflow.stages.runs.answers import (
    EMOTIONS,
    MINE,
    came_in,
    check_use,
    mined_folder,
)
from affectflow.stages.runs.context import conversations_with, holders, with_context
from affectflow.stages.runs.journal import journalled
from affectflow.stages.runs.labelled import LabelledTask
from affectflow.stages.runs.parts import (
    Part,
    PartTask,
    RunParts,
    run_parts,
    work,
)
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import BUDGET, Request, new_request
from affectflow.stages.runs.results import parts_gone
from affectflow.stages.runs.run import Row
from affectflow.stages.runs.windows import in_windows, pauses_of
from affectflow.stages.themes.pipeline import cluster_themes, vectors_wanted
from affectflow.steps.mine import MineCauses
from affectflow.steps.themes import ClusterThemes
from affectflow.vocabularies import known

ALL = "all"
"""Instead of an annotator: all annotators that label emotions."""


def mine_lake(
    lake_uri: str,
    *,
    miner: str = defaults.MINER,
    options: dict[str, Any] | None = None,
    clusterer: str = defaults.CLUSTERER,
    clusterer_options: dict[str, Any] | None = None,
    annotator_id: str = "",
    run_id: str = "",
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
    done: Callable[[Row], None] = lambda _: None,
) -> list[Row]:
    """Mines causes, then clusters all causes of the lake into themes.

    Args:
      lake_uri: folder or URL.
      miner: name of a plugin.
      options: arguments of the miner.
      clusterer: name of a plugin.
      clusterer_options: its arguments.
      annotator_id: whose emotions, by id or the start of it; the basis if empty, all
        annotators of emotions if `all`.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.
      done: called with each row as soon as its stage has ended.

    Returns:
      The rows of `runs`: one for each annotator, and one for the themes.

    Raises:
      LakeError: nothing is annotated yet, or the clusterer needs vectors that are not
        there.
      UsageError: the option `labels` of the miner names one that no annotator gives.
    """
    lake = Lake.open(lake_uri)
    step = MineCauses(miner=miner, miner_options=options)
    grouping = ClusterThemes(clusterer=clusterer, clusterer_options=clusterer_options)
    vectors_wanted(lake, grouping.load_clusterer())
    mined = annotator_ids(lake, annotator_id)
    check_labels(lake, mined, (options or {}).get("labels"))
    rows = []
    for number, each in enumerate(mined, start=1):
        named = runners.named_after(beam_options, f"mine-{number}")
        rows.append(mine_annotator(lake, step, each, run_id, budget, named))
        done(rows[-1])
    named = runners.named_after(beam_options, "themes")
    rows.append(cluster_themes(lake, run_id, named, grouping))
    done(rows[-1])
    return rows


def check_labels(lake: Lake, annotators: Sequence[str], wanted: Any) -> None:
    """Refuses to mine labels that none of these annotators can give.

    Raises:
      UsageError: the label is unknown; names those in the lake.
    """
    labels = convert(wanted, list[str]) if wanted else []
    if not labels or not annotators:
        return
    with open_tables(lake.uri) as connection:
        query = (
            "SELECT DISTINCT vocabulary, label FROM annotations "
            "WHERE list_contains($annotators, annotator_id) AND label IS NOT NULL"
        )
        given = {"annotators": list(annotators)}
        found = connection.execute(query, given).fetchall()
    there = {label for _, label in found}
    for name in {vocabulary for vocabulary, _ in found} & known().keys():
        there.update(known()[name].labels)
    for label in labels:
        if label not in there:
            raise UsageError(
                f"no label {label!r} in this lake; labels here: "
                f"{', '.join(sorted(there))}"
            )


def annotator_ids(lake: Lake, wanted: str = "") -> list[str]:
    """Returns the annotators whose emotions are mined: the basis, or those wanted.

    People are never among them: their answers check annotators and are not mined.

    A lake without utterances has none. `all` means all of them, the basis first.

    Raises:
      LakeError: nothing is annotated.
      UsageError: the one that is wanted does not exist; names those that do.
    """
    with open_tables(lake.uri) as connection:
        found = _of_emotions(candidates(connection))
        if not found and lake.parts():
            raise LakeError(
                f"nothing is annotated in {lake.uri!r}: first run `affectflow annotate "
                f"{lake.uri}`"
            )
        if wanted in ("", ALL):
            return found if wanted else found[:1]
        where = "labels emotions in this lake"
        return [annotator_meant(connection, wanted, found, where)]


def _of_emotions(there: Sequence[Candidate]) -> list[str]:
    found = [c.annotator_id for c in there if c.task in EMOTIONS and not c.is_person]
    return list(dict.fromkeys(found))


def mine_config(step: Any, annotator_id: str) -> dict[str, Any]:
    """Returns the settings that determine which causes are mined."""
    options = {"options": step.miner_options} if step.miner_options else {}
    return {
        **options,
        "plugin": step.miner,
        "miner": step.annotator()["annotator_id"],
        "annotator_id": annotator_id,
    }


def mine_annotator(
    lake: Lake,
    step: Any,
    annotator_id: str,
    run_id: str,
    budget: float,
    beam_options: Sequence[str],
) -> Row:
    """Mines the causes of one annotator's emotions; returns the row of `runs`."""
    check_use(lake, annotator_id)
    miner = step.annotator()
    config = mine_config(step, annotator_id)
    request = new_request(lake, "mine", config, run_id=run_id, budget=budget)
    task = MineTask(request, miner, annotator_id)
    return run_parts(lake, task, lambda p: mine_parts(p, task, step), beam_options)


class MineTask(LabelledTask):
    """Mines the causes of one annotator's emotions in a part.

    Args:
      request: the run.
      miner: the annotator's row of the miner.
      labels_of: whose emotions are mined.
    """

    stage = MINE
    tables = ("causes",)

    def __init__(self, request: Request, miner: dict[str, Any], labels_of: str):
        super().__init__(request, labels_of)
        self.miner = miner

    @property
    def folder(self) -> str:
        """One for each miner and annotator."""
        return mined_folder(self.miner["annotator_id"], self.labels_of)

    def came_in(self, lake: Lake, name: str) -> pa.Array:
        """Returns those with causes by this miner that no step has signed."""
        ids = {"annotator_id": self.miner["annotator_id"]}
        ids["emotion_annotator_id"] = self.labels_of
        return came_in(lake, "causes", name, **ids)

    def again(self, batch: pa.RecordBatch, ids: pa.Array) -> pa.RecordBatch:
        """Returns the whole conversations that hold `ids`."""
        return conversations_with(batch, ids)

    def results(self, batch: pa.RecordBatch) -> dict[str, pa.Table]:
        """Returns the rows of `causes`."""
        rows = rows_of(batch, CAUSES_COLUMN.name)
        return {"causes": pa.Table.from_batches([rows])}

    def stale(self, lake: Lake, receipts: Sequence[Receipt]) -> set[str]:
        """Returns the parts with causes in other parts, one of which is gone.

        A message of it was edited: the cause may be words that are no longer there.
        So are parts that were read in windows of another pause.
        """
        gone = parts_gone(lake, {name for r in receipts for name in r.points_into})
        stale = {r.unit for r in receipts if gone.intersection(r.points_into)}
        now = pauses_of(lake)
        others = {r.unit for r in receipts if r.pauses != _among(now, r.pauses)}
        return stale | others

    def points_into(self, lake: Lake, name: str, batch: pa.RecordBatch) -> list[str]:
        """Returns the other parts that contain causes."""
        own = batch.column("utterance_id")
        found = pc.unique(unnest(batch, CAUSES_COLUMN.name)["cause_utterance_id"])
        away = found.filter(pc.invert(pc.is_in(found, value_set=own))).drop_null()
        return holders(lake, self.request.run_id, name, batch, away)

    def pauses(self, lake: Lake, batch: pa.RecordBatch) -> dict[str, float]:
        """Returns the pause of each source of a part; 0 where there is none."""
        sources = pc.unique(batch.column("source")).drop_null().to_pylist()
        return _among(pauses_of(lake), sources)

    def annotators(self) -> list[Mapping[str, Any]]:
        """Returns the miner's row; that of the labels is there."""
        return [self.miner]


def _among(pauses: Mapping[str, float], sources: Iterable[str]) -> dict[str, float]:
    return {source: pauses.get(source, 0.0) for source in sources}


class _MineFn(beam.DoFn):
    def __init__(self, task: PartTask, step: MineCauses):
        self._task = task
        self._step = step

    def setup(self) -> None:
        self._step.setup()

    def process(self, element: Part) -> Iterator[str]:
        part = Part(*element)
        lake = self._task.request.open_lake()

        def compute(batch: pa.RecordBatch) -> pa.RecordBatch:
            name = self._step.default_label()
            check_columns(name, batch.schema, self._step.columns_required)
            rows, own = with_context(self._task, lake, part.name, batch)
            mined = self._step.apply(in_windows(rows, pauses_of(lake)))
            field = UTTERANCES.field("conversation_id")
            return with_column(mined, field, rows.column(field.name)).filter(own)

        progress = Progress(lake, self._task.request)
        with journalled(lake, self._step.asker, self._task.request.run_id):
            receipt = work(self._task, lake, part, compute, progress)
        receipt.model_calls, receipt.model_seconds = 0, 0.0
        yield receipt.to_json()


def mine_parts(pipeline: beam.Pipeline, task: PartTask, step: MineCauses) -> Any:
    """Adds the stage mine to a pipeline."""
    worker = beam.ParDo(_MineFn(task, step)).with_output_types(str)
    return pipeline | "Mine" >> RunParts(task, worker)
