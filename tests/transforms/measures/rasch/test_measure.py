"""FacetedRasch: severities that are known, and reasons where there are none."""

import math

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow_transforms.measures.rasch.measure import FacetedRasch
from tests.given.ratings import column, rated, said, simulated

LN_3 = math.log(3)
THIRTY_TEN = rated(a="1" * 30 + "0" * 10, b="0" * 30 + "1" * 10)


def gap(found) -> float:
    severity = column(found, "rater", "severity")
    return severity["b"] - severity["a"]


def test_thirty_to_ten_is_ln_3_and_not_twice_that():
    found = said(THIRTY_TEN, way="conditional")

    assert gap(found) == pytest.approx(LN_3, abs=1e-9)
    row = found["rater", "b", "severity"]
    # The gap's standard error is sqrt(1/30 + 1/10); a severity is half of it.
    half = 1.959964 * math.sqrt(1 / 30 + 1 / 10) / 2
    assert row["high"] - row["value"] == pytest.approx(half, abs=1e-6)


@pytest.mark.parametrize("way", ["marginal", "conditional"])
def test_persons_on_whom_both_agree_do_not_change_the_gap(way):
    both = rated(a="1" * 30 + "0" * 10 + "10" * 40, b="0" * 30 + "1" * 10 + "10" * 40)

    assert gap(said(both, way=way)) == pytest.approx(LN_3, abs=1e-7)


@pytest.fixture(scope="module")
def made():
    return simulated(500, 3, 8, each=3)


@pytest.fixture(scope="module")
def of_made(made):
    return said(made.rows, keep="raters,items")


def test_planted_severities_and_difficulties_are_recovered(made, of_made):
    for unit_type, label, true in (
        ("rater", "severity", made.raters),
        ("item", "difficulty", made.items),
    ):
        rows = [
            of_made[unit_type, f"{unit_type[0]}{n}", label] for n in range(len(true))
        ]
        off = np.array([row["value"] for row in rows]) - true
        error = np.array([row["high"] - row["low"] for row in rows]) / (2 * 1.959964)
        assert sum(row["value"] for row in rows) == pytest.approx(0, abs=1e-9)
        # Chi-squared: of n estimates that sum to 0, n - 1 are free.
        assert np.sum((off / error) ** 2) < 3 * len(true)
        assert np.abs(off).max() < 0.2


def test_thresholds_and_the_spread_of_persons_are_recovered(of_made):
    taus = column(of_made, "threshold", "tau")

    assert [*taus.values()] == pytest.approx([-1, 0, 1], abs=0.1)
    assert of_made["facet", "persons", "mean"]["value"] == pytest.approx(0.3, abs=0.15)
    assert of_made["facet", "persons", "sd"]["value"] == pytest.approx(1, abs=0.1)
    assert of_made["facet", "thresholds", "disordered"]["value"] == 0


def test_ratings_that_the_model_makes_fit_it(of_made):
    for unit_type in ("rater", "item"):
        for label in ("infit", "outfit"):
            values = column(of_made, unit_type, label).values()
            assert all(0.8 < value < 1.2 for value in values)


def test_a_rater_at_random_has_a_large_outfit(made):
    rows = made.rows.to_pylist()
    random = np.random.default_rng(2)
    for row in rows:
        if row["rater"] == "r3":
            row["rating"] = float(random.integers(0, 4))

    outfit = column(said(rows, keep="raters"), "rater", "outfit")

    assert outfit.pop("r3") > 1.4
    assert max(outfit.values()) < 1.2


def test_reliability_and_separation_say_the_same(of_made):
    for facet in ("persons", "raters", "items"):
        share = of_made["facet", facet, "reliability"]["value"]
        ratio = of_made["facet", facet, "separation"]["value"]
        assert ratio == pytest.approx(math.sqrt(share / (1 - share)))
        assert 0.7 < share < 1


def test_persons_are_measured_without_the_severity_of_their_raters():
    # Each was called bad by one rater, and is by the severe one not so bad.
    rows = rated(
        mild="2221110010" * 3 + "2 ", severe="1110100000" * 3 + " 2", other="1" * 32
    )

    measures = column(said(rows), "person", "measure")

    assert measures["p31"] > measures["p30"] + 0.3


def test_persons_are_said_where_they_are_few_or_asked_for():
    many = rated(a="01" * 501, b="10" * 200 + "01" * 301)

    assert not column(said(many), "person", "measure")
    found = said(many, keep="persons")
    assert len(column(found, "person", "measure")) == 1002
    assert not column(found, "rater", "severity")


def test_a_person_counts_as_much_as_its_weight():
    one = rated(a="1100", b="1010")
    weights = [{**row, "weight": 2.0 if row["person"] == "p1" else 1.0} for row in one]
    twice = rated(a="11001", b="10100")

    for way in ("marginal", "conditional"):
        found = [gap(said(rows, way=way)) for rows in (weights, twice)]
        assert found[0] == pytest.approx(found[1], abs=1e-9)


