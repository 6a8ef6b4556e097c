import math

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affectflow.batches import batch as batches
from affectflow.batches.batch import apply_to_living, conform, split
from affectflow.errors import (
    MissingColumnError,
    MissingExtraError,
    RowError,
    StorageError,
)
from affectflow.schemas import ERRORS_COLUMN

N = pa.field("n", pa.int32())
DOUBLED = pa.field("doubled", pa.int32())
PROVIDED = pa.schema([DOUBLED])
DEAD = [{"step": "Before", "error_type": "Bad", "message": "why", "payload": None}]


def numbers(values, dead=()):
    batch = pa.record_batch([pa.array(values, pa.int32())], schema=pa.schema([N]))
    if not dead:
        return batch
    errors = [DEAD if value in dead else None for value in values]
    return batches.refuse(batch, errors)


class Doubler:
    """Doubles `n`; raises if a poisonous number is in the batch."""

    def __init__(self, poison=(), error=ValueError):
        self.poison, self.error, self.calls = set(poison), error, []

    def __call__(self, batch):
        values = batch["n"].to_pylist()
        self.calls.append(values)
        found = sorted(self.poison.intersection(values))
        if found:
            raise self.error(f"{found[0]} is poison")
        return batch.append_column("doubled", pc.multiply(batch["n"], 2))


def double(batch, doubler=None):
    return apply_to_living(
        doubler or Doubler(), batch, provided=PROVIDED, step="Double"
    )


def test_dead_rows_pass_by_in_their_places():
    doubler = Doubler()

    out = double(numbers([1, 2, 3, 4], dead=[1, 3]), doubler)

    assert out["n"].to_pylist() == [1, 2, 3, 4]
    assert out["doubled"].to_pylist() == [None, 4, None, 8]
    assert out["errors"].to_pylist() == [DEAD, None, DEAD, None]
    assert doubler.calls == [[2, 4]]


def test_a_batch_of_dead_rows_only_passes_whole():
    out = double(numbers([1, 2], dead=[1, 2]))

    assert out["doubled"].to_pylist() == [None, None]
    assert out["errors"].to_pylist() == [DEAD, DEAD]


@given(
    size=st.integers(1, 200),
    poison=st.sets(st.integers(0, 199), max_size=8),
    dead=st.sets(st.integers(0, 199), max_size=8),
)
def test_exactly_the_poisonous_rows_are_refused(size, poison, dead):
    doubler = Doubler(poison)

    out = double(numbers(range(size), dead=dead & set(range(size))), doubler)

    refused = {row["n"] for row in out.to_pylist() if row.get("errors")}
    k = len((poison - dead) & set(range(size)))
    assert out["n"].to_pylist() == list(range(size))
    assert refused == (poison | dead) & set(range(size))
    assert out["doubled"].to_pylist() == [
        None if n in refused else 2 * n for n in range(size)
    ]
    # Each poisonous row fails once on each level; its other half is one call more.
    assert len(doubler.calls) <= 1 + 2 * k * math.ceil(math.log2(size + 1))


def test_a_refused_row_says_who_refused_it_and_why():
    out = double(numbers([1]), Doubler([1]))

    assert out["errors"].to_pylist() == [
        [
            {
                "step": "Double",
                "error_type": "ValueError",
                "message": "1 is poison",
                "payload": None,
            }
        ]
    ]


def test_a_message_of_many_lines_becomes_one_of_at_most_500_characters():
    (row,) = batches.error_row("Step", ValueError("first\n\n  second" + "x" * 999))

    assert row["message"].startswith("first secondxxx")
    assert len(row["message"]) == 500


def test_an_error_without_a_message_is_named_by_its_type():
    (row,) = batches.error_row("Step", ZeroDivisionError())

    assert row["message"] == row["error_type"] == "ZeroDivisionError"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(MissingColumnError, id="a column is missing"),
        pytest.param(MissingExtraError, id="an extra lacks"),
        pytest.param(StorageError, id="the disk is full"),
        pytest.param(ImportError, id="a library lacks"),
        pytest.param(MemoryError, id="memory ran out"),
    ],
)
def test_what_is_no_rows_fault_refuses_no_row(error):
    with pytest.raises(error, match="poison"):
        double(numbers(range(8)), Doubler([3], error))


def test_a_value_that_has_not_the_provided_type_refuses_its_row_only():
    def widen(batch):
        wide = pc.multiply(batch["n"].cast(pa.int64()), 1 << 30)
        return batch.append_column("doubled", wide)

    out = apply_to_living(widen, numbers([1, 2, 1]), provided=PROVIDED, step="Widen")

    assert out["doubled"].to_pylist() == [1 << 30, None, 1 << 30]
    assert [bool(errors) for errors in out["errors"].to_pylist()] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("rows", [2, 3])
