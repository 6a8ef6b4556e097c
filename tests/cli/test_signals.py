"""SIGTERM and Ctrl-C end a command, and everything that it started."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.given.processes import children, runs
from tests.given.proving import rotated
from tests.given.stage_runs import ask
from tests.given.waiting import wait_for

MULTI = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Enough rows that nobody ends before the signal comes."""
    path = tmp_path / "posts.jsonl"
    rows = ({"id": n, "body": f"so annoying, {n} " * 20} for n in range(100_000))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def begin(posts: Path, *options: str) -> subprocess.Popen:
    lake = str(posts.parent / "lake")
    words = ["ingest", str(posts), "--to", lake, "--map", "utterance_id=id,text=body"]
    command = [sys.executable, "-m", "affectflow", *words, "--", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def job_server(tmp_path: Path) -> list[str]:
    """Options with a program that never becomes a job server."""
    launcher = tmp_path / "java"
    launcher.write_text("#!/bin/sh\nexec sleep 300\n")
    launcher.chmod(0o755)
    (tmp_path / "a.jar").touch()
    return [
        "--runner=SparkRunner",
        f"--job_server_java_launcher={launcher}",
        f"--spark_job_server_jar={tmp_path / 'a.jar'}",
    ]


TERMINATED = (signal.SIGTERM, 143, "terminated")
INTERRUPTED = (signal.SIGINT, 130, "interrupted")
CASES = [
    ("job server", *TERMINATED),
    ("worker processes", *INTERRUPTED),
    ("worker processes", *TERMINATED),
    ("job server", *INTERRUPTED),
]


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "number", "code", "word"), rotated(CASES))
def test_a_signal_ends_a_command_and_what_it_started(
    posts, job_server, engine, number, code, word
):
    options = job_server if engine == "job server" else MULTI
    command = begin(posts, *options)
    expected = 1 if engine == "job server" else 2
    wait_for(lambda: len(children(command.pid)) >= expected, "the processes")
    time.sleep(2)  # Beam notes a process a moment after it is there
    started = children(command.pid)

    command.send_signal(number)
    _, said = command.communicate(timeout=120)

    assert command.returncode == code, said
    assert said.splitlines()[-1].startswith(f"affectflow: {word}; run the same comm")
    wait_for(lambda: not any(map(runs, started)), "their end", 20)
    lake = str(posts.parent / "lake")
    assert ask(lake, "SELECT state, error FROM runs") == [("interrupted", word)]
