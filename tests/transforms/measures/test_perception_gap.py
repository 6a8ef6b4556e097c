"""Row 18 of the literature: what writers feel and readers see, and what is noise."""

import csv
import gzip

import numpy as np
import pyarrow as pa
import pytest

from affectflow import data, open_lake
from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures import prediction
from affectflow_transforms.measures.perception_gap import PerceptionGap
from affectflow_transforms.measures.prediction import auc_of_text
from tests.given.command_line import affectflow
from tests.given.factories import utterances
from tests.given.people import people_say
from tests.given.stage_runs import store

HIGH = {"writer_min": 2.0, "reader_max": 1.0}


def rated(label, writer, readers, unit="t"):
    said = [("writer", writer), *(("reader", each) for each in readers)]
    return [
        {"perspective": who, "value": value, "label": label, "unit": unit}
        for who, value in said
    ]


def figures(rows, **options):
    measure = PerceptionGap(**options)
    batch = pa.RecordBatch.from_pylist(rows, measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {(r["unit_id"], r["label"]): r for r in found if r["unit_type"]}


def values(rows, **options):
    found = figures(rows, **options)
    return {key: row["value"] for key, row in found.items()}


def test_the_flat_tyre_of_wrime_is_hidden_anger_and_no_hidden_sadness():
    tyre = [*rated("anger", 3, (1, 0, 0)), *rated("sadness", 3, (3, 2, 2))]

    found = values(tyre, **HIGH)

    assert found["anger", "gap"] == pytest.approx(2.667, abs=5e-4)
    assert found["sadness", "gap"] == pytest.approx(3 - 2.333, abs=5e-4)
    assert [found[label, "hidden"] for label in ("anger", "sadness")] == [1, 0]


def test_noise_of_readers_is_told_from_the_gap_by_hand():
    # Within texts: (0, 2) has 2, (1, 1) and (2, 2) have 0, of 3 degrees of freedom:
    # 2/3, and for a mean of two 1/3. The gaps 2, 0, 0 have a variance of 4/3.
    rows = [
        *rated("anger", 3, (0, 2), "a"),
        *rated("anger", 1, (1, 1), "b"),
        *rated("anger", 2, (2, 2), "c"),
    ]

    found = values(rows)

    assert found["anger", "beyond_noise"] == pytest.approx(1 - (1 / 3) / (4 / 3))
    r = np.corrcoef([3, 1, 2], [1, 1, 2])[0, 1]
    assert found["anger", "correlation"] == pytest.approx(r)


def test_readers_who_only_disagree_leave_nothing_beyond_noise():
    rng = np.random.default_rng(3)
    rows = [
        row
        for n in range(400)
        for row in rated("anger", 1.5, rng.integers(0, 4, 3).tolist(), f"t{n}")
    ]

    assert abs(values(rows)["anger", "beyond_noise"]) < 0.15


def test_means_of_raters_count_as_their_ratings_do():
    ratings = [
        *rated("joy", 3, (0, 1, 2), "a"),
        *rated("joy", 1, (1, 3), "b"),
        *rated("joy", 0, (0,), "c"),
    ]
    means = [
        *rated("joy", 3, (1,), "a"),
        *rated("joy", 1, (2,), "b"),
        *rated("joy", 0, (0,), "c"),
    ]
    means[1] |= {"raters": 3, "sd": np.sqrt(2 / 3)}
    means[3] |= {"raters": 2, "sd": 1.0}

    assert values(means) == pytest.approx(values(ratings), nan_ok=True)


def test_the_low_end_of_a_scale_is_hidden_the_other_way_round():
    rows = [*rated("V", 2.5, (3, 3), "a"), *rated("V", 2.5, (3, 2.8), "b")]

    found = values(rows, writer_max=2.5, reader_min=3.0)

    assert (found["V", "hidden"], found["V", "hidden_share"]) == (1, 0.5)


def test_gaps_of_single_texts_are_told_on_request():
    rows = [*rated("anger", 3, (1, 0, 0), "a"), *rated("anger", 0, (1,), "b")]

    found = values(rows, tell="texts", **HIGH)

    assert found == {
        ("a", "anger gap"): pytest.approx(8 / 3),
        ("a", "anger hidden"): 1,
        ("b", "anger gap"): -1,
        ("b", "anger hidden"): 0,
    }


def test_what_has_no_value_says_why_and_unpaired_texts_are_counted():
    found = figures([*rated("anger", 3, (1,), "a"), *rated("anger", 3, (), "b")])

    assert found["anger", "unpaired"]["value"] == 1
    assert {name: row["why"] for (_, name), row in found.items() if row["why"]} == {
        "correlation": "fewer than two texts are rated by both sides",
        "beyond_noise": "fewer than two texts are rated by both sides",
        "hidden": "give `writer_min` and `reader_max`, or `writer_max` and "
        "`reader_min`",
    }
    same = [*rated("joy", 1, (1, 1), "a"), *rated("joy", 1, (1, 1), "b")]
    reasons = {name: row["why"] for (_, name), row in figures(same, **HIGH).items()}
    assert reasons["correlation"] == "one side does not vary"
    assert reasons["beyond_noise"] == "the gap does not vary"
    one = [*rated("joy", 1, (1,), "a"), *rated("joy", 1, (2,), "b")]
    found = figures(one)["joy", "beyond_noise"]
    assert found["why"] == "no text has two readers"


def test_what_one_side_only_rates_is_not_told_to_be_hidden_or_not():
    one_side = [
        row for row in rated("joy", 3, (1, 2)) if row["perspective"] == "reader"
    ]

    found = figures(one_side, **HIGH)

    for name in ("hidden", "hidden_share"):
        row = found["joy", name]
        assert (row["value"], row["why"]) == (None, "no text is rated by both sides")


@pytest.mark.parametrize(
    "options",
    [{"writer_min": 2.0}, {"reader_min": 2.0}, {**HIGH, "writer_max": 1.0}],
)
def test_half_a_limit_or_both_ends_are_one_line(options):
    with pytest.raises(UsageError, match="both limits of one end"):
        PerceptionGap(**options)


def test_an_interval_draws_texts_and_not_readers():
    # Ten texts whose gap is 0 and ten whose is 1: a share of 20, not of 20 * readers.
    rows = [
        row
        for n in range(20)
        for row in rated("anger", 1 + n % 2, [1] * (1 + 9 * (n % 3)), f"t{n}")
    ]

    row = figures(rows, draws=400)["anger", "gap"]

    # The standard error of a mean of 20 zeros and ones: .5 by the root of 20, .112.
    assert row["value"] == 0.5
    assert row["low"] == pytest.approx(0.5 - 1.96 * 0.112, abs=0.05)
    assert row["high"] == pytest.approx(0.5 + 1.96 * 0.112, abs=0.05)


def test_auc_counts_the_pairs_of_a_fold_that_are_in_order(monkeypatch):
    # Scores of texts, counted pair by pair; a tie is half (Mann and Whitney 1947).
    scores = {"t0": 0.1, "t1": 0.4, "t2": 0.4, "t3": 0.9, "t4": 0.2, "t5": 0.4}
    hidden = np.array([False, True, False, True, False, True])

    def told(texts, truth, inside):
        return np.array([s for s, i in zip(scores.values(), inside, strict=True) if i])

    monkeypatch.setattr(prediction, "_scores", told)
    found = prediction.auc_of_text(list(scores), list(scores), hidden, 2)

    folds = prediction._folds(list(scores), hidden, 2)
    wins = pairs = 0
    for fold in (0, 1):
        inside = [n for n in range(6) if folds[n] == fold]
        for one in (n for n in inside if hidden[n]):
            for other in (n for n in inside if not hidden[n]):
                above = scores[f"t{one}"] - scores[f"t{other}"]
                wins += 1 if above > 0 else 0.5 if above == 0 else 0
                pairs += 1
    assert pairs > 3
    assert found.value == pytest.approx(wins / pairs)


def test_words_that_tell_hidden_texts_are_found_and_others_are_not():
    hidden = np.arange(40) % 2 == 0
    ids = [f"t{n}" for n in range(40)]
    telling = ["it is fine" if each else "how nice" for each in hidden]

    assert auc_of_text(ids, telling, hidden, 4).value == 1
    assert auc_of_text(ids, ["same words"] * 40, hidden, 4).value == 0.5
    few = auc_of_text(ids[:4], telling[:4], hidden[:4], 4)
    assert few.why == "fewer than 4 texts with words are hidden, or are not"


@pytest.mark.rotated
def test_in_a_lake_people_say_who_they_are_and_the_view_shows_a_row_a_label(
    tmp_path, own_configuration
):
    uri = str(tmp_path / "lake")
    store(uri, utterances("flat tyre", "all is well", "so tired"))
    ids = utterances("a", "b", "c").column("utterance_id").to_pylist()
    said = [(ids[0], 3.0, (1, 0, 0)), (ids[1], 0.0, (0, 0, 0)), (ids[2], 2.0, (2, 1))]
    people_say(
        uri,
        [
            {"utterance_id": id_, "label": "anger", "value": float(value),
             "rater": f"{who}{n}", "perspective": who}
            for id_, writer, readers in said
            for who, values in (("self_report", [writer]), ("reader", readers))
            for n, value in enumerate(values)
        ],
    )  # fmt: skip

    measure_lake(uri, "PerceptionGap", options=HIGH)

    with open_lake(uri) as lake:
        sql = data.find("views", "perception_gap").text()
        (row,) = lake.sql(sql).to_arrow_table().to_pylist()
    assert row["gap"] == pytest.approx((8 / 3 + 0 + 0.5) / 3)
    assert (row["label"], row["hidden"], row["n"], row["unpaired"]) == (
        "anger",
        1,
        3,
        0,
    )
    assert row["hidden_share"] == pytest.approx(1 / 3)


@pytest.mark.rotated
def test_answers_of_writers_are_imported_and_set_against_those_of_readers(
    tmp_path, own_configuration
):
    uri = str(tmp_path / "lake")
    store(uri, utterances("flat tyre", "all is well"))
    tyre, well = utterances("a", "b").column("utterance_id").to_pylist()
    heads = "utterance_id,label,answer,rater\n"
    answers = {
        "writer": f"{tyre},anger,yes,dee\n{well},anger,no,eve\n",
        "reader": f"{tyre},anger,no,ann\n{well},anger,no,ann\n{tyre},anger,no,ben\n",
    }
    for who, rows in answers.items():
        (tmp_path / f"{who}.csv").write_text(heads + rows)
        path = str(tmp_path / f"{who}.csv")
        done = affectflow("gold", uri, path, "--perspective", who)
        assert done.code == 0, done.err

    measure_lake(
        uri,
        "PerceptionGap",
        options={"label": "anger", "writer_min": 1, "reader_max": 0},
    )

    with open_lake(uri) as lake:
        (row,) = lake.sql("FROM perception_gap").to_arrow_table().to_pylist()
        votes = lake.sql(
            "SELECT yes, answers, holds FROM majority WHERE label = 'anger'"
        )
        assert sorted(votes.fetchall()) == [(0, 1, False), (0, 2, False)]
    assert (row["gap"], row["hidden"], row["n"]) == (0.5, 1, 2)


def test_the_command_names_the_columns_that_are_there(tmp_path, own_configuration):
    path = tmp_path / "ratings.csv"
    path.write_text("post,who,score\n1,writer,3\n")

    done = affectflow("measure", "PerceptionGap", path, "--map", "value=score")

    assert done.code == 2
    assert "perception-gap needs the column 'perspective'" in done.err
    assert "post, who, score" in done.err


# -- real ratings -------------------------------------------------------------------


def table_of(folder, labels):
    """Returns a file of EmoBank's ratings: a row for each sentence, side and scale."""
    rows = [["unit", "perspective", "label", "value", "raters", "sd"]]
    for side in ("writer", "reader"):
        with gzip.open(folder / f"{side}.csv.gz", "rt", encoding="utf-8") as file:
            rows += [
                [row["id"], side, label, row[label], row["N"], row[f"std{label}"]]
                for row in csv.DictReader(file)
                for label in labels
            ]
    return rows


def test_writers_and_readers_of_emobank(shared_data, tmp_path):
    path = tmp_path / "emobank.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(table_of(shared_data / "emobank", "VAD"))
    options = {"writer_max": 2.5, "reader_min": 3.0}

    found = measure_file(str(path), "PerceptionGap", options=options)

    values = {(r["unit_id"], r["label"]): r["value"] for r in found.rows}
    for label, r in {"V": 0.661, "A": 0.300, "D": 0.223}.items():
        assert values[label, "correlation"] == pytest.approx(r, abs=6e-4)
    assert values["V", "hidden"] == 75
    # Of valence and dominance little is beyond the noise, of arousal nothing.
    assert 0 < values["V", "beyond_noise"] < 0.1
    assert 0 < values["D", "beyond_noise"] < 0.1
    assert values["A", "beyond_noise"] < 0


@pytest.mark.proof
def test_words_hardly_tell_the_hidden_negativity_of_emobank(shared_data):
    folder = shared_data / "emobank"
    with (folder / "emobank.csv").open(encoding="utf-8") as file:
        texts = {row["id"]: row["text"] for row in csv.DictReader(file)}
    heads, *rows = table_of(folder, "V")
    rows = [dict(zip(heads, row, strict=True)) for row in rows]
    for row in rows:
        row |= {name: float(row[name]) for name in ("value", "raters", "sd")}
        row["text"] = texts[row["unit"]]

    found = figures(rows, writer_max=2.5, reader_min=3.0, folds=5)["V", "auc"]

    assert 0.55 < found["value"] < 0.65
    assert found["n"] == 9_061  # one sentence has no words
