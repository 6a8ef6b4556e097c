"""Plans: what a stage is expected to cost, and the ledger of plan against actual.

A plan is one small file, `_work/plans/<stage>-<settings>-<time>.json`, which never
changes: a later plan cannot rewrite an earlier one. If there is no lake yet, it waits
  in the user's cache folder until the lake is created.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Self

from affectflow.kinds.source import Source
from affectflow.lake import Lake, open_tables
from affectflow.stages.ingest.ingest import ingest_config, ingest_source
from affectflow.stages.runs.request import config_digest
from affectflow.stages.runs.run import Row
from affectflow.storage import Storage, absolute

FOLDER = ("_work", "plans")


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """What one stage is expected to take, scaled up from a sample.

    Args:
      stage: ingest, textualize, annotate, mine or themes.
      config_digest: identifies the settings, as in `runs`.
      labels_of: the annotator whose emotions are mined; else empty.
      ingest_digest: of the ingest that comes first, in a plan of files; else empty.
      made: when, ISO 8601, UTC.
      files: of the input, or of a renderer; 0 where the input is the lake.
      units: splits of the input, or parts of the lake, to be worked on.
      units_done: parts that have a receipt and would be skipped.
      rows: to be worked on.
      rows_done: rows of the parts that would be skipped.
      bytes_in: of the files or parts to be read.
      bytes_out: of the files to be written.
      tokens: that the model reads.
      questions: that a prompt asks, one for a row and step.
      duplicate_share: of them: equal to another of their part.
      kept_answers: distinct ones that the journal has answers to.
      calls: the others: what the model is asked.
      tokens_out: of its longest answers.
      asking_cost: of the calls, at the prices that the model was given.
      sent_to: the other machine that would be asked.
      rows_sent: that it would be shown.
      characters_sent: of all that it would be sent.
      model_calls: of the model, one a part.
      load_seconds: of a worker, before its first row.
      model_seconds: in the model, of all workers together.
      work_seconds: of all workers together, the model among it.
      fixed_seconds: to start, plan and commit.
      wall_seconds: from start to end, with so many workers.
      workers: that share the work.
      price_per_hour: of one worker.
      peak_rss_bytes: of the worker with the largest part or bucket.
      sample_rows: that all this was measured on.
    """

    stage: str
    config_digest: str
    labels_of: str = ""
    ingest_digest: str = ""
    made: str = ""
    files: int = 0
    units: int = 0
    units_done: int = 0
    rows: int = 0
    rows_done: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    tokens: int = 0
    questions: int = 0
    duplicate_share: float = 0.0
    kept_answers: int = 0
    calls: int = 0
    tokens_out: int = 0
    asking_cost: float = 0.0
    sent_to: str = ""
    rows_sent: int = 0
    characters_sent: int = 0
    model_calls: int = 0
    load_seconds: float = 0.0
    model_seconds: float = 0.0
    work_seconds: float = 0.0
    fixed_seconds: float = 0.0
    wall_seconds: float = 0.0
    workers: int = 1
    price_per_hour: float = 0.0
    peak_rss_bytes: int = 0
    sample_rows: int = 0

    @property
    def cost(self) -> float:
        """Money: every worker is paid from start to end."""
        return self.wall_seconds / 3600 * self.workers * self.price_per_hour

    def to_json(self) -> str:
        """Returns the plan as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Returns a plan; what a later version added to it is left out."""
        known = {field.name for field in fields(cls)}
        found: dict[str, Any] = json.loads(text)
        return cls(**{name: value for name, value in found.items() if name in known})


def wall(work: float, largest: float, units: int, workers: int) -> float:
    """Returns the seconds that workers need for indivisible units.

    Args:
      work: seconds of all units together.
      largest: seconds of the largest unit.
      units: how many there are.
      workers: at most so many units at once.
    """
    if not units:
        return 0.0
    return max(largest, work / max(1, min(workers, units)))


# -- on disk -----------------------------------------------------------------------


def record(storage: Storage, plans: Iterable[StagePlan]) -> list[StagePlan]:
    """Writes plans beside a lake, and returns them with the time of writing."""
    now = datetime.now(UTC)
    dated = [replace(plan, made=now.isoformat()) for plan in plans]
    for plan in dated:
        name = f"{plan.stage}-{plan.config_digest}-{now:%Y%m%dT%H%M%S.%f}.json"
        storage.write(plan.to_json().encode(), *FOLDER, name)
    return dated


def plans_of(storage: Storage) -> list[StagePlan]:
    """Returns all recorded plans, oldest first."""
    found = list(_readable(storage, storage.names(*FOLDER)))
    return sorted(found, key=lambda plan: plan.made)


def ingest_by_plan(source: Source, lake_uri: str, **rest: Any) -> Row:
    """Ingests a source like `ingest_source`, following the newest plan for it.

    The run shows how much is left; a plan that waited for its lake is moved there.

    Args:
      source: what is read.
      lake_uri: folder or URL.
      rest: other arguments of `ingest_source`.

    Returns:
      The row of `runs`.

    Raises:
      UsageError: as `ingest_source`.
    """
    rows = _expected_rows(lake_uri, source)
    row = ingest_source(source, lake_uri, expected_rows=rows, **rest)
    adopt(Storage(lake_uri))
    return row


def _expected_rows(lake_uri: str, source: Source) -> int | None:
    """Returns how many rows the newest plan of this ingest expects, if there is one."""
    digest = config_digest("ingest", ingest_config(source))
    places = (Storage(lake_uri), waiting(lake_uri))
    found = (newest(each, "ingest", digest) for each in places)
    return next((plan.rows for plan in found if plan is not None), None)


def newest(storage: Storage, stage: str, digest: str) -> StagePlan | None:
    """Returns the newest plan of a stage with these settings, if there is one."""
    names = [n for n in storage.names(*FOLDER) if n.startswith(f"{stage}-{digest}-")]
    # The time in a name sorts as text.
    return next(_readable(storage, sorted(names, reverse=True)), None)


def _readable(storage: Storage, names: Iterable[str]) -> Iterator[StagePlan]:
    """Yields plans from files; a file emptied by a power cut is skipped."""
    for name in names:
        if name.endswith(".json"):
            with contextlib.suppress(ValueError, TypeError):
                yield StagePlan.from_json(storage.read(*FOLDER, name).decode())


def waiting(lake_uri: str) -> Storage:
    """Returns the folder for the plans of a lake that does not exist yet."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    place = hashlib.blake2b(absolute(lake_uri).encode(), digest_size=8).hexdigest()
    return Storage(os.path.join(cache, "affectflow", "plans", place))


