"""Rows of an ingest as they stood in their files, and the names of parts."""

import hashlib
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from affectflow.schemas import UTTERANCES
from affectflow.stages.ingest.buckets import identity
from affectflow.stages.ingest.file_order import by_origin, file_of, in_file_order

SCHEMA = pa.schema(
    UTTERANCES.field(name)
    for name in ("utterance_id", "content_hash", "origin", "edited_at")
)


def batch(*origins: str | None) -> pa.RecordBatch:
    rows = [
        {"utterance_id": f"t:{n}", "content_hash": f"{n:032x}", "origin": origin}
        for n, origin in enumerate(origins)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


@pytest.mark.parametrize(
    ("origins", "order"),
    [
        pytest.param(["a#0", "a#7", "a#31"], [0, 1, 2], id="in order"),
        pytest.param(["a#31", "a#7", "a#0"], [2, 1, 0], id="numbers, not text"),
        pytest.param(["b#1", "a#2", "b#0"], [1, 2, 0], id="file by file"),
        pytest.param(["a#b#2", "a#b#1"], [1, 0], id="a name with the sign"),
        pytest.param(["a#x", "a#1", "a"], [1, 2, 0], id="without a number"),
        pytest.param([None, "a#1"], [1, 0], id="nobody knows from where"),
        pytest.param(["a#" + "9" * 19, "a#1"], [1, 0], id="a number too long"),
        pytest.param([], [], id="no row"),
    ],
)
def test_rows_come_in_the_order_of_their_files(origins, order):
    expected = [f"t:{n}" for n in order]

    assert in_file_order(batch(*origins))["utterance_id"].to_pylist() == expected


def test_batches_come_by_their_first_row():
    batches = [batch("b#0"), batch("a#9", "a#10"), batch(), batch("a#8")]

    found = [row["origin"] for each in by_origin(batches) for row in each.to_pylist()]

    assert found == ["a#8", "a#9", "a#10", "b#0"]


def test_a_file_is_what_stands_before_the_place():
    origins = pa.array(["a/b#c#12", "plain", None])

    assert file_of(origins).to_pylist() == ["a/b#c", "plain", None]


@pytest.mark.parametrize(
    "edited", [None, datetime(2026, 3, 4, 5, 6, 7, 8, UTC)], ids=["never", "edited"]
)
def test_a_part_is_named_after_what_python_writes_of_its_values(edited):
    rows = batch("a#0", None).to_pylist()
    rows[1]["edited_at"] = edited
    part = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    lines = [f"{row[name]}\n" for name in SCHEMA.names for row in rows]
    expected = hashlib.blake2b("".join(lines).encode(), digest_size=8).hexdigest()

    assert identity(part) == expected
