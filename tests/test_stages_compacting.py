"""Compact: many small parts become few, and no answer changes, killed or not.

The model is a fake: it proves routing and counting only.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow import runners, stages, testing
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.lake.storage import Storage
from affectflow.lake.tables import ConflictError, part_of
from affectflow.schemas import ANNOTATIONS_COLUMN, CUES_COLUMN
from affectflow.stages import buckets, parts
from affectflow.stages.annotating import annotate_parts, config_of, folder_of
from affectflow.stages.buckets import read_part
from affectflow.stages.runs import new_request, written_run
from affectflow.stages.upkeep import compacting
from affectflow.stages.upkeep.compacting import compact
from affectflow.stages.upkeep.moving import Receipts, Work, merge_results
from affectflow.stages.upkeep.settling import commit_results
from tests.conftest import ROOT
from tests.factories import DAY, utterances
from tests.fake_model import FakeHandler
from tests.stage_runs import ask, counts, reconciles, store

POISON = "this one breaks the model"
FAKE = Work("annotate", folder_of("fake@1"))


class KilledError(BaseException):
    """No `except Exception` sees it: as when the process is gone."""


def batch(number: int, rows: int = 12, **columns: Any) -> pa.RecordBatch:
    """Returns utterances of four conversations, some of which earlier ones have."""
    said = ["so annoying because the cache is gone", "fine", POISON, "thanks"]
    texts = [f"{said[n % 4]}" for n in range(rows)]
    given = {
        "utterance_id": [f"test:{number}-{n}" for n in range(rows)],
        "conversation_id": [f"test:thread {n // 3 + number}" for n in range(rows)],
        "timestamp": [DAY + timedelta(hours=number, minutes=n) for n in range(rows)],
    }
    return utterances(*texts, **{**given, **columns})


def with_findings(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Returns utterances that bring a cue and a label of a person with them."""
    cue = {"modality": "text", "cue": "emoji", "phrase": "party popper"}
    label = {
        "annotator_id": "by hand",
        "task": "emotion",
        "vocabulary": "goemotions",
        "label": "joy",
        "rank": 1,
        "chosen": True,
        "status": "ok",
    }
    for field, finding in ((CUES_COLUMN, cue), (ANNOTATIONS_COLUMN, label)):
        found = [[finding] if n % 2 else [] for n in range(rows.num_rows)]
        rows = rows.append_column(field, pa.array(found, field.type))
    return rows


