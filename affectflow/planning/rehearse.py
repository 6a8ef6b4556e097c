"""Runs the stages themselves on a sample, in lakes that are deleted afterwards."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from affectflow import defaults, logs, registry, stages
from affectflow.batches.batch import split
from affectflow.batches.readings import read
from affectflow.errors import LakeError, UsageError
from affectflow.kinds.asker import Asker
from affectflow.kinds.clusterer import Clusterer
from affectflow.kinds.renderer import Renderer
from affectflow.kinds.source import Source, Split
from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry
from affectflow.planning.questions import Questions, questions_about
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.run import Row
from affectflow.steps.annotate import handler_for
from affectflow.steps.mine import MineCauses
from affectflow.steps.themes import ClusterThemes
from affectflow.storage import Storage

COLD_ROWS, SMALL_ROWS = 32, 128
SAMPLE_ROWS = 2_000
SECONDS = 60.0
_NO_RESULTS = ("annotators", "folds", "runs")


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What would be run: the arguments of textualize, annotate and mine."""

    renderer: str = ""
    renderer_options: dict[str, Any] | None = None
    model: str = defaults.MODEL
    revision: str = ""
    options: dict[str, Any] | None = None
    over: str = ""
    only_below: float | Literal["learn"] | None = None
    miner: str = defaults.MINER
    miner_options: dict[str, Any] | None = None
    clusterer: str = defaults.CLUSTERER
    clusterer_options: dict[str, Any] | None = None

    def handler(self) -> Any:
        """Returns the handler that `annotate` would take; loads no weights."""
        return handler_for(self.model, self.revision, self.options, is_asked=False)

    def rendering(self) -> Renderer | None:
        """Returns the renderer that `textualize` would take, if one is named."""
        if not self.renderer:
            return None
        made: Renderer = registry.make(
            "renderers", self.renderer, self.renderer_options
        )
        return made

    def step(self) -> MineCauses:
        """Returns the step that `mine` would take.

        Raises:
          UsageError: the miner asks a model that must not be asked on trial.
        """
        step = MineCauses(miner=self.miner, miner_options=self.miner_options)
        if step.asker is not None and not step.asker.on_trial:
            raise UsageError(
                f"a plan tries stages on a sample and does not call the model of "
                f"{self.miner}, which is on a server: plan with another miner"
            )
        return step

    def grouping(self) -> Clusterer:
        """Returns the clusterer that `mine` would take."""
        given = {"clusterer_options": self.clusterer_options}
        return ClusterThemes(clusterer=self.clusterer, **given).load_clusterer()


class Took(NamedTuple):
    """What a stage took: its row of `runs`, and the size of the files it wrote."""

    rows: int
    seconds: float
    model_seconds: float
    model_calls: int
    bytes_out: int
    peak_rss_bytes: int


@dataclass(kw_only=True)
class Trial:
    """The stages of an analysis on some rows.

    Args:
      lake: that they worked in.
      rows: that were read.
      took: what each took, by stage; of mine, by stage and digest.
      parts: of utterances.
      causes: that were mined.
    """

    lake: Lake
    rows: int
    took: dict[str, Took] = field(default_factory=dict)
    parts: list[FileEntry] = field(default_factory=list)
    causes: int = 0
    _bytes: int = 0

    @property
    def seconds(self) -> float:
        """Seconds of all stages together."""
        return sum(each.seconds for each in self.took.values())

    @property
    def largest(self) -> int:
        """Rows of the largest part."""
        return max((part.rows for part in self.parts), default=0)

    @property
    def utterances(self) -> int:
        """Rows of all parts."""
        return sum(part.rows for part in self.parts)

    def note(self, row: Row) -> None:
        """Records what a stage took that has just ended."""
        size = _result_bytes(self.lake.uri)
        self.took[name_of(row["stage"], row["config_digest"])] = Took(
            row["rows_in"],
            (row["ended"] - row["started"]).total_seconds(),
            row["model_seconds"],
            row["model_calls"],
            size - self._bytes,
            row["peak_rss_bytes"],
        )
        self._bytes = size
        _reset_peak()


def name_of(stage: str, digest: str) -> str:
    """Returns the name of a stage in a trial: several of mine have other settings."""
    return f"mine {digest}" if stage == "mine" else stage


def _result_bytes(folder: str) -> int:
    found = (p for p in Path(folder).glob("[a-z]*/**/*.parquet") if p.is_file())
    inside = ((path, path.relative_to(folder).parts) for path in found)
    return sum(
        path.stat().st_size
        for path, parts in inside
        if parts[0] not in _NO_RESULTS and parts[1] != "_delta_log"
    )


