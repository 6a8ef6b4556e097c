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
from affectflow_transforms.measures.weighted_gold import UNREAD
from affectflow_transforms.tracks.raters import unread
from tests.given.pair_tables import DUELS, LABELS
from tests.given.proving import in_proof

PAIRS = [
    {"candidate": "so annoying!", "reference": "this is so annoying!"},
    {"candidate": "", "reference": "the build", "annotator_id": "m", "unit": "c1"},
    {"candidate": "The build broke", "reference": "the build", "group": "issue"},
    {"candidate": "broke\nagain", "reference": "Again", "group": "issue", "unit": "c1"},
    {"candidate": "a", "reference": " \u00a0"},
    {"candidate": None, "reference": "a"},
]
RATINGS = [
    dict.fromkeys(("fluency", "completeness", "reliability", "overall"), "[3, 2, 3]"),
    dict.fromkeys(("fluency", "completeness", "reliability", "overall"), "1"),
    dict.fromkeys(("fluency", "completeness", "reliability", "overall"), "[4]"),
    dict.fromkeys(("fluency", "completeness", "reliability", "overall")),
]
RATINGS += [{**row, "annotator_id": "m", "unit": "c1"} for row in RATINGS]
TRACES = [
    {
        "recording": "call",
        "dimension": "arousal",
        "rater": rater,
        "time": place / 10,
        "value": value,
    }
    for rater, values in (("a", (1, 2, 3, 2)), ("b", (2, 3, 4, 2)), ("c", (2, 2, 3, 1)))
    for place, value in enumerate(values)
]
TRACES += [
    *(
        {**TRACES[0], **odd}
        for odd in ({"value": float("inf")}, {"time": -1.0}, {"group": "x"})
    ),
    *(unread("a.csv", reason).to_pylist()[0] for reason in UNREAD.values()),
]
ANSWERS = [
    {"gold": "joy", "label": "joy", "judged": "fear", "reason": "they laugh"},
    {"gold": "joy", "label": "fear", "judged": "Joy", "annotator_id": "m"},
    {"gold": "awe", "label": "awe", "judged": "awe", "reason": "in Awe.", "unit": "c1"},
    {"gold": "awe", "label": None, "judged": "awe"},
    {"gold": None, "label": "awe", "judged": "awe"},
    {"gold": "awe", "label": "awe", "judged": None},
]
VOTES = [
    {"item": item, "rater": rater, "answer": answer}
    for rater, answers in (("a", "yyn"), ("b", "yyn"), ("c", "ynn"))
    for item, answer in zip("123", answers, strict=True)
]
VOTES += [
    {"item": "1", "rater": "a", "answer": " ", "question": "joy", "unit": "c1"},
    {"item": "1", "rater": None, "answer": "y", "group": "x"},
    {"item": None, "rater": "a", "answer": "y"},
    {"item": "1", "rater": "a", "answer": None},
]
STREAMS = [
    {"unit": unit, "place": place, "score": score, "truth": str(unit == "a")}
    for unit, scores in (("a", (1.0, -3.0)), ("b", (-1.0, 2.0)), ("c", (-1.0,)))
    for place, score in enumerate(scores, 1)
]
STREAMS += [
    {**STREAMS[0], **odd}
    for odd in (
        *({name: None} for name in ("unit", "place", "score", "truth")),
        *({"score": float("inf")}, {"place": 0}, {"truth": "7"}, {"group": "x"}),
    )
]
TALKS = [
    {
        "conversation_id": f"c{number}",
        "role": role,
        "text": f"{said} {('not me', 'that is so')[number % 2]}",
        "label": ("no", "yes")[number % 2],
        "place": place,
    }
    for number in (1, 2, 9, 14)  # of two folds
    for place, (role, said) in enumerate((("x", "how are you"), ("y", "I am here")), 1)
]
TALKS += [
    {**TALKS[0], **odd}
    for odd in (
        *({name: None} for name in ("conversation_id", "role", "text", "label")),
        *({"text": "?!"}, {"role": " "}),
    )
]
RATED = [
    {"perspective": who, "value": value, "label": "anger", "unit": unit}
    for unit, values in (("t1", (3, 1, 0, 0)), ("t2", (1, 1, 2, 1)), ("t3", (0, 2, 0)))
    for who, value in zip(("writer", *["reader"] * 3), values, strict=False)
]
RATED += [
    *({**RATED[0], "group": "g"}, {**RATED[1], "group": "g", "sd": 0.5, "raters": 2}),
    *({**RATED[0], "unit": None}, {**RATED[0], "perspective": "critic"}),
    *({**RATED[0], "value": float("inf")}, {**RATED[0], "raters": 0}),
    *({**RATED[0], "value": None}, {**RATED[0], "perspective": None}),
]
SIDES = [
    {"text": "so Angry about it", "side": "hidden", "gap": 3.0, "noise": 0.5},
    {"text": "fine, don't mind", "side": "shown", "gap": 1.0, "noise": 0.5},
    {"text": "so angry", "side": "shown", "group": "g"},
    {"text": "", "side": "neither", "gap": -1.0, "noise": 0.25},
    {"text": "fine", "side": "shown", "gap": float("inf")},
    {"text": None, "side": "shown"},
    {"text": "fine", "side": None},
]
FLAGGED = [
    {
        "part": part,
        "truth": str(number % 2 == 0),
        "chosen": str(number < 4),
        "speaker": f"s{number}",
        "pair": f"p{number}" if number else None,
        "unit": f"c{number // 2}",
    }
    for part in ("new", "old")
    for number in range(6)
]
FLAGGED += [
    *({**FLAGGED[0], "group": "g"}, {**FLAGGED[0], "part": "few", "weight": 2.5}),
    *({**FLAGGED[0], "part": None}, {**FLAGGED[0], "truth": None}),
    *({**FLAGGED[0], "chosen": None}, {**FLAGGED[0], "value": float("inf")}),
    *({**FLAGGED[0], "truth": "7"}, {**FLAGGED[0], "chosen": "NaN"}),
    {**FLAGGED[0], "weight": -1.0},
]
GRADES = [
    {"person": person, "rater": rater, "rating": float(rating), "item": "anger"}
    for person, ratings in {"p": "012", "q": "102", "r": "201", "s": "121"}.items()
    for rater, rating in zip("abc", ratings, strict=True)
]
GRADES += [
    {**GRADES[0], "item": None, "rating": 1.0, "unit": "c1"},
    {**GRADES[4], "item": None, "group": "x", "weight": 2.0},
    {**GRADES[0], "rating": 0.5},
    {**GRADES[0], "rating": float("inf")},
    {**GRADES[0], "weight": -1.0},
    {**GRADES[0], "rater": None},
]
MESSAGES = [
    {
        "frustration": float(n % 3 == 0),
        "wait_hours": str(n % 7 / 2),
        "turns_before": str(n % 5),
        "is_review": "true" if n % 2 else "false",
        "role": ("member", "none", "owner")[n % 4 % 3],
        "unit": f"c{n % 4}",
        "group": "a" if n < 8 else None,
    }
    for n in range(12)
]
MESSAGES += [
    {**MESSAGES[0], "wait_hours": "inf"},
    {**MESSAGES[0], "frustration": float("-inf")},
    *({**MESSAGES[0], "role": None}, {**MESSAGES[0], "wait_hours": None}),
]
SHARES = [
    {"cohort": cohort, "factor": factor, "attribution": share, "unit": "c"}
    for cohort, shares in (("a", (-0.5, 0.25)), ("b", (0.25, 0.5)), ("c", (0.0, 0.0)))
    for factor, share in zip(("wait", "role"), shares, strict=True)
]
SHARES += [
    {**SHARES[0], "group": "x"},
    {**SHARES[0], "factor": "length", "cohort": "d"},
    {**SHARES[0], "attribution": float("inf")},
    {**SHARES[0], "factor": None},
]
RUNS = [
    {"action": n % 5 / 2, "latent": n % 5 + n % 7 / 4, "outcome": n % 7 / 2 - n % 5}
    for n in range(16)
]
RUNS += [
    {**RUNS[0], "unit": "c", "group": "x"},
    {**RUNS[0], "latent": float("inf")},
    {**RUNS[0], "outcome": None},
]
PAIRED = [
    {
        "item": f"{place}",
        "gold": g,
        "base": b,
        "label": told,
        "stimulus": "positive:EP02",
    }
    for place, (g, b, told) in enumerate(zip("abab", "aaxb", "abab", strict=True))
]
PAIRED += [
    {**PAIRED[0], **odd}
    for odd in (
        *({name: None} for name in ("item", "gold", "base", "label", "stimulus")),
        *({"gold": " "}, {"stimulus": ""}),
        *({"group": "x"}, {"annotator_id": "m", "unit": "c1"}),
    )
]
LABELLED = [
    {"gold": gold, "predicted": predicted}
    for gold, predicted in (
        (["joy"], ["happy", "mad"]),
        (["worried"], []),
        (["no such word"], ["joy"]),
        ([], ["joy"]),
        (None, ["joy"]),
        (["joy"], None),
        (["joy", "fear"], ["joy"]),
    )
]
LABELLED += [{**LABELLED[0], "annotator_id": "m", "unit": "c1", "group": "x"}]
OBSERVATIONS = {
    "BradleyTerry": DUELS,
    "Consensus": VOTES,
    "DoublyRight": ANSWERS,
    "DriverImportance": MESSAGES,
    "EarlyRisk": STREAMS,
    "ExplanationQuality": RATINGS,
    "Expressions": SIDES,
    "FacetedRasch": GRADES,
    "GroupGap": FLAGGED,
    "ImportanceConsistency": SHARES,
    "InterventionExtrapolation": RUNS,
    "LengthControlled": DUELS,
    "PerceptionGap": RATED,
    "PreferenceBias": LABELS,
    "PromptUplift": PAIRED,
    "SpeakerLeakage": TALKS,
    "TextOverlap": PAIRS,
    "WeightedGold": TRACES,
    "WheelScore": LABELLED,
}
"""Of each measure some that count, and some for each reason to leave them out."""
OPTIONS = {
    "SpeakerLeakage": {"permutations": 2},  # each is as many fits
    "WheelScore": {"suite": "discrete"},  # which refuses what the others do
}


def batch(rows: Iterable[Mapping], measure: Measure) -> pa.RecordBatch:
    schema = pa.schema([pa.field("group", pa.string()), *measure.reads])
    return pa.RecordBatch.from_pylist(list(rows), schema=schema)


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
    with pytest.raises(AssertionError, match="a value is said twice"):
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
        ({"x": ["one"]}, "an observation has another type: "),
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
