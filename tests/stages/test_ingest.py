"""What an ingest owes: each message once, nothing lost, retries change nothing."""

from datetime import timedelta
from pathlib import Path

import pytest

from affectflow.lake import Lake
from tests.given.factories import DAY, utterances
from tests.given.stage_runs import ask, counts, store


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


def test_each_message_is_in_the_lake_once(lake):
    batch = utterances("one", "two", "three")

    row = store(lake, batch, batch.slice(1, 1))

    assert counts(row) == {"in": 4, "out": 3, "duplicate": 1}
    assert ask(lake, "SELECT text FROM utterances ORDER BY timestamp") == [
        ("one",),
        ("two",),
        ("three",),
    ]


def test_a_second_ingest_of_the_same_dump_changes_nothing(lake):
    batch = utterances("one", "two")
    store(lake, batch)
    before = Lake.open(lake).parts()

    row = store(lake, batch)

    assert counts(row) == {"in": 2, "unchanged": 2}
    assert Lake.open(lake).parts() == before


def test_a_changed_message_supersedes_its_older_version(lake):
    store(lake, utterances("one", "two"))
    changed = utterances("one", "two, edited", edited_at=[None, DAY])

    row = store(lake, changed)

    assert counts(row) == {"in": 2, "out": 1, "unchanged": 1}
    assert dict(row["counters"])["superseded"] == 1
    assert ask(lake, "SELECT text FROM utterances ORDER BY timestamp") == [
        ("one",),
        ("two, edited",),
    ]


@pytest.mark.parametrize("before", [DAY, None], ids=["edited before", "never edited"])
def test_an_older_version_does_not_come_back(lake, before):
    store(lake, utterances("new", edited_at=DAY + timedelta(days=1)))

    row = store(lake, utterances("old", edited_at=before))

    assert counts(row) == {"in": 1, "unchanged": 1}
    assert ask(lake, "SELECT text FROM utterances") == [("new",)]


def test_messages_in_the_place_of_those_of_another_file_are_counted(lake):
    edited = [None, None, DAY]
    store(lake, utterances("a", "b", "c", origin=["1.csv#1", "1.csv#2", "1.csv#3"]))

    row = store(
        lake,
        utterances(
            "A", "B", "C", origin=["2.csv#1", "1.csv#2", "2.csv#3"], edited_at=edited
        ),
    )

    assert dict(row["counters"])["superseded"] == 3
    assert dict(row["counters"])["superseded_by_another_file"] == 1


def test_of_two_versions_in_one_dump_the_later_edit_counts(lake):
    batch = utterances(
        "old", "new", utterance_id="test:a", edited_at=[DAY, DAY + timedelta(days=1)]
    )

    row = store(lake, batch)

    assert counts(row) == {"in": 2, "out": 1, "duplicate": 1}
    assert ask(lake, "SELECT text FROM utterances") == [("new",)]


def test_no_rows_at_all_are_a_run_with_zeros(lake):
    row = store(lake, utterances())

    assert counts(row) == {}
    assert row["state"] == "done"
