"""Plans: the sample, whole plans, and the command."""

import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectflow import registry, stages
from affectflow.cli import lakes, pipelines, planning
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.planning import foresee as foreseeing
from affectflow.planning.estimate import Terms
from affectflow.planning.ledger import FOLDER, StagePlan, ledger, record
from affectflow.planning.sample import sample_source
from affectflow.planning.themes import _as_many, estimate_themes
from tests.given.moved_lakes import TEXTS, moved
from tests.given.stage_runs import store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TERMS = Terms(sample=60, seconds=4.0)


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
    stages.ingest_source(jsonl(posts), str(tmp_path / "lake"))
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
    stages.annotate_lake(lake.uri)
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
    assert {plan.ingest_digest for plan in plans.values()} == {ingest.config_digest}
    # 100 conversations in 16 buckets: each has one.
    assert plans["annotate"].units == 16


@pytest.mark.slow
def test_runs_find_the_plans_that_were_made_for_them(
    posts: Path, tmp_path: Path, lake: Lake
) -> None:
    planned = foreseeing.plan_analysis(jsonl(posts), lake.uri, TERMS)
    record(lake.storage, planned)
    stages.ingest_source(jsonl(posts), lake.uri)
    stages.annotate_lake(lake.uri)
    stages.mine_lake(lake.uri)

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


def test_no_second_is_planned_for_causes_that_nobody_has_read(tmp_path: Path) -> None:
    """Of a lake without causes, nothing but the sample tells what reading takes."""
    empty = Lake.create(str(tmp_path / "lake"))

    plan = estimate_themes(empty, [], 0, 16, TERMS)

    assert (plan.rows, plan.work_seconds) == (0, 0.0)


def test_a_plan_of_themes_counts_causes_there_and_causes_to_come(
    tmp_path: Path,
) -> None:
    uri = str(tmp_path / "lake")
    store(uri, moved(TEXTS))
    # Annoyance folds to irritation and to anger: 24 messages, 48 causes.
    coming = moved(TEXTS[:6], first=100)

    plan = estimate_themes(Lake.open(uri), [coming], 60, 16, TERMS)

    assert (plan.rows, plan.sample_rows) == (48 + 2 * 60, 48 + 2 * 6)
    assert plan.work_seconds > 0


def test_themes_that_are_up_to_date_are_not_planned_again(tmp_path: Path) -> None:
    uri = str(tmp_path / "lake")
    store(uri, moved(TEXTS))
    stages.cluster_themes(Lake.open(uri), "", ())

    plan = estimate_themes(Lake.open(uri), [], 0, 16, TERMS)

    assert (plan.rows, plan.rows_done, plan.wall_seconds) == (0, 48, 0.0)


def test_causes_for_a_measurement_are_no_mere_repetition() -> None:
    sample = pa.table(
        {
            "cause_id": ["a", "b", "c"],
            "family": ["joy"] * 3,
            "cause_text": ["a b c d", "e f", "g h i j"],
        }
    )

    many = _as_many(sample, 9)

    assert len(set(many.column("cause_text").to_pylist())) == 9
    assert many.column("cause_text").to_pylist()[:4] == [
        "a b c d",
        "e f",
        "g h i j",
        "a b f",
    ]


# -- the command -------------------------------------------------------------------


@pytest.fixture
def plan() -> Any:
    def run(*targets: str, to: str = "", as_json: bool = False) -> int:
        return planning.plan(
            list(targets),
            to,
            "auto",
            [],
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
def test_a_plan_for_a_new_lake_makes_no_lake_and_is_kept_for_it(
    plan: Any, posts: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    plan(str(posts), to=str(target))
    assert not target.exists()

    pipelines.ingest([str(posts)], str(target))

    [row] = ledger(Lake.open(str(target)))
    assert (row.stage, row.planned_rows, row.rows) == ("ingest", 400, 400)


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
    stages.annotate_lake(lake.uri)

    lakes.status(lake.uri)

    lines = capsys.readouterr().out.splitlines()
    head = next(n for n, line in enumerate(lines) if "rows planned" in line)
    shown = [cell.strip() for cell in lines[head + 2].split("│")]
    assert shown[1:4] == ["annotate", "400", "400"]
