"""Gc: the log of each table, runs at work, and object stores."""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.upkeep import gc as collecting
from affectflow.stages.upkeep.compact import compact
from affectflow.stages.upkeep.gc import collect
from affectflow.stages.upkeep.listing import listing, seconds
from affectflow.storage import Storage
from tests.compacting.lakes import annotate, batch
from tests.durability.test_object_store import server as server
from tests.durability.test_object_store import store as s3  # noqa: F401
from tests.given.gc_lakes import age, kinds, young
from tests.given.gc_lakes import lake as lake
from tests.given.gc_lakes import prepared as prepared
from tests.given.stage_runs import ask, store

pytestmark = pytest.mark.rotated


# -- the log -----------------------------------------------------------------------


@pytest.mark.rotated
def test_the_log_before_the_checkpoint_that_the_cutoff_needs_goes(lake):
    before = digest(str(lake))
    log = lake / "utterances" / "_delta_log"
    version = DeltaTable(f"{lake}/utterances").version()
    age(lake.rglob("*"), 10)
    young(lake)

    assert kinds(collect(str(lake)))["log"] > 0

    assert sorted(p.name for p in log.glob("*.json")) == [f"{version:020d}.json"]
    assert digest(str(lake)) == before
    store(str(lake), batch(9))
    assert ask(str(lake), "SELECT count(*) FROM utterances") == [(48,)]


def test_the_log_that_the_cutoff_needs_stays(lake):
    """A checkpoint of later is no start for the states before it."""
    log = lake / "utterances" / "_delta_log"
    version = DeltaTable(f"{lake}/utterances").version()
    age(lake.rglob("*"), 10)
    age([log / f"{version:020d}.json"], 1)
    young(lake)

    collect(str(lake))

    table = DeltaTable(f"{lake}/utterances", version=version - 1)
    assert len(table.file_uris()) == 3
    assert all(Path(each).exists() for each in table.file_uris())


# -- errors, runs, other stores ----------------------------------------------------


def test_it_leaves_a_row_in_runs(lake):
    age(lake.rglob("*"), 10)
    young(lake)

    removed = collect(str(lake), older_than_days=5)

    rows = ask(str(lake), "SELECT state, config, counters FROM runs WHERE stage = 'gc'")
    assert [row[:2] for row in rows] == [("done", '{"older_than_days": 5}')]
    for kind, number, size in removed:
        assert rows[0][2][f"{kind}_files"] == number
        assert rows[0][2][f"{kind}_bytes"] == size


def test_with_no_patience_it_refuses_while_a_run_is_at_work(lake):
    file = lake / "_staging" / "run-1" / "a.arrow"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"x")

    with pytest.raises(UsageError, match=r"in progress .*--older-than 1"):
        collect(str(lake), older_than_days=0)

    age([file], 1)
    before = digest(str(lake))
    assert kinds(collect(str(lake), older_than_days=0))["parts"] == 3
    assert digest(str(lake)) == before


def test_a_folder_that_is_no_lake_is_refused(tmp_path):
    with pytest.raises(LakeError, match="no lake"):
        collect(str(tmp_path / "nowhere"))


def test_a_file_that_is_written_anew_meanwhile_stays(lake):
    age(lake.rglob("*"), 10)
    young(lake)
    opened = Lake.open(str(lake))
    path = f"utterances/{next(iter(opened.committed('utterances')))}"
    orphan = "utterances/b00000-00000000000000aa.parquet"
    shutil.copy(lake / path, lake / orphan)
    age([lake / orphan], 10)
    found = [file for file in listing(opened.storage) if file.path in (orphan, path)]
    os.utime(lake / orphan)

    collecting._remove(opened, found)

    assert (lake / orphan).exists()  # somebody wrote it a moment ago
    assert (lake / path).exists()  # it is visible


def test_files_of_an_object_store_are_listed_with_their_age():
    storage = Storage("memory://gc-listing")
    storage.write(b"abc", "folder", "file")

    found = list(listing(storage))

    assert [(file.path, file.size) for file in found] == [("folder/file", 3)]
    assert abs(found[0].modified - time.time()) < 60


@pytest.mark.proof
@pytest.mark.usefixtures("s3")
def test_in_an_object_store_compact_and_gc_change_no_answer():
    uri = "s3://bucket/lake"
    Lake.create(uri, buckets=1)
    for number in range(2):
        store(uri, batch(number))
    annotate(uri)
    before = digest(uri)

    assert dict(compact(uri)["counters"]) == {"parts_before": 2, "parts_after": 1}
    assert digest(uri) == before
    assert collect(uri) == []
    time.sleep(1.1)  # its clock counts seconds
    removed = kinds(collect(uri, older_than_days=0))

    assert (removed["parts"], removed["receipts"]) == (2, 2)
    assert digest(uri) == before


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(1.5, id="seconds, as on a disk"),
        pytest.param(datetime(1970, 1, 1, 0, 0, 1, 500_000, UTC), id="S3"),
        pytest.param(datetime(1970, 1, 1, 0, 0, 1, 500_000), id="without a zone"),
        pytest.param("1970-01-01T00:00:01.500Z", id="text, as of GCS"),
    ],
)
def test_every_way_to_tell_a_time_is_understood(said: Any):
    assert seconds(said) == 1.5


def test_paths_in_the_log_are_read_as_they_are_written(tmp_path):
    storage = Storage(str(tmp_path))
    actions = [
        {"add": {"path": "a/b00000-01~1.parquet"}},
        {"remove": {"path": "with%20space.parquet"}},
        {"commitInfo": {}},
    ]
    storage.write("\n".join(map(json.dumps, actions)).encode(), "log.json")

    found = list(collecting._mentioned(storage, "log.json"))

    assert found == ["a/b00000-01~1.parquet", "with space.parquet"]
