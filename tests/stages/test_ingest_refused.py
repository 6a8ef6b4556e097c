"""What an ingest refuses: one letter a row, of the run that ended."""

from pathlib import Path
from unittest import mock

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.schemas import ERRORS_COLUMN
from affectflow.stages.ingest import store as storing
from tests.given.factories import utterances
from tests.given.stage_runs import ask, counts, store


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def test_two_texts_under_one_id_make_the_second_a_dead_letter(lake):
    row = store(lake, utterances("first", "second", utterance_id="test:a"))

    assert counts(row) == {"in": 2, "out": 1, "dead": 1}
    assert ask(lake, "SELECT error_type, origin FROM dead_letters") == [
        ("duplicate_id", "file#000001")
    ]


@pytest.mark.parametrize(
    ("column", "error_type"),
    [("utterance_id", "no_id"), ("text", "no_text")],
)
def test_a_row_without_what_it_needs_is_a_dead_letter(lake, column, error_type):
    row = store(lake, utterances("one", "two", **{column: ["test:x", None]}))

    assert counts(row) == {"in": 2, "out": 1, "dead": 1}
    assert ask(lake, "SELECT error_type FROM dead_letters") == [(error_type,)]


@pytest.mark.parametrize("at", ["follow", "write_run"])
def test_letters_are_of_the_run_that_ends_not_of_one_that_was_killed(lake, at):
    batch = utterances("one", "two", text=["one", None])
    with (
        mock.patch.object(storing, at, side_effect=RuntimeError("killed")),
        pytest.raises(RuntimeError, match="killed"),
    ):
        store(lake, batch)

    row = store(lake, batch)

    assert ask(lake, "SELECT run_id FROM dead_letters") == [(row["run_id"],)]


def test_a_row_that_is_refused_again_keeps_one_letter(lake):
    grown = utterances("one", "two", "six", text=["one", None, None])
    store(lake, grown.slice(0, 2))

    row = store(lake, grown.slice(0, 1), grown.slice(1))

    assert counts(row) == {"in": 3, "dead": 2, "unchanged": 1}
    found = ask(lake, "SELECT origin, run_id FROM dead_letters ORDER BY 1")
    assert found == [(f"file#00000{n}", row["run_id"]) for n in (1, 2)]


def test_letters_of_rows_without_an_origin_are_all_kept(lake):
    store(lake, utterances("one", text=None, origin=None, utterance_id=None))
    store(lake, utterances("two", text=None, origin=None, utterance_id=None))

    assert ask(lake, "SELECT count(*) FROM dead_letters") == [(2,)]


def test_what_a_source_knows_to_be_no_message_is_counted_and_not_refused(lake):
    error = {"step": "ReadX", "error_type": "not_an_utterance", "message": "a star"}
    batch = utterances("one", "two")
    column = pa.array([None, [error]], ERRORS_COLUMN.type)
    index = batch.schema.get_field_index("errors")

    row = store(lake, batch.set_column(index, ERRORS_COLUMN, column))

    assert counts(row) == {"in": 1, "out": 1}
    assert dict(row["counters"])["not_an_utterance"] == 1
    assert ask(lake, "SELECT count(*) FROM dead_letters") == [(0,)]


def test_more_dead_letters_than_the_budget_are_a_state_of_the_run(lake):
    batch = utterances("one", "two", text=["one", None])

    assert store(lake, batch, budget=0.4)["state"] == "over_budget"
    assert store(lake, batch, budget=0.6)["state"] == "done"


def test_a_column_that_fits_no_attribute_is_refused_by_its_name(lake):
    batch = utterances("a").append_column("parts", pa.array([["a", "b"]]))

    with pytest.raises(UsageError, match="no column for `parts`"):
        store(lake, batch)