def _reset_peak() -> None:
    """Resets the memory peak; does nothing outside Linux."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


class _Sample(Source):
    """Yields rows that another source has read, from a file."""

    def __init__(self, path: str):
        super().__init__()
        self._path = path

    @classmethod
    def of(cls, rows: pa.RecordBatch, path: str) -> "_Sample":
        """Writes rows to a file, and returns the source that reads them."""
        with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, rows.schema) as out:
            for piece in split(rows):
                out.write_batch(piece)
        return cls(path)

    @property
    def patterns(self) -> list[str]:
        return [self._path]

    def read(self, split: Split) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(split.uri) as file, pa.ipc.open_file(file) as found:
            yield from map(found.get_batch, range(found.num_record_batches))


def run_trial(
    rows: pa.RecordBatch, analysis: Analysis, folder: Storage, buckets: int, model: bool
) -> Trial:
    """Runs rows through all planned stages, in a lake of their own.

    Args:
      rows: as a source gives them, maybe with labels.
      analysis: what would be run.
      folder: on this machine; the trial's lake is made in it.
      buckets: of that lake.
      model: whether to annotate; else only labels that the rows have are mined.
    """
    name = f"trial-{len(folder.names())}"
    key = folder.url(f"{name}.key")
    lake = Lake.create(folder.url(name), speaker_key_uri=key, buckets=buckets)
    trial, source = Trial(lake=lake, rows=rows.num_rows), f"{folder.url(name)}.arrow"
    _reset_peak()
    sample = _Sample.of(rows, source)
    trial.note(stages.ingest_source(sample, lake.uri, speaker_key_uri=key))
    if analysis.renderer:
        row = stages.textualize_lake(
            lake.uri, renderer=analysis.renderer, options=analysis.renderer_options
        )
        trial.note(row)
    if model:
        row = stages.annotate_lake(
            lake.uri,
            model=analysis.model,
            revision=analysis.revision,
            options=analysis.options,
            over=analysis.over,
            only_below=analysis.only_below,
        )
        trial.note(row)
    if labels_in(lake):
        stages.mine_lake(
            lake.uri,
            miner=analysis.miner,
            options=analysis.miner_options,
            clusterer=analysis.clusterer,
            clusterer_options=analysis.clusterer_options,
            done=trial.note,
        )
    trial.parts = list(lake.committed("utterances").values())
    trial.causes = sum(each.rows for each in lake.committed("causes").values())
    return trial


def labels_in(lake: Lake) -> list[str]:
    """Returns the annotators whose emotions `mine` would mine in a lake."""
    try:
        return stages.annotator_ids(lake)
    except LakeError:
        return []  # nothing is annotated, which is fine here


@dataclass
class Rehearsal:
    """An analysis run three times: once for first-time costs, then at two sizes.

    Args:
      cold: of few rows; imports and first calls are in it.
      small: of few rows.
      large: of as many rows as there was time for.
      tokens: that the model reads of the rows of the large one.
      questions: that a model is asked about them; None if it is asked none.
      asker: that model.
    """

    cold: Trial
    small: Trial
    large: Trial
    tokens: int = 0
    questions: Questions | None = None
    asker: Asker | None = None

    def causes(self, there: int, coming: int) -> int:
        """Returns how many causes there would be to group.

        Args:
          there: causes of a lake; one counts in each family of its label.
          coming: rows that are still to be mined.
        """
        took = self.large.took
        grouped = took["themes"].rows if "themes" in took else 0
        mined = sum(each.rows for name, each in took.items() if name.startswith("mine"))
        of_one = grouped / self.large.causes if self.large.causes else 1.0
        return round(there * of_one + (coming * grouped / mined if mined else 0))


def rehearse(
    rows: pa.RecordBatch,
    analysis: Analysis,
    *,
    of_a_part: float,
    seconds: float,
    model: bool = True,
    lake: Lake | None = None,
) -> Rehearsal:
    """Returns what an analysis of a sample took, and leaves nothing behind.

    Args:
      rows: the sample.
      analysis: what would be run.
      of_a_part: rows of a part of the whole: those of the sample are about as large,
        so that what a part costs by itself is in the cost of its rows.
      seconds: the largest trial is made smaller if it might take longer.
      model: whether to annotate. A model that must not be asked on trial is not: what
        it would be asked is counted.
      lake: whose journal may have answers already.
    """
    handler = analysis.handler()
    tried = model and not (isinstance(handler, Asker) and not handler.on_trial)
    with scratch() as folder:

        def trial(count: int) -> Trial:
            piece = rows.slice(0, count)
            buckets = power_of_two(piece.num_rows / max(1.0, of_a_part))
            return run_trial(piece, analysis, folder, buckets, tried)

        cold = trial(COLD_ROWS)
        small = trial(SMALL_ROWS if cold.seconds < seconds / 4 else COLD_ROWS)
        affordable = seconds * small.rows / small.seconds
        large = trial(round(max(2 * small.rows, affordable)))
        found = Rehearsal(cold, small, large)
        if model and isinstance(handler, Asker):
            # Rows of a lake are masked, and have the labels that a prompt may show.
            read_large = partial(read_part, large.lake)
            parts = [rows] if lake else list(map(read_large, large.lake.parts()))
            found.questions = questions_about(parts, handler, lake)
            found.asker = handler
        elif model:
            found.tokens = _tokens(large.lake, handler)
        return found


@contextmanager
def scratch() -> Iterator[Storage]:
    """Gives a folder on this machine that is removed with all that is in it.

    Beam's temporary files go there too, since Beam leaves them behind when interrupted.
    The logs of that work are dropped.
    """
    logger = logging.getLogger(logs.NAMESPACE)
    before, place = logger.disabled, tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="affectflow-plan-") as folder:
        logger.disabled, tempfile.tempdir = True, folder
        try:
            yield Storage(folder)
        finally:
            logger.disabled, tempfile.tempdir = before, place


def power_of_two(wanted: float) -> int:
    """Returns the power of two next above a number, 1 or more."""
    return 1 << max(0, round(wanted) - 1).bit_length()


def _tokens(lake: Lake, handler: Any) -> int:
    """Returns how many tokens a model reads of a lake.

    By the model's own tokenizer if it has one of the library `tokenizers`, else a
    quarter of the characters.
    """
    tokenizer = getattr(handler.load_model(), "tokenizer", None)
    encode = getattr(tokenizer, "encode_batch", None)
    readings = (read(read_part(lake, name)).texts for name in lake.parts())
    texts = [text for found in readings for text in found.to_pylist()]
    if encode is None:
        return sum(map(len, texts)) // 4
    return sum(len(each.ids) for each in encode(texts))
