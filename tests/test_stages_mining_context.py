from datetime import timedelta

import pytest

from affectflow.stages import mining
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
    monkeypatch.setattr(mining, "CONTEXT", 2)

    found = mining._near(turns(10, 12), turns(*context))

    assert found.column("text").to_pylist() == near
