"""Length-controlled win rates: published values, the authors' package, odd tables."""

import csv
import math

import numpy as np
import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.stages import measure_file
from affectflow_transforms.measures.length_controlled import LengthControlled
from tests.given import alpaca_eval_glm
from tests.given.command_line import affectflow

# Of the seeded table: what is true of it, and what alpaca_eval 0.6.6 says of it.
TRUTH, RAW = 0.429065, 0.7092603
PUBLISHED = {"minimal": 0.428776, "noreg": 0.429140, "v1": 0.413806}


def said(rows, **options) -> dict[tuple[str, str], dict]:
    measure = LengthControlled(**options)
    batch = pa.RecordBatch.from_pylist(list(rows), schema=measure.reads)
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {(r["unit_id"], r["label"]): r for r in found if r["unit_type"]}


def value(rows, label="length_controlled", of="m vs b", **options) -> float | None:
    return said(rows, **options)[of, label]["value"]


@pytest.fixture(scope="module")
def seeded() -> dict:
    return alpaca_eval_glm.seeded()


def pairs(table, *, standard: bool) -> list[dict]:
    """Returns the rows of the seeded table, and the gamed ones if differences are."""
    own = -table["standard"] if standard else table["model"]
    other = 0 * own if standard else table["baseline"]
    rows = [
        *(("m", own, other, table["preference"]),),
        *(
            (
                str(place),
                -table["gamed"][place],
                0 * own,
                table["gamed_preference"][place],
            )
            for place in (range(2) if standard else ())
        ),
    ]
    return [
        {
            "item": str(item),
            "model": model,
            "baseline": "b",
            "preference": float(preference[item]),
            "length": float(lengths[item]),
            "baseline_length": float(others[item]),
            "difficulty": float(table["difficulty"][item]),
            "gamed": str(model != "m"),
        }
        for model, lengths, others, preference in rows
        for item in range(len(lengths))
    ]


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


def planted(strengths, items: int = 200, slope: float = -1.5, seed: int = 3):
    """Yields pairs of models whose strengths, and slope of the length, are known."""
    draw = np.random.default_rng(seed)
    difficulty = draw.normal(size=items)
    for name, strength in strengths.items():
        # The stronger writes less, so the raw order is not the true one.
        off = draw.normal(strength / 2, 1, items)
        standard = off / off.std(ddof=1)
        logit = strength + slope * np.tanh(standard) + difficulty
        for item in range(items):
            yield {
                "item": str(item),
                "model": name,
                "baseline": "b",
                "preference": 1 / (1 + math.exp(-logit[item])),
                "length": 1000 - 100 * off[item],
                "baseline_length": 1000.0,
            }


STRENGTHS = {"weak": -1.0, "m": 0.0, "strong": 1.0}


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


# -- what is said beside ---------------------------------------------------------------


def test_a_far_gap_and_answers_of_one_length_are_said():
    rows = [{**row, "length": 500.0} for row in planted({"m": 1.0})]
    rows = [{**r, "baseline_length": 500.0 + 9 * n} for n, r in enumerate(rows)]

    found = said(rows, variant="minimal")

    assert found["m vs b", "one_length"]["value"] == 500
    assert "one_length" not in {label for _, label in said(planted(STRENGTHS))}
    assert ("m vs b", "extreme_gap") not in found


def test_an_extreme_gap_is_said(seeded):
    found = said(pairs(seeded, standard=False), variant="minimal")

    gap = found["m vs b", "extreme_gap"]["value"]
    assert gap == pytest.approx(PUBLISHED["minimal"] - RAW, abs=1e-6)


def test_two_spellings_are_one_model_and_said():
    rows = [
        {**row, "model": "GPT-4 " if number % 3 == 0 else "gpt-4"}
        for number, row in enumerate(planted({"m": 0.0}))
    ]

    found = said(rows, variant="minimal")

    assert found["gpt-4", "spellings"]["value"] == 2
    assert value(rows, of="gpt-4 vs b", variant="minimal") == pytest.approx(
        value(planted({"m": 0.0}), variant="minimal"), abs=1e-12
    )


