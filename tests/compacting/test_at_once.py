"""Compact beside other stages, and in any order with them."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affectflow import stages
from affectflow.lake import Lake
from affectflow.lake.commits import ConflictError
from affectflow.lake.tables import part_of
from affectflow.stages.annotate import folder_of
from affectflow.stages.runs import parts
from affectflow.stages.runs.committing import commit_results
from affectflow.stages.runs.results import Receipts
from affectflow.stages.upkeep import compact as compacting
from affectflow.stages.upkeep.compact import compact
from tests.compacting.lakes import (
    FAKE,
    POISON,
    annotate,
    answers,
    batch,
    part_count,
    renew,
)
from tests.given.factories import DAY
from tests.given.fake_model import FakeHandler
from tests.given.proving import in_proof
from tests.given.stage_runs import ask, counts, store

pytestmark = pytest.mark.rotated


def test_results_that_are_not_committed_yet_stay_so_and_count_as_done(lake, tmp_path):
    """Annotate was killed before its commit: what it did is kept, and not shown."""
    with (
        mock.patch.object(parts._Commit, "__call__", side_effect=RuntimeError("dead")),
        pytest.raises(RuntimeError, match="dead"),
    ):
        annotate(lake, FakeHandler(name="third"))
    before, log = answers(lake), tmp_path / "calls"

    compact(lake)

    assert answers(lake) == before
    row = annotate(lake, FakeHandler(name="third", calls=str(log)))
    assert not log.exists()
    assert counts(row) == {"in": 60, "unchanged": 60}
    query = "SELECT count(*) FROM annotations WHERE annotator_id = 'third@1'"
    assert ask(lake, query) == [(60,)]


def test_parts_that_an_ingest_replaces_meanwhile_are_planned_again(lake):
    planned = compacting.plan
    changed = batch(0, text=["so annoying, still"] * 12, edited_at=DAY)

    def plan_then_ingest(*arguments: Any) -> Any:
        with mock.patch.object(compacting, "plan", planned):
            found = planned(*arguments)
            if not ask(lake, "FROM utterances WHERE text LIKE '%still'"):
                store(lake, changed)
        return found

    with mock.patch.object(compacting, "plan", plan_then_ingest):
        row = compact(lake)

    assert row["state"] == "done"
    found = ask(lake, "SELECT count(*), count(DISTINCT utterance_id) FROM utterances")
    assert found == [(60, 60)]
    query = "SELECT count(*) FROM utterances WHERE text LIKE '%still'"
    assert ask(lake, query) == [(12,)]
    assert part_count(lake) < 10


def test_a_lake_that_never_rests_is_given_up_with_a_conflict(lake):
    with (
        mock.patch.object(compacting, "_commit", side_effect=ConflictError("again")),
        pytest.raises(ConflictError, match="again"),
    ):
        compact(lake)


@pytest.mark.rotated
def test_a_result_that_was_replaced_between_merge_and_commit_is_merged_again(lake):
    opened = Lake.open(lake)
    part = opened.parts()[0]
    commit = compacting._commit

    def renew_then_commit(*arguments: Any) -> None:
        renew(opened, part)
        commit(*arguments)

    with mock.patch.object(compacting, "_commit", renew_then_commit):
        compact(lake)

    query = "SELECT count(*) FROM annotations WHERE label = 'joy'"
    assert ask(lake, query)[0][0] > 0
    found = ask(
        lake,
        "SELECT count(*), count(DISTINCT utterance_id) FROM annotations "
        "WHERE annotator_id = 'fake@1'",
    )
    assert found == [(45, 45)]


@pytest.mark.rotated
def test_a_commit_of_labels_between_the_commits_of_compact_doubles_nothing(lake):
    """What an older annotate left visible twice is taken away by the next compact."""
    opened = Lake.open(lake)
    was = opened.committed("annotations")
    before = answers(lake)
    compact(lake)
    compacting.commit(opened.storage, "annotations", was.values())
    assert answers(lake) != before

    compact(lake)

    assert answers(lake) == before


def during_annotate(uri: str, monkeypatch: pytest.MonkeyPatch, new: bool) -> Any:
    """Runs annotate, and compact between its work and its commit."""
    commit = parts._Commit.__call__

    def compact_first(self: Any, *arguments: Any) -> Any:
        compact(uri)
        return commit(self, *arguments)

    monkeypatch.setattr(parts._Commit, "__call__", compact_first)
    name = "third" if new else "fake"
    return annotate(uri, FakeHandler(name=name, poison="" if new else POISON))


def test_labels_that_were_there_before_are_not_doubled_by_a_compact_in_between(
    lake, monkeypatch
):
    before = answers(lake)

    during_annotate(lake, monkeypatch, new=False)

    assert answers(lake) == before


def test_labels_of_parts_that_are_merged_in_between_are_those_of_the_merged(
    lake, monkeypatch, tmp_path
):
    row = during_annotate(lake, monkeypatch, new=True)

    opened, folder = Lake.open(lake), folder_of("third@1")
    assert counts(row) == {"in": 60, "out": 60}
    found = ask(
        lake,
        "SELECT count(*), count(DISTINCT utterance_id) FROM annotations "
        "WHERE annotator_id = 'third@1'",
    )
    assert found == [(60, 60)]
    paths = [p for p in opened.committed("annotations") if p.startswith(f"{folder}/")]
    assert sorted(map(part_of, paths)) == opened.parts()
    monkeypatch.undo()
    log = tmp_path / "calls"
    annotate(lake, FakeHandler(name="third", calls=str(log)))
    assert not log.exists()


def test_a_commit_that_read_the_parts_before_they_were_merged_is_made_anew(lake):
    opened, before = Lake.open(lake), answers(lake)
    receipts = list(Receipts(opened).of(FAKE, opened.parts()).values())
    read = Lake.parts

    def read_then_compact(self: Lake) -> list[str]:
        found = read(self)
        patched.stop()
        compact(lake)
        return found

    patched = mock.patch.object(Lake, "parts", read_then_compact)
    patched.start()
    commit_results(opened, FAKE, "annotations", receipts)

    assert answers(lake) == before
    paths = opened.committed("annotations")
    assert {part_of(path) for path in paths} == set(opened.parts())


@pytest.mark.slow
@pytest.mark.proof
def test_stages_at_once_leave_what_they_leave_one_after_another(prepared, tmp_path):
    at_once, in_turn = (
        str(shutil.copytree(prepared, tmp_path / name)) for name in ("once", "turn")
    )
    third = FakeHandler(name="third")
    for _ in range(3):
        with ThreadPoolExecutor() as pool:
            jobs = [
                pool.submit(annotate, at_once, third),
                pool.submit(compact, at_once),
                pool.submit(store, at_once, batch(7), batch(8)),
                pool.submit(compact, at_once),
            ]
        for job in jobs:
            job.result()
    for uri in (in_turn, at_once):
        store(uri, batch(7), batch(8))
        annotate(uri, third)

    assert answers(at_once) == answers(in_turn)
    compact(at_once)
    assert answers(at_once) == answers(in_turn)


# -- whatever happens --------------------------------------------------------------

_DOINGS = st.lists(
    st.sampled_from(["new", "changed", "fake", "other", "mine", "compact"]),
    min_size=in_proof(3, 1),
    max_size=in_proof(5, 2),
)


def do(uri: str, doing: str, number: int) -> None:
    if doing == "new":
        store(uri, batch(number))
    elif doing == "changed":
        store(uri, batch(0, text=f"so annoying, {number}", edited_at=later(number)))
    elif doing in ("fake", "other"):
        annotate(uri, FakeHandler(name=doing, poison=POISON))
    elif doing == "mine" and ask(uri, "FROM annotations LIMIT 1"):
        stages.mine_lake(uri)
    elif doing == "compact":
        compact(uri)


def later(number: int) -> Any:
    return DAY + timedelta(days=number + 1)


@pytest.mark.slow
@settings(
    max_examples=in_proof(6, 1), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(doings=_DOINGS)
@pytest.mark.proof
def test_any_order_of_stages_has_the_same_answers_with_compacts_as_without(
    tmp_path_factory, doings
):
    folder = tmp_path_factory.mktemp("lakes")
    with_compacts, without = str(folder / "with"), str(folder / "without")
    for uri in (with_compacts, without):
        Lake.create(uri, buckets=1)
        store(uri, batch(0), batch(1))
    for number, doing in enumerate([*doings, "fake", "other", "mine"], 2):
        do(with_compacts, doing, number)
        do(with_compacts, "compact", number)
        if doing != "compact":
            do(without, doing, number)

    assert answers(with_compacts) == answers(without)
