"""As many workers as an ingest keeps busy."""

import gzip
import json
from pathlib import Path

import pytest

from affectflow import runners
from affectflow.stages.ingest.workers import WORTH_BYTES, workers_worth
from affectflow_connectors.jsonl import ReadJsonl

TWO = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


def written(path: Path, size: int) -> Path:
    line = json.dumps({"id": 1, "text": "x" * 9_960}).encode() + b"\n"
    lines = line * (size // len(line) + 1)
    packed = path.name.endswith(".gz")
    path.write_bytes(gzip.compress(lines, 1) if packed else lines)
    return path


@pytest.mark.parametrize(
    ("name", "size", "most", "worth"),
    [
        pytest.param("a.jsonl", 2 * WORTH_BYTES, 4, 2, id="as many as it feeds"),
        pytest.param("a.jsonl", 2 * WORTH_BYTES, 1, 1, id="no more than asked"),
        pytest.param("a.jsonl", 100_000, 2, 1, id="small"),
        pytest.param("a.jsonl.gz", 2 * WORTH_BYTES, 2, 1, id="in one piece"),
    ],
)
def test_more_workers_are_used_for_more_to_read(tmp_path, name, size, most, worth):
    source = ReadJsonl(paths=[str(written(tmp_path / name, size))])

    assert workers_worth(source, most) == worth


@pytest.mark.parametrize(
    ("asked", "most", "workers"),
    [
        pytest.param(TWO, 2, 2, id="as asked"),
        pytest.param(TWO, 1, 1, id="one, in this process"),
        pytest.param([*TWO[:1], "--direct_num_workers=8"], 3, 3, id="fewer"),
        pytest.param([], 4, 1, id="none were asked for"),
    ],
)
def test_options_name_at_most_so_many_workers(asked, most, workers):
    given = runners.with_at_most(asked, most)

    assert runners.workers(runners.options(given)) == workers


def test_options_of_other_engines_stay():
    assert runners.with_at_most(["--runner=SparkRunner", *TWO], 1) == [
        "--runner=SparkRunner",
        *TWO,
    ]
