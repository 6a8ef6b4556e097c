"""Row 18 of the literature: words of one group of texts rather than another."""

import math

import numpy as np
import pyarrow as pa
import pytest

from affectflow import data, open_lake
from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.expressions import Expressions, log_odds
from tests.given.factories import utterances
from tests.given.people import people_say
from tests.given.stage_runs import store

LOOSE = {"least": 1, "z_min": 0.0, "order": 1}


def said(rows, **options):
    measure = Expressions(**options)
    batch = pa.RecordBatch.from_pylist(rows, measure.reads)
    return measure.extract(measure.add(measure.create(), batch)).to_pylist()


def z_of(rows, **options):
    found = said(rows, **options)
    return {
        r["unit_id"]: r["value"]
        for r in found
        if r["unit_type"] == "expression" and r["label"] == "z"
    }


def texts(a, b):
    return [
        *({"text": text, "side": "a"} for text in a),
        *({"text": text, "side": "b"} for text in b),
    ]


def test_log_odds_by_hand():
    # a: x 3 of 4 words, b: x 1 of 4. A prior of 8 words: x 4, y 4. So x has 7 to 5 in
    # a, and 5 to 7 in b: log(7/5) - log(5/7), with a variance of 1/7 + 1/5.
    found = log_odds(np.array([3.0, 1.0]), np.array([1.0, 3.0]), 8.0)

    assert found.ratio[0] == pytest.approx(2 * math.log(7 / 5))
    assert found.z[0] == pytest.approx(2 * math.log(7 / 5) / math.sqrt(1 / 7 + 1 / 5))
    assert found.z[1] == pytest.approx(-found.z[0])


def test_the_measure_counts_words_as_the_formula_takes_them():
    found = z_of(texts(["X x, x!", "y"], ["x y", "Y y"]), prior=8.0, **LOOSE)

    z = 2 * math.log(7 / 5) / math.sqrt(1 / 7 + 1 / 5)
    assert found == {"x": pytest.approx(z), "y": pytest.approx(-z)}


def test_swapping_the_groups_negates_every_z():
    rows = texts(
        ["so angry about this", "angry again, so angry"],
        ["that is fine", "fine, don't mind", "so what"],
    )
    options = {"least": 1, "z_min": 0.0}

    one = z_of(rows, first="a", second="b", **options)
    other = z_of(rows, first="b", second="a", **options)

    assert len(one) > 15
    assert other == pytest.approx({term: -z for term, z in one.items()})


def test_pairs_of_words_are_expressions_too_and_stay_apart_from_words():
    found = z_of(texts(["no way out", "no way"], ["way to go", "no"]), least=1, z_min=0)

    assert found["no way"] > 0
    assert "no way out" not in found
    assert found["way to"] < 0


def test_rare_expressions_are_left_out_and_counted():
    # `rare` is said five times, but in one text; `often` in five.
    rows = texts(["often so"] * 4 + ["often rare rare rare rare rare"], ["so"] * 5)

    found = {
        (row["unit_id"], row["label"]): row["value"]
        for row in said(rows, order=1, z_min=0.0)
    }

    assert found["(all)", "tested"] == 2
    assert found["(all)", "rare"] == 1
    assert ("rare", "z") not in found
    assert found["often", "n_first"] == 5


def test_the_strongest_come_first_and_ties_are_in_the_order_of_letters():
    rows = texts(["d c b", "b"], ["x y", "x"])

    found = list(z_of(rows, first="a", second="b", top=2, **LOOSE))

    assert found == ["b", "c", "x", "y"]


