"""What a stage makes visible when another one ended between its work and its commit.

The model is a fake: it proves routing and counting only.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from affectflow.lake import Lake
from affectflow.lake.tables import stem
from affectflow.stages.runs import parts
from tests.compacting.lakes import annotate, batch, renew
from tests.given.factories import DAY
from tests.given.fake_model import FakeHandler
from tests.given.stage_runs import ask, store

pytestmark = pytest.mark.rotated

ROWS = 24


@pytest.fixture
def lake(tmp_path: Path) -> str:
    uri = str(tmp_path / "lake")
    Lake.create(uri, buckets=2)
    store(uri, batch(0), batch(1))
    return uri


@pytest.fixture
def before_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Callable[[], Any]], None]:
    """Lets something happen before the next commit of a stage over parts."""
    commit = parts._Commit.__call__

    def arrange(happens: Callable[[], Any]) -> None:
        def commit_after(self: Any, *arguments: Any) -> Any:
            monkeypatch.setattr(parts._Commit, "__call__", commit)
            happens()
            return commit(self, *arguments)

        monkeypatch.setattr(parts._Commit, "__call__", commit_after)

    return arrange


def labelled(uri: str) -> tuple[int, int]:
    """Returns the rows of `annotations`, and how many utterances they are of."""
    query = "SELECT count(*), count(DISTINCT utterance_id) FROM annotations"
    return ask(uri, query)[0]


def edit(uri: str) -> None:
    store(uri, batch(0, text="edited", edited_at=DAY + timedelta(days=1)))


def test_newer_results_of_a_part_stay(lake, before_commit):
    annotate(lake, FakeHandler())
    opened = Lake.open(lake)
    before_commit(lambda: renew(opened, opened.parts()[0]))

    annotate(lake, FakeHandler())

    assert labelled(lake) == (ROWS, ROWS)
    assert ask(lake, "SELECT count(*) > 0 FROM annotations WHERE label = 'joy'")[0][0]


def test_messages_that_change_meanwhile_keep_their_labels_until_they_have_new_ones(
    lake, before_commit
):
    before_commit(lambda: edit(lake))

    annotate(lake, FakeHandler())

    assert labelled(lake) == (ROWS, ROWS)
    annotate(lake, FakeHandler())
    assert labelled(lake) == (ROWS, ROWS)
    opened = Lake.open(lake)
    assert {stem(p) for p in opened.committed("annotations")} == set(opened.parts())


def test_messages_that_were_labelled_anew_meanwhile_are_not_labelled_twice(
    lake, before_commit
):
    def edit_and_annotate() -> None:
        edit(lake)
        annotate(lake, FakeHandler())

    before_commit(edit_and_annotate)

    annotate(lake, FakeHandler())

    assert labelled(lake) == (ROWS, ROWS)
