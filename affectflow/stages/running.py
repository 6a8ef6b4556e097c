"""Running one stage: its pipeline, its events, its row of `runs`, whatever happens."""

from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam

from affectflow import runners
from affectflow.errors import LakeError, StorageError, TerminatedError
from affectflow.lake import Lake
from affectflow.logs import Log
from affectflow.stages.examples import take_examples
from affectflow.stages.planning.ledger import newest
from affectflow.stages.progress import Progress, clear
from affectflow.stages.receipts import Receipt
from affectflow.stages.runs import Request, last_run, run_row, write_run
from affectflow.stages.storing import clear_staging

Row = dict[str, Any]


def run_stage(
    lake: Lake,
    request: Request,
    build: Callable[[beam.Pipeline], Any],
    beam_options: Sequence[str],
) -> Row:
    """Runs a stage, and returns its row of `runs`; a failure leaves a row too."""
    watched = Progress(lake, request)
    watched.begin()
    watched.log.event("stage_started")
    _say_what_is_expected(watched, lake, request)
    try:
        with watched.busy():
            runners.run(build, beam_options)
    except (Exception, KeyboardInterrupt, TerminatedError) as error:
        cause = runners.cause_of(error)
        if runners.is_local(runners.options(beam_options)):
            # Elsewhere the job may go on without us.
            _free_staging(lake, request, cause)
        note_failure(lake, request, cause)
        # No warning: whoever called is told the error itself.
        watched.log.event("stage_failed", error_type=type(cause).__name__)
        if cause is error:
            raise
        raise cause from error
    clear(lake, request)
    place = runners.only_written(beam_options)
    if place:
        return {**run_row(request, Receipt(), ""), "state": "written", "error": place}
    row = last_run(lake, request)
    if row is None:
        raise LakeError(
            f"{lake.uri!r} has no row of this run; was it cleaned meanwhile?"
        )
    _log_done(watched.log, row)
    return {**row, **take_examples(lake, request.name)}


def _say_what_is_expected(watched: Progress, lake: Lake, request: Request) -> None:
    """Tells who watches how many rows a plan expects; other stages count their parts.

    How many rows a file has is known when it has been read.
    """
    plan = newest(lake.storage, "ingest", request.digest)
    if request.stage == "ingest" and plan is not None:
        watched.planned(rows=plan.rows, estimated=True)


def _log_done(log: Log, row: Row) -> None:
    log.event(
        "stage_done",
        state=row["state"],
        seconds=(row["ended"] - row["started"]).total_seconds(),
        rows=row["rows_in"],
        rows_out=row["rows_out"],
        dead=row["rows_dead"],
        duplicate=row["rows_duplicate"],
        unchanged=row["rows_unchanged"],
        peak_rss_bytes=row["peak_rss_bytes"],
    )


def _free_staging(lake: Lake, request: Request, cause: BaseException) -> None:
    """Removes what waits for its grouping: it may be what fills the disk."""
    try:
        clear_staging(lake, request)
    except StorageError as second:
        cause.add_note(f"and its staging folder could not be removed: {second}")


def note_failure(lake: Lake, request: Request, cause: BaseException) -> None:
    """Leaves a row of `runs` that says why a stage failed."""
    line = " ".join(str(cause).split())[:500] or type(cause).__name__
    try:
        write_run(lake, request, Receipt(), error=line)
        clear(lake, request)
    except Exception as second:
        # The disk may be the very cause; the first error is the one to show.
        cause.add_note(f"and the failure could not be noted in `runs`: {second}")
