"""Micro-batches on a device: planned, run one on each core, halved where one fails."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
import numpy.typing as npt

from affectflow.kinds.account import account
from affectflow_transforms.models.token_budget import Rows, plan

MAX_BATCH_ROWS = 1_024
OUT_OF_MEMORY = "times_out_of_memory"
"""Counts forward passes that the device had no memory for."""
_LOWERED = (
    "out of memory in a forward pass of %d tokens; continued with at most %d at once "
    "(max_batch_tokens=%d starts there)"
)

_log = logging.getLogger(__name__)


class Budgeted(Protocol):
    """What holds `max_batch_tokens`: rows times longest row of a forward pass.

    It is lowered for good when the device runs out of memory.
    """

    max_batch_tokens: int


def run_halved(
    budgeted: Budgeted,
    lengths: npt.NDArray[np.int64],
    rows: Rows,
    attempt: Callable[[Rows], None],
    workers: int = 1,
) -> dict[int, Exception]:
    """Runs `attempt` over all of `rows`; returns the error of each row that failed.

    A micro-batch that fails is halved until the failing row is alone. When the device
    runs out of memory, the rest is planned again at half the size.

    Args:
      budgeted: holds how many tokens fit, and is lowered when they do not.
      lengths: number of tokens of each row.
      rows: the rows to run.
      attempt: runs one micro-batch and keeps its result.
      workers: threads that run micro-batches side by side, as `cores` gives them.
    """
    work = _Work(budgeted, lengths, rows, attempt)
    workers = min(workers, len(work.pending))
    if workers < 2:
        work.drain()
    else:
        with ThreadPoolExecutor(workers, initializer=_one_core_each) as pool:
            for done in [pool.submit(work.drain) for _ in range(workers)]:
                done.result()
    work.say_if_lowered()
    return work.failed


def cores() -> int:
    """Returns how many cores this process may keep busy."""
    # A runner with several workers on a machine sets this.
    capped = os.environ.get("OMP_NUM_THREADS", "")
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    there = there or os.cpu_count() or 1
    return min(int(capped), there) if capped.isdigit() and int(capped) else there


def _one_core_each() -> None:
    """Lets a forward pass of this thread run in this thread alone.

    Small matrices are multiplied faster by one core than by several that wait for one
    another at the end of each.
    """
    import torch

    torch.set_num_threads(1)


class _Work:
    """Micro-batches that wait, and the rows that failed; drained by one thread or more.

    A thread that finds nothing waiting is done: the thread that halves a micro-batch
    takes the halves itself if no other does.
    """

    def __init__(
        self,
        budgeted: Budgeted,
        lengths: npt.NDArray[np.int64],
        rows: Rows,
        attempt: Callable[[Rows], None],
    ):
        self.failed: dict[int, Exception] = {}
        self._budgeted, self._lengths, self._attempt = budgeted, lengths, attempt
        self._lock = threading.Lock()
        # Other threads do not know which account is open.
        self._account, self._left, self._rows = account(), len(rows), len(rows)
        self._too_many = 0
        self.pending = self._planned(rows)

    def drain(self) -> None:
        """Runs micro-batches until none waits."""
        while (batch := self._next()) is not None:
            error = _error_of(self._attempt, batch)
            if error is not None:
                self._again(batch, error)
            if error is None or len(batch) == 1:
                self._done(len(batch))

    def say_if_lowered(self) -> None:
        """Logs, once, what did not fit the device and what does."""
        if self._too_many:
            fits = self._budgeted.max_batch_tokens
            _log.warning(_LOWERED, self._too_many, fits, fits)

    def _done(self, rows: int) -> None:
        with self._lock:
            self._left -= rows
            share = 1 - self._left / self._rows
        self._account.reached(share)

    def _next(self) -> Rows | None:
        with self._lock:
            return self.pending.pop() if self.pending else None

    def _again(self, batch: Rows, error: Exception) -> None:
        if len(batch) == 1:
            self.failed[int(batch[0])] = error
        elif _is_out_of_memory(error):
            _free_memory()
            self._plan_smaller(batch)
        else:
            middle = len(batch) // 2
            with self._lock:
                self.pending += [batch[middle:], batch[:middle]]

    def _plan_smaller(self, batch: Rows) -> None:
        tried = len(batch) * int(self._lengths[batch].max())
        with self._lock:
            self._account.tally(OUT_OF_MEMORY)
            self._too_many = max(self._too_many, tried)
            # Another thread may have found a lower bound in the same moment.
            lower = min(tried // 2, self._budgeted.max_batch_tokens)
            self._budgeted.max_batch_tokens = max(lower, 1)
            left = np.concatenate([batch, *self.pending[::-1]])
            self.pending = self._planned(left)

    def _planned(self, rows: Rows) -> list[Rows]:
        budget = self._budgeted.max_batch_tokens
        batches = plan(self._lengths[rows], budget, MAX_BATCH_ROWS)
        return [rows[batch] for batch in reversed(batches)]


def _error_of(attempt: Callable[[Rows], None], rows: Rows) -> Exception | None:
    try:
        attempt(rows)
    except Exception as error:  # whatever a model raises belongs to a row
        # The traceback would keep alive the tensors that fill the device.
        return error.with_traceback(None)
    return None


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    # Torch raises no specific type when main memory runs out.
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def _free_memory() -> None:
    import torch

    with contextlib.suppress(AssertionError):  # a torch without CUDA
        torch.cuda.empty_cache()
