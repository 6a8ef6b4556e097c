"""WindowAlign: a grid without drift, values and labels on it, by hand and by DuckDB."""

import gzip

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from affectflow import people
from affectflow.batches.tracks import TRACKS
from affectflow.errors import UsageError
from affectflow_transforms.face.render import RenderFace
from affectflow_transforms.tracks.windows import LABELS, WindowAlign

CALMED_US, WINDOWS = 11_402_400_000, 57_012
"""190.04 minutes, and how many windows of 0.2 s they are."""
GRID = WindowAlign()


def tracks(*rows) -> pa.Table:
    """Returns tracks of (recording, start, end, value)."""
    names = ("recording", "start_us", "end_us", "value")
    whose = {"speaker": "ann", "channel": "x", "confidence": None}
    given = [{**dict(zip(names, row, strict=True)), **whose} for row in rows]
    return pa.Table.from_pylist(given, TRACKS)


def labels(*rows) -> pa.Table:
    names = ("annotator", "start_us", "end_us", "label")
    given = [{"recording": "r", **dict(zip(names, r, strict=True))} for r in rows]
    return pa.Table.from_pylist(given, LABELS)


def test_the_windows_of_calmed_are_57012_and_none_drifts():
    starts, ends = GRID.bounds(CALMED_US)

    assert len(starts) == WINDOWS
    assert (starts[0], ends[-1]) == (0, CALMED_US)
    assert (starts[1:] == ends[:-1]).all()


def test_every_start_is_in_its_own_window_and_floats_lose_some():
    starts, _ = GRID.bounds(CALMED_US)
    ones = np.ones(WINDOWS)
    columns = {"start_us": starts, "end_us": starts + 1, "value": ones}
    found = GRID.values(
        pa.table(
            {
                **columns,
                **{
                    n: pa.nulls(WINDOWS, TRACKS.field(n).type)
                    for n in ("recording", "speaker", "channel", "confidence")
                },
            }
        ).select(TRACKS.names)
    )

    assert found["window"].to_pylist() == list(range(WINDOWS))
    by_floats = (np.arange(WINDOWS) * 0.2) // 0.2
    assert len(np.unique(by_floats)) < WINDOWS


def test_a_value_counts_for_as_long_as_it_holds():
    found = GRID.values(
        tracks(("r", 0, 300_000, 1.0), ("r", 300_000, 350_000, 5.0))
    ).to_pylist()

    assert [row["window"] for row in found] == [0, 1]
    assert [row["mean"] for row in found] == pytest.approx([1.0, 1.0 * 2 / 3 + 5 / 3])
    assert [row["coverage"] for row in found] == pytest.approx([1.0, 0.75])
    assert found[1]["std"] == pytest.approx(
        np.sqrt(2 / 3 * (4 / 3) ** 2 + (8 / 3) ** 2 / 3)
    )


@pytest.mark.parametrize(
    ("rows", "coverage"),
    [
        pytest.param([(0, 50_000), (25_000, 100_000)], 0.5, id="frames that overlap"),
        pytest.param([(0, 100_000), (20_000, 40_000)], 0.5, id="one within another"),
        pytest.param([(0, 100_000), (150_000, 200_000)], 0.75, id="a gap"),
        pytest.param([(50_000, 50_000)], 1 / 200_000, id="no length"),
    ],
)
def test_coverage_counts_no_moment_twice(rows, coverage):
    found = GRID.values(tracks(*(("r", *row, 1.0) for row in rows)))

    assert found["coverage"].to_pylist() == pytest.approx([coverage])


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(("r", 0, 100, float("nan")), id="no value"),
        pytest.param(("r", 0, 100, None), id="null"),
        pytest.param(("r", 100, 0, 1.0), id="backwards"),
        pytest.param(("r", None, 100, 1.0), id="no time"),
        pytest.param(("r", -100, 100, 1.0), id="before the recording"),
    ],
)
def test_what_says_nothing_is_in_no_window(row):
    assert GRID.values(tracks(row)).num_rows == 0


