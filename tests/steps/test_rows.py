"""RowsToBatches and BatchesToRows, on rows of every kind that Beam users have."""

import typing
from dataclasses import dataclass
from datetime import UTC, datetime

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms import window
from apache_beam.utils.timestamp import Timestamp

from affectflow import RowsToBatches, testing
from affectflow.batches.batch import MAX_ROW_BYTES, from_rows
from affectflow.errors import UsageError
from affectflow.schemas import ANNOTATIONS_COLUMN, SEGMENT, TIME
from affectflow.steps.row_types import types_of_rows
from affectflow.steps.rows import BatchesToRows, batch_of, rows_of

AT = datetime(2026, 3, 1, tzinfo=UTC)
POST = pa.schema(
    [pa.field("id", pa.string(), nullable=False), pa.field("stars", pa.int64())]
)


class Named(typing.NamedTuple):
    text: str
    stars: int


@dataclass
class Data:
    text: str
    stars: int


@pytest.mark.parametrize(
    "row",
    [
        {"text": "a", "stars": 3},
        beam.Row(text="a", stars=3),
        Named("a", 3),
        Data("a", 3),
    ],
    ids=["dict", "beam.Row", "named tuple", "dataclass"],
)
def test_every_kind_of_row_becomes_a_row_of_a_batch(row):
    batch = batch_of([row])

    assert batch.to_pylist() == [{"text": "a", "stars": 3}]
    assert batch.schema.field("text").type == pa.string()


def test_columns_of_ours_get_their_types_and_others_those_of_their_values():
    rows = [
        {"text": None, "timestamp": Timestamp.from_utc_datetime(AT), "n": 1},
        {"segments": [], "tags": [], "n": 2.5, "blank": None},
    ]

    batch = batch_of(rows)

    types = {field.name: field.type for field in batch.schema}
    assert types == {
        "text": pa.string(),
        "timestamp": TIME,
        "segments": pa.list_(SEGMENT),
        "n": pa.float64(),
        "tags": pa.list_(pa.string()),
        "blank": pa.string(),
    }
    assert batch["timestamp"].to_pylist() == [AT, None]


UNFIT = [
    pytest.param({"id": "a", "stars": "many"}, "must be int64, got 'many'", id="type"),
    pytest.param({"id": 7}, "'id' must be string, got 7 (int)", id="number for a text"),
    pytest.param({"stars": 3}, "'id' is missing, and must not be", id="missing"),
    pytest.param({"id": "a", "star": 3}, "'star' is not in the schema", id="unknown"),
    pytest.param({"id": "a", 3: 3}, "must have a text as its name", id="odd name"),
    pytest.param("a text", "not a dict, beam.Row", id="no row"),
    pytest.param(None, "not a dict, beam.Row", id="nothing"),
    pytest.param({}, "a row without a column", id="empty"),
]


@pytest.mark.parametrize(("row", "said"), UNFIT)
def test_a_row_that_does_not_fit_is_refused_with_a_reason_and_the_others_go_on(
    row, said
):
    batch = batch_of([{"id": "before", "stars": 1}, row, {"id": "after"}], POST)

    assert batch["id"].to_pylist()[::2] == ["before", "after"]
    first, (error,), last = batch["errors"].to_pylist()
    assert first is last is None
    assert error["step"] == "RowsToBatches"
    assert said in error["message"]


def test_a_value_that_does_not_fit_leaves_the_rest_of_its_row():
    batch = batch_of([{"utterance_id": "a:1", "text": b"\xff", "timestamp": "noon"}])

    (row,) = batch.to_pylist()
    assert (row["utterance_id"], row["timestamp"]) == ("a:1", None)
    assert row["errors"][0]["payload"].startswith("{'utterance_id': 'a:1'")


def test_rows_that_are_none_at_all_are_refused_and_not_lost():
    batch = batch_of([{}, "a"])

    assert [each[0]["error_type"] for each in batch["errors"].to_pylist()] == [
        "unfit_row",
        "not_a_row",
    ]


def test_a_row_above_the_limit_is_refused():
    batch = batch_of([{"text": "x" * (MAX_ROW_BYTES + 1)}])

    assert batch["errors"].to_pylist()[0][0]["error_type"] == "too_large"


