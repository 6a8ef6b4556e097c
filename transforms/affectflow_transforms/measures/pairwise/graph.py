"""Who can be compared with whom: comparisons as a graph, its parts and its cycles."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_LISTED = 6


def parts(wins: Floats) -> list[list[int]]:
    """Returns which places are linked by comparisons, the largest part first.

    Args:
      wins: (n, n), above 0 where the first won against the second.
    """
    return _components(wins, "weak")


def cycles(wins: Floats) -> list[list[int]]:
    """Returns which places won against each other, directly or indirectly.

    Only within one of these are strengths finite (Ford 1957).
    """
    return _components(wins, "strong")


def _components(wins: Floats, connection: str) -> list[list[int]]:
    from scipy.sparse.csgraph import connected_components

    count, part = connected_components(wins > 0, directed=True, connection=connection)
    found = [np.flatnonzero(part == number).tolist() for number in range(count)]
    return sorted(found, key=lambda each: (-len(each), each))


def listed(groups: Iterable[Sequence[int]], names: Sequence[Any]) -> str:
    """Returns groups of names as a message shows them: `a, b | c`."""
    said = []
    for group in groups:
        more = f" and {len(group) - _LISTED} more" if len(group) > _LISTED else ""
        said.append(", ".join(names[each] for each in group[:_LISTED]) + more)
    more = f" | {len(said) - _LISTED} more" if len(said) > _LISTED else ""
    return " | ".join(said[:_LISTED]) + more
