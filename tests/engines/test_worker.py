"""The worker that `.ci/engines` set up, without network, of real wheels."""

import subprocess

import pytest

from tests.given.worker_hosts import setup

pytestmark = [pytest.mark.slow, pytest.mark.spark]


def test_affectflow_works_in_a_worker_set_up_without_network(engine):
    prefix = engine.boot.parent.parent
    log = (prefix / "setup.log").read_text()
    python = prefix / "current" / "bin" / "python"

    missing = subprocess.run([python, "-I", "-c", "import affectflow"], check=False)

    assert "step=all status=ready" in log
    assert "step=plugins status=ok" in log
    assert missing.returncode == 1, "jobs bring the package along"
    assert setup("--check", "--prefix", prefix).returncode == 0
