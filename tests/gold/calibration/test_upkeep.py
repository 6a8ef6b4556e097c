import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from affectflow import testing
from affectflow.batches.batch import one_batch
from affectflow.gold.calibration.filling import filled
from affectflow.gold.calibration.kept import FOLDER, keep, newest
from affectflow.gold.calibration.measuring import calibration_of
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.lake.files import read_file
from affectflow.stages.annotate import AnnotateTask, annotate_parts
from affectflow.stages.calibrate import ApplyTask, apply, calibrate
from affectflow.stages.replay.parts import ReplayTask
from affectflow.stages.runs.parts import Part, receipt_of
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from affectflow.stages.upkeep.compact import compact
from affectflow.stages.upkeep.gc import collect
from tests.given.calibration_lakes import (
    ANNOTATOR,
    ScoresHandler,
    annotate,
    answer,
    labelled,
    make,
    mine,
    texts,
)
from tests.given.proving import SEED, rotated
from tests.given.stage_runs import ask, counts

pytestmark = pytest.mark.rotated


@pytest.fixture(scope="module")
def grown(made: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = str(tmp_path_factory.mktemp("grown") / "lake")
    shutil.copytree(made, uri)
    make(uri, texts(40, seed=3), first=1000)
    annotate(uri)
    return uri


@pytest.fixture
def larger(grown: str, tmp_path: Path) -> str:
    """The same with 40 messages more, that came later."""
    return str(shutil.copytree(grown, tmp_path / "larger"))


def lacking(lake: str) -> int:
    """Returns how many scores of annoyance have no probability."""
    query = (
        "SELECT count(*) FROM annotations WHERE annotator_id = 'scores@1' "
        "AND label = 'annoyance' AND probability IS NULL"
    )
    return ask(lake, query)[0][0]


def test_new_messages_get_probabilities_by_apply(lake):
    ((calibration, _),) = calibrate(lake)
    make(lake, texts(40, seed=3), first=1000)
    annotate(lake)
    assert lacking(lake) > 0

    (row,) = apply(lake)

    assert lacking(lake) == 0
    assert counts(row) == {"in": 160, "out": 40, "unchanged": 120}
    again = apply(lake)
    assert [counts(each) for each in again] == [{"in": 160, "unchanged": 160}]
    assert newest(Lake.open(lake), ANNOTATOR) == calibration


@pytest.mark.proof
def test_what_a_replay_fixes_gets_its_probability_by_apply(tmp_path):
    uri = str(tmp_path / "lake")
    make(uri, [*texts(), "annoying 0.8123"])
    annotate(uri, ScoresHandler(poison="annoying 0.8123"))
    answer(uri)
    calibrate(uri)
    replay(uri)
    assert lacking(uri) == 1

    apply(uri)

    assert lacking(uri) == 0
    assert ask(uri, "SELECT status FROM dead_letters") == [("replayed",)]


def replay(uri: str) -> None:
    """Replays the dead letters of the annotator."""
    lake, handler = Lake.open(uri), ScoresHandler()
    request = new_request(lake, "replay", {"annotator_id": ANNOTATOR})
    task = ReplayTask(AnnotateTask(request, handler))
    run_stage(
        lake,
        request,
        lambda p: annotate_parts(p, task, handler),
        testing.WITH_RETRIES,
    )


def test_annotating_again_keeps_probabilities(lake):
    calibrate(lake)
    before = labelled(lake)

    row = annotate(lake)

    assert counts(row) == {"in": 120, "unchanged": 120}
    assert labelled(lake) == before


@pytest.mark.parametrize("mined", rotated([False, True]))
@pytest.mark.proof
def test_compacting_before_and_after_changes_nothing(larger, mined):
    lake = larger
    if mined:
        mine(lake)
    said = digest(lake)["lake"]

    calibrate(lake)
    before = labelled(lake)
    after_calibrating = compact(lake)
    assert labelled(lake) == before
    calibrate(lake)
    assert labelled(lake) == before
    assert digest(lake)["lake"] == said

    merged = dict(after_calibrating["counters"])
    assert merged["parts_after"] < merged["parts_before"]


@pytest.mark.proof
def test_compacting_first_gives_the_same_probabilities(larger, tmp_path):
    other = str(shutil.copytree(larger, tmp_path / "other"))
    calibrate(larger)

    compact(other)
    calibrate(other)

    assert labelled(other) == labelled(larger)


def test_what_was_mined_is_not_mined_again(lake):
    mine(lake)
    causes = ask(lake, "SELECT * FROM causes ORDER BY ALL")
    assert causes
    calibrate(lake)
    answer(lake, seed=2)
    calibrate(lake)

    row = mine(lake)

    assert counts(row) == {"in": 120, "unchanged": 120}
    assert ask(lake, "SELECT * FROM causes ORDER BY ALL") == causes


def test_gc_leaves_what_is_read_and_what_is_kept(lake):
    calibrate(lake)
    answer(lake, seed=2)
    ((calibration, _),) = calibrate(lake)
    before = labelled(lake)

    collect(lake, older_than_days=0)

    assert labelled(lake) == before
    assert len(Lake.open(lake).storage.names(FOLDER)) == 2
    assert newest(Lake.open(lake), ANNOTATOR) == calibration
    assert counts(apply(lake)[0]) == {"in": 120, "unchanged": 120}


def test_a_replay_in_the_middle_of_a_part_loses_nothing(tmp_path):
    uri = str(tmp_path / "lake")
    make(uri, [*texts(), "annoying 0.8123"])
    annotate(uri, ScoresHandler(poison="annoying 0.8123"))
    answer(uri)
    lake = Lake.open(uri)
    calibration = calibration_of(lake, ANNOTATOR)
    keep(lake, calibration)
    request = new_request(lake, "apply", {})
    task = ApplyTask(request, ANNOTATOR, calibration.calibration_id)
    turns = []

    def compute(batch):
        turns.append(batch.num_rows)
        if len(turns) == 1:
            replay(uri)  # another process replays while this one computes
        return one_batch(filled(pa.Table.from_batches([batch]), calibration))

    parts = task.plan(lake, [Part(name, 0) for name in lake.parts()])[0]
    poisoned = [
        part for part in parts if receipt_of(task, lake, part.name).rows["rows_dead"]
    ]
    receipts = [task.work(lake, part, compute) for part in poisoned]

    assert len(turns) == 2
    assert turns[1] > turns[0]
    (file,) = [f for f in receipts[0].files if f.table == "annotations"]
    rows = read_file(lake.storage, "annotations", file.path)
    fixed = pc.equal(rows["utterance_id"], "test:120")
    assert rows.filter(fixed)["probability"].to_pylist()[0] > 0


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_a_kill_at_any_step_changes_nothing():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.durability.calibrating"),
            *("--every", "4", "--first", str(SEED % 4)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["kills"] > 5
