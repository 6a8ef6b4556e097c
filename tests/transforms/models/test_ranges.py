"""Options out of their range: one line says the value and what it must be."""

from types import SimpleNamespace

import pytest

from affectflow.errors import UsageError
from affectflow_transforms.models import ranges
from affectflow_transforms.models.pretrained.options import check_word


@pytest.mark.parametrize(
    ("value", "wanted", "said"),
    [
        (0, ranges.at_least(1), "must be at least 1, got 0"),
        (0.0, ranges.above(0), "must be above 0, got 0.0"),
        (1.0, ranges.BELOW_1, "must be at least 0 and below 1, got 1.0"),
        ((), ranges.SOME, "must be at least one, separated by commas, got none"),
        ((5.0, 1.0), ranges.RISING, "must be two numbers, the lower one first, got "
        "5.0,1.0"),
        ("x", ranges.one_of("", "words"), "must be 'words' or left out, got 'x'"),
    ],
)  # fmt: skip
def test_an_option_says_what_it_must_be_and_what_it_is(value, wanted, said):
    with pytest.raises(UsageError) as caught:
        ranges.check_ranges(SimpleNamespace(one=value), {"one": wanted})

    assert str(caught.value) == f"`one` {said}"


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            lambda: check_word("head", "x", ("one", "two")),
            "`head` must be one of one, two, got 'x'",
        ),
        (
            lambda: ranges.check_among("tasks", ("x", "y"), ("one", "two")),
            "`tasks` must be among one, two, got x,y",
        ),
    ],
)
def test_words_are_listed_as_they_are_typed(check, said):
    with pytest.raises(UsageError) as caught:
        check()

    assert str(caught.value) == said
