"""What people decided judges the annotators, also in a lake that changed since."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from affectflow.batches.bootstrap import Interval
from affectflow.cli import validation as commands
from affectflow.errors import UsageError
from affectflow.gold.judging.findings import judge
from affectflow.gold.judging.tables import tables_of
from affectflow.gold.judging.wording import claim
from affectflow.gold.truth.decisions import truth
from tests.given.factories import utterances
from tests.given.gold_lakes import (
    CAREFUL,
    FAST,
    csv_sample,
    grow,
    imported,
    sample,
    sheet_rows,
)
from tests.given.stage_runs import ask, store
from tests.given.validation_lakes import fill, rows, write, yes_if

pytestmark = pytest.mark.rotated


# -- judging -------------------------------------------------------------------------


def test_full_agreement_has_no_interval_and_says_why(lake, folder, capsys):
    sheets = [str(fill(folder / "sheet.csv", CAREFUL, who)) for who in ("ann", "bob")]

    commands.gold(lake.uri, sheets, "")

    told = capsys.readouterr()
    assert "1.00 (1.00 to 1.00)" not in told.out.split("annotator")[0]
    assert "no interval: it is the same in every draw" in told.err


def test_an_annotator_is_judged_as_counted_by_hand(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    (finding,) = judge(lake).findings

    rows = truth(lake, "frustration").to_pylist()
    polite = {r["utterance_id"] for r in sheet_rows(folder) if "stopped" in r["text"]}
    # It finds what is "broken AGAIN", all of which is so, and misses the polite ones.
    found = sum(r["weight"] for r in rows if r["truth"])
    missed = sum(r["weight"] for r in rows if r["utterance_id"] in polite)
    assert finding.precision.value == finding.specificity.value == 1.0
    assert finding.recall.value == pytest.approx(1 - missed / found)
    # 96 of 480 messages, less those of the bot: nothing of its two.
    apparent = finding.prevalence.apparent.value
    assert apparent == pytest.approx(count(lake, "AGAIN") / 478)
    # All that it finds is so; of the rest, what was missed.
    rest = missed / sum(
        r["weight"] for r in rows if not r["truth"] or r["utterance_id"] in polite
    )
    assert finding.prevalence.corrected.value == pytest.approx(
        apparent + (1 - apparent) * rest
    )
    assert finding.is_validated


def count(lake, word):
    held = f"NOT by_bot AND text LIKE '%{word}%'"
    return ask(lake.uri, f"SELECT count(*) FROM placed_utterances WHERE {held}")[0][0]


def test_the_corrected_share_is_the_true_one(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    (finding,) = judge(lake).findings
    true = (count(lake, "AGAIN") + count(lake, "stopped")) / 478

    corrected = finding.prevalence.corrected
    assert corrected.low < true < corrected.high
    # Uncorrected, the interval of what is found does not hold it.
    assert finding.prevalence.apparent.high < true


@pytest.mark.rotated
def test_answers_to_finer_labels_judge_the_family(lake, folder):
    imported(lake, fill(folder / "three.csv", CAREFUL, "ann"))
    found = judge(lake)

    # Anger is a label of both vocabularies, so the finer one is spelt with its own.
    assert {f.target.name for f in found.findings} == {
        "annoyance",
        "goemotions:anger",
        "disappointment",
        "irritation",
    }
    validated = ask(lake.uri, "SELECT label FROM measures WHERE kind = 'validation'")
    assert validated == [("irritation",)]


def measures(lake):
    rows = ask(
        lake.uri,
        "SELECT kind, unit_type, unit_id, label, value, low, high, n FROM measures "
        "WHERE kind <> 'inclusion' ORDER BY ALL",
    )
    return {row[0]: row[1:] for row in rows}


def test_what_is_found_is_written_to_measures(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    imported(lake, fill(folder / "sheet.csv", FAST, "bob"))
    judge(lake)
    found = measures(lake)

    assert found.keys() == {
        "agreement",
        "raters",
        "precision",
        "recall",
        "specificity",
        "apparent_prevalence",
        "prevalence",
        "youden",
        "validation",
    }
    task, unit, name, alpha, low, high, n = found["agreement"]
    assert (task, unit, name, n) == ("task", "frustration", "frustration", 200)
    assert low < alpha < high < 1
    assert found["raters"][3] == 2
    assert found["validation"] == found["precision"]


def test_scripts_get_shares_and_intervals_as_numbers(lake, folder, capsys):
    sheet = str(fill(folder / "sheet.csv", CAREFUL, "ann"))
    commands.gold(lake.uri, [sheet], shape="json")
    told = json.loads(capsys.readouterr().out)
    (row,) = told["annotators"]
    kept = measures(lake)

    for name in ("precision", "recall", "specificity", "prevalence"):
        ends = [row[name], row[f"{name}_low"], row[f"{name}_high"]]
        assert ends == list(kept[name][3:6])
    assert (row["validated"], row["why_no_share"]) == (True, None)
    (imported_,) = told["imported"]
    assert (imported_["raters"], imported_["added"]) == (["ann"], 200)
    # One rater agrees with nobody: unknown, not NaN, which is no JSON.
    assert told["agreement"][0]["alpha"] is None


def test_an_annotator_that_guesses_gets_no_share_and_no_validation(lake, folder):
    imported(lake, fill(folder / "sheet.csv", yes_if("merged"), "ann"))
    found = judge(lake)
    (finding,) = found.findings
    true = count(lake, "merged") / 478

    assert finding.prevalence.corrected.low < true < finding.prevalence.corrected.high
    assert "validation" not in measures(lake)
    (row,) = tables_of(found)["annotators"]
    assert row["prevalence"] is row["apparent_prevalence"] is None
    assert (row["validated"], row["why_no_share"]) == (False, "not validated")
    assert "no share can be given, because" in row["claim"]
    assert "%" not in row["claim"]


def test_what_is_not_validated_yet_says_how_many_labels_might_do(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    found = judge(lake)
    (finding,) = found.findings

    def said(*youden):
        shares = finding.prevalence._replace(youden=Interval(*youden))
        return claim(replace(finding, prevalence=shares), found)

    # 200 * (0.3 / 0.2) ** 2
    assert "about 200 more might (`affectflow sample --n 400`" in said(0.0, -0.3, 0.3)
    more = "about 250 more might (`affectflow sample --n 450`"
    assert more in said(0.2, -0.1, 0.5)
    assert "on these labels it does no better than chance" in said(-0.3, -0.5, -0.1)


def test_a_validation_goes_when_its_answers_change(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    judge(lake)
    assert "validation" in measures(lake)

    imported(lake, fill(folder / "sheet.csv", yes_if("merged"), "ann"))
    judge(lake)

    assert "validation" not in measures(lake)


@pytest.mark.rotated
def test_answers_without_a_sample_give_figures_and_no_share(lake, folder):
    lines = [["utterance_id", "rater", "label", "answer"]]
    for row in sheet_rows(folder):
        said = CAREFUL(row["text"])
        lines.append([row["utterance_id"], "ann", "frustration", said])
    imported(lake, write(folder / "long.csv", lines))
    (finding,) = judge(lake).findings

    assert finding.precision.value == 1.0
    assert not finding.is_validated
    assert {"prevalence", "validation"}.isdisjoint(measures(lake))


# -- a lake that changed -------------------------------------------------------------


def edited(lake, ids):
    """Gives messages another text, as a later ingest does."""
    given = [row for row in rows() if row["utterance_id"] in ids]
    columns = {
        name: [row[name] for row in given]
        for name in ("utterance_id", "conversation_id", "is_bot")
    }
    later = [datetime(2030, 1, 1, tzinfo=UTC)] * len(given)
    texts = [f"all is well, {row['utterance_id']}" for row in given]
    store(lake.uri, utterances(*texts, edited_at=later, **columns))


@pytest.mark.rotated
def test_answers_to_a_text_that_was_changed_are_left_out(lake, folder, capsys):
    sheet = fill(folder / "sheet.csv", CAREFUL, "ann")
    imported(lake, sheet)
    asked = [row["utterance_id"] for row in sheet_rows(folder)]

    edited(lake, asked[:3])

    found = judge(lake)
    (finding,) = found.findings
    assert (found.changed, finding.n, finding.has_share) == (3, 197, True)
    assert truth(lake, "frustration").num_rows == 197
    assert commands.gold(lake.uri, [], "") == 0  # compares again, and says so again
    assert (
        "3 messages were changed since the sample was drawn" in capsys.readouterr().err
    )


def test_a_sheet_whose_every_text_was_changed_says_so(lake, folder):
    sheet = fill(folder / "sheet.csv", CAREFUL, "ann")
    edited(lake, {row["utterance_id"] for row in sheet_rows(folder)})

    with pytest.raises(UsageError, match=r"200 messages were changed.*another sample"):
        commands.gold(lake.uri, [str(sheet)], "")


@pytest.mark.parametrize(
    ("more", "share"),
    [
        pytest.param(20, None, id="478 + 20: 4 %"),
        pytest.param(52, 52 / 530, id="478 + 52: 10 %"),
    ],
)
@pytest.mark.rotated
def test_a_lake_that_grew_by_more_than_a_twentieth_has_no_share(
    lake, folder, more, share
):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))

    grow(lake, more)

    found = judge(lake)
    (finding,) = found.findings
    grown = {} if share is None else {csv_sample(folder / "sheet.csv"): share}
    assert found.grown == pytest.approx(grown)
    assert finding.precision.value == 1.0
    assert finding.is_validated == finding.has_share == (share is None)
    assert ("validation" in measures(lake)) == (share is None)
    assert ("prevalence" in measures(lake)) == (share is None)


def test_another_sample_gives_a_share_of_the_lake_that_grew(lake, folder, capsys):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    grow(lake, 100)
    commands.gold(lake.uri, [], "")
    assert "about 17% of the messages that can be drawn now" in capsys.readouterr().err

    sample(lake.uri, folder / "again.csv", n=200)
    imported(lake, fill(folder / "again.csv", CAREFUL, "ann"))

    found = judge(lake)
    (finding,) = found.findings
    assert (found.grown.keys(), finding.n) == ({csv_sample(folder / "sheet.csv")}, 200)
    assert finding.is_validated
    assert finding.fitted_on == csv_sample(folder / "again.csv")


def test_a_lake_that_was_edited_gives_another_sample(lake, folder):
    edited(lake, {sheet_rows(folder)[0]["utterance_id"]})

    sample(lake.uri, folder / "again.csv", n=200)

    again = folder / "again.csv"
    assert csv_sample(again) != csv_sample(folder / "sheet.csv")


def test_beside_a_sample_answers_of_none_are_left_out_and_counted(lake, folder, capsys):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    drawn = {row["utterance_id"] for row in sheet_rows(folder)}
    ids = [each for (each,) in ask(lake.uri, "SELECT utterance_id FROM utterances")]
    own = [each for each in ids if each not in drawn][:30]
    lines = [[each, "ann", "frustration", "yes"] for each in own]
    heads = ["utterance_id", "rater", "label", "answer"]
    commands.gold(lake.uri, [str(write(folder / "own.csv", [heads, *lines]))], "")

    assert "30 answers to frustration left out" in capsys.readouterr().err
    (finding,) = judge(lake).findings
    assert finding.n == truth(lake, "frustration").num_rows == 200
