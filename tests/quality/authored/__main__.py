"""How far the two passes over the authored corpus agree, and what gives it away.

    python -m tests.quality.authored

They are passes of one model: agreement says how clear the guideline is, no more.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from affectflow.gold.figures.agreement import alpha
from tests.quality.__main__ import data_folder
from tests.quality.authored import shortcuts
from tests.quality.authored.reading import FLAGS, PASSES, Row, labels


def token_f1(one: str, other: str) -> float:
    """Returns F1 of the words that two causes share, as sets of places would.

    >>> token_f1("the build fails", "build fails again")
    0.6666666666666666
    """
    left, right = one.lower().split(), other.lower().split()
    shared = sum(min(left.count(word), right.count(word)) for word in {*left})
    return 2 * shared / (len(left) + len(right))


def agreement(first: Mapping[str, Row], second: Mapping[str, Row]) -> Iterator[str]:
    """Yields how far two passes agree.

    Args:
      first: what one says, by the id of the text.
      second: what the other says.
    """
    pairs = [(first[key], second[key]) for key in first]
    yield f"{len(pairs):,} messages"
    for flag in FLAGS:
        yes = [sum(row[flag] for row in each.values()) for each in (first, second)]
        yield f"{flag}: {yes[0]} and {yes[1]}, alpha {_alpha(pairs, flag):.2f}"
    both = [(a["cause"], b["cause"]) for a, b in pairs if a["cause"] and b["cause"]]
    mean = sum(token_f1(*pair) for pair in both) / len(both)
    yield f"cause: {len(both):,} where both name one, token-F1 {mean:.2f}"
    shared = sum(bool({*a["emotions"]} & {*b["emotions"]}) for a, b in pairs)
    yield f"emotions: {shared / len(pairs):.0%} share one"


def giveaways(data: Path) -> Iterator[str]:
    """Yields what is printed of short cuts, all AUC out of fold."""
    found = [f"{name} {auc:.2f}" for name, auc in shortcuts.of_form().items()]
    yield f"frustration by form alone, AUC: {', '.join(found)}"
    if data.is_dir():
        auc = shortcuts.told_from_real(data)
        yield f"told from real GitHub comments by a bag of words: AUC {auc:.2f}"
    else:
        yield f"not compared with real comments: no shared data sets at {data}"


def _alpha(pairs: list[tuple[Row, Row]], flag: str) -> float:
    return alpha(np.array([[one[flag], other[flag]] for one, other in pairs]))


if __name__ == "__main__":
    lines = agreement(*map(labels, PASSES))
    print("\n".join([*lines, *giveaways(data_folder())]))