def annotate(uri: str, handler: FakeHandler | None = None) -> dict[str, Any]:
    handler = handler or FakeHandler(poison=POISON)
    lake = Lake.open(uri)
    request = new_request(lake, "annotate", config_of(handler), budget=1.0)

    def build(pipeline: Any) -> None:
        annotate_parts(pipeline, request, handler)

    runners.run(build, testing.LOCAL)
    row = written_run(lake, request)
    assert row is not None
    return row


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A lake of ten small parts: labelled by two, mined, with refused rows."""
    folder = tmp_path_factory.mktemp("prepared") / "lake"
    uri = str(folder)
    Lake.create(uri, buckets=2)
    for number in range(3):
        store(uri, batch(number))
    annotate(uri)
    annotate(uri, FakeHandler(name="other"))
    for number in range(3, 5):
        store(uri, batch(number))
    annotate(uri)
    stages.mine(uri, annotator_id="fake@1")
    return folder


@pytest.fixture
def lake(prepared: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(prepared, tmp_path / "lake"))


def answers(uri: str) -> tuple[Any, ...]:
    """Returns what must not change: the digest, and a view over other columns."""
    daily = (
        "SELECT day, container, annotator_id, label, n, chosen, "
        "round(score_sum, 3) FROM emotion_daily ORDER BY ALL"
    )
    return digest(uri), ask(uri, daily)


def part_count(uri: str) -> int:
    return len(Lake.open(uri).parts())


# -- what it does ------------------------------------------------------------------


def test_parts_become_few_and_no_answer_changes(lake):
    before, parts_before = answers(lake), part_count(lake)

    row = compact(lake)

    # Two buckets; in each, parts that `other` has labelled and parts that it has not.
    assert (parts_before, part_count(lake)) == (10, 4)
    assert dict(row["counters"]) == {"parts_before": 10, "parts_after": 4}
    assert (row["stage"], row["state"]) == ("compact", "done")
    assert reconciles(row)
    assert row["rows_out"] == 60
    assert answers(lake) == before


def test_nobody_answers_again(lake, tmp_path):
    log = tmp_path / "calls"
    compact(lake)

    again = annotate(lake, FakeHandler(poison=POISON, calls=str(log)))
    mined = stages.mine(lake, annotator_id="fake@1")[0]

    assert not log.exists()
    assert counts(again) == {"in": 60, "dead": 15, "unchanged": 45}
    assert counts(mined) == {"in": 60, "unchanged": 60}


def test_who_has_not_answered_a_part_is_not_taken_to_have_done_so(lake):
    compact(lake)

    row = annotate(lake, FakeHandler(name="other"))

    assert counts(row) == {"in": 60, "out": 24, "unchanged": 36}
    found = ask(
        lake,
        "SELECT annotator_id, count(*), count(DISTINCT utterance_id) FROM annotations "
        "GROUP BY 1 ORDER BY 1",
    )
    assert found == [("fake@1", 45, 45), ("other@1", 60, 60)]


def test_once_all_is_done_by_all_the_rest_is_merged(lake):
    compact(lake)
    annotate(lake, FakeHandler(name="other"))
    stages.mine(lake)
    before = answers(lake)

    compact(lake)

    assert part_count(lake) == 2
    assert answers(lake) == before


def test_a_second_compact_finds_nothing_to_do(lake):
    compact(lake)
    opened = Lake.open(lake)
    before = {t: opened.committed(t) for t in ("utterances", "annotations", "causes")}

    row = compact(lake)

    assert row["rows_in"] == 0
    assert {t: opened.committed(t) for t in before} == before


def test_a_lake_without_utterances_is_compacted_in_no_time(tmp_path):
    uri = str(tmp_path / "empty")
    Lake.create(uri)

    assert dict(compact(uri)["counters"]) == {"parts_before": 0, "parts_after": 0}


def test_merged_receipts_are_sums_and_name_merged_files(lake):
    opened = Lake.open(lake)
    was = Receipts(opened).of(FAKE, opened.parts())

    compact(lake)

    receipts = Receipts(opened)
    now = receipts.of(FAKE, opened.parts())
    for name in ("rows_in", "rows_out", "rows_dead"):
        assert sum(r.rows[name] for r in now.values()) == sum(
            r.rows[name] for r in was.values()
        )
    assert sum(r.model_calls for r in now.values()) == 10
    assert sum(r.model_seconds for r in now.values()) == pytest.approx(
        sum(r.model_seconds for r in was.values())
    )
    for part, receipt in now.items():
        for file in receipt.files:
            assert file.path in opened.committed(file.table)
            assert part in file.path


def test_dead_letters_lie_with_the_merged_part(lake):
    compact(lake)

    opened = Lake.open(lake)
    paths = list(opened.committed("dead_letters"))
    assert {path.split("/")[1] for path in paths} == set(opened.parts())
    assert ask(lake, "SELECT count(*) FROM dead_letters") == [(15,)]


def test_parts_are_sorted_by_conversation_and_time(lake):
    compact(lake)

    opened = Lake.open(lake)
    for name in opened.parts():
        rows = read_part(opened, name).select(["conversation_id", "timestamp"])
        order = [(n, "ascending") for n in rows.schema.names]
        assert rows.take(pc.sort_indices(rows, sort_keys=order)).equals(rows)


def test_results_are_in_the_order_of_their_utterances(lake):
    compact(lake)

    opened = Lake.open(lake)
    for path in opened.committed("annotations"):
        ids = read_part(opened, part_of(path))["utterance_id"]
        rows = opened.storage.read_parquet("annotations", *path.split("/"))
        places = pc.index_in(rows["utterance_id"], value_set=ids).to_pylist()
        assert places == sorted(places)


def test_what_came_in_with_the_utterances_moves_too(tmp_path):
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=1)
    for number in range(3):
        store(uri, with_findings(batch(number)))
    before = answers(uri)

    compact(uri)

    assert part_count(uri) == 1
    assert answers(uri) == before
    opened = Lake.open(uri)
    for table in ("cues", "annotations", "rollups"):
        assert [part_of(p) for p in opened.committed(table)] == opened.parts()


def test_a_part_with_labels_of_a_person_is_not_merged_with_one_without(tmp_path):
    # Mining waits for parts without labels; merged, they would count as labelled.
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=1)
    store(uri, with_findings(batch(0)))
    store(uri, batch(1))

    compact(uri)

    assert part_count(uri) == 2


def test_texts_without_a_time_keep_their_order(tmp_path):
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=1)
    for number in range(4):
        same = {"conversation_id": "test:thread", "timestamp": None}
        store(uri, batch(number, origin=[f"f#{n:06d}" for n in range(12)], **same))
    opened = Lake.open(uri)
    by_part = [read_part(opened, p)["utterance_id"] for p in opened.parts()]

    compact(uri)

    merged = read_part(opened, opened.parts()[0])["utterance_id"]
    assert merged.to_pylist() == pa.concat_arrays(by_part).to_pylist()


def test_a_checkpoint_is_written_for_each_table_that_changed(lake):
    compact(lake)

    for table in ("utterances", "annotations", "causes", "runs"):
        log = Path(lake) / table / "_delta_log"
        version = DeltaTable(f"{lake}/{table}").version()
        assert (log / f"{version:020d}.checkpoint.parquet").exists()


# -- limits ------------------------------------------------------------------------


def test_parts_stay_within_their_rows(lake, monkeypatch):
    monkeypatch.setattr(buckets, "PART_ROWS", 20)
    before = answers(lake)

    compact(lake)

    entries = Lake.open(lake).committed("utterances").values()
    assert max(entry.rows for entry in entries) <= 20
    assert len(entries) < 10
    assert answers(lake) == before


def test_parts_stay_within_their_bytes(tmp_path, monkeypatch):
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=1)
    for number in range(8):
        texts = [f"{number} {n} " + "word " * 2_000 for n in range(12)]
        store(uri, batch(number, text=texts))
    monkeypatch.setattr(buckets, "PART_BYTES", 600_000)

    compact(uri)

    opened = Lake.open(uri)
    sizes = [read_part(opened, name).nbytes for name in opened.parts()]
    assert max(sizes) <= 600_000
    assert len(sizes) == 2


def test_a_part_that_is_half_full_is_left_alone(lake, monkeypatch):
    monkeypatch.setattr(buckets, "PART_ROWS", 2)
    before = Lake.open(lake).parts()

    compact(lake)

    assert Lake.open(lake).parts() == before


def test_parts_of_one_time_are_merged_with_one_another(tmp_path, monkeypatch):
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=1)
    for number in (0, 100, 1, 101):
        store(uri, batch(number))
    monkeypatch.setattr(buckets, "PART_ROWS", 26)

    compact(uri)

    opened = Lake.open(uri)
    found = [set(read_part(opened, p)["timestamp"].to_pylist()) for p in opened.parts()]
    spans = sorted(max(times) - min(times) for times in found)
    assert len(spans) == 2
    assert spans[1] < timedelta(days=1)


# -- receipts ----------------------------------------------------------------------


def test_results_are_read_through_receipts_not_by_their_names(lake):
    """A result that took the place of an older one has a generation in its name."""
    opened = Lake.open(lake)
    part = opened.parts()[0]
    newest = renew(opened, part)
    set_bases(opened, lambda name: [newest if name == part else labels(name)])
    before = digest(lake)

    compact(lake)

    assert digest(lake) == before
    assert part not in opened.parts()
    assert newest not in opened.committed("annotations")


def labels(part: str) -> str:
    return f"{FAKE.folder}/{part}.parquet"


def renew(lake: Lake, part: str) -> str:
    """Writes a part's labels anew, as all `joy`; returns the path of the file."""
    receipts = Receipts(lake)
    receipt = receipts.of(FAKE, [part])[part]
    old = next(f for f in receipt.files if f.table == "annotations")
    rows = lake.storage.read_parquet("annotations", *old.path.split("/"))
    joy = pa.array(["joy"] * rows.num_rows, pa.string())
    index = rows.schema.get_field_index("label")
    rows = rows.set_column(index, rows.schema.field(index), joy)
    path = f"{FAKE.folder}/{part}~1.parquet"
    size = lake.storage.write_parquet(rows, "annotations", *path.split("/"))
    new = type(old)("annotations", path, size, rows.num_rows)
    receipt.files = [new if file == old else file for file in receipt.files]
    content = receipt.to_json().encode()
    lake.storage.write(content, "_work", *FAKE, f"{part}.json")
    compacting.commit(lake.storage, "annotations", [new], [old.path])
    return path


