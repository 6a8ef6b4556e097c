"""SIGTERM and Ctrl-C end a command, and everything that it started."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stage_runs import ask
from tests.waiting import wait_for

MULTI = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    """Enough rows that nobody ends before the signal comes."""
    path = tmp_path / "posts.jsonl"
    rows = ({"id": n, "body": f"so annoying, {n}"} for n in range(20_000))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def begin(posts: Path, *options: str) -> subprocess.Popen:
    lake = str(posts.parent / "lake")
    words = ["ingest", str(posts), "--to", lake, "--map", "utterance_id=id,text=body"]
    command = [sys.executable, "-m", "affectflow", *words, "--", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def children(pid: int) -> list[int]:
    """Returns the processes that a process started and that still run."""
    found = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid=,stat="], capture_output=True, text=True
    )
    rows = (line.split() for line in found.stdout.splitlines())
    return [int(each) for each, state in rows if not state.startswith("Z")]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "word"),
    [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")],
)
@pytest.mark.parametrize("engine", ["job server", "worker processes"])
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
    wait_for(lambda: all(map(gone, started)), "their end", 20)
    lake = str(posts.parent / "lake")
    assert ask(lake, "SELECT state, error FROM runs") == [("failed", word)]
