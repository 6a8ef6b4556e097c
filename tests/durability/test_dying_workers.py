"""A worker process that dies without a word ends the run in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from affectflow.lake.digest import digest
from tests.durability import jobs
from tests.durability.jobs import write_input
from tests.given.processes import children, runs
from tests.given.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.rotated]
BOUND_S = 60.0
_AT_THE_START = """
import os, sys
if "sdk_worker_main" in " ".join(sys.orig_argv):
    try:
        os.close(os.open(os.environ["ONE_DEATH"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass
    else:
        os._exit(137)
"""


def job(lake: Path, stage: str, *more: str) -> list[str]:
    folder = lake.parent
    files = ["--input", str(folder / "input.jsonl"), "--calls", str(folder / "calls")]
    script = [sys.executable, "-m", "tests.durability.jobs", stage, str(lake)]
    return [*script, *files, *more]


def ended(arguments: list[str], **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        arguments,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
        timeout=2 * BOUND_S,
        check=False,
    )
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    write_input(tmp_path / "input.jsonl", range(400))
    lake = tmp_path / "lake"
    jobs.ingest(str(lake), str(tmp_path / "input.jsonl"))
    return lake


@pytest.mark.rotated
def test_a_death_in_the_middle_ends_in_one_line_and_the_next_run_goes_on(lake):
    two = ("--workers", "2", "--model", "dying")

    code, line = ended(job(lake, "annotate", *two))
    again, _ = ended(job(lake, "annotate", *two))

    assert code == 2
    assert "a worker process" in line
    assert "run the same command again" in line
    assert again == 0
    asked = sum(map(int, (lake.parent / "calls").read_text().split()))
    assert asked <= 400 * 1.05


@pytest.mark.proof
def test_a_death_before_the_worker_has_connected_is_no_hang(lake, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_AT_THE_START)
    path = os.pathsep.join([str(tmp_path / "site"), os.environ.get("PYTHONPATH", "")])
    death = str(tmp_path / "death")
    two = job(lake, "annotate", "--workers", "2")

    code, line = ended(two, PYTHONPATH=path, ONE_DEATH=death)
    again, _ = ended(two, PYTHONPATH=path, ONE_DEATH=death)

    assert code == 2
    assert "run the same command again" in line
    assert again == 0
    assert digest(str(lake))["annotations"]


def test_workers_end_with_their_driver(lake):
    driver = subprocess.Popen(
        job(lake, "annotate", "--workers", "2"), stderr=subprocess.DEVNULL
    )
    wait_for(lambda: len(children(driver.pid)) >= 2, "two workers", BOUND_S)
    workers = children(driver.pid)

    driver.kill()
    driver.wait()

    assert len(workers) == 2
    wait_for(lambda: not any(map(runs, workers)), "workers to end", 10)
