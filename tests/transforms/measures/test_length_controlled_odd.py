"""Length-controlled win rates of odd tables: what is said beside them, and why not."""

import math

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow_transforms.measures.length_controlled import LengthControlled
from tests.given import alpaca_eval_glm
from tests.given.command_line import affectflow
from tests.given.length_pairs import (
    PUBLISHED,
    RAW,
    STRENGTHS,
    pairs,
    planted,
    said,
    value,
)


@pytest.fixture(scope="module")
def seeded() -> dict:
    return alpaca_eval_glm.seeded()


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
