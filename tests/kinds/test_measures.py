"""What every measure owes, ours like a stranger's; and what the base gives them."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affectflow import registry, testing, yaml
from affectflow.errors import UsageError
from affectflow.kinds.measure import Measure, Value
from affectflow.schemas import ERRORS_COLUMN
from affectflow.steps import measure as steps
from tests.given.observations import OBSERVATIONS, OPTIONS, batch
from tests.given.proving import in_proof


@pytest.mark.rotated
@pytest.mark.parametrize("name", registry.names("measures"))
def test_a_measure_keeps_what_every_measure_owes(name):
    measure = registry.make("measures", name, OPTIONS.get(name))

    testing.check_measure(measure, batch(OBSERVATIONS[name], measure))


@functools.cache
def made(name: str) -> Measure:
    return registry.make("measures", name, OPTIONS.get(name))


@pytest.mark.parametrize("name", registry.names("measures"))
@settings(max_examples=in_proof(50, 4), deadline=None)
@given(data=st.data())
def test_splits_and_order_of_observations_do_not_matter(name, data):
    rows = data.draw(st.lists(st.sampled_from(OBSERVATIONS[name]), max_size=6))
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=2).map(sorted))
    ends = zip([0, *cuts], [*cuts, len(rows)], strict=True)

    testing.check_splits(made(name), [batch(rows[a:b], made(name)) for a, b in ends])


# -- the base, by a measure that can be computed by hand -----------------------------


@dataclass(kw_only=True)
class Mean(Measure):
    """The mean of `x` by label."""

    least: float = 0.0

    reads: ClassVar[pa.Schema] = pa.schema(
        [
            pa.field("x", pa.float64(), metadata={"doc": "a number"}),
            pa.field("label", pa.string(), metadata={"doc": "of what"}),
            pa.field("unit", pa.string(), metadata={"doc": "what is drawn"}),
        ]
    )
    needed: ClassVar[tuple[str, ...]] = ("x",)
    refuses: ClassVar[Mapping[str, str]] = {"isn't finite": "NOT isfinite(x)"}
    keys: ClassVar[tuple[str, ...]] = ("unit", "label")
    state: ClassVar[str] = """
      SELECT unit, label, count(*) AS n, sum(x) AS total
      FROM observations WHERE x >= $least GROUP BY ALL
    """
    card: ClassVar[registry.Card] = registry.Card(summary="means")

    def fit(self, state):
        for row in state.to_pylist():
            few = row["n"] < 2
            value = float("nan") if few else row["total"] / row["n"]
            why = "one observation" if few else ""
            yield Value("label", row["label"], None, value, n=row["n"], why=why)


NUMBERS = [
    {"x": 1.0, "label": "a", "unit": "u"},
    {"x": 3.0, "label": "a", "unit": "v", "group": "g"},
    {"x": 5.0, "label": "b", "group": "g"},
    {"x": -1.0, "label": "a"},
    {"x": float("inf"), "label": "a"},
    {"x": None, "group": "g"},
]


def said(measure: Measure, rows: Iterable[Mapping]) -> dict:
    state = measure.add(measure.create(), batch(rows, measure))
    return {
        (row["group"], row["unit_id"]): row
        for row in measure.extract(state).to_pylist()
        if row["unit_type"]
    }


def test_a_strangers_measure_is_checked_by_the_same_function():
    testing.check_measure(Mean(), batch(NUMBERS, Mean()))


class Count(Mean):
    keys = ()
    state = "SELECT count(*) AS n, sum(x) AS total FROM observations GROUP BY ALL"

    def fit(self, state):
        (row,) = state.to_pylist()
        yield Value("all", "all", None, row["total"] / row["n"], n=row["n"])


def test_a_measure_without_keys_says_nothing_of_nothing():
    rows = batch(NUMBERS[:3], Mean())

    assert testing.check_splits(Count(), [rows[:1], rows[1:]])["value"][0].as_py() == 3
    testing.check_splits(Count(), [rows[:0]])


class Doubled(Mean):
    def fit(self, state):
        return [*super().fit(state), *super().fit(state)]


def test_a_measure_that_breaks_its_promise_is_told_which():
    with pytest.raises(AssertionError, match="a value is given twice"):
        testing.check_measure(Doubled(), batch(NUMBERS, Mean()))


def test_a_sum_that_does_not_add_up_is_found():
    class Largest(Mean):
        state = Mean.state.replace("sum(x)", "max(x)")

    rows = [batch([{"x": x, "label": "a"}], Mean()) for x in (1, 3)]
    with pytest.raises(AssertionError, match="DuckDB says"):
        testing.check_splits(Largest(), rows)


def test_groups_have_values_of_their_own_and_all_together():
    found = said(Mean(), NUMBERS[:3])

    assert {key: row["value"] for key, row in found.items()} == {
        ("(all)", "a"): 2.0,
        ("(all)", "b"): None,
        ("g", "a"): None,
        ("g", "b"): None,
        (None, "a"): None,
    }
    assert found["(all)", "b"]["why"] == "one observation"


def test_without_groups_there_is_no_group():
    rows = [{"x": 1, "label": "a"}, {"x": 2, "label": "a"}]

    assert [key for key in said(Mean(), rows)] == [(None, "a")]


def test_options_are_parameters_of_the_sql():
    rows = [{"x": x, "label": "a"} for x in (-1, 1, 3)]

    assert said(Mean(), rows)[None, "a"]["value"] == 2
    assert said(Mean(least=-5), rows)[None, "a"]["value"] == 1


def test_what_is_left_out_is_counted_by_reason():
    state = Mean().add(Mean().create(), batch(NUMBERS, Mean()))

    assert Mean().left_out(state) == {"isn't finite": 1, "no x": 1}
    assert Mean().kept(state) == 4


def test_draws_of_units_give_an_interval():
    measure = Mean(draws=200)
    rows = [{"x": n, "label": "a", "unit": f"u{n}"} for n in range(1, 21)]

    row = said(measure, rows)[None, "a"]

    assert row["value"] == 10.5
    # Of a mean of 20: 1.96 standard errors, sd 5.766 by the root of 20, are 2.53.
    assert row["low"] == pytest.approx(10.5 - 2.53, abs=0.5)
    assert row["high"] == pytest.approx(10.5 + 2.53, abs=0.5)
    testing.check_splits(measure, [batch(rows[:7], measure), batch(rows[7:], measure)])


def test_too_few_units_have_no_interval_and_say_so():
    rows = [{"x": n, "label": "a", "unit": f"u{n}"} for n in range(1, 10)]

    row = said(Mean(draws=20), rows)[None, "a"]

    assert (row["value"], row["low"]) == (5, None)
    assert row["why"] == "no interval: fewer than 10 units"


def test_without_draws_units_do_not_make_the_state_larger():
    rows = batch(({"x": 1, "label": "a", "unit": str(n)} for n in range(50)), Mean())

    sizes = [
        (m.merge([m.add(m.create(), rows)])).num_rows for m in (Mean(), Mean(draws=20))
    ]

    assert sizes == [2, 51]  # and one row that counts the observations


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"y": [1.0]}, "mean needs the column 'x': rename one; columns here: y"),
        ({"x": ["one"]}, "an observation has the wrong type: "),
    ],
)
def test_columns_that_do_not_fit_are_named(columns, message):
    with pytest.raises(UsageError, match=message):
        Mean().add(Mean().create(), pa.RecordBatch.from_pydict(columns))


def test_a_state_without_its_key_is_the_authors_mistake():
    class Keyless(Mean):
        keys = ("unit", "label", "rater")

    with pytest.raises(TypeError, match="`state` of keyless does not select 'rater'"):
        Keyless().create()


# -- the step ------------------------------------------------------------------------


def test_the_step_reads_columns_by_other_names_and_leaves_out_refused_rows():
    dead = [{"step": "s", "error_type": "e", "message": "m", "payload": None}]
    rows = pa.RecordBatch.from_pydict(
        {
            "said": ["a b a b", "a b", "x"],
            "text": ["a b", "c", "x"],
            "kind": ["issue", None, "issue"],
            "errors": pa.array([None, None, dead], ERRORS_COLUMN.type),
        }
    )
    step = steps.Measure(
        name="text-overlap",
        options={"order": 1},
        columns={"candidate": "said", "reference": "text"},
        by="kind",
    )

    found = testing.run(step, rows).to_pylist()

    shares = {r["group"]: r["value"] for r in found if r["label"] == "distinct_2"}
    # Paper 42: of the bigrams ab, ba, ab, and ab, two are different.
    assert shares == {"(all)": 0.5, "issue": pytest.approx(2 / 3), "(unknown)": 1}


def test_the_step_is_a_type_of_yaml_and_knows_the_measures_options():
    made = yaml.create("Measure", {"name": "TextOverlap", "options": {"order": 2}})

    assert isinstance(made, steps.Measure)
    with pytest.raises(UsageError, match="unknown option `ordr` of "):
        yaml.create("Measure", {"name": "TextOverlap", "options": {"ordr": 2}})
    with pytest.raises(UsageError, match="named 'TextOverlp'; did you mean"):
        yaml.create("Measure", {"name": "TextOverlp"})
