"""Waiting for a pipeline's end, never for ever for a cluster that gives no worker."""

import logging
import os
import queue
import threading
from typing import Any

from affectflow.errors import UsageError

START_TIMEOUT = "AFFECTFLOW_START_TIMEOUT_S"
_JOB_SERVER = "SparkJarJobServer"
"""The logger of what Beam's Spark job server prints."""
_STARVING = "Initial job has not accepted any resources"
_SAYS_EVERY_S = 15.0
_CANCEL_TIMEOUT_S = 10.0


class _Starvation(logging.Handler):
    """Hears the Spark job server say, every 15 s, that no worker took its job."""

    def __init__(self, timeout_s: float):
        super().__init__(logging.INFO)
        self._timeout_s = timeout_s
        self._said = 0
        self.lasts = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if _STARVING not in record.getMessage():
            return
        self._said += 1
        if self._said * _SAYS_EVERY_S >= self._timeout_s:
            self.lasts.set()


def run_to_the_end(pipeline: Any) -> None:
    """Runs a pipeline on a cluster and waits for its end.

    Raises:
      UsageError: for `AFFECTFLOW_START_TIMEOUT_S` seconds (600) no worker took it.
    """
    timeout_s = float(os.environ.get(START_TIMEOUT, "600"))
    starvation = _Starvation(timeout_s)
    logger = logging.getLogger(_JOB_SERVER)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(starvation)
    logger.setLevel(logging.INFO)
    logger.propagate = propagates and logging.getLogger().level <= logging.INFO
    try:
        _wait(pipeline.run(), starvation.lasts, timeout_s)
    finally:
        logger.removeHandler(starvation)
        logger.setLevel(level)
        logger.propagate = propagates


def _wait(result: Any, starved: threading.Event, timeout_s: float) -> None:
    ended: queue.Queue[BaseException | None] = queue.Queue()
    _in_background(_end_of, result, ended)
    while True:
        try:
            error = ended.get(timeout=1.0)
        except queue.Empty:
            if not starved.is_set():
                continue
            _in_background(result.cancel).join(_CANCEL_TIMEOUT_S)
            raise UsageError(
                f"no worker took the job within {timeout_s:.0f} s: has the cluster "
                "free cores, and spark.executor.memory on each? "
                f"{START_TIMEOUT} sets the time to wait"
            ) from None
        if error is not None:
            raise error
        return


def _end_of(result: Any, ended: "queue.Queue[BaseException | None]") -> None:
    try:
        result.wait_until_finish()
    except BaseException as error:  # handed to the thread that waits, and raised there
        ended.put(error)
    else:
        ended.put(None)


def _in_background(function: Any, *arguments: Any) -> threading.Thread:
    thread = threading.Thread(target=function, args=arguments, daemon=True)
    thread.start()
    return thread
