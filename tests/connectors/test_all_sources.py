"""Every source keeps what sources promise, on a file of its own and on any other."""

from pathlib import Path

import pytest

from affectflow.sources.recognition import recognise
from affectflow.testing import check_source
from tests.given.proving import PROVE, SEED
from tests.given.source_examples import FOLDER, example, sources

SOURCES = sources()
SEEDS = range(30) if PROVE else [SEED]


def test_every_source_has_an_example() -> None:
    there = {path.name for path in FOLDER.iterdir()} | {"parquet"}

    assert there == set(SOURCES), "put a small file at tests/connectors/examples/NAME"


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_keeps_its_promises(tmp_path: Path, name: str) -> None:
    path = example(name, tmp_path)
    source = SOURCES[name](paths=str(path), include_private=True)

    for seed in SEEDS:
        check_source(source, seed=seed)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_recognised_by_looking(tmp_path: Path, name: str) -> None:
    path = example(name, tmp_path)

    assert recognise([str(path)]).source is SOURCES[name]
