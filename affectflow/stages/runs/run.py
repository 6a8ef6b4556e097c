"""The table `runs`: what a stage did, according to receipts; written last."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import apache_beam as beam
import pyarrow as pa

from affectflow import runners
from affectflow.errors import LakeError, OverBudgetError, StorageError, TerminatedError
from affectflow.lake import Lake, open_tables
from affectflow.lake.commits import commit
from affectflow.lake.files import read_file, write_file
from affectflow.lake.tables import table_versions
from affectflow.logs import Log
from affectflow.nouns import count
from affectflow.schemas import RUNS
from affectflow.stages.runs import asked
from affectflow.stages.runs.journal_files import spent_by
from affectflow.stages.runs.progress import Progress, clear
from affectflow.stages.runs.receipts import FILES_CUT, ROWS, Receipt
from affectflow.stages.runs.request import Request

INTERRUPTED = "interrupted"
"""The state of a run ended by a person or SIGTERM, without a failure."""
_LIBRARIES = ("affectflow", "apache-beam", "pyarrow", "duckdb", "deltalake")


def write_run(
    lake: Lake,
    request: Request,
    summed: Receipt,
    *,
    error: str = "",
    state: str = "",
    mark: str = "",
) -> dict[str, Any]:
    """Writes and commits the row of `runs` for a stage, and returns it.

    An existing row stays as it is.

    Args:
      lake: of the run.
      request: the run.
      summed: the counts of all receipts.
      error: the line that says why the stage failed.
      state: of the run, if its counts do not tell.
      mark: see `mark_of`.
    """
    if (written := written_run(lake, request, mark)) is not None:
        return written
    row = run_row(request, summed, error, state)
    # So that `diff` can read the tables as this run left them.
    row["table_versions"] = sorted(table_versions(lake.storage).items())
    table = pa.Table.from_pylist([row], schema=RUNS)
    path = _path(request, mark)
    commit(lake.storage, "runs", [write_file(lake.storage, "runs", path, table)])
    return row


def _path(request: Request, mark: str) -> str:
    return f"{request.name}-{mark}.parquet" if mark else f"{request.name}.parquet"


def written_run(lake: Lake, request: Request, mark: str) -> dict[str, Any] | None:
    """Returns the row of `runs` that an execution of a stage wrote, if it did."""
    path = _path(request, mark)
    return _row_in(lake, path) if path in lake.committed("runs") else None


def last_run(lake: Lake, request: Request) -> dict[str, Any] | None:
    """Returns the last row of `runs` that a stage wrote on a worker, if it did."""
    paths = [p for p in lake.committed("runs") if p.startswith(request.name)]
    rows = [_row_in(lake, path) for path in paths]
    return max(rows, key=lambda row: row["ended"], default=None)


def _row_in(lake: Lake, path: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = read_file(lake.storage, "runs", path).to_pylist()
    return rows[0]


def run_row(
    request: Request, summed: Receipt, error: str = "", state: str = ""
) -> dict[str, Any]:
    """Returns a row of `runs`."""
    started = datetime.fromisoformat(request.started)
    return {
        "run_id": request.run_id,
        "stage": request.stage,
        "state": state or _state(request, summed),
        "error": error or None,
        "started": started,
        # A clock may be set back during a run, or be another machine's.
        "ended": max(started, datetime.now(UTC)),
        "config": request.config,
        "config_digest": request.digest,
        "annotator_id": request.annotator_id,
        "calibration_id": request.calibration_id,
        **{name: summed.rows.get(name, 0) for name in ROWS},
        "model_calls": summed.model_calls,
        "model_seconds": summed.model_seconds,
        **asked.columns_of(summed),
        **request.cascade,
        "peak_rss_bytes": summed.peak_rss_bytes,
        "counters": sorted(summed.counters.items()),
        "versions": sorted(versions().items()),
        **asdict(request.people),
    }


def _state(request: Request, summed: Receipt) -> str:
    lost = summed.counters.get(FILES_CUT) or over_budget(summed.rows, request.budget)
    return "over_budget" if lost else "done"


def over_budget(rows: dict[str, int], budget: float) -> bool:
    """Returns whether more than `budget` of the input rows were refused."""
    return rows.get("rows_dead", 0) > budget * rows.get("rows_in", 0)


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that shape the answer."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def check_budget(row: dict[str, Any], lake_uri: str) -> None:
    """Raises if a stage refused more rows than its budget allows, or lost a file.

    Raises:
      OverBudgetError: too much was refused; the rest is done, and the message says
            where to look.
    """
    if cut := dict(row["counters"]).get(FILES_CUT, 0):
        name = row.get("examples", {}).get(FILES_CUT, "a file")
        more = f" and {cut - 1:,} more" if cut > 1 else ""
        raise OverBudgetError(
            f"{row['stage']}: {name!r}{more} is cut off or damaged and cannot be read "
            "to the end; the rest is done. Fetch it again and ingest it again"
        )
    if row["state"] == "over_budget":
        raise OverBudgetError(
            f"{row['stage']}: refused {row['rows_dead']:,} of "
            f"{count(row['rows_in'], 'row')}, more than the budget allows"
            f"{_why(row, lake_uri)}; the rest is done. See all: affectflow sql "
            f'{lake_uri} "SELECT * FROM dead_letter_summary"'
        )


_REASONS = """
    SELECT error_type, count(*) AS n, min(message) FROM dead_letters
    WHERE run_id = ? GROUP BY ALL ORDER BY n DESC, error_type LIMIT 2
