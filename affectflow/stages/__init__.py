"""Ingest, annotate, mine: lake in, lake out, resumable by part."""

from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam

from affectflow import registry, runners
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.stages.receipts import Receipt
from affectflow.stages.runs import BUDGET, Request, new_request, write_run, written_run
from affectflow.stages.storing import StoreUtterances
from affectflow.transform import Chain, Transform

Row = dict[str, Any]


def ingest(
    source: Transform,
    lake_uri: str,
    *,
    run_id: str = "",
    budget: float = BUDGET,
    speaker_key_uri: str = "",
    beam_options: Sequence[str] = (),
) -> Row:
    """Reads a source into a lake, which is made if it is not there yet.

    Text is normalised, its nonverbal cues are written out, accounts become
    pseudonyms; each message is in the lake once.

    Returns:
      The row of `runs`.

    Raises:
      UsageError: the source or the lake cannot be opened; names the cure.
    """
    check = getattr(source, "check", None)
    if check is not None:
        check()
    lake = Lake.create(lake_uri, speaker_key_uri=speaker_key_uri)
    request = new_request(
        lake,
        "ingest",
        {"source": repr(source)},
        run_id=run_id,
        budget=budget,
        speaker_key_uri=speaker_key_uri,
    )
    steps = [
        registry.load("transforms", name)() for name in ("NormalizeText", "Textualize")
    ]

    def build(pipeline: beam.Pipeline) -> Any:
        chain = Chain(source, *steps)
        return pipeline | "Read" >> chain | "Store" >> StoreUtterances(request)

    return _run(lake, request, build, beam_options)


def annotate(
    lake_uri: str,
    *,
    model: str = "EmbeddedEmotions",
    revision: str = "",
    options: dict[str, Any] | None = None,
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
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`.
    """
    from affectflow.stages.annotating import annotate_parts, config_of

    lake = Lake.open(lake_uri)
    resolve = registry.load("transforms", "Annotate").handler_for
    handler = resolve(model, revision, options)
    request = new_request(
        lake, "annotate", config_of(handler), run_id=run_id, budget=budget
    )
    return _run(
        lake, request, lambda p: annotate_parts(p, request, handler), beam_options
    )


def mine(
    lake_uri: str,
    *,
    miner: str = "RuleMiner",
    annotator_id: str = "",
    run_id: str = "",
    budget: float = BUDGET,
    beam_options: Sequence[str] = (),
) -> list[Row]:
    """Mines causes, then clusters all causes of the lake to themes.

    Args:
      lake_uri: folder or URL.
      miner: name of a plugin.
      annotator_id: whose emotions; of every annotator of emotions if empty.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      beam_options: as on Beam's command line.

    Returns:
      The rows of `runs`: one for each annotator, and one for the themes.

    Raises:
      LakeError: nothing is annotated yet.
    """
    lake = Lake.open(lake_uri)
    step = registry.load("transforms", "MineCauses")(miner=miner)
    found = annotator_ids(lake, annotator_id)
    rows = [_mine_one(lake, step, each, run_id, budget, beam_options) for each in found]
    return [*rows, _themes(lake, run_id, beam_options)]


def annotator_ids(lake: Lake, wanted: str = "") -> list[str]:
    """Returns the annotators of emotions in a lake, or the one that is wanted.

    Raises:
      LakeError: there is none; says which there are.
    """
    from affectflow.lake import open_lake

    with open_lake(lake.uri) as connection:
        rows = connection.sql(
            "SELECT DISTINCT annotator_id FROM annotations "
            "WHERE task IN ('emotion', 'frustration') ORDER BY 1"
        ).fetchall()
    found = [row[0] for row in rows]
    if not found:
        raise LakeError(
            f"nothing is annotated in {lake.uri!r}: first run `affectflow annotate "
            f"{lake.uri}`"
        )
    if wanted and wanted not in found:
        raise UsageError(f"no annotator {wanted!r} in this lake; there are {found}")
    return [wanted] if wanted else found


def _mine_one(
    lake: Lake,
    step: Any,
    annotator_id: str,
    run_id: str,
    budget: float,
    beam_options: Sequence[str],
) -> Row:
    from affectflow.stages.mining import MineTask, mine_parts

    miner = step.annotator()
    config = {"miner": miner["annotator_id"], "annotator_id": annotator_id}
    request = new_request(lake, "mine", config, run_id=run_id, budget=budget)
    task = MineTask(request, miner, annotator_id)
    return _run(lake, request, lambda p: mine_parts(p, task, step), beam_options)


def _themes(lake: Lake, run_id: str, beam_options: Sequence[str]) -> Row:
    from affectflow.stages.themes import cluster_lake

    clusterer = registry.load("transforms", "ClusterThemes")()
    request = new_request(lake, "themes", {"clusterer": repr(clusterer)}, run_id=run_id)
    return _run(
        lake, request, lambda p: cluster_lake(p, request, clusterer), beam_options
    )


def _run(
    lake: Lake,
    request: Request,
    build: Callable[[beam.Pipeline], Any],
    beam_options: Sequence[str],
) -> Row:
    """Runs a stage, and returns its row of `runs`; a failure leaves a row too."""
    from affectflow.stages import progress

    try:
        runners.run(build, beam_options)
    except Exception as error:
        cause = runners.cause_of(error)
        _note_failure(lake, request, cause)
        if cause is error:
            raise
        raise cause from error
    progress.clear(lake, request.run_id)
    row = written_run(lake, request)
    if row is None:
        raise LakeError(
            f"{lake.uri!r} has no row of this run; was it cleaned meanwhile?"
        )
    return row


def _note_failure(lake: Lake, request: Request, cause: BaseException) -> None:
    line = " ".join(str(cause).split())[:500] or type(cause).__name__
    try:
        write_run(lake, request, Receipt(), error=line)
    except Exception as second:
        # The disk may be the very cause; the first error is the one to show.
        cause.add_note(f"and the failure could not be noted in `runs`: {second}")
