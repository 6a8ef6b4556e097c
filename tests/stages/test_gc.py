"""Gc: what nobody needs goes, and nothing else, whatever the clock says."""

import json
import os
import shutil
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from deltalake import DeltaTable

from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.runs import parts
from affectflow.stages.runs.results import Receipts
from affectflow.stages.upkeep import gc as collecting
from affectflow.stages.upkeep.compact import compact
from affectflow.stages.upkeep.gc import Removed, collect
from affectflow.stages.upkeep.listing import File, listing, seconds
from affectflow.storage import Storage
from tests.compacting.lakes import FAKE, annotate, batch
from tests.durability.test_object_store import server as server
from tests.durability.test_object_store import store as s3  # noqa: F401
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, counts, store

pytestmark = pytest.mark.rotated
DAY_S = 86_400


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A lake of one bucket: three parts with labels, then compacted."""
    folder = tmp_path_factory.mktemp("prepared") / "lake"
    uri = str(folder)
    Lake.create(uri, buckets=1)
    for number in range(3):
        store(uri, batch(number))
    annotate(uri)
    compact(uri)
    return folder


@pytest.fixture
def lake(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "lake"))


def age(files: Iterable[Path], days: float) -> None:
    """Makes files as old as that."""
    for file in files:
        if file.is_file():
            then = time.time() - days * DAY_S
            os.utime(file, (then, then))


def files(lake: Path) -> set[str]:
    return {str(p.relative_to(lake)) for p in lake.rglob("*") if p.is_file()}


def young(lake: Path) -> Path:
    """Writes a file of now: the lake is in use."""
    file = lake / "report.html"
    file.write_text("a report")
    return file


def kinds(removed: list[Removed]) -> dict[str, int]:
    return {each.kind: each.files for each in removed}


def test_what_compact_replaced_goes_once_it_is_old_enough(lake):
    before = digest(str(lake))
    age(lake.rglob("*"), 10)
    young(lake)

    removed = collect(str(lake))

    # Three parts; of each, annotations, rollups, dead letters and a receipt.
    found = kinds(removed)
    assert (found["parts"], found["receipts"]) == (3, 3)
    left = files(lake)
    assert len([p for p in left if p.startswith("utterances/b")]) == 1
    for table in ("annotations", "rollups", "dead_letters"):
        parquet = [p for p in left if p.startswith(table) and "_delta_log" not in p]
        assert len(parquet) == 1
    assert digest(str(lake)) == before


def test_what_is_young_stays(lake):
    before = files(lake)

    assert collect(str(lake)) == []
    assert before <= files(lake)


def test_a_dry_run_says_the_same_and_changes_nothing(lake):
    age(lake.rglob("*"), 10)
    young(lake)
    before = files(lake)

    told = collect(str(lake), dry_run=True)

    assert files(lake) == before
    assert told == collect(str(lake))
    assert sum(each.size for each in told) > 0


def test_a_file_that_was_replaced_lately_stays_though_it_is_old(lake):
    """`diff` can look back as far as the cutoff: the age of the commit counts."""
    age((p for p in lake.rglob("*") if "_delta_log" not in p.parts), 10)
    young(lake)
    before = {p for p in files(lake) if p.endswith(".parquet")}

    removed = collect(str(lake))

    assert kinds(removed).keys() <= {"receipts"}
    assert before <= files(lake)
    oldest = DeltaTable(f"{lake}/utterances", version=3).file_uris()
    assert len(oldest) == 3
    assert all(Path(each).exists() for each in oldest)


def test_results_of_a_killed_run_stay_and_the_next_run_commits_them(lake):
    with (
        mock.patch.object(parts._Commit, "__call__", side_effect=RuntimeError("dead")),
        pytest.raises(RuntimeError, match="dead"),
    ):
        annotate(str(lake), FakeHandler(name="third"))
    age(lake.rglob("*"), 10)
    young(lake)

    collect(str(lake))

    row = annotate(str(lake), FakeHandler(name="third"))
    assert counts(row) == {"in": 36, "unchanged": 36}
    query = "SELECT count(*) FROM annotations WHERE annotator_id = 'third@1'"
    assert ask(str(lake), query) == [(36,)]


def test_a_result_without_a_receipt_goes(lake):
    folder = lake / "annotations" / FAKE.folder
    part = Lake.open(str(lake)).parts()[0]
    orphan = folder / f"{part}~7.parquet"
    shutil.copy(next(folder.glob("*.parquet")), orphan)
    age([orphan], 10)

    collect(str(lake))

    assert not orphan.exists()


def test_no_receipt_outlives_the_files_that_it_names(lake):
    """Such a receipt would have the next run commit a file that is not there."""
    age(lake.rglob("*"), 10)
    young(lake)
    removed: list[str] = []
    remove = collecting._remove

    def note(lake_: Lake, found: list[File]) -> None:
        removed.extend(file.path for file in found)
        remove(lake_, found)

    with mock.patch.object(collecting, "_remove", note):
        collect(str(lake))

    last = max(n for n, path in enumerate(removed) if path.startswith("_work/"))
    first = min(n for n, path in enumerate(removed) if path.startswith("annotations/"))
    assert last < first
    receipts = Receipts(Lake.open(str(lake)))
    for work, names in receipts.finished.items():
        for receipt in receipts.of(work, names).values():
            for file in receipt.files:
                assert (lake / file.table / file.path).exists()


def test_what_came_in_with_a_live_part_stays(lake):
    part = Lake.open(str(lake)).parts()[0]
    mine = lake / "cues" / "inline" / f"{part}.parquet"
    gone = lake / "cues" / "inline" / "b00000-00000000000000aa.parquet"
    for file in (mine, gone):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"PAR1")
    age([mine, gone], 10)

    collect(str(lake))

    assert mine.exists()
    assert not gone.exists()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("_staging/run-1/a.arrow", "staging", id="staging"),
        pytest.param(
            "_work/progress/run-1/annotate-1/x.json", "progress", id="progress"
        ),
        pytest.param("lake.json.1a2b3c4d.partial", "partial", id="partial"),
        pytest.param("runs/_delta_log/_commit_1.json.tmp", "partial", id="commit"),
    ],
)
def test_what_a_killed_run_left_half_done_goes(lake, path, kind):
    file = lake / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"half")
    assert collect(str(lake)) == []

    age([file], 8)

    assert collect(str(lake)) == [Removed(kind, 1, 4)]
    assert not file.exists()
    assert not (lake / "_staging" / "run-1").exists()
    assert not (lake / "_work" / "progress" / "run-1").exists()


def test_staging_of_a_run_that_still_writes_stays_whole(lake):
    folder = lake / "_staging" / "run-1"
    folder.mkdir(parents=True)
    for name in ("old.arrow", "new.arrow"):
        (folder / name).write_bytes(b"x")
    age([folder / "old.arrow"], 30)

    assert collect(str(lake)) == []
    assert (folder / "old.arrow").exists()


def test_what_is_not_ours_stays(lake):
    mine = [lake / "report.html", lake / "_work" / "journal" / "fake" / "b0.arrow"]
    for file in mine:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    age(mine, 100)

    collect(str(lake))

    assert all(file.exists() for file in mine)


def test_a_clock_that_jumps_ahead_makes_nothing_old(lake):
    before = files(lake)
    ahead = time.time() + 400 * DAY_S
    with mock.patch.object(collecting.time, "time", return_value=ahead):
        assert collect(str(lake)) == []
    assert before <= files(lake)


def test_one_file_of_the_future_makes_nothing_old(lake):
    file = young(lake)
    future = time.time() + 400 * DAY_S
    os.utime(file, (future, future))

    assert collect(str(lake)) == []


# -- the log -----------------------------------------------------------------------


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

    with pytest.raises(UsageError, match=r"at work .*--older-than 1"):
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
