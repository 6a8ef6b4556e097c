"""A value of the wrong kind: one line says what an option must be."""

import pytest

from tests.given.command_line import affectflow


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--draws", "abc"), "--draws must be a whole number, got 'abc'"),
        (("--draws", "-1"), "--draws must be at least 0, got '-1'"),
        (("--format", "xml"), "--format must be one of table, csv, json, got 'xml'"),
    ],
)
def test_an_option_says_what_it_must_be(words, said):
    done = affectflow("measure", "BradleyTerry", "pairs.csv", *words)

    assert (done.code, done.err) == (2, f"affectflow: {said}\n")


def test_a_share_says_its_end():
    done = affectflow("ingest", "posts.csv", "--to", "lake", "--budget", "7")

    assert (done.code, "--budget must be at most 1, got '7'" in done.err) == (2, True)
