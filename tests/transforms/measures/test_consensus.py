"""Consensus: Dawid and Skene's estimate of truths and of raters."""

import json

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow_transforms.measures.consensus import Consensus
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.stage_runs import ask, store


def values(rows, **options) -> dict[tuple[str, str | None], float]:
    measure = Consensus(**options)
    batch = pa.RecordBatch.from_pylist(rows, schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {(row["unit_id"], row["label"]): row["value"] for row in found}


def whys(rows, **options) -> set[str]:
    measure = Consensus(**options)
    batch = pa.RecordBatch.from_pylist(rows, schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {row["why"] for row in found if row["value"] is None}


def votes(question: str | None = None, **answers: str):
    """Returns a letter of each rater for each item."""
    return [
        {"item": f"{place}", "rater": rater, "answer": answer, "question": question}
        for rater, given in answers.items()
        for place, answer in enumerate(given)
        if answer != "-"
    ]


def planted(seed: int = 3, items: int = 200):
    """Returns truths, and answers of six raters from good to worse than chance."""
    random = np.random.default_rng(seed)
    truths = random.integers(0, 3, items)
    rows = []
    for item, truth in enumerate(truths):
        for rater in random.choice(6, 4, replace=False):
            right = random.random() < (0.9, 0.8, 0.75, 0.7, 0.6, 0.2)[rater]
            answer = truth if right else (truth + random.integers(1, 3)) % 3
            rows.append(
                {"item": f"{item}", "rater": f"r{rater}", "answer": f"{answer}"}
            )
    return truths, rows


def test_raters_of_one_mind_are_right():
    found = values(votes(ann="yynn", ben="yynn", cat="yynn"))

    assert found["ann", "accuracy"] == pytest.approx(1)
    assert found["ben", "finds y"] == pytest.approx(1)
    assert found["y", "share"] == pytest.approx(0.5)


def test_who_contradicts_all_others_is_read_the_other_way_round():
    rows = votes(ann="yyynnn", ben="yyynnn", cat="yyynnn", dan="nnnyyy")

    assert values(rows)["dan", "accuracy"] == pytest.approx(0, abs=1e-6)
    assert values(rows, tell="items")["0", "y"] == pytest.approx(1)


def test_one_who_is_right_weighs_more_than_two_who_guess():
    # On the last item the good rater stands alone against two that were often wrong.
    rows = votes(
        good="yynnyynnyynny",
        fair="yynnyynnyynn-",
        weak="ynnyynynyyyyn",
        poor="nynnnyyynnynn",
    )

    found = values(rows, tell="items")

    assert found["12", "y"] > 0.9


def test_planted_truths_are_found_oftener_than_by_the_majority():
    truths, rows = planted()
    found = values(rows, tell="items")
    likeliest = {item: int(answer) for item, answer in found}
    consensus = np.mean([likeliest[f"{n}"] == truth for n, truth in enumerate(truths)])
    counts = np.zeros((len(truths), 3))
    for row in rows:
        counts[int(row["item"]), int(row["answer"])] += 1
    majority = np.mean(counts.argmax(axis=1) == truths)

    assert consensus > majority
    accuracy = [values(rows)[f"r{n}", "accuracy"] for n in range(6)]
    assert accuracy == sorted(accuracy, reverse=True)


@pytest.mark.reference("crowdkit")
@pytest.mark.rotated
def test_crowd_kit_says_the_same_after_as_many_steps():
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    _, rows = planted(seed=5, items=60)
    frame = pd.DataFrame(rows).rename(
        columns={"item": "task", "rater": "worker", "answer": "label"}
    )

    theirs = DawidSkene(n_iter=30, tol=-1).fit(frame).probas_.max(axis=1)

    found = values(rows, tell="items", steps=30)
    ours = {item: value for (item, _), value in found.items()}
    assert [ours[item] for item in theirs.index] == pytest.approx(
        list(theirs), abs=1e-9
    )


def test_questions_are_fitted_apart():
    rows = [
        *votes("joy", ann="yyn", ben="yyn", cat="yyn"),
        *votes("anger", ann="yyy", ben="yyy", cat="yyy"),
    ]

    found = values(rows)

    assert found["ann", "joy: accuracy"] == pytest.approx(1)
    assert found["anger", None] is None
    assert whys(rows) == {"all answers are the same"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (
            votes(ann="ynn"),
            "fewer than 3 raters: which of them errs cannot be determined",
        ),
        (
            votes(ann="yn", ben="yy"),
            "fewer than 3 raters: which of them errs cannot be determined",
        ),
        (votes(ann="yy", ben="yy", cat="yy"), "all answers are the same"),
        (votes(ann="yn--", ben="yn--", cat="--yn"), "no item has answers of 3 raters"),
    ],
)
def test_where_truths_cannot_be_told_there_is_no_value(rows, why):
    assert whys(rows) == {why}


def test_whoever_rated_nothing_of_a_kind_has_no_probability_of_finding_it():
    rows = votes(ann="yynn", ben="yynn", cat="yynn", dan="yy--")

    assert values(rows)["dan", "finds n"] is None
    assert "rated no such item" in whys(rows)


@pytest.mark.parametrize(
    "options", [{"tell": "x"}, {"raters": "x"}, {"steps": 0}], ids=str
)
def test_options_out_of_range_are_refused(options):
    (name,) = options
    with pytest.raises(UsageError, match=f"`{name}`"):
        Consensus(**options)


@pytest.mark.rotated
def test_answers_of_people_in_a_lake_are_read_by_label(tmp_path):
    lake, sheet = str(tmp_path / "lake"), tmp_path / "sheet.csv"
    store(lake, utterances("it broke again", "thanks", "so slow", "merged"))
    ids = [
        row[0] for row in ask(lake, "SELECT utterance_id FROM utterances ORDER BY 1")
    ]
    lines = [
        f"{each},{rater},frustration,{answer}"
        for rater, answers in (("ann", "1010"), ("ben", "1010"), ("cat", "1000"))
        for each, answer in zip(ids, answers, strict=True)
    ]
    sheet.write_text("\n".join(["utterance_id,rater,label,answer", *lines]))
    assert affectflow("gold", lake, str(sheet)).code == 0

    done = affectflow(
        *("measure", "Consensus", lake, "--set", "task=frustration", "--format", "json")
    )

    found = {
        (row["unit_id"], row["label"]): row["value"]
        for row in map(json.loads, done.out.splitlines())
    }
    assert found["person:ann", "frustration: accuracy"] > 0.99
    assert (
        found["person:ann", "frustration: accuracy"]
        > found["person:cat", "frustration: accuracy"]
    )


def test_a_drawn_item_counts_as_often_as_it_is_drawn_and_not_its_answers():
    _, rows = planted(seed=9, items=40)
    twice = [{**row, "item": f"again {row['item']}"} for row in rows]
    alike = [row for row in rows for _ in range(2)]

    assert values(alike) == pytest.approx(values([*rows, *twice]))


def test_an_interval_is_about_its_value():
    _, rows = planted(seed=3, items=60)
    drawn = [{**row, "unit": row["item"]} for row in rows]
    measure = Consensus(draws=100)
    batch = pa.RecordBatch.from_pylist(drawn, schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()

    shares = [row for row in found if row["label"] == "share"]
    assert len(shares) == 3
    assert all(row["low"] < row["value"] < row["high"] for row in shares)


def test_answers_of_a_file_stay_what_was_written(tmp_path):
    lines = [f"{i},{r},{'yes' if i < 3 else 'no'}" for i in range(6) for r in "abc"]
    path = tmp_path / "answers.csv"
    path.write_text("\n".join(["item,rater,answer", *lines]))

    done = affectflow("measure", "Consensus", str(path))

    assert "finds yes" in done.out
