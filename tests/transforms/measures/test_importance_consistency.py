"""ImportanceConsistency: divergence and rank agreement of distributions, by hand."""

import numpy as np
import pyarrow as pa
import pytest

from affectflow import registry
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.drivers.consistency import divergence
from tests.given.factories import utterances
from tests.given.stage_runs import store


def fitted(**cohorts):
    """Returns rows for cohorts that are given as {factor: [attribution, ...]}."""
    rows = [
        {"cohort": cohort, "factor": factor, "attribution": value}
        for cohort, factors in cohorts.items()
        for factor, values in factors.items()
        for value in values
    ]
    made = registry.make("measures", "ImportanceConsistency")
    state = made.add(made.create(), pa.RecordBatch.from_pylist(rows))
    found = made.extract(state).to_pylist()
    return {(row["unit_id"], row["label"]): row for row in found}


def test_divergence_of_paper_39():
    found = divergence(np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.4, 0.2]))

    assert found == pytest.approx(0.0252671540, abs=1e-10)


def test_importance_is_the_mean_size_of_attributions():
    said = fitted(
        a={"wait": [-1.0, 1.0], "role": [0.6], "length": [0.0, -0.8]},
        b={"wait": [4.0], "role": [-4.0], "length": [1.0, 3.0]},
    )

    # a: sizes 1, 0.6 and 0.4 of 2; b: 4, 4 and 2 of 10.
    assert said["a | b", "kl"]["value"] == pytest.approx(0.0252671540, abs=1e-10)
    assert said["wait", "consensus"]["value"] == pytest.approx(0.45, abs=1e-12)
    q, p = np.array([0.45, 0.35, 0.2]), np.array([0.5, 0.3, 0.2])
    expected = float(np.sum(q * np.log(q / p)))
    assert said["a", "kl"]["value"] == pytest.approx(expected, abs=1e-12)


def test_cohorts_with_the_reverse_order_disagree_fully():
    said = fitted(
        one={"wait": [3.0], "role": [2.0], "length": [1.0]},
        two={"wait": [1.0], "role": [2.0], "length": [3.0]},
        three={"wait": [6.0], "role": [4.0], "length": [1.0]},
    )

    assert said["one | two", "kendall_tau"]["value"] == pytest.approx(-1, abs=1e-12)
    assert said["one | three", "kendall_tau"]["value"] == pytest.approx(1, abs=1e-12)
    assert said["(all)", "kendall_tau"]["value"] == pytest.approx(-1 / 3, abs=1e-12)


@pytest.mark.parametrize(
    ("cohorts", "who", "why"),
    [
        ({"a": {"x": [1.0], "y": [1.0]}}, ("a", "kl"), "there is no other cohort"),
        (
            {"a": {"x": [1.0]}, "b": {"x": [1.0]}},
            ("a", "kl"),
            "there is only one factor",
        ),
        (
            {c: {"x": [1.0], "y": [2.0], **({"z": [1.0]} if c == "c" else {})}
             for c in "abc"},
            ("c", "kl"),
            "its factors differ from those of most cohorts: z",
        ),
        (
            {"a": {"x": [0.0], "y": [0.0]}, "b": {"x": [1.0], "y": [2.0]}},
            ("a", "kl"),
            "nothing is attributed to any factor",
        ),
        (
            {"a": {"x": [1.0], "y": [0.0]}, "b": {"x": [1.0], "y": [2.0]}},
            ("b | a", "kl"),
            "a factor has no importance in one of them",
        ),
        (
            {"a": {"x": [1.0], "y": [1.0]}, "b": {"x": [1.0], "y": [2.0]}},
            ("a | b", "kendall_tau"),
            "one ranks no factor above another",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_has_no_value_and_a_reason(cohorts, who, why):
    row = fitted(**cohorts)[who]

    assert row["value"] is None
    assert row["why"].startswith(why)


@pytest.mark.rotated
def test_groups_of_driver_importance_in_a_lake_are_cohorts(tmp_path, own_configuration):
    uri, path = str(tmp_path / "lake"), tmp_path / "wide.csv"
    store(uri, utterances("a lake has to exist"))
    # What drives one repository is of little weight in the other, and the reverse.
    lines = ["repo,wait,review,mood"]
    for n in range(16):
        wait, review = n // 2 % 2, n // 4 % 2
        weights = (4, 2) if n % 2 else (2, 4)
        mood = weights[0] * wait + weights[1] * review
        lines.append(f"{['even', 'odd'][n % 2]},{wait},{review},{mood}")
    path.write_text("\n".join(lines) + "\n")
    options = {"outcome": "mood", "factors": "wait,review"}
    measure_file(str(path), "DriverImportance", options=options, by="repo", to=uri)

    found = measure_lake(uri, "ImportanceConsistency", options={"outcome": "mood"})

    said = {(row["unit_id"], row["label"]): row["value"] for row in found.rows}
    assert said["even | odd", "kendall_tau"] == pytest.approx(-1, abs=1e-12)
    assert said["even | odd", "kl"] == pytest.approx(0.6 * np.log(4), abs=1e-9)
    assert said["wait", "consensus"] == pytest.approx(0.5, abs=1e-12)
