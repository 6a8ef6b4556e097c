import pytest
from affectflow_examples.stars import stars

from affectflow.kinds.prompt import Prompt
from affectflow.testing import check_parser, check_prompt


@pytest.mark.parametrize(
    ("raw", "value", "status"),
    [
        ("4 stars", 4.0, "ok"),
        ("1 of 5 stars, sadly", 1.0, "ok"),
        ("9 stars", None, "out_of_vocabulary"),
        ("It is good.", None, "unparsed"),
    ],
)
def test_stars_are_counted(raw, value, status):
    prompt = Prompt.load("stars")
    (answer,) = stars(raw, step=prompt.steps[0], reading="it works")

    assert (answer.value, answer.status.word) == (value, status)


def test_the_parser_and_its_prompt_keep_their_promises():
    check_parser(stars)
    check_prompt(Prompt.load("stars"))
