"""Two runs on one lake at once: both finish, and the result is some serial order.

The model is a fake: it proves routing and counting only.
"""

import itertools
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from affectflow.lake import Lake, open_lake
from affectflow.lake.digest import digest
from tests.durability import jobs
from tests.given.proving import rotated
from tests.given.stage_runs import ask

pytestmark = [pytest.mark.slow, pytest.mark.rotated]
Command = tuple[str, ...]
FIRST = ("ingest", "first.jsonl")
SECOND = ("ingest", "second.jsonl")
ANNOTATE, MINE, THEMES = ("annotate",), ("mine",), ("themes",)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    jobs.write_input(tmp_path / "first.jsonl", range(0, 400))
    jobs.write_input(tmp_path / "second.jsonl", range(200, 600))
    return tmp_path


def arguments(folder: Path, lake: Path, command: Command) -> list[str]:
    given = [command[0], str(lake), "--calls", str(folder / "calls")]
    return given + [f"--input={folder / file}" for file in command[1:]]


def started(folder: Path, lake: Path, command: Command) -> "subprocess.Popen[bytes]":
    job = [sys.executable, "-m", "tests.durability.jobs"]
    job += arguments(folder, lake, command)
    return subprocess.Popen(job, stderr=subprocess.PIPE)


def together(folder: Path, lake: Path, *commands: Command) -> None:
    """Runs commands at once; each must succeed."""
    running = [started(folder, lake, command) for command in commands]
    said = [process.communicate(timeout=240)[1].decode() for process in running]
    codes = [process.returncode for process in running]
    assert codes == [0] * len(codes), [text[-1500:] for text in said]


def one_by_one(folder: Path, lake: Path, *commands: Command) -> None:
    for command in commands:
        assert jobs.main(arguments(folder, lake, command)) == 0


def serial_orders(folder: Path, before: Path, pair: list[Command]) -> Any:
    """Returns the digests that the orders of two commands give to a lake."""
    found = {}
    for order in dict.fromkeys(itertools.permutations(pair)):
        lake = copied(before, folder / "-".join(" ".join(each) for each in order))
        one_by_one(folder, lake, *order)
        found[digest(str(lake))["lake"]] = order
    return found


def copied(lake: Path, to: Path) -> Path:
    """Copies a lake, if there is one, with its key."""
    if lake.exists():
        shutil.copytree(lake, to)
        for key in lake.parent.glob(f"{lake.name}.key"):
            shutil.copy(key, f"{to}.key")
    return to


PAIRS = [
    pytest.param([], [FIRST, SECOND], id="two ingests of overlapping files"),
    pytest.param([FIRST], [SECOND, ANNOTATE], id="ingest while annotate runs"),
    pytest.param([FIRST], [ANNOTATE, ANNOTATE], id="two annotates, one model"),
    pytest.param(
        [FIRST, ANNOTATE, SECOND], [ANNOTATE, MINE], id="annotate while mine runs"
    ),
    pytest.param([FIRST, ANNOTATE, MINE], [THEMES, THEMES], id="two themes"),
]


@pytest.mark.parametrize(("before", "pair"), rotated(PAIRS))
def test_two_runs_at_once_give_what_some_order_gives(folder, before, pair):
    earlier = folder / "before"
    one_by_one(folder, earlier, *before)
    lake = copied(earlier, folder / "lake")

    together(folder, lake, *pair)

    assert digest(str(lake))["lake"] in serial_orders(folder, earlier, pair)


@contextmanager
def read_all_the_time(look: Callable[[], Any]) -> Iterator[list[Any]]:
    """Looks again and again, in a thread, and gives what was seen."""
    seen: list[Any] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            seen.append(look())
            time.sleep(0.05)  # to look costs as much as to write

    reader = threading.Thread(target=watch)
    reader.start()
    try:
        yield seen
    finally:
        stop.set()
        reader.join(30)


@pytest.mark.rotated
def test_a_reader_sees_whole_commits_only(folder):
    lake = folder / "lake"
    Lake.create(str(lake), buckets=jobs.BUCKETS)

    def look() -> tuple[int, int, int, int]:
        with open_lake(str(lake)) as connection:
            count = "SELECT count(*), count(DISTINCT utterance_id) FROM "
            utterances = connection.sql(count + "utterances").fetchall()[0]
            labels = connection.sql(count + "annotations").fetchall()[0]
        return (*utterances, *labels)

    with read_all_the_time(look) as seen:
        together(folder, lake, FIRST, SECOND)
        one_by_one(folder, lake, ANNOTATE)

    assert len(seen) > 20
    assert {row[0] for row in seen} <= {0, 400, 600}  # none, one, both
    assert {row[2] for row in seen} <= {0, 600}
    assert all(row[0] == row[1] and row[2] == row[3] for row in seen)
    assert seen == sorted(seen)  # what was visible stays visible


@pytest.mark.rotated
def test_labels_of_a_part_that_was_replaced_meanwhile_are_not_doubled(
    folder, monkeypatch
):
    """A text is edited and labelled anew while an older run is about to commit."""
    lake = str(folder / "lake")
    one_by_one(folder, Path(lake), FIRST)
    edited = (folder / "first.jsonl").read_text().replace("the build", "our build")
    (folder / "edited.jsonl").write_text(edited)

    def overtaken(*_: Any) -> None:
        monkeypatch.undo()
        one_by_one(folder, Path(lake), ("ingest", "edited.jsonl"), ANNOTATE)

    from affectflow.stages.runs import parts

    commit_all = parts._Commit.__call__

    def late(self: Any, request: Any, receipts: Any) -> Any:
        overtaken()
        return commit_all(self, request, receipts)

    monkeypatch.setattr(parts._Commit, "__call__", late)
    jobs.annotate(lake, jobs.SlowHandler(calls=str(folder / "calls")))

    assert ask(lake, "SELECT count(*), count(DISTINCT utterance_id) FROM annotations")[
        0
    ] == (400, 400)
