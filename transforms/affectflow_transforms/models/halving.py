"""Micro-batches on a device: one that fails is halved until its bad row is alone."""

import contextlib
from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from affectflow_transforms.models.token_budget import Rows, plan

MAX_BATCH_ROWS = 1_024


class Budgeted(Protocol):
    """What holds `max_batch_tokens`: rows times longest row of a forward pass.

    It falls for good when the device runs out of memory.
    """

    max_batch_tokens: int


def run_halved(
    budgeted: Budgeted,
    lengths: npt.NDArray[np.int64],
    rows: Rows,
    attempt: Callable[[Rows], None],
) -> dict[int, Exception]:
    """Runs `attempt` over all of `rows`; returns the error of each row that failed.

    A micro-batch that fails is halved until the row at fault is alone. When the
    device runs out of memory, all that is left is planned again at half the size.

    Args:
      budgeted: says how many tokens fit, and learns when they do not.
      lengths: tokens of each row that there is.
      rows: which of them to run.
      attempt: runs one micro-batch and keeps its result.
    """
    failed: dict[int, Exception] = {}
    pending = _planned(budgeted, lengths, rows)[::-1]
    while pending:
        batch = pending.pop()
        error = _error_of(attempt, batch)
        if error is None:
            continue
        if len(batch) == 1:
            failed[int(batch[0])] = error
        elif _is_out_of_memory(error):
            _free_memory()
            tried = len(batch) * int(lengths[batch].max())
            budgeted.max_batch_tokens = max(tried // 2, 1)
            left = np.concatenate([batch, *pending[::-1]])
            pending = _planned(budgeted, lengths, left)[::-1]
        else:
            middle = len(batch) // 2
            pending += [batch[middle:], batch[:middle]]
    return failed


def _planned(
    budgeted: Budgeted, lengths: npt.NDArray[np.int64], rows: Rows
) -> list[Rows]:
    batches = plan(lengths[rows], budgeted.max_batch_tokens, MAX_BATCH_ROWS)
    return [rows[batch] for batch in batches]


def _error_of(attempt: Callable[[Rows], None], rows: Rows) -> Exception | None:
    try:
        attempt(rows)
    except Exception as error:  # whatever a model raises is somebody's row
        # The traceback would keep the tensors alive that fill the device.
        return error.with_traceback(None)
    return None


def _is_out_of_memory(error: Exception) -> bool:
    import torch

    return isinstance(error, torch.OutOfMemoryError | MemoryError)


def _free_memory() -> None:
    import torch

    with contextlib.suppress(AssertionError):  # a torch without CUDA
        torch.cuda.empty_cache()
