"""The right to write is lost in mid-run, and given back: the same lake."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from affectflow.lake.digest import digest
from tests.conftest import required
from tests.durability import jobs
from tests.durability.jobs import STAGES, TRIED, write_input
from tests.given.proving import rotated
from tests.given.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

READ, WRITE = 0o555, 0o755
WAIT_S = 120.0


def without_privileges() -> list[str]:
    """Returns what a command is started by, so that permissions bind root, too."""
    if os.geteuid():
        return []
    if shutil.which("setpriv") is None:
        required("setpriv", "apt-get install util-linux")
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def arguments(stage: str, lake: Path) -> list[str]:
    """Returns what a job is given, beside whose lake its input lies."""
    files = ["--input", str(lake.parent / "input.jsonl")]
    return [stage, str(lake), *files, "--calls", str(lake.parent / "calls")]


def command(stage: str, lake: Path) -> list[str]:
    job = [sys.executable, "-m", "tests.durability.jobs", *arguments(stage, lake)]
    return [*without_privileges(), *job]


def run(stage: str, lake: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(stage, lake), capture_output=True, text=True)


def files(lake: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(lake))


def allow(lake: Path, mode: int) -> None:
    """Gives every folder of a lake a mode: with `READ` nothing can be made in it."""
    for folder, _, _ in os.walk(lake):
        os.chmod(folder, mode)


def lose_permission(stage: str, lake: Path) -> "subprocess.CompletedProcess[str]":
    """Runs a stage that may write three files, and no more after that."""
    before = files(lake)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(stage, lake), **pipes) as process:
        wait_for(
            lambda: files(lake) >= before + 3 or process.poll() is not None,
            "three files",
            WAIT_S,
            every_s=0.001,
        )
        allow(lake, READ)
        out, err = process.communicate(timeout=WAIT_S)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.parametrize("stage", rotated(TRIED))
@pytest.mark.proof
def test_a_run_that_may_write_no_more_says_so_and_the_same_command_goes_on(
    tmp_path: Path, stage: str
):
    write_input(tmp_path / "input.jsonl", range(1500))
    undisturbed, lake = tmp_path / "undisturbed", tmp_path / "lake"
    for earlier in STAGES[: STAGES.index(stage)]:
        assert jobs.main(arguments(earlier, undisturbed)) == 0
    undisturbed.mkdir(exist_ok=True)
    shutil.copytree(undisturbed, lake)
    if key := list(tmp_path.glob("undisturbed.key")):
        shutil.copy(key[0], tmp_path / "lake.key")
    assert jobs.main(arguments(stage, undisturbed)) == 0

    ended = lose_permission(stage, lake)
    allow(lake, WRITE)
    again = run(stage, lake)

    assert ended.returncode == 2, ended.stderr[-2000:]
    (line,) = [each for each in ended.stderr.splitlines() if "affectflow:" in each]
    assert "not allowed" in line
    assert "Traceback" not in ended.stderr
    assert again.returncode == 0, again.stderr[-2000:]
    assert digest(str(lake))["lake"] == digest(str(undisturbed))["lake"]
