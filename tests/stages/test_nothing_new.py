"""Where no part needs any work, no pipeline is made, and no page is written."""

import json
from pathlib import Path

import apache_beam as beam
import pytest

from affectflow.cli import pipelines
from tests.given.command_line import affectflow
from tests.given.refusals import MAP
from tests.given.stage_runs import ask


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, own_configuration: None) -> Path:
    """A file, with a lake beside it that is made of it."""
    rows = [{"id": n, "body": "This build is so annoying!"} for n in range(12)]
    path = tmp_path_factory.mktemp("analyzed") / "input.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"id": 99}]))
    assert f"report: {page_of(path)}" in analyze(path)
    return path


def analyze(file: Path) -> list[str]:
    source = ("--source", "jsonl", "--map", MAP, "--to", file.parent / "lake")
    outcome = affectflow("analyze", file, *source, "--budget", "1")
    assert outcome.code == 0, outcome.err
    return outcome.err.splitlines()


def page_of(file: Path) -> str:
    return str(file.parent / "lake" / "report.html")


@pytest.mark.rotated
def test_a_stage_whose_parts_are_done_makes_no_pipeline(file, monkeypatch):
    def run(self: beam.Pipeline) -> None:
        raise AssertionError("a pipeline was run")

    monkeypatch.setattr(beam.Pipeline, "run", run)
    lake = str(file.parent / "lake")
    said = [
        affectflow("--log-format", "json", stage, lake)
        for stage in ("annotate", "mine")
    ]

    assert [each.code for each in said] == [0, 0]
    query = "SELECT rows_in, rows_unchanged, rows_out FROM runs ORDER BY started DESC"
    assert ask(lake, f"{query} LIMIT 3")[1:] == [(12, 12, 0), (12, 12, 0)]
    # It says as much of itself as one with work to do.
    lines = [line for each in said for line in each.err.splitlines() if line[:1] == "{"]
    seen = [(e["stage"], e["event"]) for e in map(json.loads, lines)]
    for stage in ("annotate", "mine", "themes"):
        events = [event for of, event in seen if of == stage]
        events = [event for event in events if event != "stage_planned"]
        assert events == ["stage_started", "commit_done", "stage_done"], stage


def test_a_page_of_what_the_lake_holds_is_not_written_again(file, capsys):
    page = page_of(file)
    before = Path(page).stat().st_mtime_ns

    pipelines._report(str(file.parent / "lake"), page)

    assert capsys.readouterr().err == f"report: {page} (nothing new)\n"
    assert Path(page).stat().st_mtime_ns == before


@pytest.mark.proof
def test_a_report_is_written_again_when_the_lake_has_changed(file):
    assert f"report: {page_of(file)} (nothing new)" in analyze(file)

    with file.open("a") as more:
        more.write('{"id": 100, "body": "Thank you so much!"}\n')

    assert f"report: {page_of(file)}" in analyze(file)


@pytest.mark.proof
def test_dead_letters_that_say_something_else_are_a_change(file):
    file.write_text(file.read_text().replace('{"id": 99}', '{"id": 99'))

    assert f"report: {page_of(file)}" in analyze(file)
