"""What a plugin counts while it answers: questions, tokens, rows that were guarded.

A stage collects the counts of a part into its receipt, and so into `runs.counters`;
elsewhere they go nowhere. They are for what no row says; statuses are counted from the
rows.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_COUNTS: ContextVar[Counter[str] | None] = ContextVar("_COUNTS", default=None)


def count(name: str, n: int = 1) -> None:
    """Adds `n` to a counter, if somebody collects.

    Call it from the thread that runs `predict`: others do not know who collects.
    """
    counts = _COUNTS.get()
    if counts is not None and n:
        counts[name] += n


@contextmanager
def collected() -> Iterator[Counter[str]]:
    """Collects what is counted until the block ends."""
    counts: Counter[str] = Counter()
    token = _COUNTS.set(counts)
    try:
        yield counts
    finally:
        _COUNTS.reset(token)
