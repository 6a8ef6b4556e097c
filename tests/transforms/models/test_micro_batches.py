"""Micro-batches: run side by side, halved where one fails, smaller when memory ends."""

import logging
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from affectflow.kinds.account import open_account
from affectflow_transforms.models.micro_batches import cores, run_halved

LENGTHS = np.array([3, 9, 1, 4, 4, 7, 2, 5])
ROWS = np.arange(len(LENGTHS))


@pytest.mark.torch
@pytest.mark.parametrize("workers", [1, 3])
def test_every_row_is_run_and_one_that_fails_is_alone(workers):
    done: list[int] = []

    def attempt(rows):
        if 4 in rows:
            raise ValueError("no")
        done.extend(rows.tolist())

    budget = SimpleNamespace(max_batch_tokens=16)
    failed = run_halved(budget, LENGTHS, ROWS, attempt, workers)

    assert list(failed) == [4]
    assert sorted(done) == [0, 1, 2, 3, 5, 6, 7]
    assert budget.max_batch_tokens == 16


@pytest.mark.torch
@pytest.mark.parametrize("workers", [1, 3])
def test_progress_moves_with_each_micro_batch(workers):
    def attempt(rows):
        if 4 in rows:
            raise ValueError("no")

    reached: list[float] = []
    with open_account() as opened:
        opened.watcher = reached.append
        budget = SimpleNamespace(max_batch_tokens=9)
        run_halved(budget, LENGTHS, ROWS, attempt, workers)

    assert len(reached) > 3
    assert max(reached) == 1


def no_memory_of_python():
    raise MemoryError


def no_memory_of_the_processor():
    import torch

    torch.empty(1 << 50)


@pytest.mark.torch
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("run_out", [no_memory_of_python, no_memory_of_the_processor])
def test_when_memory_runs_out_the_rest_is_planned_smaller(workers, run_out):
    done: list[int] = []

    def attempt(rows):
        if len(rows) * LENGTHS[rows].max() > 9:
            run_out()
        done.extend(rows.tolist())

    budget = SimpleNamespace(max_batch_tokens=64)
    failed = run_halved(budget, LENGTHS, ROWS, attempt, workers)

    assert failed == {}
    assert sorted(done) == ROWS.tolist()
    assert budget.max_batch_tokens <= 18


@pytest.mark.torch
def test_one_line_says_what_did_not_fit_and_what_does(caplog):
    caplog.set_level(logging.WARNING)

    def attempt(rows):
        if len(rows) * LENGTHS[rows].max() > 9:
            raise MemoryError

    budget = SimpleNamespace(max_batch_tokens=72)
    with open_account() as opened:
        run_halved(budget, LENGTHS, ROWS, attempt)
        run_halved(budget, LENGTHS, ROWS, attempt)

    # 8 rows of 9 tokens, then 4, 2 and 1: a row alone is not made smaller.
    assert caplog.messages == [
        "out of memory in a forward pass of 72 tokens; continued with at most 9 at "
        "once "
        "(max_batch_tokens=9 starts there)"
    ]
    assert opened.tallied == {"times_out_of_memory": 3}


@pytest.mark.torch
def test_as_many_run_at_once_as_there_are_workers():
    both = threading.Barrier(2)
    budget = SimpleNamespace(max_batch_tokens=9)

    # Each waits for another one: alone, it would wait in vain.
    failed = run_halved(
        budget, np.array([9, 9]), np.arange(2), lambda rows: both.wait(30) and None, 2
    )

    assert failed == {}


def test_a_runner_may_leave_a_process_fewer_cores(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    there = cores()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    assert (there >= 1, cores()) == (True, 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "4096")
    assert cores() == there