def mined(lake: Lake) -> Work:
    return next(w for w in Receipts(lake).finished if w.stage == "mine")


def set_bases(lake: Lake, base_of: Callable[[str], list[str]]) -> None:
    """Makes mining's receipts say from which files they were computed."""
    work = mined(lake)
    for name, receipt in Receipts(lake).of(work, lake.parts()).items():
        receipt.base = base_of(name)
        content = receipt.to_json().encode()
        lake.storage.write(content, "_work", *work, f"{name}.json")


def test_what_was_mined_from_labels_says_from_which_files_after_merging(lake):
    opened = Lake.open(lake)
    compact(lake)

    receipts = Receipts(opened)
    current = {
        name: [f.path for f in receipt.files if f.table == "annotations"]
        for name, receipt in receipts.of(FAKE, opened.parts()).items()
    }
    bases = receipts.of(mined(opened), opened.parts())
    assert {name: receipt.base for name, receipt in bases.items()} == current
    assert len(current) == 4


def test_a_part_that_will_be_mined_again_is_left_alone(lake):
    opened = Lake.open(lake)
    first = opened.parts()[0]
    before = opened.parts()

    set_bases(opened, lambda name: [labels(f"{name}~0" if name == first else name)])

    compact(lake)

    assert first in opened.parts()
    assert len(opened.parts()) < len(before)


