"""methods.md: what a paper must say of a lake."""

import json

import pytest

from affectflow.report.methods import methods
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.stage_runs import store


@pytest.fixture(scope="module")
def cited(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> str:
    """Two messages without an author, which were read twice."""
    lake = str(tmp_path_factory.mktemp("cite") / "lake")
    for _ in range(2):
        store(lake, utterances("good", "bad", speaker_id=None))
    return methods(lake)


def test_rows_of_several_runs_are_said_to_be_of_several_runs(cited: str) -> None:
    assert "| stage | runs | rows in | rows out |" in cited
    assert "| ingest | 2 | 4 | 2 | 0 | 0 | 2 |" in cited
    assert "Rows of all runs together" in cited


def test_scripts_get_it_as_rows_by_subject(tmp_path, own_configuration: None) -> None:
    lake = str(tmp_path / "lake")
    store(lake, utterances("good", "bad"))

    found = json.loads(affectflow("cite", lake, "--format", "json").out)

    assert found["size"][0]["messages"] == 2
    assert [(row["stage"], row["rows_out"]) for row in found["runs"]] == [("ingest", 2)]


def test_nobody_is_counted_where_no_author_is_given(cited: str) -> None:
    assert cited.startswith(
        "# Methods\n\n2 messages in 1 conversation (authors not given), from test."
    )
