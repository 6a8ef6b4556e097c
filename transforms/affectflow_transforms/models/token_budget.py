"""Which texts share a forward pass.

A forward pass costs its rows times its longest text, so texts of like length go
together. Planning looks at lengths only; it knows no model and no device.
"""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def plan(lengths: npt.ArrayLike, max_tokens: int, max_rows: int) -> list[Rows]:
    """Returns the rows of each micro-batch, the longest texts first.

    Every row is in exactly one micro-batch. Its rows times its longest length are at
    most `max_tokens`, unless it is one row that is longer alone. Rows of equal length
    keep their order, so the same lengths always give the same plan.

    Args:
      lengths: tokens of each row; a length of 0 counts as 1.
      max_tokens: rows times longest row, padding included.
      max_rows: rows of a micro-batch.

    Raises:
      ValueError: `max_tokens` or `max_rows` is below 1.
    """
    if max_tokens < 1 or max_rows < 1:
        raise ValueError(
            f"a micro-batch needs at least 1 token and 1 row, got {max_tokens} tokens "
            f"and {max_rows} rows"
        )
    cost = np.maximum(np.asarray(lengths, np.int64), 1)
    # Longest first: what would exhaust the device fails at once, not after an hour.
    order = np.argsort(-cost, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        fitting = max_tokens // int(cost[order[start]])
        stop = start + min(max(fitting, 1), max_rows)
        batches.append(order[start:stop])
        start = stop
    return batches
