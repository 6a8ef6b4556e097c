"""The views `rater_severity` and `item_map`, over what FacetedRasch wrote."""

import math
import re

import pyarrow.csv
import pytest

from affectflow.errors import UsageError
from affectflow.lake import Lake, open_lake
from affectflow.stages.measure import measure_file, measure_lake
from tests.given.people import add_rows
from tests.given.ratings import simulated
from tests.given.view_lakes import label, utterance


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rasch")
    lake = Lake.create(str(folder / "lake")).uri
    rows = simulated(80, 2, 4, each=3).rows
    add_rows(lake, "annotators", [{"annotator_id": "r3", "kind": "model"}])
    pyarrow.csv.write_csv(rows, folder / "ratings.csv")
    for options in ({"keep": "items"}, {"keep": "raters,items"}):
        measure_file(
            str(folder / "ratings.csv"), "FacetedRasch", options=options, to=lake
        )
    with open_lake(lake) as opened:
        yield opened


def test_raters_of_the_newest_fit_are_numbered_and_models_are_named(connection):
    rows = connection.sql(
        "SELECT rater, severity, se, low, high, infit, outfit, n, reliability "
        "FROM rater_severity ORDER BY severity DESC"
    ).fetchall()

    assert sorted(row[0] for row in rows) == ["r3", "rater 1", "rater 2", "rater 3"]
    people = [row[0] for row in rows if row[0] != "r3"]
    assert people == ["rater 1", "rater 2", "rater 3"]
    assert sum(row[1] for row in rows) == pytest.approx(0, abs=1e-9)
    for _, severity, se, low, high, infit, outfit, n, reliability in rows:
        assert (low + high) / 2 == pytest.approx(severity)
        assert high - severity == pytest.approx(1.959964 * se, rel=1e-6)
        assert 0.5 < infit < 1.5
        assert 0.5 < outfit < 1.5
        assert n > 40
        assert 0.5 < reliability < 1


def test_thresholds_of_items_stand_among_persons(connection):
    rows = connection.sql(
        "SELECT item, rating, location - difficulty AS tau, location, persons_mean, "
        "persons_sd, persons_above, n_persons FROM item_map ORDER BY item, rating"
    ).fetchall()

    assert [(row[0], row[1]) for row in rows] == [
        (item, rating) for item in ("i0", "i1") for rating in (1, 2, 3)
    ]
    assert sum(row[2] for row in rows) == pytest.approx(0, abs=1e-9)
    for *_, location, mean, sd, above, n in rows:
        normal = math.erfc((location - mean) / sd / math.sqrt(2)) / 2
        assert above == pytest.approx(normal, abs=1e-7)
        assert n == 80


@pytest.mark.parametrize("taus", [(0.0,), (-1.0, 1.0)])
def test_a_single_item_is_on_the_map_without_difficulty(tmp_path, taus):
    lake = Lake.create(str(tmp_path / "lake")).uri
    rows = simulated(60, 1, 3, each=3, taus=taus).rows.drop_columns(["item"])
    pyarrow.csv.write_csv(rows, tmp_path / "ratings.csv")
    measure_file(str(tmp_path / "ratings.csv"), "FacetedRasch", to=lake)

    with open_lake(lake) as opened:
        found = opened.sql("SELECT difficulty, location FROM item_map").fetchall()

    assert [difficulty for difficulty, _ in found] == [None] * len(taus)
    assert sum(location for _, location in found) == pytest.approx(0, abs=1e-9)


@pytest.mark.rotated
def test_no_view_names_a_rater_who_is_a_person(connection):
    for view in ("rater_severity", "item_map"):
        said = connection.sql(f"SELECT * FROM {view}").fetchall()
        assert not {"r0", "r1", "r2"} & {str(cell) for row in said for cell in row}


@pytest.mark.rotated
def test_answers_of_people_in_a_lake_are_ratings(tmp_path):
    lake = Lake.create(str(tmp_path / "lake")).uri
    texts = "abcdef"
    add_rows(lake, "utterances", [utterance(name) for name in texts])
    raters = [{"annotator_id": f"person:{r}", "kind": "person"} for r in "xyz"]
    model = {"annotator_id": "model@1", "kind": "model"}
    add_rows(lake, "annotators", [*raters, model])
    points = {"person:x": "135791", "person:y": "313571", "model@1": "999999"}
    answers = [
        label(name, "valence", annotator_id=rater, task="valence")
        | {"chosen": True, "value": (int(point) - 1) / 8}
        for rater, digits in points.items()
        for name, point in zip(texts, digits, strict=True)
    ]
    unsure = label("a", "valence", annotator_id="person:z", task="valence")
    add_rows(lake, "annotations", [*answers, unsure | {"status": "abstained"}])

    found = measure_lake(lake, "FacetedRasch", options={"task": "valence"})

    assert (found.observations, found.left_out) == (12, {})
    severity = {
        r["unit_id"]: r["value"] for r in found.rows if r["label"] == "severity"
    }
    assert set(severity) == {"person:x", "person:y"}
    assert severity["person:y"] > severity["person:x"]
    taus = set(re.findall(r"threshold (\d) tau", " ".join(found.undefined)))
    # Points are those of the sheet, from 1 to 9; nobody gave the even ones.
    assert taus == {"2", "3", "4", "5", "6", "7", "8", "9"}

    with pytest.raises(UsageError, match="it needs answers of people") as refused:
        measure_lake(lake, "FacetedRasch")
    with open_lake(lake) as opened:
        query = str(refused.value).split("lists: ")[1]
        assert opened.sql(query).fetchall() == [("valence",)]
