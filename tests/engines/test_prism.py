"""Prism, Beam's own portable runner: the same lake as the local one."""

import os
from pathlib import Path

import pytest

from tests.conftest import required
from tests.engines.conftest import CURE, digest
from tests.given.command_line import affectflow_process

pytestmark = [pytest.mark.proof, pytest.mark.prism]


@pytest.fixture
def prism() -> str:
    found = os.environ.get("AFFECTFLOW_PRISM", "")
    if not Path(found).is_file():
        required("prism", CURE)
    return found


def test_the_demo_on_prism_gives_the_lake_of_a_local_run(prism, tmp_path):
    options = ["--runner=PrismRunner", f"--prism_location={prism}"]

    there = affectflow_process("demo", "--to", tmp_path / "prism", "--", *options)
    here = affectflow_process("demo", "--to", tmp_path / "local")

    assert (there.code, here.code) == (0, 0), there.err
    assert digest(tmp_path / "prism") == digest(tmp_path / "local")
