"""Kill -9 at any point of any stage, then the same command: the same lake.

Fifty rounds a stage by hand: `python -m tests.durability.kills --rounds 50`.
"""

import subprocess
import sys

import pytest

from tests.durability.jobs import STAGES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def script(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a script of this folder; its processes fork, which a test's must not."""
    return subprocess.run(
        [sys.executable, "-m", f"tests.durability.{name}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_five_kills_of_every_stage_at_random_times_change_nothing():
    done = script("kills", "--rounds", "5")

    print(done.stdout)  # the table; each round with its seed is in stderr
    assert done.returncode == 0, done.stderr
    assert sum(line.startswith("| ") for line in done.stdout.splitlines()) > 4


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_between_the_commits_of_a_stage_changes_nothing(stage):
    done = script("steps", stage, "--last", "24", "--every", "4")

    assert done.returncode == 0, done.stdout + done.stderr
