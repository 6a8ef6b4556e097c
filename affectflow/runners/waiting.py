"""Waits for a pipeline's end, but not forever if the engine does nothing."""

import contextlib
import logging
import math
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from affectflow.errors import UsageError

START_TIMEOUT = "AFFECTFLOW_START_TIMEOUT_S"
_JOB_SERVER = "SparkJarJobServer"
"""The logger for the output of Beam's Spark job server."""
_STARVING = "Initial job has not accepted any resources"
_TAKEN, _DONE = "Starting task ", "Finished task "
_SAYS_EVERY_S = 15.0
_CANCEL_TIMEOUT_S = 10.0


class _Cluster(logging.Handler):
    """Follows the tasks in the log of Spark's job server.

    The server reports every 15 s that no worker took the job. It reports nothing if
    executors of another Spark version cannot read their tasks: then no task ever ends.
    """

    def __init__(self, timeout_s: float):
        super().__init__(logging.INFO)
        self._timeout_s = timeout_s
        self._starved_s = 0.0
        self._taken_at: float | None = None
        self._done = False

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if _STARVING in said:
            self._starved_s += _SAYS_EVERY_S
        elif _DONE in said:
            self._done = True
        elif _TAKEN in said and self._taken_at is None:
            self._taken_at = time.monotonic()

    def complaint(self) -> str:
        """Returns what is wrong if nothing has started in time, else an empty text."""
        if self._starved_s >= self._timeout_s:
            return (
                f"no worker took the job within {self._timeout_s:.0f} s: does the "
                "cluster have free cores, and spark.executor.memory for "
                f"each? {START_TIMEOUT} sets the timeout"
            )
        if self._done or self._taken_at is None:
            return ""
        if time.monotonic() - self._taken_at < self._timeout_s:
            return ""
        return (
            f"a worker took the job, but no task ended within {self._timeout_s:.0f} s: "
            "does the cluster run the same Spark version as the job server's jar, and "
            "does the pool of --environment_type=EXTERNAL answer, if you use one? "
            f"The executors' stderr says why; {START_TIMEOUT} sets the timeout"
        )


def start_timeout_s() -> float:
    """Returns the seconds that a job may take to begin, 600 by default.

    Raises:
      UsageError: the variable is not a positive number.
    """
    given = os.environ.get(START_TIMEOUT) or "600"
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise UsageError(f"{START_TIMEOUT} must be a number of seconds, got {given!r}")
    return seconds


def run_to_the_end(pipeline: Any) -> None:
    """Runs a pipeline on a cluster and waits for its end.

    Raises:
      UsageError: for `AFFECTFLOW_START_TIMEOUT_S` seconds (600) no job server or
        worker took it, or none of its tasks ended.
    """
    timeout_s = start_timeout_s()
    cluster = _Cluster(timeout_s)
    logger = logging.getLogger(_JOB_SERVER)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(cluster)
    logger.setLevel(logging.INFO)
    logger.propagate = propagates and logging.getLogger().level <= logging.INFO
    try:
        with _bounded(timeout_s):
            result = pipeline.run()
        _wait(result, cluster)
    finally:
        logger.removeHandler(cluster)
        logger.setLevel(level)
        logger.propagate = propagates


class _LateError(BaseException):
    """Not an `Exception`, because Beam retries on those and cleans up on all others."""


def _late(number: int, frame: FrameType | None) -> None:
    raise _LateError


@contextlib.contextmanager
def _bounded(timeout_s: float) -> Iterator[None]:
    """Ends what is inside after some seconds, as Ctrl-C would.

    Not in a thread of its own: Beam sets signal handlers as it starts a job server,
    which only the main thread may, and stops what it started where an error passes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGALRM, _late)
    timer = signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    except _LateError:
        raise UsageError(
            f"the engine did not take the job within {timeout_s:g} s: did its job "
            "server start, and does the cluster that it sends the job "
            f"to answer? {START_TIMEOUT} sets the timeout"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)


def _wait(result: Any, cluster: _Cluster) -> None:
    ended: queue.Queue[BaseException | None] = queue.Queue()
    _in_background(_end_of, result, ended)
    while True:
        try:
            error = ended.get(timeout=1.0)
        except queue.Empty:
            if not (complaint := cluster.complaint()):
                continue
            _in_background(result.cancel).join(_CANCEL_TIMEOUT_S)
            raise UsageError(complaint) from None
        if error is not None:
            raise error
        return


def _end_of(result: Any, ended: "queue.Queue[BaseException | None]") -> None:
    try:
        result.wait_until_finish()
    except BaseException as error:  # passed to the waiting thread, and raised there
        ended.put(error)
    else:
        ended.put(None)


def _in_background(function: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread
