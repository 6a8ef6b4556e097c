"""Whole plans: of what is left in a lake, and of files that are not read yet."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from affectflow import stages
from affectflow.batches.batch import with_column
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.planning import foresee as foreseeing
from affectflow.planning.foresee import Terms, plan_analysis, plan_lake
from affectflow.planning.ledger import StagePlan
from affectflow.planning.rehearse import Analysis
from affectflow.schemas import ANNOTATIONS_COLUMN
from affectflow.stages.mine import MineTask, mine_annotator
from tests.given.factories import utterances
from tests.given.mined_turns import emotion
from tests.given.moved_lakes import TEXTS
from tests.given.posts import jsonl, write_posts
from tests.given.rehearsals import Rehearsing, files_in
from tests.given.stage_runs import store

TERMS = Terms(sample=60)


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> Rehearsing:
    """Stands for the rehearsal; the stages have tests of their own."""
    found = Rehearsing()
    monkeypatch.setattr(foreseeing, "rehearse", found)
    return found


def labelled(count: int, annotator_id: str = "hand") -> pa.RecordBatch:
    texts = [f"I am annoyed because the build takes {n} hours" for n in range(count)]
    batch = utterances(
        *texts,
        utterance_id=[f"test:{n}" for n in range(count)],
        conversation_id=[f"test:t{n // 2}" for n in range(count)],
    )
    found = [[emotion("annoyance", annotator_id=annotator_id)]] * count
    return with_column(
        batch, ANNOTATIONS_COLUMN, pa.array(found, ANNOTATIONS_COLUMN.type)
    )


def by_stage(plans: list[StagePlan]) -> dict[str, StagePlan]:
    return {plan.stage: plan for plan in plans}


# -- a lake ------------------------------------------------------------------------


def test_a_plan_of_a_lake_says_what_is_left_and_writes_nothing(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    store(str(tmp_path / "lake"), utterances(*TEXTS))
    lake = Lake.open(str(tmp_path / "lake"))
    before, entries = files_in(lake), lake.committed("utterances").values()

    plans = by_stage(plan_lake(lake.uri, TERMS))

    assert files_in(lake) == before
    assert list(plans) == ["annotate", "mine", "themes"]
    for stage in ("annotate", "mine"):
        plan = plans[stage]
        assert (plan.rows, plan.units, plan.units_done) == (24, len(entries), 0)
        assert plan.bytes_in == sum(entry.size for entry in entries)
    assert rehearsed.rows.num_rows == 24
    assert rehearsed.asked["of_a_part"] == 24 / len(entries)
    assert rehearsed.asked["model"]


def test_the_parts_of_a_lake_are_listed_once(
    tmp_path: Path, rehearsed: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(str(tmp_path / "lake"), labelled(8))
    listed, looked = [], []
    monkeypatch.setattr(foreseeing, "all_parts", noting(listed, foreseeing.all_parts))
    monkeypatch.setattr(MineTask, "ready", noting(looked, MineTask.ready))

    plans = plan_lake(str(tmp_path / "lake"), TERMS)

    assert (len(listed), len(looked)) == (1, 2)
    mined = [plan.labels_of.partition("@")[0] for plan in plans if plan.stage == "mine"]
    assert mined == ["EmbeddedEmotions", "hand"]


def noting(calls: list[Any], function: Any) -> Any:
    def note(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return note


def test_labels_that_are_there_are_mined_as_they_are(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    uri = str(tmp_path / "lake")
    store(uri, labelled(8))

    _, own, hand, _ = plan_lake(uri, TERMS)

    assert (own.rows, hand.rows) == (8, 8)
    carried = rehearsed.rows[ANNOTATIONS_COLUMN.name].to_pylist()
    assert [[each["annotator_id"] for each in row] for row in carried] == [["hand"]] * 8


def test_a_model_over_another_is_planned_with_the_labels_that_it_reads(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    uri = str(tmp_path / "lake")
    store(uri, labelled(8))
    analysis = Analysis(model="ConversationEmotions", over="ha")

    first, *_ = plan_lake(uri, TERMS, analysis)

    assert (first.stage, first.rows) == ("annotate", 8)
    carried = rehearsed.rows[ANNOTATIONS_COLUMN.name].to_pylist()
    assert [[each["annotator_id"] for each in row] for row in carried] == [["hand"]] * 8
    with pytest.raises(UsageError, match="does not call the model"):
        plan_lake(uri, TERMS, replace(analysis, only_below="learn"))


def test_a_plan_of_files_has_no_labels_for_a_model_to_read(tmp_path: Path) -> None:
    source = jsonl(write_posts(tmp_path / "posts.jsonl", 4))
    analysis = Analysis(model="ConversationEmotions", over="hand")

    with pytest.raises(UsageError, match="answers, which files do not have: ingest"):
        plan_analysis(source, str(tmp_path / "lake"), TERMS, analysis)


def rating(folder: Path) -> Analysis:
    """Returns an analysis with a table of ratings, which is 13 bytes long."""
    (folder / "call.csv").write_text("time,joy\n0,1\n")
    tracks = {"tracks": str(folder / "call.csv")}
    return Analysis(renderer="RenderSeries", renderer_options=tracks)


def test_cues_that_are_to_come_are_planned_with_their_files(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    uri, analysis = str(tmp_path / "lake"), rating(tmp_path)
    store(uri, utterances(*TEXTS))
    parts = Lake.open(uri).committed("utterances").values()

    first, *rest = plan_lake(uri, TERMS, analysis)

    assert [plan.stage for plan in rest] == ["annotate", "mine", "themes"]
    assert (first.stage, first.rows, first.files) == ("textualize", 24, 1)
    assert (first.units, first.units_done) == (len(parts), 0)
    assert first.bytes_in == 13 + sum(part.size for part in parts)
    assert first.wall_seconds == pytest.approx(0.5 + 0.024, abs=0.01)


def test_cues_that_are_there_would_be_skipped(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    uri, analysis = str(tmp_path / "lake"), rating(tmp_path)
    store(uri, utterances(*TEXTS))
    row = stages.textualize_lake(
        uri, renderer=analysis.renderer, options=analysis.renderer_options
    )

    first, own, *_ = plan_lake(uri, TERMS, analysis)

    assert (first.rows, first.rows_done, first.files) == (0, 24, 0)
    assert first.config_digest == row["config_digest"]
    assert (own.stage, own.rows) == ("annotate", 24)


def test_a_plan_of_files_has_the_cues_before_the_labels(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    source = jsonl(write_posts(tmp_path / "posts.jsonl", 40))

    plans = plan_analysis(source, str(tmp_path / "lake"), TERMS, rating(tmp_path))

    cues = by_stage(plans)["textualize"]
    assert [plan.stage for plan in plans[:3]] == ["ingest", "textualize", "annotate"]
    assert (cues.rows, cues.files, cues.ingest_digest) == (
        *(40, 1),
        plans[0].config_digest,
    )


@pytest.mark.rotated
def test_what_is_done_would_be_skipped(tmp_path: Path, rehearsed: Rehearsing) -> None:
    uri = str(tmp_path / "lake")
    store(uri, labelled(8))
    mine_annotator(Lake.open(uri), Analysis().step(), "hand", "run", 0.05, ())

    _, own, hand, themes = plan_lake(uri, TERMS)

    assert (own.rows, own.rows_done) == (8, 0)
    assert (hand.rows, hand.rows_done, hand.wall_seconds) == (0, 8, 0.0)
    assert hand.units_done == len(Lake.open(uri).parts())
    # Eight that are there, and one of each row that is to be mined.
    assert themes.rows == 8 + 8


def test_themes_that_are_up_to_date_are_neither_planned_nor_rehearsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rehearsed: Rehearsing
) -> None:
    monkeypatch.setattr(foreseeing, "unchanged_causes", lambda *_: 48)

    *_, themes = plan_lake(Lake.create(str(tmp_path / "lake")).uri, TERMS)

    assert (themes.rows, themes.rows_done, themes.wall_seconds) == (0, 48, 0.0)
    assert rehearsed.rows is None


def test_a_lake_without_utterances_needs_no_rehearsal(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    plans = plan_lake(Lake.create(str(tmp_path / "lake")).uri, TERMS)

    assert [(plan.rows, plan.wall_seconds) for plan in plans] == [(0, 0.0)] * 3
    assert rehearsed.rows is None


def test_a_lake_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(LakeError):
        plan_lake(str(tmp_path), TERMS)


# -- from the first file -----------------------------------------------------------


def test_a_plan_of_files_goes_from_the_first_row_to_the_themes(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    posts, target = write_posts(tmp_path / "posts.jsonl", 400), tmp_path / "new"

    plans = by_stage(plan_analysis(jsonl(posts), str(target), TERMS))

    assert not target.exists()
    assert list(plans) == ["ingest", "annotate", "mine", "themes"]
    ingest = plans["ingest"]
    assert (ingest.files, ingest.units, ingest.rows) == (1, 1, 400)
    assert ingest.bytes_in == posts.stat().st_size
    assert plans["annotate"].rows == plans["mine"].rows == 400
    assert {plan.ingest_digest for plan in plans.values()} == {ingest.config_digest}
    # 100 conversations in 16 buckets: each has one.
    assert plans["annotate"].units == 16
    assert rehearsed.rows.num_rows == 60
    assert rehearsed.asked["of_a_part"] == 400 / 16


def test_a_file_without_a_row_takes_nothing(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    (tmp_path / "empty.jsonl").write_text("")

    plans = plan_analysis(
        jsonl(tmp_path / "empty.jsonl"), str(tmp_path / "lake"), TERMS
    )

    assert [(plan.rows, plan.units) for plan in plans[1:]] == [(0, 0), (0, 0), (0, 1)]
    assert rehearsed.rows is None


@pytest.mark.parametrize(
    ("analysis", "said"),
    [
        pytest.param({"model": "EmbeddedEmotion"}, "EmbeddedEmotions", id="model"),
        pytest.param({"miner": "RuleMinr"}, "RuleMiner", id="miner"),
        pytest.param({"clusterer": "Themes"}, "no plugin", id="clusterer"),
        pytest.param(
            {"options": {"batch": "3"}}, "unknown option `batch`", id="option"
        ),
        pytest.param(
            {"miner_options": {"n": "3"}}, "unknown option `n`", id="its option"
        ),
    ],
)
def test_what_does_not_exist_is_said_before_a_row_is_read(
    tmp_path: Path, rehearsed: Rehearsing, analysis: dict[str, Any], said: str
) -> None:
    source = jsonl(write_posts(tmp_path / "posts.jsonl", 4))

    with pytest.raises(UsageError, match=said):
        plan_analysis(source, str(tmp_path / "lake"), TERMS, Analysis(**analysis))

    assert rehearsed.rows is None


# -- against what happens ----------------------------------------------------------


@pytest.mark.proof
def test_a_forecast_is_near_what_happens(tmp_path: Path) -> None:
    source = jsonl(write_posts(tmp_path / "posts.jsonl", 4000))
    uri = str(tmp_path / "lake")
    planned = plan_analysis(source, uri, Terms(sample=1000))
    stages.ingest_source(source, uri)
    lake = Lake.open(uri)
    rows = [stages.annotate_lake(uri), *stages.mine_lake(uri)]

    plans = by_stage(planned)
    for row in rows:
        plan, seconds = plans[row["stage"]], row["ended"] - row["started"]
        assert plan.rows == pytest.approx(row["rows_in"], rel=0.1)
        assert plan.config_digest == row["config_digest"]
        assert plan.peak_rss_bytes == pytest.approx(row["peak_rss_bytes"], rel=0.5)
        # Others may be at work on this machine meanwhile.
        assert 1 / 4 < plan.wall_seconds / seconds.total_seconds() < 4
    for stage, table in (("annotate", "annotations"), ("mine", "causes")):
        size = sum(entry.size for entry in lake.committed(table).values())
        assert plans[stage].bytes_out == pytest.approx(size, rel=0.4)


# -- what the lake has already -------------------------------------------------------


@pytest.mark.rotated
def test_a_plan_leaves_out_what_an_ingest_would_leave_out(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    first = write_posts(tmp_path / "first.jsonl", 40)
    # A file that was written this moment may still be growing.
    os.utime(first, (1_700_000_000, 1_700_000_000))
    uri = str(tmp_path / "lake")
    stages.ingest_source(jsonl(first), uri)

    same = by_stage(plan_analysis(jsonl(first), uri, TERMS))

    # What annotate does is what is left to do in the lake.
    assert (same["ingest"].rows, same["ingest"].units_done) == (0, 1)
    assert same["annotate"].rows == 40

    # Ten of the fifty messages of a file that grew are new; the other file is closed.
    grown = write_posts(tmp_path / "grown.jsonl", 50)
    more = by_stage(plan_analysis(jsonl(first, grown), uri, TERMS))

    assert (more["ingest"].files, more["ingest"].units_done) == (1, 1)
    assert (more["ingest"].rows, more["annotate"].rows) == (50, 10)
    # Workers elsewhere open every file.
    every = by_stage(plan_analysis(jsonl(first, grown), uri, TERMS, reread=True))
    assert (every["ingest"].files, every["ingest"].units_done) == (2, 0)
