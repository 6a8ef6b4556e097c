"""Row 41 of the literature: raters' scales, from one rating on."""

import numpy as np
import pytest

from affectflow import people, testing
from affectflow.errors import UsageError
from affectflow.lake import Lake, open_lake
from affectflow.stages.measure import measure_file, measure_lake
from affectflow_transforms.measures.personal.fit import Sums, fit
from affectflow_transforms.measures.personal.measure import PersonalScale
from tests.given.observations import SCALED, batch
from tests.given.people import add_rows
from tests.given.rated_tracks import write_table

TRUE = {"ann": (0.5, 2.0), "bob": (1.4, -1.0), "cem": (1.0, 0.3), "dan": (0.8, 0.0)}


def rated(noise=0.0, raters=TRUE, items=30, seed=0):
    """Returns ratings scale x base + offset."""
    random = np.random.default_rng(seed)
    base = random.uniform(1, 5, items)
    return [
        {"rater": name, "item": f"i{n}", "base": float(x),
         "value": float(a * x + b + noise * random.normal())}
        for name, (a, b) in raters.items()
        for n, x in enumerate(base)
    ]  # fmt: skip


def allowed():
    return people.using(purpose="tests of scales", allow_person_level=True)


def scales(rows, **options):
    with allowed():
        measure = PersonalScale(**options)
    given = batch(rows, measure)
    found = measure.extract(measure.add(measure.create(), given)).to_pylist()
    return {(r["unit_id"], r["label"]): r for r in found if r["unit_type"] == "rater"}


def test_scale_and_offset_are_recovered_without_noise():
    found = scales(rated())

    for name, (a, b) in TRUE.items():
        assert found[name, "scale"]["value"] == pytest.approx(a, abs=1e-6)
        assert found[name, "offset"]["value"] == pytest.approx(b, abs=1e-6)
        assert found[name, "scale"]["n"] == 30


def test_with_noise_the_interval_holds_the_truth():
    found = scales(rated(noise=0.3))

    for name, (a, b) in TRUE.items():
        for figure, value in (("scale", a), ("offset", b)):
            row = found[name, figure]
            assert row["low"] - 0.1 < value < row["high"] + 0.1
            assert 0 < row["high"] - row["low"] < 1


def rmse(rows, tmp_path, **options):
    path = write_table(tmp_path / "ratings.csv", rows)
    told = measure_file(
        str(path), "PersonalScale", options={"tell": "held_out", **options}
    )
    return {row["label"]: row["value"] for row in told.rows}


def test_knowing_the_scale_cuts_the_error_by_more_than_80_percent(tmp_path):
    random = np.random.default_rng(1)
    raters = {
        f"r{n}": (random.uniform(0.5, 1.5), random.uniform(-1, 1)) for n in range(30)
    }
    told = rmse(rated(0.1, raters), tmp_path, examples=(0, 1, 10))

    assert told["rmse after 10 examples"] < 0.2 * told["rmse after 0 examples"]
    assert told["rmse after 1 examples"] < told["rmse after 0 examples"]


def test_no_example_is_the_base(tmp_path):
    rows = rated(0.1)
    told = rmse(rows, tmp_path, examples=(0,))

    errors = [row["value"] - row["base"] for row in rows]
    assert told["rmse after 0 examples"] == pytest.approx(
        np.sqrt(np.square(errors).mean())
    )


def test_one_rating_moves_the_offset_and_no_rating_nothing():
    """Half of what it is off: a ridge of 1 weighs as much as the one rating."""
    rater = np.array([1])
    found = fit(Sums.of(rater, np.array([3.0]), np.array([5.0]), 2))

    assert (found.scale[0], found.offset[0]) == (1.0, 0.0)
    assert found.predicted(rater, np.array([3.0]))[0] == pytest.approx(4.0)


def test_a_ridge_draws_to_1_and_0():
    found = scales(rated(), ridge=1e9)

    assert found["ann", "scale"]["value"] == pytest.approx(1, abs=1e-3)
    assert found["ann", "offset"]["value"] == pytest.approx(0, abs=1e-2)


