"""Whether a page is of what the lake holds now, and was made by the code of now."""

import contextlib
import shutil
from pathlib import Path

import pytest

import affectflow.report
from affectflow.lake import Lake
from affectflow.report import is_current, write_report
from tests.given.people import add_rows


@pytest.fixture(scope="module")
def written(tmp_path_factory, own_configuration):
    folder = tmp_path_factory.mktemp("written") / "lake"
    Lake.create(str(folder))
    with contextlib.chdir(folder.parent):
        write_report("lake", "lake/report.html")
    return folder


@pytest.fixture
def lake(written, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(written, "lake"))


def current(lake):
    return is_current(str(lake), str(lake / "report.html"))


def test_a_page_of_the_same_lake_by_the_same_code_is_current(lake):
    assert current(lake)


def test_a_run_that_changed_no_other_table_leaves_it_current(lake):
    add_rows(str(lake), "runs", [{"run_id": "1", "stage": "annotate"}])

    assert current(lake)


@pytest.mark.parametrize("table", ["causes", "dead_letters"])
def test_another_row_of_a_table_makes_it_stale(lake, table):
    row = {"utterance_id": "s:1"}
    add_rows(str(lake), table, [row | ({"step": "Read"} if table != "causes" else {})])

    assert not current(lake)


@pytest.mark.parametrize("code", ["of another version", ""])
def test_other_code_makes_it_stale_and_so_does_code_that_nobody_can_tell(
    lake, code, monkeypatch
):
    monkeypatch.setattr(affectflow.report, "code_digest", lambda module: code)

    assert not current(lake)


@pytest.mark.parametrize("asked", [{"title": "Ours"}, {"annotator": "own@1"}])
def test_a_page_that_was_asked_for_otherwise_is_not_current(lake, asked):
    label = {"annotator_id": "own@1", "task": "emotion", "label": "joy"}
    add_rows(str(lake), "annotations", [label])

    write_report(str(lake), lake / "report.html", **asked)

    assert not current(lake)


def test_a_page_whose_commands_name_another_place_is_not_current(lake):
    assert not is_current(str(lake.absolute()), str(lake / "report.html"))


def test_a_page_that_is_not_there_or_far_away_is_never_current(lake):
    assert not is_current(str(lake), str(lake / "another.html"))
    assert not is_current(str(lake), "memory://pages/report.html")
