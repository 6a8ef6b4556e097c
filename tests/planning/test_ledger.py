"""Plans: their arithmetic, how they are kept, and how wrong they were."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from affectflow.lake import Lake
from affectflow.planning.ledger import (
    FOLDER,
    StagePlan,
    _joined,
    adopt,
    ingest_by_plan,
    ledger,
    newest,
    plans_of,
    record,
    waiting,
    wall,
)
from affectflow.stages.ingest.ingest import ingest_config
from affectflow.stages.runs.request import config_digest
from affectflow.storage import Storage
from tests.given.posts import jsonl, write_posts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_plan(**rest: Any) -> StagePlan:
    given: dict[str, Any] = {"stage": "annotate", "config_digest": "d", "rows": 100}
    return StagePlan(**{**given, **rest})


# -- arithmetic --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "largest", "units", "workers", "seconds"),
    [
        pytest.param(100.0, 10.0, 10, 1, 100.0, id="one worker"),
        pytest.param(100.0, 10.0, 10, 4, 25.0, id="four workers"),
        pytest.param(100.0, 60.0, 10, 4, 60.0, id="one part is most of it"),
        pytest.param(100.0, 10.0, 2, 8, 50.0, id="fewer parts than workers"),
        pytest.param(0.0, 0.0, 0, 4, 0.0, id="nothing to do"),
    ],
)
def test_wall_time_ends_with_the_last_part(
    work: float, largest: float, units: int, workers: int, seconds: float
) -> None:
    assert wall(work, largest, units, workers) == seconds


def test_every_worker_is_paid_from_start_to_end() -> None:
    plan = a_plan(wall_seconds=1800.0, workers=4, price_per_hour=2.5)

    assert plan.cost == 5.0


# -- on disk -----------------------------------------------------------------------


def test_a_later_plan_leaves_an_earlier_one_as_it_was(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    [first] = record(storage, [a_plan(rows=1)])
    [second] = record(storage, [a_plan(rows=2)])
    record(storage, [a_plan(rows=3, config_digest="other")])

    assert plans_of(storage)[:2] == [first, second]
    assert newest(storage, "annotate", "d") == second
    assert newest(storage, "mine", "d") is None


def test_a_plan_of_a_later_version_can_be_read() -> None:
    text = json.dumps({**json.loads(a_plan().to_json()), "joules": 7})

    assert StagePlan.from_json(text) == a_plan()


# -- the ledger --------------------------------------------------------------------


def a_run(minutes: int, **rest: Any) -> dict[str, Any]:
    started = NOON + timedelta(minutes=minutes)
    return {
        "run_id": f"run-{minutes}",
        "stage": "annotate",
        "config_digest": "d",
        "started": started,
        "ended": started + timedelta(seconds=30),
        "rows_in": 120,
        "rows_unchanged": 20,
        "peak_rss_bytes": 5,
        **rest,
    }


def made(minutes: int, **rest: Any) -> StagePlan:
    when = (NOON + timedelta(minutes=minutes)).isoformat()
    return a_plan(made=when, wall_seconds=20.0, **rest)


@pytest.mark.parametrize(
    ("runs", "plans", "joined"),
    [
        pytest.param([5], [(0, 1), (4, 2)], {"run-5": 2}, id="the newest before"),
        pytest.param([5], [(0, 1), (6, 2)], {"run-5": 1}, id="a later one is too late"),
        pytest.param([5, 9], [(0, 1)], {"run-5": 1}, id="a plan serves one run"),
        pytest.param(
            [5, 9], [(0, 1), (7, 2)], {"run-5": 1, "run-9": 2}, id="one for each"
        ),
        pytest.param([5], [], {}, id="no plan"),
    ],
)
def test_a_run_goes_by_the_plan_at_its_start(
    runs: list[int], plans: list[tuple[int, int]], joined: dict[str, int]
) -> None:
    found = _joined(
        [a_run(minutes) for minutes in runs],
        [made(minutes, rows=rows) for minutes, rows in plans],
    )

    assert {each.run_id: each.planned_rows for each in found} == joined


@pytest.mark.parametrize(
    ("ingests", "ingest_digest", "is_shown"),
    [
        pytest.param([], "", True, id="a plan of the lake as it is"),
        pytest.param([(2, "i")], "", False, id="files came in since"),
        pytest.param([(-9, "i")], "", True, id="files had come in before"),
        pytest.param([(2, "i")], "i", True, id="the files of the plan came in"),
        pytest.param([], "i", False, id="its files have not come in"),
        pytest.param([(2, "j")], "i", False, id="other files came in"),
        pytest.param([(2, "i"), (3, "j")], "i", False, id="others came in, too"),
    ],
)
def test_a_run_goes_by_a_plan_that_was_made_for_what_it_finds(
    ingests: list[tuple[int, str]], ingest_digest: str, is_shown: bool
) -> None:
    before = [a_run(n, stage="ingest", config_digest=digest) for n, digest in ingests]

    found = _joined([*before, a_run(5)], [made(0, ingest_digest=ingest_digest)])

    assert [row.run_id for row in found] == (["run-5"] if is_shown else [])


def test_a_plan_waits_for_its_lake_to_be_made(tmp_path: Path) -> None:
    uri = str(tmp_path / "lake")
    [plan] = record(waiting(uri), [a_plan()])
    assert not Path(uri).exists()

    adopt(Storage(uri))

    assert plans_of(Storage(uri)) == [plan]
    assert plans_of(waiting(uri)) == []


def test_an_ingest_by_plan_adopts_the_plan_that_waited_for_its_lake(
    tmp_path: Path,
) -> None:
    uri, source = str(tmp_path / "lake"), jsonl(write_posts(tmp_path / "p.jsonl", 8))
    digest = config_digest("ingest", ingest_config(source))
    record(waiting(uri), [a_plan(stage="ingest", config_digest=digest, rows=9)])

    row = ingest_by_plan(source, uri)

    [found] = ledger(Lake.open(uri))
    assert (found.run_id, found.planned_rows, found.rows) == (row["run_id"], 9, 8)
    assert plans_of(waiting(uri)) == []


def test_plans_of_other_settings_or_stages_do_not_count() -> None:
    plans = [made(0, config_digest="e"), made(0, stage="mine")]

    assert list(_joined([a_run(5)], plans)) == []


def test_the_ledger_says_rows_seconds_and_their_ratio() -> None:
    [row] = _joined([a_run(5)], [made(0)])

    assert (row.planned_rows, row.rows) == (100, 100)
    assert (row.planned_seconds, row.seconds, row.ratio) == (20.0, 30.0, 1.5)


def test_a_plan_that_a_power_cut_has_emptied_is_passed_over(tmp_path):
    storage = Storage(str(tmp_path))
    record(storage, [StagePlan(stage="ingest", config_digest="d", rows=7)])
    storage.write(b"", *FOLDER, "ingest-d-29991231T000000.000000.json")

    assert newest(storage, "ingest", "d").rows == 7
    assert [plan.rows for plan in plans_of(storage)] == [7]
