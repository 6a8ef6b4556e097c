"""Length-controlled win rates: published values, the authors' package, odd tables."""

import csv

import numpy as np
import pytest

from affectflow.stages import measure_file
from tests.given import alpaca_eval_glm
from tests.given.length_pairs import (
    PUBLISHED,
    RAW,
    STRENGTHS,
    TRUTH,
    pairs,
    planted,
    said,
    value,
)


@pytest.fixture(scope="module")
def seeded() -> dict:
    return alpaca_eval_glm.seeded()


# -- published values ------------------------------------------------------------------


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_seeded_table_has_the_published_rates(seeded, variant):
    given = {"standard": "given"} if variant == "v1" else {}

    found = said(pairs(seeded, standard=bool(given)), variant=variant, **given)

    assert found["m vs b", "win_rate"]["value"] == pytest.approx(RAW, abs=1e-7)
    rate = found["m vs b", "length_controlled"]["value"]
    assert rate == pytest.approx(PUBLISHED[variant], abs=1e-6)
    assert rate == pytest.approx(TRUTH, abs=0.016)


@pytest.mark.reference("alpaca_eval")
@pytest.mark.filterwarnings("ignore::FutureWarning:sklearn")
@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_authors_package_says_the_same(seeded, variant, monkeypatch, tmp_path):
    import pandas as pd
    import sklearn

    items = np.arange(805)
    gamed = pd.concat(
        pd.DataFrame(
            {
                "index": items,
                "instruction_difficulty": seeded["difficulty"],
                "std_delta_len": seeded["gamed"][place],
                "preference": seeded["gamed_preference"][place],
                "not_gamed_baseline": False,
                "model": str(place),
            }
        )
        for place in range(2)
    )
    own = pd.DataFrame(
        {
            "index": items,
            "preference": 1 + seeded["preference"],
            "output_1": ["x" * n for n in seeded["baseline"]],
            "output_2": ["x" * n for n in seeded["model"]],
            "generator_1": "b",
            "generator_2": "m",
        }
    )
    package = alpaca_eval_glm.glm(monkeypatch, tmp_path, gamed)
    with sklearn.config_context():
        theirs = package.get_length_controlled_winrate(
            own, f"length_controlled_{variant}", save_weights_dir=None
        )

    given = {"standard": "given"} if variant == "v1" else {}
    found = said(pairs(seeded, standard=bool(given)), variant=variant, **given)

    ours = {label: 100 * row["value"] for (_, label), row in found.items()}
    assert ours["win_rate"] == pytest.approx(theirs["win_rate"], abs=1e-9)
    assert ours["standard_error"] == pytest.approx(theirs["standard_error"], abs=1e-9)
    assert ours["length_controlled"] == pytest.approx(
        theirs["length_controlled_winrate"], abs=1e-6
    )


@pytest.mark.proof
def test_the_leaderboard_of_alpaca_eval_2(shared_data):
    """Rates as published; length-controlled ones from pairs alone, near them."""
    from scipy.stats import spearmanr

    folder = shared_data / "alpaca_eval"
    with (folder / "leaderboard_v2.csv").open(encoding="utf-8", newline="") as file:
        published = {row["model"]: row for row in csv.DictReader(file)}
    found = measure_file(
        str(folder / "pairwise_preferences.csv.gz"),
        "LengthControlled",
        options={"low": 1, "high": 2},
        mapping={"length": "len_model", "baseline_length": "len_baseline"},
    )

    rows = {(row["unit_id"].split(" vs ")[0], row["label"]): row for row in found.rows}
    models = sorted({name for name, _ in rows})
    assert (len(models), found.observations) == (40, 32_197)
    for name in models:
        for label in ("win_rate", "standard_error"):
            known = float(published[name][label])
            assert 100 * rows[name, label]["value"] == pytest.approx(known, abs=1e-12)
    ours = [100 * rows[name, "length_controlled"]["value"] for name in models]
    theirs = [float(published[name]["length_controlled_winrate"]) for name in models]
    assert np.mean(np.abs(np.subtract(ours, theirs))) <= 1.2
    assert spearmanr(ours, theirs)[0] >= 0.98


# -- what must hold --------------------------------------------------------------------


def test_all_together_find_the_planted_rates():
    """At difficulty d the rate is the logistic of strength + d."""
    found = said(planted(STRENGTHS))
    items = np.random.default_rng(3).normal(size=200)

    for name, strength in STRENGTHS.items():
        true = float(np.mean(1 / (1 + np.exp(-strength - items))))
        rate = found[f"{name} vs b", "length_controlled"]["value"]
        assert rate == pytest.approx(true, abs=0.02)


def test_difficulties_are_those_planted():
    found = said(planted(STRENGTHS), tell="items")
    known = np.random.default_rng(3).normal(size=200)

    label = "difficulty against b"
    ours = [found[str(item), label]["value"] for item in range(200)]

    assert np.corrcoef(ours, known)[0, 1] > 0.98


def turned(rows):
    """Yields pairs with model and baseline in each other's place."""
    for row in rows:
        yield {
            **row,
            "model": row["baseline"],
            "baseline": row["model"],
            "preference": 1 - row["preference"],
            "length": row["baseline_length"],
            "baseline_length": row["length"],
        }


@pytest.mark.parametrize("variant", ["minimal", "noreg"])
def test_model_and_baseline_in_each_others_place_sum_to_1(seeded, variant):
    rows = pairs(seeded, standard=False)
    back = [{**row, "difficulty": -row["difficulty"]} for row in turned(rows)]

    there = value(rows, variant=variant)
    here = value(back, of="b vs m", variant=variant)

    assert there + here == pytest.approx(1, abs=1e-3)  # the solver stops at 1e-4


def test_two_models_through_their_baseline_sum_to_1_and_one_with_itself_is_even():
    rows = list(planted(STRENGTHS))
    label = "length_controlled through b"

    strong = said(rows, against="strong")
    weak = said(rows, against="Weak ")

    one = strong["weak vs strong", label]["value"]
    assert one == pytest.approx(1 - weak["strong vs weak", label]["value"], abs=1e-12)
    assert strong["strong vs strong", label]["value"] == 0.5
    base = said(rows, against="b")["m vs b", label]["value"]
    assert base == pytest.approx(value(rows), abs=1e-12)


def test_a_model_against_itself_is_even():
    rows = [*planted(STRENGTHS), *({**r, "model": "b"} for r in planted({"m": 0.0}))]

    assert value(rows, of="b vs b") == 0.5


def test_any_column_can_be_a_nuisance():
    rows = [
        {
            **row,
            "emoji": row.pop("length"),
            "baseline_emoji": row.pop("baseline_length"),
        }
        for row in planted(STRENGTHS)
    ]

    assert value(rows, nuisance=("emoji",)) == value(planted(STRENGTHS))


def test_draws_of_items_give_an_interval():
    found = said(planted({"m": 0.5}, items=30), variant="minimal", draws=4)

    row = found["m vs b", "length_controlled"]
    assert row["low"] < row["value"] < row["high"]
