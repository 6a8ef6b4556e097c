"""DriverImportance: exact shares of a linear fit, by hand and by brute force."""

import itertools
import math
import re

import numpy as np
import pyarrow as pa
import pytest

from affectflow import registry, testing
from affectflow.errors import UsageError
from affectflow.steps import measure as steps
from affectflow_transforms.measures.drivers import shares

# A balanced square: wait and review vary apart, so each has what it explains alone.
# outcome = 0.5 + 2 wait + review: variances 4 and 1, of 5 in all.
SQUARE = {
    "wait": ["-1", "-1", "1", "1"] * 2,
    "review": ["false", "true", "false", "true"] * 2,
    "mood": [-1.5, 0.5, 2.5, 4.5] * 2,
}


def fitted(columns, **options):
    """Returns what is said of columns: {(unit_id, label): row}, and all refusals."""
    made = registry.make("measures", "DriverImportance", options)
    state = made.add(made.create(), pa.RecordBatch.from_pydict(columns))
    rows = made.extract(state).to_pylist()
    said = {(row["unit_id"], row["label"]): row for row in rows if row["unit_type"]}
    return said, {row["why"]: row["n"] for row in rows if not row["unit_type"]}


def values(columns, **options):
    said, _ = fitted(columns, **options)
    return {key: row["value"] for key, row in said.items()}


def test_factors_that_vary_apart_have_what_each_explains_alone():
    said = values(SQUARE, outcome="mood", factors="wait,review")

    assert said["mood", "r2"] == pytest.approx(1, abs=1e-12)
    assert said["wait", "importance"] == pytest.approx(4 / 5, abs=1e-12)
    assert said["review", "importance"] == pytest.approx(1 / 5, abs=1e-12)
    assert said["wait", "slope"] == pytest.approx(2, abs=1e-12)
    assert said["review", "slope"] == pytest.approx(2, abs=1e-12)
    assert said["wait", "spread"] == pytest.approx(2, abs=1e-12)
    assert said["review", "spread"] == pytest.approx(1, abs=1e-12)


def test_factors_that_vary_together_share_what_they_explain():
    # r(a, b) = 1/2, and the outcome is their sum: R² is 3/4 by one, 1 by both.
    a, b = [1, 1, 1, -1, 1, -1, -1, -1], [1, 1, 1, 1, -1, -1, -1, -1]
    columns = {"a": list(map(str, a)), "b": list(map(str, b))}
    columns["y"] = [float(one + other) for one, other in zip(a, b, strict=True)]

    said = values(columns, outcome="y", factors="a,b")

    assert said["a", "importance"] == pytest.approx(1 / 2, abs=1e-12)
    assert said["b", "importance"] == pytest.approx(1 / 2, abs=1e-12)


def test_levels_of_a_factor_are_told_from_the_mean_of_all():
    columns = {
        "role": ["member"] * 4 + ["none"] * 2 + ["owner"] * 2,
        "y": [1.0, 3.0, 1.0, 3.0, 4.0, 6.0, 0.0, 2.0],
    }

    said, _ = fitted(columns, outcome="y", factors="role")

    # Means 2, 5 and 1, of all 2.5.
    found = {key[0]: row["value"] for key, row in said.items() if "=" in key[0]}
    assert found == {
        "role=member": pytest.approx(-0.5, abs=1e-12),
        "role=none": pytest.approx(2.5, abs=1e-12),
        "role=owner": pytest.approx(-1.5, abs=1e-12),
    }
    assert said["role=member", "attribution"]["n"] == 4
    assert said["role", "importance"]["value"] == 1


def test_numbers_may_be_names():
    columns = {"hour": ["1", "2", "3"] * 4, "y": [1.0, 5.0, 1.0] * 3 + [2.0, 6.0, 2.0]}

    as_number = values(columns, outcome="y", factors="hour")
    as_name = values(columns, outcome="y", factors="hour", categories="hour")

    assert as_number["y", "r2"] == pytest.approx(0, abs=1e-12)
    assert as_name["hour=2", "attribution"] == pytest.approx(8 / 3, abs=1e-12)


# -- brute force, of four factors that vary together ----------------------------------


@pytest.fixture(scope="module")
def four():
    generator = np.random.default_rng(5)
    mixed = np.eye(4) + 0.3 * generator.normal(size=(4, 4))
    rows = generator.normal(size=(60, 4)) @ mixed
    outcome = rows @ [1.0, -2.0, 0.5, 0.0] + generator.normal(size=60)
    return rows, outcome


def of_orders(worth):
    """Returns the mean of what each of four adds, over all orders."""
    added = np.zeros(4)
    for order in itertools.permutations(range(4)):
        for place, factor in enumerate(order):
            before = frozenset(order[:place])
            added[factor] += worth(before | {factor}) - worth(before)
    return added / math.factorial(4)


def test_shares_of_r2_are_those_of_all_orders(four):
    rows, outcome = four

    def r2(subset):
        given = np.column_stack([np.ones(60), rows[:, sorted(subset)]])
        rest = outcome - given @ np.linalg.lstsq(given, outcome, rcond=None)[0]
        return 1 - rest.var() / outcome.var()

    columns = {name: rows[:, n].astype(str) for n, name in enumerate("abcd")}
    said = values({**columns, "y": outcome}, outcome="y", factors="a,b,c,d")

    expected = of_orders(r2)
    found = [said[name, "importance"] * said["y", "r2"] for name in "abcd"]
    assert found == pytest.approx(expected, abs=1e-9)
    assert sum(found) == pytest.approx(r2(range(4)), abs=1e-9)


