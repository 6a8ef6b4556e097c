"""Mining stays inside a window of a chat, and follows a pause that changes."""

from datetime import timedelta

import pytest

from affectflow.lake import Lake
from affectflow.stages.ingest.windows import set_pause
from affectflow.stages.mine import MineTask
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.results import _pauses
from affectflow.stages.runs.windows import in_windows, pauses_of
from tests.given.factories import DAY, utterances

HALF_AN_HOUR = {"test": 1800.0}


def said(*minutes, **more):
    at = [None if m is None else DAY + timedelta(minutes=m) for m in minutes]
    return utterances(*["x"] * len(minutes), timestamp=at, **{"reply_to": None, **more})


@pytest.mark.parametrize(
    ("batch", "windows"),
    [
        pytest.param(said(0, 10, 45, 50, 90), [0, 0, 1, 1, 2], id="pauses"),
        pytest.param(said(0, 30, 60), [0, 0, 0], id="none longer"),
        pytest.param(
            said(0, 25, 50, kind=["message", "system", "message"]),
            [0, 0, 1],
            id="somebody joins meanwhile",
        ),
        pytest.param(said(None, 0, 45), [0, 0, 1], id="no time"),
        pytest.param(said(0, 45, source="other"), [0, 0], id="another source"),
        pytest.param(
            said(0, 45, reply_to=[None, "test:0"]), [0, 0], id="a thread of replies"
        ),
        pytest.param(
            said(0, 45, conversation_id="test:0"), [0, 0], id="named after a message"
        ),
        pytest.param(
            said(0, 45, 0, 10, conversation_id=["a", "a", "b", "b"]),
            [0, 1, 2, 2],
            id="two conversations",
        ),
    ],
)
def test_a_pause_begins_a_window(batch, windows):
    found = in_windows(batch, HALF_AN_HOUR)

    ids = found.column("conversation_id").to_pylist()
    first = {each: place for place, each in enumerate(dict.fromkeys(ids))}
    assert [first[each] for each in ids] == windows
    assert found.drop_columns(["conversation_id"]) == batch.drop_columns(
        ["conversation_id"]
    )


def test_parts_are_mined_again_when_a_pause_of_theirs_changes(tmp_path):
    lake = Lake.create(str(tmp_path / "lake"))
    request = new_request(lake, "mine", {})
    task = MineTask(request, {"annotator_id": "m"}, "a")
    batch = said(0, 45)
    before = Receipt(unit="part", pauses=task.pauses(lake, batch))
    other = Receipt(unit="other", pauses={"elsewhere": 0.0})
    assert task.stale(lake, [before, other]) == set()

    set_pause(lake, "test", 1800.0)

    assert pauses_of(lake) == HALF_AN_HOUR
    assert task.stale(lake, [before, other]) == {"part"}
    after = Receipt(unit="part", pauses=task.pauses(lake, batch))
    assert task.stale(lake, [after]) == set()
    merged = Receipt(unit="merged", pauses=_pauses([before, after]))
    assert task.stale(lake, [merged]) == {"merged"}
