"""How many labels might validate an annotator."""

import math

from affectflow.batches.bootstrap import Interval
from affectflow.gold.asking.sampling import enough_after


def labels_wanted(youden: Interval, n: int) -> int | None:
    """Returns about how many labels might show an annotator to be better than chance.

    An interval narrows with the square root of the number of labels. Where people's
    answers say nothing of that yet, as many as are usual; None if they show that it is
    no better than chance. Rounded up to the next ten.

    >>> labels_wanted(Interval(0.2, -0.05, 0.4), 64)
    100

    Args:
      youden: sensitivity + specificity - 1, with its interval.
      n: labels that it rests on.
    """
    if youden.high <= 0:
        return None
    if not youden.value > 0 or math.isnan(youden.low):
        return enough_after(n)
    narrower = (youden.value - youden.low) / youden.value
    wanted = max(n + 1, round(n * narrower**2, 6))
    return 10 * math.ceil(wanted / 10)
