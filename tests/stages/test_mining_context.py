from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from affectflow import stages
from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.lake.tables import stem
from affectflow.stages.ingest.buckets import name_of, write_part
from affectflow.stages.ingest.seal import seal
from affectflow.stages.runs import context as contexts
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.results import (
    Receipts,
    Record,
    Work,
    merge_results,
    parts_gone,
)
from tests.compacting.lakes import annotate
from tests.given.factories import DAY, utterances
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, counts, store


def turns(first: int, last: int):
    """Returns the turns of one conversation, said a minute apart."""
    numbers = range(first, last + 1)
    return utterances(
        *(f"turn {n}" for n in numbers),
        utterance_id=[f"c:{n}" for n in numbers],
        conversation_id=["c"] * len(numbers),
        timestamp=[DAY + timedelta(minutes=n) for n in numbers],
    )


@pytest.mark.parametrize(
    ("context", "near"),
    [
        pytest.param((1, 9), ["turn 8", "turn 9"], id="before"),
        pytest.param((13, 40), ["turn 13", "turn 14"], id="after"),
    ],
)
def test_only_the_nearest_turns_of_another_part_are_context(context, near, monkeypatch):
    monkeypatch.setattr(contexts, "CONTEXT", 2)

    found = contexts._near(turns(10, 12), turns(*context))

    assert found.column("text").to_pylist() == near


def lake_of(folder: Path, *parts: list[str]) -> tuple[Lake, list[str]]:
    """Returns a lake of one bucket, and its parts: one turn of each conversation."""
    lake = Lake.create(str(folder), buckets=1)
    files = []
    for number, conversations in enumerate(parts):
        ids = [f"{number}-{each}" for each in conversations]
        rows = utterances(*ids, utterance_id=ids, conversation_id=conversations)
        rows = seal(rows, b"0" * 32, 1)
        files.append(write_part(lake, name_of(0, rows), rows)[-1])
    commit(lake.storage, "utterances", files)
    return lake, [stem(file.path) for file in files]


def test_only_parts_that_share_a_conversation_are_siblings(tmp_path):
    lake, (one, two, three) = lake_of(tmp_path, ["a", "b"], ["b", "c"], ["d"])

    found = {
        name: contexts.siblings(lake, "run", name, pa.array([*conversations]))
        for name, conversations in {one: "ab", two: "bc", three: "d"}.items()
    }

    assert found == {one: [two], two: [one], three: []}


def test_all_parts_may_be_siblings_of_one_that_was_merged_meanwhile(tmp_path):
    lake, (one, two) = lake_of(tmp_path, ["a"], ["b"])

    found = contexts.siblings(lake, "run", "b00000-0000000000000000", pa.array(["a"]))

    assert found == sorted([one, two])


SAID = "Installer crashes every time I run it because the path is wrong."


def _annotate_and_mine(lake: str) -> dict:
    annotate(lake, FakeHandler())
    return stages.mine_lake(lake, annotator_id="fake@1")[0]


@pytest.mark.rotated
def test_a_cause_in_another_part_is_mined_again_when_its_message_changes(tmp_path):
    lake = str(tmp_path / "lake")
    store(lake, utterances(SAID))
    store(lake, utterances("-", "That is so annoying.").slice(1))
    _annotate_and_mine(lake)
    assert counts(_annotate_and_mine(lake)) == {"in": 2, "unchanged": 2}
    query = "SELECT cause_text FROM causes WHERE utterance_id = 'test:1'"
    assert ask(lake, query) == [("Installer crashes every time I run it",)]

    store(lake, utterances("Never mind.", edited_at=DAY))
    row = _annotate_and_mine(lake)

    assert counts(row) == {"in": 2, "out": 2}
    assert ask(lake, query) == [("Never mind",)]


def test_a_part_is_gone_when_it_is_no_more_and_not_when_it_was_merged(tmp_path):
    first, second, lost = (f"b00000-{digit * 16}" for digit in "123")
    lake, (live, merged) = lake_of(tmp_path, ["a"], ["b"])
    Record(name=merged, sources=[second]).write(lake)
    Record(name=second, sources=[first]).write(lake)

    assert parts_gone(lake, {live, first, second, lost}) == {lost}


def test_parts_that_were_merged_point_into_all_others_that_theirs_did(tmp_path):
    lake, (one, two) = lake_of(tmp_path, ["a"], ["b"])
    sources = [
        Receipt(unit=one, points_into=[two, "b00000-3"]),
        Receipt(unit=two, points_into=["b00000-4"]),
    ]

    merged = merge_results(
        Receipts(lake), Work("mine", "x"), sources, "b00000-5", pa.array(["a", "b"])
    )

    assert merged is not None
    assert merged.points_into == ["b00000-3", "b00000-4"]
