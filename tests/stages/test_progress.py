"""Progress: what workers write down, and what a watcher makes of it."""

import contextlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest

from affectflow import stages
from affectflow.errors import StorageError
from affectflow.lake import Lake
from affectflow.stages.ingest import ingest
from affectflow.stages.runs import progress
from affectflow.stages.runs.progress import Progress, clear, folder_of
from affectflow.stages.runs.request import Request, new_request
from affectflow.stages.runs.run import Build
from affectflow.stages.runs.watching import Seen, unfinished, watch
from affectflow_connectors.jsonl import ReadJsonl
from tests.given.factories import utterances
from tests.given.stage_runs import store
from tests.given.waiting import wait_for

DONE = {"rows_in": 10, "rows_out": 9, "rows_dead": 1}


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr(progress, "LOCAL_EVERY_S", 0.02)
    before = dict(progress._TALLIES)
    yield Lake.create(str(tmp_path / "lake"))
    progress._TALLIES.clear()
    progress._TALLIES.update(before)


@pytest.fixture
def request_(lake: Lake) -> Request:
    return new_request(lake, "annotate", {"model": 1}, run_id="run-1")


def seen_rows(lake: Lake) -> int:
    found = watch(lake, "run-1")
    return found[0].rows if found else 0


def last_sign(lake: Lake) -> float:
    """Returns how many seconds after its begin a run gave its last sign of life."""
    [seen] = watch(lake)
    return seen.last - seen.started


def test_what_workers_count_is_seen_with_the_total(
    lake: Lake, request_: Request
) -> None:
    work = Progress(lake, request_)
    work.planned(rows=40, parts=4)
    work.add(DONE, parts=1)
    work.add(DONE, parts=1)

    wait_for(lambda: seen_rows(lake) == 20, "20 rows")
    [seen] = watch(lake)
    assert (seen.run_id, seen.stage, seen.digest) == (
        "run-1",
        "annotate",
        request_.digest,
    )
    assert (seen.rows, seen.dead, seen.parts) == (20, 2, 2)
    assert (seen.total_rows, seen.total_parts) == (40, 4)


