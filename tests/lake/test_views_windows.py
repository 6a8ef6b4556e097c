"""Views: chats without replies, in windows by channel and pause."""

import itertools
from datetime import timedelta

import pytest

from affectflow.lake import views
from affectflow.lake.digest import digest
from tests.given.command_line import affectflow
from tests.given.stage_runs import ask
from tests.given.view_lakes import NOON, FolderLake, label, rows, utterance

pytestmark = pytest.mark.rotated

HALF_AN_HOUR = [{"source": "s", "pause_s": 1800.0}]


def said(name, minutes, **more):
    own = {"conversation_id": name, "timestamp": NOON + timedelta(minutes=minutes)}
    return utterance(name, **{**own, **more})


def placed(lake):
    query = "SELECT utterance_id, conversation_id FROM placed_utterances"
    connection = views.connect(lake)
    return {
        row["utterance_id"]: row["conversation_id"] for row in rows(connection, query)
    }


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param([], {"a": "a", "b": "a", "c": "c"}, id="a pause above"),
        pytest.param(
            [said("m", 45)], {"a": "a", "b": "a", "m": "a", "c": "a"}, id="closed later"
        ),
        pytest.param(
            [said("m", 45, container="other")],
            {"a": "a", "b": "a", "m": "m", "c": "c"},
            id="another channel",
        ),
        pytest.param(
            [said("m", 45, source="t")],
            {"a": "a", "b": "a", "m": "m", "c": "c"},
            id="another source, which has no windows",
        ),
        pytest.param(
            [said("m", 45, kind="system")],
            {"a": "a", "b": "a", "m": "m", "c": "c"},
            id="somebody joins",
        ),
        pytest.param(
            [said("m", 45, conversation_id="c", reply_to="c")],
            {"a": "a", "b": "a", "m": "c", "c": "c"},
            id="a thread stays one",
        ),
        pytest.param(
            [said("m", 45, timestamp=None)],
            {"a": "a", "b": "a", "m": "m", "c": "c"},
            id="no time",
        ),
    ],
)
def test_a_longer_pause_begins_a_conversation(tmp_path, more, expected):
    utterances = [said("a", 0), said("b", 30), said("c", 61), *more]
    lake = FolderLake(tmp_path).write(
        utterances=utterances, conversation_windows=HALF_AN_HOUR
    )

    assert placed(lake) == expected


def test_the_day_of_a_channel_is_parted_and_joined_over_midnight(tmp_path):
    days = [
        said("a", 0, conversation_id="irc:1"),
        said("b", 719, conversation_id="irc:1"),
        said("c", 721, conversation_id="irc:2"),
    ]
    lake = FolderLake(tmp_path).write(
        utterances=days, conversation_windows=HALF_AN_HOUR
    )

    assert placed(lake) == {"a": "a", "b": "b", "c": "b"}


def test_a_chat_without_a_channel_is_told_by_its_ids(tmp_path):
    chats = [said(name, n, container=None) for n, name in enumerate(["1/a", "2/b"])]
    lake = FolderLake(tmp_path).write(
        utterances=[*chats, said("1/c", 5, container=None)],
        conversation_windows=HALF_AN_HOUR,
    )

    assert placed(lake) == {"1/a": "1/a", "2/b": "2/b", "1/c": "1/a"}


def test_labels_are_of_the_conversation_of_their_message(tmp_path):
    lake = FolderLake(tmp_path).write(
        utterances=[said("a", 0), said("b", 1)],
        annotations=[label(n, "joy", conversation_id=n) for n in "ab"],
        conversation_windows=HALF_AN_HOUR,
    )
    connection = views.connect(lake)

    for view in ("emotions", "conversation_arc"):
        found = rows(connection, f"SELECT DISTINCT conversation_id FROM {view}")
        assert found == [{"conversation_id": "a"}], view


LOGS = {
    "#boats.2024-01-01.log": "09:00 <ann> it fails\n09:20 <bob> why\n23:50 <ann> hm\n",
    "#boats.2024-01-02.log": "00:10 <bob> it works\n09:00 <ann> it fails\n",
}
WINDOWS = """SELECT list(text ORDER BY timestamp) FROM placed_utterances
GROUP BY conversation_id ORDER BY min(timestamp)"""


@pytest.mark.rotated
def test_windows_are_the_same_in_any_order_of_ingests(tmp_path):
    files = []
    for name, text in LOGS.items():
        files.append(tmp_path / name)
        files[-1].write_text(text)
    orders = [[files], *map(list, itertools.permutations([[file] for file in files]))]
    found = []
    for number, order in enumerate(orders):
        lake = tmp_path / f"lake{number}"
        for paths in order:
            asked = ("--source", "irc", "--conversations", "pause=30m")
            done = affectflow("ingest", *paths, "--to", lake, *asked)
            assert done.code == 0, done.err
        assert affectflow("compact", lake).code == 0
        found.append((ask(str(lake), WINDOWS), digest(str(lake))["lake"]))

    assert [threads for threads, _ in found] == [
        [(["it fails", "why"],), (["hm", "it works"],), (["it fails"],)]
    ] * 3
    assert len({value for _, value in found}) == 1
    asked = ("--source", "irc", "--conversations", "replies")
    assert affectflow("ingest", *files, "--to", lake, *asked).code == 0
    assert len(ask(str(lake), WINDOWS)) == 2  # days


@pytest.mark.parametrize("given", ["30m", "pause=", "pause=0m", "pause=30", "days"])
def test_what_is_no_pause_is_one_line(tmp_path, given):
    file = tmp_path / "a.log"
    file.write_text(LOGS["#boats.2024-01-01.log"])
    asked = ("--source", "irc", "--conversations", given)

    done = affectflow("ingest", file, "--to", tmp_path / "lake", *asked)

    assert done.code == 2
    assert f"must be pause=30m (or 90s, 2h, 1d), or replies, got {given!r}" in done.err
    assert not (tmp_path / "lake").exists()
