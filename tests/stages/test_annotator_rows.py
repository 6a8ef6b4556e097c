"""The row of an annotator: one at all times, whoever writes it meanwhile."""

from pathlib import Path

import pytest

from affectflow.lake import Lake
from affectflow.lake.commits import commit
from affectflow.stages.runs import answers
from tests.given.stage_runs import ask

MODEL, OTHER = "model@1", "other@1"
READ = "SELECT annotator_id, renderer_ids FROM annotators ORDER BY ALL"


def add(lake: Lake, annotator_id: str) -> None:
    row = {"annotator_id": annotator_id, "kind": "model"}
    commit(lake.storage, "annotators", [answers.write_annotator(lake, row)])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.create(str(tmp_path / "lake"), buckets=1)
    add(lake, MODEL)
    return lake


def test_an_annotators_row_says_whose_cues_it_has_read(lake):
    answers.note_renderers(lake, MODEL, ["voice@1"])
    answers.note_renderers(lake, MODEL, ["face@1", "voice@1"])
    answers.note_renderers(lake, OTHER, ["voice@1"])

    assert ask(lake.uri, READ) == [(MODEL, ["face@1", "voice@1"])]


@pytest.mark.parametrize(
    "meanwhile",
    [
        pytest.param(
            lambda lake: answers.note_renderers(lake, MODEL, ["voice@1"]),
            id="another run notes its own",
        ),
        pytest.param(lambda lake: add(lake, OTHER), id="another annotator comes"),
    ],
)
def test_two_runs_at_once_leave_one_row_of_an_annotator(lake, monkeypatch, meanwhile):
    write = answers.write_file

    def late(*arguments):
        monkeypatch.setattr(answers, "write_file", write)
        meanwhile(lake)
        return write(*arguments)

    monkeypatch.setattr(answers, "write_file", late)
    answers.note_renderers(lake, MODEL, ["face@1", "voice@1"])

    rows = [row for row in ask(lake.uri, READ) if row[0] == MODEL]
    assert rows == [(MODEL, ["face@1", "voice@1"])]
