"""Values outside the scale of their vocabulary do not count as answers."""

from dataclasses import replace

import numpy as np

from affectflow import vocabularies
from affectflow.batches.labelling import Answer, Statuses
from affectflow.schemas import Status

_ROUNDING = 1e-5
"""Values outside by at most this share of the scale's width are moved to its end."""


def on_scale(answer: Answer, statuses: Statuses) -> tuple[Answer, Statuses]:
    """Returns the answer and the statuses of rows after checking the scale.

    A labelled row with a value that is not on the scale gets `out_of_range`. Without a
    scale nothing changes.

    Args:
      answer: one entry for each row.
      statuses: shape (rows,), values of `Status`.
    """
    scale = answer.scale or _scale_of(answer.vocabulary)
    if answer.values is None or scale is None:
        return answer, statuses
    low, high = scale
    slack = (high - low) * _ROUNDING
    is_outside = (answer.values < low - slack) | (answer.values > high + slack)
    bad = (is_outside & answer.chosen).any(axis=1) & (statuses <= Status.TRUNCATED)
    changed = np.where(bad, np.int8(Status.OUT_OF_RANGE), statuses)
    return replace(answer, values=np.clip(answer.values, low, high)), changed


def _scale_of(name: str) -> tuple[float, float] | None:
    known = vocabularies.known()
    return known[name].scale if name in known else None