def test_a_step_that_changes_the_number_of_rows_is_told_so(rows):
    def lose(batch):
        return batch.slice(1)

    with pytest.raises(RowError, match=f"Lose returned {rows - 1} rows? for {rows}"):
        apply_to_living(lose, numbers(range(rows)), provided=PROVIDED, step="Lose")


@pytest.mark.parametrize("poison", [0, 3], ids=["first half", "second half"])
def test_a_column_that_nobody_declared_survives_the_halving(poison):
    def tag(batch):
        return Doubler([poison])(batch).append_column("extra", batch["n"])

    out = apply_to_living(tag, numbers(range(4)), provided=PROVIDED, step="Tag")

    assert out["extra"].to_pylist() == [None if n == poison else n for n in range(4)]


def test_errors_that_the_step_itself_gave_stay():
    def refuse_two(batch):
        errors = [DEAD if n == 2 else None for n in batch["n"].to_pylist()]
        return batches.refuse(Doubler([3])(batch), errors)

    out = double(numbers([1, 2, 3, 4]), refuse_two)

    assert [bool(errors) for errors in out["errors"].to_pylist()] == [
        False,
        True,
        True,
        False,
    ]


def test_conform_casts_the_large_strings_of_polars():
    batch = pa.record_batch({"text": pa.array(["a", None], pa.large_string())})

    out = conform(batch, pa.schema([pa.field("text", pa.string())]))

    assert out.schema.field("text").type == pa.string()
    assert out["text"].to_pylist() == ["a", None]


def test_conform_adds_what_lacks_as_null_and_keeps_the_rest_behind():
    batch = pa.record_batch({"more": [1, 2], "b": ["x", "y"]})
    schema = pa.schema([pa.field("a", pa.int16()), pa.field("b", pa.string())])

    out = conform(batch, schema)

    assert out.schema.names == ["a", "b", "more"]
    assert out["a"].to_pylist() == [None, None]


def test_conform_refuses_what_cannot_be_cast():
    with pytest.raises(pa.ArrowInvalid):
        conform(pa.record_batch({"n": ["x"]}), pa.schema([N]))


@given(st.integers(0, 70_000))
def test_split_bounds_the_rows_and_loses_none(rows):
    batch = pa.record_batch({"n": pa.nulls(rows)})

    pieces = list(split(batch))

    assert sum(piece.num_rows for piece in pieces) == rows
    assert all(piece.num_rows <= batches.MAX_ROWS for piece in pieces)


def test_split_bounds_the_bytes(monkeypatch):
    monkeypatch.setattr(batches, "SPLIT_BYTES", 1000)
    batch = pa.record_batch({"text": ["x" * 300] * 16 + ["y" * 5000]})

    pieces = list(split(batch))

    assert pa.Table.from_batches(pieces).equals(pa.Table.from_batches([batch]))
    assert all(p.num_rows == 1 or p.nbytes <= 1000 for p in pieces)
    assert max(p.nbytes for p in pieces) > 5000, "one row is never cut"


def test_a_column_that_lacks_is_named_with_those_that_are_there():
    with pytest.raises(
        MissingColumnError,
        match=r"Double requires `n: int32`.*columns here: `n: int64`",
    ):
        batches.check_columns(
            "Double", pa.schema([pa.field("n", pa.int64())]), pa.schema([N])
        )


def test_one_batch_keeps_the_schema_of_an_empty_table():
    schema = pa.schema([N, ERRORS_COLUMN])

    assert batches.one_batch(schema.empty_table()).schema == schema


def test_one_batch_joins_chunks():
    table = pa.table({"n": pa.chunked_array([[1], [], [2, 3]], pa.int32())})

    assert batches.one_batch(table)["n"].to_pylist() == [1, 2, 3]


def test_concatenating_batches_keeps_the_refused_rows_of_later_ones_dead():
    out = batches.concat_unlike([numbers([1]), numbers([2], dead=[2])])

    assert out["errors"].to_pylist() == [None, DEAD]
    assert batches.is_dead(out).to_pylist() == [False, True]


@pytest.mark.parametrize(
    ("errors", "dead"),
    [
        pytest.param(None, False, id="null"),
        pytest.param([], False, id="empty"),
        pytest.param(DEAD, True, id="one"),
    ],
)
def test_a_row_with_errors_is_dead(errors, dead):
    batch = batches.refuse(numbers([1]), [errors])

    assert batches.is_dead(batch).to_pylist() == [dead]


def test_with_column_keeps_the_place():
    batch = pa.record_batch({"a": [1], "b": [2]})

    out = batches.with_column(batch, pa.field("a", pa.string()), pa.array(["x"]))

    assert out.to_pylist() == [{"a": "x", "b": 2}]
    assert out.schema.names == ["a", "b"]


def test_a_step_may_append_a_column_that_is_there_already():
    out = double(double(numbers([1, 2])))

    assert out.to_pylist() == [{"n": 1, "doubled": 2}, {"n": 2, "doubled": 4}]
