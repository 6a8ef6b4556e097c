"""A lake with something to collect, and files that are made old."""

import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from affectflow.lake import Lake
from affectflow.stages.upkeep.compact import compact
from affectflow.stages.upkeep.gc import Removed
from tests.compacting.lakes import annotate, batch
from tests.given.stage_runs import store

DAY_S = 86_400


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A lake of one bucket: three parts with labels, then compacted."""
    folder = tmp_path_factory.mktemp("prepared") / "lake"
    uri = str(folder)
    Lake.create(uri, buckets=1)
    for number in range(3):
        store(uri, batch(number))
    annotate(uri)
    compact(uri)
    return folder


@pytest.fixture
def lake(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "lake"))


def age(files: Iterable[Path], days: float) -> None:
    """Makes files as old as that."""
    for file in files:
        if file.is_file():
            then = time.time() - days * DAY_S
            os.utime(file, (then, then))


def files(lake: Path) -> set[str]:
    return {str(p.relative_to(lake)) for p in lake.rglob("*") if p.is_file()}


def young(lake: Path) -> Path:
    """Writes a file of now: the lake is in use."""
    file = lake / "report.html"
    file.write_text("a report")
    return file


def kinds(removed: list[Removed]) -> dict[str, int]:
    return {each.kind: each.files for each in removed}
