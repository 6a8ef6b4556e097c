"""The difference of two independent figures, from their intervals."""

import math

from affectflow.batches.bootstrap import Interval


def difference(later: Interval, earlier: Interval) -> Interval:
    """Returns later - earlier with its 95 % interval.

    The ends are recovered from those of the two (MOVER: Zou and Donner 2008, Stat. Med.
    27, 1693-1702; for Wilson's intervals it is Newcombe's method 10 of 1998).

    >>> from affectflow.gold.figures.accuracy import wilson
    >>> found = difference(wilson(56 / 70, 70), wilson(48 / 80, 80))
    >>> [round(x, 4) for x in found]
    [0.2, 0.0524, 0.3339]
    """
    value = later.value - earlier.value
    below = math.hypot(later.value - later.low, earlier.high - earlier.value)
    above = math.hypot(later.high - later.value, earlier.value - earlier.low)
    return Interval(value, value - below, value + above)


def excludes_zero(found: Interval) -> bool:
    """Returns whether an interval lies on one side of zero."""
    return found.low > 0 or found.high < 0
