import csv
import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest

from affectflow.cli import validation as commands
from affectflow.errors import LakeError, UsageError
from affectflow.lake import Lake
from affectflow.lake.digest import digest
from affectflow.schemas import ANNOTATIONS
from affectflow.stages import annotator_ids
from affectflow.stages.upkeep.collecting import collect
from affectflow.stages.upkeep.compacting import compact
from affectflow.validation.answers import import_answers
from affectflow.validation.judging import judge
from affectflow.validation.labels import Target
from affectflow.validation.reading import read_answers
from affectflow.validation.truth import ties, truth
from affectflow.validation.wording import claim
from tests.factories import utterances
from tests.stage_runs import ask, store
from tests.validation_lakes import MODEL, add, fill, label, made, rows, write, yes_if

# Raters' rules: `CAREFUL` finds all that is broken; `FAST` misses the polite ones.
CAREFUL = yes_if("broken", "stopped")
FAST = yes_if("broken")
FRUSTRATED = Target("frustration", "frustration", "frustration")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A lake with an annotator of frustration and of emotions, and three sheets."""
    folder = tmp_path_factory.mktemp("gold")
    uri = made(folder / "lake")
    rule = lambda text: "AGAIN" in text  # noqa: E731
    label(uri, rule, task="frustration", name="frustration")
    label(uri, rule, task="emotion", name="annoyance")
    sample(uri, folder / "sheet.csv", n=200)
    three = "annoyance,anger,disappointment"
    sample(uri, folder / "three.csv", n=120, task="emotion", labels=three)
    sample(uri, folder / "other.csv", n=50, seed=9)
    return folder


def sample(uri, out, **options):
    options = {"n": 100, "task": "frustration", "labels": "", "seed": 1} | options
    options = {"stratify": "none", "annotator": "", "html": ""} | options
    assert commands.sample(uri, options.pop("n"), str(out), **options) == 0


@pytest.fixture
def folder(original, tmp_path):
    shutil.copytree(original, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def lake(folder):
    return Lake.open(str(folder / "lake"))


def imported(lake, *files, rater=""):
    return [import_answers(lake, read_answers(lake, f, rater)) for f in files]


def people(lake, columns, more=""):
    query = f"SELECT {columns} FROM annotations WHERE annotator_id LIKE 'person:%'"
    return ask(lake.uri, query + more)


# -- answers -------------------------------------------------------------------------


def test_answers_become_annotations_of_persons(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "Zoë", skip=5))

    told = people(lake, "DISTINCT annotator_id, task, vocabulary, label, perspective")
    assert told == [
        ("person:Zoë", "frustration", "frustration", "frustration", "reader")
    ]
    counts = people(
        lake,
        "count(*), count(*) FILTER (chosen), count(*) FILTER (status = 'abstained'), "
        "count(conversation_id), count(source), count(container), count(score)",
    )
    rows, yes, abstained, *copied, scores = counts[0]
    assert (rows, abstained, copied, scores) == (200, 5, [200] * 3, 0)
    assert 0 < yes < 195
    kinds = ask(lake.uri, "SELECT kind FROM annotators WHERE annotator_id LIKE 'p%'")
    assert kinds == [("person",)]


def test_the_same_sheet_twice_changes_nothing(lake, folder):
    sheet = fill(folder / "sheet.csv", CAREFUL, "ann")
    imported(lake, sheet)
    judge(lake)
    before = {t: lake.committed(t) for t in ("annotations", "annotators", "measures")}

    (again,) = imported(lake, sheet)
    judge(lake)

    assert (again.added, again.changed, again.unchanged) == (0, 0, 200)
    assert {t: lake.committed(t) for t in before} == before


def test_a_newer_sheet_of_a_rater_takes_the_place_of_the_older(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    (done,) = imported(lake, fill(folder / "sheet.csv", FAST, "ann"))

    doubled = people(lake, "count(*), count(DISTINCT (utterance_id, label))")
    assert doubled == [(200, 200)]
    assert done.changed > 0
    assert done.changed + done.unchanged == 200


def test_a_rater_whom_the_lake_knows_keeps_the_spelling(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "Zoë"))
    imported(lake, fill(folder / "sheet.csv", FAST, "zoë"))

    assert people(lake, "DISTINCT annotator_id") == [("person:Zoë",)]


def test_two_samples_of_one_rater_live_side_by_side(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    (done,) = imported(lake, fill(folder / "other.csv", CAREFUL, "ann"))

    rows, distinct = people(lake, "count(*), count(DISTINCT (utterance_id, label))")[0]
    assert rows == distinct == 200 + done.added
    assert 0 < done.added <= 50


def test_the_digest_tells_a_no_from_an_open_answer(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    whole = digest(lake.uri)["annotations"]
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann", skip=20))

    assert digest(lake.uri)["annotations"] != whole


def test_people_are_never_mined_nor_counted_by_day(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))

    assert annotator_ids(lake) == [MODEL]
    with pytest.raises(UsageError, match="no annotator 'person:ann'"):
        annotator_ids(lake, "person:ann")
    assert ask(lake.uri, "SELECT * FROM emotion_daily WHERE annotator_id <> 'x'") == []


@pytest.mark.parametrize(
    "view",
    ["frustration", "irritation", "coverage", "conversation_arc", "emotion_daily"],
)
def test_people_change_no_view_of_what_annotators_found(lake, folder, view):
    query = f"SELECT * FROM {view} ORDER BY ALL"
    before = ask(lake.uri, query)

    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    imported(lake, fill(folder / "three.csv", CAREFUL, "ann"))

    assert ask(lake.uri, query) == before


def test_an_unsure_rater_has_not_answered(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann", skip=30))
    query = "SELECT count(*) FROM emotions WHERE annotator_id = 'person:ann'"

    assert ask(lake.uri, f"{query} AND answered") == [(170,)]
    assert ask(lake.uri, f"{query} AND NOT answered") == [(30,)]


@pytest.mark.slow
def test_upkeep_leaves_peoples_answers_alone(lake, folder):
    for number in range(3):  # small parts to merge
        ids = [f"test:late-{number}-{i}" for i in range(40)]
        store(lake.uri, utterances(*["ok"] * 40, utterance_id=ids, conversation_id=ids))
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    imported(lake, fill(folder / "sheet.csv", FAST, "ann"))
    before = digest(lake.uri)

    merged = compact(lake.uri)
    collect(lake.uri, older_than_days=0)

    counters = dict(merged["counters"])
    assert counters["parts_after"] < counters["parts_before"]
    assert digest(lake.uri) == before
    assert truth(lake, "frustration").num_rows == 200


# -- what people decided -------------------------------------------------------------


def test_the_majority_decides_and_ties_are_left_out(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    imported(lake, fill(folder / "sheet.csv", FAST, "bob"))
    polite = ties(lake, "frustration")[FRUSTRATED]

    # Ann and Bob differ on what stopped politely, and on nothing else.
    texts = list(
        csv.DictReader(io.StringIO((folder / "sheet.csv").read_text("utf-8-sig")))
    )
    assert polite == sum("stopped" in row["text"] for row in texts) > 0
    assert truth(lake, "frustration").num_rows == 200 - polite

    imported(lake, fill(folder / "sheet.csv", CAREFUL, "cem"))
    decided = truth(lake, "frustration")
    assert ties(lake, "frustration") == {}
    assert decided.num_rows == 200
    assert set(decided["answers"].to_pylist()) == {3}


def test_weights_are_one_over_the_inclusion_probability(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    decided = truth(lake, "frustration").to_pylist()

    # Conversations have 1, 2 or 3 messages: weights are in that ratio, with mean 1.
    sizes = np.array(
        [int(r["utterance_id"].split(":")[1].split("/")[0]) for r in decided]
    )
    expected = sizes % 3 + 1
    weights = np.array([row["weight"] for row in decided])
    assert weights == pytest.approx(expected / expected.mean())
    assert all(row["sampled"] for row in decided)


def test_of_two_samples_each_counts_by_its_size(lake, folder):
    sheets = [folder / "sheet.csv", folder / "other.csv"]
    imported(lake, *[fill(sheet, CAREFUL, "ann") for sheet in sheets])
    decided = {r["utterance_id"]: r for r in truth(lake, "frustration").to_pylist()}
    chances = ask(lake.uri, "SELECT unit_id, label, value FROM measures")
    sizes = {csv_sample(sheets[0]): 200, csv_sample(sheets[1]): 50}

    # 200 and 50 answers: a weight is 200 / p1 + 50 / p2, over what holds the message.
    raw = dict.fromkeys(decided, 0.0)
    for unit, sample_id, p in chances:
        if sample_id in sizes and unit in raw:
            raw[unit] += sizes[sample_id] / p
    mean = np.mean(list(raw.values()))
    assert {k: r["weight"] for k, r in decided.items()} == pytest.approx(
        {k: w / mean for k, w in raw.items()}
    )


def csv_sample(sheet):
    return next(csv.DictReader(io.StringIO(sheet.read_text("utf-8-sig"))))["sample_id"]


def test_raters_who_never_agree_decide_nothing(lake, folder):
    against = lambda text: "no" if CAREFUL(text) == "yes" else "yes"  # noqa: E731
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    imported(lake, fill(folder / "sheet.csv", against, "bob"))
    found = judge(lake)

    (agreement,) = found.agreements
    # 200 units, o01 = 200, n0 = n1 = 200: 1 - 399 * 400 / (2 * 200 * 200) = -0.995
    assert agreement.alpha.value == pytest.approx(-0.995)
    assert (found.findings, found.ties) == ([], {FRUSTRATED: 200})


def test_a_stratum_that_is_answered_in_part_counts_in_full(lake, folder):
    sample(lake.uri, folder / "strata.csv", n=80, stratify="score")
    told = sheet_rows(folder, "strata.csv")
    found = {row["utterance_id"] for row in told if "AGAIN" in row["text"]}
    # Of 40 that the annotator found 10 are answered, of the others all 40.
    left = sorted(found)[10:]
    lines = [list(told[0]), *(list(row.values()) for row in told)]
    for line in lines[1:]:
        line[2], line[-1] = "ann", "" if line[1] in left else CAREFUL(line[4])
    imported(lake, write(folder / "part.csv", lines))

    rows = truth(lake, "frustration").to_pylist()

    chances = dict(
        ask(
            lake.uri,
            "SELECT unit_id, value FROM measures WHERE label = "
            f"'{csv_sample(folder / 'strata.csv')}'",
        )
    )
    answered = {r["utterance_id"]: r["weight"] for r in rows}
    expected = {k: (4 if k in found else 1) / chances[k] for k in answered}
    mean = np.mean(list(expected.values()))
    assert (len(answered), len(left)) == (50, 30)
    assert answered == pytest.approx({k: v / mean for k, v in expected.items()})


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


def sheet_rows(folder, name="sheet.csv"):
    text = (folder / name).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


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
        "validation",
    }
    task, unit, name, alpha, low, high, n = found["agreement"]
    assert (task, unit, name, n) == ("task", "frustration", "frustration", 200)
    assert low < alpha < high < 1
    assert found["raters"][3] == 2
    assert found["validation"] == found["precision"]


def test_an_annotator_that_guesses_gets_a_share_and_no_validation(lake, folder):
    imported(lake, fill(folder / "sheet.csv", yes_if("merged"), "ann"))
    found = judge(lake)
    (finding,) = found.findings
    true = count(lake, "merged") / 478

    assert finding.prevalence.corrected.low < true < finding.prevalence.corrected.high
    assert "validation" not in measures(lake)
    assert measures(lake)["prevalence"][3] == finding.prevalence.corrected.value
    said = claim(finding, found)
    assert "not validated, so reports show no shares" in said
    assert "no share may be given" not in said


def test_a_validation_goes_when_its_answers_change(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    judge(lake)
    assert "validation" in measures(lake)

    imported(lake, fill(folder / "sheet.csv", yes_if("merged"), "ann"))
    judge(lake)

    assert "validation" not in measures(lake)


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


def grow(lake, count):
    """Adds messages that the annotator found nothing in, each a conversation."""
    ids = [f"test:late-{number}" for number in range(count)]
    store(
        lake.uri,
        utterances(*["ok then"] * count, utterance_id=ids, conversation_id=ids),
    )
    answers = [
        {
            **dict.fromkeys(ANNOTATIONS.names),
            "utterance_id": each,
            "conversation_id": each,
            "annotator_id": MODEL,
            "task": "frustration",
            "vocabulary": "frustration",
            "label": "neutral",
            "chosen": True,
            "status": "ok",
        }
        for each in ids
    ]
    add(lake, "annotations", f"{MODEL}-frustration/late.parquet", answers)


@pytest.mark.parametrize(
    ("more", "share"),
    [
        pytest.param(20, None, id="478 + 20: 4 %"),
        pytest.param(52, 52 / 530, id="478 + 52: 10 %"),
    ],
)
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


def test_a_lake_that_is_none_is_an_error(tmp_path):
    with pytest.raises(LakeError, match="no lake at"):
        commands.gold(str(tmp_path / "x"), [], "")


def test_raters_who_import_at_once_all_arrive(lake, folder):
    sheets = [fill(folder / "sheet.csv", CAREFUL, f"rater-{n}") for n in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sheet: imported(lake, sheet), sheets))

    found = people(lake, "annotator_id, count(*)", " GROUP BY 1 ORDER BY 1")
    assert found == [(f"person:rater-{n}", 200) for n in range(4)]
