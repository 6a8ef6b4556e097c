import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.lake.layout import BUCKET_BYTES, LEAST, MOST, buckets_for
from affectflow_connectors.jsonl import ReadJsonl

MB = 1 << 20


@pytest.mark.parametrize(
    ("size", "buckets"),
    [
        pytest.param(0, 16, id="unknown"),
        pytest.param(1, 16, id="one byte"),
        pytest.param(16 * 32 * MB, 16, id="just full"),
        pytest.param(16 * 32 * MB + 1, 32, id="one byte too many"),
        pytest.param(10**9 * 300, 16_384, id="a thousand million short texts"),
        pytest.param(10**18, 65_536, id="never more"),
    ],
)
def test_buckets_are_sized_for_32_mb(size, buckets):
    assert buckets_for(size) == buckets


@given(st.integers(0, 10**14))
def test_buckets_are_a_power_of_two_and_none_too_many(size):
    buckets = buckets_for(size)

    assert buckets.bit_count() == 1
    assert LEAST <= buckets <= MOST
    assert buckets == MOST or buckets * BUCKET_BYTES >= size
    assert buckets == LEAST or buckets // 2 * BUCKET_BYTES < size


def test_a_negative_size_is_an_error():
    with pytest.raises(ValueError, match="must be 0 or more, got -1"):
        buckets_for(-1)


def test_a_source_adds_up_its_files_and_guesses_what_is_compressed(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"x" * 700)
    packed = gzip.compress(b"y" * 10_000)
    (tmp_path / "b.jsonl.gz").write_bytes(packed)

    assert ReadJsonl(paths=[tmp_path]).input_bytes() == 700 + 5 * len(packed)


def test_a_file_that_two_paths_mean_counts_once(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * 700)

    assert ReadJsonl(paths=[path, tmp_path]).input_bytes() == 700
