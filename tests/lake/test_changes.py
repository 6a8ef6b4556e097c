"""Diff: what changed between two runs, read back from the versions of the tables."""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from affectflow import Card
from affectflow.cli import upkeep
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.lake.agreement import Move
from affectflow.lake.changes import Setting, diff
from affectflow.schemas import ANNOTATIONS, TABLES
from affectflow.stages.runs.receipts import Receipt
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import write_run
from affectflow.stages.upkeep.compact import compact
from affectflow.stages.upkeep.gc import collect
from tests.compacting.lakes import annotate
from tests.given.factories import DAY, utterances
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, store
from tests.given.validation_lakes import add

pytestmark = pytest.mark.rotated


@dataclass(kw_only=True)
class Contrary(FakeHandler):
    """Calls calm what the fake calls annoying, in the first ten texts."""

    name: str = "contrary"
    card: ClassVar[Card] = Card(summary="a fake model, for tests of comparisons")

    def _label(self, text: str) -> dict[str, Any]:
        label = super()._label(text)
        if text.endswith(" 0"):
            label["label"] = "neutral"
        return label


TEXTS = [f"so annoying {n % 2}" if n < 4 else f"text {n}" for n in range(8)]


@pytest.fixture(scope="module")
def prepared(
    tmp_path_factory: pytest.TempPathFactory, own_configuration: None
) -> tuple[Path, dict[str, str]]:
    """A lake, and the run ids of what was done to it."""
    folder = tmp_path_factory.mktemp("prepared") / "lake"
    uri = str(folder)
    Lake.create(uri, buckets=1)
    ids = {"ingest": store(uri, utterances(*TEXTS))["run_id"]}
    ids["fake"] = annotate(uri, FakeHandler())["run_id"]
    ids["contrary"] = annotate(uri, Contrary())["run_id"]
    changed = utterances("calm now", utterance_id="test:1", edited_at=DAY)
    new = utterances("so annoying", utterance_id="test:new", conversation_id="test:new")
    ids["changed"] = store(uri, changed, new)["run_id"]
    ids["again"] = annotate(uri, FakeHandler())["run_id"]
    ids["compact"] = compact(uri)["run_id"]
    return folder, ids


@pytest.fixture
def lake(prepared: tuple[Path, dict[str, str]]) -> str:
    return str(prepared[0])


@pytest.fixture
def run(prepared: tuple[Path, dict[str, str]]) -> dict[str, str]:
    return prepared[1]


def changed_tables(lake: str, a: str, b: str) -> dict[str, tuple[int, int, int, int]]:
    """Returns rows a, rows b, added and removed of the tables that changed."""
    found = diff(lake, a, b).tables
    return {
        t.table: t[1:] for t in found if t.rows_a != t.rows_b or t.added or t.removed
    }


# -- runs and settings -------------------------------------------------------------


def test_a_run_knows_the_version_of_every_table(lake, run):
    query = f"SELECT table_versions FROM runs WHERE run_id = '{run['fake']}'"
    versions = ask(lake, query)[0][0]

    assert versions.keys() == TABLES.keys()
    assert (versions["annotations"], versions["utterances"]) == (1, 1)


def test_settings_that_differ_are_named(lake, run):
    assert diff(lake, run["fake"], run["contrary"]).settings == [
        Setting("annotator_id", "fake@1", "contrary@1"),
        Setting("arguments.name", "fake", "contrary"),
        Setting("handler", "FakeHandler", "Contrary"),
    ]


def test_settings_that_only_one_run_has_are_named(lake, run):
    settings = diff(lake, run["ingest"], run["fake"]).settings

    assert Setting("stage", "ingest", "annotate") in settings
    assert Setting("test", "1", None) in settings
    assert Setting("annotator_id", None, "fake@1") in settings


def test_settings_that_neither_run_was_given_are_not_listed(tmp_path):
    lake = Lake.create(str(tmp_path / "lake"))
    given = [{"model": "", "tasks": [], "over": None, "cues": "words"}, {}]
    runs = [
        write_run(lake, new_request(lake, "annotate", each), Receipt())["run_id"]
        for each in given
    ]

    assert diff(lake.uri, *runs).settings == [Setting("cues", "words", None)]


