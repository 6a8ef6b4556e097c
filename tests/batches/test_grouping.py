import itertools
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow import testing
from affectflow.batches.grouping import (
    Claim,
    GroupConversations,
    bucket_of,
    gather,
    in_time_order,
    spill,
    whole_conversations,
)
from affectflow.storage import Storage

ID = pa.field("conversation_id", pa.string())


def bucketed(buckets, texts):
    return pa.record_batch(
        {"bucket": pa.array(buckets, pa.int32()), "text": pa.array(texts, pa.string())}
    )


def conversations(*lengths):
    ids = [f"c{n}" for n, length in enumerate(lengths) for _ in range(length)]
    return pa.record_batch(
        {"conversation_id": pa.array(ids, pa.string()), "n": range(len(ids))}
    )


@pytest.mark.parametrize(
    ("conversation_id", "of_16", "of_256"),
    [
        # BLAKE2b, four bytes, big endian; the first hexadecimal digits are the bucket.
        ("github:owner/repo#12", 0x6, 0x67),
        ("", 0x1, 0x12),
        ("ü", 0xE, 0xE0),
    ],
)
def test_a_conversation_has_one_bucket_for_ever(conversation_id, of_16, of_256):
    ids = pa.array([conversation_id])

    assert bucket_of(ids, 16).to_pylist() == [of_16]
    assert bucket_of(ids, 256).to_pylist() == [of_256]


def test_one_bucket_holds_all():
    assert bucket_of(pa.array(["a", "b"]), 1).to_pylist() == [0, 0]


def test_conversations_spread_evenly():
    buckets = bucket_of(pa.array([f"c{n}" for n in range(16_000)]), 16).to_pylist()

    counts = [buckets.count(bucket) for bucket in range(16)]

    # Five standard deviations of a binomial of 16,000 and 1/16.
    assert all(abs(count - 1000) < 5 * 31 for count in counts)


def test_more_buckets_split_the_fewer():
    ids = pa.array([f"c{n}" for n in range(100)])

    assert [b // 16 for b in bucket_of(ids, 256).to_pylist()] == bucket_of(
        ids, 16
    ).to_pylist()


ROWS = st.lists(st.tuples(st.integers(0, 15), st.text(max_size=3)), max_size=30)


@given(batches=st.lists(ROWS, max_size=4))
def test_what_is_spilled_is_gathered_once_and_in_its_bucket(tmp_path_factory, batches):
    folder = Storage(str(tmp_path_factory.mktemp("spill")))
    texts = [
        [(bucket, text.encode("utf-8", "replace").decode()) for bucket, text in rows]
        for rows in batches
    ]
    claims: dict[int, list[Claim]] = {}
    for rows in texts:
        batch = bucketed([r[0] for r in rows], [r[1] for r in rows])
        for bucket, claim in spill(batch, folder):
            claims.setdefault(bucket, []).append(claim)

    gathered = {
        bucket: [row for batch in gather(found, folder) for row in batch.to_pylist()]
        for bucket, found in claims.items()
    }

    assert all(row["bucket"] == b for b, rows in gathered.items() for row in rows)
    assert sorted(
        (row["bucket"], row["text"]) for rows in gathered.values() for row in rows
    ) == sorted(row for rows in texts for row in rows)


def test_a_bucket_keeps_the_order_of_its_rows(tmp_path):
    folder = Storage(str(tmp_path))
    batch = bucketed([n % 3 for n in range(3000)], [str(n) for n in range(3000)])

    claims = dict(spill(batch, folder))

    assert sorted(claims) == [0, 1, 2]
    (one,) = gather([claims[1]], folder)
    assert one["text"].to_pylist() == [str(n) for n in range(1, 3000, 3)]


def test_a_bundle_that_runs_again_writes_the_same_file(tmp_path):
    folder = Storage(str(tmp_path))
    batch = bucketed([2, 1, 2], ["a", None, "b"])

    first, second = spill(batch, folder), spill(batch, folder)

    assert first == second
    assert len(folder.names()) == 1


