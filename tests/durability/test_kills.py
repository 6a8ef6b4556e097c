"""Kill -9 at any point of any stage, then the same command: the same lake.

CI kills one stage, another each day; `make prove` kills each stage fifty times.
"""

import subprocess
import sys

import pytest

from tests.durability.jobs import TRIED
from tests.given.proving import SEED, in_proof, rotated

pytestmark = [pytest.mark.slow, pytest.mark.timeout(in_proof(7200, 600))]


def script(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a script of this folder; its processes fork, which a test's must not."""
    return subprocess.run(
        [sys.executable, "-m", f"tests.durability.{name}", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("stage", rotated(TRIED))
def test_kills_at_random_times_change_nothing(stage):
    rounds = ["--rounds", str(in_proof(50, 1)), "--seed", str(SEED)]

    done = script("kills", "--stages", stage, *rounds)

    print(done.stdout)  # the table; each round with its seed is in stderr
    assert done.returncode == 0, done.stderr
    assert f"| {stage} |" in done.stdout


@pytest.mark.parametrize("stage", rotated(TRIED))
@pytest.mark.proof
def test_a_kill_between_the_commits_of_a_stage_changes_nothing(stage):
    every = in_proof(1, 6)
    some = ["--last", "24", "--every", str(every), "--first", str(SEED % every)]

    done = script("steps", stage, *some)

    assert done.returncode == 0, done.stdout + done.stderr
