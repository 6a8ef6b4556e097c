"""What parsers read as numbers, and as fields of a JSON object."""

import pytest

from tests.given.answers_read import (
    COUNTED,
    said,
    step,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (">>0.896", ("joy", 0.896)),
        ("0.879", ("joy", 0.879)),
        ("Intensity Score: 0.5 of 1", ("joy", 0.5)),
        ("1", ("joy", 1.0)),
        ("1.7", ("out_of_range",)),
        ("\u22120.1", ("out_of_range",)),
        ("1e999", ("out_of_range",)),
        ("four", ("unparsed",)),
        ("EP02", ("unparsed",)),
        ("", ("empty",)),
    ],
)
def test_a_score_is_the_first_number(raw, expected):
    assert said(raw, step("score", name="joy", low=0, high=1)) == [expected]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (">>-3: very negative emotional state can be inferred", ("valence", -3.0)),
        ("\u22122", ("valence", -2.0)),
        ("+1", ("valence", 1.0)),
        ("4", ("out_of_range",)),
        ("1.7", ("unparsed",)),
        ("12345678901", ("unparsed",)),
        ("class 3", ("unparsed",)),
        ("3/7", ("unparsed",)),
        ("four", ("unparsed",)),
        ("", ("empty",)),
    ],
)
def test_a_step_of_a_scale_is_the_leading_whole_number(raw, expected):
    assert said(raw, step("ordinal", name="valence", low=-3, high=3)) == [expected]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(
            'Sure: {"a": 3, "b": "2", "c": 0, "sum": 1} done',
            [("a", 3.0), ("b", 2.0), ("c", 0.0), ("sum", 5.0), ("five", 1.0)],
            id="its own sum does not count",
        ),
        pytest.param(
            '{"a": 1, "b": 1.0, "c": 2}',
            [("a", 1.0), ("b", 1.0), ("c", 2.0), ("sum", 4.0), ("five", 0.0)],
            id="below the cut",
        ),
        pytest.param(
            '{x} {"a": 4, "b": true, "c": 1}',
            [
                ("a", "out_of_range"),
                ("b", "unparsed"),
                ("c", 1.0),
                ("sum", "unparsed"),
                ("five", "unparsed"),
            ],
            id="no total of a part",
        ),
        pytest.param("{" * 5000, [("unparsed",)], id="no object"),
        pytest.param('{"a": ' * 50000, [("unparsed",)], id="too deep"),
        pytest.param("", [("empty",)], id="nothing"),
    ],
)
def test_fields_are_read_and_added_up(raw, expected):
    assert said(raw, COUNTED) == expected