@pytest.mark.parametrize(
    ("rows", "label", "agreement"),
    [
        pytest.param([("a", 0, 200_000, "calm")], "calm", 1.0, id="one"),
        pytest.param(
            [("a", 0, 90_000, "calm"), ("a", 90_000, 200_000, "mad")],
            "mad",
            1.0,
            id="the longest",
        ),
        pytest.param(
            [
                ("a", 0, 60_000, "mad"),
                ("a", 60_000, 140_000, "calm"),
                ("a", 140_000, 200_000, "mad"),
            ],
            "mad",
            1.0,
            id="in two pieces",
        ),
        pytest.param(
            [("a", 0, 100_000, "mad"), ("a", 100_000, 200_000, "calm")],
            "calm",
            1.0,
            id="a tie: the alphabet",
        ),
        pytest.param(
            [
                ("a", 0, 200_000, "mad"),
                ("b", 0, 200_000, "calm"),
                ("c", 0, 10_000, "calm"),
            ],
            "calm",
            2 / 3,
            id="most annotators",
        ),
    ],
)
def test_the_label_of_a_window(rows, label, agreement):
    (found,) = GRID.labels(labels(*rows)).to_pylist()

    assert found["label"] == label
    assert found["agreement"] == pytest.approx(agreement)


def test_no_intervals_give_no_labels():
    assert GRID.labels(labels(("a", 0, 200_000, None))).num_rows == 0


def some_tracks(rng, n=400) -> pa.Table:
    start = rng.integers(0, 3_000_000, n)
    return tracks(
        *zip(
            rng.choice(["a", "b"], n).tolist(),
            start.tolist(),
            (start + rng.integers(1, 700_000, n)).tolist(),
            rng.normal(size=n).tolist(),
            strict=True,
        )
    )


RANGE_JOIN = """
WITH cut AS (
  SELECT recording, k, value,
    least(end_us, (k + 1) * 200000) - greatest(start_us, k * 200000) AS held
  FROM given JOIN (SELECT unnest(range(0, 30)) AS k)
    ON start_us < (k + 1) * 200000 AND end_us > k * 200000
)
SELECT recording, k, sum(value * held) / sum(held) FROM cut GROUP BY ALL ORDER BY ALL
"""


def test_a_range_join_of_duckdb_gives_the_same_in_any_order():
    rng = np.random.default_rng(3)
    given = some_tracks(rng)
    shuffled = given.take(pa.array(rng.permutation(given.num_rows)))

    found = GRID.values(shuffled)

    assert found.equals(GRID.values(given))
    with duckdb.connect() as connection:
        connection.register("given", given)
        rows = connection.sql(RANGE_JOIN).fetchall()
    keys = zip(found["recording"].to_pylist(), found["window"].to_pylist(), strict=True)
    means = dict(zip(keys, found["mean"].to_pylist(), strict=True))
    assert means == pytest.approx({(r, k): mean for r, k, mean in rows})


def test_resampled_tracks_are_tracks():
    found = GRID.resampled(tracks(("r", 0, 100_000, 1.0), ("r", 100_000, 200_000, 3.0)))

    assert found.schema.names == TRACKS.names
    assert found["value"].to_pylist() == [2.0]


def test_a_window_without_width_is_one_line():
    with pytest.raises(UsageError, match="at least a microsecond"):
        WindowAlign(width_us=0)


@pytest.mark.parametrize(
    ("name", "windows"),
    [("openface2_frames.csv.gz", 1), ("imotions_facet_v5.txt.gz", 44)],
)
def test_faces_of_two_instruments_come_onto_one_grid(
    name, windows, shared_data, tmp_path
):
    path = tmp_path / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress((shared_data / "nv_facial" / name).read_bytes()))
    with people.using(context="research", purpose="a test"):
        given = RenderFace(tracks=str(path)).measure(str(path))

    found = GRID.values(given)

    assert len(set(found["window"].to_pylist())) == windows
    known = given.filter(pc.is_finite(given["value"]))
    held = np.asarray(pc.subtract(known["end_us"], known["start_us"]))
    # Nothing is lost and nothing counted twice: the sum of value and time stays.
    there = np.asarray(found["mean"]) * np.asarray(found["coverage"]) * GRID.width_us
    assert there.sum() == pytest.approx((np.asarray(known["value"]) * held).sum())
