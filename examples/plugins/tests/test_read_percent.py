import pytest
from affectflow_examples.read_percent import read_percent

from affectflow.kinds.prompt import Step
from affectflow.testing import check_parser

STEP = Step(name="sure", text="How sure is the author? {text}", parser="read_percent")


@pytest.mark.parametrize(
    ("raw", "value", "status"),
    [
        ("70 %", 0.7, "ok"),
        ("100 per cent, surely", 1.0, "ok"),
        ("170 %", None, "out_of_vocabulary"),
        ("quite sure", None, "unparsed"),
    ],
)
def test_a_number_of_per_cent_is_read(raw, value, status):
    (answer,) = read_percent(raw, step=STEP, reading="it works")

    assert (answer.value, answer.status.word) == (value, status)


def test_the_parser_keeps_its_promises():
    check_parser(read_percent)
