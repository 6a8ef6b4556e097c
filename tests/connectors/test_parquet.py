from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from affectflow.errors import UsageError
from affectflow_connectors.parquet import ReadParquet

MAP = {"utterance_id": "id", "text": "body"}


def write(folder, table, **options):
    path = folder / "a.parquet"
    pq.write_table(table, path, **options)
    return path


def read(path, **options):
    source = ReadParquet(paths=str(path), **({"mapping": MAP} | options))
    found = [b for s in source.splits(str(path)) for b in source.read(s)]
    return [row for batch in found for row in batch.to_pylist()]


def test_typed_columns_are_taken_as_they_are(tmp_path):
    when = datetime(2024, 5, 1, 10, tzinfo=UTC)
    table = pa.table(
        {
            "id": pa.array([12], pa.int64()),
            "body": pa.array(["good"]).dictionary_encode(),
            "timestamp": pa.array([when], pa.timestamp("ns", "Europe/Berlin")),
            "user": [{"login": "ann", "bot": True}],
            "deleted": [False],
            "n": [1.5],
        }
    )
    path = write(tmp_path, table)
    mapping = MAP | {"speaker_id": "user.login", "is_bot": "user.bot", "attrs.n": "n"}

    (row,) = read(path, mapping=mapping)

    assert row["utterance_id"] == "parquet:12"
    assert row["text"] == "good"
    assert row["timestamp"] == when
    assert (row["speaker_id"], row["is_bot"]) == ("ann", True)
    assert row["deleted"] is False
    assert row["attrs"] == [("n", "1.5")]
    assert row["origin"] == f"{path}#1"


def test_row_groups_are_numbered_through(tmp_path):
    table = pa.table({"id": [str(i) for i in range(10)], "body": ["x"] * 10})

    found = read(write(tmp_path, table, row_group_size=3))

    assert [row["utterance_id"] for row in found] == [f"parquet:{i}" for i in range(10)]
    assert [row["origin"].split("#")[1] for row in found] == [
        str(i) for i in range(1, 11)
    ]


def test_rows_without_id_or_text_are_dead(tmp_path):
    table = pa.table({"id": ["1", None, "3"], "body": ["a", "b", None]})

    found = read(write(tmp_path, table))

    assert [r["errors"] and r["errors"][0]["error_type"] for r in found] == [
        None,
        "no_id",
        "no_text",
    ]


def test_a_damaged_file_is_a_dead_row_that_says_so(tmp_path):
    path = write(tmp_path, pa.table({"id": ["1"], "body": ["a"]}))
    path.write_bytes(path.read_bytes()[:-20])

    (row,) = read(path)

    assert row["errors"][0]["error_type"] == "damaged_file"


def test_times_as_text_and_as_numbers_are_read(tmp_path):
    table = pa.table({"id": ["1"], "body": ["a"], "timestamp": [1714557600000]})

    (row,) = read(write(tmp_path, table))

    assert row["timestamp"] == datetime(2024, 5, 1, 10, tzinfo=UTC)


def test_check_names_the_fields_of_the_file(tmp_path):
    path = write(tmp_path, pa.table({"id": ["1"], "message": ["a"]}))

    with pytest.raises(UsageError, match="fields here: id, message"):
        ReadParquet(paths=str(path)).check()
