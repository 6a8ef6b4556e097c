"""Every source keeps what sources promise, on a file of its own and on any other."""

import gzip
from pathlib import Path

import pytest

from affectflow.sources import decompress, streams
from affectflow.sources.recognition import recognise
from affectflow.testing import check_source
from affectflow.testing.inputs import Tried
from affectflow.testing.trial import Trial
from tests.given.proving import PROVE, SEED, rotated
from tests.given.source_examples import FOLDER, example, file_sources, largest, sources

SOURCES = sources()
FILES = file_sources()
SEEDS = range(30) if PROVE else [SEED]


def test_every_source_has_an_example() -> None:
    there = {path.name for path in FOLDER.iterdir()} | {"parquet"}

    assert there == set(SOURCES), "put a small file at tests/connectors/examples/NAME"


@pytest.mark.slow
@pytest.mark.parametrize("name", rotated(sorted(SOURCES), keep=9))
def test_a_source_keeps_its_promises(tmp_path: Path, name: str) -> None:
    path = example(name, tmp_path)
    private = {"include_private": True} if name in FILES else {}
    source = SOURCES[name](paths=str(path), **private)

    for seed in SEEDS:
        check_source(source, seed=seed)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_recognised_by_looking(tmp_path: Path, name: str) -> None:
    path = example(name, tmp_path)

    assert recognise([str(path)]).source is SOURCES[name]


@pytest.mark.parametrize("name", rotated(sorted({*FILES} - {"parquet"}), keep=6))
def test_a_file_that_grows_as_a_bomb_does_is_read_so_far_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(decompress, "CHUNK_BYTES", 1 << 14)
    monkeypatch.setattr(streams, "CHUNK_BYTES", 1 << 14)
    monkeypatch.setattr(decompress, "_ANY_RATIO_BYTES", 1 << 17)
    monkeypatch.setattr(decompress, "_MOST_RATIO", 20)
    path = largest(example(name, tmp_path))
    bomb = path.with_name(f"{path.name}.gz")
    bomb.write_bytes(gzip.compress(path.read_bytes() * 3_000))
    source = SOURCES[name](paths=str(bomb))

    said = [
        error["message"]
        for split in source.splits(str(bomb))
        for batch in source.read(split)
        for errors in batch["errors"].to_pylist()
        for error in errors or ()
    ]

    assert any("if you trust" in each for each in said)


# Events of the archive are objects of GitHub; of the others' files none is read.
RELATIVES = {("github", "gharchive")}
PAIRS = [
    (name, other)
    for name in FILES
    for other in FILES
    if name != other and (name, other) not in RELATIVES
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "other"), rotated(PAIRS, keep=12))
def test_the_file_of_another_source_is_refused_or_a_dead_row(
    tmp_path: Path, name: str, other: str
) -> None:
    own, foreign = (largest(example(each, tmp_path)) for each in (name, other))
    trial = Trial(SOURCES[name](paths=str(own)), own, tmp_path / "tried")

    found = trial.read(Tried(other, foreign.read_bytes()))

    assert found.says
    assert not found.living
