"""The real stages on a sample: what they took, and that nothing is left."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import pytest

from affectflow import logs
from affectflow.batches.batch import concat
from affectflow.planning import rehearse as rehearsing
from affectflow.planning.rehearse import Analysis, rehearse, run_trial, scratch
from affectflow.planning.sample import sample_source
from tests.given.posts import jsonl, write_posts
from tests.given.rehearsals import took, trial


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def posts(tmp_path: Path, count: int) -> Any:
    path = write_posts(tmp_path / "posts.jsonl", count)
    return concat(sample_source(jsonl(path), rows=count, seconds=9).batches)


@pytest.mark.slow
@pytest.mark.rotated
def test_a_trial_says_what_each_stage_took(tmp_path: Path, temporary: Path) -> None:
    with scratch() as folder:
        found = run_trial(posts(tmp_path, 40), Analysis(), folder, 2, model=True)

    mine = next(name for name in found.took if name.startswith("mine "))
    assert list(found.took) == ["ingest", "annotate", mine, "themes"]
    assert [found.took[name].rows for name in ("ingest", "annotate", mine)] == [40] * 3
    assert all(each.seconds > 0 for each in found.took.values())
    assert all(each.peak_rss_bytes > 50 << 20 for each in found.took.values())
    assert found.took["ingest"].bytes_out > sum(part.size for part in found.parts)
    assert found.took["annotate"].model_calls == len(found.parts) == 2
    assert found.causes > 0
    assert found.took["themes"].rows > 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("a_row", "sizes"),
    [
        pytest.param(0.001, [32, 128, 1000], id="all of a sample that is cheap"),
        pytest.param(0.1, [32, 128, 256], id="no more than there is time for"),
        pytest.param(1.0, [32, 32, 64], id="two sizes, however dear"),
    ],
)
def test_a_sample_is_as_large_as_there_is_time_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_row: float, sizes: list[int]
) -> None:
    tried = []

    def one(rows: Any, *_: Any) -> Any:
        tried.append(rows.num_rows)
        return trial(rows.num_rows, annotate=took(rows.num_rows, a_row * rows.num_rows))

    monkeypatch.setattr(rehearsing, "run_trial", one)

    rehearse(posts(tmp_path, 1000), Analysis(), of_a_part=50, seconds=20.0, model=False)

    assert tried == sizes


@pytest.mark.parametrize(
    ("rows", "of_a_part", "buckets"),
    [(32, 100.0, 1), (1000, 250.0, 4), (1000, 300.0, 4), (2000, 50_000.0, 1)],
)
def test_parts_of_a_trial_are_about_as_large_as_those_of_the_whole(
    rows: int, of_a_part: float, buckets: int
) -> None:
    assert rehearsing.power_of_two(rows / of_a_part) == buckets


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_nothing_stays_behind_of_a_rehearsal_that_ends_early(
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    def ended(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(rehearsing.stages, "ingest_source", ended)

    with pytest.raises(error):
        rehearse(posts(tmp_path, 8), Analysis(), of_a_part=9, seconds=9.0)

    assert list(temporary.iterdir()) == []
    assert not logging.getLogger(logs.NAMESPACE).disabled
