"""WeightedGold: weights and gold standards of files, a grid, and what is left out."""

import pyarrow as pa
import pytest

from affectflow.errors import UsageError
from affectflow.stages.measure import measure_file
from affectflow_transforms.measures.weighted_gold import WeightedGold
from affectflow_transforms.tracks.raters import RATINGS
from tests.given.command_line import affectflow


def rated(*series: tuple[float, ...], hz: float = 10.0) -> pa.RecordBatch:
    """Returns observations of raters a, b, ...: one series each."""
    rows = [
        {
            "recording": "P1",
            "dimension": "arousal",
            "rater": "abcdef"[who],
            "time": place / hz,
            "value": value,
        }
        for who, values in enumerate(series)
        for place, value in enumerate(values)
    ]
    return pa.RecordBatch.from_pylist(rows, RATINGS)


def figures(measure: WeightedGold, batch: pa.RecordBatch) -> dict[str, float | None]:
    found = measure.extract(measure.add(measure.create(), batch)).to_pylist()
    return {
        f"{row['unit_id']} {row['label']}": row["value"]
        for row in found
        if row["unit_type"]
    }


def test_weights_and_agreement_by_hand():
    found = figures(WeightedGold(), rated((1, 2, 3), (2, 3, 4)))

    assert found == {
        "P1/a arousal weight": pytest.approx(0.5),
        "P1/a arousal agreement": pytest.approx(4 / 7),
        "P1/b arousal weight": pytest.approx(0.5),
        "P1/b arousal agreement": pytest.approx(4 / 7),
        "P1 arousal agreement": pytest.approx(4 / 7),
    }


def test_the_gold_standard_by_hand():
    found = figures(WeightedGold(tell="gold"), rated((1, 2, 3), (2, 3, 4)))

    assert found == {
        "P1@0.000 arousal": pytest.approx(1.5),
        "P1@0.100 arousal": pytest.approx(2.5),
        "P1@0.200 arousal": pytest.approx(3.5),
    }


def test_a_coarser_grid_takes_means():
    batch = rated((1, 3, 5, 7), (1, 3, 5, 7))

    found = figures(WeightedGold(tell="gold", hz=5), batch)

    assert list(found.values()) == pytest.approx([2.0, 6.0])


def test_a_shift_takes_ratings_earlier_and_leaves_out_the_first():
    measure = WeightedGold(tell="gold", shift_s=0.1)
    batch = rated((1, 2, 3), (2, 3, 4))

    found = figures(measure, batch)

    assert list(found) == ["P1@0.000 arousal", "P1@0.100 arousal"]
    state = measure.add(measure.create(), batch)
    assert measure.left_out(state) == {"rated before the recording began": 2}


def test_twenty_minutes_of_10_hz_fall_on_their_steps():
    steps = tuple(float(n % 11) for n in range(12_000))

    found = figures(WeightedGold(tell="gold"), rated(steps, steps))

    assert len(found) == 12_000
    assert list(found.values())[:11] == pytest.approx(list(range(11)))


def test_one_rater_gives_no_value_and_a_reason():
    measure = WeightedGold()
    found = measure.extract(measure.add(measure.create(), rated((1, 2)))).to_pylist()

    assert [row["value"] for row in found] == [None] * 3
    assert found[0]["why"] == "fewer than two raters of the same moments"


def test_files_of_raters_are_read_and_broken_ones_counted(tmp_path):
    folder = tmp_path / "valence"
    folder.mkdir()
    (folder / "P1.csv").write_text("time;FM1 ;FF1 \n0;1;2\n.1;2;3\n.2;3;4\n")
    (folder / "P2.csv").write_text("time;FM1 ;FF1 \n1;1;2\n0;2;3\n")
    (folder / "P3.csv").write_text("time;FM1 ;FF1 \n0;1\n")

    found = measure_file(f"{folder}/*.csv", "WeightedGold")

    assert found.left_out == {"times go backwards": 1, "a file is not a table": 1}
    names = {f"{row['unit_id']} {row['label']}" for row in found.rows}
    assert "P1/FM1 valence weight" in names


LONG = """rater,time,value
a,0,1
a,{time},{value}
a,.2,3
a,.3,2
b,0,2
b,.1,3
b,.2,4
b,.3,3
"""
WIDE = "time,a,b\n0,1,2\n{time},{value},3\n.2,3,4\n.3,2,3\n"


@pytest.mark.parametrize("rows", [LONG, WIDE], ids=["long", "wide"])
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"value": "oops"}, "the time or the rating is not a number"),
        ({"time": "later"}, "no time"),
    ],
)
def test_one_bad_cell_is_refused_and_the_other_ratings_are_used(
    tmp_path, rows, cell, reason
):
    path = tmp_path / "call.csv"
    path.write_text(rows.format(**{"time": ".1", "value": "2", **cell}))

    found = measure_file(str(path), "WeightedGold")

    assert set(found.left_out) == {reason}
    agreement = {r["unit_id"]: r["value"] for r in found.rows if r["n"] < 4}
    # b is one point above a wherever both rate: 1, 3, 2 and 2, 4, 3.
    assert agreement["call/a"] == pytest.approx(4 / 7)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param({"hz": 0}, "`hz` must be above 0", id="hz"),
        pytest.param({"shift_s": -1.0}, "`shift_s` at least 0", id="shift"),
        pytest.param({"way": "mean"}, "`way` ewe or avec", id="way"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line(options, said):
    with pytest.raises(UsageError, match=said):
        WeightedGold(**options)


def test_the_command_reads_rows_with_other_names(tmp_path, own_configuration):
    path = tmp_path / "traces.csv"
    path.write_text("who,t,v\na,0,1\na,.1,2\nb,0,2\nb,.1,3\n")

    done = affectflow(
        *("measure", "WeightedGold", path, "--map", "rater=who,time=t,value=v"),
        *("--set", "dimension=liking", "--format", "csv"),
    )

    assert done.code == 0, done.err
    assert "a,liking weight,0.5" in done.out


@pytest.mark.parametrize("time", ["inf", "-inf", "1e12"])
def test_a_time_beyond_all_recordings_is_no_time(tmp_path, time):
    path = tmp_path / "call.csv"
    path.write_text(f"rater,time,value\na,0,1\na,{time},2\nb,0,2\nb,1,3\n")

    done = affectflow("measure", "WeightedGold", str(path))

    assert (done.code, "1 left out: no time" in done.err) == (2, True)
