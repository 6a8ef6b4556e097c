"""Clocks that jump: the answer is the same, and no duration is negative."""

import dataclasses
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_row
from tests.conftest import required
from tests.durability.jobs import STAGES, write_input
from tests.given.proving import in_proof, rotated
from tests.given.stage_runs import ask


def test_a_clock_that_was_set_back_in_mid_run_gives_no_negative_time(tmp_path):
    request = new_request(Lake.create(str(tmp_path / "lake")), "annotate", {})
    later = (datetime.now(UTC) + timedelta(days=365)).isoformat()

    row = run_row(dataclasses.replace(request, started=later), Receipt(), "")

    assert row["ended"] == row["started"]


@pytest.mark.slow
@pytest.mark.parametrize("jump", rotated(["-1y", "+1y"]))
@pytest.mark.proof
def test_stages_under_a_clock_a_year_off_give_the_same_lake(tmp_path: Path, jump: str):
    faketime = shutil.which("faketime")
    if faketime is None:
        required("faketime", "apt-get install faketime")
    write_input(tmp_path / "input.jsonl", range(100))
    now, then = tmp_path / "now", tmp_path / "then"
    run(tmp_path, "ingest", then)
    shutil.copytree(then, now)
    for stage in in_proof(STAGES[1:], STAGES[1:2]):
        run(tmp_path, stage, now)
        run(tmp_path, stage, then, faketime, "-f", jump)

    assert digest(str(now))["lake"] == digest(str(then))["lake"]
    backwards = "SELECT count(*) FROM runs WHERE ended < started"
    assert ask(str(then), backwards) == [(0,)]
    years = "SELECT count(DISTINCT year(started)) FROM runs"
    assert ask(str(then), years) == [(2,)]  # the clock did jump


def run(folder: Path, stage: str, lake: Path, *clock: str) -> None:
    """Runs a stage as a process of its own, under a clock."""
    job = [sys.executable, "-m", "tests.durability.jobs", stage, str(lake)]
    job += ["--input", str(folder / "input.jsonl"), "--calls", str(folder / "calls")]
    done = subprocess.run([*clock, *job], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