def test_a_library_that_changed_is_named(tmp_path, monkeypatch):
    uri = str(tmp_path / "lake")
    first = store(uri, utterances("one"))["run_id"]
    monkeypatch.setattr(
        "affectflow.stages.runs.run.version", lambda name: f"9.9 of {name}"
    )
    request = new_request(Lake.open(uri), "ingest", {"test": 1})
    second = write_run(Lake.open(uri), request, Receipt())["run_id"]

    found = {s.name: s.b for s in diff(uri, first, second).settings}

    assert found["pyarrow"] == "9.9 of pyarrow"
    assert "python" not in found


@pytest.mark.parametrize("cut", [0, 2], ids=["a typo", "cut off"])
def test_a_run_that_is_not_there_is_answered_with_the_nearest(lake, run, cut):
    typo = f"{run['fake'][: -1 - cut]}" if cut else f"{run['fake'][:-1]}x"

    with pytest.raises(UsageError, match=rf"no run '{typo}'.*{run['fake']}/annotate"):
        diff(lake, typo, run["again"])


def test_a_stage_that_a_run_does_not_have_is_answered_with_the_one_it_has(lake, run):
    with pytest.raises(UsageError, match=f"{run['fake']}/annotate"):
        diff(lake, f"{run['fake']}/mine", run["again"])


def test_of_a_run_with_two_stages_the_last_counts_or_the_one_that_is_named(tmp_path):
    uri = str(tmp_path / "lake")
    store(uri, utterances("one"), run_id="both")
    lake = Lake.open(uri)
    write_run(lake, new_request(lake, "other", {}, run_id="both"), Receipt())

    assert diff(uri, "both", "both/ingest").a.stage == "other"
    assert diff(uri, "both", "both/ingest").b.stage == "ingest"


def test_a_lake_without_runs_says_what_to_do(tmp_path):
    uri = str(tmp_path / "lake")
    Lake.create(uri)

    with pytest.raises(UsageError, match="no runs yet; first run `affectflow ingest`"):
        diff(uri, "a", "b")


# -- rows --------------------------------------------------------------------------


def test_a_run_and_itself_differ_in_nothing(lake, run):
    changes = diff(lake, run["again"], run["again"])

    assert changes.settings == []
    assert all(t.rows_a == t.rows_b and not t.added for t in changes.tables)
    assert changes.labels is not None
    assert changes.labels.agreement == 1.0


def test_rows_that_an_annotator_adds_are_counted(lake, run):
    assert changed_tables(lake, run["fake"], run["contrary"]) == {
        "annotations": (8, 16, 8, 0),
        "annotators": (1, 2, 1, 0),
    }


@pytest.mark.rotated
def test_the_other_way_round_what_was_added_is_removed(lake, run):
    assert changed_tables(lake, run["contrary"], run["fake"]) == {
        "annotations": (16, 8, 0, 8),
        "annotators": (2, 1, 0, 1),
    }


def test_a_changed_message_is_one_row_less_and_one_more(lake, run):
    found = changed_tables(lake, run["contrary"], run["changed"])

    # One changed, one new.
    assert found["utterances"] == (8, 9, 2, 1)
    assert found["conversations"] == (1, 2, 1, 0)


def test_compact_changes_files_and_no_rows(lake, run):
    assert changed_tables(lake, run["again"], run["compact"]) == {}


def test_a_state_that_gc_removed_says_so_with_the_cure(prepared, run, tmp_path):
    lake = str(shutil.copytree(prepared[0], tmp_path / "lake"))
    collect(lake, older_than_days=0)

    with pytest.raises(LakeError, match=r"`affectflow gc` removed it; compare later"):
        diff(lake, run["ingest"], run["compact"])


def test_a_state_whose_files_alone_are_gone_says_so_too(prepared, run, tmp_path):
    lake = shutil.copytree(prepared[0], tmp_path / "lake")
    live = Lake.open(str(lake)).committed("utterances")
    for file in (lake / "utterances").glob("*.parquet"):
        if file.name not in live:
            file.unlink()

    with pytest.raises(LakeError, match=r"'utterances' after run .* is gone"):
        diff(str(lake), run["ingest"], run["compact"])


