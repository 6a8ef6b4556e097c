import pyarrow as pa
import pytest
from affectflow_examples.because import MineBecause

from affectflow.testing import check_miner, sample_batch


def causes(text):
    rows = sample_batch(MineBecause.requires).slice(2, 1)  # its emotion is annoyance
    rows = rows.drop_columns(["text"]).append_column("text", pa.array([text]))
    return MineBecause().mine(rows)["causes"].to_pylist()[0]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("Sad because it broke. Again.", "it broke", id="a clause"),
        pytest.param("Because of CI, I wait", "CI", id="because of"),
    ],
)
def test_what_follows_because_is_the_cause(text, cause):
    (found,) = causes(text)

    assert (found["label"], found["status"], found["cause_text"]) == (
        "annoyance",
        "ok",
        cause,
    )


def test_without_it_none_is_found():
    assert [cause["status"] for cause in causes("It broke")] == ["none_found"]


def test_it_keeps_what_every_miner_promises():
    check_miner(MineBecause())
