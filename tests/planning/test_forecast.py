"""From two sizes to the whole: arithmetic that can be followed by hand."""

from dataclasses import replace

import pytest

from affectflow.planning.forecast import Line, costed
from affectflow.planning.ledger import StagePlan
from affectflow.planning.rehearse import Rehearsal
from tests.given.rehearsals import took, trial

MODEL = {"model_calls": 1, "bytes_out": 1000}
ONE_PART = Rehearsal(
    trial(32, annotate=took(32, 3.32, peak_rss_bytes=300, model_seconds=2.0)),
    trial(100, annotate=took(100, 2.0, peak_rss_bytes=400, model_seconds=1.0, **MODEL)),
    trial(
        500,
        annotate=took(
            500,
            6.0,
            peak_rss_bytes=800,
            model_seconds=3.0,
            model_calls=1,
            bytes_out=3000,
        ),
    ),
    tokens=5000,
)
PLAN = StagePlan(stage="annotate", config_digest="d", rows=1000, units=4)
LARGEST = 400


@pytest.mark.parametrize(
    ("small", "large", "line"),
    [
        pytest.param((10, 3.0), (20, 5.0), Line(1.0, 0.2), id="a stage and its rows"),
        pytest.param((10, 2.0), (20, 4.0), Line(0.0, 0.2), id="nothing is fixed"),
        pytest.param((10, 4.0), (20, 2.0), Line(0.0, 0.1), id="larger was faster"),
        pytest.param((10, 1.0), (20, 5.0), Line(0.0, 0.25), id="no negative start"),
        pytest.param((10, 2.0), (10, 4.0), Line(0.0, 0.4), id="one size"),
        pytest.param((0, 1.0), (20, 5.0), Line(5.0, 0.0), id="first calls are fixed"),
        pytest.param((0, 0.0), (0, 0.0), Line(), id="no rows"),
    ],
)
def test_costs_are_a_line_that_meets_the_larger_size(
    small: tuple[int, float], large: tuple[int, float], line: Line
) -> None:
    found = Line.through(small, large)

    assert found == pytest.approx(line)
    assert found.at(large[0]) == pytest.approx(large[1])


def test_a_stage_costs_what_it_costs_by_itself_and_for_each_row() -> None:
    """Of one row 0.01 s, half of it in the model; 1 s fixed, half of it to load."""
    plan = costed(PLAN, LARGEST, ONE_PART)

    assert plan.work_seconds == pytest.approx(10.0)
    assert plan.model_seconds == pytest.approx(5.0)
    # The first time 3.32 s for 32 rows: 2 s more than ever after.
    assert plan.load_seconds == pytest.approx(2.0 + 0.5)
    assert plan.fixed_seconds == pytest.approx(0.5)
    assert plan.wall_seconds == pytest.approx(2.0 + 1.0 + 10.0)
    assert plan.bytes_out == 500 + 5 * 1000
    assert (plan.tokens, plan.model_calls, plan.sample_rows) == (10_000, 4, 500)


def test_memory_grows_with_the_largest_part() -> None:
    """By one byte a row, from what a process holds with 32 rows."""
    plan = costed(PLAN, LARGEST, ONE_PART)

    assert plan.peak_rss_bytes == 300 + (400 - 32)


@pytest.mark.parametrize(
    ("workers", "work"),
    [
        pytest.param(2, 5.0, id="each does half"),
        pytest.param(8, 4.0, id="the largest part takes longest"),
    ],
)
def test_more_workers_take_less_time_and_no_less_work(
    workers: int, work: float
) -> None:
    plan = costed(replace(PLAN, workers=workers), LARGEST, ONE_PART)

    assert plan.work_seconds == pytest.approx(10.0)
    assert plan.wall_seconds == pytest.approx(2.0 + 1.0 + work)


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        pytest.param(PLAN, None, id="nothing was rehearsed"),
        pytest.param(replace(PLAN, rows=0), ONE_PART, id="no row is left"),
        pytest.param(replace(PLAN, stage="mine"), ONE_PART, id="nothing to mine"),
    ],
)
def test_nothing_to_do_takes_no_time(plan: StagePlan, found: Rehearsal | None) -> None:
    assert costed(plan, LARGEST, found) == plan


def test_causes_there_and_causes_to_come_are_grouped() -> None:
    """Of 100 rows of two annotators 30 causes, each of them in two families."""
    one = took(100, 1.0)
    large = trial(100, causes=30, mine_a=one, mine_b=one, themes=took(60, 1.0))
    found = Rehearsal(trial(32), trial(32), large)

    assert found.causes(there=50, coming=1000) == 2 * 50 + round(0.3 * 1000)
