"""Beam in several bundles and scikit-learn say the same."""

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from affectflow import testing
from affectflow.gold.figures import LabelMetrics, ValueMetrics
from affectflow.gold.figures.schemas import COMPARED, GRID, MEASURED
from affectflow.steps.measure import MetricsFn

LABELS = ("anger", "joy", "rare")
N = 6_000


@pytest.fixture(scope="module")
def told() -> pa.Table:
    """Answers on three labels in two groups; scores with ties and off the grid."""
    generator = np.random.default_rng(20)
    label = generator.choice(LABELS, N, p=[0.5, 0.499, 0.001])
    truth = generator.random(N) < np.where(label == "joy", 0.3, 0.1)
    score = np.clip(generator.normal(0.3 + 0.2 * truth, 0.2), 0, 1)
    score[::3] = score[::3].round(1)
    return pa.table(
        {
            "unit": generator.integers(0, 300, N).astype(str),
            "group": generator.choice(["issue", "comment"], N),
            "label": label,
            "truth": truth,
            "chosen": score > 0.45,
            "score": score,
            "weight": generator.uniform(0.5, 2, N),
        }
    )


@pytest.fixture(scope="module")
def valued() -> pa.Table:
    generator = np.random.default_rng(21)
    truth = generator.normal(100, 1, N)
    return pa.table(
        {
            "label": generator.choice(["valence", "arousal"], N),
            "truth": truth,
            "value": truth + generator.normal(1, 1, N),
            "weight": generator.uniform(0.5, 2, N),
        }
    )


def in_python(metrics, table: pa.Table) -> dict:
    state = metrics.create()
    for batch in table.to_batches(max_chunksize=1_000):
        state = metrics.add(state, batch)
    return by_key(metrics.extract(state).to_pylist())


def by_key(rows) -> dict:
    return {(row["group"], row["label"]): row for row in rows}


def same(one: dict, other: dict, names) -> None:
    assert one.keys() == other.keys()
    for key, row in one.items():
        here = {name: row[name] for name in names}
        there = {name: other[key][name] for name in names}
        assert here == pytest.approx(there, abs=1e-9, nan_ok=False), key


class Spread(beam.PTransform):
    """Combines what is spread over several bundles first."""

    def __init__(self, metrics):
        super().__init__()
        self._metrics = metrics

    def expand(self, pcoll):
        return pcoll | beam.Reshuffle() | beam.CombineGlobally(MetricsFn(self._metrics))


def in_beam(metrics, table: pa.Table) -> dict:
    batches = table.to_batches(max_chunksize=700)
    options = (*testing.WITH_RETRIES, "--direct_num_workers=3")
    return by_key(testing.run(Spread(metrics), *batches, options=options).to_pylist())


def test_beam_in_several_bundles_gives_the_same_label_figures(told):
    same(in_beam(LabelMetrics(), told), in_python(LabelMetrics(), told), MEASURED)


def test_beam_in_several_bundles_gives_the_same_value_figures(valued):
    same(in_beam(ValueMetrics(), valued), in_python(ValueMetrics(), valued), COMPARED)


# Sums of 0.1 are off in the last digit, so that a constant has some variance left.
ONE_VALUE = {
    "truth": {"truth": [0.1] * 7, "value": [0.2, 0.4, 0.3, 0.1, 0.9, 0.4, 0.2]},
    "value": {"truth": [0.2, 0.4, 0.3, 0.1, 0.9, 0.4, 0.2], "value": [0.1] * 7},
    "both": {"truth": [0.1] * 7, "value": [0.1] * 7},
    "one-row": {"truth": [0.3], "value": [0.2]},
}


@pytest.mark.parametrize("columns", ONE_VALUE.values(), ids=ONE_VALUE)
def test_a_constant_is_not_correlated(columns):
    n = len(columns["truth"])
    table = pa.table({**columns, "label": ["x"] * n, "weight": [0.1] * n})

    ((row,),) = [in_python(ValueMetrics(), table).values()]

    assert (row["pearson"], row["ccc"]) == (None, None)
    assert "gave one value only" in row["why"]


@pytest.mark.parametrize("label", ["anger", "joy"])
def test_scikit_learn_gives_the_same_weighted_figures(told, label):
    rows = told.filter(pa.compute.equal(told["label"], label))
    rows = rows.filter(pa.compute.equal(rows["group"], "issue"))
    truth, chosen = rows["truth"].to_numpy(), rows["chosen"].to_numpy()
    weight = {"sample_weight": rows["weight"].to_numpy()}
    score = np.floor(rows["score"].to_numpy() * GRID + 0.5) / GRID

    found = in_python(LabelMetrics(), told)["issue", label]

    expected = {
        "precision": reference.precision_score(truth, chosen, **weight),
        "recall": reference.recall_score(truth, chosen, **weight),
        "f1": reference.f1_score(truth, chosen, **weight),
        "auc": reference.roc_auc_score(truth, score, **weight),
        "average_precision": reference.average_precision_score(truth, score, **weight),
        "brier": reference.brier_score_loss(truth, score, **weight),
    }
    assert {n: found[n] for n in expected} == pytest.approx(expected, abs=1e-9)