def test_threads_of_one_process_count_together(lake: Lake, request_: Request) -> None:
    Progress(lake, request_).begin()
    threads = [
        threading.Thread(target=lambda: Progress(lake, request_).add({"rows_in": 1}))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_for(lambda: seen_rows(lake) == 20, "20 rows")


def test_two_hosts_with_one_process_number_do_not_collide(
    lake: Lake, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    Progress(lake, request_).begin()
    for name in ("host-a", "host-b"):
        monkeypatch.setattr(progress, "host", lambda name=name: name)
        Progress(lake, request_).add(DONE)

    wait_for(lambda: seen_rows(lake) == 20, "20 rows")
    names = lake.storage.names(*folder_of(request_))
    assert [n.rsplit("-", 2)[0] for n in names if n != progress.RUN] == [
        "host-a",
        "host-b",
    ]
    assert all(f"-{os.getpid()}-" in name for name in names if name != progress.RUN)


def test_a_file_that_is_being_written_is_not_read(
    lake: Lake, request_: Request
) -> None:
    Progress(lake, request_).planned(rows=40)

    with lake.storage.writer(*folder_of(request_), "host-1-abc.json"):
        [seen] = watch(lake)

    assert (seen.rows, seen.total_rows) == (0, 40)


def test_a_file_that_a_power_cut_has_emptied_is_no_run(
    lake: Lake, request_: Request
) -> None:
    Progress(lake, request_).planned(rows=40)
    lake.storage.write(b"", *folder_of(request_), progress.RUN)

    assert watch(lake) == []


def test_a_worker_that_outlives_its_run_does_not_bring_the_folder_back(
    lake: Lake, request_: Request
) -> None:
    work = Progress(lake, request_)
    work.begin()
    clear(lake, request_)
    work.add(DONE)

    wait_for(lambda: not progress._TICKER, "the thread to end")
    assert lake.storage.names("_work", "progress") == []


def test_a_stage_that_ended_leaves_nothing(lake: Lake, request_: Request) -> None:
    work = Progress(lake, request_)
    work.planned(rows=10, parts=1)
    with work.unit("b00001-x") as unit:
        unit.rows = DONE
    wait_for(lambda: seen_rows(lake) == 10, "10 rows")

    clear(lake, request_)

    assert watch(lake) == []
    assert lake.storage.names("_work", "progress") == []


def test_the_thread_that_writes_ends_when_there_is_nothing_to_write(
    lake: Lake, request_: Request
) -> None:
    work = Progress(lake, request_)
    work.begin()
    work.add(DONE)

    wait_for(lambda: seen_rows(lake) == 10, "10 rows")
    wait_for(lambda: not progress._TICKER, "the thread to end")


def test_long_work_without_a_count_gives_signs_of_life(
    lake: Lake, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "BEAT_S", 0.05)
    work = Progress(lake, request_)
    work.begin()
    with work.busy():
        wait_for(lambda: last_sign(lake) > 0, "a sign of life")
        first = last_sign(lake)
        wait_for(lambda: last_sign(lake) > first, "another one")
    wait_for(lambda: not progress._TICKER, "the thread to end")


def test_a_part_that_fails_is_logged_and_not_counted(
    lake: Lake, request_: Request, caplog: pytest.LogCaptureFixture
) -> None:
    work = Progress(lake, request_)
    work.begin()
    with (
        caplog.at_level(logging.INFO, logger="affectflow"),
        pytest.raises(KeyError),
        work.unit("b00001-x"),
    ):
        raise KeyError("what somebody wrote")

    assert "part_failed part=b00001-x error_type=KeyError" in caplog.text
    assert "what somebody wrote" not in caplog.text
    assert watch(lake)[0].parts == 0


def test_a_store_that_refuses_side_files_stops_no_work(
    lake: Lake,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = Progress(lake, request_)
    work.begin()

    def refuse(*_: Any) -> None:
        raise StorageError("no space left")

    monkeypatch.setattr(lake.storage, "write", refuse)
    with caplog.at_level(logging.WARNING, logger="affectflow"):
        work.add(DONE)
        wait_for(lambda: "progress_unwritten" in caplog.text, "the warning")
    assert "error_type=StorageError" in caplog.text


def test_a_part_moves_on_while_it_is_worked_on(lake: Lake, request_: Request) -> None:
    work = Progress(lake, request_)
    work.planned(rows=20, parts=2)

    with work.unit("a", 10) as unit:
        for share in (0.25, 0.5, 0.4):
            unit.reached(share)
        wait_for(lambda: seen_rows(lake) == 5, "half of the part")
        unit.rows = DONE
    wait_for(lambda: seen_rows(lake) == 10, "the part")
    with contextlib.suppress(ValueError), work.unit("b", 10) as unit:
        unit.reached(0.9)
        wait_for(lambda: seen_rows(lake) == 19, "most of the other")
        raise ValueError
    wait_for(lambda: seen_rows(lake) == 10, "what failed is not done")


def test_object_stores_are_written_to_less_often(lake: Lake, request_: Request) -> None:
    tally = progress._Tally(lake.storage, Progress(lake, request_).log, ("x",))
    tally.changed, tally.written = True, 100.0
    assert tally.is_due(101.0)

    lake.storage.is_local = False
    assert not tally.is_due(101.0)
    assert tally.is_due(100.0 + progress.REMOTE_EVERY_S)


def test_engines_get_the_counts_as_beam_metrics(lake: Lake, request_: Request) -> None:
    work = Progress(lake, request_)
    work.begin()

    class Count(beam.DoFn):
        def process(self, element: int) -> Iterator[int]:
            Progress(Lake.open(request_.lake_uri), request_).add(DONE)
            yield element

    pipeline = beam.Pipeline(runner="FnApiRunner")
    _ = pipeline | beam.Create([1, 2, 3]) | beam.ParDo(Count())
    result = pipeline.run()
    result.wait_until_finish()

    found = {
        each.key.metric.name: each.committed
        for each in result.metrics().query()["counters"]
        if each.key.metric.namespace == "affectflow.annotate"
    }
    assert found == {"rows_in": 30, "rows_out": 27, "rows_dead": 3}


# -- what a watcher makes of it ----------------------------------------------------


def a_seen(**rest: Any) -> Seen:
    given: dict[str, Any] = {
        "run_id": "run-1",
        "stage": "annotate",
        "digest": "d",
        "started": 100.0,
        "counted_from": 110.0,
        "last": 120.0,
        "rows": 30,
        "total_rows": 120,
    }
    return Seen(**{**given, **rest})


@pytest.mark.parametrize(
    ("seen", "share", "rate", "left"),
    [
        pytest.param(a_seen(), 0.25, 3.0, 30.0, id="a quarter in ten seconds"),
        pytest.param(a_seen(total_rows=None), None, 3.0, None, id="no total"),
        pytest.param(a_seen(rows=0), 0.0, None, None, id="nothing yet"),
        pytest.param(a_seen(total_rows=0, rows=0), None, None, None, id="no work"),
        pytest.param(a_seen(rows=150), 1.0, 15.0, 0.0, id="parts done twice"),
        pytest.param(a_seen(last=110.0), 0.25, None, None, id="no time has passed"),
    ],
)
def test_share_rate_and_time_left(
    seen: Seen, share: float | None, rate: float | None, left: float | None
) -> None:
    assert (seen.share, seen.rate, seen.seconds_left) == (share, rate, left)


@pytest.mark.parametrize(("now", "silent"), [(240.0, False), (240.1, True)])
def test_two_minutes_of_silence_mean_stopped(now: float, silent: bool) -> None:
    assert a_seen().is_silent(now) is silent


@pytest.mark.parametrize(
    ("runs", "still"),
    [
        pytest.param([], 1, id="no row of runs"),
        pytest.param([("run-1", "annotate", "D", "failed")], 0, id="it failed"),
        pytest.param(
            [("run-2", "annotate", "D", "interrupted")], 1, id="a later one was ended"
        ),
        pytest.param([("run-2", "annotate", "D", "done")], 0, id="a later run did it"),
        pytest.param(
            [("run-2", "annotate", "D", "failed")], 1, id="a later one failed"
        ),
        pytest.param([("run-0", "annotate", "D", "done")], 1, id="an earlier run"),
        pytest.param([("run-2", "annotate", "E", "done")], 1, id="other settings"),
    ],
)
def test_a_killed_run_stays_under_way_until_its_work_is_done(
    lake: Lake, request_: Request, runs: list[tuple[str, str, str, str]], still: int
) -> None:
    Progress(lake, request_).begin()
    rows = [(r, s, d.replace("D", request_.digest), state) for r, s, d, state in runs]

    assert len(unfinished(lake, rows)) == still


# -- stages ------------------------------------------------------------------------


def test_an_ingest_counts_rows_and_buckets_and_cleans_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[tuple[int, int]] = []
    add = Progress.add

    def noted(self: Progress, rows: Any, *, parts: int = 0, shown: int = 0) -> None:
        added.append((rows.get("rows_in", 0), parts))
        add(self, rows, parts=parts, shown=shown)

    monkeypatch.setattr(Progress, "add", noted)
    batch = utterances("a", "b", "c", conversation_id=["x:1", "x:2", "x:3"])
    row = store(str(tmp_path / "lake"), batch)

    assert row["rows_in"] == 3
    # The runner of these tests does every bundle twice.
    assert {rows for rows, _ in added} == {3, 0}
    assert sum(parts for _, parts in added) >= 1
    assert watch(Lake.open(str(tmp_path / "lake"))) == []


@pytest.mark.rotated
def test_a_stage_over_parts_says_first_how_much_there_is_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = str(tmp_path / "lake")
    store(uri, utterances("a", "b", "c", conversation_id=["x:1", "x:2", "x:3"]))
    totals: list[dict[str, Any]] = []
    planned = Progress.planned

    def noted(self: Progress, **rest: Any) -> None:
        totals.append(rest)
        planned(self, **rest)

    monkeypatch.setattr(Progress, "planned", noted)
    stages.annotate_lake(uri)
    stages.annotate_lake(uri)

    parts = len(Lake.open(uri).parts())
    assert totals[0] == {"rows": 3, "parts": parts}
    assert totals[-1] == {"rows": 0, "parts": 0}


def test_an_ingest_says_what_a_plan_expects_once_its_pipeline_is_built(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_built(
        to: Lake, asked: Request, build: Build, *_: object
    ) -> dict[str, Any]:
        build(beam.Pipeline(runner="FnApiRunner"))
        return {"seen": watch(to, asked.run_id), "state": "written"}

    monkeypatch.setattr(ingest, "run_ingest", only_built)
    source = ReadJsonl(paths=[__file__], mapping={"utterance_id": "id"})

    row = ingest.ingest_source(source, lake.uri, expected_rows=7)

    assert [(s.total_rows, s.estimated) for s in row["seen"]] == [(7, True)]


def test_a_total_is_written_as_plain_json(lake: Lake, request_: Request) -> None:
    Progress(lake, request_).planned(rows=7, parts=2, estimated=True)

    content = lake.storage.read(*folder_of(request_), progress.TOTAL)
    total = json.loads(content)
    assert (total["rows"], total["parts"], total["estimated"]) == (7, 2, True)