def adopt(storage: Storage) -> None:
    """Moves the plans that waited for a lake there, now that it exists."""
    waited = waiting(storage.uri)
    for name in waited.names(*FOLDER):
        storage.write(waited.read(*FOLDER, name), *FOLDER, name)
    waited.remove_tree()


# -- the ledger --------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """A run, and the plan it was started with.

    Args:
      run_id: of the command.
      stage: of the run.
      started: of the run.
      planned_rows: that were expected to be worked on.
      rows: that were worked on.
      planned_seconds: that were expected from start to end.
      seconds: from start to end.
      planned_peak_rss_bytes: that were expected of the largest worker.
      peak_rss_bytes: of the largest worker.
    """

    run_id: str
    stage: str
    started: datetime
    planned_rows: int
    rows: int
    planned_seconds: float
    seconds: float
    planned_peak_rss_bytes: int
    peak_rss_bytes: int

    @property
    def ratio(self) -> float | None:
        """Actual seconds per planned second."""
        return self.seconds / self.planned_seconds if self.planned_seconds else None


_ENDED = """
    SELECT run_id, stage, config_digest, started, ended, rows_in, rows_unchanged,
      peak_rss_bytes
    FROM runs WHERE state IN ('done', 'over_budget') ORDER BY started
"""


def ledger(lake: Lake) -> list[LedgerRow]:
    """Returns planned against actual, one row for each run that had a plan.

    A run belongs to the newest plan with its settings that existed when it started and
    was made for the lake's content at that time: for a plan of files, if only these
    were added since; for a plan of the lake, if nothing was. Each plan serves one run,
    since it says what was left to do.
    """
    plans = plans_of(lake.storage)
    if not plans:
        return []
    with open_tables(lake.uri) as connection:
        relation = connection.sql(_ENDED)
        names, rows = relation.columns, relation.fetchall()
    runs = [dict(zip(names, row, strict=True)) for row in rows]
    return list(_joined(runs, plans))


def _joined(runs: list[dict[str, Any]], plans: list[StagePlan]) -> Iterator[LedgerRow]:
    left = list(plans)
    for place, run in enumerate(runs):
        before = [plan for plan in left if _is_for(plan, run, runs[:place])]
        left = [plan for plan in left if plan not in before]
        if before:
            yield _row(run, before[-1])


def _is_for(
    plan: StagePlan, run: dict[str, Any], earlier: list[dict[str, Any]]
) -> bool:
    """Returns whether a plan was made for what a run found when it started."""
    made = datetime.fromisoformat(plan.made)
    key = run["stage"], run["config_digest"]
    if (plan.stage, plan.config_digest) != key or made > run["started"]:
        return False
    if plan.stage == "ingest":
        return True
    came = {
        each["config_digest"]
        for each in earlier
        if each["stage"] == "ingest" and each["started"] >= made
    }
    return came == ({plan.ingest_digest} if plan.ingest_digest else set())


def _row(run: dict[str, Any], plan: StagePlan) -> LedgerRow:
    return LedgerRow(
        run_id=run["run_id"],
        stage=run["stage"],
        started=run["started"],
        planned_rows=plan.rows,
        rows=run["rows_in"] - (0 if plan.stage == "ingest" else run["rows_unchanged"]),
        planned_seconds=plan.wall_seconds,
        seconds=(run["ended"] - run["started"]).total_seconds(),
        planned_peak_rss_bytes=plan.peak_rss_bytes,
        peak_rss_bytes=run["peak_rss_bytes"],
    )
