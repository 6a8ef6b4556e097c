import json
from pathlib import Path

import pytest

from affectflow import stages, testing
from affectflow.errors import UsageError
from affectflow.lake import Lake
from affectflow.stages.annotate import AnnotateTask, annotate_parts
from affectflow.stages.replay import _grouped, _grouping_of, replay
from affectflow.stages.replay.parts import ReplayTask
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from tests.compacting import lakes
from tests.given.factories import utterances
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, counts, reconciles, store

pytestmark = pytest.mark.rotated

TEXTS = ("this is annoying", "poison", "fine", "poison too")


@pytest.fixture
def lake(tmp_path: Path) -> str:
    uri = str(tmp_path / "lake")
    store(uri, utterances(*TEXTS))
    return uri


def annotate(lake_uri: str, handler: FakeHandler, *, again: bool = False) -> dict:
    """Annotates with a fake model, every bundle twice: routing and counting only."""
    lake = Lake.open(lake_uri)
    config = {"handler": "FakeHandler", "annotator_id": "fake@1", "again": again}
    stage = "replay" if again else "annotate"
    request = new_request(lake, stage, config)
    task = AnnotateTask(request, handler)
    chosen = ReplayTask(task) if again else task
    return run_stage(
        lake,
        request,
        lambda p: annotate_parts(p, chosen, handler),
        testing.WITH_RETRIES,
    )


def letters(lake: str) -> list[tuple[str, str]]:
    query = "SELECT utterance_id, status FROM dead_letters ORDER BY 1"
    return ask(lake, query)


def labels(lake: str) -> list[tuple[str, str]]:
    return ask(lake, "SELECT utterance_id, label FROM annotations ORDER BY 1")


def test_a_letter_that_works_now_is_merged_once_and_marked(lake):
    annotate(lake, FakeHandler(poison="poison"))
    assert letters(lake) == [("test:1", "open")]

    row = annotate(lake, FakeHandler(), again=True)

    assert counts(row) == {"in": 1, "out": 1}
    assert reconciles(row)
    assert letters(lake) == [("test:1", "replayed")]
    assert [utterance for utterance, _ in labels(lake)] == [
        f"test:{n}" for n in range(4)
    ]


@pytest.mark.rotated
def test_a_letter_that_fails_again_stays_open(lake):
    annotate(lake, FakeHandler(poison="poison"))

    row = annotate(lake, FakeHandler(poison="poison"), again=True)

    assert counts(row) == {"in": 1, "dead": 1}
    assert letters(lake) == [("test:1", "open")]
    assert len(labels(lake)) == 3


@pytest.mark.rotated
def test_only_the_dead_letters_are_asked_again(lake, tmp_path):
    annotate(lake, FakeHandler(poison="poison"))
    calls = tmp_path / "calls"

    annotate(lake, FakeHandler(calls=str(calls)), again=True)

    assert set(calls.read_text().split()) == {"1"}


def test_a_second_replay_finds_nothing_to_do(lake):
    annotate(lake, FakeHandler(poison="poison"))
    annotate(lake, FakeHandler(), again=True)

    row = annotate(lake, FakeHandler(), again=True)

    assert counts(row) == {}
    assert len(labels(lake)) == 4


def test_rollups_count_what_was_replayed(lake):
    annotate(lake, FakeHandler(poison="poison"))
    annotate(lake, FakeHandler(), again=True)

    found = ask(lake, "SELECT label, n, chosen FROM rollups ORDER BY 1")

    assert found == [("annoyance", 4, 1), ("neutral", 4, 3)]


@pytest.mark.rotated
def test_annotating_after_a_replay_changes_nothing(lake):
    annotate(lake, FakeHandler(poison="poison"))
    annotate(lake, FakeHandler(), again=True)

    row = annotate(lake, FakeHandler())

    assert counts(row) == {"in": 4, "unchanged": 4}
    assert len(labels(lake)) == 4


@pytest.mark.rotated
def test_a_replay_cut_short_before_its_commit_is_made_up_for(lake, monkeypatch):
    annotate(lake, FakeHandler(poison="poison"))
    before = Lake.open(lake).committed("annotations")
    with monkeypatch.context() as patch:
        patch.setattr("affectflow.lake.commits.commit", _fail)
        with pytest.raises(Exception, match="cut short"):
            annotate(lake, FakeHandler(), again=True)
    assert Lake.open(lake).committed("annotations") == before

    annotate(lake, FakeHandler())

    assert len(labels(lake)) == 4
    assert letters(lake) == [("test:1", "replayed")]


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("cut short")


@pytest.mark.rotated
def test_what_was_replayed_is_mined_afterwards(lake):
    annotate(lake, FakeHandler(poison="this is annoying"))
    stages.mine_lake(lake, annotator_id="fake@1")
    assert ask(lake, "SELECT count(*) FROM causes") == [(0,)]
    annotate(lake, FakeHandler(), again=True)

    stages.mine_lake(lake, annotator_id="fake@1")

    assert ask(lake, "SELECT DISTINCT utterance_id FROM causes") == [("test:0",)]


@pytest.mark.rotated
def test_themes_are_grouped_again_by_the_clusterer_that_grouped_them(lake):
    annotate(lake, FakeHandler())
    stages.mine_lake(lake, annotator_id="fake@1", clusterer_options={"min_size": 7})

    again = _grouping_of(_grouped(Lake.open(str(lake))))

    assert again.load_clusterer().min_size == 7


# -- ingest ------------------------------------------------------------------------

