"""What compact merges, in which order, and up to which size."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from affectflow import stages
from affectflow.lake import Lake
from affectflow.lake.files import read_file
from affectflow.lake.tables import part_of
from affectflow.stages.ingest import buckets
from affectflow.stages.runs.reading import read_part
from affectflow.stages.runs.results import Receipts
from affectflow.stages.upkeep.compact import compact
from tests.compacting.lakes import (
    FAKE,
    POISON,
    annotate,
    answers,
    batch,
    part_count,
    with_findings,
)
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, counts, reconciles, store

pytestmark = pytest.mark.rotated


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


@pytest.mark.rotated
def test_nobody_answers_again(lake, tmp_path):
    log = tmp_path / "calls"
    compact(lake)

    again = annotate(lake, FakeHandler(poison=POISON, calls=str(log)))
    mined = stages.mine_lake(lake, annotator_id="fake@1")[0]

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


@pytest.mark.proof
def test_once_all_is_done_by_all_the_rest_is_merged(lake):
    compact(lake)
    annotate(lake, FakeHandler(name="other"))
    stages.mine_lake(lake)
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
        rows = read_file(opened.storage, "annotations", path)
        places = pc.index_in(rows["utterance_id"], value_set=ids).to_pylist()
        assert places == sorted(places)


@pytest.mark.rotated
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


@pytest.mark.rotated
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