def test_a_result_is_not_merged_before_the_labels_that_it_was_mined_from(lake):
    opened = Lake.open(lake)
    receipts = Receipts(opened)
    sources = list(receipts.of(mined(opened), opened.parts()).values())[:2]
    ids = pa.array([], pa.string())

    name = "b00000-00000000000000ff"
    assert merge_results(receipts, mined(opened), sources, name, ids) is None


def test_a_damaged_receipt_is_named_with_the_cure(lake):
    opened = Lake.open(lake)
    part = opened.parts()[0]
    opened.storage.write(b"{", "_work", *FAKE, f"{part}.json")

    with pytest.raises(stages.LakeError, match=rf"{part}.*remove it"):
        compact(lake)
    failed = ask(lake, "SELECT state, error FROM runs WHERE stage = 'compact'")
    assert failed[0][0] == "failed"
    assert "is damaged" in failed[0][1]


# -- kills -------------------------------------------------------------------------


@contextmanager
def killed_at(number: int) -> Iterator[list[str]]:
    """Raises before the write or commit of this number; gives what was done."""
    done: list[str] = []

    def step(what: str) -> None:
        if len(done) == number:
            raise KilledError(what)
        done.append(what)

    writer = Storage.writer

    @contextmanager
    def write(self: Storage, *path: str) -> Iterator[Any]:
        step("/".join(path))
        with writer(self, *path) as file:
            yield file

    def before(name: str) -> Callable[..., Any]:
        real = getattr(DeltaTable, name)

        def call(self: DeltaTable, *args: Any, **rest: Any) -> Any:
            step(f"{name} {self.table_uri.rstrip('/').rsplit('/', 1)[-1]}")
            return real(self, *args, **rest)

        return call

    names = ("create_write_transaction", "create_checkpoint")
    with (
        mock.patch.object(Storage, "writer", write),
        mock.patch.object(DeltaTable, names[0], before(names[0])),
        mock.patch.object(DeltaTable, names[1], before(names[1])),
        # A writer of progress in another thread would make the numbers vary.
        mock.patch("affectflow.stages.progress._tick_on"),
    ):
        yield done