"""


def _why(row: dict[str, Any], lake_uri: str) -> str:
    """Returns the usual reasons for which a run refused rows, in a few words."""
    with open_tables(lake_uri) as connection:
        found = connection.execute(_REASONS, [row["run_id"]]).fetchall()
    said = [f"{n:,} {error_type} ({message})" for error_type, n, message in found]
    return f": {', '.join(said)}" if said else ""


Row = dict[str, Any]
Build = Callable[[beam.Pipeline], Any]
"""Adds a stage to a pipeline."""


def run_stage(
    lake: Lake,
    request: Request,
    build: Build,
    beam_options: Sequence[str],
    *,
    settled: Callable[[], Any] | None = None,
    free: Callable[[], Any] | None = None,
) -> Row:
    """Runs a stage, and returns its row of `runs`; a failure leaves a row too.

    Args:
      lake: that it works on.
      request: the run.
      build: adds the stage to a pipeline.
      beam_options: as on Beam's command line.
      settled: commits a stage that needs no pipeline, because there is nothing to do.
      free: removes what a failed run leaves behind, which may be what fills the disk.
    """
    watched = Progress(lake, request)
    watched.begin()
    watched.log.event("stage_started")
    try:
        with watched.busy():
            settled() if settled else runners.run(build, beam_options)
    except (Exception, KeyboardInterrupt, TerminatedError) as error:
        cause = runners.cause_of(error)
        # Elsewhere the job may continue without this process.
        if free and runners.is_local(runners.options(beam_options)):
            _freed(free, cause)
        note_failure(lake, request, cause)
        # No warning: the caller gets the error itself.
        watched.log.event("stage_failed", error_type=type(cause).__name__)
        if cause is error:
            raise
        raise cause from error
    clear(lake, request)
    place = runners.only_written(beam_options)
    if place:
        return {**run_row(request, Receipt()), "state": "written", "error": place}
    row = last_run(lake, request)
    if row is None:
        raise LakeError(
            f"{lake.uri!r} has lost the row of this run; was the lake cleaned up "
            "while it ran?"
        )
    _log_done(watched.log, row)
    return row


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


def _freed(free: Callable[[], Any], cause: BaseException) -> None:
    try:
        free()
    except StorageError as second:
        cause.add_note(f"and what it left behind could not be removed: {second}")


def note_failure(lake: Lake, request: Request, cause: BaseException) -> None:
    """Writes a row of `runs` that says why a stage failed, or what ended it."""
    line = " ".join(str(cause).split())[:500] or type(cause).__name__
    state = "failed" if isinstance(cause, Exception) else INTERRUPTED
    try:
        spent = Receipt(asked=asked.of_spent(spent_by(lake, request.run_id)))
        write_run(lake, request, spent, error=line, state=state)
        clear(lake, request)
    except Exception as second:
        # The disk may be the cause, so the first error is the one to show.
        cause.add_note(f"and the failure could not be recorded in `runs`: {second}")
