"""Intervals: conversations are drawn, and statistics added up as the draws say."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from affectflow.batches.bootstrap import SEED, draws_of
from affectflow.gold.figures import LabelMetrics, ValueMetrics, intervals
from affectflow.gold.figures.accuracy import wilson
from affectflow.gold.figures.rows import label_rows
from affectflow.gold.figures.schemas import MACRO, MEASURED, MICRO

UNITS, PER_UNIT = 40, 15


@pytest.fixture(scope="module")
def told() -> pa.RecordBatch:
    """Answers in conversations, some of which are angrier than others."""
    generator = np.random.default_rng(3)
    unit = np.repeat(np.arange(UNITS), PER_UNIT)
    angry = generator.uniform(0.05, 0.6, UNITS)[unit]
    truth = generator.random(len(unit)) < angry
    score = np.clip(generator.normal(0.3 + 0.3 * truth, 0.2), 0, 1).round(2)
    return pa.RecordBatch.from_pydict(
        {
            "unit": [f"c{number:02}" for number in unit],
            "label": generator.choice(["anger", "joy"], len(unit)),
            "truth": truth,
            "chosen": score > 0.5,
            "score": score,
        }
    )


def state_of(metrics, batch: pa.RecordBatch) -> pa.Table:
    return metrics.merge([metrics.add(metrics.create(), batch)])


def percentiles(statistic, batch: pa.RecordBatch, draws: int) -> tuple[float, float]:
    """Returns an interval the long way: rows repeated as often as they are drawn."""
    unit = np.array(batch.column("unit").to_pylist())
    _, place = np.unique(unit, return_inverse=True)
    truth = batch.column("truth").to_numpy(zero_copy_only=False)
    score = batch.column("score").to_numpy()
    anger = np.array(batch.column("label").to_pylist()) == "anger"
    found = []
    for counts in draws_of(np.arange(UNITS), draws=draws, seed=SEED):
        rows = np.repeat(np.arange(len(unit)), (counts[place] * anger).astype(int))
        found.append(statistic(truth[rows], score[rows]))
    return tuple(np.percentile(found, [2.5, 97.5]))


@pytest.mark.parametrize(
    ("name", "statistic"),
    [("auc", roc_auc_score), ("average_precision", average_precision_score)],
    ids=["auc", "ap"],
)
def test_an_interval_is_that_of_rows_drawn_with_their_conversation(
    told, name, statistic
):
    bounds = intervals.of_labels(state_of(LabelMetrics(units=True), told), draws=50)

    expected = percentiles(statistic, told, draws=50)
    assert bounds[None, "anger"][name] == pytest.approx(expected, abs=1e-9)


def test_an_interval_holds_its_figure(told):
    state = state_of(LabelMetrics(units=True), told)

    bounds = intervals.of_labels(state, draws=200)

    rows = LabelMetrics().extract(state).to_pylist()
    assert {row["label"] for row in rows} == {"anger", "joy", MACRO, MICRO}
    for row in rows:
        for name in MEASURED:
            low, high = bounds[None, row["label"]][name]
            assert low < row[name] < high, (row["label"], name)


def test_saying_the_same_four_times_in_a_conversation_is_worth_no_more(told):
    rows = np.repeat(np.arange(told.num_rows), 4)
    four_times = told.take(rows)
    apart = four_times.set_column(
        told.schema.get_field_index("unit"),
        "unit",
        pa.array([f"{number}" for number in range(len(rows))]),
    )

    def bounds(batch):
        state = state_of(LabelMetrics(units=True), batch)
        return intervals.of_labels(state, draws=200)[None, "anger"]["auc"]

    assert bounds(four_times) == pytest.approx(bounds(told), abs=1e-9)
    # As if they were of conversations of their own: 4 x as many, half the width.
    assert np.diff(bounds(apart)) < 0.7 * np.diff(bounds(told))


def test_a_few_conversations_give_no_interval(told):
    few = told.filter(pa.compute.less(told.column("unit"), "c09"))

    assert intervals.of_labels(state_of(LabelMetrics(units=True), few)) == {}


def alike(**columns) -> pa.RecordBatch:
    """Returns 20 answers, each of a conversation of its own: 10 yes, all found."""
    truth = [True] * 10 + [False] * 10
    rest = {"chosen": truth, "score": [0.9 if each else 0.1 for each in truth]}
    units = {"unit": [f"c{n}" for n in range(20)], "label": ["joy"] * 20}
    return pa.RecordBatch.from_pydict(units | {"truth": truth} | rest | columns)


def test_shares_that_are_alike_in_every_draw_have_wilsons_interval():
    state = state_of(LabelMetrics(units=True), alike())

    bounds = intervals.of_labels(state, draws=50)[None, "joy"]

    assert bounds["precision"] == pytest.approx((0.722, 1.0), abs=1e-3)
    assert bounds["recall"] == bounds["precision"]


def test_wilsons_interval_rests_on_what_the_weights_are_worth():
    # Of the ten yes one weighs as much as the other nine: 18^2 / (9^2 + 9) = 3.6.
    state = state_of(LabelMetrics(units=True), alike(weight=[9.0] + [1.0] * 19))

    bounds = intervals.of_labels(state, draws=50)[None, "joy"]

    assert bounds["recall"] == pytest.approx(wilson(1.0, 3.6)[1:])


def test_other_figures_that_are_alike_in_every_draw_have_no_interval():
    state = state_of(LabelMetrics(units=True), alike())

    bounds = intervals.of_labels(state, draws=50)[None, "joy"]

    assert {"f1", "auc", "average_precision"}.isdisjoint(bounds)
    assert "brier_skill" in bounds


def test_a_label_of_few_conversations_has_no_interval_beside_one_of_many(told):
    anger = pa.compute.equal(told.column("label"), "anger")
    early = pa.compute.less(told.column("unit"), "c09")
    state = state_of(
        LabelMetrics(units=True), told.filter(pa.compute.or_(anger, early))
    )

    rows = {row["label"]: row for row in label_rows(state, draws=50)}

    assert "auc_low" in rows["anger"]
    assert "auc_low" not in rows["joy"]
    assert "no interval: fewer than 10 conversations" in rows["joy"]["why"]


def test_no_draws_give_no_interval(told):
    state = state_of(LabelMetrics(units=True), told)

    assert intervals.of_labels(state, draws=0) == {}


def test_a_figure_that_is_null_has_no_interval(told):
    place = told.schema.get_field_index("score")
    bare = told.set_column(place, "score", pa.nulls(told.num_rows, pa.float64()))

    bounds = intervals.of_labels(state_of(LabelMetrics(units=True), bare), draws=50)

    of_choices = {"precision", "recall", "f1", "specificity"}
    assert set(bounds[None, "anger"]) == of_choices


def test_groups_are_drawn_by_themselves(told):
    group = pa.array(["a", "b"] * (told.num_rows // 2))
    state = state_of(LabelMetrics(units=True), told.append_column("group", group))

    bounds = intervals.of_labels(state, draws=50)

    only_a = state_of(
        LabelMetrics(units=True),
        told.filter(pa.compute.equal(group, "a")),
    )
    assert bounds["a", "anger"] == intervals.of_labels(only_a, draws=50)[None, "anger"]


def test_intervals_of_values_are_those_of_rows_drawn_with_their_conversation():
    generator = np.random.default_rng(4)
    unit = np.repeat(np.arange(30), 5)
    truth = generator.normal(size=150)
    value = truth + generator.normal(size=150)
    batch = pa.RecordBatch.from_pydict(
        {
            "unit": [f"c{number:02}" for number in unit],
            "label": ["valence"] * 150,
            "truth": truth,
            "value": value,
        }
    )

    state = state_of(ValueMetrics(units=True), batch)
    found = intervals.of_values(state, draws=50)[None, "valence"]

    drawn = []
    for counts in draws_of(np.arange(30), draws=50, seed=SEED):
        rows = np.repeat(np.arange(150), counts[unit].astype(int))
        drawn.append(np.corrcoef(truth[rows], value[rows])[0, 1])
    assert found["pearson"] == pytest.approx(np.percentile(drawn, [2.5, 97.5]))
    assert set(found) == {"pearson", "ccc", "rmse", "bias"}
