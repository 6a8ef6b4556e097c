"""Answers of people are kept as annotations, and the majority of them decides."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from affectflow.cli import validation as commands
from affectflow.errors import LakeError, UsageError
from affectflow.gold.judging.findings import judge
from affectflow.gold.targets.labels import Target
from affectflow.gold.truth.decisions import ties_of, truth
from affectflow.lake import open_lake
from affectflow.lake.digest import digest
from affectflow.stages.mine import annotator_ids
from affectflow.stages.upkeep.compact import compact
from affectflow.stages.upkeep.gc import collect
from tests.given.factories import utterances
from tests.given.gold_lakes import (
    CAREFUL,
    FAST,
    csv_sample,
    imported,
    sample,
    sheet_rows,
)
from tests.given.stage_runs import ask, store
from tests.given.validation_lakes import MODEL, fill, write

pytestmark = pytest.mark.rotated

FRUSTRATED = Target("frustration", "frustration", "frustration")


def people(lake, columns, more=""):
    query = f"SELECT {columns} FROM annotations WHERE annotator_id LIKE 'person:%'"
    return ask(lake.uri, query + more)


# -- answers -------------------------------------------------------------------------


@pytest.mark.rotated
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


@pytest.mark.rotated
def test_a_rater_whom_the_lake_knows_keeps_the_spelling(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "Zoë"))
    imported(lake, fill(folder / "sheet.csv", FAST, "zoë"))

    assert people(lake, "DISTINCT annotator_id") == [("person:Zoë",)]


@pytest.mark.rotated
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
@pytest.mark.rotated
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
@pytest.mark.proof
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


def test_a_lake_that_is_none_is_an_error(tmp_path):
    with pytest.raises(LakeError, match="no lake at"):
        commands.gold(str(tmp_path / "x"), [], "")


def test_raters_who_import_at_once_all_arrive(lake, folder):
    sheets = [fill(folder / "sheet.csv", CAREFUL, f"rater-{n}") for n in range(4)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda sheet: imported(lake, sheet), sheets))

    found = people(lake, "annotator_id, count(*)", " GROUP BY 1 ORDER BY 1")
    assert found == [(f"person:rater-{n}", 200) for n in range(4)]


# -- what people decided -------------------------------------------------------------


def ties(lake):
    with open_lake(lake.uri) as connection:
        return ties_of(connection, "frustration")


def test_the_majority_decides_and_ties_are_left_out(lake, folder):
    imported(lake, fill(folder / "sheet.csv", CAREFUL, "ann"))
    imported(lake, fill(folder / "sheet.csv", FAST, "bob"))
    polite = ties(lake)[FRUSTRATED]

    # Ann and Bob differ on what stopped politely, and on nothing else.
    texts = list(
        csv.DictReader(io.StringIO((folder / "sheet.csv").read_text("utf-8-sig")))
    )
    assert polite == sum("stopped" in row["text"] for row in texts) > 0
    assert truth(lake, "frustration").num_rows == 200 - polite

    imported(lake, fill(folder / "sheet.csv", CAREFUL, "cem"))
    decided = truth(lake, "frustration")
    assert ties(lake) == {}
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
