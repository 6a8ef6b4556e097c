"""Figures of answers that were predicted from the other folds."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from affectflow_transforms.measures.ranking import auc

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Figure = Callable[[Ints, Floats, Floats], Floats]


def macro_f1(counts: Floats) -> Floats:
    """Returns the mean of the F1 of labels, from counts alone.

    Args:
      counts: how often a label (a row) was answered with a label (a column), shape
        (samples, labels, labels).

    Returns:
      Shape (samples,), 0..1; F1 is 0 of a label that is nowhere.
    """
    right = np.diagonal(counts, axis1=1, axis2=2)
    both = counts.sum(axis=1) + counts.sum(axis=2)
    f1: Floats = 2 * right / np.where(both > 0, both, 1)
    return np.asarray(f1.mean(axis=1))


def _macro_f1(truth: Ints, scores: Floats, weights: Floats) -> Floats:
    n = scores.shape[1]
    cell = truth * n + scores.argmax(axis=1)
    counts = np.zeros((len(weights), n * n))
    for each in np.unique(cell):
        counts[:, each] = weights[:, cell == each].sum(axis=1)
    return macro_f1(counts.reshape(-1, n, n))


def _auc(truth: Ints, scores: Floats, weights: Floats) -> Floats:
    return auc(scores[:, 1], truth == 1, weights)


_FIGURES: Mapping[str, Figure] = MappingProxyType(
    {"macro_f1": _macro_f1, "auc": _auc},
)


def figures_for(n_labels: int) -> dict[str, Figure]:
    """Returns the figures by name; the area under the curve for two labels only.

    Each takes true labels, shape (items,), scores, shape (items, labels), and weights,
    shape (samples, items).
    """
    names = ["macro_f1", *(["auc"] if n_labels == 2 else [])]
    return {name: _FIGURES[name] for name in names}
