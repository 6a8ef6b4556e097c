"""What holds for a lake in any object store, and a whole job as a user runs it."""

import threading
from collections.abc import Callable
from pathlib import Path

from affectflow.lake.commits import commit
from affectflow.lake.tables import FileEntry, committed, create_missing
from affectflow.storage import Storage
from tests.durability.bad_store import BadStore
from tests.given.command_line import Outcome, affectflow

COLUMNS = "utterance_id=id,text=body,conversation_id=thread"


def whole_job(source: str, lake: str) -> Outcome:
    """Ingests, annotates and mines; returns the first command that fails, or the last.

    Without a report: it asks DuckDB, which asks a store for every file at every query.
    """
    ingest = ("ingest", source, "--to", lake, "--source", "jsonl", "--map", COLUMNS)
    for command in (ingest, ("annotate", lake), ("mine", lake)):
        done = affectflow(*command)
        if done.code:
            break
    return done


def same_digest(one: str | Path, other: str | Path) -> bool:
    said = [affectflow("digest", lake) for lake in (one, other)]
    assert [each.code for each in said] == [0, 0], [each.err for each in said]
    return said[0].out == said[1].out


def a_file_comes_back_and_is_listed_and_removed(bucket: str) -> None:
    storage = Storage(f"{bucket}/lake")

    storage.write(b"abc", "a", "b", "file")

    assert storage.read("a", "b", "file") == b"abc"
    assert storage.names("a", "b") == ["file"]
    storage.remove_tree("a")
    assert not storage.exists("a", "b", "file")


def of_many_writers_at_once_one_succeeds(store: BadStore, bucket: str) -> None:
    Storage(bucket).write(b"", "warm")
    won = []
    gate = threading.Barrier(6)

    def write(number: int) -> None:
        gate.wait()
        if Storage(f"{bucket}/lake").write_once(b"%d" % number, "file"):
            won.append(number)

    at_once(6, write)

    assert len(won) == 1
    assert Storage(f"{bucket}/lake").read("file") == b"%d" % won[0]
    assert any(conditional for _, _, conditional in store.requests)


def writers_at_once_commit_and_lose_nothing(store: BadStore, bucket: str) -> None:
    storage = Storage(f"{bucket}/lake")
    create_missing(storage)
    faults: list[BaseException] = []

    def write(who: int) -> None:
        try:
            for number in range(4):
                entry = FileEntry("causes", f"{who}-{number}.parquet", 1, 1)
                commit(Storage(storage.uri), "causes", [entry])
        except BaseException as fault:
            faults.append(fault)

    at_once(3, write)

    assert not faults
    assert len(committed(storage, "causes")) == 12
    logs = [r for r in store.requests if "_delta_log" in r[1] and r[0] == "PUT"]
    assert logs
    assert all(conditional for _, _, conditional in logs)


def at_once(writers: int, write: Callable[[int], None]) -> None:
    """Runs a function in threads of their own, each with its number."""
    threads = [threading.Thread(target=write, args=[n]) for n in range(writers)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
