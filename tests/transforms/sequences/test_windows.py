"""Windows of tracks: none over a gap, and what makes one."""

import numpy as np
import pytest

from affectflow_transforms.sequences.series import Reading, series_of
from affectflow_transforms.sequences.windows import means_of, stitched, windows_of
from tests.given.faces import pyfeat
from tests.given.rated_tracks import frames_of, write_table


@pytest.mark.parametrize(
    ("ends", "windows"),
    [
        pytest.param([14], 0, id="one frame too few"),
        pytest.param([15], 1, id="one window"),
        pytest.param([40], 26, id="L - 14"),
        pytest.param([20, 34, 64], 6 + 0 + 16, id="none over a gap"),
    ],
)
def test_a_stretch_of_l_frames_has_l_minus_14_windows(ends, windows):
    starts = windows_of(np.array(ends), 15, 1)

    assert len(starts) == windows
    for start in starts:
        assert not any(start < end < start + 15 for end in ends)


def test_a_table_of_faces_is_read_in_numbers_that_a_network_takes(tmp_path):
    path = pyfeat(tmp_path / "a.csv", {"AU04": 0.9}, {"AU04": 0.1})

    (series,) = series_of(path, Reading(channels=("AU04",)))

    assert series.values.dtype == np.float32
    assert series.values[:, 0] == pytest.approx([0.9, 0.1])


def test_frame_numbers_that_jump_are_a_gap(tmp_path):
    numbers = [*range(20), *range(30, 60)]
    path = write_table(tmp_path / "a.csv", frames_of(np.ones((50, 3)), numbers))

    (series,) = series_of(str(path), Reading())

    assert series.ends.tolist() == [20, 50]
    assert len(windows_of(series.ends, 15, 1)) == 6 + 16


def test_a_mean_rating_of_2_point_6_stays_2_point_6():
    ratings = np.array([[2], [3], [2], [3], [3]], np.float32)

    assert means_of(ratings, np.array([0]), 5)[0, 0] == pytest.approx(2.6)


def test_stitched_windows_are_as_one_where_each_frame_says_the_same():
    """Row 41: a model without memory says of many windows what it says of one."""
    of_frame = np.linspace(0, 1, 6, dtype=np.float32)
    one = stitched(np.array([[0.4]], np.float32), np.array([0]), 6, 6)
    many = stitched(np.full((5, 1), 0.4, np.float32), np.arange(5), 2, 6)

    assert many == pytest.approx(one)
    single = stitched(of_frame[:, None], np.arange(6), 1, 6)
    assert single[:, 0] == pytest.approx(of_frame)


def test_a_frame_that_is_there_twice_is_refused(tmp_path):
    rows = frames_of(np.ones((20, 3)), [*range(19), 18])
    path = write_table(tmp_path / "a.csv", rows)

    with pytest.raises(Exception, match="frame 18 of the recording 'a' twice"):
        series_of(str(path), Reading())


def test_a_frame_without_confidence_is_a_gap(tmp_path):
    rows = frames_of(np.ones((20, 3)), confidence=0.9)
    rows[7]["confidence"] = "nan"
    path = write_table(tmp_path / "a.csv", rows)

    (series,) = series_of(str(path), Reading())

    assert series.ends.tolist() == [7, 19]
    assert series.left_out == {"without confidence": 1}


def test_29_point_97_frames_per_second_are_without_gaps(tmp_path):
    times = np.round(np.arange(90) * 1001 / 30000, 3)
    rows = [{"time": t, "AU12": 0.5} for t in times]
    path = write_table(tmp_path / "a.csv", rows)

    (series,) = series_of(str(path), Reading())

    assert series.rate == pytest.approx(29.97, rel=1e-3)
    assert series.ends.tolist() == [90]


def test_a_grid_makes_rates_alike_and_keeps_gaps(tmp_path):
    times = [*np.arange(0, 2, 1 / 25), *np.arange(3, 4, 1 / 25)]
    rows = [{"time": round(t, 3), "AU12": t} for t in times]
    path = write_table(tmp_path / "a.csv", rows)

    (series,) = series_of(str(path), Reading(hz=5))

    assert series.rate == pytest.approx(5)
    assert series.ends.tolist() == [10, 15]
    assert series.values[0, 0] == pytest.approx(0.08)  # of 0, .04, .08, .12 and .16