@pytest.mark.parametrize(
    ("change", "options", "why"),
    [
        pytest.param({"preference": 0.5}, {}, "all its preferences are 0.5", id="ties"),
        pytest.param({"preference": 1.0}, {}, "all its preferences are 1", id="won"),
        pytest.param(
            {"length": 5.0}, {}, "a nuisance differs from the baseline's", id="length"
        ),
        pytest.param({}, {"variant": "shrunk"}, "fewer than 3 models", id="one model"),
        pytest.param({}, {"variant": "noreg"}, "which items are hard", id="no items"),
        pytest.param(
            {"difficulty": 0.0}, {"variant": "v1"}, "no row is `gamed`", id="not gamed"
        ),
    ],
)
def test_what_cannot_be_fitted_has_no_value_and_a_reason(change, options, why):
    rows = [{**row, **change} for row in planted({"m": 0.0})]

    found = said(rows, **{"variant": "minimal", **options})

    row = found["m vs b", "length_controlled"]
    assert row["value"] is None
    assert why in row["why"]
    assert found["m vs b", "win_rate"]["value"] is not None


def test_gamed_rows_that_are_all_alike_hold_nothing(seeded):
    rows = pairs(seeded, standard=True)
    even = [{**row, "length": 0.0} if row["gamed"] == "True" else row for row in rows]

    row = said(even, variant="v1", standard="given")["m vs b", "length_controlled"]

    assert row["value"] is None
    assert row["why"].startswith("`gamed` rows: a nuisance differs")


def test_few_items_have_a_raw_rate_only():
    found = said([next(planted({"m": 0.0}))], variant="minimal")

    assert found["m vs b", "length_controlled"]["why"] == "fewer than 10 items"
    assert found["m vs b", "standard_error"]["why"] == "one observation"


def test_what_is_off_the_scale_or_no_number_is_left_out_and_counted():
    row = next(planted({"m": 0.0}))
    odd = [{"preference": 2.0}, {"preference": math.nan}, {"length": math.nan}]
    measure = LengthControlled()
    batch = pa.RecordBatch.from_pylist(
        [row, *({**row, **each} for each in odd)], schema=measure.reads
    )

    state = measure.add(measure.create(), batch)

    assert measure.left_out(state) == {
        "the preference is outside the scale": 2,
        "a nuisance is not a number": 1,
    }


@pytest.mark.parametrize("cell", ["maybe", "2", ""])
def test_gamed_cells_that_say_neither_yes_nor_no_are_left_out_and_counted(cell):
    measure = LengthControlled()
    row = next(planted({"m": 0.0}))
    rows = [{**row, "gamed": each} for each in (cell, "yes", "0", None)]

    state = measure.add(
        measure.create(), pa.RecordBatch.from_pylist(rows, schema=measure.reads)
    )

    reason = "gamed is not 1 or 0, true or false, yes or no"
    assert measure.left_out(state) == {reason: 1}
    assert measure.kept(state) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 1.0}, "`low` must be below `high`, got 1.0 and 1.0"),
        ({"nuisance": ("item",)}, "must name a column of numbers, got 'item'"),
        ({"nuisance": ('a"b',)}, "must name a column of numbers, got "),
        ({"nuisance": ()}, "at least one column, and each only once"),
        ({"nuisance": ("a", "a")}, "at least one column, and each only once"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(options, message):
    with pytest.raises(UsageError, match=message):
        LengthControlled(**options)


def test_a_missing_nuisance_is_named(tmp_path, own_configuration):
    path = tmp_path / "pairs.csv"
    path.write_text("item,model,baseline,preference,length\n1,m,b,1,9\n")

    done = affectflow("measure", "LengthControlled", path, "--set", "nuisance=emoji")

    assert (done.code, done.out) == (2, "")
    assert "type --map emoji=COLUMN" in done.err
