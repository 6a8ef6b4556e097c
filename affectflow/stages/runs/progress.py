"""Progress through side files: the same on every engine and in every local mode.

A stage has a folder `_work/progress/<run_id>/<stage>-<settings>` while it runs:
`run.json` says that it has begun, `total.json` how much there is to do, and each
process that works on it keeps one file with what it has done. Work only counts in
memory; one thread per process writes, so that a slow object store does not slow the
work.
"""

import contextlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from apache_beam.metrics import Metrics

from affectflow.errors import StorageError
from affectflow.lake import Lake
from affectflow.logs import Log, host
from affectflow.stages.runs.request import Request
from affectflow.storage import Storage

PROGRESS = ("_work", "progress")
RUN, TOTAL = "run.json", "total.json"
LOCAL_EVERY_S = 0.5
REMOTE_EVERY_S = 5.0
BEAT_S = 15.0
"""Interval of signs of life from a working process with nothing to count."""

# Two containers may have the same host name and process id.
_TOKEN = secrets.token_hex(3)
_COUNTED = ("rows_in", "rows_out", "rows_dead")


@dataclass
class _Tally:
    """What this process has done of one stage of one run."""

    storage: Storage
    log: Log
    path: tuple[str, ...]
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys((*_COUNTED, "parts"), 0)
    )
    busy: int = 0
    changed: bool = False
    written: float = 0.0

    def is_due(self, now: float) -> bool:
        every = LOCAL_EVERY_S if self.storage.is_local else REMOTE_EVERY_S
        since = now - self.written
        return (self.changed and since >= every) or (self.busy > 0 and since >= BEAT_S)

    def write(self) -> None:
        with _LOCK:
            content = {**self.counts, "at": time.time()}
            self.changed, self.written = False, time.monotonic()
        try:
            # A worker that outlives its run must not bring the folder back.
            if self.storage.exists(*self.path[:-1], RUN):
                self.storage.write(json.dumps(content).encode(), *self.path)
        except StorageError as error:
            # Progress is not the result; a failing store will show when results are
            # written.
            self.log.event(
                "progress_unwritten", logging.WARNING, error_type=type(error).__name__
            )


_LOCK = threading.Lock()
_WRITING = threading.Lock()
_TALLIES: dict[tuple[str, ...], _Tally] = {}
_TICKER: list[threading.Thread] = []