def steps_of(uri: str) -> list[str]:
    with killed_at(-1) as done:
        compact(uri)
    return done


@pytest.fixture(scope="module")
def steps(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What compact writes and commits of the prepared lake, in order."""
    folder = tmp_path_factory.mktemp("steps") / "lake"
    with killed_at(-1) as done:
        compact(str(shutil.copytree(prepared, folder)))
    return done


def check_a_kill(prepared: Path, folder: Path, number: int) -> str:
    """Kills compact, and checks that nothing changed, then or after the next."""
    uri = str(shutil.copytree(prepared, folder))
    before = digest(uri)
    with killed_at(number), pytest.raises(KilledError) as killed:
        compact(uri)

    assert digest(uri) == before, f"after a kill before {killed.value}"
    compact(uri)
    assert digest(uri) == before, f"healed after a kill before {killed.value}"
    assert part_count(uri) == 4
    shutil.rmtree(folder)
    return str(killed.value)


@pytest.mark.parametrize(
    "before",
    [
        "_work/compact/",
        "create_write_transaction utterances",
        "create_write_transaction conversations",
        "create_write_transaction rollups",
    ],
)
def test_killed_before_a_write_or_commit_it_changes_no_answer(
    prepared, steps, tmp_path, before
):
    number = next(n for n, step in enumerate(steps) if step.startswith(before))

    assert check_a_kill(prepared, tmp_path / "lake", number).startswith(before)


@pytest.mark.slow
def test_killed_at_any_point_it_changes_no_answer_and_heals(prepared, steps, tmp_path):
    assert len(steps) > 50
    for number in range(len(steps)):
        check_a_kill(prepared, tmp_path / f"lake-{number}", number)


KILL_9 = """
import os, signal, sys
from tests import test_stages_compacting as tests
tests.KilledError = lambda what: os.kill(os.getpid(), signal.SIGKILL)
with tests.killed_at(int(sys.argv[2])):
    tests.compact(sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.2, 0.5, 0.7, 0.9])
def test_killed_by_the_system_it_changes_no_answer_and_heals(
    prepared, steps, tmp_path, share
):
    lake = str(shutil.copytree(prepared, tmp_path / "lake"))
    before, number = answers(lake), str(int(len(steps) * share))
    command = [sys.executable, "-c", KILL_9, lake, number]

    done = subprocess.run(command, cwd=ROOT, timeout=120, check=False)

    assert done.returncode == -signal.SIGKILL
    assert answers(lake) == before
    compact(lake)
    assert answers(lake) == before
    assert part_count(lake) == 4


@pytest.mark.slow
def test_after_a_kill_at_any_point_annotate_and_ingest_find_all_done(
    prepared, steps, tmp_path
):
    log = tmp_path / "calls"
    for number in range(0, len(steps), 4):
        lake = str(shutil.copytree(prepared, tmp_path / f"lake-{number}"))
        before = answers(lake)
        with killed_at(number), pytest.raises(KilledError):
            compact(lake)

        row = annotate(lake, FakeHandler(poison=POISON, calls=str(log)))
        again = store(lake, batch(1), batch(4))

        assert answers(lake) == before, number
        assert not log.exists(), number
        assert counts(row) == {"in": 60, "dead": 15, "unchanged": 45}
        assert counts(again) == {"in": 24, "unchanged": 24}