def test_without_a_base_it_is_the_mean_of_the_others():
    rows = [{**row, "base": None} for row in rated()]
    found = scales(rows)
    base = {n: np.mean([a * n + b for a, b in TRUE.values()]) for n in (1, 5)}

    assert found["ann", "scale"]["value"] < 0.8 < 1.2 < found["bob", "scale"]["value"]
    assert base[1] < base[5]


def test_one_who_rates_alone_has_no_scale():
    rows = [{"rater": "a", "item": "1", "value": 3.0}, {"rater": "b", "item": "2",
            "value": 2.0}]  # fmt: skip

    assert (
        scales(rows)["a", "scale"]["why"] == "nobody else rates what this rater rates"
    )


def test_what_it_says_of_raters_keeps_what_every_measure_owes():
    with allowed():
        measure = PersonalScale()
    whole = batch(SCALED, measure)
    testing.check_splits(measure, [whole[:3], whole[3:]])


def test_the_scale_of_a_rater_is_asked_for():
    with pytest.raises(UsageError, match="--allow-person-level"):
        PersonalScale()


@pytest.mark.parametrize("options", [{"ridge": -1}, {"examples": ()}, {"tell": "x"}])
def test_options_out_of_range_are_refused(options):
    with allowed(), pytest.raises(UsageError, match="must be"):
        PersonalScale(**options)


def test_popquorn_foretells_better_the_more_it_knows_of_a_rater(shared_data, tmp_path):
    """RMSE 1.079, .998, .979, .947, .938 in the notes; here of other held-out ratings.

    5,161 ratings after each rater's first 20, in the order of a hash; within .02.
    """
    told = measure_file(
        str(shared_data / "popquorn_offensiveness" / "ratings.csv.gz"),
        "PersonalScale",
        options={"tell": "held_out", "examples": (0, 3, 5, 10, 20)},
        mapping={"rater": "user_id", "item": "instance_id", "value": "offensiveness"},
    )

    errors = [row["value"] for row in told.rows if "examples" in row["label"]]
    assert errors == pytest.approx([1.079, 0.998, 0.979, 0.947, 0.938], abs=0.02)
    assert errors == sorted(errors, reverse=True)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake in which ann says 0.5 x base + 0.3, and her scale is known."""
    uri = Lake.create(str(tmp_path_factory.mktemp("scale") / "lake")).uri
    base = {f"u{n}": n / 10 for n in range(10)}
    add_rows(uri, "utterances", [
        {"utterance_id": u, "conversation_id": "c", "speaker_id": "s"} for u in base
    ])  # fmt: skip
    add_rows(uri, "annotators", [
        {"annotator_id": "model@1", "kind": "model"},
        {"annotator_id": "ann", "kind": "person"},
    ])  # fmt: skip
    same = {"task": "valence", "label": "valence", "chosen": True, "status": "ok"}
    add_rows(uri, "annotations", [
        {**same, "utterance_id": u, "annotator_id": who, "value": value}
        for u, x in base.items()
        for who, value in (("model@1", x), ("ann", 0.5 * x + 0.3))
        if who != "ann" or u != "u9"
    ])  # fmt: skip
    with allowed():
        measure_lake(uri, "PersonalScale", options={"base": "model@1"})
    return uri


def test_the_view_says_what_a_rater_would_say(lake):
    with open_lake(lake) as connection:
        rows = connection.sql(
            'SELECT utterance_id, rater, label, base, value, scale, "offset", n '
            "FROM personal_values ORDER BY 1"
        ).fetchall()

    assert len(rows) == 10
    assert rows[-1][:3] == ("u9", "rater 1", "valence")
    assert rows[-1][3:] == pytest.approx((0.9, 0.75, 0.5, 0.3, 9))


def test_a_lake_without_the_base_says_so(lake):
    with allowed(), pytest.raises(UsageError, match="model@1"):
        measure_lake(lake, "PersonalScale", options={"base": "nobody"})


def test_an_empty_table_has_no_rater():
    with allowed():
        measure = PersonalScale()

    assert measure.extract(measure.create()).num_rows == 0
