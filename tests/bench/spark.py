"""Annotate on a real Spark cluster: two workers against one, and what Beam costs there.

    python -m tests.bench.spark [--rows 4e6] [--parts 64] [--runs 1]

A standalone master and workers of one core each, all on this machine. CPU seconds are
those of all processes: job server, executors, Python workers. It needs what the tests
of engines need: `bash .ci/engines && . .cache/engines/env`.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.bench import corpora, measure
from tests.engines.cluster import cluster
from tests.engines.conftest import CURE, NAMES, Engine, spark_options

_TICK = os.sysconf("SC_CLK_TCK")
TARGET = 1.6
ROWS, PARTS = 4_000_000, 64
"""The embedded model is fast: fewer rows take less than a cluster takes to start."""
EVERY_S = 0.5


def engine() -> Engine | None:
    """Returns the engine, or None if it is not set up here."""
    found = [os.environ.get(f"AFFECTFLOW_SPARK_{name}", "") for name in NAMES]
    if not all(found) or not shutil.which("java"):
        return None
    return Engine(*map(Path, found))


# -- CPU of all processes of some sessions -----------------------------------------


class Sessions(threading.Thread):
    """Adds up the CPU seconds and resident sets of all processes of sessions.

    What a process uses between its last sample and its end is missed: half a second.
    """

    def __init__(self, sessions: set[int]):
        super().__init__(daemon=True)
        self.sessions = sessions
        self._seen: dict[tuple[int, int], float] = {}
        self._first: dict[tuple[int, int], float] = {}
        self._done = threading.Event()
        self._lock = threading.Lock()
        self.python_peak_mb = 0.0
        self._sample(first=True)

    def run(self) -> None:
        while not self._done.wait(EVERY_S):
            self._sample()

    def seconds(self) -> float:
        """Returns the CPU seconds since this began, and stops watching."""
        self._sample()
        self._done.set()
        with self._lock:
            return sum(self._seen.values()) - sum(self._first.values())

    def _sample(self, first: bool = False) -> None:
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and (stat := _stat(folder)) is not None:
                session, started, cpu = stat
                if session in self.sessions:
                    found[int(folder.name), started] = cpu
                    self._see_memory(folder)
        with self._lock:
            self._seen.update(found)
            if first:
                self._first = found

    def _see_memory(self, folder: Path) -> None:
        try:
            name = (folder / "comm").read_text()
            said = (folder / "status").read_text().split("VmHWM:", 1)[1]
        except (OSError, IndexError):
            return
        if name.startswith("python"):
            mb = int(said.split(maxsplit=1)[0]) * 1024 / 1e6
            self.python_peak_mb = max(self.python_peak_mb, mb)


def _stat(folder: Path) -> tuple[int, int, float] | None:
    """Returns session, start and CPU seconds of a process; None if it has ended."""
    try:
        words = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(words[3]), int(words[19]), (int(words[11]) + int(words[12])) / _TICK


# -- runs --------------------------------------------------------------------------


def watched(
    command: Sequence[str], sessions: set[int], environment: Mapping[str, str]
) -> measure.Figure:
    """Runs a command to its end, with the processes of some sessions beside it."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    watcher = Sessions({*sessions, process.pid})
    watcher.start()
    _, said = process.communicate(timeout=7200)
    seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(said.decode(errors="replace")[-3000:])
    return measure.Figure(seconds, watcher.seconds(), watcher.python_peak_mb)


def on_spark(made: Engine, lake: Path, workers: int, folder: Path) -> measure.Figure:
    """Annotates a lake with so many workers."""
    with cluster(made.home, folder / "cluster", workers) as running:
        options = spark_options(
            made,
            running.url,
            folder / "boots",
            spark_default_parallelism=str(8 * workers),
        )
        command = measure.python("tests.bench.steps", "annotate", str(lake), "--")
        sessions = {process.pid for process in running.processes.values()}
        return watched([*command, *options], sessions, measure.ONE_CORE)


def main(rows: int, parts: int, runs: int) -> None:
    """Prints what each way took, and the ratios."""
    made = engine()
    if made is None:
        print(f"skipped: no Spark here; set it up: {CURE}")
        return
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        folder = Path(name)
        fresh = _ingested(folder, rows, parts)
        ways = (
            "bare",
            "local",
            "one worker",
            "two workers",
            "few by one",
            "few by two",
        )
        taken: dict[str, list[measure.Figure]] = {way: [] for way in ways}
        few = _ingested(folder / "few", 64, 1)
        for run in range(runs):
            for way in ways:
                where = folder / f"{run}-{way.replace(' ', '-')}"
                lake = where / "lake"
                shutil.copytree(few if way.startswith("few") else fresh, lake)
                taken[way].append(_go(way, made, lake, where))
                shutil.rmtree(where)
    figures = {way: _median(each) for way, each in taken.items()}
    measure.show(figures, rows)
    _print_ratios(figures, rows)


def _ingested(folder: Path, rows: int, parts: int) -> Path:
    folder.mkdir(exist_ok=True)
    corpora.write(folder / "in", rows)
    lake = folder / "lake"
    source = [str(lake), str(folder / "in"), f"--buckets={parts}"]
    command = measure.python("tests.bench.steps", "ingest", *source)
    measure.in_turn({"": command}, 1, measure.ONE_CORE)
    shutil.rmtree(folder / "in")
    return lake


def _go(way: str, made: Engine, lake: Path, folder: Path) -> measure.Figure:
    if way in ("bare", "local"):
        stage = "bare" if way == "bare" else "annotate"
        command = measure.python("tests.bench.steps", stage, str(lake))
        return watched(command, set(), measure.ONE_CORE)
    return on_spark(made, lake, 2 if "two" in way else 1, folder)


def _median(figures: Sequence[measure.Figure]) -> measure.Figure:
    return measure.Figure(
        statistics.median(f.seconds for f in figures),
        statistics.median(f.cpu_seconds for f in figures),
        max(f.peak_mb for f in figures),
    )


def _print_ratios(figures: Mapping[str, measure.Figure], rows: int) -> None:
    one, two = figures["one worker"], figures["two workers"]
    print(f"one worker / two workers  {one.seconds / two.seconds:.2f}  ({TARGET})")
    work = one.seconds - figures["few by one"].seconds
    halved = two.seconds - figures["few by two"].seconds
    if min(work, halved) > 0:
        print(f"the same without what 64 rows take  {work / halved:.2f}")
    bare = figures["bare"].cpu_seconds
    for way in ("bare", "local", "one worker", "two workers"):
        cpu = figures[way].cpu_seconds
        print(
            f"{way:<12} {cpu / rows * 1e6:8.1f} CPU us a row, {cpu / bare:.2f} of bare"
        )
    more = (one.cpu_seconds - figures["few by one"].cpu_seconds) / rows * 1e6
    print(f"one worker, without what 64 rows take: {more:.1f} CPU us a row")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=lambda text: int(float(text)), default=ROWS)
    parser.add_argument("--parts", type=int, default=PARTS, help="a power of two")
    parser.add_argument("--runs", type=int, default=1)
    given = parser.parse_args(sys.argv[1:])
    main(given.rows, given.parts, given.runs)