def test_rows_of_a_batch_come_back_as_they_were():
    row = {"text": "a", "timestamp": AT, "annotations": [], "n": 3}

    assert rows_of(batch_of([row])) == [row]


def test_a_typed_pcollection_says_the_types_of_its_columns():
    row_type = beam.typehints.row_type.RowTypeConstraint.from_fields(
        [("n", int), ("text", typing.Optional[str]), ("at", Timestamp), ("odd", list)]  # noqa: UP045
    )

    found = {"n": pa.int64(), "text": pa.string(), "at": TIME}
    assert types_of_rows(row_type) == found
    assert types_of_rows(Named) == {"text": pa.string(), "stars": pa.int64()}
    assert types_of_rows(dict[str, typing.Any]) == {}


@pytest.mark.parametrize("limit", [{"max_rows": 0}, {"max_bytes": -1}])
def test_a_limit_below_one_is_refused(limit):
    with pytest.raises(UsageError, match="must be at least 1"):
        RowsToBatches(**limit)


@pytest.mark.parametrize("limit", [{"max_rows": 2}, {"max_bytes": 30}])
def test_batches_end_at_so_many_rows_or_bytes(limit):
    rows = [{"text": "x" * 15} for _ in range(5)]
    with beam.Pipeline("FnApiRunner") as pipeline:
        batches = pipeline | beam.Create(rows, reshuffle=False) | RowsToBatches(**limit)
        testing.check_edges(pipeline)
        sizes = batches | beam.Map(lambda batch: batch.num_rows)
        assert_that(sizes, _at_most(2, of=5))


def _at_most(most, of):
    def check(found):
        assert max(found) <= most
        assert sum(found) == of

    return check


def test_rows_of_two_windows_share_no_batch():
    with beam.Pipeline("FnApiRunner") as pipeline:
        rows = pipeline | beam.Create([1, 5, 12, 18, 25], reshuffle=False)
        windowed = (
            rows
            | beam.Map(lambda at: window.TimestampedValue({"text": str(at)}, at))
            | beam.WindowInto(window.FixedWindows(10))
        )
        batches = windowed | RowsToBatches() | beam.Map(lambda b: b["text"].to_pylist())
        assert_that(batches, _windows([["1", "5"], ["12", "18"], ["25"]]))


def _windows(expected):
    """A bundle ends where the runner likes, so a window may have several batches."""

    def check(found):
        for batch in found:
            assert any(set(batch) <= set(each) for each in expected), found
        assert sorted(t for b in found for t in b) == sorted(
            t for e in expected for t in e
        )

    return check


def test_batches_become_typed_rows_without_the_refused_ones():
    schema = pa.schema(
        [("text", pa.string()), ("at", TIME), ("tags", pa.list_(pa.string()))]
    )
    batch = batch_of(
        [{"text": "a", "at": AT, "tags": ["x"]}, {"text": 3}, {"text": "b"}]
    )
    a, b = Timestamp.from_utc_datetime(AT), None
    with beam.Pipeline("FnApiRunner") as pipeline:
        batches = pipeline | beam.Create([batch]).with_output_types(pa.RecordBatch)
        rows = batches | BatchesToRows(schema=schema)
        testing.check_edges(pipeline)
        said = rows | beam.Map(lambda row: (row.text, row.at, row.tags))
        assert_that(said, equal_to([("a", a, ["x"]), ("b", b, None)]))


def test_a_typed_row_may_say_why_it_was_refused():
    schema = pa.schema([("text", pa.string()), ("errors", pa.string())])
    batch = batch_of([{"text": "a"}, {"text": 3}])
    with beam.Pipeline("FnApiRunner") as pipeline:
        batches = pipeline | beam.Create([batch]).with_output_types(pa.RecordBatch)
        said = batches | BatchesToRows(schema=schema) | beam.Map(lambda row: row.errors)
        why = "column 'text' must be string, got 3 (int)"
        assert_that(said, equal_to([None, why]))


def test_a_nested_column_cannot_be_in_a_beam_row():
    with pytest.raises(UsageError, match="`annotations: list<"):
        BatchesToRows(schema=pa.schema([ANNOTATIONS_COLUMN]))


def test_an_empty_batch_has_no_rows():
    assert rows_of(from_rows([], POST)) == []
