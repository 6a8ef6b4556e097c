"""Which labels an annotator prefers, by its answers where another label is right.

Kang et al. 2024 (arXiv 2402.13211): the strengths of a Bradley-Terry model in the form
of Newman 2023, where a label wins if it is given in place of another.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from affectflow_transforms.measures.pairwise.graph import cycles, listed, parts

Floats = npt.NDArray[np.float64]

SWEEPS = 20


def preferences(counts: Floats) -> Floats:
    """Returns how much each label is preferred: above 1, more than the mean label.

    There are 20 sweeps from 1; each label uses the new values of those before it in the
    sweep, and all are divided by their geometric mean. The results sum to the number of
    labels. A label that is never given in place of another has 0.

    Args:
      counts: (labels, labels), how often the first was given where the second is right;
        `unbounded` must find nothing in it.
    """
    lost = counts.T
    found = np.ones(len(counts))
    for _ in range(SWEEPS):
        for place in range(len(found)):
            others = np.arange(len(found)) != place
            both = found[place] + found[others]
            won = np.sum(counts[place, others] * found[others] / both)
            found[place] = won / np.sum(lost[place, others] / both)
        above = found[found > 0]
        found = found / math.exp(float(np.mean(np.log(above))))
    return found * len(found) / found.sum()


def unbounded(counts: Floats, labels: Sequence[str]) -> str:
    """Returns why preferences are not defined; empty if they are.

    Args:
      counts: as for `preferences`, only of labels that were confused with another.
      labels: their names.
    """
    wrong = counts * (1 - np.eye(len(counts)))
    if not wrong.any():
        return "no label was said in the place of another"
    groups = parts(wrong)
    if len(groups) > 1:
        return (
            f"labels are confused only within separate groups: {listed(groups, labels)}"
        )
    if right := [[int(place)] for place in np.flatnonzero(wrong.sum(axis=0) == 0)]:
        return f"never missed where it is right: {listed(right, labels)}"
    rest = _winners(wrong)
    groups = cycles(wrong[np.ix_(rest, rest)])
    if len(groups) > 1:
        own = [[rest[place] for place in group] for group in groups]
        return f"labels take the place of others one way only: {listed(own, labels)}"
    return ""


def _winners(wrong: Floats) -> list[int]:
    """Returns the places whose preference is above 0."""
    kept = np.arange(len(wrong))
    while True:
        won = wrong[np.ix_(kept, kept)].sum(axis=1) > 0
        if won.all():
            return [int(each) for each in kept]
        kept = kept[won]
