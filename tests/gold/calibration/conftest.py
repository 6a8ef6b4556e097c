"""A lake to calibrate: made once a run, and copied for each test that changes it."""

import shutil
from pathlib import Path

import pytest

from tests.given.calibration_lakes import full
from tests.given.made_once import made_once


@pytest.fixture
def lake(
    tmp_path_factory: pytest.TempPathFactory, own_configuration: None, tmp_path: Path
) -> str:
    """A lake of 120 messages with scores, and a person's answers to all of them."""
    made = made_once(tmp_path_factory, "scored", lambda folder: full(folder))
    return str(shutil.copytree(made / "lake", tmp_path / "lake"))