class Progress:
    """Counts what this process does of a stage, for observers.

    Args:
      lake: that holds the side files.
      request: the run.
    """

    def __init__(self, lake: Lake, request: Request):
        self.log = Log(request.run_id, request.stage)
        self._storage = lake.storage
        self._folder = folder_of(request)
        self._namespace = f"affectflow.{request.stage}"
        self._started = datetime.fromisoformat(request.started).timestamp()

    def begin(self) -> None:
        """Records that the stage is running; does nothing the second time."""
        content = json.dumps({"started": self._started}).encode()
        self._storage.write_once(content, *self._folder, RUN)

    def planned(
        self, *, rows: int, parts: int | None = None, estimated: bool = False
    ) -> None:
        """Records how much there is to do.

        Args:
          rows: of the input that are not done yet.
          parts: that are not done yet, if that is known.
          estimated: the rows come from a sample.
        """
        self.begin()
        total = {"rows": rows, "parts": parts, "estimated": estimated}
        content = json.dumps({**total, "at": time.time()}).encode()
        self._storage.write(content, *self._folder, TOTAL)
        self.log.event("stage_planned", rows=rows, parts=parts or 0)

    def add(self, rows: Mapping[str, int], *, parts: int = 0, shown: int = 0) -> None:
        """Counts finished rows; all threads of a process count together.

        Args:
          rows: counts by the names `rows_in`, `rows_out`, `rows_dead`.
          parts: of utterances, or buckets of an ingest, that are done.
          shown: of `rows_in`, those that were shown before they were done.
        """
        self._count({**rows, "rows_in": rows.get("rows_in", 0) - shown}, parts)
        for name in _COUNTED:
            if rows.get(name):
                Metrics.counter(self._namespace, name).inc(rows[name])

    def _count(self, rows: Mapping[str, int], parts: int = 0) -> None:
        with _LOCK:
            tally = self._tally()
            for name in _COUNTED:
                tally.counts[name] += rows.get(name, 0)
            tally.counts["parts"] += parts
            tally.changed = True
        _tick_on()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Shows that this process is alive while it works on something."""
        with _LOCK:
            tally = self._tally()
            tally.busy += 1
        _tick_on()
        try:
            yield
        finally:
            with _LOCK:
                tally.busy -= 1

    @contextlib.contextmanager
    def unit(self, name: str, rows: int = 0) -> Iterator["Unit"]:
        """Follows one part or bucket: a sign of life, its counts, its log events.

        Args:
          name: of the part.
          rows: that it has, if that is known.
        """
        unit, begun = Unit(self._count, rows), time.perf_counter()
        try:
            with self.busy():
                yield unit
        except Exception as error:
            self._count({"rows_in": -unit.shown})
            self.log.event(
                "part_failed",
                part=name,
                error_type=type(error).__name__,
                seconds=time.perf_counter() - begun,
            )
            raise
        self.add(unit.rows, parts=1, shown=unit.shown)
        self.log.event(
            "part_done",
            part=name,
            seconds=time.perf_counter() - begun,
            rows=unit.rows.get("rows_in", unit.rows.get("rows_out", 0)),
            dead=unit.rows.get("rows_dead", 0),
        )

    def _tally(self) -> _Tally:
        # The process number is asked for each time: a fork has another.
        path = (*self._folder, f"{host()}-{os.getpid()}-{_TOKEN}.json")
        key = (self._storage.uri, *path)
        if key not in _TALLIES:
            tally = _Tally(self._storage, self.log, path, written=time.monotonic())
            _TALLIES[key] = tally
        return _TALLIES[key]


@dataclass
class Unit:
    """The counts of a part or bucket, and its progress until then.

    Args:
      count: adds to what is shown.
      total: rows of the part; 0 if that is not known.
      rows: what it came to; empty until it is done.
      shown: rows that count as done until then.
    """

    count: Callable[[Mapping[str, int]], None]
    total: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    shown: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self, share: float) -> None:
        """Reports the share of rows that is done, 0..1; it never falls."""
        with self._lock:
            more = int(share * self.total) - self.shown
            if more > 0:
                self.shown += more
                self.count({"rows_in": more})


def folder_of(request: Request) -> tuple[str, ...]:
    """Returns the folder of a stage's side files, as parts of a path."""
    return (*PROGRESS, request.run_id, f"{request.stage}-{request.digest}")


def clear(lake: Lake, request: Request) -> None:
    """Removes the side files of a stage that has ended."""
    folder = folder_of(request)
    with _WRITING:
        with _LOCK:
            for key in [k for k in _TALLIES if k[1 : 1 + len(folder)] == folder]:
                del _TALLIES[key]
        lake.storage.remove_tree(*folder)
        if not lake.storage.names(*folder[:-1]):
            lake.storage.remove_tree(*folder[:-1])


# -- the thread that writes --------------------------------------------------------


def _tick_on() -> None:
    """Starts the thread that writes if it is not running."""
    with _LOCK:
        if _TICKER and _TICKER[0].is_alive():
            return
        thread = threading.Thread(target=_tick, name="affectflow-progress", daemon=True)
        _TICKER[:] = [thread]
        thread.start()


def _tick() -> None:
    """Writes what is due until nothing is in progress any more."""
    while True:
        time.sleep(LOCAL_EVERY_S)
        with _LOCK:
            if not any(t.busy or t.changed for t in _TALLIES.values()):
                _TICKER.clear()
                return
            now = time.monotonic()
            due = [tally for tally in _TALLIES.values() if tally.is_due(now)]
        for tally in due:
            with _WRITING:
                if tally.changed or tally.busy:
                    tally.write()
