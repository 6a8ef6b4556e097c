"""Progress of a running stage: a bar on a terminal, otherwise a line now and then.

Shared by the command line and `affectflow.analyze`; who uses it gives what says a line.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from affectflow.nouns import count

# Importing it imports Beam: only when there is something to watch.
if TYPE_CHECKING:
    from affectflow.stages.runs.watching import Seen

Say = Callable[[str], object]

BAR_EVERY_S = 0.5
LINE_EVERY_S = 10.0
# Each look lists and reads files; with many workers on an object store that is slow.
_REST_PER_LOOK = 20


@contextmanager
def shown(lake_uri: str, say: Say, run_id: str = "") -> Iterator[str]:
    """Shows rows, rate, time left and failures while a run goes on.

    A bar on stderr if that is a terminal, else lines that `say` gets. Yields the run's
    id: a new one if none is given.
    """
    from affectflow.stages.runs.request import new_run_id

    run_id = run_id or new_run_id()
    stop = threading.Event()
    watch: Callable[[str, str, threading.Event], None] = partial(_lines, say)
    if sys.stderr.isatty():
        watch = bar
    watcher = threading.Thread(target=watch, args=(lake_uri, run_id, stop), daemon=True)
    watcher.start()
    try:
        yield run_id
    finally:
        stop.set()
        watcher.join(timeout=5)


def line(seen: "Seen") -> str:
    """Returns a stage's progress: `annotate: 12,000 of 40,000 rows (30 %), ...`."""
    said = [_rows(seen)]
    if seen.parts and seen.stage == "ingest":
        said.append(f"{count(seen.parts, 'bucket')} written")
    if seen.rate is not None:
        digits = 0 if seen.rate >= 10 else 2
        said.append(f"{seen.rate:,.{digits}f} rows/s")
    if seen.seconds_left is not None:
        said.append(f"{duration(seen.seconds_left)} left")
    if seen.dead:
        said.append(f"{seen.dead:,} refused")
    return f"{seen.stage}: " + ", ".join(said)


def _rows(seen: "Seen") -> str:
    if seen.total_rows is None or seen.share is None:
        since = duration(seen.last - seen.started)
        return count(seen.rows, "row") if seen.rows else f"at work for {since}"
    about = "about " if seen.estimated else ""
    total = count(seen.total_rows, "row")
    return f"{seen.rows:,} of {about}{total} ({100 * seen.share:.0f} %)"


def duration(seconds: float) -> str:
    """Returns seconds for people: `0.4 s`, `9 s`, `4 min`, `2.5 h`."""
    if seconds < 3:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"


def _lines(say: Say, lake_uri: str, run_id: str, stop: threading.Event) -> None:
    """Says a line every 10 s; of a job shorter than that, none."""
    while not stop.wait(LINE_EVERY_S):
        seen = latest(lake_uri, run_id)
        if seen is None or time.time() - seen.started < LINE_EVERY_S:
            continue
        if not stop.is_set():
            say(line(seen))


def bar(lake_uri: str, run_id: str, stop: threading.Event) -> None:
    """Draws a bar until `stop` is set, and takes it away."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
    )
    rest = BAR_EVERY_S
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task("starting", total=None)
        while not stop.wait(rest):
            begun = time.perf_counter()
            seen = latest(lake_uri, run_id)
            rest = max(BAR_EVERY_S, _REST_PER_LOOK * (time.perf_counter() - begun))
            if seen is not None:
                total = seen.total_rows or None
                drawn.update(
                    task, total=total, completed=seen.rows, description=line(seen)
                )


def latest(lake_uri: str, run_id: str) -> "Seen | None":
    """Returns the stage of a run in progress; None if there is none, or not yet."""
    from affectflow.errors import AffectflowError
    from affectflow.lake import Lake
    from affectflow.stages.runs.watching import watch

    try:
        seen = watch(Lake.open(lake_uri), run_id)
    except AffectflowError:
        return None  # the lake is just being created
    return seen[-1] if seen else None