def test_a_state_within_the_cutoff_of_gc_can_still_be_compared(prepared, run, tmp_path):
    lake = shutil.copytree(prepared[0], tmp_path / "lake")
    then = time.time() - 30 * 86_400
    for file in lake.rglob("*.parquet"):
        if "_delta_log" not in file.parts:
            os.utime(file, (then, then))
    collect(str(lake))

    assert changed_tables(str(lake), run["ingest"], run["compact"])["utterances"] == (
        8,
        9,
        2,
        1,
    )


def test_what_the_digest_leaves_out_is_no_row_of_either_run(prepared, run, tmp_path):
    lake = Lake.open(str(shutil.copytree(prepared[0], tmp_path / "lake")))
    maybe = {**dict.fromkeys(ANNOTATIONS.names), "chosen": False, "label": "joy"}
    add(lake, "annotations", "maybe.parquet", [maybe])
    last = write_run(lake, new_request(lake, "ingest", {}), Receipt())["run_id"]

    assert changed_tables(lake.uri, run["compact"], last) == {}
    (found,) = (
        t
        for t in diff(lake.uri, run["compact"], last).tables
        if t.table == "annotations"
    )
    # Two annotators of eight texts, one of them also of the new one.
    assert (found.rows_a, found.rows_b) == (17, 17)


# -- labels ------------------------------------------------------------------------


def test_two_annotators_are_compared_utterance_by_utterance(lake, run):
    labels = diff(lake, run["contrary"], run["again"]).labels

    # Of the part that was replaced, `contrary` has labelled the older version only.
    assert labels is not None
    assert (labels.annotator_a, labels.annotator_b) == ("contrary@1", "fake@1")
    assert (labels.n, labels.same) == (8, 5)
    assert (labels.only_a, labels.only_b) == (0, 1)
    assert labels.moves == [
        Move("emotion", "neutral", "annoyance", 2, ["test:0", "test:2"]),
        Move("emotion", "annoyance", "neutral", 1, ["test:1"]),
    ]


def test_one_annotator_at_two_times_shows_what_changed(lake, run):
    labels = diff(lake, run["fake"], run["again"]).labels

    assert labels is not None
    assert (labels.n, labels.same, labels.only_a, labels.only_b) == (8, 7, 0, 1)
    assert labels.moves == [Move("emotion", "annoyance", "neutral", 1, ["test:1"])]


def test_runs_that_did_not_both_annotate_have_no_labels_to_compare(lake, run):
    assert diff(lake, run["ingest"], run["fake"]).labels is None


# -- the command -------------------------------------------------------------------


def test_the_command_prints_tables(lake, run, capsys):
    assert upkeep.diff(lake, run["contrary"], run["again"], "table") == 0

    out = capsys.readouterr().out
    for said in ("contrary@1", "rows a", "annotations", "kappa", "test:0, test:2"):
        assert said in out


def test_the_command_prints_one_json_object(lake, run, capsys):
    upkeep.diff(lake, run["contrary"], run["again"], "json")

    said = json.loads(capsys.readouterr().out)
    assert said["a"]["run_id"] == run["contrary"]
    assert said["settings"][0] == {
        "name": "annotator_id",
        "a": "contrary@1",
        "b": "fake@1",
    }
    tables = {each["table"]: each for each in said["tables"]}
    assert tables["utterances"]["added"] == 2
    assert said["labels"]["agreement"] == pytest.approx(5 / 8)
    assert said["labels"]["moves"][0]["examples"] == ["test:0", "test:2"]


def test_the_commands_compact_and_gc_say_what_they_did(prepared, tmp_path, capsys):
    lake = str(shutil.copytree(prepared[0], tmp_path / "lake"))

    assert upkeep.compact(lake) == 0
    assert upkeep.gc(lake, 0, True) == 0
    assert upkeep.gc(lake, 0, False) == 0

    said = capsys.readouterr()
    assert "1 part before, 1 part after" in said.err
    assert "would remove" in said.out
    assert "results" in said.out
