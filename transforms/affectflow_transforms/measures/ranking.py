"""How well scores rank cases above others, with weighted rows."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def auc(scores: Any, is_case: Any, weights: Any) -> Floats:
    """Returns the area under the ROC curve: how often a case scores above another row.

    Ties count half.

    Args:
      scores: shape (rows,).
      is_case: shape (rows,).
      weights: shape (samples, rows).

    Returns:
      Shape (samples,), 0..1; NaN where there are no cases, or nothing else.
    """
    _, group = np.unique(np.asarray(scores, np.float64), return_inverse=True)
    cases = _by_group(group, np.where(is_case, weights, 0.0))
    others = _by_group(group, np.where(is_case, 0.0, weights))
    below = np.cumsum(others, axis=1) - others / 2
    with np.errstate(invalid="ignore"):
        pairs = cases.sum(axis=1) * others.sum(axis=1)
        found: Floats = (cases * below).sum(axis=1) / np.where(pairs > 0, pairs, np.nan)
    return found


def _by_group(group: Any, weights: Any) -> Floats:
    """Returns the weights of rows with one score, shape (samples, scores)."""
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    found: Floats = np.add.reduceat(weights[:, order], starts, axis=1)
    return found
