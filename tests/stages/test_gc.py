"""Gc: what nobody needs goes, and nothing else, whatever the clock says."""

import os
import shutil
import time
from pathlib import Path
from unittest import mock

import pytest
from deltalake import DeltaTable

from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.runs import parts
from affectflow.stages.runs.results import Receipts
from affectflow.stages.upkeep import gc as collecting
from affectflow.stages.upkeep.gc import Removed, collect
from affectflow.stages.upkeep.listing import File
from tests.compacting.lakes import FAKE, annotate
from tests.given.fake_model import FakeHandler
from tests.given.gc_lakes import DAY_S, age, files, kinds, young
from tests.given.gc_lakes import lake as lake
from tests.given.gc_lakes import prepared as prepared
from tests.given.stage_runs import ask, counts

pytestmark = pytest.mark.rotated


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


@pytest.mark.rotated
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
