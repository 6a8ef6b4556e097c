"""The sample of a source, and how much of the whole it is."""

from pathlib import Path

import pytest

from affectflow.errors import UsageError
from affectflow.planning.sample import sample_source
from tests.given.posts import jsonl, write_posts


def test_a_small_input_is_the_sample(tmp_path: Path) -> None:
    paths = [write_posts(tmp_path / f"{n}.jsonl", 10) for n in range(3)]

    found = sample_source(jsonl(*paths), rows=1000, seconds=10)

    assert (found.rows, found.files, found.splits, found.scale) == (30, 3, 3, 1.0)


def test_of_many_files_a_few_are_read(tmp_path: Path) -> None:
    paths = [write_posts(tmp_path / f"{n:02d}.jsonl", 10) for n in range(20)]

    found = sample_source(jsonl(*paths), rows=50, seconds=10)

    assert found.rows == 50
    assert found.rows * found.scale == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
@pytest.mark.rotated
def test_of_a_long_file_the_rows_are_told_from_its_size(
    tmp_path: Path, suffix: str
) -> None:
    # Random letters, so that the compressed file is of several chunks, too.
    path = write_posts(tmp_path / f"long{suffix}", 40_000, noise=400)

    found = sample_source(jsonl(path), rows=2000, seconds=20)

    assert found.rows < 40_000
    assert found.rows * found.scale == pytest.approx(40_000, rel=0.1)


def test_a_source_without_files_cannot_be_planned() -> None:
    with pytest.raises(UsageError, match="does not read files"):
        sample_source(object(), rows=10, seconds=1)
