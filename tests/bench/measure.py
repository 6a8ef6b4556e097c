"""Times commands as whole processes, in turn, and compares medians."""

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.given.processes import children
from tests.given.processes import runs as runs_now

ONE_CORE = {
    "OMP_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


@dataclass(frozen=True)
class Figure:
    """The median of some runs of one command.

    Args:
      seconds: wall clock.
      cpu_seconds: user and system.
      peak_mb: largest resident set of one process, 10^6 bytes.
      together_mb: largest resident set of all its processes together, looked at every
        twentieth of a second; pages that they share count for each.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    together_mb: float = 0.0


def in_turn(
    commands: Mapping[str, Sequence[str]],
    runs: int = 5,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Figure]:
    """Returns the medians of commands that run in turn: A B C, A B C, ..."""
    taken: dict[str, list[Figure]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            taken[name].append(_once(command, environment or {}))
    return {name: median(figures) for name, figures in taken.items()}


def _once(command: Sequence[str], environment: Mapping[str, str]) -> Figure:
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    most = [0.0]
    watcher = threading.Thread(target=_watch, args=(process.pid, most), daemon=True)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    cpu_seconds, peak_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000
    return Figure(seconds, cpu_seconds, peak_mb, most[0])


def _watch(pid: int, most: list[float]) -> None:
    """Keeps the most that a process and what it started hold, until they end."""
    while runs_now(pid):
        most[0] = max(most[0], sum(map(_resident_mb, _family(pid))))
        time.sleep(0.05)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from _family(child)


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0  # it has ended
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def median(figures: Sequence[Figure]) -> Figure:
    """Returns the median of each figure."""
    return Figure(
        *(statistics.median(each) for each in zip(*map(astuple, figures), strict=True))
    )


def python(module: str, *arguments: str) -> list[str]:
    """Returns the command that runs a module with this Python."""
    return [sys.executable, "-m", module, *arguments]


def show(figures: Mapping[str, Figure], rows: int = 0) -> None:
    """Prints figures as a table."""
    for name, figure in figures.items():
        rate = f"{rows / figure.seconds:>12,.0f} rows/s" if rows else ""
        print(
            f"{name:<24}{figure.seconds:8.2f} s {figure.cpu_seconds:8.2f} CPU s"
            f"{figure.peak_mb:8.0f} MB, all {figure.together_mb:5.0f} MB{rate}"
        )