def test_draws_of_conversations_give_intervals():
    made = simulated(50, 1, 3, each=3, taus=(0.0,)).rows
    units = made.append_column("unit", made["person"])

    (one, own) = (
        said(rows, keep="raters", **more)["rater", "r0", "severity"]
        for rows, more in ((units, {"draws": 20}), (made, {}))
    )

    assert one["value"] == pytest.approx(own["value"], abs=1e-9)
    widths = [row["high"] - row["low"] for row in (one, own)]
    assert widths[0] / widths[1] == pytest.approx(1, abs=0.4)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        pytest.param(
            rated(a="111", b="111"), "all ratings are the same", id="constant"
        ),
        pytest.param(
            rated(a="121   ", b="212   ", c="   121", d="   112"),
            "raters are in 2 blocks that share no person: a, b | c, d",
            id="blocks",
        ),
        pytest.param(
            [{**row, "item": f"i{row['rater']}"} for row in rated(a="0110", b="1010")],
            "raters are in 2 blocks that share no item: a | b",
            id="an item for each rater",
        ),
        pytest.param(
            [*rated(a="01"), {"person": "q", "rater": "a", "rating": 90.0}],
            "ratings range from 0 to 90, but a scale has at most 32 points",
            id="no scale",
        ),
    ],
)
@pytest.mark.parametrize("way", ["marginal", "conditional"])
def test_what_cannot_be_fitted_says_why(rows, why, way):
    (row,) = said(rows, way=way).values()

    assert row["value"] is None
    assert why in row["why"]


def test_who_gives_one_end_of_the_scale_only_has_no_severity():
    found = said(rated(a="0120121", b="1021120", c="0000000", d="2222222"))

    why = {unit: found["rater", unit, "severity"]["why"] for unit in "abcd"}
    assert why == {
        "a": None,
        "b": None,
        "c": "gave only the lowest rating",
        "d": "gave only the highest rating",
    }


def test_one_rater_has_no_severity_and_one_item_no_difficulty():
    rows = rated(a="0120121100")
    two_items = [*rows, *({**row, "item": "too"} for row in reversed(rows))]
    for n, row in enumerate(two_items[len(rows) :]):
        row["rating"] = float("1121021000"[n])
    one_rater, one_item = said(two_items), said(rated(a="01201211", b="10211210"))

    for row in (
        one_rater["rater", "a", "severity"],
        one_item["item", "rating", "difficulty"],
    ):
        assert row["value"] is None
        assert row["why"].endswith("none to compare with")


@pytest.mark.parametrize("digits", ["0120121", "0110"])
def test_one_rating_of_each_person_says_one_reason_and_no_more(digits):
    (row,) = said(rated(a=digits)).values()

    assert row["value"] is None
    assert row["why"].startswith("no person has two ratings")


def test_the_only_threshold_is_0_by_definition_without_interval():
    found = said(rated(a="0110010", b="1010110"))

    tau = found["threshold", "1", "tau"]
    assert (tau["value"], tau["low"], tau["high"]) == (0, None, None)
    assert ("facet", "thresholds", "disordered") not in found


def test_severities_do_not_need_thresholds_and_persons():
    # Nobody was given both 0 and 2: nothing says how much likelier 1 and 1 is.
    rows = rated(a="1110" + "2221" + "1", b="0001" + "1112" + "1")

    found = said(rows, way="conditional")

    assert gap(found) == pytest.approx(LN_3, abs=1e-6)
    assert found["threshold", "1", "tau"]["value"] is None
    assert found["threshold", "1", "tau"]["why"] == "not determined by these ratings"
    persons = found["facet", "persons", "sd"]
    assert persons["why"].startswith("thresholds are not determined")
    for label in ("infit", "outfit"):
        assert not column(found, "rater", label)


def test_beside_a_rating_that_nobody_gave_there_is_no_threshold():
    found = said(rated(a="0133013103", b="1033103313", c="0313013033"))

    taus = {unit: row for (_, unit, label), row in found.items() if label == "tau"}
    assert taus["1"]["value"] is not None
    for unit in "23":
        assert (taus[unit]["value"], taus[unit]["why"]) == (None, "nobody gave 2")


def test_thresholds_out_of_order_are_counted_and_say_so():
    found = said(rated(a="0202022012" * 3, b="0220202012" * 3, c="2002202201" * 3))

    assert found["facet", "thresholds", "disordered"]["value"] == 1
    why = found["threshold", "2", "tau"]["why"]
    assert why == "disordered: 1 is nowhere the likeliest rating"


def test_ratings_off_the_scale_that_is_given_are_left_out():
    measure = FacetedRasch(low=1, high=5)
    rows = rated(a="12345", b="0156")
    state = measure.add(measure.create(), pa.RecordBatch.from_pylist(rows))

    assert measure.left_out(state) == {"a rating is not a whole number on the scale": 2}
    assert measure.kept(state) == 7


def test_severities_foretell_ratings_that_were_held_out(made):
    found = said(made.rows, keep="items", folds=2)

    with_raters = found["model", "(all)", "held-out log-likelihood"]["value"]
    without = found["model", "(all)", "held-out log-likelihood without raters"]["value"]
    assert without + 0.05 < with_raters < 0
    assert (
        found["model", "(all)", "held-out rmse"]["value"]
        < found["model", "(all)", "held-out rmse without raters"]["value"]
    )


def test_too_many_raters_for_pairs_are_sent_to_the_other_way():
    rows = [
        {"person": "p", "rater": f"r{n}", "rating": float(n % 2)} for n in range(1_001)
    ]
    rows += [{**row, "person": "q", "rating": 1 - row["rating"]} for row in rows]

    (row,) = said(rows, way="conditional").values()

    assert "got 1,002 and 1,001,000; use way=marginal" in row["why"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"way": "joint"}, "`way` must be marginal or conditional, got 'joint'"),
        ({"keep": "raters,people"}, "`keep` must be raters, items, persons"),
        ({"low": 5, "high": 1}, "`low` must be below `high`, got 5 and 1"),
        ({"folds": 1}, "`folds` must be 0 or at least 2"),
    ],
)
def test_options_out_of_their_range_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        FacetedRasch(**options)
