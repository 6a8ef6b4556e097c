"""A cluster that never gets to work ends the command, and its line names the cure.

The pipelines of the first tests are fakes: they prove what is heard from a job server,
no more. The tests on real clusters are in `tests/engines`.
"""

import logging
import os
import signal
import threading
import time
from concurrent import futures
from pathlib import Path

import apache_beam as beam
import grpc
import pytest
from apache_beam.portability.api import beam_job_api_pb2_grpc
from apache_beam.runners.portability import spark_runner
from apache_beam.utils import subprocess_server

from affectflow import runners
from affectflow.errors import UsageError
from affectflow.runners.waiting import START_TIMEOUT, run_to_the_end
from tests.given.waiting import wait_for

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
        pytest.param(
            [TAKEN], "no task ended within 1 s.*same Spark version.*pool of", id="deaf"
        ),
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


# -- before any worker is asked --------------------------------------------------------


def one(pipeline: beam.Pipeline) -> None:
    _ = pipeline | beam.Create([1]).with_output_types(int)


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def sleeping_job_server(tmp_path, monkeypatch):
    """Options with a launcher that never becomes a job server, and where its pid is."""
    monkeypatch.setattr(spark_runner, "JOB_SERVER_CACHE", {})
    pid = tmp_path / "pid"
    launcher = tmp_path / "java"
    launcher.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 300\n")
    launcher.chmod(0o755)
    (tmp_path / "a.jar").touch()
    return pid, [
        "--runner=SparkRunner",
        f"--job_server_java_launcher={launcher}",
        f"--spark_job_server_jar={tmp_path / 'a.jar'}",
    ]


def send_once_it_runs(number: signal.Signals, pid: Path) -> None:
    """Sends this process a signal as soon as Beam has noted the launcher it started."""
    noted = subprocess_server.SubprocessServer._cache._cache

    def send() -> None:
        said = "the launcher"
        wait_for(lambda: noted and pid.exists() and pid.read_text() != "", said)
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("number", "error", "line"),
    [
        pytest.param(signal.SIGINT, KeyboardInterrupt, None, id="Ctrl-C"),
        pytest.param(signal.SIGALRM, UsageError, "within 600 s: did", id="deadline"),
    ],
)
def test_a_job_server_that_does_not_start_is_stopped(
    sleeping_job_server, number, error, line
):
    pid, arguments = sleeping_job_server
    send_once_it_runs(number, pid)

    with pytest.raises(error, match=line):
        runners.run(one, arguments)

    assert not alive(int(pid.read_text()))


class Silent(beam_job_api_pb2_grpc.JobServiceServicer):
    """A job server that takes calls, and never answers one."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def DescribePipelineOptions(self, request, context):  # noqa: N802  gRPC's name
        self.over.wait(60)
        context.abort(grpc.StatusCode.INTERNAL, "over")


@pytest.mark.timeout(60)
def test_a_job_server_that_says_nothing_ends_the_run(monkeypatch):
    monkeypatch.setenv(START_TIMEOUT, "1")
    silent, server = Silent(), grpc.server(futures.ThreadPoolExecutor(1))
    beam_job_api_pb2_grpc.add_JobServiceServicer_to_server(silent, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    endpoint = [f"--job_endpoint=127.0.0.1:{port}", "--environment_type=LOOPBACK"]

    with pytest.raises(UsageError, match="did not take the job within 1 s"):
        runners.run(one, ["--runner=PortableRunner", *endpoint])

    silent.over.set()
    server.stop(0)


@pytest.mark.parametrize("given", ["ten", "nan", "inf", "0", "-1"])
def test_a_time_to_wait_that_is_no_number_is_one_line(given, monkeypatch):
    monkeypatch.setenv(START_TIMEOUT, given)

    with pytest.raises(UsageError, match=f"a number of seconds, got '{given}'"):
        run_to_the_end(Running())


def test_the_bound_of_the_start_ends_with_the_start(monkeypatch):
    monkeypatch.setenv(START_TIMEOUT, "1")
    handler = signal.getsignal(signal.SIGALRM)

    run_to_the_end(Running(ends_after_s=0))
    time.sleep(1.2)

    assert signal.getsignal(signal.SIGALRM) is handler
