"""Times commands as whole processes, in turn, and compares medians."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float


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
    return {name: _median(figures) for name, figures in taken.items()}


def _once(command: Sequence[str], environment: Mapping[str, str]) -> Figure:

    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")

    return Figure(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


def _median(figures: Sequence[Figure]) -> Figure:
    return Figure(
        statistics.median(f.seconds for f in figures),
        statistics.median(f.cpu_seconds for f in figures),
        statistics.median(f.peak_mb for f in figures),
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
            f"{figure.peak_mb:8.0f} MB{rate}"
        )
