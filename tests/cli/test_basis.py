"""The report rests on the annotator that was there, until another is named."""

import re

import pytest

from affectflow.lake.basis import told_in
from tests.given.command_line import affectflow
from tests.given.refusals import GOOD, ingest
from tests.given.stage_runs import ask
from tests.given.tiny_classifier import save_tiny

pytestmark = [pytest.mark.torch, pytest.mark.proof]


def rests_on(folder):
    page = (folder / "report.html").read_text("utf-8")
    return re.search(r"rest on one annotator, <code>([^<]*)</code>", page)[1]


def test_a_model_that_is_tried_out_moves_no_report_and_a_named_one_does(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    save_tiny("random_head", labels=("joy", "anger", "sadness"))
    (tmp_path / "input.jsonl").write_text(GOOD)
    assert ingest("input.jsonl", "lake").code == 0
    assert affectflow("annotate", "lake").code == 0
    tried = ("annotate", "lake", "--model", "./random_head")
    assert affectflow(*tried, "--set", "vocabulary=ours").code == 0

    before = affectflow("report", "lake")
    assert rests_on(tmp_path).startswith("EmbeddedEmotions@")
    assert re.search(
        r"basis: EmbeddedEmotions@\S+ \(\d+ messages?\), the first in this lake; "
        r"1 other annotator: `affectflow sql lake \"FROM basis\"` lists them",
        before.err,
    )

    wrong = affectflow("report", "lake", "--annotator", "nobody")
    assert (wrong.code, told_in("lake")) == (2, "")
    named = next(
        name
        for (name,) in ask("lake", "SELECT annotator_id FROM annotators")
        if "random_head" in name
    )
    assert affectflow("report", "lake", "--annotator", named[:-2]).code == 0
    assert rests_on(tmp_path) == told_in("lake") == named
    affectflow("report", "lake")
    assert rests_on(tmp_path) == named

    mined = affectflow("mine", "lake", "--annotator", "EmbeddedEmotions")
    assert mined.code == 0
    assert told_in("lake").startswith("EmbeddedEmotions@")
    query = "SELECT annotator_id FROM runs WHERE stage = 'mine'"
    assert ask("lake", query) == [(told_in("lake"),)]