def test_attributions_are_those_of_all_orders_and_sum_to_the_answer(four):
    rows, outcome = four
    slopes = np.linalg.lstsq(rows - rows.mean(0), outcome, rcond=None)[0]

    def answers(one):
        """The mean answer where some columns are those of one row."""

        def worth(subset):
            mixed = rows.copy()
            mixed[:, sorted(subset)] = one[sorted(subset)]
            return (mixed @ slopes).mean()

        return worth

    found = shares.attributions(slopes, rows[:3], rows.mean(axis=0))

    for one, added in zip(rows[:3], found, strict=True):
        assert added == pytest.approx(of_orders(answers(one)), abs=1e-9)
        mean = (rows @ slopes).mean()
        assert added.sum() == pytest.approx(one @ slopes - mean, abs=1e-9)


# -- what has no value -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "who", "why"),
    [
        pytest.param({"wait": ["2"] * 8}, "wait", "it is the same everywhere"),
        pytest.param(
            {"wait": ["0.1"] * 8}, "wait", "it is the same everywhere", id="rounding"
        ),
        pytest.param({"review": ["x"] * 8}, "review", "it is the same everywhere"),
        pytest.param(
            {"review": ["1", "n/a"] * 4},
            "review",
            "it mixes numbers and words, such as 'n/a'",
        ),
        pytest.param(
            {"review": ["-2", "-2", "2", "2"] * 2},
            "wait",
            "wait and review say the same; leave one out",
        ),
        pytest.param(
            {"review": list("abcdefgh")},
            "wait",
            "8 observations are too few for 8 columns",
        ),
        pytest.param({"mood": [0.5] * 8}, "wait", "mood is the same everywhere"),
        pytest.param(
            {"mood": [1.0, -1.0, -1.0, 1.0] * 2},
            "wait",
            "the factors explain no more than chance would",
        ),
    ],
)
def test_what_cannot_be_told_has_no_value_and_a_reason(changed, who, why):
    said, _ = fitted({**SQUARE, **changed}, outcome="mood", factors="wait,review")

    assert said[who, "importance"]["value"] is None
    assert said[who, "importance"]["why"] == why


def test_a_constant_factor_leaves_the_others_as_they_are():
    columns = {**SQUARE, "same": ["x"] * 8}

    said = values(columns, outcome="mood", factors="wait,review,same")

    assert said["wait", "importance"] == pytest.approx(4 / 5, abs=1e-12)
    assert said["same", "importance"] is None


def test_missing_and_endless_values_are_left_out_and_counted():
    columns = {
        "wait": [*SQUARE["wait"], None, "NaN", "1", "-1e308"],
        "review": [*SQUARE["review"], "true", "true", None, "true"],
        "mood": [*SQUARE["mood"], 1.0, 1.0, math.inf, 1.0],
    }

    said, left_out = fitted(columns, outcome="mood", factors="wait,review")

    beyond = "a number is not finite, or beyond 1e100"
    assert left_out == {"no wait": 1, beyond: 2, "no review": 1}
    assert said["wait", "importance"]["n"] == 8


def test_messages_without_times_are_left_out_with_factors_that_need_none():
    columns = {"wait_hours": [None, "1"], "mood": [1.0, 2.0]}

    _, left_out = fitted(columns, outcome="mood", factors="wait_hours")

    ((reason, n),) = left_out.items()
    assert n == 1
    assert reason.startswith("no wait_hours; factors such as turns_before")
    with pytest.raises(UsageError, match="needs the column 'wait_hours'"):
        fitted({"mood": [1.0]}, outcome="mood", factors="wait_hours")


def test_a_factor_with_too_many_names_is_left_out():
    columns = {**SQUARE, "name": list("abcdefgh")}
    columns = {key: each * 4 for key, each in columns.items()}
    columns["name"] = [f"{name}{n}" for n, name in enumerate(columns["name"])]

    said, _ = fitted(columns, outcome="mood", factors="wait,name")

    why = said["name", "importance"]["why"]
    assert why == "it has 32 levels, but at most 24 can be compared"
    assert said["wait", "importance"]["value"] == pytest.approx(1, abs=1e-12)


def test_draws_of_conversations_give_intervals():
    generator = np.random.default_rng(3)
    wait, noise = generator.normal(size=(2, 400))
    columns = {"wait": wait.astype(str), "mood": 2 * wait + noise}
    columns["unit"] = [f"c{n}" for n in range(400)]

    said, _ = fitted(columns, outcome="mood", factors="wait", draws=200)

    row = said["wait", "slope"]
    # A slope whose standard error is 1 by the root of 400.
    assert row["low"] == pytest.approx(row["value"] - 1.96 / 20, abs=0.03)
    assert row["high"] == pytest.approx(row["value"] + 1.96 / 20, abs=0.03)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"factors": ""}, "`factors` must name 1 to 10 factors, got 0"),
        ({"factors": "a,A"}, "outcome and factors must differ, got frustration, a, A"),
        ({"factors": "speaker_id"}, "'speaker_id' cannot be the outcome or a"),
        ({"categories": "hour"}, "`categories` names 'hour', which is not among"),
    ],
)
def test_options_that_say_nothing_are_answered(options, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        registry.make("measures", "DriverImportance", options)


def test_factors_are_columns_of_a_pipeline():
    numbers = [float(each) for each in SQUARE["wait"]]
    flags = [each == "true" for each in SQUARE["review"]]
    columns = {"wait": numbers, "flag": flags, "mood": SQUARE["mood"]}
    step = steps.Measure(
        name="DriverImportance",
        options={"outcome": "mood", "factors": "wait,review"},
        columns={"review": "flag"},
    )

    found = testing.run(step, pa.RecordBatch.from_pydict(columns)).to_pylist()

    said = {row["unit_id"]: row["value"] for row in found if row["label"] == "spread"}
    assert said == {"wait": pytest.approx(2), "review": pytest.approx(1)}
