import csv
import io
import shutil
from pathlib import Path

import pytest

from affectflow.cli import validation as commands
from affectflow.report import write_report
from affectflow.report.methods import methods
from tests.given.report_lakes import MODEL, page_of, tables, text_of
from tests.given.stage_runs import ask
from tests.given.validation_lakes import fill, write, yes_if


def fitted(kind, value, low=None, high=None, unit=("annotator", MODEL)):
    names = ("unit_type", "unit_id")
    return {
        **dict(zip(names, unit, strict=True)),
        "kind": kind,
        "label": "irritation",
        "value": value,
        "low": low,
        "high": high,
        "n": 380,
        "fitted_on": "s-1",
    }


def gold(raters=2, alpha=0.71):
    task = ("task", "emotion")
    return [
        fitted("validation", 0.8, 0.7, 0.9),
        fitted("precision", 0.8, 0.7, 0.9),
        fitted("recall", 0.6, 0.5, 0.7),
        fitted("apparent_prevalence", 0.2, 0.18, 0.22),
        fitted("prevalence", 0.27, 0.21, 0.34),
        fitted("raters", raters, unit=task),
        fitted("agreement", alpha, unit=task),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "Validated here for irritation",
        "Corrected for the measured error: irritation in about 27% (21% to 34%) of the "
        "messages.",
        "irritation 0.80 (0.70 to 0.90) 0.60 (0.50 to 0.70) 20% (18% to 22%) 27% (21% "
        "to 34%) 380 2, alpha 0.71 s-1",
        "Shares rest on people&#x27;s answers to 380 messages, drawn at random",
        "(by at least 2 raters, Krippendorff&#x27;s alpha from 0.71)",
        "77% (58% to 89%)",  # of a theme: 20 of 26; Wilson
    ],
)
def test_after_gold_the_report_gives_shares_and_says_what_they_rest_on(
    tmp_path, statement
):
    assert statement in text_of(page_of(tmp_path, tables() | {"measures": gold()}))


def test_one_rater_is_said_in_the_methods(tmp_path):
    alone = tables() | {"measures": gold(raters=1, alpha=None)}

    assert "by one rater: whether people agree is unknown" in text_of(
        page_of(tmp_path, alone)
    )


def test_figures_without_a_validation_give_no_share(tmp_path):
    guessed = [row for row in gold() if row["kind"] != "validation"]
    text = text_of(page_of(tmp_path, tables() | {"measures": guessed}))

    assert "Unvalidated here: ranks, no shares." in text
    assert "27%" not in text
    assert "Shares rest on" not in text


def test_a_report_never_rests_on_people_by_itself(tmp_path):
    only = tables()
    for row in only["annotations"]:
        row["annotator_id"] = "person:ann"
    only["annotators"] = [
        only["annotators"][0] | {"annotator_id": "person:ann", "kind": "person"}
    ]

    page = page_of(tmp_path, only)

    assert "Nothing is labelled." in text_of(page)
    assert "person:ann" not in page


@pytest.fixture(scope="module")
def labelled(demo, tmp_path_factory):
    """A copy of the demo's lake, and a sheet of one message of each conversation."""
    folder = tmp_path_factory.mktemp("labelled")
    shutil.copytree(demo[1], folder / "lake")
    out = str(folder / "sheet.csv")
    commands.sample(str(folder / "lake"), out, 62, task="emotion", labels="surprise")
    return folder


def every_tenth_wrong(sheet: Path) -> Path:
    """Returns a filled sheet with the opposite answer in every tenth row."""
    lines = list(csv.reader(io.StringIO(sheet.read_text("utf-8"), newline="")))
    for line in lines[1::10]:
        line[-1] = {"yes": "no", "no": "yes"}[line[-1]]
    return write(sheet.with_name("careless.csv"), lines)


@pytest.mark.slow
@pytest.mark.rotated
def test_labelled_demo_conversations_give_a_report_with_shares(labelled, capsys):
    lake = str(labelled / "lake")
    # No person labelled these: who asks a question is taken for surprised or curious,
    # by both raters; the second one errs in every tenth row.
    asks = fill(labelled / "sheet.csv", yes_if("?"), "rule-1")
    again = every_tenth_wrong(fill(labelled / "sheet.csv", yes_if("?"), "rule-2"))
    before = write_report(lake, labelled / "before.html").read_text("utf-8")

    assert commands.gold(lake, [str(asks), str(again)], "") == 0

    told = capsys.readouterr()
    assert "surprise: about " in told.out
    assert "2 raters, alpha 0." in told.out
    page = write_report(lake, labelled / "after.html").read_text("utf-8")
    assert "Unvalidated here" in text_of(before)
    assert "Validated here for surprise" in text_of(page)
    assert "Shares rest on" in text_of(page)
    assert "rule-1" not in page
    shares = ask(
        lake, "SELECT family, bool_or(share > 0) FROM emotion_causes GROUP BY 1"
    )
    assert dict(shares)["surprise"]
    assert [family for family, share in shares if share] == ["surprise"]
    cited = methods(lake)
    assert "compared with what 2 people answered" in cited
    assert "rule-1" not in cited
