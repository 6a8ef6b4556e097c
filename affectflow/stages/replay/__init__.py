"""`affectflow replay`: the dead letters of every stage, run again."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import apache_beam as beam
import pyarrow as pa

from affectflow import defaults, registry, runners
from affectflow.errors import UsageError
from affectflow.kinds.cascade import Cascade
from affectflow.kinds.model import BatchModelHandler
from affectflow.kinds.renderer import Renderer
from affectflow.kinds.transform import Chain
from affectflow.lake import Lake, open_tables
from affectflow.stages.annotate import annotate_parts, task_for
from affectflow.stages.ingest.ingest import MASKING, ingest_steps, run_ingest
from affectflow.stages.ingest.store import StoreUtterances
from affectflow.stages.mine import MineTask, mine_parts
from affectflow.stages.replay.parts import STAGE, ReplayTask
from affectflow.stages.replay.rows import (
    OnlyRefused,
    SettleLetters,
    file_of,
    refused_origins,
)
from affectflow.stages.runs.answers import TEXTUALIZE, folder_of, mined_folder
from affectflow.stages.runs.request import Request, new_request, new_run_id
from affectflow.stages.runs.run import Row, run_stage
from affectflow.stages.textualize import TextualizeTask, textualize_parts
from affectflow.stages.themes.pipeline import cluster_themes
from affectflow.steps.mine import MineCauses
from affectflow.steps.themes import ClusterThemes
from affectflow.storage import Storage

Config = dict[str, Any]
_Made = TypeVar("_Made")
NO_BUDGET = 1.0
"""Rows refused before may be refused again; that is not a failure of the replay."""


def replay(
    lake_uri: str,
    *,
    speaker_key_uri: str = "",
    beam_options: Sequence[str] = (),
    handler_for: Callable[[Config], BatchModelHandler[Any]] | None = None,
    tell: Callable[[Row], None] = lambda row: None,
) -> list[Row]:
    """Runs all dead letters again, and merges what works now, exactly once.

    Args:
      lake_uri: folder or URL.
      speaker_key_uri: of the pseudonyms, for rows that are read again.
      beam_options: as on Beam's command line.
      handler_for: makes the model of a run from its config; the registry if not given.
      tell: called with each row when its run is done.

    Returns:
      The rows of `runs`, one for each ingest, renderer, annotator and miner with dead
      letters.

    Raises:
      UsageError: the model or miner of a run is gone or now answers under another name;
        the other runs were replayed.
    """
    _check_runs_here(beam_options)
    lake = Lake.open(lake_uri)
    lacking: list[str] = []
    rows = []
    for row in _replayed(
        lake, handler_for or _handler_of, lacking, speaker_key_uri, beam_options
    ):
        tell(row)
        rows.append(row)
    if lacking:
        raise UsageError(f"not all could be replayed: {'; '.join(lacking)}")
    return rows


def _replayed(
    lake: Lake,
    resolve: Callable[[Config], BatchModelHandler[Any]],
    lacking: list[str],
    speaker_key_uri: str,
    beam_options: Sequence[str],
) -> Iterator[Row]:
    """Yields the row of each replay; adds to `lacking` why one could not be tried."""
    yield from _ingests(lake, speaker_key_uri, beam_options)
    for config in _configs(lake, "textualize"):
        folder = folder_of(config["renderer_id"])
        if _has_letters(lake, folder) and (r := _made(_renderer_of, config, lacking)):
            yield _textualize(lake, r, config, beam_options)
    for config in _configs(lake, "annotate"):
        # First, because the model of an older run may be gone without any refusal of
        # its own.
        folder = folder_of(config["annotator_id"])
        if _has_letters(lake, folder) and (h := _made(resolve, config, lacking)):
            yield _annotate(lake, h, config, beam_options)
    mined = False
    for config in _configs(lake, "mine"):
        folder = mined_folder(config["miner"], config["annotator_id"])
        if _has_letters(lake, folder) and (step := _made(_step_of, config, lacking)):
            yield _mine(lake, step, config, beam_options)
            mined = True
    if mined and (grouping := _made(_grouping_of, _grouped(lake), lacking)):
        yield cluster_themes(lake, new_run_id(), beam_options, grouping)


def _grouped(lake: Lake) -> Config:
    """Returns the settings of the newest clustering; none if there was none."""
    return ([{}, *_runs(lake, "themes")])[-1]


def _grouping_of(config: Config) -> ClusterThemes:
    return ClusterThemes(
        clusterer=config.get("clusterer", defaults.CLUSTERER),
        clusterer_options=config.get("options"),
    )


def _made(
    make: Callable[[Config], _Made], config: Config, lacking: list[str]
) -> _Made | None:
    try:
        return make(config)
    except UsageError as error:
        lacking.append(str(error))
        return None


def _configs(lake: Lake, stage: str) -> list[Config]:
    """Returns the settings of a stage's runs, each once, the newest of an annotator."""
    newest = {json.dumps(_identity(config)): config for config in _runs(lake, stage)}
    return list(newest.values())


