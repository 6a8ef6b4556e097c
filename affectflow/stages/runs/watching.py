"""Progress as seen by others, from the side files that `progress` writes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from affectflow.errors import StorageError
from affectflow.lake import Lake
from affectflow.stages.runs.progress import PROGRESS, RUN, TOTAL
from affectflow.storage import Storage

_DONE = ("done", "over_budget")
SILENT_S = 120.0
"""A run without a sign of life for this long counts as stopped."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A stage in progress, as shown by its side files. Times are seconds since 1970.

    Args:
      run_id: of the command.
      stage: ingest, annotate, mine or themes.
      digest: of the settings.
      started: when the stage began.
      counted_from: when the first row could be done.
      last: the last sign of life.
      rows: of the input that are done.
      dead: rows that were refused.
      parts: parts, or buckets of an ingest, that are done.
      total_rows: to be done; None if unknown.
      total_parts: to be done; None if unknown.
      estimated: the total comes from a sample.
    """

    run_id: str
    stage: str
    digest: str
    started: float
    counted_from: float
    last: float
    rows: int = 0
    dead: int = 0
    parts: int = 0
    total_rows: int | None = None
    total_parts: int | None = None
    estimated: bool = False

    @property
    def share(self) -> float | None:
        """The share of rows that are done, 0..1; a part done twice counts once."""
        if not self.total_rows:
            return None
        return min(1.0, self.rows / self.total_rows)

    @property
    def rate(self) -> float | None:
        """Rows a second since the first could be done."""
        seconds = self.last - self.counted_from
        return self.rows / seconds if self.rows and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest takes at this rate."""
        if self.total_rows is None or not self.rate:
            return None
        return max(0, self.total_rows - self.rows) / self.rate

    def is_silent(self, now: float) -> bool:
        """Returns whether the run has given no sign of life for two minutes."""
        return now - self.last > SILENT_S


def watch(lake: Lake, run_id: str = "") -> list[Seen]:
    """Returns the stages in progress, oldest first, of one run or of all.

    A run that was killed stays among them until `affectflow gc`.
    """
    storage = lake.storage
    runs = [run_id] if run_id else storage.names(*PROGRESS)
    found = [
        _seen(storage, (*PROGRESS, run, stage))
        for run in runs
        for stage in storage.names(*PROGRESS, run)
    ]
    return sorted((each for each in found if each), key=lambda each: each.started)


def unfinished(lake: Lake, runs: Iterable[tuple[str, str, str, str]]) -> list[Seen]:
    """Returns the stages in progress that no row of `runs` records as ended.

    Args:
      lake: to look at.
      runs: run, stage, settings and state of each row of `runs`.
    """
    rows = list(runs)
    ended = {(run_id, stage, digest) for run_id, stage, digest, _ in rows}
    # A later run with the same settings did the rest of a killed one.
    done = {(stage, digest): run for run, stage, digest, s in rows if s in _DONE}
    return [
        each
        for each in watch(lake)
        if (each.run_id, each.stage, each.digest) not in ended
        and done.get((each.stage, each.digest), "") < each.run_id
    ]


def _seen(storage: Storage, folder: tuple[str, ...]) -> Seen | None:
    """Returns what a stage's folder says; None if it has not begun or has just ended.

    Also None if the machine went down and left an empty file.
    """
    try:
        names = storage.names(*folder)
        files = {name: json.loads(storage.read(*folder, name)) for name in names}
    except (StorageError, json.JSONDecodeError):
        return None
    run = files.pop(RUN, None)
    if run is None:
        return None
    total = files.pop(TOTAL, {})
    stage, _, digest = folder[-1].rpartition("-")
    started = float(run["started"])
    counted_from = total.get("at", started)
    return Seen(
        run_id=folder[-2],
        stage=stage,
        digest=digest,
        started=started,
        counted_from=counted_from,
        last=max([counted_from, *(each["at"] for each in files.values())]),
        rows=_sum(files, "rows_in"),
        dead=_sum(files, "rows_dead"),
        parts=_sum(files, "parts"),
        total_rows=total.get("rows"),
        total_parts=total.get("parts"),
        estimated=total.get("estimated", False),
    )


def _sum(files: dict[str, dict[str, Any]], name: str) -> int:
    return sum(int(each[name]) for each in files.values())
