"""Ingest, annotate, mine: lake in, lake out, resumable by part."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import apache_beam as beam

from affectflow import defaults, registry, runners
from affectflow.errors import LakeError, UsageError
from affectflow.kinds.source import Source
from affectflow.kinds.transform import Chain
from affectflow.lake import Lake
from affectflow.lake.layout import PEOPLE, SETTINGS, buckets_for
from affectflow.stages.ingest.store import StoreUtterances
from affectflow.stages.runs.request import BUDGET, new_request
from affectflow.stages.runs.run import Row, run_stage
from affectflow.storage import Storage, absolute


def ingest_source(
    source: Source,
    lake_uri: str,
    *,
    run_id: str = "",
    budget: float = BUDGET,
    speaker_key_uri: str = "",
    expected_rows: int | None = None,
    beam_options: Sequence[str] = (),
) -> Row:
    """Reads a source into a lake, which is made if it is not there yet.

    Text is normalised, its nonverbal cues are written out, accounts become
    pseudonyms; each message is in the lake once.

    Args:
      source: what is read.
      lake_uri: folder or URL.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      speaker_key_uri: where the key of the pseudonyms is.
      expected_rows: that a plan expects, to show progress by.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`.

    Raises:
      UsageError: the source or the lake cannot be opened; names the cure.
    """
    source.check()
    if not speaker_key_uri and not runners.shares_this_host(
        runners.options(beam_options)
    ):
        raise UsageError(
            "workers on other machines cannot read the key of the pseudonyms in your "
            "configuration folder: name a place that they can read, and few people, "
            "with --speaker-key-uri (a new lake's key is made there)"
        )
    lake = _lake_for(source, lake_uri, speaker_key_uri)
    request = new_request(
        lake,
        "ingest",
        ingest_config(source),
        run_id=run_id,
        budget=budget,
        speaker_key_uri=speaker_key_uri,
    )
    steps = ingest_steps()

    def build(pipeline: beam.Pipeline) -> Any:
        chain = Chain(source, *steps)
        return pipeline | "Read" >> chain | "Store" >> StoreUtterances(request)

    return run_stage(lake, request, build, beam_options, expected_rows=expected_rows)


def _lake_for(source: Source, lake_uri: str, speaker_key_uri: str) -> Lake:
    _check_apart(source, lake_uri)
    if Storage(lake_uri).exists(SETTINGS):
        return Lake.create(lake_uri, speaker_key_uri=speaker_key_uri)
    buckets = expected_buckets(source)
    return Lake.create(lake_uri, speaker_key_uri=speaker_key_uri, buckets=buckets)


def _check_apart(source: Source, lake_uri: str) -> None:
    """Raises UsageError if the lake would be read as a part of the source's folder."""
    for pattern in source.patterns:
        folder = absolute(str(pattern)).rstrip("/") + "/"
        if absolute(lake_uri).startswith(folder):
            raise UsageError(
                f"the lake {lake_uri!r} is inside {pattern!r}, which is read: name "
                "another folder with --to, or the files to read"
            )


def expected_buckets(source: Source) -> int:
    """Returns the buckets of a new lake whose first ingest reads this source."""
    return buckets_for(source.input_bytes())


def ingest_config(source: Source) -> dict[str, Any]:
    """Returns what decides what an ingest reads; a replay makes the source from it."""
    arguments: dict[str, Any] = asdict(source) if is_dataclass(source) else {}
    return {"source": type(source).__name__, "arguments": arguments}


def ingest_steps() -> list[Any]:
    """Returns what every message goes through before it is written."""
    return [registry.make("transforms", name) for name in defaults.INGEST_STEPS]


def annotate_lake(
    lake_uri: str,
    *,
    model: str = defaults.MODEL,
    revision: str = "",
    options: dict[str, Any] | None = None,
    accelerator: str = "",
    min_ram: str = "",
    run_id: str = "",
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
) -> Row:
    """Labels the utterances of a lake with a model; parts that have labels stay.

    Args:
      lake_uri: folder or URL.
      model: name of a plugin, folder, or hub id.
      revision: pinned revision of a hub id.
      options: arguments of the handler.
      accelerator: that the model's workers need, as Dataflow spells it:
        `type:nvidia-l4;count:1;install-nvidia-driver`. Other engines ignore it.
      min_ram: that the model's workers need, as `30GB`. Other engines ignore it.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`.

    Raises:
      UsageError: the lake or the model cannot be opened, or a hint is malformed.
    """
    from affectflow.runners.engines import model_hints
    from affectflow.stages.annotate import AnnotateTask, annotate_parts, config_of
    from affectflow.stages.runs.parts import run_parts
    from affectflow.steps.annotate import handler_for

    hints = model_hints(accelerator, min_ram)
    lake = Lake.open(lake_uri)
    handler = handler_for(model, revision, options)
    request = new_request(
        lake, "annotate", config_of(handler), run_id=run_id, budget=budget
    )

    def build(pipeline: beam.Pipeline) -> Any:
        return annotate_parts(pipeline, request, handler, hints)

    task = AnnotateTask(request, handler.annotator())
    return run_parts(lake, task, build, beam_options)


def mine_lake(
    lake_uri: str,
    *,
    miner: str = defaults.MINER,
    options: dict[str, Any] | None = None,
    annotator_id: str = "",
    run_id: str = "",
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
    done: Callable[[Row], None] = lambda _: None,
) -> list[Row]:
    """Mines causes, then clusters all causes of the lake to themes.

    Args:
      lake_uri: folder or URL.
      miner: name of a plugin.
      options: arguments of the miner.
      annotator_id: whose emotions; of every annotator of emotions if empty.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.
      done: called with each row as soon as its stage has ended.

    Returns:
      The rows of `runs`: one for each annotator, and one for the themes.

    Raises:
      LakeError: nothing is annotated yet.
    """
    from affectflow.steps.mine import MineCauses

    lake = Lake.open(lake_uri)
    step = MineCauses(miner=miner, miner_options=options)
    rows = []
    for number, each in enumerate(annotator_ids(lake, annotator_id), start=1):
        named = runners.named_after(beam_options, f"mine-{number}")
        rows.append(_mine_one(lake, step, each, run_id, budget, named))
        done(rows[-1])
    named = runners.named_after(beam_options, "themes")
    rows.append(cluster_themes(lake, run_id, named))
    done(rows[-1])
    return rows


def annotator_ids(lake: Lake, wanted: str = "") -> list[str]:
    """Returns the annotators of emotions in a lake, or the one that is wanted.

    People are none of them: what they answer checks annotators, and is not mined.

    A lake without utterances has none.

    Raises:
      LakeError: nothing is annotated.
      UsageError: the one that is wanted is not there; says which there are.
    """
    from affectflow.lake import open_tables

    with open_tables(lake.uri) as connection:
        rows = connection.sql(
            "SELECT DISTINCT annotator_id FROM annotations "
            "WHERE task IN ('emotion', 'frustration') "
            f"AND annotator_id NOT IN {PEOPLE} ORDER BY 1"
        ).fetchall()
    found = [row[0] for row in rows]
    if not found and lake.parts():
        raise LakeError(
            f"nothing is annotated in {lake.uri!r}: first run `affectflow annotate "
            f"{lake.uri}`"
        )
    if wanted and wanted not in found:
        raise UsageError(f"no annotator {wanted!r} in this lake; there are {found}")
    return [wanted] if wanted else found


def mine_config(step: Any, annotator_id: str) -> dict[str, Any]:
    """Returns what decides the causes that are mined."""
    options = {"options": step.miner_options} if step.miner_options else {}
    return {
        **options,
        "plugin": step.miner,
        "miner": step.annotator()["annotator_id"],
        "annotator_id": annotator_id,
    }


def themes_config(clusterer: Any) -> dict[str, Any]:
    """Returns what decides how causes are grouped."""
    return {"clusterer": repr(clusterer)}


def _mine_one(
    lake: Lake,
    step: Any,
    annotator_id: str,
    run_id: str,
    budget: float,
    beam_options: Sequence[str],
) -> Row:
    from affectflow.stages.mine import MineTask, mine_parts
    from affectflow.stages.runs.parts import run_parts

    miner = step.annotator()
    config = mine_config(step, annotator_id)
    request = new_request(lake, "mine", config, run_id=run_id, budget=budget)
    task = MineTask(request, miner, annotator_id)
    return run_parts(lake, task, lambda p: mine_parts(p, task, step), beam_options)


def cluster_themes(lake: Lake, run_id: str, beam_options: Sequence[str]) -> Row:
    """Groups all causes of a lake to themes, and returns the row of `runs`.

    What it would do again with the same outcome it does not.
    """
    from affectflow.stages.themes.pipeline import cluster_lake
    from affectflow.stages.themes.unchanged import nothing_new, unchanged_causes

    clusterer = registry.make("transforms", defaults.CLUSTERER)
    request = new_request(lake, "themes", themes_config(clusterer), run_id=run_id)
    if not runners.only_written(beam_options):
        causes = unchanged_causes(lake, request, clusterer)
        if causes is not None:
            return nothing_new(lake, request, causes)
    return run_stage(
        lake, request, lambda p: cluster_lake(p, request, clusterer), beam_options
    )
