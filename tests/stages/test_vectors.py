"""Vectors in a lake: written by parts, as labels are, and by pipelines."""

import shutil
from pathlib import Path

import pytest

from affectflow import runners, testing
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.stages.ingest.write_lake import WriteLake
from affectflow.stages.replay import replay
from affectflow.stages.upkeep.compact import compact
from affectflow.steps import annotate as step
from affectflow_connectors.jsonl import ReadJsonl
from tests.compacting.lakes import annotate
from tests.given.command_line import affectflow
from tests.given.factories import DAY, utterances
from tests.given.fake_embedder import CountLetters
from tests.given.fake_model import Anything
from tests.given.messages import messages
from tests.given.stage_runs import ask, counts, store

HELD = "SELECT utterance_id, vector FROM vectors ORDER BY 1"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory, own_configuration) -> Path:
    folder = tmp_path_factory.mktemp("vectors")
    file = messages(folder / "in.jsonl", ["abba", "bee", "bad"])
    done = affectflow("ingest", file, "--source", "jsonl", "--to", folder / "lake")
    assert done.code == 0
    return folder


@pytest.fixture
def lake(ingested: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(ingested / "lake", tmp_path / "lake"))


def held(lake: str) -> list[list[float]]:
    return [vector for _, vector in ask(lake, HELD)]


@pytest.mark.rotated
def test_a_second_run_asks_nothing(lake, tmp_path):
    calls = tmp_path / "calls"

    rows = [annotate(lake, CountLetters(calls=str(calls))) for _ in range(2)]

    assert held(lake) == [[2, 2, 0], [0, 1, 2], [1, 1, 0]]
    assert [counts(row) for row in rows] == [
        {"in": 3, "out": 3},
        {"in": 3, "unchanged": 3},
    ]
    assert calls.read_text() == "3\n"
    kinds = "SELECT count(*) FROM annotations UNION ALL SELECT count(*) FROM rollups"
    assert ask(lake, kinds) == [(0,), (0,)]


@pytest.mark.proof
def test_a_text_that_failed_is_replayed_beside_the_others(lake):
    annotate(lake, CountLetters(poison="bad"))
    assert len(held(lake)) == 2

    rows = replay(lake, handler_for=lambda config: CountLetters())

    assert [counts(row) for row in rows] == [{"in": 1, "out": 1}]
    assert held(lake) == [[2, 2, 0], [0, 1, 2], [1, 1, 0]]


@pytest.mark.rotated
def test_a_lake_of_an_earlier_version_gets_the_table_with_its_first_vectors(lake):
    shutil.rmtree(Path(lake) / "vectors")
    before = digest(lake)
    assert held(lake) == []
    compact(lake)
    assert affectflow("gc", lake).code == 0

    annotate(lake, CountLetters())

    assert len(held(lake)) == 3
    assert digest(lake)["vectors"] != before["vectors"]
    assert "vectors" in {path.name for path in Path(lake).iterdir()}
    assert Lake.open(lake).committed("vectors")


@pytest.mark.proof
def test_a_pipeline_leaves_the_vectors_that_the_command_leaves(
    ingested, lake, tmp_path, monkeypatch
):
    monkeypatch.setattr(step, "handler_for", lambda *given: CountLetters())
    written = str(tmp_path / "written")

    def build(pipeline) -> None:
        read = pipeline | ReadJsonl(paths=[str(ingested / "in.jsonl")])
        _ = read | step.Annotate(model="CountLetters") | WriteLake(path=written)

    runners.run(build, testing.WITH_RETRIES)
    annotate(lake, CountLetters())

    assert held(written) == held(lake)
    again = annotate(written, CountLetters())
    assert counts(again) == {"in": 3, "unchanged": 3}


@pytest.mark.proof
def test_a_vector_that_no_step_signed_takes_the_place_of_the_one_before(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, utterances("abba", "bee"))
    annotate(uri, CountLetters())
    changed = utterances("aa", utterance_id="test:1", edited_at=DAY)

    store(uri, CountLetters().predict(changed, Anything()))

    assert held(uri) == [[2, 2, 0], [2, 0, 0]]
    annotate(uri, CountLetters())
    assert held(uri) == [[2, 2, 0], [2, 0, 0]]
