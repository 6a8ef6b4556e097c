"""Lakes of gold: made once a run, and copied for each test that changes one."""

import shutil
from pathlib import Path

import pytest

from affectflow.lake import Lake
from tests.given.gold_lakes import sampled
from tests.given.made_once import made_once


@pytest.fixture
def folder(
    tmp_path_factory: pytest.TempPathFactory, own_configuration: None, tmp_path: Path
) -> Path:
    """A folder with a lake of two tasks, and three sheets that were drawn of it."""
    original = made_once(tmp_path_factory, "gold", lambda folder: sampled(folder))
    shutil.copytree(original, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def lake(folder: Path) -> Lake:
    return Lake.open(str(folder / "lake"))