@pytest.mark.parametrize(
    ("rows", "options", "why"),
    [
        pytest.param(
            [{"text": "a b", "side": "a"}],
            {},
            "give first and second, two of the sides here: 'a'",
            id="one group",
        ),
        pytest.param(
            [{"text": "a b", "side": side} for side in "abc"],
            {},
            "give first and second, two of the sides here: 'a', 'b', 'c'",
            id="three groups",
        ),
        pytest.param(
            texts(["a"], ["b"]),
            {"first": "a", "second": "c"},
            "there is no side 'c'; "
            "give first and second, two of the sides here: 'a', 'b'",
            id="a group that is not there",
        ),
        pytest.param(
            texts(["one two"], ["three four"]),
            {},
            "no expression is in 5 texts",
            id="only rare words",
        ),
        pytest.param(
            [{**row, "gap": 1.0, "noise": 0.1} for row in texts(["a b"], ["b c"])],
            {},
            "the gap between writers and readers does not vary",
            id="one gap",
        ),
        pytest.param(
            [
                {**row, "gap": gap, "noise": 0.5}
                for row, gap in zip(texts(["a b"], ["b c"]), (1.0, 2.0), strict=True)
            ],
            {},
            "the gap between writers and readers does not vary beyond rating noise",
            id="nothing but noise",
        ),
    ],
)
def test_what_cannot_be_told_has_no_expressions_and_says_why(rows, options, why):
    found = said(rows, **options)

    assert [row["why"] for row in found if row["value"] is None] == [why]
    assert not [row for row in found if row["unit_type"] == "expression"]


@pytest.mark.parametrize(
    "options", [{"order": 0}, {"least": 0}, {"prior": 0.0}, {"z_min": -1.0}]
)
def test_an_option_out_of_its_range_is_one_line(options):
    with pytest.raises(UsageError, match="must be"):
        Expressions(**options)


def test_a_file_is_compared_by_any_column(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("body,role\nplease help,new\nplease see docs,old\n")

    mapping = {"text": "body", "side": "role"}
    found = measure_file(
        str(path), "Expressions", mapping=mapping, options={"least": 1, "z_min": 0.0}
    )

    z = {r["unit_id"]: r["value"] for r in found.rows if r["label"] == "z"}
    assert z["help"] > 0 > z["docs"]


# -- in a lake -----------------------------------------------------------------------


def of_people(uri, rows):
    """Makes a lake of texts with one writer's and several readers' anger."""
    store(uri, utterances(*(text for text, _, _ in rows)))
    ids = utterances(*(text for text, _, _ in rows))["utterance_id"].to_pylist()
    people_say(
        uri,
        [
            {"utterance_id": id_, "label": "anger", "value": float(value),
             "rater": f"{who}{n}", "perspective": who}
            for id_, (_, writer, readers) in zip(ids, rows, strict=True)
            for who, values in (("writer", [writer]), ("reader", readers))
            for n, value in enumerate(values)
        ],
    )  # fmt: skip


@pytest.mark.rotated
def test_in_a_lake_hidden_and_shown_anger_are_compared_and_shown_by_the_view(
    tmp_path, own_configuration
):
    uri = str(tmp_path / "lake")
    of_people(
        uri,
        [
            ("it is fine", 3, (0, 0)),
            ("all fine here", 3, (0, 0)),
            ("damn this", 3, (3, 3)),
            ("damn it all", 3, (2, 3)),
            ("good morning", 0, (0, 0)),
        ],
    )
    options = {"label": "anger", "writer_min": 2.0, "reader_max": 1.0, **LOOSE}

    found = measure_lake(uri, "Expressions", options=options)
    gap = measure_lake(uri, "PerceptionGap")

    with open_lake(uri) as lake:
        sql = data.find("views", "gap_expressions").text()
        rows = lake.sql(sql).to_arrow_table().to_pylist()
    by_term = {row["expression"]: row for row in rows}
    assert by_term["fine"]["goes_with"] == "hidden"
    assert by_term["damn"]["goes_with"] == "shown"
    assert (by_term["all"]["n_first"], by_term["all"]["n_second"]) == (1, 1)
    assert "morning" not in by_term
    shares = [
        row["value"]
        for each in (found, gap)
        for row in each.rows
        if row["label"] == "beyond_noise"
    ]
    assert shares[0] == pytest.approx(shares[1])
    assert 0 < shares[0] < 1


@pytest.mark.rotated
def test_in_a_lake_where_readers_only_disagree_there_are_no_expressions(
    tmp_path, own_configuration
):
    uri = str(tmp_path / "lake")
    texts_of = [("fine", 2, (0, 3)), ("so", 2, (1, 3)), ("bad", 2, (0, 2))]
    of_people(uri, texts_of)

    found = measure_lake(uri, "Expressions", options={"label": "anger"})

    assert found.undefined == [
        "expressions (all) z: no value: the gap between writers and readers does not "
        "vary beyond rating noise"
    ]
