"""The command `plan`: what it prints, what it keeps, what it refuses."""

import inspect
import json
import re
from pathlib import Path

import pytest

from affectflow.cli import pipelines, planning
from affectflow.cli.reading import OPTIONS as READING
from affectflow.errors import StorageError
from affectflow.lake import Lake
from affectflow.planning import foresee as foreseeing
from affectflow.planning.ledger import FOLDER
from affectflow.storage import Storage
from tests.given.command_line import affectflow
from tests.given.posts import write_posts
from tests.given.rehearsals import Rehearsing, files_in
from tests.given.stage_runs import ask, store
from tests.planning.test_foresee import labelled

SET = ("--set", "tasks=emotion", "--set", "history=4")


@pytest.fixture
def rehearsed(monkeypatch: pytest.MonkeyPatch) -> Rehearsing:
    found = Rehearsing()
    monkeypatch.setattr(foreseeing, "rehearse", found)
    return found


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(str(tmp_path / "lake"))


def test_it_prints_a_table_and_notes_the_plan(
    lake: Lake, rehearsed: Rehearsing
) -> None:
    before = files_in(lake)
    said = affectflow("plan", lake.uri)

    assert said.code == 0, said.err
    words = ("annotate", "mine", "themes", "together")
    assert [word for word in words if word not in said.out] == []
    new = files_in(lake) - before
    assert {str(Path(path).parent) for path in new} == {"/".join(FOLDER)}
    assert len(new) == 3


def test_of_two_annotators_it_says_whose_emotions_are_mined(
    lake: Lake, rehearsed: Rehearsing
) -> None:
    store(lake.uri, labelled(8))

    said = affectflow("plan", lake.uri).out

    assert re.findall(r"mine (\w+)", said) == ["EmbeddedEmotions", "hand"]


@pytest.mark.rotated
def test_a_plan_for_a_new_lake_makes_no_lake_and_status_shows_it_later(
    tmp_path: Path, rehearsed: Rehearsing
) -> None:
    posts, target = write_posts(tmp_path / "posts.jsonl", 400), tmp_path / "new"
    asked = (posts, "--to", target, "--sample", "60", "--price-per-hour", "3")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}

    said = affectflow("plan", *asked, "--format", "json", **cache)
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [row["stage"] for row in rows] == ["ingest", "annotate", "mine", "themes"]
    assert rows[0]["cost"] == rows[0]["wall_seconds"] / 3600 * rows[0]["workers"] * 3
    assert not target.exists()

    assert affectflow("ingest", posts, "--to", target, **cache).code == 0
    lines = affectflow("status", target).out.splitlines()
    head = next(n for n, line in enumerate(lines) if "rows planned" in line)
    shown = [cell.strip() for cell in lines[head + 2].split("│")]
    assert shown[1:4] == ["ingest", "400", "400"]


def test_a_plan_that_cannot_be_kept_is_shown(
    lake: Lake, rehearsed: Rehearsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("the file system is read-only")

    monkeypatch.setattr(Storage, "write", refuse)

    done = affectflow("plan", lake.uri)

    assert (done.code, "annotate" in done.out) == (0, True)
    assert f"this plan is not saved for later runs: {lake.uri!r} cannot" in done.err


def test_options_reach_the_model_and_the_miner(
    lake: Lake, rehearsed: Rehearsing
) -> None:
    """A plan is for the run with these settings: its digest says so."""
    plain, given = digests(lake.uri), digests(lake.uri, *SET)

    assert [one != other for one, other in zip(plain, given, strict=True)] == [
        *(True, True),
        False,
    ]


def test_a_renderer_is_planned_with_its_options(
    tmp_path: Path, lake: Lake, rehearsed: Rehearsing
) -> None:
    (tmp_path / "call.csv").write_text("time,joy\n0,1\n")
    named = ("--renderer", "RenderSeries", "--set", f"tracks={tmp_path / 'call.csv'}")

    said = affectflow("plan", lake.uri, *named, "--set", "hz=10")

    assert said.code == 0, said.err
    assert "textualize" in said.out
    first, *_ = digests(lake.uri, *named, "--set", "hz=10")
    assert first != digests(lake.uri, *named)[0]


@pytest.mark.parametrize(
    "reading",
    [
        pytest.param(("--include-private", "--keep-deleted"), id="private, deleted"),
        pytest.param(("--set", "day_first=true"), id="an option of the source"),
    ],
)
@pytest.mark.rotated
def test_a_plan_reads_as_ingest_reads(
    tmp_path: Path, rehearsed: Rehearsing, reading: tuple[str, ...]
) -> None:
    posts, target = write_posts(tmp_path / "posts.jsonl", 40), tmp_path / "lake"
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    asked = (*reading, "--set", "tasks=emotion", "--format", "json")

    said = affectflow("plan", posts, "--to", target, *asked, **cache)
    assert said.code == 0, said.err
    (planned, *_) = [json.loads(line) for line in said.out.splitlines()]
    done = affectflow("ingest", posts, "--to", target, *reading, **cache)

    assert done.code == 0, done.err
    query = "SELECT config_digest FROM runs WHERE stage = 'ingest'"
    assert ask(str(target), query) == [(planned["config_digest"],)]


def test_what_is_read_is_one_list_of_options_for_all_commands() -> None:
    """`plan` would say what another reading costs, if it took fewer of them."""
    named = set(READING)
    for command in (pipelines.ingest, pipelines.analyze, planning.plan):
        assert named <= set(inspect.signature(command).parameters), command.__name__


def digests(*arguments: str) -> list[str]:
    said = affectflow("plan", *arguments, "--format", "json")
    assert said.code == 0, said.err
    return [json.loads(line)["config_digest"] for line in said.out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["."], "plan PATH... --to LAKE", id="no lake to go to"),
        pytest.param([__file__, "--to", __file__], "is a file; a lake", id="a file"),
        pytest.param(
            ["LAKE", "--set", "nonsense=1"], "unknown option `nonsense`", id="option"
        ),
        pytest.param(
            ["LAKE", "--renderer", "RenderSeries"], "--set tracks=", id="tables"
        ),
        pytest.param(
            ["LAKE", "--", "--runner=SparkRunner"], "--workers N", id="cluster"
        ),
        pytest.param(
            ["LAKE", "--workers", "2", "--", "--nonsense"], "no option", id="beam"
        ),
    ],
)
def test_what_cannot_be_planned_is_the_callers_mistake(
    lake: Lake, arguments: list[str], said: str
) -> None:
    given = [lake.uri if each == "LAKE" else each for each in arguments]

    refused = affectflow("plan", *given)

    assert refused.code == 2
    assert said in refused.last_line
