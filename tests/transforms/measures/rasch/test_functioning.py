"""Differential functioning: what is planted is found, and nothing else."""

import pytest

from tests.given.ratings import said, simulated

ITEMS = range(4)


def shifts(made):
    found = said(made.rows, keep="items")
    return {
        n: (
            found["item", f"i{n}", "shift in odd"],
            found["item", f"i{n}", "p of shift in odd"],
        )
        for n in ITEMS
    }


def test_an_item_that_is_harder_for_one_group_is_found_and_no_other():
    found = shifts(simulated(400, 4, 8, each=3, shifts={1: 0.8}))

    shift, p = found.pop(1)
    assert shift["low"] < 0.8 < shift["high"]
    assert shift["value"] == pytest.approx(0.8, abs=0.25)
    assert p["value"] < 1e-4
    # Beside it the others differ by chance only, where without it they would seem to.
    for other, p in found.values():
        assert other["low"] < 0 < other["high"]
        assert p["value"] > 0.05


def test_none_is_found_where_none_is_planted():
    found = shifts(simulated(400, 4, 8, each=3, shifts={}))

    assert [p["value"] > 0.05 for _, p in found.values()] == [True] * 4
    assert all(shift["low"] < 0 < shift["high"] for shift, _ in found.values())


def test_an_interval_that_excludes_0_and_a_small_p_are_one():
    found = shifts(simulated(200, 4, 8, each=3, shifts={0: 0.5, 3: -0.4}))

    for shift, p in found.values():
        assert (p["value"] < 0.05) == (not shift["low"] < 0 < shift["high"])


def test_a_rater_who_is_severer_with_some_is_found_though_they_are_lower():
    found = said(simulated(450, 2, 4, each=4, severer={2: 0.9}).rows, keep="raters")

    shift = found["rater", "r2", "shift in old"]
    assert shift["low"] < 0.9 < shift["high"]
    assert shift["low"] > 0.3
    assert shift["n"] == 300
    for rater in ("r0", "r1", "r3"):
        other = found["rater", rater, "shift in old"]
        assert other["low"] < 0 < other["high"]


def test_few_ratings_of_a_group_tell_nothing():
    rows = simulated(12, 2, 4, each=2).rows.to_pylist()
    for row in rows:
        row["rater_group"] = "some" if row["rater"] == "r3" else "most"

    found = said(rows[:40], keep="items")

    row = found["item", "i0", "shift in some"]
    assert row["value"] is None
    assert row["why"] == "fewer than 10 ratings of the group, or of the others"


def test_of_three_groups_each_is_compared_with_the_others():
    rows = simulated(60, 2, 6, each=3).rows.to_pylist()
    for row in rows:
        row["rater_group"] = "abc"[int(row["rater"][1:]) % 3]

    found = said(rows, keep="items")

    labels = {label for (_, _, label) in found if label.startswith("shift")}
    assert labels == {"shift in a", "shift in b", "shift in c"}
