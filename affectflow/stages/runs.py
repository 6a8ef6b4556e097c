"""The table `runs`: what a stage did, from receipts; written last."""

import hashlib
import json
import platform
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pyarrow as pa

from affectflow.errors import LakeError, OverBudgetError
from affectflow.lake import Lake
from affectflow.lake.tables import FileEntry, commit
from affectflow.lake.versions import table_versions
from affectflow.logs import host
from affectflow.schemas import RUNS
from affectflow.stages.examples import write_examples
from affectflow.stages.losses import FILES_CUT
from affectflow.stages.receipts import ROWS, Receipt

BUDGET = 0.05
_LIBRARIES = ("affectflow", "apache-beam", "pyarrow", "duckdb", "deltalake")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One stage of one command; plain data that travels with the pipeline.

    Args:
      lake_uri: absolute path or URL.
      run_id: of the command.
      stage: ingest, annotate, mine or themes.
      config: settings as JSON; equal settings give equal results.
      started: ISO 8601, UTC.
      budget: share of rows that may be refused, 0..1.
      speaker_key_uri: where the key is; the key itself never travels.
    """

    lake_uri: str
    run_id: str
    stage: str
    config: str
    started: str
    budget: float = BUDGET
    speaker_key_uri: str = ""

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that tell settings apart."""
        text = f"{self.stage}\n{self.config}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def name(self) -> str:
        """Tells this stage of this command from all others; fit for a file name."""
        return f"{self.run_id}-{self.stage}-{self.digest}"

    def open_lake(self) -> Lake:
        """Returns the lake of the run, on whatever machine this is.

        Raises:
          LakeError: this machine does not see it.
        """
        try:
            return Lake.open(self.lake_uri)
        except LakeError as error:
            raise LakeError(
                f"the worker on {host()!r} cannot see the lake at {self.lake_uri!r}: "
                "give one on a file system that all workers share, or in an object "
                f"store ({error})"
            ) from error


def new_request(lake: Lake, stage: str, config: dict[str, Any], **rest: Any) -> Request:
    """Returns the request for a stage that begins now."""
    return Request(
        lake_uri=lake.uri,
        run_id=rest.pop("run_id", "") or new_run_id(),
        stage=stage,
        config=json.dumps(config, sort_keys=True),
        started=datetime.now(UTC).isoformat(),
        **rest,
    )


def new_run_id() -> str:
    """Returns an identity for a command: time, and chance."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def mark_of(receipts: Iterable[Receipt]) -> str:
    """Returns 8 hexadecimal digits that tell what one execution of a job did.

    A commit that is tried again has the receipts of the first try. The same job given
    to the engine a second time (an executable jar, a template) has others, unless there
    was nothing to do.
    """
    done = sorted(
        json.dumps([r.unit, sorted(f.path for f in r.files), r.base, sorted(r.removes)])
        for r in receipts
        if r.files or r.removes
    )
    return hashlib.blake2b("\n".join(done).encode(), digest_size=4).hexdigest()


def write_run(
    lake: Lake, request: Request, summed: Receipt, *, error: str = "", mark: str = ""
) -> dict[str, Any]:
    """Writes and commits the row of `runs` for a stage, and returns it.

    A row that is there already stays as it is.

    Args:
      lake: of the run.
      request: the run.
      summed: the counts of all receipts.
      error: the line that says why the stage failed.
      mark: see `mark_of`.
    """
    if (written := written_run(lake, request, mark)) is not None:
        return written
    row = run_row(request, summed, error)
    # So that `diff` can read the tables as this run left them.
    row["versions"] = [*row["versions"], *table_versions(lake).items()]
    write_examples(lake, request.name, summed)
    table = pa.Table.from_pylist([row], schema=RUNS)
    path = _path(request, mark)
    size = lake.storage.write_parquet(table, "runs", path)
    commit(lake.storage, "runs", [FileEntry("runs", path, size, 1)])
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
    rows: list[dict[str, Any]] = lake.storage.read_parquet("runs", path).to_pylist()
    return rows[0]


def run_row(request: Request, summed: Receipt, error: str) -> dict[str, Any]:
    """Returns a row of `runs`."""
    started = datetime.fromisoformat(request.started)
    return {
        "run_id": request.run_id,
        "stage": request.stage,
        "state": _state(request, summed, error),
        "error": error or None,
        "started": started,
        # A clock may be set back in mid-run, or be another machine's.
        "ended": max(started, datetime.now(UTC)),
        "config": request.config,
        "config_digest": request.digest,
        **{name: summed.rows.get(name, 0) for name in ROWS},
        "model_calls": summed.model_calls,
        "model_seconds": summed.model_seconds,
        "peak_rss_bytes": summed.peak_rss_bytes,
        "counters": sorted(summed.counters.items()),
        "versions": sorted(versions().items()),
    }


def _state(request: Request, summed: Receipt, error: str) -> str:
    if error:
        return "failed"
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
      OverBudgetError: the rest is done; the message says where to look.
    """
    if cut := dict(row["counters"]).get(FILES_CUT, 0):
        name = row.get("examples", {}).get(FILES_CUT, "a file")
        more = f" and {cut - 1:,} more" if cut > 1 else ""
        raise OverBudgetError(
            f"{row['stage']}: {name!r}{more} cannot be read to the end: cut off, or "
            "damaged; the rest is done. Fetch it again, and ingest it again"
        )
    if row["state"] == "over_budget":
        raise OverBudgetError(
            f"{row['stage']}: {row['rows_dead']:,} of {row['rows_in']:,} rows were "
            f"refused, more than the budget allows; the rest is done. See why: "
            f'affectflow sql {lake_uri} "SELECT * FROM dead_letter_summary"'
        )
