"""How shares and their differences are spelt."""

import pytest

from affectflow.batches.bootstrap import Interval
from affectflow.report.words import compared, contrasted, points


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(
            (0.10, 0.05, 0.15), (0.40, 0.30, 0.50), ("10%", "40%", "+30"), id="whole"
        ),
        # Rounded alone, 10 and 11 would be 2 apart: 9.5 and 11.4.
        pytest.param(
            (0.095, 0.05, 0.15), (0.114, 0.06, 0.2), ("9.5%", "11.4%", "+1.9"), id="up"
        ),
        pytest.param(
            (0.114, 0.06, 0.2),
            (0.095, 0.05, 0.15),
            ("11.4%", "9.5%", "−1.9"),
            id="down",
        ),
        # 12.04 and 11.96 differ by 0.08: as shown, by 0.
        pytest.param(
            (0.1196, 0.1, 0.2), (0.1204, 0.1, 0.2), ("12%", "12%", "0"), id="hardly"
        ),
        pytest.param(
            (0.004, 0.001, 0.02),
            (0.12, 0.1, 0.2),
            ("0.4%", "12.0%", "+11.6"),
            id="small",
        ),
    ],
)
def test_two_shares_and_their_difference_add_up_as_shown(before, after, said):
    found = compared(Interval(*before), Interval(*after))

    assert tuple(each.split(" ")[0] for each in found) == said


def test_two_differences_and_their_contrast_add_up_as_shown():
    # Rounded alone, +2 and +1 would be 0 apart: 1.6, 1.4 and 0.2.
    found = contrasted(Interval(0.016, 0.0, 0.03), Interval(0.014, 0.0, 0.03))

    assert [each.split(" ")[0] for each in found] == ["+1.6", "+1.4", "+0.2"]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((0.01, -0.03, 0.14), "+1 point (−3 to +14)"),
        ((-0.001, -0.03, 0.0), "0 points (−3 to 0)"),
    ],
)
def test_points_are_spelt_as_people_write_them(found, said):
    assert points(Interval(*found)) == said
