"""How many messages of each stratum, and of each conversation, a sample has."""

from collections.abc import Mapping

STRATA = ("chosen", "maybe", "rest")
"""The annotator chose a label, stored a score, or did neither."""
_PARTS = {"chosen": 0.5, "maybe": 0.25, "rest": 0.25}


def turns_for(sizes: Mapping[int, int], n: int) -> int:
    """Returns in how many turns conversations put up at least `n` messages.

    Args:
      sizes: how many conversations have so many messages.
      n: at most all messages.

    >>> turns_for({1: 10, 3: 5}, 15), turns_for({1: 10, 3: 5}, 16)
    (1, 2)
    """
    turns = 1
    while sum(min(turns, size) * many for size, many in sizes.items()) < n:
        turns += 1
    return turns


def allot(sizes: dict[str, int], n: int) -> dict[str, int]:
    """Returns how many of each stratum are drawn: `n` together, none above its size.

    At least two of every stratum that has two, if `n` allows: a single one says nothing
    about the variance within its stratum.

    >>> allot({"chosen": 3, "maybe": 50, "rest": 900}, 40)
    {'chosen': 3, 'maybe': 10, 'rest': 27}
    """
    drawn: dict[str, int] = {}
    left = n
    present = [stratum for stratum in STRATA if sizes.get(stratum)]
    for place, stratum in enumerate(present):
        later = present[place + 1 :]
        room = sum(min(2, sizes[s]) for s in later)
        share = n if not later else max(2, round(n * _PARTS[stratum]))
        most = max(0, left - room)
        # Takes what later strata cannot.
        least = left - sum(sizes[s] for s in later)
        drawn[stratum] = min(sizes[stratum], max(min(share, most), least))
        left -= drawn[stratum]
    return drawn