# -- others at work ----------------------------------------------------------------


def test_results_that_are_not_committed_yet_stay_so_and_count_as_done(lake, tmp_path):
    """Annotate was killed before its commit: what it did is kept, and not shown."""
    with (
        mock.patch.object(parts._Commit, "__call__", side_effect=RuntimeError("dead")),
        pytest.raises(RuntimeError, match="dead"),
    ):
        annotate(lake, FakeHandler(name="third"))
    before, log = answers(lake), tmp_path / "calls"

    compact(lake)

    assert answers(lake) == before
    row = annotate(lake, FakeHandler(name="third", calls=str(log)))
    assert not log.exists()
    assert counts(row) == {"in": 60, "unchanged": 60}
    query = "SELECT count(*) FROM annotations WHERE annotator_id = 'third@1'"
    assert ask(lake, query) == [(60,)]


def test_parts_that_an_ingest_replaces_meanwhile_are_planned_again(lake):
    planned = compacting.plan
    changed = batch(0, text=["so annoying, still"] * 12, edited_at=DAY)

    def plan_then_ingest(*arguments: Any) -> Any:
        with mock.patch.object(compacting, "plan", planned):
            found = planned(*arguments)
            if not ask(lake, "FROM utterances WHERE text LIKE '%still'"):
                store(lake, changed)
        return found

    with mock.patch.object(compacting, "plan", plan_then_ingest):
        row = compact(lake)

    assert row["state"] == "done"
    found = ask(lake, "SELECT count(*), count(DISTINCT utterance_id) FROM utterances")
    assert found == [(60, 60)]
    query = "SELECT count(*) FROM utterances WHERE text LIKE '%still'"
    assert ask(lake, query) == [(12,)]
    assert part_count(lake) < 10


def test_a_lake_that_never_rests_is_given_up_with_a_conflict(lake):
    with (
        mock.patch.object(compacting, "_commit", side_effect=ConflictError("again")),
        pytest.raises(ConflictError, match="again"),
    ):
        compact(lake)


def test_a_result_that_was_replaced_between_merge_and_commit_is_merged_again(lake):
    opened = Lake.open(lake)
    part = opened.parts()[0]
    commit = compacting._commit

    def renew_then_commit(*arguments: Any) -> None:
        renew(opened, part)
        commit(*arguments)

    with mock.patch.object(compacting, "_commit", renew_then_commit):
        compact(lake)

    query = "SELECT count(*) FROM annotations WHERE label = 'joy'"
    assert ask(lake, query)[0][0] > 0
    found = ask(
        lake,
        "SELECT count(*), count(DISTINCT utterance_id) FROM annotations "
        "WHERE annotator_id = 'fake@1'",
    )
    assert found == [(45, 45)]


def test_a_commit_of_labels_between_the_commits_of_compact_doubles_nothing(lake):
    """What an older annotate left visible twice is taken away by the next compact."""
    opened = Lake.open(lake)
    was = opened.committed("annotations")
    before = answers(lake)
    compact(lake)
    compacting.commit(opened.storage, "annotations", was.values())
    assert answers(lake) != before

    compact(lake)

    assert answers(lake) == before


def during_annotate(uri: str, monkeypatch: pytest.MonkeyPatch, new: bool) -> Any:
    """Runs annotate, and compact between its work and its commit."""
    commit = parts._Commit.__call__

    def compact_first(self: Any, *arguments: Any) -> Any:
        compact(uri)
        return commit(self, *arguments)

    monkeypatch.setattr(parts._Commit, "__call__", compact_first)
    name = "third" if new else "fake"
    return annotate(uri, FakeHandler(name=name, poison="" if new else POISON))


