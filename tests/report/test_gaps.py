"""For whom the annotator of a report errs: said of the weights that were measured."""

import json

import pytest

from affectflow import registry
from affectflow.report import gaps
from affectflow.report.gaps import FILE, for_whom_it_errs, gaps_of, lines_of
from tests.given.report_lakes import MODEL, page_of, tables, text_of

TOLD = {
    "about": "the same message in a dialect",
    "label": "frustration",
    "figure": "recall",
    "highest": ["as it was", 0.625],
    "lowest": ["in a dialect", 0.375],
    "gap": [0.25, 0.1, 0.4],
    "beyond_chance": True,
}
CHANCE = {**TOLD, "label": "joy", "gap": [0.06, None, None], "beyond_chance": False}
ROW = {"annotator_id": "Small@1", "model": "Small", "revision": "r1"}


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """A stranger's model that brings gaps, and cannot be imported."""
    package = tmp_path / "small_model"
    (package / FILE.parent).mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / FILE).write_text(json.dumps({"revision": "r1", "gaps": [TOLD, CHANCE]}))
    info = tmp_path / "small_model-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
    point = "[affectflow.models]\nSmall = small_model.model:Small\n"
    (info / "entry_points.txt").write_text(point)
    monkeypatch.syspath_prepend(tmp_path)
    registry._found.cache_clear()
    yield
    registry._found.cache_clear()


def test_gaps_of_the_weights_in_the_lake_are_read_and_nothing_is_imported(measured):
    assert gaps_of(ROW) == [TOLD, CHANCE]


@pytest.mark.parametrize(
    "other",
    [
        {"revision": "r2"},
        {"model": "Nobody"},
        {"model": "EmbeddedValence"},
        {"model": None},
    ],
    ids=["other weights", "no plugin", "nothing measured", "no model"],
)
def test_nothing_is_said_of_what_was_not_measured(measured, other):
    assert gaps_of({**ROW, **other}) == []
    assert for_whom_it_errs([{**ROW, **other}]) == []
    assert lines_of({**ROW, **other}) == []


def test_a_paper_is_told_each_gap_and_which_may_be_chance(measured):
    head, lines = lines_of(ROW)

    assert head.startswith("For whom `Small@1` errs: gaps of more than 5 points")
    assert lines.splitlines() == [
        "- frustration, recall, the same message in a dialect: 0.625 (as it was) "
        "against 0.375 (in a dialect); gap 0.25 (0.10 to 0.40).",
        "- joy, recall, the same message in a dialect: 0.625 (as it was) "
        "against 0.375 (in a dialect); gap 0.06, may be chance.",
    ]


def test_groups_by_length_have_a_unit(measured):
    by_length = {**TOLD, "about": "comments by length", "lowest": ["under 50", 0.375]}

    said = str(gaps._cells(by_length))

    assert "0.375 (under 50 characters)" in said


def test_the_methods_of_a_report_say_for_whom_its_annotator_errs(measured, tmp_path):
    given = tables()
    own = next(row for row in given["annotators"] if row["annotator_id"] == MODEL)
    own |= {"model": "Small", "revision": "r1"}

    text = text_of(page_of(tmp_path, given))

    said = text.partition("For whom ")[2]
    assert said.startswith(f"{MODEL} errs: gaps of more than 5 points between groups")
    assert "Each names the group for which a figure is highest" in said
    assert "0.375 (in a dialect)" in said
