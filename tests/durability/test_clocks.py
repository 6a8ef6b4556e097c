"""Clocks that jump: the answer is the same, and no duration is negative."""

import dataclasses
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.receipts import Receipt
from affectflow.stages.runs import new_request, run_row
from tests.conftest import required
from tests.durability.jobs import STAGES, write_input
from tests.stage_runs import ask


def test_a_clock_that_was_set_back_in_mid_run_gives_no_negative_time(tmp_path):
    request = new_request(Lake.create(str(tmp_path / "lake")), "annotate", {})
    later = (datetime.now(UTC) + timedelta(days=365)).isoformat()

    row = run_row(dataclasses.replace(request, started=later), Receipt(), "")

    assert row["ended"] == row["started"]


@pytest.mark.slow
@pytest.mark.parametrize("jump", ["-1y", "+1y"])
def test_stages_under_a_clock_a_year_off_give_the_same_lake(tmp_path: Path, jump: str):
    faketime = shutil.which("faketime")
    if faketime is None:
        required("faketime", "apt-get install faketime")
    write_input(tmp_path / "input.jsonl", range(100))
    lakes = {}
    for name, clock in (("now", []), ("then", [faketime, "-f", jump])):
        lake = lakes[name] = tmp_path / name
        for stage in STAGES:
            job = [sys.executable, "-m", "tests.durability.jobs", stage, str(lake)]
            job += ["--input", str(tmp_path / "input.jsonl")]
            job += ["--calls", str(tmp_path / "calls")]
            # The first command has the right clock, the others that of the case.
            prefix = clock if stage != "ingest" else []
            done = subprocess.run(
                [*prefix, *job], capture_output=True, text=True, env=dict(os.environ)
            )
            assert done.returncode == 0, done.stderr[-2000:]

    assert digest(str(lakes["now"]))["lake"] == digest(str(lakes["then"]))["lake"]
    assert ask(str(lakes["then"]), "SELECT count(*) FROM runs WHERE ended < started")[
        0
    ] == (0,)
    years = "SELECT count(DISTINCT year(started)) FROM runs"
    assert ask(str(lakes["then"]), years)[0][0] == 2  # the clock did jump