BROKEN = '{"id": "2", "text": "tw'


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "posts.jsonl"
    lines = ['{"id": "1", "text": "one"}', BROKEN, '{"id": "3"}']
    path.write_text("\n".join(lines) + "\n")
    return path


def ingest(dump: Path, lake: Path, *more: Path) -> dict:
    from affectflow_connectors.jsonl import ReadJsonl

    mapping = {"utterance_id": "id", "text": "text"}
    paths = [str(path) for path in (dump, *more)]
    source = ReadJsonl(paths=paths, mapping=mapping)
    return stages.ingest_source(source, str(lake), budget=1)


def test_refused_rows_are_read_again_and_merged_once(dump, tmp_path):
    ingest(dump, tmp_path / "lake")
    # Another line of the same length: places in the file stay.
    dump.write_text(dump.read_text().replace(BROKEN, '{"id":"2","text":"two"}'))

    rows = replay(str(tmp_path / "lake"))

    assert [counts(row) for row in rows] == [{"in": 2, "out": 1, "dead": 1}]
    assert len(ask(str(tmp_path / "lake"), "SELECT 1 FROM utterances")) == 2
    statuses = ask(
        str(tmp_path / "lake"), "SELECT status FROM dead_letters ORDER BY origin"
    )
    assert statuses == [("replayed",), ("open",)]
    again = replay(str(tmp_path / "lake"))
    assert [(counts(row), row["state"]) for row in again] == [
        ({"in": 1, "dead": 1}, "done")
    ]


def _moved_away(dump: Path) -> None:
    dump.rename(dump.with_suffix(".away"))


def _longer_by_a_line(dump: Path) -> None:
    fixed = dump.read_text().replace(BROKEN, '{"id": "2", "text": "two, and more"}')
    dump.write_text('{"id": "0", "text": "zero"}\n' + fixed)


@pytest.mark.parametrize("edit", [_moved_away, _longer_by_a_line])
@pytest.mark.rotated
def test_a_letter_whose_row_was_not_read_stays_open_and_is_counted(
    dump, tmp_path, edit
):
    other = tmp_path / "other.jsonl"
    other.write_text(BROKEN + "\n")
    lake = tmp_path / "lake"
    ingest(dump, lake, other)
    edit(dump)
    other.write_text('{"id":"5","text":"five"}\n')

    (row,) = replay(str(lake))

    assert counts(row) == {"in": 1, "out": 1}
    assert dict(row["counters"])["letters_left_open"] == 2
    query = "SELECT status, count(*) FROM dead_letters GROUP BY 1 ORDER BY 1"
    assert ask(str(lake), query) == [("open", 2), ("replayed", 1)]


def test_a_row_that_moved_to_the_place_of_a_letter_mends_none(tmp_path):
    dump, lake = tmp_path / "posts.jsonl", tmp_path / "lake"
    dump.write_text(BROKEN + '\n{"id": "3", "text": "three"}\n')
    ingest(dump, lake)
    dump.write_text('{"id": "3", "text": "three"}\n')

    (row,) = replay(str(lake))

    assert counts(row) == {"in": 1, "unchanged": 1}
    assert dict(row["counters"])["letters_left_open"] == 1
    assert ask(str(lake), "SELECT status FROM dead_letters") == [("open",)]


def test_two_texts_under_one_id_are_not_tried_again(tmp_path):
    dump = tmp_path / "posts.jsonl"
    dump.write_text('{"id": "1", "text": "one"}\n{"id": "1", "text": "two"}\n')
    ingest(dump, tmp_path / "lake")

    assert replay(str(tmp_path / "lake")) == []


@pytest.mark.rotated
def test_a_file_that_is_gone_leaves_its_letters(dump, tmp_path):
    ingest(dump, tmp_path / "lake")
    dump.unlink()

    assert replay(str(tmp_path / "lake")) == []
    assert {
        s for (s,) in ask(str(tmp_path / "lake"), "SELECT status FROM dead_letters")
    } == {"open"}


def test_the_config_of_an_ingest_makes_its_source_again(dump, tmp_path):
    row = ingest(dump, tmp_path / "lake")

    config = json.loads(row["config"])

    assert config["source"] == "ReadJsonl"
    assert config["arguments"]["paths"] == [str(dump)]


def test_a_model_that_is_gone_stops_no_replay_of_others(dump, tmp_path):
    ingest(dump, tmp_path / "lake")
    annotate(str(tmp_path / "lake"), FakeHandler())  # no plugin has this name

    rows = replay(str(tmp_path / "lake"))

    assert [counts(row) for row in rows] == [{"in": 2, "dead": 2}]


@pytest.mark.rotated
def test_annotators_after_one_that_is_gone_are_replayed_too(lake):
    for name in ("fake", "other"):
        lakes.annotate(lake, FakeHandler(name=name, poison="poison"))
    told = []

    def handler_for(config: dict) -> FakeHandler:
        if config["annotator_id"] == "fake@1":
            raise UsageError("no model is named 'fake'")
        return FakeHandler(name="other")

    with pytest.raises(UsageError, match="not all could be replayed: no model is"):
        replay(lake, handler_for=handler_for, tell=told.append)

    assert [counts(row) for row in told] == [{"in": 1, "out": 1}]
    query = "SELECT status, count(*) FROM dead_letters GROUP BY 1 ORDER BY 1"
    assert ask(lake, query) == [("open", 1), ("replayed", 1)]


def test_an_ingest_of_somebodys_own_pipeline_is_left_as_it_is(lake):
    assert replay(lake) == []