def test_labels_that_were_there_before_are_not_doubled_by_a_compact_in_between(
    lake, monkeypatch
):
    before = answers(lake)

    during_annotate(lake, monkeypatch, new=False)

    assert answers(lake) == before


def test_labels_of_parts_that_are_merged_in_between_are_those_of_the_merged(
    lake, monkeypatch, tmp_path
):
    row = during_annotate(lake, monkeypatch, new=True)

    opened, folder = Lake.open(lake), folder_of("third@1")
    assert counts(row) == {"in": 60, "out": 60}
    found = ask(
        lake,
        "SELECT count(*), count(DISTINCT utterance_id) FROM annotations "
        "WHERE annotator_id = 'third@1'",
    )
    assert found == [(60, 60)]
    paths = [p for p in opened.committed("annotations") if p.startswith(f"{folder}/")]
    assert sorted(map(part_of, paths)) == opened.parts()
    monkeypatch.undo()
    log = tmp_path / "calls"
    annotate(lake, FakeHandler(name="third", calls=str(log)))
    assert not log.exists()


def test_a_commit_that_read_the_parts_before_they_were_merged_is_made_anew(lake):
    opened, before = Lake.open(lake), answers(lake)
    receipts = list(Receipts(opened).of(FAKE, opened.parts()).values())
    read = Lake.parts

    def read_then_compact(self: Lake) -> list[str]:
        found = read(self)
        patched.stop()
        compact(lake)
        return found

    patched = mock.patch.object(Lake, "parts", read_then_compact)
    patched.start()
    commit_results(opened, FAKE, "annotations", receipts)

    assert answers(lake) == before
    paths = opened.committed("annotations")
    assert {part_of(path) for path in paths} == set(opened.parts())


@pytest.mark.slow
def test_stages_at_once_leave_what_they_leave_one_after_another(prepared, tmp_path):
    at_once, in_turn = (
        str(shutil.copytree(prepared, tmp_path / name)) for name in ("once", "turn")
    )
    third = FakeHandler(name="third")
    for _ in range(3):
        with ThreadPoolExecutor() as pool:
            jobs = [
                pool.submit(annotate, at_once, third),
                pool.submit(compact, at_once),
                pool.submit(store, at_once, batch(7), batch(8)),
                pool.submit(compact, at_once),
            ]
        for job in jobs:
            job.result()
    for uri in (in_turn, at_once):
        store(uri, batch(7), batch(8))
        annotate(uri, third)

    assert answers(at_once) == answers(in_turn)
    compact(at_once)
    assert answers(at_once) == answers(in_turn)


# -- whatever happens --------------------------------------------------------------

_DOINGS = st.lists(
    st.sampled_from(["new", "changed", "fake", "other", "mine", "compact"]),
    min_size=3,
    max_size=5,
)


def do(uri: str, doing: str, number: int) -> None:
    if doing == "new":
        store(uri, batch(number))
    elif doing == "changed":
        store(uri, batch(0, text=f"so annoying, {number}", edited_at=later(number)))
    elif doing in ("fake", "other"):
        annotate(uri, FakeHandler(name=doing, poison=POISON))
    elif doing == "mine" and ask(uri, "FROM annotations LIMIT 1"):
        stages.mine(uri)
    elif doing == "compact":
        compact(uri)


def later(number: int) -> Any:
    return DAY + timedelta(days=number + 1)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(doings=_DOINGS)
def test_any_order_of_stages_has_the_same_answers_with_compacts_as_without(
    tmp_path_factory, doings
):
    folder = tmp_path_factory.mktemp("lakes")
    with_compacts, without = str(folder / "with"), str(folder / "without")
    for uri in (with_compacts, without):
        Lake.create(uri, buckets=1)
        store(uri, batch(0), batch(1))
    for number, doing in enumerate([*doings, "fake", "other", "mine"], 2):
        do(with_compacts, doing, number)
        do(with_compacts, "compact", number)
        if doing != "compact":
            do(without, doing, number)

    assert answers(with_compacts) == answers(without)