def test_equal_batches_are_both_gathered(tmp_path):
    folder = Storage(str(tmp_path))
    claims = [c for _ in range(2) for _, c in spill(bucketed([1], ["a"]), folder)]

    assert [b["text"].to_pylist() for b in gather(claims, folder)] == [["a"], ["a"]]


def test_a_batch_without_rows_leaves_nothing(tmp_path):
    folder = Storage(str(tmp_path))

    assert spill(bucketed([], []), folder) == []
    assert folder.names() == []


def test_a_spill_waits_in_memory_as_well():
    folder = Storage("memory://affectflow-test-spill")
    claims = dict(spill(bucketed([1, 0], ["a", "b"]), folder))

    assert [b["text"].to_pylist() for b in gather([claims[0]], folder)] == [["b"]]


@given(
    lengths=st.lists(st.integers(1, 9), max_size=12),
    max_rows=st.integers(1, 12),
    start=st.integers(0, 5),
)
def test_no_conversation_is_cut_and_the_order_is_kept(lengths, max_rows, start):
    batch = conversations(*lengths).slice(start)

    pieces = list(whole_conversations(batch, max_rows))

    ids = [set(piece["conversation_id"].to_pylist()) for piece in pieces]
    assert sum(len(each) for each in ids) == len(set().union(*ids))
    assert [n for p in pieces for n in p["n"].to_pylist()] == batch["n"].to_pylist()
    assert all(
        p.num_rows <= max_rows or len(i) == 1 for p, i in zip(pieces, ids, strict=True)
    )
    # Two neighbours never fit into one piece: no piece is needlessly small.
    heads = [p["conversation_id"].to_pylist() for p in pieces]
    for piece, after in itertools.pairwise(heads):
        assert len(piece) + after.count(after[0]) > max_rows


def test_rows_without_a_conversation_stay_together():
    batch = pa.record_batch(
        {"conversation_id": pa.array(["a", None, None], pa.string())}
    )

    assert [p.num_rows for p in whole_conversations(batch, 1)] == [1, 2]


def test_time_orders_each_conversation_and_no_time_comes_first():
    batch = pa.record_batch(
        {
            "conversation_id": ["b", "a", "a", None, "a", "a"],
            "timestamp": pa.array([1, 9, None, 0, 3, None], pa.timestamp("us", "UTC")),
            "n": range(6),
        }
    )

    assert in_time_order(batch)["n"].to_pylist() == [2, 5, 4, 1, 0, 3]
    assert in_time_order(batch).schema == batch.schema


def test_equal_times_keep_their_order():
    batch = pa.record_batch(
        {
            "conversation_id": ["a"] * 100,
            "timestamp": pa.array(
                [n // 10 for n in range(100)], pa.timestamp("us", "UTC")
            ),
            "n": range(100),
        }
    )

    assert in_time_order(batch)["n"].to_pylist() == list(range(100))


def test_a_grouping_waits_in_the_folder_that_it_is_given(tmp_path):
    batch = in_time_order(
        pa.record_batch(
            {
                "conversation_id": ["a", "b", "a"],
                "timestamp": pa.array([1, 2, 3], pa.timestamp("us", "UTC")),
            }
        )
    )

    out = testing.run(GroupConversations(str(tmp_path)), batch)

    assert sorted(out["conversation_id"].to_pylist()) == ["a", "a", "b"]
    assert [path.suffix for path in tmp_path.iterdir()] == [".arrow"]


@pytest.mark.rotated
def test_a_grouping_leaves_no_text_in_the_temporary_folder(tmp_path):
    code = """
import apache_beam as beam, pyarrow as pa
from affectflow.batches.grouping import GroupConversations
GroupConversations().expand(
    beam.Pipeline() | beam.Create([]).with_output_types(pa.RecordBatch)
)
import os, tempfile
print(sum(n.startswith("affectflow") for n in os.listdir(tempfile.gettempdir())))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["1"]
    assert not [p for p in Path(tmp_path).iterdir() if p.name.startswith("affectflow")]
