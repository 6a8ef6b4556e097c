"""Small files are read together: a batch has its price, whatever is in it."""

import gzip
import json

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.testing.util import assert_that, equal_to
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches.batch import MAX_ROWS, joined
from affectflow.kinds.source import TOGETHER_BYTES, File, together
from affectflow.sources.listing import plain_bytes
from affectflow_connectors.jsonl import ReadJsonl

SMALL, HALF, LARGE = 100, TOGETHER_BYTES // 2, 5 * TOGETHER_BYTES
UNKNOWN = 0


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([LARGE], [1], id="one"),
        pytest.param([SMALL] * 130, [64, 64, 2], id="at most 64"),
        pytest.param([HALF, HALF, HALF], [2, 1], id="up to a megabyte"),
        pytest.param([SMALL, LARGE, SMALL, SMALL], [1, 1, 2], id="large ones alone"),
        pytest.param([SMALL, UNKNOWN, SMALL], [1, 1, 1], id="unknown ones alone"),
    ],
)
def test_neighbours_are_read_together_while_they_are_small(sizes, expected):
    files = [File(f"{number}.jsonl", size, size) for number, size in enumerate(sizes)]

    groups = list(together(files))

    assert [len(group) for group in groups] == expected
    assert [file for group in groups for file in group] == files


def test_a_compressed_file_counts_as_what_it_holds():
    assert plain_bytes("a.jsonl.gz", 10) == 50
    assert plain_bytes("b.jsonl", 10) == 10


@given(st.lists(st.integers(0, MAX_ROWS + 1), max_size=8))
def test_batches_are_joined_in_order_and_bounded(sizes):
    batches = [
        pa.record_batch({"n": pa.array([number] * size, pa.int8())})
        for number, size in enumerate(sizes)
    ]

    found = list(joined(batches))

    rows = [n for batch in found for n in batch["n"].to_pylist()]
    assert rows == [n for number, size in enumerate(sizes) for n in [number] * size]
    assert all(batch.num_rows <= max(MAX_ROWS, *sizes) for batch in found)


def write(folder, number):
    line = {"utterance_id": f"{number:03}", "text": f"number {number} works"}
    (folder / f"{number:03}.jsonl").write_text(json.dumps(line) + "\n")


def test_a_hundred_small_files_are_two_batches_with_all_their_rows(tmp_path):
    for number in range(100):
        write(tmp_path, number)
    ids = [f"jsonl:{number:03}" for number in range(100)]

    with beam.Pipeline() as pipeline:
        batches = pipeline | ReadJsonl(paths=str(tmp_path))
        found = batches | beam.Map(lambda batch: batch["utterance_id"].to_pylist())

        assert_that(found, equal_to([ids[:64], ids[64:]]))


def test_a_damaged_file_costs_its_neighbours_nothing(tmp_path):
    for number in (0, 2):
        write(tmp_path, number)
    packed = gzip.compress(b'{"utterance_id": "1", "text": "lost"}\n')
    (tmp_path / "001.jsonl.gz").write_bytes(packed[:-12])

    with beam.Pipeline() as pipeline:
        batches = pipeline | ReadJsonl(paths=str(tmp_path))
        found = batches | beam.FlatMap(
            lambda batch: [
                (row["utterance_id"], bool(row["errors"])) for row in batch.to_pylist()
            ]
        )

        assert_that(
            found,
            equal_to([("jsonl:000", False), (None, True), ("jsonl:002", False)]),
        )