def _identity(config: Config) -> list[Any]:
    return [config.get(name) for name in ("annotator_id", "miner", "renderer_id")]


def _runs(lake: Lake, stage: str) -> list[Config]:
    with open_tables(lake.uri) as connection:
        found = connection.execute(
            "SELECT run_id, config FROM runs WHERE stage = ? AND error IS NULL "
            "ORDER BY started",
            [stage],
        ).fetchall()
    return [{"run_id": run_id, **json.loads(config)} for run_id, config in found]


# -- ingest ------------------------------------------------------------------------


def _ingests(
    lake: Lake, speaker_key_uri: str, beam_options: Sequence[str]
) -> list[Row]:
    by_source: dict[str, list[str]] = defaultdict(list)
    for config in _runs(lake, "ingest"):
        if "arguments" not in config:
            continue  # a custom pipeline, whose source cannot be made here
        run_id = config.pop("run_id")
        config["arguments"] = {**config["arguments"], "paths": []}
        by_source[json.dumps(config, sort_keys=True)].append(run_id)
    return [
        row
        for config, run_ids in by_source.items()
        for row in _ingest(
            lake, json.loads(config), run_ids, speaker_key_uri, beam_options
        )
    ]


def _ingest(
    lake: Lake,
    config: Config,
    run_ids: list[str],
    speaker_key_uri: str,
    beam_options: Sequence[str],
) -> list[Row]:
    files = sorted({file_of(o) for o in refused_origins(lake, run_ids)})
    there = [file for file in files if Storage(file).exists()]
    if not there:
        return []
    source = registry.load("connectors", config["source"])(
        **{**config["arguments"], "paths": there}
    )
    config = {**config, "replay_of": run_ids, "files_gone": len(files) - len(there)}
    request = new_request(
        lake, STAGE, config, speaker_key_uri=speaker_key_uri, budget=NO_BUDGET
    )

    def build(pipeline: beam.Pipeline) -> Any:
        return (
            pipeline
            | "Read" >> source
            | "OnlyRefused"
            >> beam.ParDo(OnlyRefused(request, run_ids)).with_output_types(
                pa.RecordBatch
            )
            | "Clean" >> Chain(*ingest_steps(config.get(MASKING, "")))
            | "Store" >> StoreUtterances(request, SettleLetters(run_ids))
        )

    return [run_ingest(lake, request, build, beam_options)]


# -- annotate and mine ---------------------------------------------------------------


def _handler_of(config: Config) -> BatchModelHandler[Any]:
    made: BatchModelHandler[Any] = registry.load("models", config["handler"])(
        **config["arguments"]
    )
    if cascade := config.get("cascade"):
        made = Cascade(inner=made, **cascade)
    _check_name(made.annotator(), config["annotator_id"], "annotate")
    return made


def _renderer_of(config: Config) -> Renderer:
    made: Renderer = registry.make("renderers", config["renderer"], config["options"])
    _check_name({"annotator_id": made.id}, config["renderer_id"], "textualize")
    return made


def _step_of(config: Config) -> Any:
    step = MineCauses(miner=config["plugin"], miner_options=config.get("options"))
    _check_name(step.annotator(), config["miner"], "mine")
    return step


def _check_name(annotator: Mapping[str, Any], wanted: str, command: str) -> None:
    found = annotator["annotator_id"]
    if found != wanted:
        raise UsageError(
            f"{wanted!r} now answers as {found!r}, so its dead letters stay as they "
            f"are: run `affectflow {command}` to use it as it is now"
        )


def _annotate(
    lake: Lake,
    handler: BatchModelHandler[Any],
    config: Config,
    beam_options: Sequence[str],
) -> Row:
    request = _request(lake, "annotate", config)
    task = ReplayTask(task_for(request, handler))
    build = partial(annotate_parts, task=task, handler=handler)
    return run_stage(lake, request, build, beam_options)


def _textualize(
    lake: Lake, renderer: Renderer, config: Config, beam_options: Sequence[str]
) -> Row:
    request = _request(lake, TEXTUALIZE, config)
    task = TextualizeTask(request, renderer)
    build = partial(textualize_parts, task=ReplayTask(task), compute=task.compute)
    return run_stage(lake, request, build, beam_options)


def _mine(lake: Lake, step: Any, config: Config, beam_options: Sequence[str]) -> Row:
    request = _request(lake, "mine", config)
    task = ReplayTask(MineTask(request, step.annotator(), config["annotator_id"]))
    build = partial(mine_parts, task=task, step=step)
    return run_stage(lake, request, build, beam_options)


def _request(lake: Lake, stage: str, config: Config) -> Request:
    config = {**config, "replay_of": stage}
    return new_request(lake, STAGE, config, budget=NO_BUDGET)


def _has_letters(lake: Lake, folder: str) -> bool:
    committed = lake.committed("dead_letters")
    return any(path.startswith(f"{folder}/") for path in committed)


def _check_runs_here(beam_options: Sequence[str]) -> None:
    if runners.only_written(beam_options):
        raise UsageError(
            "replay runs several pipelines one after the other; it cannot be written "
            "to a file to be run later"
        )
