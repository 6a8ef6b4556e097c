"""A stage that a signal ends: told as it is, and with its row of `runs`."""

import os
import signal
from pathlib import Path

import apache_beam as beam
import pytest

from affectflow import cli, testing
from affectflow.errors import TerminatedError
from affectflow.lake import Lake
from affectflow.stages.runs.request import new_request
from affectflow.stages.runs.run import run_stage
from tests.given.stage_runs import ask


@pytest.fixture
def terminable():
    """SIGTERM is heard as by the command line."""
    before = signal.signal(signal.SIGTERM, cli._terminated)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("number", "error", "noted"),
    [
        (signal.SIGTERM, TerminatedError, "terminated"),
        (signal.SIGINT, KeyboardInterrupt, "interrupted"),
    ],
)
def test_a_signal_in_a_step_is_no_fault_of_it_and_leaves_a_row(
    tmp_path: Path, terminable: None, number: int, error: type, noted: str
):
    uri = str(tmp_path / "lake")
    lake = Lake.create(uri)
    request = new_request(lake, "ingest", {})

    def build(pipeline: beam.Pipeline) -> None:
        one = pipeline | beam.Create([number], reshuffle=False)
        _ = one | beam.Map(lambda which: os.kill(os.getpid(), which))

    with pytest.raises(error, match=f"^{noted}$"):
        run_stage(lake, request, build, testing.LOCAL)

    assert ask(uri, "SELECT state, error FROM runs") == [("interrupted", noted)]
