from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from affectflow.lake import Lake
from affectflow.lake.tables import commit, stem
from affectflow.stages import context as contexts
from affectflow.stages.buckets import write_part
from affectflow.stages.sealing import seal
from tests.factories import DAY, utterances


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
        files.append(write_part(lake, 0, seal(rows, b"0" * 32, 1))[-1])
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
