"""Sheets that ask for a value: valence, arousal, dominance."""

import json
import re
import shutil

import pytest

from affectflow.cli import validation as commands
from affectflow.errors import UsageError
from affectflow.gold.asking.page import as_html
from affectflow.gold.asking.reading import read_answers
from affectflow.gold.asking.sampling import draw
from affectflow.gold.asking.sheets import as_csv, sheet_of
from affectflow.gold.evaluation.evaluate import evaluate_lake
from affectflow.gold.targets.labels import targets_of
from affectflow.lake import Lake
from affectflow.schemas import ANNOTATIONS, ANNOTATORS
from tests.given.chromium import browser, open_sheet, saved
from tests.given.stage_runs import ask
from tests.given.validation_lakes import MODEL, add, fill, made, rows, write

pytestmark = pytest.mark.rotated


def points(text):
    """A rater: what is broken again is bad, what was merged is good."""
    return "2" if "broken" in text else "8"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A lake in which a model gives each message a value."""
    folder = tmp_path_factory.mktemp("scales")
    lake = Lake.open(made(folder / "lake"))
    answers = [
        {
            **dict.fromkeys(ANNOTATIONS.names),
            "utterance_id": row["utterance_id"],
            "conversation_id": row["conversation_id"],
            "annotator_id": MODEL,
            "task": "valence",
            "vocabulary": "vad",
            "label": "valence",
            "value": 0.25 if "broken" in row["text"] else 0.5,
            "chosen": True,
            "status": "ok",
        }
        for row in rows()
    ]
    add(lake, "annotations", "values/all.parquet", answers)
    model = {**dict.fromkeys(ANNOTATORS.names), "annotator_id": MODEL, "kind": "model"}
    add(lake, "annotators", "values/row.parquet", [model])
    return folder


@pytest.fixture
def lake(original, tmp_path):
    shutil.copytree(original, tmp_path / "copy")
    return Lake.open(str(tmp_path / "copy" / "lake"))


@pytest.fixture
def sheet(lake, tmp_path):
    """A sheet of 100 messages that asks for valence."""
    sample, ids = draw(lake, targets_of("valence"), n=100)
    path = tmp_path / "sheet.csv"
    path.write_bytes(as_csv(sheet_of(lake, sample, ids)))
    return path


def test_points_of_people_become_values_and_annotators_are_compared_with_them(
    lake, sheet, capsys
):
    other = fill(sheet, lambda text: "4" if "broken" in text else "8", "bo")

    assert (
        commands.gold(lake.uri, [str(fill(sheet, points, "ann")), str(other)], "") == 0
    )

    said = capsys.readouterr()
    assert "valence" in said.out
    assert f"affectflow eval valence {lake.uri}" in said.err
    values = ask(
        lake.uri,
        "SELECT DISTINCT value, chosen, status FROM annotations "
        "WHERE annotator_id = 'person:ann' ORDER BY 1",
    )
    assert values == [(0.125, True, "ok"), (0.875, True, "ok")]
    found = evaluate_lake(lake.uri, "valence", draws=0)
    assert found.notes == [
        f"{MODEL} answered 100 of the 100 utterances that people labelled"
    ]
    (row,) = found.rows
    # People mean 0.25 and 0.875, the model says 0.25 and 0.5: on one line.
    assert row["n"] == 100
    assert row["pearson"] == pytest.approx(1.0)
    assert row["bias"] < 0


def test_the_agreement_on_a_scale_is_kept_and_no_share_is_claimed(lake, sheet):
    commands.gold(
        lake.uri, [str(fill(sheet, points, rater)) for rater in ("ann", "bo")], ""
    )

    kept = ask(
        lake.uri, "SELECT kind, label, value FROM measures WHERE kind <> 'inclusion'"
    )

    assert sorted(kept) == [("agreement", "valence", 1.0), ("raters", "valence", 2.0)]


def test_weights_of_a_sample_count_in_the_comparison(lake, sheet):
    commands.gold(lake.uri, [str(fill(sheet, points, "ann"))], "")

    (row,) = evaluate_lake(lake.uri, "valence", draws=0).rows

    # Of a conversation of three messages each was drawn with a third of the chance.
    # What is broken is 0.125 to ann and 0.25 to the model, the rest 0.875 and 0.5.
    ((weighted, plain),) = ask(
        lake.uri,
        "SELECT sum(d / p) / sum(1 / p), avg(d) FROM (SELECT m.value AS p, CASE WHEN "
        "u.text LIKE '%broken%' THEN 0.125 ELSE -0.375 END AS d FROM measures AS m "
        "JOIN utterances AS u ON u.utterance_id = m.unit_id "
        "WHERE m.kind = 'inclusion')",
    )
    assert row["bias"] == pytest.approx(weighted)
    assert weighted != pytest.approx(plain, abs=1e-3)


def test_unsure_is_no_value(lake, sheet):
    filled = fill(sheet, lambda text: "?", "cy")

    answers = read_answers(lake, filled)

    assert {answer.said for answer in answers} == {"unsure"}


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("10", r"row 2: the answer '10' is not one of 1 to 9, unsure \(\?\)$"),
        ("0", "the answer '0' is not one of 1 to 9"),
        ("yes", "the answer 'yes' is not one of 1 to 9"),
        ("4.5", "the answer '4.5' is not one of 1 to 9"),
    ],
)
@pytest.mark.rotated
def test_what_is_no_point_of_the_scale_is_one_line(lake, sheet, cell, line):
    filled = fill(sheet, lambda text: cell, "dee")

    with pytest.raises(UsageError, match=line):
        read_answers(lake, filled)


def test_a_spreadsheet_may_write_points_with_a_decimal(lake, sheet):
    filled = fill(sheet, lambda text: "7.0", "eve")

    assert {answer.said for answer in read_answers(lake, filled)} == {"7"}


def test_answers_of_ones_own_may_name_a_scale(lake, tmp_path):
    heads = ["utterance_id", "rater", "label", "answer"]
    path = write(tmp_path / "own.csv", [heads, ["test:1/0", "fay", "vad:valence", "9"]])

    (answer,) = read_answers(lake, path)

    assert (answer.target, answer.said) == (targets_of("valence")[0], "9")


@pytest.mark.parametrize("label", ["frustration:valence", "vad:frustration"])
def test_a_label_of_another_vocabulary_is_no_scale(lake, tmp_path, label):
    heads = ["utterance_id", "rater", "label", "answer"]
    path = write(tmp_path / "own.csv", [heads, ["test:1/0", "fay", label, "9"]])

    with pytest.raises(UsageError, match="row 2: no "):
        read_answers(lake, path)


def test_scales_are_compared_one_by_one(lake):
    with pytest.raises(UsageError, match="name one of valence, arousal, dominance"):
        evaluate_lake(lake.uri, "vad")


@pytest.mark.parametrize(
    ("task", "labels", "line"),
    [
        ("valence", ["arousal"], "task 'valence' has one label, 'valence'"),
        ("emotion", ["vad:valence"], "ask for it with --task valence"),
        ("vigour", [], "no task 'vigour'; known: frustration, emotion, valence"),
    ],
)
def test_what_cannot_be_asked_is_one_line(task, labels, line):
    with pytest.raises(UsageError, match=line):
        targets_of(task, labels)


def test_a_scale_has_no_strata(lake):
    with pytest.raises(UsageError, match=r"valence is a scale.*leave --stratify out"):
        draw(lake, targets_of("valence"), n=10, stratify="score")


@pytest.mark.browser
def test_a_rater_gives_points_by_keyboard(chromium, lake, tmp_path):
    sample, ids = draw(lake, targets_of("valence"), n=3, seed=5)
    page = as_html(sheet_of(lake, sample, ids)).decode()
    file, downloads = tmp_path / "sheet.html", tmp_path / "downloads"
    file.write_text(page, "utf-8")
    downloads.mkdir()
    data = re.search(r'id="sheet">(.*?)</script>', page, re.DOTALL)[1]
    with browser(chromium, tmp_path / "profile", downloads) as tab:
        open_sheet(tab, file)
        tab.press(*"ann", "Enter")
        tab.press("7", "y", "Enter", "u", "1")  # neither y nor Enter is a point
        tab.press("z", "9", "s")
        csv = saved(downloads)
        assert tab.complaints == []

    assert json.loads(data)["points"] == 9
    assert [answer.said for answer in read_answers(lake, csv)] == ["7", "unsure", "9"]
