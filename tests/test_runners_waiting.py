"""A cluster that never gets to work ends the command, and its line names the cure.

The pipelines here are fakes: they prove what is heard from the job server, no more. The
tests on real clusters are in `tests/engines`.
"""

import logging
import threading

import pytest

from affectflow.errors import UsageError
from affectflow.runners.waiting import START_TIMEOUT, run_to_the_end

STARVING = "Initial job has not accepted any resources; check your cluster UI"
TAKEN = "TaskSetManager: Starting task 0.0 in stage 0.0 (TID 0) (127.0.0.1, executor 0)"
DONE = "TaskSetManager: Finished task 0.0 in stage 0.0 (TID 0) in 812 ms on 127.0.0.1"


class Running:
    """A pipeline whose job server prints lines, and which ends when it is let."""

    def __init__(self, *lines: str, ends_after_s: float = 60.0):
        self.lines = lines
        self.ends_after_s = ends_after_s
        self.cancelled = threading.Event()

    def run(self):
        for line in self.lines:
            logging.getLogger("SparkJarJobServer").info(line)
        return self

    def wait_until_finish(self):
        self.cancelled.wait(self.ends_after_s)

    def cancel(self):
        self.cancelled.set()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param([STARVING] * 2, "no worker took the job within 1 s", id="no room"),
        pytest.param([TAKEN], "no task ended within 1 s.*no other version", id="deaf"),
    ],
)
def test_a_job_that_never_begins_is_cancelled_with_the_cure(lines, words, monkeypatch):
    monkeypatch.setenv(START_TIMEOUT, "1")
    pipeline = Running(*lines)

    with pytest.raises(UsageError, match=words):
        run_to_the_end(pipeline)

    assert pipeline.cancelled.is_set()


@pytest.mark.parametrize(
    "lines", [[TAKEN, DONE, TAKEN], [DONE], []], ids=["long tasks", "late", "no Spark"]
)
def test_a_job_that_has_begun_may_take_its_time(lines, monkeypatch):
    monkeypatch.setenv(START_TIMEOUT, "1")
    pipeline = Running(*lines, ends_after_s=2.5)

    run_to_the_end(pipeline)

    assert not pipeline.cancelled.is_set()
