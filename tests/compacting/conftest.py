"""A lake of ten small parts."""

import shutil
from pathlib import Path

import pytest

from affectflow import stages
from affectflow.lake import Lake
from tests.compacting.lakes import (
    annotate,
    batch,
)
from tests.given.fake_model import FakeHandler
from tests.given.made_once import made_once
from tests.given.stage_runs import store


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A lake of ten small parts: labelled by two, mined, with refused rows."""
    return made_once(tmp_path_factory, "prepared", prepare) / "lake"


def prepare(folder: Path) -> None:
    uri = str(folder / "lake")
    Lake.create(uri, buckets=2)
    for number in range(3):
        store(uri, batch(number))
    annotate(uri)
    annotate(uri, FakeHandler(name="other"))
    for number in range(3, 5):
        store(uri, batch(number))
    annotate(uri)
    stages.mine_lake(uri, annotator_id="fake@1")


@pytest.fixture
def lake(prepared: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(prepared, tmp_path / "lake"))
