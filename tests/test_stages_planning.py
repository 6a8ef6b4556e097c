"""Plans: scaled up from a sample, kept as they were, and compared with what came."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from affectflow import registry, stages
from affectflow.cli import lakes, planning
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.lake.storage import Storage
from affectflow.stages.planning import foreseeing
from affectflow.stages.planning.estimating import Terms
from affectflow.stages.planning.ledger import (
    FOLDER,
    StagePlan,
    _joined,
    ledger,
    newest,
    plans_of,
    record,
    wall,
)
from affectflow.stages.planning.measuring import Line, fit
from affectflow.stages.planning.sampling import sample_source

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(sample=60, seconds=4.0)


def a_plan(**rest: Any) -> StagePlan:
    given: dict[str, Any] = {"stage": "annotate", "config_digest": "d", "rows": 100}
    return StagePlan(**{**given, **rest})


@pytest.fixture(autouse=True)
def no_pipelines_for_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreseeing, "start_seconds", lambda _: (2.0, 1.0))


def write_posts(path: Path, count: int, noise: int = 0) -> Path:
    chance = random.Random(7)
    lines = [
        json.dumps(
            {
                "utterance_id": f"{n}",
                "conversation_id": f"c{n // 4}",
                "timestamp": f"2026-03-01T10:{n % 60:02d}:00Z",
                "speaker_id": f"account-{n % 7}",
                "text": " ".join(["this is so annoying, it broke again!"] * 12)
                + chance.randbytes(noise // 2).hex(),
            }
        )
        for n in range(count)
    ]
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def jsonl(*paths: Path) -> Any:
    return registry.load("connectors", "ReadJsonl")(paths=[str(p) for p in paths])


# -- arithmetic --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "line"),
    [
        pytest.param([(10, 3.0), (20, 5.0)], Line(1.0, 0.2), id="a unit and its rows"),
        pytest.param([(10, 2.0)], Line(0.0, 0.2), id="one point"),
        pytest.param([(10, 2.0), (10, 4.0)], Line(0.0, 0.3), id="one size"),
        pytest.param([(10, 4.0), (20, 2.0)], Line(0.0, 0.2), id="larger was faster"),
        pytest.param([(10, 1.0), (20, 5.0)], Line(0.0, 0.2), id="no negative start"),
        pytest.param([(0, 1.0)], Line(), id="no rows"),
    ],
)
def test_costs_are_a_line_that_is_never_negative(
    points: list[tuple[int, float]], line: Line
) -> None:
    found = fit(points)

    assert found.fixed == pytest.approx(line.fixed, abs=1e-9)
    assert found.each == pytest.approx(line.each)


def test_a_line_counts_units_and_rows() -> None:
    assert Line(2.0, 0.5).at(10, units=3) == 11.0


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


def test_plans_of_other_settings_or_stages_do_not_count() -> None:
    plans = [made(0, config_digest="e"), made(0, stage="mine")]

    assert list(_joined([a_run(5)], plans)) == []


def test_the_ledger_says_rows_seconds_and_their_ratio() -> None:
    [row] = _joined([a_run(5)], [made(0)])

    assert (row.planned_rows, row.rows) == (100, 100)
    assert (row.planned_seconds, row.seconds, row.ratio) == (20.0, 30.0, 1.5)


# -- the sample --------------------------------------------------------------------


def test_a_small_input_is_the_sample(tmp_path: Path) -> None:
    paths = [write_posts(tmp_path / f"{n}.jsonl", 10) for n in range(3)]

    found = sample_source(jsonl(*paths), rows=1000, seconds=10)

    assert (found.rows, found.files, found.splits, found.scale) == (30, 3, 3, 1.0)


def test_of_many_files_a_few_are_read(tmp_path: Path) -> None:
    paths = [write_posts(tmp_path / f"{n:02d}.jsonl", 10) for n in range(20)]

    found = sample_source(jsonl(*paths), rows=50, seconds=10)

    assert found.rows == 50
    assert found.rows * found.scale == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz"])
def test_of_a_long_file_the_rows_are_told_from_its_size(
    tmp_path: Path, suffix: str
) -> None:
    # Random letters, so that the compressed file is of several chunks, too.
    path = write_posts(tmp_path / f"long{suffix}", 40_000, noise=400)

    found = sample_source(jsonl(path), rows=2000, seconds=20)

    assert found.rows < 40_000
    assert found.rows * found.scale == pytest.approx(40_000, rel=0.1)


def test_a_source_without_files_cannot_be_planned() -> None:
    with pytest.raises(UsageError, match="does not list files"):
        sample_source(object(), rows=10, seconds=1)


# -- whole plans -------------------------------------------------------------------


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_posts(tmp_path_factory.mktemp("posts") / "posts.jsonl", 400)


@pytest.fixture
def lake(tmp_path: Path, posts: Path) -> Lake:
    stages.ingest(jsonl(posts), str(tmp_path / "lake"))
    return Lake.open(str(tmp_path / "lake"))


def files_in(lake: Lake) -> set[str]:
    root = Path(lake.uri)
    return {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()}


def by_stage(plans: list[StagePlan]) -> dict[str, StagePlan]:
    return {plan.stage: plan for plan in plans}


@pytest.mark.slow
def test_a_plan_of_a_lake_says_what_is_left(lake: Lake) -> None:
    before = files_in(lake)
    plans = by_stage(foreseeing.plan_lake(lake.uri, TERMS))
    entries = lake.committed("utterances").values()

    assert files_in(lake) == before
    assert list(plans) == ["annotate", "mine", "themes"]
    for stage in ("annotate", "mine"):
        plan = plans[stage]
        assert (plan.rows, plan.units, plan.units_done) == (400, len(entries), 0)
        assert plan.bytes_in == sum(entry.size for entry in entries)
        assert plan.sample_rows <= 60
        assert plan.bytes_out > 0
        assert plan.work_seconds > 0
        assert plan.peak_rss_bytes > 50 << 20
    annotate = plans["annotate"]
    # 36 characters, twelve times, with spaces between them: 443 / 4 tokens a row.
    assert annotate.tokens == pytest.approx(400 * 443 / 4, rel=0.01)
    assert 0 < annotate.model_seconds < annotate.work_seconds
    assert annotate.fixed_seconds == 2.0
    assert annotate.wall_seconds == pytest.approx(
        2.0 + annotate.load_seconds + annotate.work_seconds
    )


@pytest.mark.slow
def test_what_is_done_would_be_skipped(lake: Lake) -> None:
    stages.annotate(lake.uri)
    plans = by_stage(foreseeing.plan_lake(lake.uri, TERMS))

    annotate, mine = plans["annotate"], plans["mine"]
    assert (annotate.rows, annotate.rows_done, annotate.units) == (0, 400, 0)
    assert annotate.units_done == len(lake.parts())
    assert annotate.wall_seconds == annotate.fixed_seconds
    assert (mine.rows, mine.rows_done) == (400, 0)


@pytest.mark.slow
def test_more_workers_take_less_time_and_no_less_work(lake: Lake) -> None:
    one = foreseeing.plan_lake(lake.uri, Terms(sample=60, seconds=4))[0]
    many = foreseeing.plan_lake(lake.uri, Terms(sample=60, seconds=4, workers=4))[0]

    assert many.workers == 4
    assert (
        many.wall_seconds - many.fixed_seconds - many.load_seconds < many.work_seconds
    )
    assert one.rows == many.rows


@pytest.mark.slow
def test_a_plan_of_files_goes_from_the_first_row_to_the_themes(
    posts: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    plans = by_stage(foreseeing.plan_analysis(jsonl(posts), str(target), TERMS))

    assert not target.exists()
    assert list(plans) == ["ingest", "annotate", "mine", "themes"]
    ingest = plans["ingest"]
    assert (ingest.files, ingest.units, ingest.rows) == (1, 1, 400)
    assert ingest.bytes_in == posts.stat().st_size
    assert plans["annotate"].rows == plans["mine"].rows == 400
    # 100 conversations in 16 buckets: each has one.
    assert plans["annotate"].units == 16


@pytest.mark.slow
def test_runs_find_the_plans_that_were_made_for_them(
    posts: Path, tmp_path: Path, lake: Lake
) -> None:
    planned = foreseeing.plan_analysis(jsonl(posts), lake.uri, TERMS)
    record(lake.storage, planned)
    stages.ingest(jsonl(posts), lake.uri)
    stages.annotate(lake.uri)
    stages.mine(lake.uri)

    found = {row.stage: row for row in ledger(lake)}
    assert list(found) == ["ingest", "annotate", "mine", "themes"]
    assert found["ingest"].planned_rows == found["ingest"].rows == 400
    assert found["annotate"].planned_rows == found["annotate"].rows == 400
    assert all(row.ratio and row.seconds > 0 for row in found.values())


@pytest.mark.slow
def test_nothing_of_a_sample_stays_behind(
    posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    foreseeing.plan_analysis(jsonl(posts), str(tmp_path / "new"), TERMS)

    assert list(folder.iterdir()) == []


# -- the command -------------------------------------------------------------------


@pytest.fixture
def plan() -> Any:
    def run(*targets: str, to: str = "", as_json: bool = False) -> int:
        return planning.plan(
            targets,
            to,
            "auto",
            (),
            model="EmbeddedEmotions",
            revision="",
            miner="RuleMiner",
            workers=2,
            price_per_hour=3.0,
            sample=60,
            as_json=as_json,
        )

    return run


@pytest.mark.slow
def test_the_command_prints_a_table_and_notes_the_plan(
    plan: Any, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_in(lake)
    assert plan(lake.uri) == 0

    out = capsys.readouterr().out
    assert [w for w in ("annotate", "mine", "themes", "together") if w not in out] == []
    new = files_in(lake) - before
    assert {str(Path(path).parent) for path in new} == {"/".join(FOLDER)}
    assert len(new) == 3


@pytest.mark.slow
def test_the_command_can_answer_in_json(
    plan: Any, lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(lake.uri, as_json=True)

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["stage"] for row in rows] == ["annotate", "mine", "themes"]
    assert all(row["cost"] > 0 for row in rows)


@pytest.mark.slow
def test_a_plan_for_a_new_lake_makes_no_lake(
    plan: Any, posts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan(str(posts), to=str(tmp_path / "new"))

    assert not (tmp_path / "new").exists()
    assert "not noted for later" in capsys.readouterr().err


def test_files_without_a_lake_to_go_to_are_the_callers_mistake(
    plan: Any, posts: Path
) -> None:
    with pytest.raises(UsageError, match=r"plan PATH\.\.\. --to LAKE"):
        plan(str(posts))


def test_a_lake_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(LakeError):
        foreseeing.plan_lake(str(tmp_path), TERMS)


@pytest.mark.slow
def test_status_shows_planned_against_actual(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    record(lake.storage, foreseeing.plan_lake(lake.uri, TERMS))
    stages.annotate(lake.uri)

    lakes.status(lake.uri)

    lines = capsys.readouterr().out.splitlines()
    head = next(n for n, line in enumerate(lines) if "rows planned" in line)
    shown = [cell.strip() for cell in lines[head + 2].split("│")]
    assert shown[1:4] == ["annotate", "400", "400"]
