"""The stage ingest: a source into a lake."""

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from functools import partial
from typing import Any

import apache_beam as beam

from affectflow import defaults, registry, runners
from affectflow.errors import UsageError
from affectflow.kinds.source import Source
from affectflow.kinds.transform import Chain
from affectflow.lake import Lake
from affectflow.lake.layout import SETTINGS, buckets_for
from affectflow.registry import kebab
from affectflow.stages.ingest.files_read import (
    UNCHANGED,
    Survey,
    keep_skipped,
    note_read,
    survey,
)
from affectflow.stages.ingest.losses import take_examples
from affectflow.stages.ingest.store import StoreUtterances, commit_ingest
from affectflow.stages.ingest.windows import set_pause
from affectflow.stages.runs.progress import Progress
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import (
    BUDGET,
    Request,
    clear_staging,
    new_request,
    staging,
)
from affectflow.stages.runs.run import Build, Row, run_stage
from affectflow.storage import Storage, absolute

MASKING = "mask_names"
AS_BEFORE = -1.0
"""No pause given: the lake keeps its own."""


def ingest_source(
    source: Source,
    lake_uri: str,
    *,
    run_id: str = "",
    budget: float = BUDGET,
    speaker_key_uri: str = "",
    expected_rows: int | None = None,
    pause_s: float | None = AS_BEFORE,
    mask_names: str = "",
    reread: bool = False,
    beam_options: Sequence[str] = (),
) -> Row:
    """Reads a source into a lake, which is created if it does not exist.

    Text is normalised, its nonverbal cues are written out, accounts become
    pseudonyms; each message is in the lake once. A file that was read to the end
    before, and has not changed since, is not read again.

    Args:
      source: what is read.
      lake_uri: folder or URL.
      run_id: of the command.
      budget: share of rows that may be refused, 0..1.
      speaker_key_uri: where the key of the pseudonyms is.
      expected_rows: that a plan expects, to show progress by.
      pause_s: a longer pause in a channel starts a conversation, if messages have no
        replies; None: only replies make conversations. A lake keeps the last setting.
      mask_names: a spaCy model, by its name or folder: names of persons and places that
        it finds are replaced, too; needs the extra `pii`.
      reread: files are read whether they have changed or not.
      beam_options: as on Beam's command line.

    Returns:
      The row of `runs`.

    Raises:
      UsageError: the source or the lake cannot be opened; says how to fix it.
    """
    source.check()
    steps = ingest_steps(mask_names)
    is_here = runners.shares_this_host(runners.options(beam_options))
    if not speaker_key_uri and not is_here:
        raise UsageError(
            "workers on other machines cannot read the key of the pseudonyms in your "
            "configuration folder: name a place that they can read, and few people, "
            "with --speaker-key-uri (a new lake's key is made there)"
        )
    lake = _lake_for(source, lake_uri, speaker_key_uri)
    if pause_s != AS_BEFORE:
        set_pause(lake, source_column(source), pause_s)
    config = {**ingest_config(source), **({MASKING: mask_names} if mask_names else {})}
    request = new_request(
        lake,
        "ingest",
        config,
        run_id=run_id,
        budget=budget,
        speaker_key_uri=speaker_key_uri,
    )
    # It is unknown who submits a written pipeline, and when; so is a model's folder.
    # Workers elsewhere may be able to read what this machine cannot reach.
    is_known = is_here and not (reread or os.path.exists(mask_names))
    is_known = is_known and not runners.only_written(beam_options)
    found = survey(lake, source, config, steps) if is_known else Survey()
    source = without(source, found.unchanged)
    commit = _committing(found)

    def build(pipeline: beam.Pipeline) -> Any:
        if expected_rows is not None and not found.unchanged:
            Progress(lake, request).planned(rows=expected_rows, estimated=True)
        if found.unchanged:
            keep_skipped(Storage(staging(lake, request)), found.unchanged)
        chain = Chain(source, *steps)
        return pipeline | "Read" >> chain | "Store" >> StoreUtterances(request, commit)

    nothing = partial(commit, request, []) if found.is_all else None
    row = run_ingest(lake, request, build, beam_options, nothing)
    if row["state"] == "done":
        note_read(lake, found, request.name)
    return row


def without(source: Source, unchanged: frozenset[str]) -> Source:
    """Returns a source that leaves some of its files closed, by their addresses."""
    left = copy.copy(source)
    left.skipped = unchanged
    return left


def _committing(found: Survey) -> Callable[[Request, Sequence[Receipt]], Row]:
    """Returns the commit of an ingest that counts the files which it did not read."""
    if not found.unchanged:
        return commit_ingest
    counted = Receipt(counters={UNCHANGED: len(found.unchanged)})
    return partial(_commit_with, counted)


def _commit_with(
    counted: Receipt, request: Request, receipts: Sequence[Receipt]
) -> Row:
    return commit_ingest(request, [*receipts, counted])


def source_column(source: Source) -> str:
    """Returns what the column `source` of its messages says."""
    return str(getattr(source, "source_name", "") or kebab(type(source).__name__))


def run_ingest(
    lake: Lake,
    request: Request,
    build: Build,
    beam_options: Sequence[str],
    settled: Callable[[], Any] | None = None,
) -> Row:
    """Runs a pipeline that ends in `StoreUtterances`.

    Args:
      lake: that it writes to.
      request: the run.
      build: adds it to a pipeline.
      beam_options: as on Beam's command line.
      settled: commits an ingest that needs no pipeline, because nothing is to be read.

    Returns:
      The row of `runs`, with examples of what is lost.
    """
    free = partial(clear_staging, lake, request)
    row = run_stage(lake, request, build, beam_options, settled=settled, free=free)
    return {**row, **take_examples(lake, request.name)}


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


def ingest_steps(mask_names: str = "") -> list[Any]:
    """Returns what every message goes through before it is written.

    Args:
      mask_names: the model that finds names of persons and places, if they go too.
    """
    steps = [registry.make("transforms", name) for name in defaults.INGEST_STEPS]
    if mask_names:
        asked = {"model": mask_names}
        steps.insert(1, registry.make("transforms", defaults.MASK_NAMES, asked))
    return steps
